/* SPDX-License-Identifier: MIT */
/* snntorch_lif.json's networks: Linear, Leaky, Linear, Leaky, ... as a job's net of dense layers,
 * with beta and threshold learned as they are. */
#include <stdio.h>
#include <string.h>

#include "core/train/pass.h"
#include "tests/reference/network.h"
#include "tests/reference/snntorch.h"

struct net {
    const json_t *set;
    struct ref_array x, labels;
    size_t T, B, in, n_layers;
    struct snn_spec spec;
    struct snn_net net;
    struct snn_work work;
    struct snn_arena arena;
    real *params, *grads;
};

/* The file's names of a tensor: its values, its gradient. */
static const struct {
    const char *role, *values, *gradient;
} tensors[] = {
    {"weight", "W", "dL_dW"},
    {"bias", "b", "dL_db"},
    {"beta", NULL, "dL_dbeta"},
    {"threshold", NULL, "dL_dthreshold"},
};

static size_t row_of(const struct snn_tensor_place *t)
{
    size_t row = 0;

    while (row + 1 < sizeof tensors / sizeof *tensors && strcmp(tensors[row].role, t->role) != 0)
        row++;
    return row;
}

static void set(struct snn_choice *choice, const char *name, double value)
{
    for (size_t i = 0; i < choice->kind->n_params; i++)
        if (strcmp(choice->kind->params[i].name, name) == 0)
            choice->value[i] = value;
}

static bool describe_layer(struct ref_case *c, struct net *k, size_t i)
{
    const json_t *sizes = json_object_get(c->parameters, "sizes");
    struct snn_layer_spec *l = &k->spec.layers[i];
    const double units = json_number_value(json_array_get(sizes, i + 1));

    (void)snprintf(l->name, sizeof l->name, "layer%zu", i + 1);
    l->kind = snn_choice_of(snn_registry_find(&snn_layers, "dense"));
    if (!(units >= 1 && units <= 1e6) || !ref_snntorch_neuron(c, &l->neuron, "leaky")) {
        ref_fail(c, "layer %zu has no such units or neurons", i + 1);
        return false;
    }
    l->kind.value[0] = units;
    set(&l->neuron.model, "beta", ref_number(c, c->parameters, "beta"));
    set(&l->neuron.model, "threshold", ref_number(c, c->parameters, "threshold"));
    set(&l->neuron.model, "reset_delay", ref_number(c, c->parameters, "reset_delay"));
    l->neuron.learn[SNN_LEARN_beta] = l->neuron.learn[SNN_LEARN_threshold] = SNN_PER_LAYER;
    return !c->failed;
}

static bool describe(struct ref_case *c, struct net *k)
{
    k->set = json_object_get(c->shared, "network");
    if (!ref_any_array(c, &k->x, k->set, "x") || !ref_any_array(c, &k->labels, k->set, "labels"))
        return false;
    k->n_layers = json_array_size(json_object_get(c->parameters, "sizes"));
    k->n_layers -= k->n_layers > 0;
    if (k->x.rank != 3 || k->x.count == 0 || k->labels.count != k->x.shape[1] || k->n_layers < 1 ||
        k->n_layers > SNN_MAX_LAYERS) {
        ref_fail(c, "want x [T, B, n], a label for each of B, and the sizes of the layers");
        return false;
    }
    k->T = k->x.shape[0];
    k->B = k->x.shape[1];
    k->in = k->x.shape[2];
    k->spec = snn_spec_default();
    k->spec.encoding = snn_choice_of(snn_registry_find(&snn_encoders, "rate")); /* not static */
    k->spec.time_steps = k->T;
    k->spec.n_layers = k->n_layers;
    for (size_t i = 0; i < k->n_layers; i++)
        if (!describe_layer(c, k, i))
            return false;
    if (strcmp(ref_text(c, c->parameters, "loss"), "ce_mean_sum") == 0)
        ref_fail(c, "a network's loss is the mean over the batch, not the sum");
    return !c->failed && ref_choose_loss(c, &k->spec.readout, &k->spec.loss);
}

/* Once to measure, once to place. */
static bool lay_out(struct ref_case *c, struct net *k)
{
    const struct snn_net_options options = {.spikede = true}; /* constants as they are */
    const struct snn_work_size size = {
        .shard = k->B, .block = k->B, .gradients = true, .record = true};
    struct snn_error err = {0};

    for (int pass = 0; pass < 2; pass++) {
        if (snn_net_init(&k->net, &k->arena, &k->spec, snn_shape_flat(k->in), &options, &err) !=
            SNN_OK) {
            ref_fail(c, "%s", err.message);
            return false;
        }
        snn_work_place(&k->work, &k->arena, &k->net, &size);
        k->params = snn_arena_take(&k->arena, k->net.n_params, sizeof(real));
        k->grads = snn_arena_take(&k->arena, k->net.n_params, sizeof(real));
        if (pass == 0 && !snn_arena_build(&k->arena)) {
            ref_fail(c, "no memory for the network");
            return false;
        }
    }
    return true;
}

static void load(struct ref_case *c, struct net *k)
{
    const double *x = ref_transposed(c, k->x.data, k->T, k->B, k->in);

    snn_net_initialise(&k->net, k->params);
    for (size_t i = 0; i < k->net.n_tensors; i++) {
        const struct snn_tensor_place *t = snn_net_tensor(&k->net, i);
        const char *name = tensors[row_of(t)].values;
        struct ref_array values;
        char key[32];

        if (!name || !ref_array(c, &values, k->set, ref_numbered(key, name, t->layer), t->count))
            continue;
        for (size_t j = 0; j < t->count; j++)
            k->params[t->offset + j] = (real)values.data[j];
    }
    snn_net_prepare(&k->net, k->params);
    for (size_t i = 0; i < k->x.count; i++)
        k->work.input[i] = (real)x[i];
}

static void compare_layer(struct ref_case *c, struct net *k, size_t i)
{
    const struct snn_layer *l = &k->net.layer[i];
    const struct snn_layer_work *w = &k->work.layer[i];
    const size_t n = l->out, size = k->T * n, count = k->B * size;
    real *mem = ref_take(&c->pool, count, sizeof *mem);
    char key[32];

    for (size_t b = 0; b < k->B; b++) {
        const struct snn_cell_trace trace = {
            .x = w->x + b * size, .s = w->s + b * size, .v = w->v + b * size};
        for (size_t t = 0; t < k->T; t++)
            snn_cell_membrane(&l->cell, &trace, t, mem + b * size + t * n);
    }
    ref_compare(c, ref_numbered(key, "spk", i),
                ref_transposed(c, ref_doubles(c, w->s, count), k->B, k->T, n), count, REF_EXACT);
    ref_compare(c, ref_numbered(key, "mem", i),
                ref_transposed(c, ref_doubles(c, mem, count), k->B, k->T, n), count, REF_NEAR);
}

static void run(struct ref_case *c, struct net *k)
{
    const struct snn_block block = {.n = k->B, .training = true, .backward = true};
    uint32_t *labels = ref_take(&c->pool, k->B, sizeof *labels);
    struct snn_tally tally = {0};

    for (size_t b = 0; b < k->B; b++) {
        if (!(k->labels.data[b] >= 0 && k->labels.data[b] < (double)k->net.classes)) {
            ref_fail(c, "a label is %g, want a class", k->labels.data[b]);
            return;
        }
        labels[b] = (uint32_t)k->labels.data[b];
    }
    snn_block_forward(&k->net, &k->work, k->params, &block);
    for (size_t i = 0; i < k->n_layers; i++)
        compare_layer(c, k, i);
    snn_block_loss(&k->net, &k->work, &block, labels, 1 / (double)k->B, &tally);
    ref_compare(c, "loss", &(double){tally.loss / (double)k->B}, 1, REF_NEAR);
    snn_block_backward(&k->net, &k->work, k->params, k->grads, &block, 1 / (double)k->B, &tally,
                       NULL);
    snn_shard_settle(&k->net, &k->work, k->grads);
    for (size_t i = 0; i < k->net.n_tensors; i++) {
        const struct snn_tensor_place *t = snn_net_tensor(&k->net, i);
        char key[32];

        ref_compare(c, ref_numbered(key, tensors[row_of(t)].gradient, t->layer),
                    ref_doubles(c, k->grads + t->offset, t->count), t->count, REF_NEAR);
    }
    ref_compare(c, "dL_dx",
                ref_transposed(c, ref_doubles(c, k->work.d_input, k->x.count), k->B, k->T, k->in),
                k->x.count, REF_NEAR);
}

void ref_run_snntorch_net(struct ref_case *c)
{
    struct net *k = ref_take(&c->pool, 1, sizeof *k);

    if (strcmp(ref_text(c, c->parameters, "cell"), "Leaky network") != 0)
        ref_fail(c, "a network of %s is not known", ref_text(c, c->parameters, "cell"));
    else if (describe(c, k) && lay_out(c, k)) {
        load(c, k);
        if (!c->failed)
            run(c, k);
    }
    snn_arena_free(&k->arena);
}
