/* SPDX-License-Identifier: MIT */
/*
 * One training step. A batch is cut into a fixed number of shards; each is summed by one thread
 * into a gradient of its own, and the gradients are added in the shards' order. Which thread took
 * which shard, and how many there were, leaves no trace in the result.
 */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "core/math/vec.h"
#include "core/train/run.h"

/* Elements that a thread reduces and updates at a time. */
#define RANGE ((size_t)1 << 14)
/* A loss this many times the first one, or a tensor this many times its initial size, has diverged:
 * nothing that still learns comes near. */
#define LOSS_FACTOR 1e4
#define WEIGHT_FACTOR 1e5

size_t snn_run_steps_per_epoch(const struct snn_run *r)
{
    return (r->train + r->spec.batch_size - 1) / r->spec.batch_size;
}

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

/* A batch, as all its shards see it. */
struct pass {
    const real *params;
    const uint32_t *index;
    size_t n;
    struct snn_shard shard; /* what is the same in all */
    uint32_t *answers;      /* [n] classes; NULL = not wanted */
    bool gradients, probed, counts;
};

static struct snn_shard part_of(struct snn_run *r, const struct pass *p, size_t s)
{
    struct snn_shard shard = shard_of(r, p->index, p->n, s);
    shard.test = p->shard.test;
    shard.training = p->shard.training;
    shard.epoch = p->shard.epoch;
    shard.scale = p->shard.scale;
    shard.halt = &r->halt;
    return shard;
}

static void run_shard(struct snn_run *r, const struct pass *p, size_t s, struct snn_work *w)
{
    const struct snn_shard shard = part_of(r, p, s);
    const size_t skip = r->net.batch_params;
    real *grads = p->gradients ? r->grads[s] : NULL;
    if (grads)
        memset(grads + skip, 0, (r->net.n_params - skip) * sizeof(real));
    r->tally[s] = (struct snn_tally){0};
    r->tally[s].counts = p->counts;
    if (p->answers)
        r->tally[s].answers.class = p->answers + shard.first;
    if (p->probed)
        snn_probe_clear(&r->probe[s]);
    snn_shard_run(&r->net, w, p->params, grads, &shard, &r->tally[s],
                  p->probed ? &r->probe[s] : NULL);
}

/* A static input is multiplied, and its weights' gradient summed, once for the whole batch: each
 * part of the units by one thread, over all samples. So a part's bits know no threads either. */
static void run_shards(struct snn_run *r, const struct pass *p)
{
    const int threads = (int)r->threads;
    const bool by_batch = r->net.by_batch;
    const struct snn_layer *first = &r->net.layer[r->net.first];
    r->batch.n = p->n;
#pragma omp parallel num_threads(threads)
    {
        struct snn_work *w = &r->work[omp_get_thread_num()];
        if (by_batch) {
#pragma omp for schedule(static, 1)
            for (size_t s = 0; s < r->shards; s++) {
                const struct snn_shard shard = part_of(r, p, s);
                snn_batch_encode(&r->net, w, &r->batch, &shard);
            }
#pragma omp for schedule(static, 1)
            for (size_t s = 0; s < r->shards; s++) {
                size_t from, to;
                units_of(r, s, &from, &to);
                first->type->begin_batch(first, &r->batch, p->params, from, to);
            }
        }
#pragma omp for schedule(static, 1)
        for (size_t s = 0; s < r->shards; s++)
            run_shard(r, p, s, w);
        if (by_batch && p->gradients) {
#pragma omp for schedule(static, 1)
            for (size_t s = 0; s < r->shards; s++) {
                size_t from, to;
                units_of(r, s, &from, &to);
                first->type->end_batch(first, &r->batch, r->grads[0], from, to);
            }
        }
    }
}

static struct snn_tally total(const struct snn_run *r)
{
    struct snn_tally sum = {0};
    for (size_t s = 0; s < r->shards; s++) {
        sum.loss += r->tally[s].loss;
        sum.correct += r->tally[s].correct;
        sum.samples += r->tally[s].samples;
    }
    return sum;
}

/* Adds the shards' gradients up in grads[0] and tells whether all of it is finite. */
static bool reduce(struct snn_run *r)
{
    const size_t n = r->net.n_params, whole = r->net.batch_params; /* the batch's: in no shard */
    const int threads = (int)r->threads;
    int finite = 1;
#pragma omp parallel for num_threads(threads) schedule(static) reduction(&& : finite)
    for (size_t from = 0; from < n; from += RANGE) {
        const size_t size = n - from < RANGE ? n - from : RANGE;
        for (size_t s = 1; s < r->shards && from + size > whole; s++) {
            const size_t first = from < whole ? whole : from;
            snn_add(r->grads[0] + first, r->grads[s] + first, from + size - first);
        }
        finite = finite && snn_squares_finite(r->grads[0] + from, size);
    }
    return finite;
}

/* Cuts the gradient down to what the spec allows. On one thread: the norm is a sum, and its order
 * is part of the bits. */
static void clip(struct snn_run *r)
{
    const size_t n = r->net.n_params;
    real *g = r->grads[0];
    const real most = (real)r->spec.clip_value;
    for (size_t i = 0; most > 0 && i < n; i++)
        g[i] = g[i] > most ? most : g[i] < -most ? -most : g[i];
    if (r->spec.clip_norm <= 0)
        return;
    const double norm = sqrt(snn_sum_squares(g, n));
    const real factor = (real)(r->spec.clip_norm / norm);
    for (size_t i = 0; norm > r->spec.clip_norm && i < n; i++)
        g[i] *= factor;
}

/* What the schedule makes of a rate in the update after `done` of them. */
static double factor(const struct snn_run *r, uint64_t done)
{
    const size_t per_epoch = snn_run_steps_per_epoch(r);
    return snn_schedule_factor(&r->spec.schedule, (size_t)done, r->spec.epochs * per_epoch,
                               per_epoch);
}

double snn_run_learning_rate(const struct snn_run *r, uint64_t done)
{
    return r->spec.optimizer.value[0] * factor(r, done);
}

/* Parameters from .. end-1, which all have the same rate. */
static void update_range(struct snn_run *r, size_t from, size_t end, double learning_rate)
{
    const struct snn_optimizer *o = snn_optimizer_of(&r->spec.optimizer);
    struct snn_choice now = r->spec.optimizer;
    real *slot[SNN_MAX_SLOTS] = {0};
    now.value[0] = learning_rate;
    for (size_t i = 0; i < r->n_slots; i++)
        slot[i] = r->slot[i] + from;
    o->update(r->params + from, r->grads[0] + from, slot, end - from, (size_t)r->at.step + 1, &now);
}

static void update(struct snn_run *r)
{
    const size_t n = r->net.n_params;
    const double scheduled = factor(r, r->at.step);
    const int threads = (int)r->threads;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (size_t from = 0; from < n; from += RANGE) {
        const size_t end = n - from < RANGE ? n : from + RANGE;
        const struct snn_stretch *s = r->stretch;
        for (size_t at = from; at < end; s++) {
            const size_t to = s->end < end ? s->end : end;
            if (to <= at)
                continue;
            update_range(r, at, to, s->learning_rate * scheduled);
            at = to;
        }
    }
}

static enum snn_code check_loss(struct snn_run *r, double loss, struct snn_error *err)
{
    if (!isfinite(loss))
        return snn_fail(err, SNN_DIVERGED, "the loss is not finite at step %llu of epoch %llu",
                        (unsigned long long)r->at.step + 1, (unsigned long long)r->at.epoch + 1);
    if (r->at.step == 0)
        r->at.first_loss = loss;
    if (loss > LOSS_FACTOR * fmax(1, r->at.first_loss))
        return snn_fail(
            err, SNN_DIVERGED,
            "the loss is %.3g at step %llu of epoch %llu, more than %g times the %.3g of "
            "the first step: try a smaller learning rate",
            loss, (unsigned long long)r->at.step + 1, (unsigned long long)r->at.epoch + 1,
            LOSS_FACTOR, r->at.first_loss);
    return SNN_OK;
}

static void advance(struct snn_run *r, const struct snn_tally *t)
{
    struct snn_cursor *at = &r->at;
    at->epoch_loss += t->loss;
    at->epoch_correct += (double)t->correct;
    at->epoch_samples += t->samples;
    at->samples += t->samples;
    at->step++;
    at->epoch_step++;
    at->metrics.train_loss = at->epoch_loss / (double)at->epoch_samples;
    at->metrics.train_accuracy = at->epoch_correct / (double)at->epoch_samples;
}

enum snn_code snn_run_halted(const struct snn_run *r, const char *during, struct snn_error *err)
{
    return snn_fail(err, SNN_STOPPED, "stopped in %s after step %llu", during,
                    (unsigned long long)r->at.step);
}

enum snn_code snn_run_step(struct snn_run *r, bool probed, struct snn_error *err)
{
    const size_t from = (size_t)r->at.epoch_step * r->spec.batch_size;
    const size_t left = r->train - from;
    const size_t n = left < r->spec.batch_size ? left : r->spec.batch_size;

    snn_net_prepare(&r->net, r->params);
    const struct pass pass = {
        .params = r->params,
        .index = r->order + from,
        .n = n,
        .shard = {.training = true, .epoch = (uint32_t)r->at.epoch, .scale = 1 / (double)n},
        .gradients = true,
        .probed = probed};
    run_shards(r, &pass);
    if (atomic_load(&r->halt.seen))
        return snn_run_halted(r, "a step", err);
    const struct snn_tally t = total(r);
    enum snn_code rc = check_loss(r, t.loss / (double)n, err);
    if (rc != SNN_OK)
        return rc;
    if (!reduce(r))
        return snn_fail(
            err, SNN_DIVERGED,
            "a gradient is not finite, or too large to be squared, at step %llu of epoch %llu",
            (unsigned long long)r->at.step + 1, (unsigned long long)r->at.epoch + 1);
    clip(r);
    update(r);
    if (probed)
        for (size_t s = 1; s < r->shards; s++)
            snn_probe_merge(&r->probe[0], &r->probe[s]);
    advance(r, &t);
    return SNN_OK;
}

enum snn_code snn_run_check_weights(const struct snn_run *r, struct snn_error *err)
{
    for (size_t i = 0; i < r->net.n_tensors; i++) {
        const struct snn_tensor_place *t = snn_net_tensor(&r->net, i);
        const double rms =
            sqrt(snn_sum_squares(r->params + t->offset, t->count) / (double)t->count);
        char name[SNN_NAME_SIZE * 2];
        if (isfinite(rms) && (r->initial_rms[i] == 0 || rms <= WEIGHT_FACTOR * r->initial_rms[i]))
            continue;
        snn_net_tensor_name(&r->net, t, name);
        return snn_fail(
            err, SNN_DIVERGED,
            "the root mean square of %s is %.3g after step %llu, from %.3g at the start: "
            "try a smaller learning rate",
            name, rms, (unsigned long long)r->at.step, r->initial_rms[i]);
    }
    return SNN_OK;
}

enum snn_code snn_run_evaluate(struct snn_run *r, const real *params, const uint32_t *index,
                               size_t n, bool test, double *loss, double *accuracy,
                               struct snn_error *err)
{
    const size_t batch = r->spec.batch_size;
    struct snn_tally sum = {0};
    snn_net_prepare(&r->net, params);
    for (size_t from = 0; from < n; from += batch) {
        const struct pass pass = {.params = params,
                                  .index = index + from,
                                  .n = n - from < batch ? n - from : batch,
                                  .shard = {.test = test},
                                  .answers = test ? r->predicted + from : NULL};
        run_shards(r, &pass);
        if (atomic_load(&r->halt.seen))
            return snn_run_halted(r, "an evaluation", err);
        const struct snn_tally t = total(r);
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
        const struct pass pass = {.params = r->params,
                                  .index = index + from,
                                  .n = n - from < batch ? n - from : batch,
                                  .counts = true};
        run_shards(r, &pass);
        for (size_t s = 0; s < r->shards; s++)
            for (size_t k = 0; k < r->net.n_layers; k++)
                spikes[k] += r->tally[s].spikes[k];
    }
    for (size_t k = 0; k < r->net.n_layers; k++) {
        const size_t steps = n * r->net.time_steps * r->net.layer[k].out;
        rate[k] = (double)spikes[k] / (double)steps;
    }
}
