/* SPDX-License-Identifier: MIT */
#include "server/plan.h"

#include <stdlib.h>
#include <string.h>

static size_t write_product(char *text, size_t size, const struct snn_plan_product *p)
{
    return (size_t)snprintf(text, size, "\t%s\t%zu\t%zu\t%.4g\t%.4g", snn_path_name(p->path),
                            p->blocks, p->listed, p->density, p->crossover);
}

static size_t write_history(char *text, size_t size, const struct snn_plan_history *h)
{
    const char *way = !h->kept ? "none" : h->exponentials ? "exponentials" : "sums";

    return (size_t)snprintf(text, size, "\t%s\t%zu\t%.3g", way, h->exponentials, h->error);
}

void srv_plan_write(char text[SRV_PLAN_SIZE], const struct snn_run *run)
{
    struct snn_plan_layer plan[SNN_MAX_LAYERS];
    const size_t n = snn_run_plan(run, plan);

    text[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        char line[SRV_PLAN_LINE];
        size_t at = (size_t)snprintf(line, sizeof line, "%s", plan[i].layer);

        at += write_product(line + at, sizeof line - at, &plan[i].input);
        at += write_product(line + at, sizeof line - at, &plan[i].back);
        at += write_history(line + at, sizeof line - at, &plan[i].history);
        memcpy(line + at, "\n", 2);
        memcpy(text, line, at + 2);
        text += at + 1;
    }
}

/* The field up to the next tab or the line's end; false where there is none. */
static bool take(const char **at, char *out, size_t size)
{
    const size_t n = strcspn(*at, "\t\n");

    if (n == 0 || n >= size)
        return false;
    memcpy(out, *at, n);
    out[n] = '\0';
    *at += n + ((*at)[n] != '\0');
    return true;
}

static bool read_product(const char **at, struct srv_plan_product *out)
{
    char blocks[24], listed[24], density[24], crossover[24];

    if (!take(at, out->path, sizeof out->path) || !take(at, blocks, sizeof blocks) ||
        !take(at, listed, sizeof listed) || !take(at, density, sizeof density) ||
        !take(at, crossover, sizeof crossover))
        return false;
    out->blocks = strtoll(blocks, NULL, 10);
    out->listed = strtoll(listed, NULL, 10);
    out->density = strtod(density, NULL);
    out->crossover = strtod(crossover, NULL);
    return true;
}

/* What is behind the products, if the line goes on. */
static bool read_history(const char **at, struct srv_plan_history *out)
{
    char count[24], error[24];

    *out = (struct srv_plan_history){.way = "none"};
    if ((*at)[-1] != '\t')
        return true;
    if (!take(at, out->way, sizeof out->way) || !take(at, count, sizeof count) ||
        !take(at, error, sizeof error))
        return false;
    out->count = strtoll(count, NULL, 10);
    out->error = strtod(error, NULL);
    return true;
}

bool srv_plan_read(const char **at, struct srv_plan_layer *out)
{
    return take(at, out->layer, sizeof out->layer) && read_product(at, &out->input) &&
           read_product(at, &out->back) && read_history(at, &out->history);
}
