/* SPDX-License-Identifier: MIT */
/* Reading a network: its layers, its time grid, its input. */
#include "tests/reference/network.h"

#include <stdio.h>
#include <string.h>

const char *ref_numbered(char text[32], const char *name, size_t layer)
{
    (void)snprintf(text, 32, "%s%zu", name, layer + 1);
    return text;
}

double *ref_transposed(struct ref_case *c, const double *from, size_t rows, size_t columns,
                       size_t n)
{
    double *to = ref_take(&c->pool, rows * columns * n, sizeof *to);

    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            memcpy(to + (j * rows + i) * n, from + (i * columns + j) * n, n * sizeof *to);
    return to;
}

static bool read_layers(struct ref_case *c, struct ref_network *w)
{
    const json_t *layers = json_object_get(c->parameters, "layers");

    w->n_layers = json_array_size(layers);
    if (w->n_layers < 1 || w->n_layers > SNN_MAX_LAYERS) {
        ref_fail(c, "has %zu layers, want 1 to %d", w->n_layers, SNN_MAX_LAYERS);
        return false;
    }
    for (size_t i = 0; i < w->n_layers; i++)
        if (!ref_neuron_of(c, &w->neuron[i], json_array_get(layers, i)))
            return false;
    return true;
}

/* spikeDE's step for a single sample, which has no spacing: the option step_size. */
static double single_step(struct ref_case *c)
{
    const json_t *p = c->parameters, *time = json_object_get(p, "time");
    double spacing = ref_number_or(c, time, "dt", 0.1); /* 0.1: its default */

    spacing = ref_number_or(c, time, "step_size", spacing);
    spacing = ref_number_or(c, json_object_get(p, "options"), "step_size", spacing);
    return ref_number_or(c, p, "step_size", spacing);
}

/* dt_k = t[k+1] - t[k], the last as long as the first; and what linear interpolation takes from
 * x[k-1]. */
static bool read_grid(struct ref_case *c, struct ref_network *w)
{
    const char *how = ref_text(c, c->parameters, "interpolation");
    bool linear = strcmp(how, "linear") == 0;
    struct ref_array t;

    if (!linear && strcmp(how, "nearest") != 0)
        ref_fail(c, "interpolation %s is not known", how);
    if (c->failed || !ref_any_array(c, &t, c->inputs, "x_time"))
        return false;
    if (t.count < w->T) {
        ref_fail(c, "x_time has %zu entries, want %zu", t.count, w->T);
        return false;
    }
    w->dt = ref_take(&c->pool, w->T, sizeof *w->dt);
    w->leak = ref_take(&c->pool, w->T, sizeof *w->leak);
    for (size_t k = 0; k + 1 < w->T; k++)
        w->dt[k] = t.data[k + 1] - t.data[k];
    /* The appended point is a sum first: t + (t1 - t0) - t is not always t1 - t0. */
    double first = w->T > 1 ? w->dt[0] : single_step(c), last = t.data[w->T - 1];
    w->dt[w->T - 1] = last + first - last;
    for (size_t k = 1; linear && k + 1 < w->T; k++)
        w->leak[k] = 1 - w->dt[k - 1] / (w->dt[k - 1] + 1e-10);
    for (size_t k = 0; w->neuron[0].order_one && k < w->T; k++)
        w->dt[k] = 1;
    return !c->failed;
}

static bool read_input(struct ref_case *c, struct ref_network *w)
{
    const char *name = ref_text(c, c->parameters, "input_set");
    struct ref_array x, labels;

    w->set = json_object_get(c->shared, name);
    if (!ref_any_array(c, &x, w->set, "x") || !ref_any_array(c, &labels, w->set, "labels"))
        return false;
    if (x.rank != 3 || x.count == 0 || labels.count != x.shape[1]) {
        ref_fail(c, "x is not [T, B, n] with a label for each of B");
        return false;
    }
    w->T = x.shape[0];
    w->B = x.shape[1];
    w->in = x.shape[2];
    if (!read_grid(c, w))
        return false;
    const size_t row = w->B * w->in;
    double *seen = ref_take(&c->pool, x.count, sizeof *seen);
    for (size_t k = 0; k < w->T; k++)
        for (size_t i = 0; i < row; i++) {
            double now = x.data[k * row + i], before = k ? x.data[(k - 1) * row + i] : 0;
            bool exact = w->leak[k] == 0;
            seen[k * row + i] = exact ? now : before + (1 - w->leak[k]) * (now - before);
        }
    w->x = ref_transposed(c, seen, w->T, w->B, w->in);
    w->labels = ref_take(&c->pool, w->B, sizeof *w->labels);
    for (size_t b = 0; b < w->B; b++) {
        if (!(labels.data[b] >= 0 && labels.data[b] <= UINT32_MAX))
            ref_fail(c, "a label is %g, want a class", labels.data[b]);
        else
            w->labels[b] = (uint32_t)labels.data[b];
    }
    return !c->failed;
}

bool ref_network_read(struct ref_case *c, struct ref_network *w)
{
    return read_layers(c, w) && read_input(c, w);
}
