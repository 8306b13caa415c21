/* SPDX-License-Identifier: MIT */
/* Layers as nodes, one after the other. */
#include <stdlib.h>
#include <string.h>

#include "core/nir/hdf5.h"
#include "core/nir/nir.h"

/* Synapses and neurons of every layer, Input and Output. */
#define MOST_NODES (2 * SNN_MAX_LAYERS + 2)

struct graph {
    struct snn_tree tree;
    hid_t nodes;
    const char *edge[MOST_NODES][2];
    char name[MOST_NODES][SNN_NAME_SIZE + 16];
    size_t n; /* nodes so far */
    const struct snn_net *net;
    const struct snn_spec *spec;
    const struct snn_model *model;
    float *values; /* [widest] */
};

/* A node behind the last one. */
static hid_t add(struct graph *g, const char *name, const char *tail)
{
    (void)snprintf(g->name[g->n], sizeof g->name[0], "%s%s", name, tail);
    if (g->n > 0) {
        g->edge[g->n - 1][0] = g->name[g->n - 1];
        g->edge[g->n - 1][1] = g->name[g->n];
    }
    return snn_tree_enter(&g->tree, g->nodes, g->name[g->n++]);
}

static const struct snn_tensor *tensor_of(const struct graph *g, size_t layer, const char *role)
{
    for (size_t i = 0; i < snn_model_count(g->model); i++) {
        const struct snn_tensor *t = snn_model_tensor(g->model, i);
        if (t->layer == layer && strcmp(t->role, role) == 0)
            return t;
    }
    return NULL;
}

static void put_tensor(struct graph *g, hid_t node, size_t layer, const char *role,
                       const char *name)
{
    const struct snn_tensor *t = tensor_of(g, layer, role);
    if (t)
        snn_tree_floats(&g->tree, node, name, t->data, t->shape, t->rank);
}

static void put_pair(struct graph *g, hid_t node, const char *name, size_t a, size_t b)
{
    snn_tree_integers(&g->tree, node, name, (const size_t[]){a, b}, 2);
}

/* ---------------------------------------------------------------------------------- layers -- */

static void add_window(struct graph *g, size_t i, const char *type)
{
    const struct snn_window *w = &g->net->layer[i].window;
    const hid_t node = add(g, g->net->layer[i].name, "");
    const bool is_conv = g->net->layer[i].n_tensors > 0 && tensor_of(g, i, "weight");
    snn_tree_text(&g->tree, node, "type", type);
    put_pair(g, node, "stride", w->stride, w->stride);
    put_pair(g, node, "padding", w->padding, w->padding);
    if (is_conv) {
        put_pair(g, node, "input_shape", w->in[0], w->in[1]);
        put_pair(g, node, "dilation", 1, 1);
        snn_tree_integer(&g->tree, node, "groups", 1);
        put_tensor(g, node, i, "weight", "weight");
        put_tensor(g, node, i, "bias", "bias");
    } else {
        put_pair(g, node, "kernel_size", w->kernel[0], w->kernel[1]);
    }
    snn_tree_leave(&g->tree, node);
}

static void add_flatten(struct graph *g, const char *name, const struct snn_shape *in)
{
    const hid_t node = add(g, name, "");
    snn_tree_text(&g->tree, node, "type", "Flatten");
    snn_tree_integer(&g->tree, node, "start_dim", 0);
    snn_tree_integer(&g->tree, node, "end_dim", -1);
    snn_tree_integers(&g->tree, node, "input_type", in->size, in->rank);
    snn_tree_leave(&g->tree, node);
}

/* dense takes any shape as one row; NIR wants that said. */
static void add_affine(struct graph *g, size_t i)
{
    const struct snn_layer *l = &g->net->layer[i];
    if (l->in_shape.rank > 1) {
        char name[SNN_NAME_SIZE + 8];
        (void)snprintf(name, sizeof name, "%s_flat", l->name);
        add_flatten(g, name, &l->in_shape);
    }
    const hid_t node = add(g, l->name, "");
    snn_tree_text(&g->tree, node, "type", "Affine");
    put_tensor(g, node, i, "weight", "weight");
    put_tensor(g, node, i, "bias", "bias");
    snn_tree_leave(&g->tree, node);
}

static void put_neuron(struct graph *g, hid_t node, size_t i)
{
    const struct snn_nir_layer l = {.layer = &g->net->layer[i],
                                    .spec = &g->spec->layers[i],
                                    .model = g->model,
                                    .index = i,
                                    .values = g->values};
    snn_nir_neuron(&g->tree, node, &l);
}

static void put_port(struct graph *g, hid_t nodes, const char *name, const char *type,
                     const struct snn_shape *shape)
{
    const hid_t node = snn_tree_enter(&g->tree, nodes, name);
    snn_tree_text(&g->tree, node, "type", type);
    snn_tree_integers(&g->tree, node, "shape", shape->size, shape->rank);
    snn_tree_leave(&g->tree, node);
}

/* A vector as the matrix with it on its diagonal. */
static void put_diagonal(struct graph *g, hid_t node, const struct snn_tensor *t)
{
    float *matrix = calloc(t->count, t->count * sizeof *matrix);
    if (!matrix) {
        g->tree.failed = true;
        return;
    }
    for (size_t i = 0; i < t->count; i++)
        matrix[i * t->count + i] = t->data[i];
    snn_tree_floats(&g->tree, node, "weight", matrix, (const size_t[]){t->count, t->count}, 2);
    free(matrix);
}

/* What neurons hear of themselves. NIR has a product by element, but not with a bias. */
static void put_own(struct graph *g, hid_t node, size_t i)
{
    const struct snn_layer *l = &g->net->layer[i];
    const struct snn_tensor *t = tensor_of(g, i, "recurrent_weight");
    const bool scales = l->one_to_one && !l->recurrent_bias;
    snn_tree_text(&g->tree, node, "type",
                  l->recurrent_bias ? "Affine"
                  : scales          ? "Scale"
                                    : "Linear");
    if (t && l->one_to_one && l->recurrent_bias)
        put_diagonal(g, node, t);
    else
        put_tensor(g, node, i, "recurrent_weight", scales ? "scale" : "weight");
    put_tensor(g, node, i, "recurrent_bias", "bias");
}

/* Neurons that hear themselves: a graph of its own, with a cycle. */
static void put_cycle(struct graph *g, hid_t node, size_t i)
{
    static const char *const edges[] = {"input", "neuron", "neuron", "own",
                                        "own",   "neuron", "neuron", "output"};
    const struct snn_shape *shape = &g->net->layer[i].out_shape;
    struct snn_tree *t = &g->tree;
    snn_tree_text(t, node, "type", "NIRGraph");
    const hid_t nodes = snn_tree_enter(t, node, "nodes");
    put_port(g, nodes, "input", "Input", shape);
    put_port(g, nodes, "output", "Output", shape);
    const hid_t own = snn_tree_enter(t, nodes, "own");
    put_own(g, own, i);
    snn_tree_leave(t, own);
    const hid_t neuron = snn_tree_enter(t, nodes, "neuron");
    put_neuron(g, neuron, i);
    snn_tree_leave(t, neuron);
    snn_tree_leave(t, nodes);
    snn_tree_pairs(t, node, "edges", edges, sizeof edges / sizeof *edges / 2);
}

static void add_layer(struct graph *g, size_t i)
{
    const struct snn_layer *l = &g->net->layer[i];
    const char *kind = l->type->kind.name;
    if (strcmp(kind, "conv2d") == 0)
        add_window(g, i, "Conv2d");
    else if (strcmp(kind, "avg_pool2d") == 0)
        add_window(g, i, "AvgPool2d");
    else if (strcmp(kind, "max_pool2d") == 0)
        add_window(g, i, "SumPool2d");
    else if (strcmp(kind, "flatten") == 0)
        add_flatten(g, l->name, &l->in_shape);
    else if (l->type->carries_neuron)
        add_affine(g, i);
    if (!l->has_neuron)
        return;
    const hid_t node = add(g, l->name, "_neuron");
    if (l->type->hears_itself)
        put_cycle(g, node, i);
    else
        put_neuron(g, node, i);
    snn_tree_leave(&g->tree, node);
}

static void put_port_node(struct graph *g, const char *name, const char *type,
                          const struct snn_shape *shape)
{
    const hid_t node = add(g, name, "");
    snn_tree_text(&g->tree, node, "type", type);
    snn_tree_integers(&g->tree, node, "shape", shape->size, shape->rank);
    snn_tree_leave(&g->tree, node);
}

static void build(struct graph *g, const char *config)
{
    struct snn_tree *t = &g->tree;
    const struct snn_net *net = g->net;
    char sha256[SNN_SHA256_HEX];
    snn_tree_text(t, t->file, "version", "1.0.6");
    const hid_t root = snn_tree_enter(t, t->file, "node");
    snn_tree_text(t, root, "type", "NIRGraph");
    g->nodes = snn_tree_enter(t, root, "nodes");
    put_port_node(g, "input", "Input", &net->layer[0].in_shape);
    for (size_t i = 0; i < net->n_layers; i++)
        add_layer(g, i);
    put_port_node(g, "output", "Output", &net->layer[net->n_layers - 1].out_shape);
    snn_tree_leave(t, g->nodes);
    snn_tree_pairs(t, root, "edges", &g->edge[0][0], g->n - 1);
    const hid_t told = snn_tree_enter(t, root, "metadata");
    snn_model_sha256(g->model, sha256);
    snn_tree_text(t, told, "sha256", sha256);
    snn_tree_text(t, told, "config", config);
    snn_tree_text(t, told, "readout", g->spec->readout.kind->name);
    snn_tree_text(t, told, "encoding", g->spec->encoding.kind->name);
    snn_tree_integer(t, told, "time_steps", (long long)g->spec->time_steps);
    snn_tree_number(t, told, "dt", SNN_NIR_DT);
    snn_tree_leave(t, told);
    snn_tree_leave(t, root);
}

enum snn_code snn_nir_write(FILE *to, const struct snn_model *model, const struct snn_spec *spec,
                            const struct snn_data_info *data, const char *config,
                            struct snn_error *err)
{
    struct graph *g = calloc(1, sizeof *g);
    struct snn_net *net = malloc(sizeof *net);
    struct snn_arena arena = {0};
    size_t widest = 0;
    enum snn_code rc = g && net ? snn_model_check(model, spec, data, err) : SNN_NOMEM;
    if (rc == SNN_OK)
        rc = snn_net_init(net, &arena, spec, snn_net_input(spec, data), NULL, err);
    for (size_t i = 0; rc == SNN_OK && i < net->n_layers; i++)
        widest = net->layer[i].out > widest ? net->layer[i].out : widest;
    if (rc == SNN_OK && !(g->values = calloc(widest, sizeof *g->values)))
        rc = SNN_NOMEM;
    if (rc == SNN_OK) {
        g->net = net;
        g->spec = spec;
        g->model = model;
        snn_hdf5_lock();
        snn_tree_open(&g->tree);
        if (!g->tree.failed)
            build(g, config);
        if (!snn_tree_close(&g->tree, to))
            rc = SNN_NOMEM;
        snn_hdf5_unlock();
    }
    if (rc == SNN_NOMEM)
        snn_fail(err, rc, "no memory for the graph");
    if (g)
        free(g->values);
    free(g);
    free(net);
    return rc;
}
