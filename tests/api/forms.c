/* SPDX-License-Identifier: MIT */
/* Reading jobs, and looking at what was said of them. */
#include "tests/api/forms.h"

#include <string.h>

#include "tests/support/test.h"

const struct snn_data_info form_digits = {
    .train = 1437, .test = 360, .features = 64, .shape = {1, 8, 8}, .rank = 3, .classes = 10};

void form_judge(struct api_form *form, const char *text, struct api_errors *e)
{
    json_error_t found;
    json_t *job = json_loads(text, JSON_REJECT_DUPLICATES, &found);

    if (!job)
        fail_msg("%s: %s", text, found.text);
    api_form_read(form, job, e);
    api_form_check(form, &form_digits, e);
    json_decref(job);
}

void form_print(const struct api_errors *e)
{
    json_t *entry;
    size_t i;

    json_array_foreach(e->list, i, entry)
        print_error("  %s: %s: %s\n", json_string_value(json_object_get(entry, "pointer")),
                    json_string_value(json_object_get(entry, "code")),
                    json_string_value(json_object_get(entry, "detail")));
}

struct snn_spec form_compile(const char *text)
{
    struct snn_error err = {0};
    struct snn_spec spec;

    if (api_compile(text, &form_digits, &spec, &err) != SNN_OK)
        fail_msg("%s: %s: %s", text, err.pointer, err.message);
    return spec;
}

bool form_has(const struct api_errors *e, const char *pointer, const char *code)
{
    json_t *entry;
    size_t i;

    json_array_foreach(
        e->list, i,
        entry) if (strcmp(json_string_value(json_object_get(entry, "pointer")), pointer) == 0 &&
                   strcmp(json_string_value(json_object_get(entry, "code")), code) ==
                       0) return true;
    return false;
}

const char *form_detail(const struct api_errors *e, size_t i)
{
    return json_string_value(json_object_get(json_array_get(e->list, i), "detail"));
}
