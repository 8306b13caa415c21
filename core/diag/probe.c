/* SPDX-License-Identifier: MIT */
#include "core/diag/probe.h"

#include <string.h>

#include "core/diag/gather.h"
#include "core/math/vec.h"
#include "core/train/net.h"

void snn_probe_place(struct snn_probe *p, struct snn_arena *arena, const struct snn_net *net)
{
    p->n_layers = net->n_layers;
    for (size_t i = 0; i < net->n_layers; i++) {
        struct snn_probe_layer *l = &p->layer[i];
        *l = (struct snn_probe_layer){0};
        if (!net->layer[i].has_neuron)
            continue;
        l->n = net->layer[i].out;
        l->time_steps = net->time_steps;
        l->spikes = snn_arena_take(arena, l->n, sizeof *l->spikes);
        l->squares = snn_arena_take(arena, l->time_steps, sizeof *l->squares);
        l->scratch = snn_arena_take(arena, 2 * l->n, sizeof *l->scratch);
    }
}

void snn_probe_clear(struct snn_probe *p)
{
    for (size_t i = 0; i < p->n_layers; i++) {
        struct snn_probe_layer *l = &p->layer[i];
        snn_histogram_clear(&l->gradient);
        snn_histogram_clear(&l->membrane);
        l->active = l->samples = 0;
        if (l->n == 0)
            continue;
        memset(l->spikes, 0, l->n * sizeof *l->spikes);
        memset(l->squares, 0, l->time_steps * sizeof *l->squares);
    }
}

/* The surrogate's largest value: all of them peak at x = 0, where a soft spike is a half. */
static real peak_of(const struct snn_cell *c)
{
    const real one = 1, zero = 0, half = 0.5;
    real peak;
    c->surrogate->gradient(&peak, &one, &zero, &half, 1, c->scale);
    return peak;
}

static uint64_t count_active(const struct snn_probe_layer *p, const struct snn_cell *c,
                             const real *x, const real *s, real least)
{
    const real *ones = p->scratch;
    real *slope = p->scratch + p->n;
    c->surrogate->gradient(slope, ones, x, s, p->n, c->scale);
    return snn_count_from(slope, least, p->n);
}

void snn_probe_look(struct snn_probe_layer *p, const struct snn_cell *c, const real *x,
                    const real *s, const real *d_membrane, size_t samples, size_t from)
{
    const size_t n = p->n, rows = samples * c->time_steps;
    const real least = peak_of(c) / 100;
    snn_histogram_add(&p->gradient, d_membrane, rows * n);
    snn_histogram_add(&p->membrane, x, rows * n);
    p->samples += from ? 0 : samples;
    for (size_t i = 0; i < n; i++)
        p->scratch[i] = 1;
    for (size_t r = 0; r < rows; r++) {
        p->squares[from + r % c->time_steps] += snn_sum_squares(d_membrane + r * n, n);
        p->active += count_active(p, c, x + r * n, s + r * n, least);
        snn_count_spikes(p->spikes, s + r * n, n);
    }
}

void snn_probe_merge(struct snn_probe *into, const struct snn_probe *from)
{
    for (size_t i = 0; i < into->n_layers; i++) {
        struct snn_probe_layer *a = &into->layer[i];
        const struct snn_probe_layer *b = &from->layer[i];
        snn_histogram_merge(&a->gradient, &b->gradient);
        snn_histogram_merge(&a->membrane, &b->membrane);
        for (size_t k = 0; k < a->n; k++)
            a->spikes[k] += b->spikes[k];
        for (size_t t = 0; t < a->time_steps; t++)
            a->squares[t] += b->squares[t];
        a->active += b->active;
        a->samples += b->samples;
    }
}
