/* SPDX-License-Identifier: MIT */
#include "tests/core/layer/stack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/core/train/runs.h"
#include "tests/support/test.h"

#define EPOCH 2
#define TRAIN 7
#define CLASSES 2

static const uint32_t samples[STACK_SAMPLES] = {3, 0, 4, 1};
static uint32_t labels[TRAIN] = {0, 1, 1, 0, 1, 0, 1};

double stack_number(size_t i)
{
    const double x = (double)(i + 1) * 0.61803398874989485;
    return x - floor(x);
}

static void set_param(struct snn_choice *c, const char *name, double value)
{
    for (size_t i = 0; i < c->kind->n_params; i++)
        if (strcmp(c->kind->params[i].name, name) == 0) {
            c->value[i] = value;
            return;
        }
    fail_msg("%s has no parameter %s", c->kind->name, name);
}

static void describe(struct stack *s)
{
    const struct stack_case *c = &s->c;
    s->spec = c->spec ? *c->spec : snn_spec_default();
    if (c->spec)
        return;
    s->spec.seed = 23;
    s->spec.encoding = runs_choice(&snn_encoders, c->encoding ? c->encoding : "rate");
    s->spec.readout = runs_choice(&snn_readouts, c->readout ? c->readout : "membrane_mean");
    s->spec.time_steps = c->time_steps ? c->time_steps : 3;
    s->spec.rate_penalty = c->rate_penalty;
    s->spec.rate_below = s->spec.rate_above = 0.5;
    for (size_t k = 0; k < 6 && c->layer[k].kind; k++) {
        struct snn_layer_spec *l = &s->spec.layers[s->spec.n_layers++];
        (void)snprintf(l->name, sizeof l->name, "layer%zu", k + 1);
        l->kind = runs_choice(&snn_layers, c->layer[k].kind);
        l->neurons = c->layer[k].neurons;
        l->neuron = snn_neuron_spec_default();
        l->neuron.surrogate = runs_choice(&snn_surrogates, c->surrogate ? c->surrogate : "noisy");
        l->neuron.model.value[1] = 0.5;
        if (c->neuron)
            l->neuron = *c->neuron;
        for (size_t i = 0; i < 7 && c->layer[k].set[i].name; i++)
            set_param(&l->kind, c->layer[k].set[i].name, c->layer[k].set[i].value);
    }
}

static void lay_out(struct stack *s)
{
    const struct snn_work_size size = {.shard = STACK_SAMPLES,
                                       .block = s->c.block ? s->c.block : STACK_SAMPLES,
                                       .gradients = true,
                                       .record = s->c.records};
    const struct snn_net_options options = {.segment = s->c.segment};
    struct snn_error err = {0};

    for (int pass = 0; pass < 2; pass++) {
        if (snn_net_init(&s->net, &s->arena, &s->spec, s->c.in, &options, &err) != SNN_OK)
            fail_msg("%s", err.message);
        snn_work_place(&s->work, &s->arena, &s->net, &size);
        s->params = snn_arena_take(&s->arena, s->net.n_params, sizeof(real));
        s->grads = snn_arena_take(&s->arena, s->net.n_params, sizeof(real));
        if (pass == 0)
            assert_true(snn_arena_build(&s->arena));
    }
    assert_false(s->arena.failed);
}

void stack_build(struct stack *s, const struct stack_case *c)
{
    const size_t features = snn_shape_count(&c->in);

    *s = (struct stack){.c = *c};
    describe(s);
    lay_out(s);
    for (size_t i = 0; i < s->net.n_params; i++)
        s->params[i] = (real)(2.5 * stack_number(3 * i + c->variant) - 1);
    s->data = (struct snn_data){
        .info = {.train = TRAIN, .features = features, .rank = c->in.rank, .classes = CLASSES},
        .train = {.count = TRAIN, .rank = c->in.rank, .labels = labels}};
    memcpy(s->data.info.shape, c->in.size, sizeof c->in.size);
    memcpy(s->data.train.shape, c->in.size, sizeof c->in.size);
    s->data.train.values = calloc(TRAIN * features, sizeof(float));
    assert_non_null(s->data.train.values);
    for (size_t i = 0; i < TRAIN * features; i++)
        s->data.train.values[i] = (float)stack_number(7 * i);
    s->shard = (struct snn_shard){.data = &s->data,
                                  .index = samples,
                                  .n = STACK_SAMPLES,
                                  .training = !c->evaluates,
                                  .epoch = EPOCH,
                                  .scale = 1.0 / STACK_SAMPLES};
}

void stack_free(struct stack *s)
{
    free(s->data.train.values);
    snn_arena_free(&s->arena);
}

static double run(struct stack *s, real *grads)
{
    struct snn_tally tally = {0};
    snn_net_prepare(&s->net, s->params);
    snn_shard_run(&s->net, &s->work, s->params, grads, &s->shard, &tally, NULL);
    assert_int_equal(tally.samples, STACK_SAMPLES);
    return tally.loss / STACK_SAMPLES;
}

double stack_run(struct stack *s)
{
    for (size_t i = 0; i < s->net.n_params; i++)
        s->grads[i] = 0;
    return run(s, s->grads);
}

double stack_loss(struct stack *s)
{
    const bool penalised = s->spec.rate_penalty > 0; /* which the backward pass adds */
    return run(s, penalised ? s->grads : NULL);
}

/* From five points, in fourth order. */
double stack_difference(struct stack *s, size_t i, double h)
{
    const double middle = (double)s->params[i];
    double at[5];
    for (int k = 0; k < 5; k++) {
        s->params[i] = (real)(middle + (k - 2) * h);
        at[k] = k == 2 ? 0 : stack_loss(s);
    }
    s->params[i] = (real)middle;
    return (at[0] - 8 * at[1] + 8 * at[3] - at[4]) / (12 * h);
}

void stack_check_gradient(struct stack *s)
{
    const size_t n = s->net.n_params;
    double *want = calloc(n, sizeof *want);
    real *got = calloc(n, sizeof *got);
    assert_non_null(want);
    assert_non_null(got);
    /* a spike within the reset is a constant by default: here it is part of the function */
    for (size_t k = 0; k < s->net.n_layers; k++)
        s->net.layer[k].cell.detach_reset = false;
    stack_run(s);
    memcpy(got, s->grads, n * sizeof *got);
    for (size_t i = 0; i < n; i++)
        want[i] = stack_difference(s, i, 0x1p-13);
    for (size_t k = 0; k < s->net.n_tensors; k++) {
        const struct snn_tensor_place *t = snn_net_tensor(&s->net, k);
        char name[SNN_NAME_SIZE * 2];
        snn_net_tensor_name(&s->net, t, name);
        stack_compare(name, got + t->offset, want + t->offset, t->count);
    }
    free(got);
    free(want);
}

void stack_compare(const char *what, const real *got, const double *want, size_t n)
{
    const double tolerance = sizeof(real) == sizeof(double) ? 1e-7 : 1e-5;
    double most = 0, worst = 0;
    for (size_t i = 0; i < n; i++) {
        most = fmax(most, fabs(want[i]));
        worst = fmax(worst, isfinite(got[i]) ? fabs((double)got[i] - want[i]) : HUGE_VAL);
    }
    if (n == 0 || most == 0 || worst > tolerance * most)
        fail_msg("%s: %zu numbers, off by %g of at most %g", what, n, worst, most);
}
