/* SPDX-License-Identifier: MIT */
/* The dynamics of the small network: what its neurons are made of, what they learn, and the way
 * from that to the plain network's numbers and back. */
#include <math.h>
#include <string.h>

#include "tests/core/train/small.h"
#include "tests/support/test.h"

const size_t small_units[PLAIN_LAYERS] = {5, 4, 3};
static const double taus[PLAIN_LAYERS] = {2, 4, 2};
static const double thresholds[PLAIN_LAYERS] = {1, 0.5, 1};
const double small_steps[PLAIN_LAYERS] = {1, 0.5, 2};
static const double alphas[PLAIN_LAYERS][PLAIN_TERMS] = {
    {0.7, 0.3, 0.5}, {0.4, 0.9, 0.2}, {0.95, 0.6, 0.8}};
static const double coefficients[PLAIN_LAYERS][PLAIN_TERMS] = {
    {1, 0.5, 0.25}, {0.75, 1.5, 0.5}, {2, 0.5, 1}};

static void describe_dynamics(const struct small_case *c, struct snn_neuron_spec *n, size_t k)
{
    const struct snn_kind *solver =
        snn_registry_find(&snn_solvers, c->solver ? c->solver : "euler");

    assert_non_null(solver);
    n->solver = snn_choice_of(solver);
    if (!snn_solver_of(&n->solver)->has_history)
        return;
    n->n_terms = c->terms ? c->terms : 1;
    n->memory = c->terms ? c->memory : SNN_ALL_STATES;
    for (size_t i = 0; i < n->n_terms; i++) {
        n->alpha[i] = alphas[k][i];
        n->coefficients[i] = coefficients[k][i];
    }
}

static void describe_learned(const struct small_case *c, struct snn_neuron_spec *n)
{
    const bool many = n->n_terms > 1;

    if (c->learns == SNN_FIXED)
        return;
    n->learn[SNN_LEARN_tau] = n->learn[SNN_LEARN_threshold] = c->learns;
    if (snn_solver_of(&n->solver)->has_history)
        n->learn[SNN_LEARN_alpha] = SNN_PER_LAYER;
    n->learn[SNN_LEARN_coefficients] = many ? SNN_PER_LAYER : SNN_FIXED;
}

void small_dynamics(const struct small_case *c, struct snn_neuron_spec *n, size_t k)
{
    n->model.value[SNN_NEURON_TAU] = taus[k];
    n->model.value[SNN_NEURON_THRESHOLD] = thresholds[k];
    n->model.value[SNN_NEURON_STEP] = small_steps[k];
    describe_dynamics(c, n, k);
    describe_learned(c, n);
}

/* The constant that p stands for, and its slope in p. */
struct constant {
    double value, slope;
};

static struct constant constant_of(const struct small *s, const char *role, size_t k, size_t i,
                                   double p)
{
    const double half = small_steps[k] / 2, a = 1 / (1 + exp(-p));
    const double tau = (taus[k] - half) * exp(p), threshold = thresholds[k] * exp(p);

    assert_true(s->c.learns != SNN_FIXED);
    if (strcmp(role, "tau") == 0)
        return (struct constant){half + tau, tau};
    if (strcmp(role, "threshold") == 0)
        return (struct constant){threshold, threshold};
    if (strcmp(role, "alpha") == 0)
        return (struct constant){a, a * (1 - a)};
    assert_string_equal(role, "coefficients");
    return (struct constant){coefficients[k][i] * exp(p), coefficients[k][i] * exp(p)};
}

/* Where the plain layer keeps a constant: of every neuron, or of every term. */
static double *place_of(struct plain_layer *l, const char *role)
{
    return strcmp(role, "tau") == 0         ? l->tau
           : strcmp(role, "threshold") == 0 ? l->threshold
           : strcmp(role, "alpha") == 0     ? l->alpha
                                            : l->coefficient;
}

static const double *gradient_of(const struct plain_gradient *g, const char *role, size_t k)
{
    return strcmp(role, "tau") == 0         ? g->tau[k]
           : strcmp(role, "threshold") == 0 ? g->threshold[k]
           : strcmp(role, "alpha") == 0     ? g->alpha[k]
                                            : g->coefficient[k];
}

/* Neurons that the i-th of a tensor's `count` values is of. */
static bool is_of(size_t i, size_t count, size_t neuron)
{
    return count == 1 || i == neuron;
}

/* The plain layer's constants: the spec's, but for those that are learned. */
void small_set_constants(struct small *s, size_t k)
{
    struct plain_layer *l = &s->plain.layer[k];
    const struct snn_layer *of = &s->net.layer[small_neurons(s, k)];
    const struct plain_layer before = *l;

    for (size_t i = 0; i < PLAIN_WIDTH; i++) {
        l->tau[i] = taus[k];
        l->threshold[i] = thresholds[k];
    }
    memcpy(l->alpha, alphas[k], sizeof l->alpha);
    memcpy(l->coefficient, coefficients[k], sizeof l->coefficient);
    for (size_t n = 0; n < of->n_learned; n++) {
        const struct snn_tensor_place *t = &of->tensor[of->learned[n].tensor];
        double *to = place_of(l, t->role);

        for (size_t i = 0; i < t->count; i++)
            for (size_t j = 0; j < PLAIN_WIDTH; j++)
                if (to == l->alpha || to == l->coefficient ? i == j : is_of(i, t->count, j))
                    to[j] = constant_of(s, t->role, k, i, s->p[t->offset + i]).value;
    }
    if (memcmp(before.alpha, l->alpha, sizeof l->alpha) != 0 ||
        memcmp(before.coefficient, l->coefficient, sizeof l->coefficient) != 0)
        plain_prepare(l);
}

/* dL/dp of the layer's learned constants, from dL/d of the constants. */
void small_chain(const struct small *s, size_t k, const struct plain_gradient *sum, double *g)
{
    const struct snn_layer *of = &s->net.layer[small_neurons(s, k)];

    for (size_t n = 0; n < of->n_learned; n++) {
        const struct snn_tensor_place *t = &of->tensor[of->learned[n].tensor];
        const double *from = gradient_of(sum, t->role, k);
        const bool by_term = from == sum->alpha[k] || from == sum->coefficient[k];

        for (size_t i = 0; i < t->count; i++) {
            double d = 0;

            for (size_t j = 0; j < (by_term ? PLAIN_TERMS : small_units[k]); j++)
                if (by_term ? i == j : is_of(i, t->count, j))
                    d += from[j];
            g[t->offset + i] = d * constant_of(s, t->role, k, i, s->p[t->offset + i]).slope;
        }
    }
}
