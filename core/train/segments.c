/* SPDX-License-Identifier: MIT */
#include "core/train/segments.h"

#include <string.h>

struct snn_net snn_segment_of(const struct snn_net *net, size_t steps)
{
    struct snn_net segment = *net;
    segment.time_steps = segment.segment = steps;
    for (size_t i = 0; i < net->n_layers; i++)
        segment.layer[i].cell.time_steps = steps;
    return segment;
}

/* ---------------------------------------------------------- what goes on from step to step -- */

/* Numbers [out] of a sample that hold it. */
static size_t states_of(const struct snn_layer *l)
{
    return (size_t)l->has_neuron + (l->has_neuron && l->cell.neuron->has_aux) +
           l->type->hears_itself;
}

/* Numbers of all layers' states. */
static size_t room(const struct snn_net *net, size_t samples)
{
    size_t values = 0;
    for (size_t i = 0; i < net->n_layers; i++)
        values += states_of(&net->layer[i]) * net->layer[i].out;
    return values * samples;
}

static void copy_states(const struct snn_net *net, const struct snn_work *w, real *kept, bool save)
{
    for (size_t i = 0; i < net->n_layers; i++) {
        const struct snn_layer_work *lw = &w->layer[i];
        real *const state[] = {lw->state, lw->aux_state, lw->before};
        const size_t size = w->size.block * net->layer[i].out;
        for (size_t k = 0; k < 3; k++) {
            if (!state[k])
                continue;
            memcpy(save ? kept : state[k], save ? state[k] : kept, size * sizeof *kept);
            kept += size;
        }
    }
}

/* Layers that hear themselves hear a segment's last spikes in the next one's first step, ... */
static void hand_on(const struct snn_net *segment, struct snn_work *w, size_t samples)
{
    for (size_t i = 0; i < segment->n_layers; i++) {
        const size_t n = segment->layer[i].out, steps = segment->time_steps;
        for (size_t k = 0; w->layer[i].before && k < samples; k++)
            memcpy(w->layer[i].before + k * n, w->layer[i].s + ((k + 1) * steps - 1) * n,
                   n * sizeof(real));
    }
}

/* ... and back. */
static void hand_back(const struct snn_net *segment, struct snn_work *w, size_t samples)
{
    for (size_t i = 0; i < segment->n_layers; i++) {
        const size_t n = segment->layer[i].out, stride = segment->time_steps * n;
        for (size_t k = 0; w->layer[i].after && k < samples; k++)
            memcpy(w->layer[i].after + k * n, w->layer[i].g + k * stride, n * sizeof(real));
    }
}

/* ------------------------------------------------------------------------------- the passes -- */

/* A sample's segments: all of the same size, but for the last. */
struct cut {
    struct snn_net full, last;
    size_t n;
};

static struct cut cut_of(const struct snn_net *net)
{
    const size_t n = (net->all_steps + net->segment - 1) / net->segment;
    return (struct cut){.full = snn_segment_of(net, net->segment),
                        .last = snn_segment_of(net, net->all_steps - (n - 1) * net->segment),
                        .n = n};
}

static const struct snn_net *segment_at(const struct cut *c, size_t k)
{
    return k + 1 < c->n ? &c->full : &c->last;
}

static struct snn_block block_at(const struct cut *c, const struct snn_block *b, size_t k)
{
    struct snn_block part = *b;
    part.from = k * c->full.time_steps;
    part.followed = k + 1 < c->n;
    return part;
}

void snn_segments_place(struct snn_work *w, struct snn_arena *arena, const struct snn_net *net)
{
    const size_t n = (net->all_steps + net->segment - 1) / net->segment;
    if (w->size.gradients)
        w->kept = snn_arena_take(arena, n - 1, room(net, w->size.block) * sizeof(real));
}

static void run_forward(const struct cut *c, struct snn_work *w, const real *params,
                        const struct snn_shard *shard, const struct snn_block *b,
                        struct snn_tally *tally)
{
    const size_t size = room(&c->full, w->size.block);
    for (size_t k = 0; k < c->n; k++) {
        const struct snn_net *segment = segment_at(c, k);
        const struct snn_block part = block_at(c, b, k);
        if (k > 0 && b->backward)
            copy_states(segment, w, w->kept + (k - 1) * size, true);
        snn_block_show(segment, w, params, shard, &part);
        snn_block_read(segment, w, &part, tally);
        if (tally->counts)
            snn_block_count(segment, w, &part, tally);
        hand_on(segment, w, b->n);
    }
}

static void run_backward(const struct cut *c, struct snn_work *w, const real *params, real *grads,
                         const struct snn_shard *shard, const struct snn_block *b,
                         struct snn_tally *tally, struct snn_probe *probe)
{
    const size_t size = room(&c->full, w->size.block);
    for (size_t k = c->n; k-- > 0;) {
        const struct snn_net *segment = segment_at(c, k);
        const struct snn_block part = block_at(c, b, k);
        if (k > 0)
            copy_states(segment, w, w->kept + (k - 1) * size, false);
        if (part.followed) /* the last one's arrays are still there */
            snn_block_show(segment, w, params, shard, &part);
        snn_block_spread(segment, w, &part);
        snn_block_backward(segment, w, params, grads, &part, shard->scale, tally, probe);
        hand_back(segment, w, b->n);
    }
}

void snn_segments_run(const struct snn_net *net, struct snn_work *w, const real *params,
                      real *grads, const struct snn_shard *shard, const struct snn_block *b,
                      struct snn_tally *tally, struct snn_probe *probe)
{
    const struct cut c = cut_of(net);
    run_forward(&c, w, params, shard, b, tally);
    snn_block_judge(net, w, b, w->labels, shard->scale, tally);
    if (grads)
        run_backward(&c, w, params, grads, shard, b, tally, probe);
}
