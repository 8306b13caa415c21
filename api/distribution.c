/* SPDX-License-Identifier: MIT */
#include "api/distribution.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Whole numbers are exact in a double up to here. */
#define MAX_WHOLE 9007199254740992.0

/* ------------------------------------------------------------------------------- the kinds -- */

/* Six digits, as somebody would write it, and not beyond the bounds for that. */
static json_t *legible(const struct api_axis *axis, double v)
{
    char text[32];

    snprintf(text, sizeof text, "%.6g", v);
    return json_real(fmin(fmax(strtod(text, NULL), axis->min), axis->max));
}

static json_t *draw_uniform(const struct api_axis *axis, double u)
{
    return legible(axis, axis->min + u * (axis->max - axis->min));
}

static json_t *draw_log_uniform(const struct api_axis *axis, double u)
{
    return legible(axis, axis->min * exp(u * log(axis->max / axis->min)));
}

static json_t *draw_int(const struct api_axis *axis, double u)
{
    double v = axis->min + floor(u * (axis->max - axis->min + 1));

    return json_integer((json_int_t)fmin(v, axis->max));
}

static json_t *draw_choice(const struct api_axis *axis, double u)
{
    size_t n = json_array_size(axis->values);
    json_t *value = json_array_get(axis->values, (size_t)floor(u * (double)n));

    return json_incref(value);
}

struct api_distribution {
    const char *name;
    bool whole, positive, choice;
    json_t *(*draw)(const struct api_axis *axis, double u); /* u in [0, 1) */
};

static const struct api_distribution distributions[] = {
    {.name = "uniform", .draw = draw_uniform},
    {.name = "log_uniform", .positive = true, .draw = draw_log_uniform},
    {.name = "int", .whole = true, .draw = draw_int},
    {.name = "choice", .choice = true, .draw = draw_choice},
};

/* ------------------------------------------------------------------------------------ draw -- */

/* 53 bits of a digest as a number in [0, 1): a counter-based generator whose counter is text. */
static double unit(int64_t seed, size_t sample, const char *pointer)
{
    char hex[SNN_SHA256_HEX], key[64];
    struct snn_digest d;

    snprintf(key, sizeof key, "%" PRId64 " %zu ", seed, sample);
    snn_digest_init(&d);
    snn_digest_add(&d, key, strlen(key));
    snn_digest_add(&d, pointer, strlen(pointer));
    snn_digest_hex(&d, hex);
    hex[16] = '\0';
    return (double)(strtoull(hex, NULL, 16) >> 11) * 0x1p-53;
}

json_t *api_distribution_draw(const struct api_axis *axis, int64_t seed, size_t sample)
{
    return axis->distribution->draw(axis, unit(seed, sample, axis->pointer));
}

/* ------------------------------------------------------------------------------------ read -- */

static void read_kind(struct api_errors *e, const struct api_field *f, const char *at,
                      json_t *value, void *member)
{
    const struct api_distribution **out = member;
    const char *name = json_string_value(value);

    for (size_t i = 0; name && i < COUNT(distributions); i++)
        if (strcmp(name, distributions[i].name) == 0)
            *out = &distributions[i];
    if (!name)
        api_wrong_type(e, at, value, "a string");
    else if (!*out)
        api_errors_add(e, at, "unknown_name",
                       "%s is \"%.40s\", want one of: uniform, log_uniform, int, choice", f->name,
                       name);
}

static void read_bound(struct api_errors *e, const struct api_field *f, const char *at,
                       json_t *value, void *member)
{
    (void)f;
    if (json_is_number(value))
        *(double *)member = json_number_value(value);
    else
        api_wrong_type(e, at, value, "a number");
}

static void read_values(struct api_errors *e, const struct api_field *f, const char *at,
                        json_t *value, void *member)
{
    (void)f;
    if (json_is_array(value))
        *(json_t **)member = value;
    else
        api_wrong_type(e, at, value, "an array of values");
}

#define AXIS(member) offsetof(struct api_axis, member)
static const struct api_field fields[] = {
    {.name = "kind", .read = read_kind, .offset = AXIS(distribution), .required = true},
    {.name = "min", .read = read_bound, .offset = AXIS(min)},
    {.name = "max", .read = read_bound, .offset = AXIS(max)},
    {.name = "values", .read = read_values, .offset = AXIS(values)},
};
static const struct api_shape shape = {
    .noun = "a distribution", .fields = fields, .n_fields = COUNT(fields)};

/* What a kind wants of its bounds; NULL where they are right. */
static const char *bounds_wrong(const struct api_axis *axis)
{
    const struct api_distribution *d = axis->distribution;

    if (d->positive && !(axis->min > 0))
        return "want min > 0";
    if (d->whole && (axis->min != floor(axis->min) || axis->max != floor(axis->max) ||
                     fabs(axis->min) > MAX_WHOLE || fabs(axis->max) > MAX_WHOLE))
        return "want whole numbers";
    return axis->min < axis->max && isfinite(axis->max - axis->min) ? NULL : "want min < max";
}

bool api_distribution_read(struct api_axis *axis, const char *at, json_t *value,
                           struct api_errors *e)
{
    bool min = json_object_get(value, "min"), max = json_object_get(value, "max");
    bool values = json_object_get(value, "values");
    size_t before = api_errors_count(e);
    const char *wrong = NULL;

    api_read(e, &shape, at, value, axis);
    if (api_errors_count(e) != before)
        return false;
    if (axis->distribution->choice ? !values || min || max : values || !min || !max)
        api_errors_add(e, at, "invalid", "a distribution of kind %s wants %s",
                       axis->distribution->name,
                       axis->distribution->choice ? "values alone" : "min and max alone");
    else if (!axis->distribution->choice && (wrong = bounds_wrong(axis)))
        api_errors_add(e, at, "out_of_range", "min is %g and max is %g, %s for %s", axis->min,
                       axis->max, wrong, axis->distribution->name);
    return api_errors_count(e) == before;
}
