/* SPDX-License-Identifier: MIT */
/* Samples to a trained model: a line an answer. */
#include <inttypes.h>
#include <stdlib.h>

#include "server/ctl/ctl.h"
#include "server/ctl/format.h"

/* The file is the request itself, or only its array of samples. */
static enum ctl_exit make_body(struct ctl *c, const struct ctl_text *file, struct ctl_text *body)
{
    const char *which = ctl_value(c, "checkpoint");
    json_error_t why;
    json_t *value = json_loadb(ctl_text_of(file), file->n, JSON_REJECT_DUPLICATES, &why);

    if (!value)
        return ctl_fail(c, CTL_USAGE, "the samples are not JSON: line %d, column %d: %s", why.line,
                        why.column, why.text);
    if (json_is_array(value))
        value = json_pack("{s:o}", "inputs", value);
    if (which && value)
        json_object_set_new(value, "checkpoint", json_string(which));
    return ctl_add_json(body, value) ? CTL_OK : ctl_fail(c, CTL_LOCAL, "no memory for the samples");
}

static void add_sample(struct ctl_text *t, size_t i, const json_t *sample)
{
    const json_t *v;
    size_t k;

    ctl_text_add(t, "%6zu %6" PRId64 " ", i, ctl_integer(sample, "class"));
    json_array_foreach(ctl_at(sample, "scores"), k, v)
        ctl_text_add(t, " %s", json_is_number(v) ? ctl_number(json_number_value(v)).s : "-");
    ctl_text_add(t, "\n");
}

enum ctl_exit ctl_predict(struct ctl *c)
{
    struct ctl_text path = {0}, file = {0}, body = {0}, t = {0};
    json_t *answer = NULL;
    const json_t *sample;
    enum ctl_exit rc = ctl_job_path(c, &path, ctl_operand(c, 0), "/predict");
    size_t i;

    if (rc == CTL_OK)
        rc = ctl_read_file(c, ctl_operand(c, 1), &file);
    if (rc == CTL_OK)
        rc = make_body(c, &file, &body);
    if (rc == CTL_OK)
        rc = ctl_post(c, ctl_text_of(&path), &body, &answer);
    if (rc == CTL_OK && !c->json) {
        ctl_text_add(&t, "%s%6s %6s  %s%s\n", ctl_color(c, CTL_BOLD), "SAMPLE", "CLASS", "SCORES",
                     ctl_color(c, CTL_PLAIN));
        json_array_foreach(ctl_at(answer, "data"), i, sample) add_sample(&t, i, sample);
        rc = ctl_print(c, &t);
    }
    json_decref(answer);
    ctl_text_free(&body);
    ctl_text_free(&file);
    ctl_text_free(&path);
    return rc;
}
