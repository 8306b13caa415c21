/* SPDX-License-Identifier: MIT */
/* Running a network through the core, and comparing what comes of it. The file's arrays are
 * [T, B, n], the core's [B, T, n]. */
#include <stdio.h>
#include <string.h>

#include "core/train/pass.h"
#include "tests/reference/network.h"

struct run {
    const struct ref_network *w;
    struct snn_spec spec;
    struct snn_net net;
    struct snn_work work;
    struct snn_arena arena;
    real *params, *grads;
    real *noise[SNN_MAX_LAYERS]; /* [B, T, n] of soft layers */
};

/* ----------------------------------------------------------------------------- building -- */

static bool describe(struct ref_case *c, struct run *r)
{
    const struct ref_network *w = r->w;
    const struct snn_kind *dense = snn_registry_find(&snn_layers, "dense");
    size_t in = w->in;

    r->spec = snn_spec_default();
    r->spec.encoding = snn_choice_of(snn_registry_find(&snn_encoders, "rate")); /* not static */
    r->spec.readout = snn_choice_of(snn_registry_find(&snn_readouts, "spike_mean"));
    r->spec.time_steps = w->T;
    r->spec.n_layers = w->n_layers;
    for (size_t i = 0; i < w->n_layers; i++) {
        struct snn_layer_spec *l = &r->spec.layers[i];
        struct ref_array weight;
        char name[32];

        if (!ref_any_array(c, &weight, w->set, ref_numbered(name, "W", i)))
            return false;
        if (weight.rank != 2 || weight.shape[1] != in || weight.shape[0] == 0) {
            ref_fail(c, "%s is not [n_out, %zu]", name, in);
            return false;
        }
        (void)snprintf(l->name, sizeof l->name, "layer%zu", i + 1);
        l->kind = snn_choice_of(dense);
        l->kind.value[0] = (double)weight.shape[0];
        l->neuron = w->neuron[i].spec;
        in = weight.shape[0];
    }
    for (size_t b = 0; b < w->B; b++)
        if (w->labels[b] >= in)
            ref_fail(c, "a label is %u, want less than %zu", w->labels[b], in);
    return !c->failed;
}

/* Once to measure, once to place. */
static bool lay_out(struct ref_case *c, struct run *r)
{
    const struct ref_network *w = r->w;
    const struct snn_net_options options = {.spikede = true, .steps = w->dt};
    struct snn_work_size size = {.shard = w->B, .block = w->B, .gradients = true, .record = true};
    struct snn_error err = {0};

    for (int pass = 0; pass < 2; pass++) {
        if (snn_net_init(&r->net, &r->arena, &r->spec, snn_shape_flat(w->in), &options, &err) !=
            SNN_OK) {
            ref_fail(c, "%s", err.message);
            return false;
        }
        snn_work_place(&r->work, &r->arena, &r->net, &size);
        r->params = snn_arena_take(&r->arena, r->net.n_params, sizeof(real));
        r->grads = snn_arena_take(&r->arena, r->net.n_params, sizeof(real));
        if (pass == 0 && !snn_arena_build(&r->arena)) {
            ref_fail(c, "no memory for the network");
            return false;
        }
    }
    if (r->arena.failed)
        ref_fail(c, "the network took more memory than it had measured");
    return !c->failed;
}

/* The file's name of a tensor of the core: its values, NULL where they are of the neuron. */
static const struct {
    const char *role, *name, *gradient;
} tensors[] = {
    {"weight", "W", "dL_dW"},
    {"bias", "b", "dL_db"},
    {"tau", NULL, "dL_dtau_param"},
    {"alpha", NULL, "dL_dalpha"},
    {"coefficients", NULL, "dL_dcoefficient"},
};
#define TENSORS (sizeof tensors / sizeof tensors[0])

static size_t tensor_row(const struct snn_tensor_place *t)
{
    size_t row = 0;

    while (row + 1 < TENSORS && strcmp(tensors[row].role, t->role) != 0)
        row++;
    return row;
}

static void load_parameters(struct ref_case *c, struct run *r)
{
    const struct ref_network *w = r->w;

    snn_net_initialise(&r->net, r->params);
    for (size_t i = 0; i < r->net.n_tensors; i++) {
        const struct snn_tensor_place *t = snn_net_tensor(&r->net, i);
        const char *kind = tensors[tensor_row(t)].name;
        struct ref_array values;
        char name[32];

        if (strcmp(t->role, "tau") == 0)
            r->params[t->offset] = (real)w->neuron[t->layer].tau_param;
        if (!kind || !ref_array(c, &values, w->set, ref_numbered(name, kind, t->layer), t->count))
            continue;
        for (size_t k = 0; k < t->count; k++)
            r->params[t->offset + k] = (real)values.data[k];
    }
    snn_net_prepare(&r->net, r->params);
}

static void load_noise(struct ref_case *c, struct run *r)
{
    const struct ref_network *w = r->w;

    for (size_t i = 0; i < w->n_layers; i++) {
        const size_t n = r->net.layer[i].out, count = w->B * w->T * n;
        struct ref_array u;
        char name[32];

        if (!w->neuron[i].soft)
            continue;
        r->noise[i] = ref_take(&c->pool, count, sizeof *r->noise[i]);
        if (!w->neuron[i].mean_field &&
            ref_array(c, &u, c->inputs, ref_numbered(name, "u", i), count))
            ref_noise(r->noise[i], ref_transposed(c, u.data, w->T, w->B, n), count);
    }
}

/* ------------------------------------------------------------------------------ running -- */

static struct snn_block block_of(size_t n)
{
    return (struct snn_block){.first = 0, .n = n, .training = true, .backward = true};
}

static void forward(struct run *r)
{
    const struct ref_network *w = r->w;
    const struct snn_block block = block_of(w->B);

    for (size_t i = 0; i < w->B * w->T * w->in; i++)
        r->work.input[i] = (real)w->x[i];
    for (size_t i = 0; i < w->n_layers; i++)
        if (r->noise[i])
            memcpy(r->work.layer[i].s, r->noise[i],
                   w->B * w->T * r->net.layer[i].out * sizeof *r->noise[i]);
    snn_block_forward(&r->net, &r->work, r->params, &block);
}

/* [T+1, B, n]: before each step, and after the last. */
static double *membranes(struct ref_case *c, const struct run *r, size_t i)
{
    const struct ref_network *w = r->w;
    const struct snn_layer_work *l = &r->work.layer[i];
    const size_t n = r->net.layer[i].out, row = w->B * n;
    double *v = ref_take(&c->pool, (w->T + 1) * row, sizeof *v);

    memcpy(v, ref_transposed(c, ref_doubles(c, l->v, w->T * row), w->B, w->T, n),
           w->T * row * sizeof *v);
    memcpy(v + w->T * row, ref_doubles(c, l->state, row), row * sizeof *v);
    return v;
}

static void compare_layer(struct ref_case *c, struct run *r, size_t i)
{
    const struct ref_network *w = r->w;
    const struct snn_layer_work *l = &r->work.layer[i];
    const size_t n = r->net.layer[i].out, count = w->B * w->T * n;
    char name[32];

    ref_compare(c, ref_numbered(name, "spike", i),
                ref_transposed(c, ref_doubles(c, l->s, count), w->B, w->T, n), count,
                w->neuron[i].soft ? REF_NEAR : REF_EXACT);
    ref_compare(c, ref_numbered(name, "current", i),
                ref_transposed(c, ref_doubles(c, l->current, count), w->B, w->T, n), count,
                REF_NEAR);
    ref_compare(c, ref_numbered(name, "v", i), membranes(c, r, i), count + w->B * n, REF_NEAR);
    double tau = 1 / (double)r->net.layer[i].cell.r[0];
    ref_compare(c, ref_numbered(name, "tau_effective", i), &tau, 1, REF_NEAR);
}

static void compare_loss(struct ref_case *c, struct run *r)
{
    const struct ref_network *w = r->w;
    const struct snn_block block = block_of(w->B);
    const size_t classes = r->net.classes;
    struct snn_tally tally = {0};
    double steps = (double)w->T;

    snn_block_loss(&r->net, &r->work, &block, w->labels, 1 / (double)w->B, &tally);
    double loss = tally.loss / (double)w->B;
    real *logits = ref_take(&c->pool, w->B * classes, sizeof *logits);
    for (size_t b = 0; b < w->B; b++)
        snn_readout_of(&r->net.readout)
            ->forward(logits + b * classes, r->work.layer[w->n_layers - 1].s + b * w->T * classes,
                      w->T, classes);
    ref_compare(c, "n_steps", &steps, 1, REF_EXACT);
    ref_compare(c, "loss", &loss, 1, REF_NEAR);
    ref_compare(c, "logits", ref_doubles(c, logits, w->B * classes), w->B * classes, REF_NEAR);
}

static void compare_gradients(struct ref_case *c, struct run *r)
{
    const struct ref_network *w = r->w;
    const struct snn_block block = block_of(w->B);
    const size_t row = w->B * w->in, count = w->T * row;

    struct snn_tally tally = {0};

    snn_block_backward(&r->net, &r->work, r->params, r->grads, &block, 1 / (double)w->B, &tally,
                       NULL);
    snn_shard_settle(&r->net, &r->work, r->grads);
    for (size_t i = 0; i < r->net.n_tensors; i++) {
        const struct snn_tensor_place *t = snn_net_tensor(&r->net, i);
        char name[32];

        ref_compare(c, ref_numbered(name, tensors[tensor_row(t)].gradient, t->layer),
                    ref_doubles(c, r->grads + t->offset, t->count), t->count, REF_NEAR);
    }
    /* From the input the network saw back to x: step k took 1 - leak of x[k] and leak of x[k-1]. */
    double *seen = ref_transposed(c, ref_doubles(c, r->work.d_input, count), w->B, w->T, w->in);
    double *dx = ref_take(&c->pool, count, sizeof *dx);
    for (size_t k = 0; k < w->T; k++)
        for (size_t i = 0; i < row; i++) {
            double after = k + 1 < w->T ? w->leak[k + 1] * seen[(k + 1) * row + i] : 0;
            dx[k * row + i] = (1 - w->leak[k]) * seen[k * row + i] + after;
        }
    ref_compare(c, "dL_dx", dx, count, REF_NEAR);
}

void ref_network_run(struct ref_case *c, const struct ref_network *w)
{
    struct run *r = ref_take(&c->pool, 1, sizeof *r);

    r->w = w;
    if (!describe(c, r))
        return;
    if (lay_out(c, r)) {
        load_parameters(c, r);
        load_noise(c, r);
    }
    if (!c->failed) {
        forward(r);
        for (size_t i = 0; i < w->n_layers; i++)
            compare_layer(c, r, i);
        compare_loss(c, r);
        compare_gradients(c, r);
    }
    snn_arena_free(&r->arena);
}
