/* SPDX-License-Identifier: MIT */
/* Neurons as NIR's nodes, and beside them, in `metadata`, the exact rule. */
#include <math.h>
#include <string.h>

#include "core/nir/nir.h"

/* The learned constant of that role, else NULL. */
static const struct snn_tensor *learned(const struct snn_nir_layer *l, const char *role)
{
    for (size_t i = 0; i < snn_model_count(l->model); i++) {
        const struct snn_tensor *t = snn_model_tensor(l->model, i);
        if (t->layer == l->index && strcmp(t->role, role) == 0)
            return t;
    }
    return NULL;
}

/* The model's own or learned parameter, of neuron i. */
static double value(const struct snn_nir_layer *l, const char *name, double otherwise, size_t i)
{
    const struct snn_tensor *t = learned(l, name);
    if (t)
        return (double)t->data[t->count == 1 ? 0 : i];
    return snn_choice_value(&l->spec->neuron.model, name, otherwise);
}

static double clamped(double v)
{
    return fmin(fmax(v, 0), 1);
}

/* Membrane and synapse as continuous equations of which Euler steps of SNN_NIR_DT are ours. */
static double tau_mem(const struct snn_nir_layer *l, size_t i)
{
    if (l->layer->cell.neuron->own_steps)
        return SNN_NIR_DT / fmax(1 - clamped(value(l, "beta", 0, i)), 1e-9);
    return SNN_NIR_DT * value(l, "tau", 1, i);
}

static double tau_syn(const struct snn_nir_layer *l, size_t i)
{
    if (l->layer->cell.neuron->own_steps)
        return SNN_NIR_DT / fmax(1 - clamped(value(l, "alpha_syn", 0, i)), 1e-9);
    return SNN_NIR_DT * value(l, "tau_syn", 1, i);
}

/* v += R I each step, where snnTorch's adds the whole current. */
static double resistance(const struct snn_nir_layer *l, size_t i)
{
    if (l->layer->cell.neuron->own_steps)
        return tau_mem(l, i) / SNN_NIR_DT;
    return l->layer->cell.neuron->leak > 0 ? 1 : 1 / (SNN_NIR_DT * value(l, "tau", 1, i));
}

static double input_weight(const struct snn_nir_layer *l, size_t i)
{
    return l->layer->cell.neuron->own_steps ? tau_syn(l, i) / SNN_NIR_DT : 1;
}

static double threshold(const struct snn_nir_layer *l, size_t i)
{
    return value(l, "threshold", 1, i);
}

static double nothing(const struct snn_nir_layer *l, size_t i)
{
    (void)l;
    (void)i;
    return 0;
}

static void put(struct snn_tree *t, hid_t node, const struct snn_nir_layer *l, const char *name,
                double (*of)(const struct snn_nir_layer *l, size_t i))
{
    for (size_t i = 0; i < l->layer->out; i++)
        l->values[i] = (float)of(l, i);
    snn_tree_floats(t, node, name, l->values, l->layer->out_shape.size, l->layer->out_shape.rank);
}

static void put_choice(struct snn_tree *t, hid_t to, const char *name, const struct snn_choice *c)
{
    char key[64];
    snn_tree_text(t, to, name, c->kind->name);
    for (size_t i = 0; i < c->kind->n_params; i++) {
        (void)snprintf(key, sizeof key, "%s_%s", name, c->kind->params[i].name);
        snn_tree_number(t, to, key, c->value[i]);
    }
}

/* All that the exact rule is made of; what is learned, as it was. */
static void put_rule(struct snn_tree *t, hid_t node, const struct snn_nir_layer *l)
{
    const struct snn_neuron_spec *n = &l->spec->neuron;
    const struct snn_tensor *alpha = learned(l, "alpha"), *share = learned(l, "coefficients");
    const hid_t to = snn_tree_enter(t, node, "metadata");
    double values[SNN_MAX_TERMS];
    put_choice(t, to, "neuron", &n->model);
    put_choice(t, to, "solver", &n->solver);
    put_choice(t, to, "surrogate", &n->surrogate);
    put_choice(t, to, "reset", &n->reset);
    snn_tree_text(t, to, "threshold_rule",
                  l->layer->cell.neuron->own_steps ? "u > threshold" : "u >= threshold");
    snn_tree_number(t, to, "dt", SNN_NIR_DT);
    for (size_t i = 0; i < n->n_terms; i++)
        values[i] = alpha ? (double)alpha->data[i] : n->alpha[i];
    snn_tree_numbers(t, to, "alpha", values, n->n_terms);
    for (size_t i = 0; i < n->n_terms; i++)
        values[i] = share ? (double)share->data[i] : n->coefficients[i];
    snn_tree_numbers(t, to, "coefficients", values, n->n_terms);
    snn_tree_integer(t, to, "memory", n->memory == SNN_ALL_STATES ? -1 : (long long)n->memory);
    if (n->exponentials > 0)
        snn_tree_integer(t, to, "exponentials", (long long)n->exponentials);
    snn_tree_leave(t, to);
}

void snn_nir_neuron(struct snn_tree *t, hid_t node, const struct snn_nir_layer *l)
{
    const struct snn_neuron *n = l->layer->cell.neuron;
    const bool synapse = n->has_aux && n->forward != snn_alif_forward;
    const bool leaks = n->own_steps || n->leak > 0;
    snn_tree_text(t, node, "type", synapse ? "CubaLIF" : leaks ? "LIF" : "IF");
    if (synapse) {
        put(t, node, l, "tau_syn", tau_syn);
        put(t, node, l, "tau_mem", tau_mem);
        put(t, node, l, "w_in", input_weight);
    } else if (leaks) {
        put(t, node, l, "tau", tau_mem);
    }
    put(t, node, l, "r", resistance);
    put(t, node, l, "v_threshold", threshold);
    put(t, node, l, "v_reset", nothing);
    if (leaks || synapse)
        put(t, node, l, "v_leak", nothing);
    put_rule(t, node, l);
}
