/* SPDX-License-Identifier: MIT */
/* A saved model asked about samples of the caller's: the forward pass of evaluation, on one thread,
 * a few samples at a time. */
#include <stdlib.h>
#include <string.h>

#include "core/ckpt/format.h"

/* Samples whose arrays are there at a time. */
#define SHARD 32

struct asked {
    struct snn_arena arena;
    struct snn_net net;
    struct snn_work work;
    struct snn_data data; /* the samples as a test half */
    const struct snn_inputs *inputs;
    uint32_t *index;
    size_t n;
    size_t most; /* bytes; 0 = any */
};

/* ------------------------------------------------------------------------------------ fits -- */

static void shape_text(char *text, size_t size, const size_t *shape, size_t rank)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%zu", i ? " x " : "", shape[i]);
}

enum snn_code snn_model_fits(const struct snn_model *model, const struct snn_net *net,
                             struct snn_error *err)
{
    for (size_t i = 0; i < net->n_tensors; i++) {
        const struct snn_tensor_place *want = snn_net_tensor(net, i);
        const struct snn_tensor *have = i < model->n ? &model->tensor[i] : NULL;
        char name[SNN_NAME_SIZE * 2], wanted[96], found[96];
        snn_net_tensor_name(net, want, name);
        if (!have || strcmp(have->name, name) != 0)
            return snn_fail(err, SNN_INVALID, "its tensor %zu is %s, want %s", i + 1,
                            have ? have->name : "not there", name);
        if (have->rank == want->rank &&
            memcmp(have->shape, want->shape, want->rank * sizeof *want->shape) == 0)
            continue;
        shape_text(wanted, sizeof wanted, want->shape, want->rank);
        shape_text(found, sizeof found, have->shape, have->rank);
        return snn_fail(err, SNN_INVALID, "its %s is %s, want %s", name, found, wanted);
    }
    if (model->n > net->n_tensors)
        return snn_fail(err, SNN_INVALID, "it has %s, want %zu tensors without it",
                        model->tensor[net->n_tensors].name, net->n_tensors);
    return SNN_OK;
}

enum snn_code snn_model_check(const struct snn_model *model, const struct snn_spec *spec,
                              const struct snn_data_info *data, struct snn_error *err)
{
    struct snn_arena arena = {0};
    struct snn_net *net = malloc(sizeof *net);
    if (!net)
        return snn_fail(err, SNN_NOMEM, "no memory for a network");
    enum snn_code rc = snn_net_init(net, &arena, spec, snn_net_input(spec, data), NULL, err);
    if (rc == SNN_OK)
        rc = snn_model_fits(model, net, err);
    free(net);
    return rc;
}

/* --------------------------------------------------------------------------------- predict -- */

/* What no evaluation of a run could meet. */
static enum snn_code check_events(const struct snn_inputs *in, const struct snn_spec *spec,
                                  const struct snn_data_info *data, struct snn_error *err)
{
    if (!in->first)
        return snn_fail(err, SNN_INVALID,
                        "the inputs are features, but the network is one for lists of events");
    if (data->duration == 0 && snn_choice_value(&spec->encoding, "duration", 0) == 0)
        return snn_fail(err, SNN_INVALID,
                        "what its time_steps divide is not known any more: it was the duration of "
                        "a data set that is gone or another now, and encoding.duration is 0; want "
                        "a job with encoding.duration set");
    for (size_t i = 0; i < in->n; i++)
        for (size_t k = in->first[i]; k < in->first[i + 1]; k++)
            if (in->units[k] >= data->features)
                return snn_fail(err, SNN_INVALID,
                                "sample %zu has an event of unit %u, want 0 to %zu", i,
                                (unsigned)in->units[k], data->features - 1);
    return SNN_OK;
}

static enum snn_code check_inputs(const struct snn_inputs *in, const struct snn_spec *spec,
                                  const struct snn_data_info *data, struct snn_error *err)
{
    if (in->n == 0)
        return snn_fail(err, SNN_INVALID, "no samples, want one at least");
    if (data->events)
        return check_events(in, spec, data, err);
    return in->values ? SNN_OK
                      : snn_fail(err, SNN_INVALID,
                                 "the inputs are lists of events, but the network is one for "
                                 "features");
}

static void place_samples(struct asked *a, size_t features)
{
    struct snn_samples *s = &a->data.test;
    const size_t events = a->inputs->first ? a->inputs->first[a->n] : 0;
    s->labels = snn_arena_take(&a->arena, a->n, sizeof *s->labels);
    if (!a->data.info.events) {
        s->values = snn_arena_take(&a->arena, a->n, features * sizeof *s->values);
        return;
    }
    s->first = snn_arena_take(&a->arena, a->n + 1, sizeof *s->first);
    s->times = snn_arena_take(&a->arena, events + 1, sizeof *s->times); /* never an empty one */
    s->units = snn_arena_take(&a->arena, events + 1, sizeof *s->units);
}

/* The events before the end of what the steps divide. Those of a set all are before its own, and
 * encoders count on it: what is behind is left out here. */
static void fill_events(struct asked *a, const struct snn_spec *spec)
{
    const struct snn_inputs *in = a->inputs;
    struct snn_samples *s = &a->data.test;
    const double own = snn_choice_value(&spec->encoding, "duration", 0);
    const uint64_t end = own > 0 ? (uint64_t)own : a->data.info.duration;
    size_t found = 0;
    for (size_t i = 0; i < a->n; i++) {
        s->first[i] = found;
        for (size_t k = in->first[i]; k < in->first[i + 1]; k++) {
            s->times[found] = in->times[k];
            s->units[found] = in->units[k];
            found += in->times[k] < end;
        }
    }
    s->first[a->n] = found;
}

static void fill_samples(struct asked *a, const struct snn_spec *spec)
{
    for (size_t i = 0; i < a->n; i++)
        a->index[i] = (uint32_t)i;
    if (a->data.info.events)
        fill_events(a, spec);
    else
        memcpy(a->data.test.values, a->inputs->values,
               a->n * a->data.info.features * sizeof *a->data.test.values);
}

static enum snn_code lay_out(struct asked *a, const struct snn_spec *spec,
                             const struct snn_data_info *info, struct snn_error *err)
{
    struct snn_work_size size = {.shard = a->n < SHARD ? a->n : SHARD};
    enum snn_code rc = snn_net_init(&a->net, &a->arena, spec, snn_net_input(spec, info), NULL, err);
    if (rc != SNN_OK)
        return rc;
    size.block = snn_work_block(&a->net, size.shard);
    snn_work_place(&a->work, &a->arena, &a->net, &size);
    a->index = snn_arena_take(&a->arena, a->n, sizeof *a->index);
    place_samples(a, info->features);
    if (a->arena.failed)
        return snn_fail(err, SNN_LIMIT,
                        "the arrays of %zu samples are larger than can be addressed", a->n);
    return SNN_OK;
}

static enum snn_code build(struct asked *a, const struct snn_spec *spec,
                           const struct snn_data_info *info, struct snn_error *err)
{
    enum snn_code rc = lay_out(a, spec, info, err);
    if (rc == SNN_OK && a->most > 0 && a->arena.used > a->most)
        return snn_fail(err, SNN_LIMIT,
                        "%zu samples need %zu bytes of memory, want at most %zu: ask of fewer at a "
                        "time",
                        a->n, a->arena.used, a->most);
    if (rc == SNN_OK && !snn_arena_build(&a->arena))
        rc = snn_fail(err, SNN_NOMEM, "no memory for %zu samples: %zu bytes", a->n, a->arena.used);
    if (rc == SNN_OK)
        rc = lay_out(a, spec, info, err);
    return rc;
}

static enum snn_code make_room(struct snn_predictions *p, const struct snn_net *net, size_t n,
                               struct snn_error *err)
{
    *p = (struct snn_predictions){.n = n, .classes = net->classes, .outputs = net->outputs};
    p->label = calloc(n, sizeof *p->label);
    p->scores = calloc(n, net->classes * sizeof *p->scores);
    if (net->layer[net->n_layers - 1].has_neuron)
        p->spikes = calloc(n, net->outputs * sizeof *p->spikes);
    if (p->label && p->scores && (p->spikes || !net->layer[net->n_layers - 1].has_neuron))
        return SNN_OK;
    snn_predictions_clear(p);
    return snn_fail(err, SNN_NOMEM, "no memory for the answers to %zu samples", n);
}

static void run(struct asked *a, const struct snn_model *model, struct snn_predictions *p)
{
    snn_net_prepare(&a->net, model->params);
    for (size_t from = 0; from < a->n; from += SHARD) {
        struct snn_shard shard = {.data = &a->data,
                                  .index = a->index + from,
                                  .n = a->n - from < SHARD ? a->n - from : SHARD,
                                  .test = true};
        struct snn_tally tally = {
            .answers = {.class = p->label + from, .scores = p->scores + from * p->classes}};
        if (p->spikes)
            tally.answers.spikes = p->spikes + from * p->outputs;
        snn_shard_run(&a->net, &a->work, model->params, NULL, &shard, &tally, NULL);
    }
}

enum snn_code snn_predict(struct snn_predictions *out, const struct snn_model *model,
                          const struct snn_spec *spec, const struct snn_data_info *data,
                          const struct snn_inputs *inputs, size_t most, struct snn_error *err)
{
    struct asked *a = calloc(1, sizeof *a);
    struct snn_predictions p = {0};
    enum snn_code rc;
    if (!a)
        return snn_fail(err, SNN_NOMEM, "no memory for a network");
    a->inputs = inputs;
    a->n = inputs->n;
    a->most = most;
    a->data.info = *data;
    a->data.info.test = a->data.test.count = inputs->n;
    rc = check_inputs(inputs, spec, data, err);
    if (rc == SNN_OK)
        rc = build(a, spec, data, err);
    if (rc == SNN_OK)
        rc = snn_model_fits(model, &a->net, err);
    if (rc == SNN_OK)
        rc = make_room(&p, &a->net, a->n, err);
    if (rc == SNN_OK) {
        fill_samples(a, spec);
        run(a, model, &p);
        *out = p;
    }
    snn_arena_free(&a->arena);
    free(a);
    return rc;
}

void snn_predictions_clear(struct snn_predictions *p)
{
    free(p->label);
    free(p->scores);
    free(p->spikes);
    *p = (struct snn_predictions){0};
}
