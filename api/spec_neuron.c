/* SPDX-License-Identifier: MIT */
/* A neuron of a job: its orders, how much of the past it keeps and what it learns; read and written
 * by the same tables. */
#include "api/spec_neuron.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct snn_param *limit_of(const char *name)
{
    for (size_t i = 0; i < snn_neuron_limit_count; i++)
        if (strcmp(snn_neuron_limits[i].name, name) == 0)
            return &snn_neuron_limits[i];
    return NULL;
}

/* ----------------------------------------------------------------------------------- orders -- */

/* Each number of a list into out[], with the place of each that is wrong; there stands what nobody
 * will complain about again. */
static void read_numbers(struct api_errors *e, const struct api_field *f, const char *at,
                         json_t *list, double *out)
{
    const struct snn_param *limit = limit_of(f->name);
    char place[API_POINTER_SIZE];
    json_t *value;
    size_t i;

    json_array_foreach(list, i, value)
    {
        out[i] = 0.5;
        api_read_param(e, limit, f->name, api_at_index(place, at, i), value, &out[i]);
    }
}

static void reset_coefficients(struct snn_neuron_spec *n)
{
    for (size_t i = 0; i < SNN_MAX_TERMS; i++)
        n->coefficients[i] = 1;
}

/* A number, or a list of some: another list than before has coefficients of its own. */
static void read_alpha(struct api_errors *e, const struct api_field *f, const char *at,
                       json_t *value, void *member)
{
    struct snn_neuron_spec *n = member;
    size_t terms = json_array_size(value);

    if (json_is_number(value)) {
        api_read_param(e, limit_of(f->name), f->name, at, value, &n->alpha[0]);
        n->n_terms = 1;
    } else if (!json_is_array(value)) {
        api_wrong_type(e, at, value, "a number or a list of numbers");
    } else if (terms < 1 || terms > SNN_MAX_TERMS) {
        api_errors_add(e, at, "out_of_range", "alpha has %zu numbers, want 1 to %d", terms,
                       SNN_MAX_TERMS);
    } else {
        read_numbers(e, f, at, value, n->alpha);
        n->n_terms = terms;
    }
    reset_coefficients(n);
}

static void read_coefficients(struct api_errors *e, const struct api_field *f, const char *at,
                              json_t *value, void *member)
{
    struct snn_neuron_spec *n = member;
    size_t terms = json_array_size(value);

    if (json_is_null(value))
        reset_coefficients(n);
    else if (!json_is_array(value))
        api_wrong_type(e, at, value, "a list of numbers");
    else if (n->n_terms == 1)
        api_errors_add(e, at, "invalid",
                       "coefficients are the weights of several orders, want them only with a list "
                       "of two or more in alpha");
    else if (terms != n->n_terms)
        api_errors_add(e, at, "invalid",
                       "coefficients has %zu numbers, want %zu: one for each of alpha", terms,
                       n->n_terms);
    else
        read_numbers(e, f, at, value, n->coefficients);
}

static void read_memory(struct api_errors *e, const struct api_field *f, const char *at,
                        json_t *value, void *member)
{
    struct snn_neuron_spec *n = member;
    double v = NAN;

    if (json_is_null(value)) {
        n->memory = SNN_ALL_STATES;
        return;
    }
    if (!json_is_integer(value) && !json_is_real(value)) {
        api_wrong_type(e, at, value, "an integer or null");
        return;
    }
    api_read_param(e, limit_of(f->name), f->name, at, value, &v);
    if (!isnan(v))
        n->memory = (size_t)v;
}

static void read_exponentials(struct api_errors *e, const struct api_field *f, const char *at,
                              json_t *value, void *member)
{
    struct snn_neuron_spec *n = member;
    double v = NAN;

    api_read_param(e, limit_of(f->name), f->name, at, value, &v);
    if (!isnan(v))
        n->exponentials = (size_t)v;
}

/* ---------------------------------------------------------------------------------- learned -- */

static const struct {
    const char *name;
    enum snn_learn how;
} ways[] = {{"layer", SNN_PER_LAYER}, {"neuron", SNN_PER_NEURON}};

static bool is_no(json_t *value)
{
    return json_is_null(value) || json_is_false(value);
}

static void read_way(struct api_errors *e, const struct api_field *f, const char *at, json_t *value,
                     void *member)
{
    const enum snn_learnable which = (enum snn_learnable)f->min;
    const char *name = json_string_value(value);
    enum snn_learn *out = member, how = SNN_FIXED;

    for (size_t i = 0; name && i < COUNT(ways); i++)
        if (strcmp(ways[i].name, name) == 0)
            how = ways[i].how;
    if (!name && !is_no(value))
        api_wrong_type(e, at, value, "\"layer\", \"neuron\" or false");
    else if (name && how == SNN_FIXED)
        api_errors_add(e, at, "unknown_name",
                       "%s is \"%.40s\", want \"layer\", \"neuron\" or false", f->name, name);
    else if (!snn_learnable_allows(which, how))
        api_errors_add(e, at, "invalid", "%s cannot be learned per neuron, want \"layer\"",
                       f->name);
    else
        *out = how;
}

/* One field for each learnable: `min` is its number. */
#define LEARN_FIELD(which)                                                                         \
    {.name = #which,                                                                               \
     .read = read_way,                                                                             \
     .schema = "{\"enum\":[\"layer\",\"neuron\",false,null]}",                                     \
     .offset = sizeof(enum snn_learn) * SNN_LEARN_##which,                                         \
     .min = SNN_LEARN_##which},
static const struct api_field learn_fields[] = {SNN_LEARNABLES(LEARN_FIELD)};
static const struct api_shape learn_shape = {
    .noun = "learn", .fields = learn_fields, .n_fields = COUNT(learn_fields)};

/* Single keys, as the neuron itself; false or null in place of the object: nothing. */
static void read_learn(struct api_errors *e, const struct api_field *f, const char *at,
                       json_t *value, void *member)
{
    struct snn_neuron_spec *n = member;

    (void)f;
    if (is_no(value))
        memset(n->learn, 0, sizeof n->learn);
    else
        api_read(e, &learn_shape, at, value, n->learn);
}

static void read_rate(struct api_errors *e, const struct api_field *f, const char *at,
                      json_t *value, void *member)
{
    struct snn_neuron_spec *n = member;

    n->learning_rate = 0;
    if (!json_is_null(value))
        api_read_param(e, limit_of(f->name), f->name, at, value, &n->learning_rate);
}

/* ----------------------------------------------------------------------------------- neuron -- */

/* What only a fractional solver knows does not outlive it. */
static void change_solver(void *out)
{
    const struct snn_neuron_spec fresh = snn_neuron_spec_default();
    struct snn_neuron_spec *n = out;

    if (n->solver.kind != fresh.solver.kind)
        return;
    memcpy(n->alpha, fresh.alpha, sizeof n->alpha);
    memcpy(n->coefficients, fresh.coefficients, sizeof n->coefficients);
    n->n_terms = fresh.n_terms;
    n->memory = fresh.memory;
    n->exponentials = fresh.exponentials;
    n->learn[SNN_LEARN_alpha] = n->learn[SNN_LEARN_coefficients] = SNN_FIXED;
}

/* A surrogate's scale means something else for another surrogate, so it is not carried over. */
static const struct api_slot slots[] = {
    {.key = "model",
     .prefix = "",
     .registry = &snn_neurons,
     .offset = offsetof(struct snn_neuron_spec, model),
     .carry = true},
    {.key = "solver",
     .prefix = "solver_",
     .registry = &snn_solvers,
     .offset = offsetof(struct snn_neuron_spec, solver),
     .changed = change_solver},
    {.key = "reset",
     .prefix = "reset_",
     .registry = &snn_resets,
     .offset = offsetof(struct snn_neuron_spec, reset)},
    {.key = "surrogate",
     .prefix = "surrogate_",
     .registry = &snn_surrogates,
     .offset = offsetof(struct snn_neuron_spec, surrogate)},
};

/* `alpha` stands before `coefficients`, which are as many. */
static const struct api_field fields[] = {
    {.name = "alpha",
     .read = read_alpha,
     .schema = "{\"type\":[\"number\",\"array\"],\"items\":{\"type\":\"number\"}}"},
    {.name = "coefficients",
     .read = read_coefficients,
     .schema = "{\"type\":[\"array\",\"null\"],\"items\":{\"type\":\"number\"}}"},
    {.name = "memory", .read = read_memory, .schema = "{\"type\":[\"integer\",\"null\"]}"},
    {.name = "exponentials", .read = read_exponentials, .schema = "{\"type\":\"integer\"}"},
    {.name = "learn",
     .read = read_learn,
     .shape = &learn_shape,
     .schema =
         "{\"anyOf\":[{\"$ref\":\"#/components/schemas/LearnConfig\"},{\"enum\":[false,null]}]}"},
    {.name = "learning_rate", .read = read_rate, .schema = "{\"type\":[\"number\",\"null\"]}"},
};

const struct api_shape api_neuron_shape = {.noun = "a neuron",
                                           .fields = fields,
                                           .n_fields = COUNT(fields),
                                           .slots = slots,
                                           .n_slots = COUNT(slots)};

/* ------------------------------------------------------------------------------------ write -- */

static json_t *numbers(const double *v, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++) {
        if (json_array_append_new(list, json_real(v[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *way_json(enum snn_learn how)
{
    for (size_t i = 0; i < COUNT(ways); i++)
        if (ways[i].how == how)
            return json_string(ways[i].name);
    return json_false();
}

static json_t *learn_json(const struct snn_neuron_spec *n)
{
    json_t *learn = json_object();

    for (size_t i = 0; i < COUNT(learn_fields); i++) {
        if (json_object_set_new(learn, learn_fields[i].name, way_json(n->learn[i])) != 0) {
            json_decref(learn);
            return NULL;
        }
    }
    return learn;
}

json_t *api_neuron_json(const struct snn_neuron_spec *n)
{
    const bool is_list = n->n_terms > 1, is_all = n->memory == SNN_ALL_STATES;
    json_t *neuron = json_object();
    bool ok = neuron != NULL;

    for (size_t i = 0; i < COUNT(slots) && ok; i++) {
        const char *at = (const char *)n + slots[i].offset;
        ok = api_set_choice(neuron, slots[i].key, slots[i].prefix,
                            (const struct snn_choice *)(const void *)at);
    }
    ok = ok &&
         json_object_set_new(neuron, "alpha",
                             is_list ? numbers(n->alpha, n->n_terms) : json_real(n->alpha[0])) ==
             0 &&
         json_object_set_new(neuron, "coefficients",
                             is_list ? numbers(n->coefficients, n->n_terms) : json_null()) == 0 &&
         json_object_set_new(neuron, "memory",
                             is_all ? json_null() : json_integer((json_int_t)n->memory)) == 0 &&
         json_object_set_new(neuron, "exponentials", json_integer((json_int_t)n->exponentials)) ==
             0 &&
         json_object_set_new(neuron, "learn", learn_json(n)) == 0 &&
         json_object_set_new(neuron, "learning_rate",
                             n->learning_rate > 0 ? json_real(n->learning_rate) : json_null()) == 0;
    if (ok)
        return neuron;
    json_decref(neuron);
    return NULL;
}

json_t *api_learn_ways_json(enum snn_learnable which)
{
    json_t *list = json_array();

    for (size_t i = 0; i < COUNT(ways); i++) {
        if (snn_learnable_allows(which, ways[i].how) &&
            json_array_append_new(list, json_string(ways[i].name)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}
