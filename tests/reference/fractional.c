/* SPDX-License-Identifier: MIT */
/* fractional.json: the same networks by fractional solvers. What spikeDE makes of its settings:
 * tests/vectors/reference/README.md, section 5. */
#include <string.h>

#include "tests/reference/network.h"

/* spikeDE's methods in the core's terms. */
static const struct {
    const char *method, *solver;
    bool weighted; /* heeds the coefficients even of a single term */
} methods[] = {
    {"gl", "gl", false},     {"trap", "trap", false}, {"l1", "l1", false},
    {"pred", "pred", false}, {"glmulti", "gl", true},
};
#define METHODS (sizeof methods / sizeof methods[0])

/* How `alpha` is to be read. */
enum shape { SCALAR, PER_LAYER, TERMS, NESTED };

static bool is_nested(const json_t *list)
{
    const json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        if (json_is_array(item))
            return true;
    }
    return false;
}

static enum shape shape_of(struct ref_case *c, size_t n_layers)
{
    const json_t *alpha = json_object_get(c->parameters, "alpha");
    const json_t *mode = json_object_get(c->parameters, "alpha_mode");
    const char *how = json_is_string(mode) ? json_string_value(mode) : "auto";

    if (json_is_number(alpha))
        return SCALAR;
    if (is_nested(alpha))
        return NESTED;
    if (strcmp(how, "per_layer") == 0)
        return PER_LAYER;
    if (strcmp(how, "multiterm") == 0)
        return TERMS;
    if (strcmp(how, "auto") != 0)
        ref_fail(c, "alpha_mode %s is not known", how);
    if (json_is_array(json_object_get(c->parameters, "coefficient")))
        return TERMS;
    return json_array_size(alpha) == n_layers ? PER_LAYER : TERMS;
}

/* A number or a list of them into out; how many. A number fills `wanted` places, where that is
 * known. */
static size_t numbers(struct ref_case *c, double out[SNN_MAX_TERMS], const json_t *from,
                      size_t wanted, const char *what)
{
    const bool list = json_is_array(from);
    const size_t n = list ? json_array_size(from) : wanted ? wanted : 1;

    if (n < 1 || n > SNN_MAX_TERMS || (wanted && n != wanted)) {
        ref_fail(c, "%s has %zu terms", what, n);
        return 1;
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *number = list ? json_array_get(from, i) : from;
        if (!json_is_number(number))
            ref_fail(c, "%s holds something that is not a number", what);
        out[i] = json_number_value(number);
    }
    return n;
}

static void read_orders(struct ref_case *c, struct snn_neuron_spec *n, enum shape shape,
                        size_t layer)
{
    const json_t *alpha = json_object_get(c->parameters, "alpha");
    const json_t *coefficient = json_object_get(c->parameters, "coefficient");

    if (shape == PER_LAYER || shape == NESTED)
        alpha = json_array_get(alpha, layer);
    n->n_terms = numbers(c, n->alpha, alpha, 0, "alpha");
    for (size_t i = 0; i < n->n_terms; i++)
        n->coefficients[i] = 1;
    if (shape == SCALAR || shape == PER_LAYER || !json_is_array(coefficient))
        return;
    if (shape == NESTED || is_nested(coefficient))
        coefficient = json_array_get(coefficient, layer);
    if (!json_is_null(coefficient))
        (void)numbers(c, n->coefficients, coefficient, n->n_terms, "coefficient");
}

/* One flag for all layers, or one for each. */
static enum snn_learn learns(struct ref_case *c, const char *key, size_t layer)
{
    const json_t *flag = json_object_get(c->parameters, key);

    if (json_is_array(flag))
        flag = json_array_get(flag, layer);
    if (flag && !json_is_null(flag) && !json_is_boolean(flag))
        ref_fail(c, "%s is not true or false", key);
    return json_is_true(flag) ? SNN_PER_LAYER : SNN_FIXED;
}

static size_t read_memory(struct ref_case *c)
{
    const double memory = ref_number_or(c, c->parameters, "memory", -1);

    if (memory != -1 && !(memory >= 1 && memory < 1e9))
        ref_fail(c, "memory is %g, want 1 or more", memory);
    return memory == -1 || c->failed ? SNN_ALL_STATES : (size_t)memory;
}

static bool read_dynamics(struct ref_case *c, struct ref_network *w)
{
    const char *method = ref_text(c, c->parameters, "method");
    const enum shape shape = shape_of(c, w->n_layers);
    const bool many = shape == TERMS || shape == NESTED; /* then whatever method means glmulti */
    const size_t memory = read_memory(c);
    size_t row = 0;

    while (row < METHODS && strcmp(methods[row].method, method) != 0)
        row++;
    if (row == METHODS)
        ref_fail(c, "method %s is not known", method);
    for (size_t i = 0; i < w->n_layers && !c->failed; i++) {
        struct snn_neuron_spec *n = &w->neuron[i].spec;

        if (w->neuron[i].order_one)
            ref_fail(c, "the neuron of layer %zu is not made for a solver", i + 1);
        read_orders(c, n, shape, i);
        n->solver =
            snn_choice_of(snn_registry_find(&snn_solvers, many ? "gl" : methods[row].solver));
        n->memory = memory;
        n->learn[SNN_LEARN_alpha] = learns(c, "learn_alpha", i);
        if (many || methods[row].weighted)
            n->learn[SNN_LEARN_coefficients] = learns(c, "learn_coefficient", i);
    }
    return !c->failed;
}

void ref_run_fractional(struct ref_case *c)
{
    struct ref_network *w = ref_take(&c->pool, 1, sizeof *w);
    const char *integrator = ref_text(c, c->parameters, "integrator");

    if (strcmp(integrator, "fdeint") != 0)
        ref_fail(c, "integrator %s is not known", integrator);
    if (!c->failed && ref_network_read(c, w) && read_dynamics(c, w))
        ref_network_run(c, w);
}
