/* SPDX-License-Identifier: MIT */
#include "api/plan.h"

#include <math.h>
#include <string.h>

#include "api/call.h"
#include "server/plan.h"

/* One sentence of how the path came about. */
static json_t *why(const struct srv_plan_product *p)
{
    if (strcmp(p->path, "once") == 0)
        return json_string("the input is the same at every step");
    if (p->blocks == 0)
        return json_string("the layer has no lists");
    if (p->listed == 0)
        return json_sprintf("every block had more than %g%% that is not 0", 100 * p->crossover);
    return json_sprintf("%lld of %lld blocks had at most %g%% that is not 0: those, %.2f%%",
                        p->listed, p->blocks, 100 * p->crossover, 100 * p->density);
}

static json_t *product(const struct srv_plan_product *p)
{
    if (strcmp(p->path, "none") == 0)
        return json_null();
    return json_pack("{s:s, s:I, s:I, s:o, s:o, s:o}", "path", p->path, "blocks",
                     (json_int_t)p->blocks, "listed", (json_int_t)p->listed, "density",
                     api_number(p->density), "crossover", api_number(p->crossover), "why", why(p));
}

static json_t *history(const struct srv_plan_history *h)
{
    if (strcmp(h->way, "none") == 0)
        return json_null();
    return json_pack("{s:s, s:I, s:o}", "way", h->way, "count", (json_int_t)h->count,
                     "kernel_error", api_number(h->error));
}

json_t *api_plan(const char *text)
{
    struct srv_plan_layer l;
    json_t *layers;

    if (*text == '\0')
        return json_null();
    layers = json_array();
    while (layers && srv_plan_read(&text, &l))
        if (json_array_append_new(layers,
                                  json_pack("{s:s, s:o, s:o, s:o}", "layer", l.layer, "input",
                                            product(&l.input), "back", product(&l.back), "history",
                                            history(&l.history))) != 0) {
            json_decref(layers);
            return NULL;
        }
    return layers;
}
