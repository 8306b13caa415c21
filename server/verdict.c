/* SPDX-License-Identifier: MIT */
#include "server/verdict.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE 2048

/* ----------------------------------------------------------------------------------- write -- */

struct line {
    char text[LINE_SIZE];
    size_t n;
    bool failed;
};

static void add(struct line *l, const char *text, size_t size)
{
    if (l->n + size >= sizeof l->text) {
        l->failed = true;
        return;
    }
    memcpy(l->text + l->n, text, size);
    l->n += size;
}

/* Names are the job's own, and may hold what stands between fields here. */
static void add_field(struct line *l, const char *text)
{
    for (; *text; text++)
        add(l, *text == '\t' || *text == '\n' ? " " : text, 1);
    add(l, "\t", 1);
}

/* As it reads back to the bit. */
static void add_number(struct line *l, double v)
{
    char text[40];

    snprintf(text, sizeof text, "%.17g", v);
    add_field(l, text);
}

static void add_facts(struct line *l, const struct snn_finding *f)
{
    add_number(l, (double)f->n_facts);
    for (size_t i = 0; i < f->n_facts; i++) {
        add_field(l, f->facts[i].name);
        add_number(l, f->facts[i].value);
    }
}

static void add_change(struct line *l, const struct snn_change *c)
{
    add_field(l, c->pointer);
    add_field(l, c->is_word ? "word" : "number");
    add_number(l, c->from);
    add_number(l, c->to);
    add_field(l, c->was);
    add_field(l, c->word);
    add_field(l, c->why);
}

void srv_verdict_write(char text[SRV_VERDICT_SIZE], const struct snn_verdict *verdict)
{
    size_t used = 0;

    text[0] = '\0';
    if (!verdict->known)
        return;
    used += (size_t)snprintf(text, SRV_VERDICT_SIZE, "%" PRIu64 "\n", verdict->step);
    for (size_t i = 0; i < verdict->n; i++) {
        const struct snn_finding *f = &verdict->findings[i];
        struct line l = {.n = 0};

        add_field(&l, f->rule);
        add_field(&l, snn_severity_name(f->severity));
        add_field(&l, f->layer);
        add_field(&l, f->because ? f->because : "");
        add_field(&l, f->sentence);
        add_facts(&l, f);
        add_change(&l, &f->change);
        add(&l, "\n", 1);
        if (l.failed || used + l.n >= SRV_VERDICT_SIZE)
            return;
        memcpy(text + used, l.text, l.n);
        used += l.n;
        text[used] = '\0';
    }
}

/* ------------------------------------------------------------------------------------ read -- */

/* The field up to the next tab; false where there is none, or it is too long. */
static bool take(const char **at, char *out, size_t size)
{
    const size_t n = strcspn(*at, "\t\n");

    if ((*at)[n] != '\t' || n >= size)
        return false;
    memcpy(out, *at, n);
    out[n] = '\0';
    *at += n + 1;
    return true;
}

static bool take_number(const char **at, double *out)
{
    char text[40], *end;

    if (!take(at, text, sizeof text) || text[0] == '\0')
        return false;
    *out = strtod(text, &end);
    return *end == '\0';
}

static bool take_facts(const char **at, struct srv_finding *out)
{
    double n;

    if (!take_number(at, &n) || !(n >= 0 && n <= SNN_MAX_FACTS))
        return false;
    for (out->n_facts = 0; out->n_facts < (size_t)n; out->n_facts++)
        if (!take(at, out->facts[out->n_facts].name, sizeof out->facts->name) ||
            !take_number(at, &out->facts[out->n_facts].value))
            return false;
    return true;
}

static bool take_change(const char **at, struct srv_finding *out)
{
    char kind[16];

    if (!take(at, out->pointer, sizeof out->pointer) || !take(at, kind, sizeof kind))
        return false;
    out->is_word = strcmp(kind, "word") == 0;
    return take_number(at, &out->from) && take_number(at, &out->to) &&
           take(at, out->was, sizeof out->was) && take(at, out->word, sizeof out->word) &&
           take(at, out->why, sizeof out->why);
}

bool srv_verdict_step(const char **at, int64_t *step)
{
    char *end;

    *step = strtoll(*at, &end, 10);
    if (end == *at || *end != '\n')
        return false;
    *at = end + 1;
    return true;
}

bool srv_verdict_read(const char **at, struct srv_finding *out)
{
    if (!take(at, out->rule, sizeof out->rule) || !take(at, out->severity, sizeof out->severity) ||
        !take(at, out->layer, sizeof out->layer) || !take(at, out->because, sizeof out->because) ||
        !take(at, out->sentence, sizeof out->sentence) || !take_facts(at, out) ||
        !take_change(at, out) || **at != '\n')
        return false;
    ++*at;
    return true;
}
