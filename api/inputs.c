/* SPDX-License-Identifier: MIT */
#include "api/inputs.h"

#include <math.h>
#include <stdlib.h>

#include "api/pointer.h"

#define MAX_SAMPLES 256
/* Of a body that is wrong all over, so many places are told. */
#define MAX_TOLD 20

/* ---------------------------------------------------------------------------------- values -- */

static void read_value(struct api_errors *e, const char *at, size_t k, json_t *value, float *to)
{
    double v = json_number_value(value);
    char place[API_POINTER_SIZE], name[API_POINTER_SIZE];

    if (json_is_number(value) && isfinite((float)v)) {
        *to = (float)v;
        return;
    }
    api_at_index(place, at, k);
    if (json_is_number(value))
        api_errors_add(e, place, "out_of_range",
                       "%s is %g, want a finite number of single precision",
                       api_pointer_name(name, sizeof name, place), v);
    else
        api_wrong_type(e, place, value, "a number");
}

static void read_values(struct api_errors *e, const char *at, float *to, size_t features,
                        json_t *sample)
{
    char name[API_POINTER_SIZE];
    json_t *value;
    size_t k;

    if (!json_is_array(sample)) {
        api_wrong_type(e, at, sample, "an array of numbers");
        return;
    }
    if (json_array_size(sample) != features) {
        api_errors_add(e, at, "out_of_range", "%s has %zu values, want the %zu of a sample",
                       api_pointer_name(name, sizeof name, at), json_array_size(sample), features);
        return;
    }
    json_array_foreach(sample, k, value)
    {
        if (api_errors_count(e) >= MAX_TOLD)
            return;
        read_value(e, at, k, value, &to[k]);
    }
}

/* ---------------------------------------------------------------------------------- events -- */

/* A whole number from 0 to `most`; 0 where it is none. */
static uint32_t read_whole(struct api_errors *e, const char *at, json_t *value, const char *name,
                           size_t most)
{
    const json_int_t v = json_integer_value(value);

    if (!json_is_integer(value)) {
        api_wrong_type(e, at, value, "a whole number");
    } else if (v < 0 || (uint64_t)v > most) {
        api_errors_add(e, at, "out_of_range", "the %s is %" JSON_INTEGER_FORMAT ", want 0 to %zu",
                       name, v, most);
    } else {
        return (uint32_t)v;
    }
    return 0;
}

static void read_event(struct api_errors *e, const char *at, json_t *event, uint32_t *time,
                       uint16_t *unit, size_t features)
{
    char place[API_POINTER_SIZE];

    if (!json_is_array(event)) {
        api_wrong_type(e, at, event, "an event: [time, unit]");
    } else if (json_array_size(event) != 2) {
        api_errors_add(e, at, "out_of_range", "%s has %zu numbers, want 2: [time, unit]",
                       api_pointer_name(place, sizeof place, at), json_array_size(event));
    } else {
        *time =
            read_whole(e, api_at_index(place, at, 0), json_array_get(event, 0), "time", UINT32_MAX);
        *unit = (uint16_t)read_whole(e, api_at_index(place, at, 1), json_array_get(event, 1),
                                     "unit", features - 1);
    }
}

static void read_events(struct api_errors *e, const char *at, struct api_inputs *out, size_t from,
                        size_t features, json_t *sample)
{
    char place[API_POINTER_SIZE];
    json_t *event;
    size_t k;

    if (!json_is_array(sample)) {
        api_wrong_type(e, at, sample, "an array of events");
        return;
    }
    json_array_foreach(sample, k, event)
    {
        if (api_errors_count(e) >= MAX_TOLD)
            return;
        read_event(e, api_at_index(place, at, k), event, &out->times[from + k],
                   &out->units[from + k], features);
    }
}

/* --------------------------------------------------------------------------------- samples -- */

static void check_list(struct api_errors *e, json_t *list)
{
    if (!list)
        api_errors_add(e, "/inputs", "missing_field",
                       "inputs is missing, want an array of samples");
    else if (!json_is_array(list))
        api_wrong_type(e, "/inputs", list, "an array of samples");
    else if (json_array_size(list) < 1 || json_array_size(list) > MAX_SAMPLES)
        api_errors_add(e, "/inputs", "out_of_range", "inputs has %zu samples, want 1 to %d",
                       json_array_size(list), MAX_SAMPLES);
}

static bool make_room(struct api_inputs *out, const struct snn_data_info *info, json_t *list)
{
    const size_t n = json_array_size(list);

    if (!info->events) {
        out->values = calloc(n, info->features * sizeof *out->values);
        return out->values != NULL;
    }
    out->first = calloc(n + 1, sizeof *out->first);
    if (!out->first)
        return false;
    for (size_t i = 0; i < n; i++) /* what is no array has a size of 0 */
        out->first[i + 1] = out->first[i] + json_array_size(json_array_get(list, i));
    out->times = calloc(out->first[n] + 1, sizeof *out->times);
    out->units = calloc(out->first[n] + 1, sizeof *out->units);
    return out->times && out->units;
}

bool api_inputs_read(struct api_errors *e, struct api_inputs *out, const struct snn_data_info *info,
                     json_t *list)
{
    char at[API_POINTER_SIZE];
    json_t *sample;
    size_t i;

    check_list(e, list);
    if (api_errors_count(e))
        return true;
    if (!make_room(out, info, list))
        return false;
    json_array_foreach(list, i, sample)
    {
        if (api_errors_count(e) >= MAX_TOLD)
            break;
        api_at_index(at, "/inputs", i);
        if (info->events)
            read_events(e, at, out, out->first[i], info->features, sample);
        else
            read_values(e, at, out->values + i * info->features, info->features, sample);
    }
    out->inputs = (struct snn_inputs){.n = json_array_size(list),
                                      .values = out->values,
                                      .first = out->first,
                                      .times = out->times,
                                      .units = out->units};
    return true;
}

void api_inputs_clear(struct api_inputs *s)
{
    free(s->values);
    free(s->first);
    free(s->times);
    free(s->units);
    *s = (struct api_inputs){0};
}
