/* SPDX-License-Identifier: MIT */
/* Registry lookups, and the ranges that parameters are held to. */
#include "core/base/param.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct snn_kind *snn_registry_at(const struct snn_registry *r, size_t i)
{
    if (i >= r->count)
        return NULL;
    return (const struct snn_kind *)(const void *)((const char *)r->rows + i * r->stride);
}

const struct snn_kind *snn_registry_find(const struct snn_registry *r, const char *name)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct snn_kind *kind = snn_registry_at(r, i);
        if (strcmp(kind->name, name) == 0)
            return kind;
    }
    return NULL;
}

/* "sigmoid, arctan, linear"; cut short where there is no room. */
static void list_names(char *text, size_t size, const struct snn_registry *r)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < r->count && used < size; i++) {
        int n =
            snprintf(text + used, size - used, "%s%s", i ? ", " : "", snn_registry_at(r, i)->name);
        used += n > 0 ? (size_t)n : 0;
    }
}

enum snn_code snn_registry_get(const struct snn_kind **out, const struct snn_registry *r,
                               const char *name, struct snn_error *err)
{
    const struct snn_kind *kind = snn_registry_find(r, name);
    char names[300];

    if (!kind) {
        list_names(names, sizeof names, r);
        /* The name is the caller's: bounded, so that the list behind it is never cut off. */
        return snn_fail(err, SNN_NOT_FOUND, "%s is \"%.60s\", want one of: %s", r->noun, name,
                        names);
    }
    *out = kind;
    return SNN_OK;
}

struct snn_choice snn_choice_of(const struct snn_kind *kind)
{
    struct snn_choice c = {.kind = kind};

    for (size_t i = 0; i < kind->n_params && i < SNN_MAX_PARAMS; i++)
        c.value[i] = kind->params[i].value;
    return c;
}

double snn_choice_value(const struct snn_choice *c, const char *name, double otherwise)
{
    for (size_t i = 0; i < c->kind->n_params; i++)
        if (strcmp(c->kind->params[i].name, name) == 0)
            return c->value[i];
    return otherwise;
}

#define NUMBER_SIZE 32

/* The shortest decimal that reads back as v: 0.1 stays "0.1", 16777217 does not become 1.67772e+07.
 */
static const char *number(char text[NUMBER_SIZE], double v)
{
    if (isnan(v))
        return "nan"; /* printf would show its sign */
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, NUMBER_SIZE, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    return text;
}

static bool in_range(const struct snn_param *p, double v)
{
    bool above = p->min_open ? v > p->min : v >= p->min;
    bool below = p->max_open ? v < p->max : v <= p->max;

    return above && below;
}

/* "a number > 0 and <= 1"; an infinite end is none. */
static void describe_range(char *text, size_t size, const struct snn_param *p)
{
    const char *noun = p->type == SNN_INTEGER ? "an integer" : "a number";
    bool has_min = isfinite(p->min), has_max = isfinite(p->max);
    char min[NUMBER_SIZE], max[NUMBER_SIZE];

    snprintf(text, size, "%s%s%s%s%s%s", noun, has_min ? (p->min_open ? " > " : " >= ") : "",
             has_min ? number(min, p->min) : "", has_min && has_max ? " and" : "",
             has_max ? (p->max_open ? " < " : " <= ") : "", has_max ? number(max, p->max) : "");
}

enum snn_code snn_param_check(const struct snn_param *p, double v, struct snn_error *err)
{
    char found[NUMBER_SIZE], wanted[128];
    bool whole = isfinite(v) && v == floor(v);

    if (p->type == SNN_BOOLEAN) {
        if (v == 0.0 || v == 1.0)
            return SNN_OK;
        return snn_fail(err, SNN_INVALID, "%s is %s, want true or false", p->name,
                        number(found, v));
    }
    /* An infinite bound means there is no bound, not that infinity is a value. */
    if (isfinite(v) && in_range(p, v) && (whole || p->type != SNN_INTEGER))
        return SNN_OK;
    describe_range(wanted, sizeof wanted, p);
    return snn_fail(err, SNN_INVALID, "%s is %s, want %s", p->name, number(found, v), wanted);
}
