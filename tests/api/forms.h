/* SPDX-License-Identifier: MIT */
/* Jobs as text, for the tests of what reads them. */
#ifndef TESTS_API_FORMS_H
#define TESTS_API_FORMS_H

#include "api/spec.h"

/* What every job needs, around what a test adds: {"dataset", "layers", EXTRA}. */
#define JOB(extra)                                                                                 \
    "{\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":\"dense\",\"units\":10}]" extra "}"
/* Layers of the test's own. */
#define LAYERS(layers) "{\"dataset\":{\"name\":\"digits\"},\"layers\":[" layers "]}"
#define OUT "{\"kind\":\"dense\",\"units\":10}"

extern const struct snn_data_info form_digits;

/* Reads and checks a job for form_digits; the errors are the caller's to clear. */
void form_judge(struct api_form *form, const char *text, struct api_errors *e);
/* The spec of a job that has no error; fails the test where it has. */
struct snn_spec form_compile(const char *text);
bool form_has(const struct api_errors *e, const char *pointer, const char *code);
const char *form_detail(const struct api_errors *e, size_t i);
void form_print(const struct api_errors *e);

#endif
