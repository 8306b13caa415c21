/* SPDX-License-Identifier: MIT */
/* One training step: what the shards' gradients come to, and what becomes of the weights. */
#include <math.h>
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

/* What the threads of the run do a part of, each. */
struct work {
    struct snn_run *run;
    atomic_bool finite;
};

/* Parameters [RANGE i, RANGE (i+1)) of all, which there may be fewer of. */
static size_t range(const struct snn_run *r, size_t i, size_t *from)
{
    const size_t left = r->net.n_params - RANGE * i;
    *from = RANGE * i;
    return left < RANGE ? left : RANGE;
}

static size_t ranges(const struct snn_run *r)
{
    return (r->net.n_params + RANGE - 1) / RANGE;
}

static void reduce_part(void *user, size_t i, size_t thread)
{
    struct work *work = user;
    const struct snn_run *r = work->run;
    const size_t whole = r->net.batch_params; /* the batch's: in no shard */
    size_t from;
    const size_t size = range(r, i, &from);
    (void)thread;
    for (size_t s = 1; s < r->shards && from + size > whole; s++) {
        const size_t first = from < whole ? whole : from;
        snn_add(r->grads[0] + first, r->grads[s] + first, from + size - first);
    }
    if (!snn_squares_finite(r->grads[0] + from, size))
        atomic_store(&work->finite, false);
}

/* Adds the shards' gradients up in grads[0] and tells whether all of it is finite. */
static bool reduce(struct snn_run *r)
{
    struct work work = {.run = r, .finite = true};
    snn_team_do(r->team, ranges(r), reduce_part, &work);
    return atomic_load(&work.finite);
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

static void update_part(void *user, size_t i, size_t thread)
{
    struct snn_run *r = ((const struct work *)user)->run;
    const double scheduled = factor(r, r->at.step);
    const struct snn_stretch *s = r->stretch;
    size_t at;
    const size_t size = range(r, i, &at), end = at + size;
    (void)thread;
    for (; at < end; s++) {
        const size_t to = s->end < end ? s->end : end;
        if (to <= at)
            continue;
        update_range(r, at, to, s->learning_rate * scheduled);
        at = to;
    }
}

static void update(struct snn_run *r)
{
    struct work work = {.run = r};
    snn_team_do(r->team, ranges(r), update_part, &work);
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

/* What the step's diagnostics are made of, put together. */
static void look_back(struct snn_run *r)
{
    snn_run_measure_update(r);
    for (size_t s = 1; s < r->shards; s++)
        snn_probe_merge(&r->probe[0], &r->probe[s]);
}

enum snn_code snn_run_step(struct snn_run *r, bool probed, struct snn_error *err)
{
    const size_t from = (size_t)r->at.epoch_step * r->spec.batch_size;
    const size_t left = r->train - from;
    const size_t n = left < r->spec.batch_size ? left : r->spec.batch_size;

    snn_net_prepare(&r->net, r->params);
    const struct snn_pass pass = {
        .params = r->params,
        .index = r->order + from,
        .n = n,
        .shard = {.training = true, .epoch = (uint32_t)r->at.epoch, .scale = 1 / (double)n},
        .gradients = true,
        .probed = probed};
    struct snn_tally t;
    snn_run_pass(r, &pass, &t);
    if (atomic_load(&r->halt.seen))
        return snn_run_halted(r, "a step", err);
    enum snn_code rc = check_loss(r, t.loss / (double)n, err);
    if (rc != SNN_OK)
        return rc;
    if (!reduce(r))
        return snn_fail(
            err, SNN_DIVERGED,
            "a gradient is not finite, or too large to be squared, at step %llu of epoch %llu",
            (unsigned long long)r->at.step + 1, (unsigned long long)r->at.epoch + 1);
    clip(r);
    if (probed)
        snn_run_keep_params(r);
    update(r);
    if (probed)
        look_back(r);
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
