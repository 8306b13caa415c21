/* SPDX-License-Identifier: MIT */
/* Draws of the noise for one sample: what the network does with them, what its loss then is, and
 * what they say of the gradient. The formulas: core/bias/README.md. */
#include <string.h>

#include "core/base/rng.h"
#include "core/bias/meter.h"
#include "core/data/data.h"
#include "core/math/approx.h"

/* A slope below this says nothing of what came through it. */
#define FLAT ((real)1e-6)

static struct snn_block block_of(const struct snn_draws *rows, bool backward)
{
    return (struct snn_block){.n = rows->n, .training = true, .backward = backward};
}

/* --------------------------------------------------------------------------------- forward -- */

/* Noise, or its mean, where the spikes will be. */
static void draw_noise(const struct snn_meter *m, const struct snn_net *net, struct snn_work *w,
                       const struct snn_draws *rows)
{
    struct snn_rng_key key = {
        .seed = m->options->seed, .stream = SNN_STREAM_BIAS, .sample = m->index[rows->sample]};
    for (size_t k = 0; k < net->n_layers; k++) {
        const struct snn_layer *l = &net->layer[k];
        key.layer = (uint32_t)k;
        if (!l->has_neuron || l->cell.surrogate->training == SNN_SPIKE_HARD)
            continue;
        if (!snn_spike_draws(l->cell.surrogate)) {
            memset(w->layer[k].s, 0, rows->n * net->time_steps * l->out * sizeof(real));
            continue;
        }
        for (size_t i = 0; i < rows->n; i++) {
            key.epoch = (uint32_t)(rows->first + i);
            for (size_t t = 0; t < net->time_steps; t++) {
                key.step = (uint32_t)t;
                snn_rng_logistic(w->layer[k].s + (i * net->time_steps + t) * l->out, l->out, &key);
            }
        }
    }
}

void snn_meter_show(const struct snn_meter *m, struct snn_meter_hand *h, const struct snn_net *net,
                    struct snn_work *w, const struct snn_draws *rows)
{
    const struct snn_block b = block_of(rows, false);
    const struct snn_shard shard = {
        .data = m->data, .index = h->index, .n = rows->n, .training = true};
    for (size_t i = 0; i < rows->n; i++)
        h->index[i] = m->index[rows->sample];
    snn_shard_encode(net, w, &shard, 0, rows->n, 0);
    snn_static_begin(net, w, m->params, net->first, rows->n);
    draw_noise(m, net, w, rows);
    snn_block_mask(net, w, &shard, &b);
    snn_block_forward(net, w, m->params, &b);
}

/* The price of firing rates; dL/ds is put in later, if at all. */
static double penalty_of(const struct snn_net *net, struct snn_work *w, size_t i)
{
    double sum = 0;
    for (size_t k = 0; net->penalty.strength > 0 && k < net->n_layers; k++) {
        const struct snn_layer *l = &net->layer[k];
        const size_t at = i * net->time_steps * l->out;
        if (l->has_neuron)
            sum +=
                snn_penalty_add(w->layer[k].g + at, w->layer[k].s + at, snn_work_steps(w, net, i),
                                l->out, w->layer[k].scratch, 0, &net->penalty);
    }
    return sum;
}

void snn_meter_judge(struct snn_meter *m, struct snn_meter_hand *h, const struct snn_net *net,
                     struct snn_work *w, const struct snn_draws *rows, double scale, bool backward)
{
    const struct snn_block b = block_of(rows, backward);
    struct snn_tally tally = {.answers.losses = h->loss};
    for (size_t i = 0; i < rows->n; i++)
        w->labels[i] = snn_data_label(m->data, false, m->index[rows->sample]);
    snn_block_read(net, w, &b, &tally);
    snn_block_judge(net, w, &b, w->labels, scale, &tally);
    for (size_t i = 0; i < rows->n; i++) {
        h->loss[i] += penalty_of(net, w, i);
        if (!(h->loss[i] - h->loss[i] == 0))
            atomic_store(&m->diverged, true);
    }
    if (backward)
        snn_block_spread(net, w, &b);
}

/* ------------------------------------------------------------------------------- martingale -- */

static inline real chance(const struct snn_cell *c, real x)
{
    return snn_sigmoid(c->scale * x);
}

void snn_meter_weigh(const struct snn_meter *m, struct snn_meter_hand *h,
                     const struct snn_draws *rows)
{
    const struct snn_net *net = &m->noisy;
    for (size_t k = 0; k < net->n_layers; k++) {
        const struct snn_layer *l = &net->layer[k];
        const real *worth = m->worth + rows->sample * m->worths + m->worth_at[k];
        for (size_t i = 0; i < rows->n; i++) {
            const size_t at = i * net->time_steps * l->out;
            const size_t n = snn_work_steps(&h->noisy, net, i) * l->out;
            const real *x = h->noisy.layer[k].x + at, *s = h->noisy.layer[k].s + at;
            double sum = 0;
            for (size_t j = 0; l->has_neuron && j < n; j++)
                sum += (double)(worth[j] * (s[j] - chance(&l->cell, x[j])));
            h->martingale[i * net->n_layers + k] = sum;
        }
    }
}

/* dL/ds of the rows' layer from dL/du = dL/ds slope + `read`, over all pilots, joins worth. */
static void add_worth(struct snn_meter *m, struct snn_meter_hand *h, size_t layer,
                      const struct snn_draws *rows)
{
    const struct snn_net *net = &m->noisy;
    const struct snn_layer *l = &net->layer[layer];
    const struct snn_layer_work *lw = &h->noisy.layer[layer];
    const size_t n = net->time_steps * l->out;
    const real share = (real)1 / SNN_BIAS_PILOTS;
    real *worth = m->worth + rows->sample * m->worths + m->worth_at[layer];
    if (l->cell.neuron->own_steps) /* what they leave in dL/du has come from later steps as well */
        return;
    for (size_t i = 0; i < rows->n; i++)
        for (size_t j = 0; j < n; j++) {
            const size_t at = i * n + j;
            const real p = chance(&l->cell, lw->x[at]), slope = l->cell.scale * p * (1 - p);
            const real read = lw->g_membrane ? lw->g_membrane[at] : 0;
            if (slope > FLAT)
                worth[j] += share * (lw->d_membrane[at] - read) / slope;
        }
}

/* -------------------------------------------------------------------------------- backward -- */

/* Whether a gradient has to come out of layer i below: not where spikes stop it. */
static bool goes_on_below(const struct snn_net *net, size_t i)
{
    while (i > 0 && net->layer[i - 1].is_view)
        i--;
    return i > 0 && !net->layer[i - 1].has_neuron;
}

/* The penalty's part of dL/ds. */
static void add_penalty(const struct snn_net *net, struct snn_work *w, size_t k, size_t rows)
{
    const struct snn_layer *l = &net->layer[k];
    for (size_t i = 0; l->has_neuron && net->penalty.strength > 0 && i < rows; i++) {
        const size_t at = i * net->time_steps * l->out;
        (void)snn_penalty_add(w->layer[k].g + at, w->layer[k].s + at, snn_work_steps(w, net, i),
                              l->out, w->layer[k].scratch, 1, &net->penalty);
    }
}

void snn_meter_learn_worth(struct snn_meter *m, struct snn_meter_hand *h, real *sink,
                           const struct snn_draws *rows)
{
    const struct snn_net *net = &m->noisy;
    struct snn_work *w = &h->noisy;
    const struct snn_block b = block_of(rows, true);
    for (size_t i = net->n_layers; i-- > 0;) {
        const struct snn_layer *l = &net->layer[i];
        struct snn_layer_work *lw = &w->layer[i];
        if (l->is_view || l->is_hoisted)
            continue;
        add_penalty(net, w, i, rows->n);
        lw->d_membrane = w->d_membrane;
        snn_layer_backward(l, lw, m->params, sink, i ? w->layer[i - 1].s : w->input,
                           i ? w->layer[i - 1].g : NULL, &b);
        snn_learned_gradient(l, lw, m->params, sink);
        if (l->has_neuron)
            add_worth(m, h, i, rows);
        lw->d_membrane = NULL;
    }
    snn_static_end(net, w, m->params, sink, net->first, rows->n);
}

/* What goes into dL/du of layer k: (L - baseline - martingale) k (s - p), and trust worth slope of
 * the neuron-step's own part of the martingale; a threshold learns the reverse of it. */
static void put_scores(const struct snn_meter *m, struct snn_meter_hand *h, size_t k,
                       const struct snn_draws *rows, double scale)
{
    const struct snn_net *net = &m->noisy;
    const struct snn_layer *l = &net->layer[k];
    struct snn_layer_work *lw = &h->noisy.layer[k];
    const size_t size = net->time_steps * l->out;
    const real trust = (real)m->trust[k], steep = l->cell.scale;
    const real *worth = m->worth + rows->sample * m->worths + m->worth_at[k];
    memset(h->score[k], 0, rows->n * size * sizeof(real));
    for (size_t i = 0; i < rows->n; i++) {
        const real *x = lw->x + i * size, *s = lw->s + i * size;
        const size_t n = snn_work_steps(&h->noisy, net, i) * l->out;
        const real left = (real)(scale * h->loss[i]), part = (real)scale * trust;
        real *score = h->score[k] + i * size;
        for (size_t j = 0; j < n; j++) {
            const real p = chance(&l->cell, x[j]);
            score[j] = steep * (left * (s[j] - p) + part * worth[j] * p * (1 - p));
        }
        for (size_t j = 0; lw->d.threshold && j < n; j++)
            lw->d.threshold[j % l->out] -= (double)score[j];
    }
}

static void layer_back(const struct snn_meter *m, struct snn_meter_hand *h, size_t i, real *grads,
                       const struct snn_block *b)
{
    const struct snn_layer *l = &m->frozen.layer[i];
    struct snn_work *w = &h->noisy;
    struct snn_layer_work *lw = &w->layer[i];
    real *const read = lw->g_membrane, *below = i ? w->layer[i - 1].g : NULL;
    const size_t n = b->n * m->frozen.time_steps * l->out;
    if (l->has_neuron) {
        for (size_t j = 0; read && j < n; j++)
            h->score[i][j] += read[j];
        lw->g_membrane = h->score[i];
        memset(lw->g, 0, n * sizeof *lw->g); /* nothing flows back through a spike */
    }
    snn_layer_backward(l, lw, m->params, grads, i ? w->layer[i - 1].s : w->input,
                       goes_on_below(&m->frozen, i) ? below : NULL, b);
    snn_learned_gradient(l, lw, m->params, grads);
    lw->g_membrane = read;
}

void snn_meter_add_reference(const struct snn_meter *m, struct snn_meter_hand *h, real *grads,
                             const struct snn_draws *rows, double scale)
{
    const struct snn_net *net = &m->frozen;
    const struct snn_block b = block_of(rows, true);
    for (size_t i = 0; i < rows->n; i++) {
        h->loss[i] -= m->about[rows->sample];
        for (size_t k = 0; k < net->n_layers; k++)
            h->loss[i] -= m->trust[k] * h->martingale[i * net->n_layers + k];
    }
    for (size_t i = net->n_layers; i-- > 0;) {
        if (net->layer[i].is_view || net->layer[i].is_hoisted)
            continue;
        if (net->layer[i].has_neuron)
            put_scores(m, h, i, rows, scale);
        layer_back(m, h, i, grads, &b);
    }
    snn_static_end(net, &h->noisy, m->params, grads, net->first, rows->n);
}
