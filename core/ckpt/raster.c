/* SPDX-License-Identifier: MIT */
/* A saved model run on one sample, and who fired when. */
#include <stdlib.h>
#include <string.h>

#include "core/ckpt/format.h"

struct looked {
    struct snn_arena arena;
    struct snn_net net;
    struct snn_work work;
};

void snn_raster_clear(struct snn_raster *r)
{
    free(r->scores);
    free(r->constant);
    free(r->input.start);
    free(r->input.unit);
    for (size_t i = 0; i < r->n_layers; i++) {
        free(r->layers[i].start);
        free(r->layers[i].unit);
    }
    *r = (struct snn_raster){0};
}

/* The workspace of one sample, uncut: all steps are looked at in the end. `record`: the input is
 * wanted as it is, not as lists of events. */
static enum snn_code lay_out(struct looked *l, const struct snn_spec *spec,
                             const struct snn_data_info *info, struct snn_error *err)
{
    const struct snn_work_size size = {.shard = 1, .block = 1, .record = true};
    const struct snn_net_options whole = {.segment = spec->time_steps};
    enum snn_code rc =
        snn_net_init(&l->net, &l->arena, spec, snn_net_input(spec, info), &whole, err);

    if (rc == SNN_OK)
        snn_work_place(&l->work, &l->arena, &l->net, &size);
    if (rc == SNN_OK && l->arena.failed)
        rc = snn_fail(err, SNN_LIMIT, "the arrays of a sample are larger than can be addressed");
    return rc;
}

static enum snn_code build(struct looked *l, const struct snn_spec *spec,
                           const struct snn_data_info *info, struct snn_error *err)
{
    enum snn_code rc = lay_out(l, spec, info, err);

    if (rc == SNN_OK && !snn_arena_build(&l->arena))
        rc = snn_fail(err, SNN_NOMEM, "no memory for a sample: %zu bytes", l->arena.used);
    return rc == SNN_OK ? lay_out(l, spec, info, err) : rc;
}

/* What of s [T, n] is not 0. */
static bool take_spikes(struct snn_spikes *out, const real *s, size_t time_steps, size_t n)
{
    size_t found = 0;

    for (size_t i = 0; i < time_steps * n; i++)
        found += s[i] != 0;
    out->units = n;
    out->start = calloc(time_steps + 1, sizeof *out->start);
    out->unit = calloc(found ? found : 1, sizeof *out->unit);
    if (!out->start || !out->unit)
        return false;
    found = 0;
    for (size_t t = 0; t < time_steps; t++) {
        for (size_t j = 0; j < n; j++)
            if (s[t * n + j] != 0)
                out->unit[found++] = (uint32_t)j;
        out->start[t + 1] = found;
    }
    return true;
}

static bool take_input(struct snn_raster *r, const struct looked *l)
{
    r->input.units = l->net.features;
    if (!l->net.static_input)
        return take_spikes(&r->input, l->work.input, r->time_steps, r->input.units);
    r->constant = calloc(r->input.units, sizeof *r->constant);
    for (size_t k = 0; r->constant && k < r->input.units; k++)
        r->constant[k] = (float)l->work.input[k];
    return r->constant != NULL;
}

static bool take_all(struct snn_raster *r, const struct looked *l)
{
    bool whole = take_input(r, l);

    for (size_t i = 0; i < l->net.n_layers && whole; i++)
        if (l->net.layer[i].has_neuron)
            whole =
                take_spikes(&r->layers[i], l->work.layer[i].s, r->time_steps, l->net.layer[i].out);
    return whole;
}

static enum snn_code run(struct snn_raster *r, struct looked *l, const struct snn_model *model,
                         const struct snn_data *data, bool test, uint32_t sample,
                         struct snn_error *err)
{
    const struct snn_shard shard = {.data = data, .index = &sample, .n = 1, .test = test};
    struct snn_tally tally = {.answers = {.class = &r->said}};

    r->time_steps = l->net.time_steps;
    r->classes = l->net.classes;
    r->n_layers = l->net.n_layers;
    r->label = snn_data_label(data, test, sample);
    r->scores = calloc(r->classes, sizeof *r->scores);
    tally.answers.scores = r->scores;
    if (r->scores) {
        snn_net_prepare(&l->net, model->params);
        snn_shard_run(&l->net, &l->work, model->params, NULL, &shard, &tally, NULL);
    }
    if (!r->scores || !take_all(r, l))
        return snn_fail(err, SNN_NOMEM, "no memory for the spikes of a sample");
    return SNN_OK;
}

enum snn_code snn_raster_run(struct snn_raster *out, const struct snn_model *model,
                             const struct snn_spec *spec, const struct snn_data *data, bool test,
                             size_t sample, struct snn_error *err)
{
    const struct snn_data_info *info = snn_data_describe(data);
    const size_t count = test ? info->test : info->train;
    struct looked *l = calloc(1, sizeof *l);
    struct snn_raster r = {0};
    enum snn_code rc;

    if (!l)
        return snn_fail(err, SNN_NOMEM, "no memory for a network");
    if (sample < count)
        rc = build(l, spec, info, err);
    else
        rc = snn_fail(err, SNN_NOT_FOUND, "there is no %s sample %zu, want one below %zu",
                      test ? "test" : "training", sample, count);
    if (rc == SNN_OK)
        rc = snn_model_fits(model, &l->net, err);
    if (rc == SNN_OK)
        rc = run(&r, l, model, data, test, (uint32_t)sample, err);
    if (rc == SNN_OK)
        *out = r;
    else
        snn_raster_clear(&r);
    snn_arena_free(&l->arena);
    free(l);
    return rc;
}
