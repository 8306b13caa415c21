/* SPDX-License-Identifier: MIT */
#include "core/train/pass.h"

#include <string.h>

#include "core/base/rng.h"
#include "core/data/data.h"
#include "core/train/segments.h"

/* ------------------------------------------------------------------------------- one block -- */

void snn_block_forward(const struct snn_net *net, struct snn_work *w, const real *params,
                       const struct snn_block *b)
{
    const real *in = w->input;
    for (size_t i = 0; i < net->n_layers; i++) {
        const struct snn_layer *l = &net->layer[i];
        if (!l->is_view && !l->is_hoisted)
            snn_layer_forward(l, &w->layer[i], params, in, b);
        in = w->layer[i].s;
    }
}

/* The price of the layer's firing rates: into the loss, and its gradient into dL/ds. */
static void add_penalty(const struct snn_net *net, struct snn_work *w, size_t index,
                        const struct snn_block *b, double scale, struct snn_tally *tally)
{
    const struct snn_layer *l = &net->layer[index];
    struct snn_layer_work *lw = &w->layer[index];
    const size_t size = net->time_steps * l->out;
    for (size_t i = 0; l->has_neuron && net->penalty.strength > 0 && i < b->n; i++)
        tally->loss +=
            snn_penalty_add(lw->g + i * size, lw->s + i * size, snn_work_steps(w, net, i), l->out,
                            lw->scratch, scale, &net->penalty);
}

void snn_block_backward(const struct snn_net *net, struct snn_work *w, const real *params,
                        real *grads, const struct snn_block *b, double scale,
                        struct snn_tally *tally, struct snn_probe *probe)
{
    for (size_t i = net->n_layers; i-- > 0;) {
        const struct snn_layer *l = &net->layer[i];
        struct snn_layer_work *lw = &w->layer[i];
        const real *in = i ? w->layer[i - 1].s : w->input;
        real *d_in = i ? w->layer[i - 1].g : w->d_input;
        if (l->is_view || l->is_hoisted)
            continue;
        add_penalty(net, w, i, b, scale, tally);
        lw->d_membrane = probe || lw->narrow.lists.capacity ? w->d_membrane : NULL;
        snn_layer_backward(l, lw, params, grads, in, d_in, b);
        snn_learned_gradient(l, lw, params, grads);
        if (probe && l->has_neuron)
            snn_probe_look(&probe->layer[i], &l->cell, lw->x, lw->s, w->d_membrane, b->n, b->from);
    }
}

void snn_shard_clear(const struct snn_net *net, struct snn_work *w, real *grads)
{
    for (size_t i = 0; i < net->n_tensors; i++) {
        const struct snn_tensor_place *t = snn_net_tensor(net, i);
        const struct snn_layer *l = &net->layer[t->layer];
        if (t == l->tensor && snn_layer_hears(l))
            w->layer[t->layer].heard.is_blank = true;
        else if (t->offset >= net->batch_params)
            memset(grads + t->offset, 0, t->count * sizeof *grads);
    }
}

void snn_shard_settle(const struct snn_net *net, struct snn_work *w, real *grads)
{
    for (size_t i = 0; i < net->n_layers; i++)
        if (net->layer[i].type->settle && !net->layer[i].static_input)
            net->layer[i].type->settle(&net->layer[i], &w->layer[i], grads);
}

/* ------------------------------------------------------------------------------- one shard -- */

static struct snn_rng_key key_of(const struct snn_net *net, const struct snn_shard *shard, size_t i)
{
    /* Evaluation draws the same input in every epoch; `epoch` then only tells the halves apart. */
    return (struct snn_rng_key){
        .seed = net->seed,
        .stream = shard->training ? SNN_STREAM_ENCODE : SNN_STREAM_ENCODE_EVAL,
        .epoch = shard->training ? shard->epoch : shard->test,
        .sample = shard->index[i],
    };
}

/* A static sample for a first layer that wants its input step by step. */
static void repeat_first_step(real *x, size_t time_steps, size_t n)
{
    for (size_t t = 1; t < time_steps; t++)
        memcpy(x + t * n, x, n * sizeof *x);
}

/* Events of samples first .. first+n-1 straight into the lists of the first layer, where it hears
 * them and nobody wants them as they are. False where there is no room. */
static bool list_events(const struct snn_net *net, struct snn_work *w,
                        const struct snn_shard *shard, size_t first, size_t n)
{
    const struct snn_encoder *encoder = snn_encoder_of(&net->encoding);
    struct snn_heard *h = &w->layer[net->first].heard;
    real size = 1;
    if (net->time_steps < net->all_steps || !encoder->list_events ||
        !snn_layer_hears(&net->layer[net->first]) || w->size.record)
        return false;
    snn_heard_begin(h);
    for (size_t i = first; i < first + n; i++) {
        const struct snn_events e = snn_data_events(shard->data, shard->test, shard->index[i]);
        const struct snn_rng_key key = key_of(net, shard, i);
        struct snn_sparse *to = &h->rows.sparse;
        if (h->rows.capacity < e.n || to->start[to->rows] > h->rows.capacity - e.n)
            return false;
        const size_t steps =
            encoder->list_events(to, &size, &e, net->features, net->time_steps, &net->encoding,
                                 shard->training ? &key : NULL, h->next);
        if (net->masks)
            w->steps[i - first] = (uint32_t)steps;
    }
    snn_heard_give(h, n * net->time_steps, size);
    return true;
}

/* Sample i in the arrays' steps, which begin with its step `from`. Returns in how many steps of all
 * the sample has ended. */
static size_t encode_sample(const struct snn_net *net, struct snn_work *w,
                            const struct snn_shard *shard, size_t i, size_t from, real *x)
{
    const struct snn_steps steps = {from, from + net->time_steps, net->all_steps};
    const struct snn_encoder *encoder = snn_encoder_of(&net->encoding);
    const struct snn_rng_key key = key_of(net, shard, i);
    if (encoder->encode_events) {
        const struct snn_events e = snn_data_events(shard->data, shard->test, shard->index[i]);
        return encoder->encode_events(x, &e, net->features, steps, &net->encoding,
                                      shard->training ? &key : NULL);
    }
    snn_data_features(shard->data, shard->test, shard->index[i], w->features);
    encoder->encode(x, w->features, net->features, steps, &net->encoding, &key);
    if (encoder->is_static && !net->static_input)
        repeat_first_step(x, net->time_steps, net->features);
    return net->all_steps;
}

void snn_shard_encode(const struct snn_net *net, struct snn_work *w, const struct snn_shard *shard,
                      size_t first, size_t n, size_t from)
{
    const size_t stride = net->static_input ? net->features : net->time_steps * net->features;
    if (list_events(net, w, shard, first, n))
        return;
    for (size_t i = 0; i < n; i++) {
        const size_t steps = encode_sample(net, w, shard, first + i, from, w->input + i * stride);
        if (net->masks)
            w->steps[i] = (uint32_t)steps;
    }
}

void snn_batch_encode(const struct snn_net *net, struct snn_work *w, const struct snn_batch *b,
                      const struct snn_shard *shard)
{
    for (size_t i = 0; i < shard->n; i++)
        (void)encode_sample(net, w, shard, i, 0, b->input + (shard->first + i) * net->features);
}

/* The noise of layers whose spikes are not hard in training, put where their spikes will be. */
static void draw_noise(const struct snn_net *net, struct snn_work *w, const struct snn_shard *shard,
                       const struct snn_block *b)
{
    for (size_t k = 0; k < net->n_layers; k++) {
        const size_t n = net->layer[k].out;
        const struct snn_surrogate *surrogate = net->layer[k].cell.surrogate;
        if (!net->layer[k].has_neuron)
            continue;
        if (surrogate->training == SNN_SPIKE_MEAN)
            memset(w->layer[k].s, 0, b->n * net->time_steps * n * sizeof(real));
        if (!snn_spike_draws(surrogate))
            continue;
        struct snn_rng_key key = {.seed = net->seed,
                                  .stream = SNN_STREAM_NOISE,
                                  .layer = (uint32_t)k,
                                  .epoch = shard->epoch};
        for (size_t i = 0; i < b->n; i++) {
            key.sample = shard->index[b->first + i];
            for (size_t t = 0; t < net->time_steps; t++) {
                key.step = (uint32_t)(b->from + t);
                snn_rng_logistic(w->layer[k].s + (i * net->time_steps + t) * n, n, &key);
            }
        }
    }
}

void snn_block_mask(const struct snn_net *net, struct snn_work *w, const struct snn_shard *shard,
                    const struct snn_block *b)
{
    for (size_t k = 0; k < net->n_layers; k++) {
        const struct snn_layer *l = &net->layer[k];
        struct snn_rng_key key = {.seed = net->seed,
                                  .layer = (uint32_t)k,
                                  .epoch = shard->epoch,
                                  .step = (uint32_t)b->from};
        for (size_t i = 0; l->type->draw && i < b->n; i++) {
            key.sample = shard->index[b->first + i];
            l->type->draw(l, &w->layer[k], i, &key);
        }
    }
}

void snn_block_count(const struct snn_net *net, const struct snn_work *w, const struct snn_block *b,
                     struct snn_tally *tally)
{
    for (size_t k = 0; k < net->n_layers; k++) {
        const size_t n = b->n * net->time_steps * net->layer[k].out;
        for (size_t i = 0; net->layer[k].has_neuron && i < n; i++)
            tally->spikes[k] += w->layer[k].s[i] > 0;
    }
}

void snn_block_show(const struct snn_net *net, struct snn_work *w, const real *params,
                    const struct snn_shard *shard, const struct snn_block *b)
{
    if (!net->static_input)
        snn_shard_encode(net, w, shard, b->first, b->n, b->from);
    if (b->training) {
        draw_noise(net, w, shard, b);
        snn_block_mask(net, w, shard, b);
    }
    snn_block_forward(net, w, params, b);
}

static void run_block(const struct snn_net *net, struct snn_work *w, const real *params,
                      real *grads, const struct snn_shard *shard, const struct snn_block *b,
                      struct snn_tally *tally, struct snn_probe *probe)
{
    for (size_t i = 0; i < b->n; i++)
        w->labels[i] = snn_data_label(shard->data, shard->test, shard->index[b->first + i]);
    if (net->segment < net->all_steps) {
        snn_segments_run(net, w, params, grads, shard, b, tally, probe);
        return;
    }
    snn_block_show(net, w, params, shard, b);
    if (tally->counts)
        snn_block_count(net, w, b, tally);
    snn_block_loss(net, w, b, w->labels, shard->scale, tally);
    if (grads)
        snn_block_backward(net, w, params, grads, b, shard->scale, tally, probe);
}

/* The shard's part of its batch's currents, as if they were the worker's own. */
static void take_part(const struct snn_net *net, struct snn_work *w, const struct snn_shard *shard)
{
    const struct snn_batch *b = shard->batch;
    struct snn_layer_work *first = &w->layer[net->first];
    const size_t at = shard->first * net->layer[net->first].out;
    first->current = b->current + at;
    first->current_sum = b->current_sum ? b->current_sum + at : NULL;
}

static bool halted(struct snn_halt *h)
{
    if (!h || !h->wanted)
        return false;
    if (!atomic_load(&h->seen) && h->wanted(h->user) > (h->only_now ? SNN_STOP_SOON : SNN_GO_ON))
        atomic_store(&h->seen, true);
    return atomic_load(&h->seen);
}

void snn_shard_run(const struct snn_net *net, struct snn_work *w, const real *params, real *grads,
                   const struct snn_shard *shard, struct snn_tally *tally, struct snn_probe *probe)
{
    struct snn_layer_work *first_work = &w->layer[net->first];
    real *const own = first_work->current, *const own_sum = first_work->current_sum;
    const bool alone = net->static_input && !shard->batch;
    const size_t own_from = alone ? net->first : net->first + 1; /* else the batch's */
    if (alone)
        snn_shard_encode(net, w, shard, 0, shard->n, 0);
    else if (net->static_input)
        take_part(net, w, shard);
    snn_static_begin(net, w, params, own_from, shard->n);
    /* Broken off or not, what the layers gathered is settled: the next shard finds them empty. */
    for (size_t i = 0; i < shard->n && !halted(shard->halt); i += w->size.block) {
        const size_t left = shard->n - i;
        const struct snn_block b = {.first = i,
                                    .n = left < w->size.block ? left : w->size.block,
                                    .training = shard->training,
                                    .backward = grads != NULL,
                                    .unseen = !probe && !tally->counts && !w->size.record &&
                                              net->penalty.strength == 0};
        run_block(net, w, params, grads, shard, &b, tally, probe);
    }
    if (grads) {
        snn_shard_settle(net, w, grads);
        snn_static_end(net, w, params, grads, own_from, shard->n);
    }
    first_work->current = own;
    first_work->current_sum = own_sum;
}
