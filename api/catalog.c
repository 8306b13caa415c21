/* SPDX-License-Identifier: MIT */
/* Everything that can be chosen, straight from the core's tables, and the curves of surrogates. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/problem.h"
#include "api/spec.h"

/* Appends to the array at *list; once memory fails *list stays NULL. */
static void append(json_t **list, json_t *value)
{
    if (json_array_append_new(*list, value) != 0) {
        json_decref(*list);
        *list = NULL;
    }
}

/* A value as the parameter's type has it; null where it is infinite. */
static json_t *typed(enum snn_param_type type, double v)
{
    if (v > 9e18 || v < -9e18)
        return json_null();
    if (type == SNN_BOOLEAN)
        return json_boolean(v != 0);
    return type == SNN_INTEGER ? json_integer((json_int_t)v) : api_number(v);
}

/* Booleans have no range. */
static json_t *bound(const struct snn_param *p, double v)
{
    return p->type == SNN_BOOLEAN ? json_null() : typed(p->type, v);
}

/* ---------------------------------------------------------------------------------- places -- */

#define PLACE 128

/* Where in a job a registry's names stand ("neuron.surrogate"), and what is before the names of
 * its rows' parameters ("neuron.surrogate_"). "" for what is chosen elsewhere. */
struct place {
    char field[PLACE], prefix[PLACE];
};

static void join(char to[PLACE], const char *at, const char *name, const char *end)
{
    snprintf(to, PLACE, "%s%s%s%s", at, at[0] ? "." : "", name, end);
}

static bool find_slot(struct place *out, const struct api_shape *shape, const char *at,
                      const struct snn_registry *r)
{
    char inner[PLACE];

    for (size_t i = 0; i < shape->n_slots; i++) {
        if (shape->slots[i].registry != r)
            continue;
        join(out->field, at, shape->slots[i].key, "");
        join(out->prefix, at, shape->slots[i].prefix, "");
        return true;
    }
    for (size_t i = 0; i < shape->n_fields; i++) {
        const struct api_field *f = &shape->fields[i];
        const struct api_shape *next = f->shape ? f->shape : f->items;

        join(inner, at, f->name, f->items ? "[]" : "");
        if (next && find_slot(out, next, inner, r))
            return true;
    }
    return false;
}

/* The field that is held to a limit of the core. */
static bool find_limit(char out[PLACE], const struct api_shape *shape, const char *at,
                       const char *limit)
{
    for (size_t i = 0; i < shape->n_fields; i++) {
        const struct api_field *f = &shape->fields[i];
        char here[PLACE];

        join(here, at, f->name, "");
        if (f->read == api_read_limit && strcmp(f->name, limit) == 0) {
            memcpy(out, here, PLACE);
            return true;
        }
        if (f->shape && find_limit(out, f->shape, here, limit))
            return true;
    }
    return false;
}

/* ----------------------------------------------------------------------------------- lists -- */

/* `field`: its path in a job, "" where it has none. */
static json_t *param_json(const struct snn_param *p, const char *field)
{
    static const char *const types[] = {
        [SNN_REAL] = "number", [SNN_INTEGER] = "integer", [SNN_BOOLEAN] = "boolean"};

    return json_pack("{s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:b, s:b, s:b}", "name", p->name, "field",
                     field[0] ? json_string(field) : json_null(), "doc", p->doc, "type",
                     types[p->type], "default",
                     p->required ? json_null() : typed(p->type, p->value), "min", bound(p, p->min),
                     "max", bound(p, p->max), "min_exclusive", p->min_open, "max_exclusive",
                     p->max_open, "required", p->required);
}

static json_t *params_json(const struct snn_kind *kind, const struct place *place)
{
    json_t *list = json_array();

    for (size_t i = 0; i < kind->n_params; i++) {
        char field[PLACE] = "";

        if (place->field[0])
            snprintf(field, sizeof field, "%.90s%.30s", place->prefix, kind->params[i].name);
        append(&list, param_json(&kind->params[i], field));
    }
    return list;
}

static json_t *kind_json(const struct snn_kind *kind, const struct place *place)
{
    return json_pack("{s:s, s:o, s:s, s:o}", "name", kind->name, "field",
                     place->field[0] ? json_string(place->field) : json_null(), "doc", kind->doc,
                     "params", params_json(kind, place));
}

static json_t *parts_json(const struct snn_kind *format)
{
    json_t *list = json_array();

    for (const char *const *part = snn_format_parts(format); part && *part; part++)
        append(&list, json_string(*part));
    return list;
}

/* Whether layers of that kind have neurons where a job says nothing of them. */
static bool carries_neuron(const struct snn_kind *kind)
{
    const struct snn_layer_spec layer = {.kind = snn_choice_of(kind)};

    return snn_layer_has_neuron(&layer);
}

/* The row that a job has where it names none; NULL where it has to name one. */
static const struct snn_kind *default_of(const struct snn_registry *r)
{
    const struct snn_neuron_spec neuron = snn_neuron_spec_default();
    const struct snn_spec spec = snn_spec_default();
    const struct {
        const struct snn_registry *registry;
        const struct snn_choice *choice;
    } rows[] = {
        {&snn_neurons, &neuron.model},
        {&snn_solvers, &neuron.solver},
        {&snn_surrogates, &neuron.surrogate},
        {&snn_resets, &neuron.reset},
        {&snn_encoders, &spec.encoding},
        {&snn_readouts, &spec.readout},
        {&snn_losses, &spec.loss},
        {&snn_optimizers, &spec.optimizer},
        {&snn_schedules, &spec.schedule},
        {&snn_samplings, &spec.sampling},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].registry == r)
            return rows[i].choice->kind;
    return r == &snn_initialisers ? snn_registry_at(r, 0) : NULL;
}

static json_t *registry_json(const struct snn_registry *r)
{
    struct place place = {.field = ""};
    json_t *list = json_array();

    find_slot(&place, &api_job_shape, "", r); /* formats are no field of a job */
    for (size_t i = 0; i < r->count; i++) {
        const struct snn_kind *kind = snn_registry_at(r, i);
        json_t *entry = kind_json(kind, &place);

        if (entry)
            json_object_set_new(entry, "default", json_boolean(kind == default_of(r)));
        if (entry && r == &snn_formats)
            json_object_set_new(entry, "parts", parts_json(kind));
        if (entry && r == &snn_layers)
            json_object_set_new(entry, "carries_neuron", json_boolean(carries_neuron(kind)));
        if (entry && r == &snn_learnables)
            json_object_set_new(entry, "per", api_learn_ways_json((enum snn_learnable)i));
        append(&list, entry);
    }
    return list;
}

/* A field of the API's own: a number from min to max, or what holds from min to max of something.
 */
static json_t *field_json(const struct api_field *f)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "name", f->name, "field", f->name, "doc",
                     f->doc, "type", f->type ? f->type : "integer", f->type ? "min_items" : "min",
                     (json_int_t)f->min, f->type ? "max_items" : "max", (json_int_t)f->max);
}

/* The core's limits, and those of the fields that are the API's own. */
static json_t *limits_json(void)
{
    json_t *list = json_array();

    for (size_t i = 0; i < snn_neuron_limit_count; i++) {
        char field[PLACE];

        snprintf(field, sizeof field, "neuron.%s", snn_neuron_limits[i].name);
        append(&list, param_json(&snn_neuron_limits[i], field));
    }
    for (size_t i = 0; i < snn_spec_limit_count; i++) {
        char field[PLACE] = "";

        find_limit(field, &api_job_shape, "", snn_spec_limits[i].name);
        append(&list, param_json(&snn_spec_limits[i], field));
    }
    for (size_t i = 0; i < api_job_shape.n_fields; i++)
        if (api_job_shape.fields[i].doc)
            append(&list, field_json(&api_job_shape.fields[i]));
    return list;
}

/* --------------------------------------------------------------------------------- catalog -- */

void api_catalog_get(struct api_call *c)
{
    json_t *catalog =
        json_pack("{s:s, s:s}", "object", "catalog", "version", c->api->options.version);
    bool failed = !catalog;

    for (size_t i = 0; snn_registries[i] && !failed; i++)
        failed = json_object_set_new(catalog, snn_registries[i]->name,
                                     registry_json(snn_registries[i])) != 0;
    failed = failed || json_object_set_new(catalog, "limits", limits_json()) != 0 ||
             json_object_set_new(catalog, "instruction_set", json_string(snn_isa())) != 0 ||
             json_object_set_new(catalog, "blas", json_string(snn_blas())) != 0;
    if (failed) {
        json_decref(catalog);
        catalog = NULL;
    }
    api_reply(c, 200, catalog);
}

/* --------------------------------------------------------------------------------- curves -- */

#define MAX_POINTS 2001
#define MAX_X 1e6

struct curve {
    struct snn_choice surrogate;
    double from, to;
    int64_t points;
};

/* False with the reply made. Every parameter of the surrogate is a query parameter. */
static bool read_curve(struct api_call *c, const struct snn_kind *kind, struct curve *out)
{
    const char *known[3 + SNN_MAX_PARAMS + 1] = {"from", "to", "points"};
    struct snn_error err = {0};

    for (size_t i = 0; i < kind->n_params && i < SNN_MAX_PARAMS; i++)
        known[3 + i] = kind->params[i].name;
    out->surrogate = snn_choice_of(kind);
    if (!api_query_known(c, known) || !api_query_number(c, "from", -MAX_X, MAX_X, -3, &out->from) ||
        !api_query_number(c, "to", -MAX_X, MAX_X, 3, &out->to) ||
        !api_query_integer(c, "points", 2, MAX_POINTS, 121, &out->points))
        return false;
    for (size_t i = 0; i < kind->n_params && i < SNN_MAX_PARAMS; i++) {
        const struct snn_param *p = &kind->params[i];
        double *v = &out->surrogate.value[i];

        if (!api_query_number(c, p->name, -1e300, 1e300, p->value, v))
            return false;
        if (snn_param_check(p, *v, &err) != SNN_OK) {
            api_refuse_query(c, p->name, "out_of_range", "%s", err.message);
            return false;
        }
    }
    if (out->from < out->to)
        return true;
    api_refuse_query(c, "to", "out_of_range", "to is %g, want more than from, which is %g", out->to,
                     out->from);
    return false;
}

static json_t *numbers(const double *v, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        append(&list, api_number(v[i]));
    return list;
}

static json_t *curve_json(const struct curve *curve, double *x)
{
    size_t n = (size_t)curve->points;
    double *spike = x + n, *derivative = x + 2 * n;
    const struct snn_choice *s = &curve->surrogate;

    /* From both ends, so that the two are exact and 0 is met where the range is even about it. */
    for (size_t i = 0; i < n; i++)
        x[i] = (curve->from * (double)(n - 1 - i) + curve->to * (double)i) / (double)(n - 1);
    snn_surrogate_curve(s, x, n, spike, derivative);
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "object", "surrogate_curve", "name",
                     s->kind->name, "scale", api_number(snn_choice_value(s, "scale", NAN)), "x",
                     numbers(x, n), "spike", numbers(spike, n), "derivative",
                     numbers(derivative, n));
}

void api_surrogates_curve(struct api_call *c)
{
    const struct snn_kind *kind;
    struct snn_error err = {0};
    struct curve curve;
    double *x;

    if (snn_registry_get(&kind, &snn_surrogates, c->param[0], &err) != SNN_OK) {
        api_error(c, &err);
        return;
    }
    if (!read_curve(c, kind, &curve))
        return;
    x = calloc((size_t)curve.points, 3 * sizeof *x);
    api_reply(c, 200, x ? curve_json(&curve, x) : NULL);
    free(x);
}
