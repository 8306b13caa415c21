/* SPDX-License-Identifier: MIT */
/* The JSON of a sweep, read. */
#include "api/sweep_form.h"

#include <stdio.h>
#include <string.h>

#include "api/distribution.h"
#include "api/pointer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FORM(member) offsetof(struct api_sweep_form, member)
#define DEFAULT_MAX_JOBS 1000
#define DEFAULT_FACTOR 3
#define SIZE(member) (sizeof((struct api_sweep_form *)0)->member)

/* ------------------------------------------------------------------------------------ axes -- */

static bool clashes(const struct api_sweep_form *form, const char *pointer)
{
    for (size_t i = 0; i < form->n_grid + form->n_random; i++) {
        const char *other =
            i < form->n_grid ? form->grid[i].pointer : form->random[i - form->n_grid].pointer;

        if (api_pointer_within(other, pointer) || api_pointer_within(pointer, other))
            return true;
    }
    return false;
}

/* Whether there may be an axis of that name, next to those there are. */
static bool axis_fits(const struct api_sweep_form *form, const char *pointer, size_t n,
                      const char *at, struct api_errors *e)
{
    const char *wrong = api_pointer_wrong(pointer);

    if (wrong)
        api_errors_add(e, at, "invalid", "\"%.80s\" is no JSON pointer to a field of a job: %s",
                       pointer, wrong);
    else if (n == API_MAX_AXES)
        api_errors_add(e, at, "out_of_range", "want at most %d fields that differ", API_MAX_AXES);
    else if (clashes(form, pointer))
        api_errors_add(e, at, "invalid", "%.80s is within, or holds, another field that differs",
                       pointer);
    else
        return true;
    return false;
}

/* An array of different values, at least one. */
static bool values_fit(const char *at, json_t *values, struct api_errors *e)
{
    size_t n = json_array_size(values);

    if (!json_is_array(values)) {
        api_wrong_type(e, at, values, "an array of values");
        return false;
    }
    if (n == 0 || n > API_MAX_SWEEP_JOBS) {
        api_errors_add(e, at, "out_of_range", "there are %zu values, want 1 to %d", n,
                       API_MAX_SWEEP_JOBS);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++) {
            char place[API_POINTER_SIZE];

            if (!json_equal(json_array_get(values, i), json_array_get(values, j)))
                continue;
            api_errors_add(e, api_at_index(place, at, i), "invalid",
                           "is the same as value %zu: want different ones", j);
            return false;
        }
    }
    return true;
}

static void read_grid(struct api_errors *e, const struct api_field *f, const char *at,
                      json_t *value, void *member)
{
    struct api_sweep_form *form = member;
    const char *pointer;
    json_t *values;

    (void)f;
    if (!json_is_object(value)) {
        api_wrong_type(e, at, value, "an object of JSON pointers, each with an array of values");
        return;
    }
    json_object_foreach(value, pointer, values)
    {
        char place[API_POINTER_SIZE];

        api_at(place, at, pointer);
        if (axis_fits(form, pointer, form->n_grid, place, e) && values_fit(place, values, e))
            form->grid[form->n_grid++] = (struct api_axis){.pointer = pointer, .values = values};
    }
}

static void read_parameters(struct api_errors *e, const struct api_field *f, const char *at,
                            json_t *value, void *member)
{
    struct api_sweep_form *form = member;
    const char *pointer;
    json_t *distribution;

    (void)f;
    if (!json_is_object(value)) {
        api_wrong_type(e, at, value, "an object of JSON pointers, each with a distribution");
        return;
    }
    json_object_foreach(value, pointer, distribution)
    {
        struct api_axis axis = {.pointer = pointer};
        char place[API_POINTER_SIZE];

        api_at(place, at, pointer);
        if (!axis_fits(form, pointer, form->n_random, place, e) ||
            !api_distribution_read(&axis, place, distribution, e) ||
            (axis.values && !values_fit(api_at(place, place, "values"), axis.values, e)))
            continue;
        form->random[form->n_random++] = axis;
    }
}

/* ----------------------------------------------------------------------------------- seeds -- */

static void read_seeds(struct api_errors *e, const struct api_field *f, const char *at,
                       json_t *value, void *member)
{
    static const struct api_field seed = {.name = "a seed", .max = INT64_MAX};
    struct api_sweep_form *form = member;
    size_t n = json_array_size(value), before = api_errors_count(e);

    (void)f;
    if (!values_fit(at, value, e))
        return;
    if (n > API_MAX_SEEDS) {
        api_errors_add(e, at, "out_of_range", "there are %zu seeds, want at most %d", n,
                       API_MAX_SEEDS);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        char place[API_POINTER_SIZE];

        api_read_integer(e, &seed, api_at_index(place, at, i), json_array_get(value, i),
                         &form->seeds[i]);
    }
    form->n_seeds = api_errors_count(e) == before ? n : 0;
}

/* --------------------------------------------------------------------------------- the rest -- */

static void read_base(struct api_errors *e, const struct api_field *f, const char *at,
                      json_t *value, void *member)
{
    (void)f;
    if (json_is_object(value))
        *(json_t **)member = value;
    else
        api_wrong_type(e, at, value, "a job");
}

/* One of a NULL-terminated list of names; NULL where it is none of them. */
static const char *one_of(struct api_errors *e, const struct api_field *f, const char *at,
                          json_t *value, const char *const names[])
{
    const char *text = json_string_value(value);
    char list[200] = "";
    size_t used = 0;

    for (size_t i = 0; names[i]; i++) {
        if (text && strcmp(text, names[i]) == 0)
            return names[i];
        used += (size_t)snprintf(list + used, used < sizeof list ? sizeof list - used : 0, "%s%s",
                                 i ? ", " : "", names[i]);
    }
    if (text)
        api_errors_add(e, at, "unknown_name", "%s is \"%.40s\", want one of: %s", f->name, text,
                       list);
    else
        api_wrong_type(e, at, value, list);
    return NULL;
}

static void read_metric(struct api_errors *e, const struct api_field *f, const char *at,
                        json_t *value, void *member)
{
#define METRIC_NAME(name) #name,
    static const char *const names[] = {SNN_METRICS(METRIC_NAME) NULL};
#undef METRIC_NAME
    const char *name = one_of(e, f, at, value, names);

    if (name)
        snprintf(member, f->size, "%s", name);
}

static void read_goal(struct api_errors *e, const struct api_field *f, const char *at,
                      json_t *value, void *member)
{
    static const char *const names[] = {"maximize", "minimize", NULL};
    const char *name = one_of(e, f, at, value, names);

    if (name)
        snprintf(member, f->size, "%s", name);
}

static void read_stopping_kind(struct api_errors *e, const struct api_field *f, const char *at,
                               json_t *value, void *member)
{
    static const char *const names[] = {"successive_halving", NULL};

    (void)member; /* the one there is */
    (void)one_of(e, f, at, value, names);
}

static const struct api_field random_fields[] = {
    {.name = "samples",
     .read = api_read_integer,
     .offset = FORM(samples),
     .min = 1,
     .max = API_MAX_SWEEP_JOBS,
     .required = true},
    {.name = "seed", .read = api_read_integer, .offset = FORM(random_seed), .max = INT64_MAX},
    {.name = "parameters", .read = read_parameters, .required = true},
};
static const struct api_shape random_shape = {
    .noun = "random", .fields = random_fields, .n_fields = COUNT(random_fields)};

static const struct api_field stopping_fields[] = {
    {.name = "kind", .read = read_stopping_kind, .required = true},
    {.name = "epochs",
     .read = api_read_integer,
     .offset = FORM(rung_epochs),
     .min = 1,
     .max = 1000000,
     .required = true},
    {.name = "factor", .read = api_read_integer, .offset = FORM(rung_factor), .min = 2, .max = 64},
};
static const struct api_shape stopping_shape = {
    .noun = "early_stopping", .fields = stopping_fields, .n_fields = COUNT(stopping_fields)};

static const struct api_field sweep_fields[] = {
    {.name = "name", .read = api_read_text, .offset = FORM(name), .size = SIZE(name)},
    {.name = "base", .read = read_base, .offset = FORM(base), .required = true},
    {.name = "grid", .read = read_grid},
    {.name = "random", .read = api_read_shape, .shape = &random_shape},
    {.name = "seeds", .read = read_seeds},
    {.name = "max_jobs",
     .read = api_read_integer,
     .offset = FORM(max_jobs),
     .min = 1,
     .max = API_MAX_SWEEP_JOBS},
    {.name = "metric", .read = read_metric, .offset = FORM(metric), .size = SIZE(metric)},
    {.name = "goal", .read = read_goal, .offset = FORM(goal), .size = SIZE(goal)},
    {.name = "early_stopping", .read = api_read_shape, .shape = &stopping_shape},
};
static const struct api_shape sweep_shape = {
    .noun = "a sweep", .fields = sweep_fields, .n_fields = COUNT(sweep_fields)};

static const struct api_axis *seed_axis(const struct api_sweep_form *form)
{
    for (size_t i = 0; i < form->n_grid; i++)
        if (api_pointer_within("/seed", form->grid[i].pointer))
            return &form->grid[i];
    for (size_t i = 0; i < form->n_random; i++)
        if (api_pointer_within("/seed", form->random[i].pointer))
            return &form->random[i];
    return NULL;
}

void api_sweep_form_read(struct api_sweep_form *form, json_t *body, struct api_errors *e)
{
    memset(form, 0, sizeof *form);
    form->max_jobs = DEFAULT_MAX_JOBS;
    api_read(e, &sweep_shape, "", body, form);
    if (form->rung_epochs && !form->rung_factor)
        form->rung_factor = DEFAULT_FACTOR;
    if (form->n_seeds && seed_axis(form))
        api_errors_add(e, "/seeds", "invalid",
                       "/seed is among the fields that differ too, want one of both");
    if (!json_object_get(body, "grid") && !json_object_get(body, "random") &&
        !json_object_get(body, "seeds"))
        api_errors_add(e, "", "missing_field",
                       "nothing differs between the jobs, want grid, random or seeds");
}

/* ---------------------------------------------------------------------------- combinations -- */

size_t api_sweep_count(const struct api_sweep_form *form, size_t most)
{
    size_t n = form->samples ? (size_t)form->samples : 1;

    for (size_t i = 0; i < form->n_grid && n <= most; i++)
        n *= json_array_size(form->grid[i].values);
    return n <= most ? n : most + 1;
}

/* Which of the values of the k-th field of the grid the i-th combination has. */
static size_t grid_index(const struct api_sweep_form *form, size_t i, size_t k)
{
    i /= form->samples ? (size_t)form->samples : 1;
    for (size_t j = form->n_grid; j-- > k + 1;)
        i /= json_array_size(form->grid[j].values);
    return i % json_array_size(form->grid[k].values);
}

json_t *api_sweep_parameters(const struct api_sweep_form *form, size_t i)
{
    json_t *out = json_object();
    bool whole = out != NULL;

    for (size_t k = 0; whole && k < form->n_grid; k++)
        whole = json_object_set(out, form->grid[k].pointer,
                                json_array_get(form->grid[k].values, grid_index(form, i, k))) == 0;
    for (size_t k = 0; whole && k < form->n_random; k++)
        whole = json_object_set_new(out, form->random[k].pointer,
                                    api_distribution_draw(&form->random[k], form->random_seed,
                                                          i % (size_t)form->samples)) == 0;
    if (whole)
        return out;
    json_decref(out);
    return NULL;
}

void api_sweep_place(const struct api_sweep_form *form, size_t i, const char *pointer,
                     char out[API_POINTER_SIZE])
{
    char place[API_POINTER_SIZE];

    for (size_t k = 0; k < form->n_grid; k++) {
        const char *axis = form->grid[k].pointer;

        if (!api_pointer_within(axis, pointer))
            continue;
        snprintf(out, API_POINTER_SIZE, "%s/%zu%s", api_at(place, "/grid", axis),
                 grid_index(form, i, k), pointer + strlen(axis));
        return;
    }
    for (size_t k = 0; k < form->n_random; k++) {
        if (!api_pointer_within(form->random[k].pointer, pointer))
            continue;
        api_at(out, "/random/parameters", form->random[k].pointer);
        return;
    }
    snprintf(out, API_POINTER_SIZE, "/base%s", pointer);
}
