/* SPDX-License-Identifier: MIT */
/*
 * A batch over the run's threads. It is cut into a fixed number of shards; each is summed by one
 * thread into a gradient of its own, and whoever adds them up does so in the shards' order. Which
 * thread took which shard, and how many there were, leaves no trace in the result.
 */
#include <math.h>

#include "core/train/run.h"

/* Samples [n s / shards, n (s+1) / shards) of a batch belong to shard s. */
static struct snn_shard shard_of(const struct snn_run *r, const uint32_t *index, size_t n, size_t s)
{
    const size_t from = n * s / r->shards, to = n * (s + 1) / r->shards;
    return (struct snn_shard){.batch = r->net.by_batch ? &r->batch : NULL,
                              .first = from,
                              .data = r->data,
                              .index = index + from,
                              .n = to - from};
}

/* Units of the first layer that are part s of so many as there are shards; whole vectors. */
static void units_of(const struct snn_run *r, size_t s, size_t *from, size_t *to)
{
    const size_t out = r->net.layer[r->net.first].out, vectors = (out + 15) / 16;
    *from = 16 * (vectors * s / r->shards);
    *to = 16 * (vectors * (s + 1) / r->shards);
    *to = *to < out ? *to : out;
}

static struct snn_shard part_of(struct snn_run *r, const struct snn_pass *p, size_t s)
{
    struct snn_shard shard = shard_of(r, p->index, p->n, s);
    shard.test = p->shard.test;
    shard.training = p->shard.training;
    shard.epoch = p->shard.epoch;
    shard.scale = p->shard.scale;
    shard.halt = &r->halt;
    return shard;
}

/* What the threads of the run do a part of, each. */
struct work {
    struct snn_run *run;
    const struct snn_pass *pass;
};

static void run_shard(void *user, size_t s, size_t thread)
{
    const struct work *work = user;
    const struct snn_pass *p = work->pass;
    struct snn_run *r = work->run;
    const struct snn_shard shard = part_of(r, p, s);
    real *grads = p->gradients ? r->grads[s] : NULL;
    if (grads)
        snn_shard_clear(&r->net, &r->work[thread], grads);
    r->tally[s] = (struct snn_tally){0};
    r->tally[s].counts = p->counts;
    if (p->answers)
        r->tally[s].answers.class = p->answers + shard.first;
    if (p->probed)
        snn_probe_clear(&r->probe[s]);
    snn_shard_run(&r->net, &r->work[thread], p->params, grads, &shard, &r->tally[s],
                  p->probed ? &r->probe[s] : NULL);
}

static void encode_part(void *user, size_t s, size_t thread)
{
    const struct work *work = user;
    struct snn_run *r = work->run;
    const struct snn_shard shard = part_of(r, work->pass, s);
    snn_batch_encode(&r->net, &r->work[thread], &r->batch, &shard);
}

static void begin_part(void *user, size_t s, size_t thread)
{
    const struct work *work = user;
    const struct snn_run *r = work->run;
    const struct snn_layer *first = &r->net.layer[r->net.first];
    size_t from, to;
    (void)thread;
    units_of(r, s, &from, &to);
    first->type->begin_batch(first, &r->batch, work->pass->params, from, to);
}

static void end_part(void *user, size_t s, size_t thread)
{
    const struct work *work = user;
    const struct snn_run *r = work->run;
    const struct snn_layer *first = &r->net.layer[r->net.first];
    size_t from, to;
    (void)thread;
    units_of(r, s, &from, &to);
    first->type->end_batch(first, &r->batch, r->grads[0], from, to);
}

/* A static input is multiplied, and its weights' gradient summed, once for the whole batch: each
 * part of the units by one thread, over all samples. So a part's bits know no threads either. */
void snn_run_pass(struct snn_run *r, const struct snn_pass *p, struct snn_tally *sum)
{
    struct work work = {.run = r, .pass = p};
    r->batch.n = p->n;
    if (r->net.by_batch) {
        snn_team_do(r->team, r->shards, encode_part, &work);
        snn_team_do(r->team, r->shards, begin_part, &work);
    }
    snn_team_do(r->team, r->shards, run_shard, &work);
    if (r->net.by_batch && p->gradients)
        snn_team_do(r->team, r->shards, end_part, &work);
    *sum = (struct snn_tally){0};
    for (size_t s = 0; s < r->shards; s++) {
        sum->loss += r->tally[s].loss;
        sum->correct += r->tally[s].correct;
        sum->samples += r->tally[s].samples;
    }
}

enum snn_code snn_run_evaluate(struct snn_run *r, const real *params, const uint32_t *index,
                               size_t n, bool test, double *loss, double *accuracy,
                               struct snn_error *err)
{
    const size_t batch = r->spec.batch_size;
    struct snn_tally sum = {0};
    snn_net_prepare(&r->net, params);
    for (size_t from = 0; from < n; from += batch) {
        const struct snn_pass pass = {.params = params,
                                      .index = index + from,
                                      .n = n - from < batch ? n - from : batch,
                                      .shard = {.test = test},
                                      .answers = test ? r->predicted + from : NULL};
        struct snn_tally t;
        snn_run_pass(r, &pass, &t);
        if (atomic_load(&r->halt.seen))
            return snn_run_halted(r, "an evaluation", err);
        sum.loss += t.loss;
        sum.correct += t.correct;
    }
    *loss = n ? sum.loss / (double)n : (double)NAN;
    *accuracy = n ? (double)sum.correct / (double)n : (double)NAN;
    return SNN_OK;
}

void snn_run_rates(struct snn_run *r, const uint32_t *index, size_t n, double *rate)
{
    const size_t batch = r->spec.batch_size;
    uint64_t spikes[SNN_MAX_LAYERS] = {0};
    snn_net_prepare(&r->net, r->params);
    for (size_t from = 0; from < n; from += batch) {
        const struct snn_pass pass = {.params = r->params,
                                      .index = index + from,
                                      .n = n - from < batch ? n - from : batch,
                                      .counts = true};
        struct snn_tally t;
        snn_run_pass(r, &pass, &t);
        for (size_t s = 0; s < r->shards; s++)
            for (size_t k = 0; k < r->net.n_layers; k++)
                spikes[k] += r->tally[s].spikes[k];
    }
    for (size_t k = 0; k < r->net.n_layers; k++) {
        const size_t steps = n * r->net.time_steps * r->net.layer[k].out;
        rate[k] = (double)spikes[k] / (double)steps;
    }
}
