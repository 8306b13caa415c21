/* SPDX-License-Identifier: MIT */
/* How well a job's surrogate gradient points. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "server/ctl/ctl.h"
#include "server/ctl/draw.h"
#include "server/ctl/format.h"

#define SECONDS 600 /* it is measured while the request waits */

static const char *const fields[] = {"samples", "repeats", "sigma", "seed"};

/* The options given, as numbers of JSON: what is none is left to the server to refuse. */
static enum ctl_exit make_body(struct ctl *c, struct ctl_text *body)
{
    json_t *form = json_object();

    for (size_t i = 0; form && i < sizeof fields / sizeof *fields; i++) {
        const char *given = ctl_value(c, fields[i]);
        json_t *value = given ? json_loads(given, JSON_DECODE_ANY, NULL) : NULL;

        if (given)
            json_object_set_new(form, fields[i], value ? value : json_string(given));
    }
    return ctl_add_json(body, form) ? CTL_OK : ctl_fail(c, CTL_LOCAL, "no memory for the options");
}

static void add_value(struct ctl_text *t, double value, double error)
{
    if (isnan(value))
        ctl_text_add(t, " %17s", "-");
    else if (isnan(error))
        ctl_text_add(t, " %17.4f", value);
    else
        ctl_text_add(t, " %8.4f +-%7.4f", value, error);
}

static void add_row(struct ctl_text *t, const char *name, const json_t *row, const char *indent)
{
    struct ctl_text cell = {0};

    ctl_text_add(&cell, "%s", indent);
    ctl_text_safe(&cell, name);
    ctl_text_add(t, "%-22.22s ", ctl_text_of(&cell));
    ctl_draw_bar(t, ctl_real(row, "cosine"), 12);
    add_value(t, ctl_real(row, "cosine"), ctl_real(row, "cosine_error"));
    add_value(t, ctl_real(row, "ratio"), ctl_real(row, "ratio_error"));
    ctl_text_add(t, "\n");
    ctl_text_free(&cell);
}

static void add_layer(struct ctl_text *t, const json_t *layer)
{
    const json_t *tensor;
    size_t i;

    add_row(t, ctl_string(layer, "name"), layer, "");
    json_array_foreach(ctl_at(layer, "tensors"), i, tensor)
        add_row(t, ctl_string(tensor, "name"), tensor, "  ");
}

static void add_head(const struct ctl *c, struct ctl_text *t, const json_t *bias)
{
    ctl_text_add(t,
                 "step %" PRId64 ", %" PRId64 " samples, %" PRId64
                 " repeats, sigma %s; loss %s, of the noisy network %s\n",
                 ctl_integer(bias, "step"), ctl_integer(bias, "samples"),
                 ctl_integer(bias, "repeats"), ctl_number(ctl_real(bias, "sigma")).s,
                 ctl_number(ctl_real(bias, "loss")).s,
                 ctl_number(ctl_real(bias, "expected_loss")).s);
    ctl_text_add(t, "%s%-22s %-14s %17s %17s%s\n", ctl_color(c, CTL_BOLD), "GRADIENT", "", "COSINE",
                 "RATIO OF NORMS", ctl_color(c, CTL_PLAIN));
}

enum ctl_exit ctl_bias(struct ctl *c)
{
    struct ctl_text path = {0}, body = {0}, t = {0};
    json_t *bias = NULL;
    const json_t *layer;
    enum ctl_exit rc = ctl_job_path(c, &path, ctl_operand(c, 0), "/bias");
    size_t i;

    if (c->timeout <= 0)
        c->timeout = SECONDS;
    if (rc == CTL_OK)
        rc = make_body(c, &body);
    if (rc == CTL_OK)
        rc = ctl_post(c, ctl_text_of(&path), &body, &bias);
    if (rc == CTL_OK && !c->json) {
        add_head(c, &t, bias);
        json_array_foreach(ctl_at(bias, "layers"), i, layer) add_layer(&t, layer);
        add_row(&t, "all", ctl_at(bias, "all"), "");
        rc = ctl_print(c, &t);
    }
    json_decref(bias);
    ctl_text_free(&body);
    ctl_text_free(&path);
    return rc;
}
