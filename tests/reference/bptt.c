/* SPDX-License-Identifier: MIT */
/* bptt_dense.json: dense networks, loss and gradients. The file's arrays are [T, B, n], the core's
 * [B, T, n]. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/train/pass.h"
#include "tests/reference/neurons.h"

struct network {
    size_t T, B, n_layers, in;
    const json_t *set; /* x, labels, W1, b1, ... */
    struct ref_neuron neuron[SNN_MAX_LAYERS];
    double *dt;   /* [T] */
    double *leak; /* [T]: share 1 - r of sample k-1 in the input of step k; 0 where x[k] itself is
                     used */
    double *x;    /* [B, T, in], as the network sees it */
    uint32_t *labels; /* [B] */
    struct snn_spec spec;
    struct snn_net net;
    struct snn_work work;
    struct snn_arena arena;
    real *params, *grads;
    real *noise[SNN_MAX_LAYERS]; /* [B, T, n] of soft layers */
    double *v[SNN_MAX_LAYERS];   /* [T+1, B, n] */
};

/* "W" and 1 give "W1". */
static const char *numbered(char text[32], const char *name, size_t layer)
{
    (void)snprintf(text, 32, "%s%zu", name, layer + 1);
    return text;
}

/* [T, B, n] of the file to [B, T, n] of the core, or back with the sizes exchanged. */
static double *transposed(struct ref_case *c, const double *from, size_t rows, size_t columns,
                          size_t n)
{
    double *to = ref_take(&c->pool, rows * columns * n, sizeof *to);

    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            memcpy(to + (j * rows + i) * n, from + (i * columns + j) * n, n * sizeof *to);
    return to;
}

/* ------------------------------------------------------------------------------ reading -- */

static bool read_layers(struct ref_case *c, struct network *w)
{
    const json_t *layers = json_object_get(c->parameters, "layers");

    w->n_layers = json_array_size(layers);
    if (w->n_layers < 1 || w->n_layers > SNN_MAX_LAYERS) {
        ref_fail(c, "has %zu layers, want 1 to %d", w->n_layers, SNN_MAX_LAYERS);
        return false;
    }
    for (size_t i = 0; i < w->n_layers; i++)
        if (!ref_neuron_of(c, &w->neuron[i], json_array_get(layers, i)))
            return false;
    return true;
}

/* What the core computes is Euler steps of a rate of change, and unit steps of a neuron that
 * returns its next state; spikeDE's integrators can also be given the wrong kind. */
static bool check_integrator(struct ref_case *c, const struct network *w)
{
    const char *integrator = ref_text(c, c->parameters, "integrator");
    bool memory = strcmp(integrator, "odeint_mem") == 0;

    if (!memory && strcmp(integrator, "odeint") != 0)
        ref_fail(c, "integrator %s is not known", integrator);
    if (!memory && strcmp(ref_text(c, c->parameters, "method"), "euler") != 0)
        ref_fail(c, "method %s is not known", ref_text(c, c->parameters, "method"));
    for (size_t i = 0; i < w->n_layers; i++)
        if (w->neuron[i].order_one != memory)
            ref_fail(c, "the neuron of layer %zu is not made for integrator %s", i + 1, integrator);
    return !c->failed;
}

/* spikeDE's step for a single sample, which has no spacing: the option step_size. */
static double single_step(struct ref_case *c)
{
    const json_t *p = c->parameters, *time = json_object_get(p, "time");
    double spacing = ref_number_or(c, time, "dt", 0.1); /* 0.1: its default */

    spacing = ref_number_or(c, time, "step_size", spacing);
    spacing = ref_number_or(c, json_object_get(p, "options"), "step_size", spacing);
    return ref_number_or(c, p, "step_size", spacing);
}

/* dt_k = t[k+1] - t[k], the last as long as the first; and what linear interpolation takes from
 * x[k-1]. */
static bool read_grid(struct ref_case *c, struct network *w)
{
    const char *how = ref_text(c, c->parameters, "interpolation");
    bool linear = strcmp(how, "linear") == 0;
    struct ref_array t;

    if (!linear && strcmp(how, "nearest") != 0)
        ref_fail(c, "interpolation %s is not known", how);
    if (c->failed || !ref_any_array(c, &t, c->inputs, "x_time"))
        return false;
    if (t.count < w->T) {
        ref_fail(c, "x_time has %zu entries, want %zu", t.count, w->T);
        return false;
    }
    w->dt = ref_take(&c->pool, w->T, sizeof *w->dt);
    w->leak = ref_take(&c->pool, w->T, sizeof *w->leak);
    for (size_t k = 0; k + 1 < w->T; k++)
        w->dt[k] = t.data[k + 1] - t.data[k];
    /* The appended point is a sum first: t + (t1 - t0) - t is not always t1 - t0. */
    double first = w->T > 1 ? w->dt[0] : single_step(c), last = t.data[w->T - 1];
    w->dt[w->T - 1] = last + first - last;
    for (size_t k = 1; linear && k + 1 < w->T; k++)
        w->leak[k] = 1 - w->dt[k - 1] / (w->dt[k - 1] + 1e-10);
    for (size_t k = 0; w->neuron[0].order_one && k < w->T; k++)
        w->dt[k] = 1;
    return !c->failed;
}

static bool read_input(struct ref_case *c, struct network *w)
{
    const char *name = ref_text(c, c->parameters, "input_set");
    struct ref_array x, labels;

    w->set = json_object_get(c->shared, name);
    if (!ref_any_array(c, &x, w->set, "x") || !ref_any_array(c, &labels, w->set, "labels"))
        return false;
    if (x.rank != 3 || x.count == 0 || labels.count != x.shape[1]) {
        ref_fail(c, "x is not [T, B, n] with a label for each of B");
        return false;
    }
    w->T = x.shape[0];
    w->B = x.shape[1];
    w->in = x.shape[2];
    if (!read_grid(c, w))
        return false;
    const size_t row = w->B * w->in;
    double *seen = ref_take(&c->pool, x.count, sizeof *seen);
    for (size_t k = 0; k < w->T; k++)
        for (size_t i = 0; i < row; i++) {
            double now = x.data[k * row + i], before = k ? x.data[(k - 1) * row + i] : 0;
            bool exact = w->leak[k] == 0;
            seen[k * row + i] = exact ? now : before + (1 - w->leak[k]) * (now - before);
        }
    w->x = transposed(c, seen, w->T, w->B, w->in);
    w->labels = ref_take(&c->pool, w->B, sizeof *w->labels);
    for (size_t b = 0; b < w->B; b++) {
        if (!(labels.data[b] >= 0 && labels.data[b] <= UINT32_MAX))
            ref_fail(c, "a label is %g, want a class", labels.data[b]);
        else
            w->labels[b] = (uint32_t)labels.data[b];
    }
    return !c->failed;
}

/* ----------------------------------------------------------------------------- building -- */

static bool describe(struct ref_case *c, struct network *w)
{
    const struct snn_kind *dense = snn_registry_find(&snn_layers, "dense");
    size_t in = w->in;

    w->spec = snn_spec_default();
    w->spec.encoding = snn_choice_of(snn_registry_find(&snn_encoders, "rate")); /* not static */
    w->spec.readout = snn_choice_of(snn_registry_find(&snn_readouts, "spike_mean"));
    w->spec.time_steps = w->T;
    w->spec.n_layers = w->n_layers;
    for (size_t i = 0; i < w->n_layers; i++) {
        struct snn_layer_spec *l = &w->spec.layers[i];
        struct ref_array weight;
        char name[32];

        if (!ref_any_array(c, &weight, w->set, numbered(name, "W", i)))
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
static bool lay_out(struct ref_case *c, struct network *w)
{
    struct snn_net_options options = {.steps = w->dt};
    struct snn_work_size size = {.shard = w->B, .block = w->B, .gradients = true, .record = true};
    struct snn_error err = {0};

    for (size_t i = 0; i < w->n_layers; i++)
        options.learns_tau[i] = w->neuron[i].learns_tau;
    for (int pass = 0; pass < 2; pass++) {
        if (snn_net_init(&w->net, &w->arena, &w->spec, w->in, &options, &err) != SNN_OK) {
            ref_fail(c, "%s", err.message);
            return false;
        }
        snn_work_place(&w->work, &w->arena, &w->net, &size);
        w->params = snn_arena_take(&w->arena, w->net.n_params, sizeof(real));
        w->grads = snn_arena_take(&w->arena, w->net.n_params, sizeof(real));
        if (pass == 0 && !snn_arena_build(&w->arena)) {
            ref_fail(c, "no memory for the network");
            return false;
        }
    }
    if (w->arena.failed)
        ref_fail(c, "the network took more memory than it had measured");
    return !c->failed;
}

/* The file's name of a tensor of the core. */
static const struct {
    const char *role, *name, *gradient;
} tensors[] = {{"weight", "W", "dL_dW"}, {"bias", "b", "dL_db"}, {"tau", NULL, "dL_dtau_param"}};
#define TENSORS (sizeof tensors / sizeof tensors[0])

static size_t tensor_row(const struct snn_tensor_place *t)
{
    size_t row = 0;

    while (row + 1 < TENSORS && strcmp(tensors[row].role, t->role) != 0)
        row++;
    return row;
}

static void load_parameters(struct ref_case *c, struct network *w)
{
    for (size_t i = 0; i < w->net.n_tensors; i++) {
        const struct snn_tensor_place *t = snn_net_tensor(&w->net, i);
        const char *kind = tensors[tensor_row(t)].name;
        struct ref_array values = {.data = &w->neuron[t->layer].tau_param};
        char name[32];

        if (kind && !ref_array(c, &values, w->set, numbered(name, kind, t->layer), t->count))
            continue;
        for (size_t k = 0; k < t->count; k++)
            w->params[t->offset + k] = (real)values.data[k];
    }
    for (size_t i = 0; i < w->n_layers; i++) {
        const size_t n = w->net.layer[i].out, count = w->B * w->T * n;
        struct ref_array u;
        char name[32];

        if (!w->neuron[i].soft)
            continue;
        w->noise[i] = ref_take(&c->pool, count, sizeof *w->noise[i]);
        if (!w->neuron[i].mean_field && ref_array(c, &u, c->inputs, numbered(name, "u", i), count))
            ref_noise(w->noise[i], transposed(c, u.data, w->T, w->B, n), count);
    }
}

/* ------------------------------------------------------------------------------ running -- */

static struct snn_block block_of(size_t n)
{
    return (struct snn_block){.first = 0, .n = n, .training = true, .backward = true};
}

/* Samples first .. first+n-1 into the block's places, and forward. */
static void forward(struct network *w, size_t first, size_t n)
{
    const struct snn_block block = block_of(n);
    const size_t size = w->T * w->in;

    for (size_t i = 0; i < n * size; i++)
        w->work.input[i] = (real)w->x[first * size + i];
    for (size_t i = 0; i < w->n_layers; i++) {
        const size_t steps = w->T * w->net.layer[i].out;
        if (w->noise[i])
            memcpy(w->work.layer[i].s, w->noise[i] + first * steps,
                   n * steps * sizeof *w->noise[i]);
    }
    snn_block_forward(&w->net, &w->work, w->params, &block);
}

/* The state after the last step is kept for a block's last sample only: so each sample once by
 * itself. */
static void record_membranes(struct ref_case *c, struct network *w)
{
    for (size_t i = 0; i < w->n_layers; i++)
        w->v[i] = ref_take(&c->pool, (w->T + 1) * w->B * w->net.layer[i].out, sizeof *w->v[i]);
    for (size_t b = 0; b < w->B; b++) {
        forward(w, b, 1);
        for (size_t i = 0; i < w->n_layers; i++) {
            const size_t n = w->net.layer[i].out;
            const struct snn_layer_work *l = &w->work.layer[i];

            for (size_t t = 0; t <= w->T; t++)
                for (size_t k = 0; k < n; k++)
                    w->v[i][(t * w->B + b) * n + k] =
                        (double)(t < w->T ? l->v[t * n + k] : l->state[k]);
        }
    }
}

static void compare_layer(struct ref_case *c, struct network *w, size_t i)
{
    const struct snn_layer_work *l = &w->work.layer[i];
    const size_t n = w->net.layer[i].out, count = w->B * w->T * n;
    char name[32];

    ref_compare(c, numbered(name, "spike", i),
                transposed(c, ref_doubles(c, l->s, count), w->B, w->T, n), count,
                w->neuron[i].soft ? REF_NEAR : REF_EXACT);
    ref_compare(c, numbered(name, "current", i),
                transposed(c, ref_doubles(c, l->current, count), w->B, w->T, n), count, REF_NEAR);
    ref_compare(c, numbered(name, "v", i), w->v[i], count + w->B * n, REF_NEAR);
    ref_compare(c, numbered(name, "tau_effective", i), &w->neuron[i].tau, 1, REF_NEAR);
}

static void compare_loss(struct ref_case *c, struct network *w)
{
    const struct snn_block block = block_of(w->B);
    const size_t classes = w->net.classes;
    struct snn_tally tally = {0};
    double steps = (double)w->T;

    snn_block_loss(&w->net, &w->work, &block, w->labels, 1 / (double)w->B, &tally);
    double loss = tally.loss / (double)w->B;
    real *logits = ref_take(&c->pool, w->B * classes, sizeof *logits);
    for (size_t b = 0; b < w->B; b++)
        snn_readout_of(&w->net.readout)
            ->forward(logits + b * classes, w->work.layer[w->n_layers - 1].s + b * w->T * classes,
                      w->T, classes);
    ref_compare(c, "n_steps", &steps, 1, REF_EXACT);
    ref_compare(c, "loss", &loss, 1, REF_NEAR);
    ref_compare(c, "logits", ref_doubles(c, logits, w->B * classes), w->B * classes, REF_NEAR);
}

static void compare_gradients(struct ref_case *c, struct network *w)
{
    const struct snn_block block = block_of(w->B);
    const size_t row = w->B * w->in, count = w->T * row;

    snn_block_backward(&w->net, &w->work, w->params, w->grads, &block, NULL);
    for (size_t i = 0; i < w->net.n_tensors; i++) {
        const struct snn_tensor_place *t = snn_net_tensor(&w->net, i);
        char name[32];

        ref_compare(c, numbered(name, tensors[tensor_row(t)].gradient, t->layer),
                    ref_doubles(c, w->grads + t->offset, t->count), t->count, REF_NEAR);
    }
    /* From the input the network saw back to x: step k took 1 - leak of x[k] and leak of x[k-1]. */
    double *seen = transposed(c, ref_doubles(c, w->work.d_input, count), w->B, w->T, w->in);
    double *dx = ref_take(&c->pool, count, sizeof *dx);
    for (size_t k = 0; k < w->T; k++)
        for (size_t i = 0; i < row; i++) {
            double after = k + 1 < w->T ? w->leak[k + 1] * seen[(k + 1) * row + i] : 0;
            dx[k * row + i] = (1 - w->leak[k]) * seen[k * row + i] + after;
        }
    ref_compare(c, "dL_dx", dx, count, REF_NEAR);
}

void ref_run_bptt(struct ref_case *c)
{
    struct network *w = ref_take(&c->pool, 1, sizeof *w);

    if (!read_layers(c, w) || !check_integrator(c, w) || !read_input(c, w) || !describe(c, w))
        return;
    if (lay_out(c, w))
        load_parameters(c, w);
    if (!c->failed) {
        record_membranes(c, w);
        forward(w, 0, w->B);
        for (size_t i = 0; i < w->n_layers; i++)
            compare_layer(c, w, i);
        compare_loss(c, w);
        compare_gradients(c, w);
    }
    snn_arena_free(&w->arena);
}
