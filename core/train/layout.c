/* SPDX-License-Identifier: MIT */
/* A run's one block of memory: laid out on nothing to learn its size, then on the block. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/rng.h"
#include "core/math/vec.h"
#include "core/train/run.h"

static void place_vectors(struct snn_run *r)
{
    struct snn_arena *a = &r->arena;
    const size_t n = r->net.n_params;
    r->params = snn_arena_take(a, n, sizeof(real));
    if (r->validation)
        r->best = snn_arena_take(a, n, sizeof(real));
    r->n_slots = snn_optimizer_of(&r->spec.optimizer)->slots(&r->spec.optimizer);
    for (size_t i = 0; i < r->n_slots; i++)
        r->slot[i] = snn_arena_take(a, n, sizeof(real));
    for (size_t i = 0; i < r->shards; i++)
        r->grads[i] = snn_arena_take(a, n, sizeof(real));
    r->initial_rms = snn_arena_take(a, r->net.n_tensors, sizeof(double));
}

/* Up to `end` by that rate: a stretch of its own where the one before it has another. */
static void stretch(struct snn_run *r, size_t end, double learning_rate)
{
    struct snn_stretch *last = r->n_stretches ? &r->stretch[r->n_stretches - 1] : NULL;
    if (end == (last ? last->end : 0))
        return;
    if (!last || last->learning_rate != learning_rate)
        last = &r->stretch[r->n_stretches++];
    *last = (struct snn_stretch){end, learning_rate};
}

/* A layer's learned constants are its last tensors. */
static void find_stretches(struct snn_run *r)
{
    const double rate = r->spec.optimizer.value[0];
    r->n_stretches = 0;
    for (size_t i = 0; i < r->net.n_layers; i++) {
        const struct snn_layer *l = &r->net.layer[i];
        if (l->n_learned && l->learning_rate > 0) {
            const struct snn_tensor_place *last = &l->tensor[l->n_tensors - 1];
            stretch(r, l->tensor[l->learned[0].tensor].offset, rate);
            stretch(r, last->offset + last->count, l->learning_rate);
        }
    }
    stretch(r, r->net.n_params, rate);
}

static void place_workers(struct snn_run *r)
{
    struct snn_arena *a = &r->arena;
    const size_t batch = r->spec.batch_size;
    struct snn_work measured;
    struct snn_work_size size = {.shard = (batch + r->shards - 1) / r->shards,
                                 .gradients = true,
                                 .probe = r->spec.diagnostics_every > 0};
    if (r->net.by_batch)
        snn_batch_place(&r->batch, a, &r->net, batch, true);
    size.block = snn_work_block(&r->net, size.shard);
    r->work = snn_arena_take(a, r->threads, sizeof *r->work);
    for (size_t i = 0; i < r->threads; i++)
        snn_work_place(r->work ? &r->work[i] : &measured, a, &r->net, &size);
}

static void place_reports(struct snn_run *r)
{
    struct snn_arena *a = &r->arena;
    struct snn_probe measured;
    r->tally = snn_arena_take(a, r->shards, sizeof *r->tally);
    r->points = snn_arena_take(a, snn_report_points(&r->net), sizeof *r->points);
    r->values = snn_arena_take(a, snn_report_values(&r->net), sizeof *r->values);
    if (r->spec.diagnostics_every == 0)
        return;
    snn_run_place_update(r);
    r->histograms = snn_arena_take(a, snn_report_histograms(&r->net), sizeof *r->histograms);
    r->probe = snn_arena_take(a, r->shards, sizeof *r->probe);
    for (size_t i = 0; i < r->shards; i++)
        snn_probe_place(r->probe ? &r->probe[i] : &measured, a, &r->net);
}

enum snn_code snn_run_layout(struct snn_run *r, struct snn_error *err)
{
    struct snn_arena *a = &r->arena;
    enum snn_code rc =
        snn_net_init(&r->net, a, &r->spec, snn_net_input(&r->spec, &r->info), NULL, err);
    if (rc != SNN_OK)
        return rc;
    r->shards = r->spec.shards;
    r->validation = snn_spec_validation(&r->spec, r->info.train);
    r->train = r->info.train - r->validation;
    place_vectors(r);
    find_stretches(r);
    place_workers(r);
    place_reports(r);
    snn_run_place_confusion(r);
    r->train_index = snn_arena_take(a, r->train, sizeof(uint32_t));
    r->order = snn_arena_take(a, r->train, sizeof(uint32_t));
    if (snn_sampling_of(&r->spec.sampling)->by_class) {
        r->groups.classes = r->info.classes;
        r->groups.group = snn_arena_take(a, r->train, sizeof(uint32_t));
        r->groups.start = snn_arena_take(a, r->info.classes + 1, sizeof(size_t));
    }
    r->validation_index = snn_arena_take(a, r->validation, sizeof(uint32_t));
    r->test_index = snn_arena_take(a, r->info.test, sizeof(uint32_t));
    if (a->failed)
        return snn_fail(err, SNN_LIMIT, "the run's arrays are larger than can be addressed");
    return SNN_OK;
}

/* The held-out samples are the head of one permutation of all; both parts are then put in ascending
 * order, so that "which" is all the split decides. */
static int ascending(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static enum snn_code split(struct snn_run *r, struct snn_error *err)
{
    const struct snn_rng_key key = {.seed = r->spec.seed, .stream = SNN_STREAM_SPLIT};
    uint32_t *all = malloc(r->info.train * sizeof *all);
    if (!all)
        return snn_fail(err, SNN_NOMEM, "no memory to split %zu samples", r->info.train);
    for (size_t i = 0; i < r->info.train; i++)
        all[i] = (uint32_t)i;
    if (r->validation) {
        snn_rng_shuffle(all, r->info.train, &key);
        memcpy(r->validation_index, all, r->validation * sizeof *all);
        qsort(r->validation_index, r->validation, sizeof *all, ascending);
    }
    memcpy(r->train_index, all + r->validation, r->train * sizeof *all);
    qsort(r->train_index, r->train, sizeof *all, ascending);
    for (size_t i = 0; i < r->info.test; i++)
        r->test_index[i] = (uint32_t)i;
    free(all);
    return SNN_OK;
}

/* A counting sort, which leaves each class in the order of the index. */
static void group_by_class(struct snn_run *r)
{
    struct snn_groups *g = &r->groups;
    memset(g->start, 0, (g->classes + 1) * sizeof *g->start);
    for (size_t i = 0; i < r->train; i++)
        g->start[snn_data_label(r->data, false, r->train_index[i])]++;
    for (size_t c = 0, before = 0; c <= g->classes; c++) {
        before += g->start[c];
        g->start[c] = before; /* its end, which becomes its start below */
    }
    for (size_t i = r->train; i-- > 0;) {
        const size_t c = snn_data_label(r->data, false, r->train_index[i]);
        g->group[--g->start[c]] = r->train_index[i];
    }
}

void snn_run_shuffle(struct snn_run *r)
{
    const struct snn_rng_key key = {
        .seed = r->spec.seed, .stream = SNN_STREAM_SHUFFLE, .epoch = (uint32_t)r->at.epoch};
    const struct snn_sampling *sampling = snn_sampling_of(&r->spec.sampling);
    if (sampling->by_class)
        group_by_class(r);
    sampling->fill(r->order, r->train_index, r->train, &r->groups, &key);
}

void snn_run_measure_weights(struct snn_run *r)
{
    for (size_t i = 0; i < r->net.n_tensors; i++) {
        const struct snn_tensor_place *t = snn_net_tensor(&r->net, i);
        r->initial_rms[i] =
            sqrt(snn_sum_squares(r->params + t->offset, t->count) / (double)t->count);
    }
}

static void start(struct snn_run *r)
{
    const double unknown = (double)NAN;
    snn_net_initialise(&r->net, r->params);
    snn_run_measure_weights(r);
#define UNKNOWN(name) r->at.metrics.name = unknown;
    SNN_METRICS(UNKNOWN)
#undef UNKNOWN
}

/* A run with nothing but sizes in it. */
static struct snn_run *sized(const struct snn_spec *spec, const struct snn_data_info *info,
                             size_t threads)
{
    struct snn_run *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->spec = *spec;
    r->info = *info;
    r->threads = threads < 1 ? 1 : threads > spec->shards ? spec->shards : threads;
    return r;
}

enum snn_code snn_run_estimate(struct snn_estimate *out, const struct snn_spec *spec,
                               const struct snn_data_info *data, size_t threads,
                               struct snn_error *err)
{
    struct snn_run *r = sized(spec, data, threads);
    if (!r)
        return snn_fail(err, SNN_NOMEM, "no memory to measure a run");
    enum snn_code rc = snn_run_layout(r, err);
    if (rc == SNN_OK) {
        double products = 0, history = 0;
        for (size_t i = 0; i < r->net.n_layers; i++) {
            const struct snn_layer *l = &r->net.layer[i];
            if (!l->is_view)
                products += l->type->multiply_adds(l, i == r->net.first);
            if (l->has_neuron)
                history += snn_cell_history(&l->cell);
        }
        *out = (struct snn_estimate){
            .parameters = r->net.n_params,
            .bytes = sizeof *r + snn_team_bytes(r->threads) + r->arena.used + data->bytes,
            .train = r->train,
            .validation = r->validation,
            .steps_per_epoch = snn_run_steps_per_epoch(r),
            .steps = snn_run_steps_per_epoch(r) * spec->epochs,
            .segment_steps = r->net.segment,
            .multiply_adds = products + history,
        };
    }
    free(r);
    return rc;
}

enum snn_code snn_run_new(struct snn_run **out, const struct snn_spec *spec,
                          const struct snn_data *data, size_t threads, struct snn_error *err)
{
    struct snn_run *r = sized(spec, snn_data_describe(data), threads);
    if (!r)
        return snn_fail(err, SNN_NOMEM, "no memory for a run");
    r->data = data;
    enum snn_code rc = snn_run_layout(r, err);
    if (rc == SNN_OK && !snn_arena_build(&r->arena))
        rc = snn_fail(err, SNN_NOMEM, "no memory for a run of %zu bytes", r->arena.used);
    if (rc == SNN_OK)
        rc = snn_run_layout(r, err);
    if (rc == SNN_OK)
        rc = snn_team_start(&r->team, r->threads, err);
    if (rc == SNN_OK)
        rc = split(r, err);
    if (rc == SNN_OK) {
        start(r);
        *out = r;
        r = NULL;
    }
    snn_run_free(r);
    return rc;
}

void snn_run_free(struct snn_run *r)
{
    if (!r)
        return;
    snn_team_stop(r->team);
    snn_arena_free(&r->arena);
    free(r);
}
