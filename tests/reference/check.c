/* SPDX-License-Identifier: MIT */
#include "tests/reference/check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

void ref_fail(struct ref_case *c, const char *format, ...)
{
    va_list args;

    c->failed = true;
    printf("%s: %s: ", c->file, c->name);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
}

/* ------------------------------------------------------------------------------ reading -- */

static bool given(const json_t *from, const char *key)
{
    const json_t *value = json_object_get(from, key);

    return value && !json_is_null(value);
}

double ref_number(struct ref_case *c, const json_t *from, const char *key)
{
    const json_t *value = json_object_get(from, key);

    if (json_is_boolean(value))
        return json_is_true(value) ? 1 : 0;
    if (!json_is_number(value))
        ref_fail(c, "%s is missing or not a number", key);
    return json_number_value(value);
}

double ref_number_or(struct ref_case *c, const json_t *from, const char *key, double otherwise)
{
    return given(from, key) ? ref_number(c, from, key) : otherwise;
}

const char *ref_text(struct ref_case *c, const json_t *from, const char *key)
{
    const char *text = json_string_value(json_object_get(from, key));

    if (!text)
        ref_fail(c, "%s is missing or not a text", key);
    return text ? text : "";
}

bool ref_any_array(struct ref_case *c, struct ref_array *out, const json_t *from, const char *key)
{
    const char *wrong = "is missing";

    if (given(from, key))
        wrong = ref_read_array(out, json_object_get(from, key), &c->pool);
    if (wrong)
        ref_fail(c, "%s %s", key, wrong);
    return !wrong;
}

bool ref_array(struct ref_case *c, struct ref_array *out, const json_t *from, const char *key,
               size_t count)
{
    if (!ref_any_array(c, out, from, key))
        return false;
    if (out->count != count)
        ref_fail(c, "%s has %zu entries, want %zu", key, out->count, count);
    return out->count == count;
}

double *ref_doubles(struct ref_case *c, const real *from, size_t n)
{
    double *to = ref_take(&c->pool, n, sizeof *to);

    for (size_t i = 0; i < n; i++)
        to[i] = (double)from[i];
    return to;
}

real *ref_reals(struct ref_case *c, const double *from, size_t n)
{
    real *to = ref_take(&c->pool, n, sizeof *to);

    for (size_t i = 0; i < n; i++)
        to[i] = (real)from[i];
    return to;
}

/* ---------------------------------------------------------------------------- comparing -- */

void ref_compare_with(struct ref_case *c, const char *what, const double *want, const double *got,
                      const bool *skip, size_t count, enum ref_how how)
{
    double largest = 1, worst = 0;
    size_t where = 0;

    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(want[i]));
    for (size_t i = 0; i < count; i++) {
        double off = fabs(got[i] - want[i]) / largest;

        /* Written so that a NaN is the worst there is. */
        if ((skip && skip[i]) || off <= worst)
            continue;
        worst = isnan(off) ? HUGE_VAL : off;
        where = i;
    }
    c->tally->worst = fmax(c->tally->worst, worst);
    if (worst > (how == REF_EXACT ? 0 : REF_TOLERANCE))
        ref_fail(c, "%s[%zu] is %.17g, want %.17g%s (error %.3g)", what, where, got[where],
                 want[where], how == REF_EXACT ? " exactly" : "", worst);
}

static void compare(struct ref_case *c, const char *key, const double *got, const bool *skip,
                    size_t count, enum ref_how how)
{
    struct ref_array want;

    if (!given(c->expected, key))
        return;
    if (ref_array(c, &want, c->expected, key, count))
        ref_compare_with(c, key, want.data, got, skip, count, how);
    json_object_del(c->expected, key);
}

void ref_compare(struct ref_case *c, const char *key, const double *got, size_t count,
                 enum ref_how how)
{
    compare(c, key, got, NULL, count, how);
}

void ref_compare_some(struct ref_case *c, const char *key, const double *got, const bool *skip,
                      size_t count)
{
    compare(c, key, got, skip, count, REF_NEAR);
}

/* ------------------------------------------------------------------------------ running -- */

static void run_case(struct ref_case *c, const json_t *json, void (*run)(struct ref_case *c))
{
    const char *key;
    json_t *value;

    c->name = json_string_value(json_object_get(json, "name"));
    c->parameters = json_object_get(json, "parameters");
    c->inputs = json_object_get(json, "inputs");
    c->expected = json_copy(json_object_get(json, "expected"));
    if (!c->name)
        c->name = "(no name)";
    if (json_is_object(c->parameters) && json_object_size(c->expected) > 0)
        run(c);
    else
        ref_fail(c, "has no parameters or expects nothing");
    json_object_foreach(c->expected, key, value)
    {
        if (!json_is_null(value) && !c->failed)
            ref_fail(c, "%s is expected and was not compared", key);
    }
    json_decref(c->expected);
    ref_pool_free(&c->pool);
}

void ref_run_cases(const char *file, const json_t *root, void (*run)(struct ref_case *c),
                   struct ref_tally *tally)
{
    const json_t *cases = json_object_get(json_object_get(root, "expected"), "cases");
    const json_t *json;
    size_t i;

    json_array_foreach(cases, i, json)
    {
        struct ref_case c = {
            .file = file, .shared = json_object_get(root, "inputs"), .tally = tally};

        run_case(&c, json, run);
        tally->cases++;
        tally->passed += !c.failed;
    }
}
