/* SPDX-License-Identifier: MIT */
/* verify: the same job once more, and whether its weights come out the same. */
#include <stdlib.h>
#include <string.h>

#include "server/ctl/ctl.h"

/* What fixes the bits of a job, beside what is the same by being the same job. */
static const struct {
    const char *path, *noun;
} grounds[] = {
    {"reproducibility.config_sha256", "config"},
    {"reproducibility.dataset_sha256", "data"},
    {"reproducibility.init_sha256", "initial weights"},
    {"reproducibility.instruction_set", "instruction set"},
    {"reproducibility.blas", "BLAS kernel"},
    {"reproducibility.version", "version"},
    {"reproducibility.revision", "build"},
};

/* The config with a note whose job this is, where there is room for one. */
static enum ctl_exit submit(struct ctl *c, const char *id, json_t *config, json_t **out)
{
    struct ctl_text body = {0};
    json_t *metadata = json_object_get(config, "metadata");
    bool json = c->json;
    enum ctl_exit rc;

    if (!metadata)
        (void)json_object_set_new(config, "metadata", metadata = json_object());
    (void)json_object_set_new(metadata, "verifies", json_string(id));
    if (json_object_size(metadata) > 16)
        (void)json_object_del(metadata, "verifies");
    if (!ctl_add_json(&body, json_incref(config))) {
        ctl_text_free(&body);
        return ctl_fail(c, CTL_LOCAL, "no memory for the config of %.60s", id);
    }
    c->json = false;
    rc = ctl_post(c, "/v1/jobs", &body, out);
    c->json = json;
    ctl_text_free(&body);
    return rc;
}

/* Trains it once more, its progress on standard error. */
static enum ctl_exit run_again(struct ctl *c, const char *id, json_t **out)
{
    FILE *to = c->out;
    bool json = c->json;
    json_t *config = NULL, *made = NULL;
    enum ctl_exit rc = ctl_look(c, id, "/config", &config);

    if (rc == CTL_OK)
        rc = submit(c, id, config, &made);
    if (rc == CTL_OK) {
        c->out = c->err;
        c->json = false;
        rc = ctl_watch_job(c, ctl_string(made, "id"));
        c->out = to;
        c->json = json;
    }
    if (rc == CTL_OK)
        rc = ctl_look(c, ctl_string(made, "id"), "", out);
    json_decref(made);
    json_decref(config);
    return rc;
}

/* [{"what", "then", "now"}] of the grounds that are not the same. */
static json_t *compare(const json_t *then, const json_t *now)
{
    json_t *out = json_array();

    for (size_t i = 0; i < sizeof grounds / sizeof *grounds; i++) {
        const char *a = ctl_string(then, grounds[i].path), *b = ctl_string(now, grounds[i].path);

        if (strcmp(a, b) != 0)
            json_array_append_new(
                out, json_pack("{s:s, s:s, s:s}", "what", grounds[i].noun, "then", a, "now", b));
    }
    return out;
}

static void print_differences(struct ctl_text *t, const json_t *differences)
{
    const json_t *d;
    size_t i;

    json_array_foreach(differences, i, d)
    {
        const char *then = ctl_string(d, "then"), *now = ctl_string(d, "now");

        ctl_text_add(t, "  %s: ", ctl_string(d, "what"));
        ctl_text_safe(t, then[0] ? then : "not known");
        ctl_text_add(t, " then, ");
        ctl_text_safe(t, now[0] ? now : "not known");
        ctl_text_add(t, " now\n");
    }
}

/* "identical"; "different" with nothing to explain it; "not_comparable" where something does. */
static enum ctl_exit judge(struct ctl *c, const json_t *then, const json_t *now)
{
    const char *a = ctl_string(then, "model.sha256"), *b = ctl_string(now, "model.sha256");
    json_t *differences = compare(then, now);
    bool same = a[0] && strcmp(a, b) == 0, explained = json_array_size(differences) > 0;
    const char *verdict = same ? "identical" : explained ? "not_comparable" : "different";
    struct ctl_text t = {0};

    if (c->json) {
        json_t *answer =
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:O}", "job", ctl_string(then, "id"), "again",
                      ctl_string(now, "id"), "verdict", verdict, "model_sha256", a, "again_sha256",
                      b, "differences", differences);

        if (answer && json_dumpf(answer, c->out, JSON_COMPACT) == 0)
            fputc('\n', c->out);
        json_decref(answer);
    } else {
        ctl_text_add(&t, "%s%s%s: ", ctl_color(c, same ? CTL_GREEN : CTL_RED), verdict,
                     ctl_color(c, CTL_PLAIN));
        if (same)
            ctl_text_add(&t, "%s%s has the weights of %s, sha256 %s\n", ctl_string(now, "id"),
                         explained ? ", though not all is as it was," : "", ctl_string(then, "id"),
                         a);
        else
            ctl_text_add(&t, "%s has other weights than %s: sha256 %s then, %s now%s\n",
                         ctl_string(now, "id"), ctl_string(then, "id"), a, b,
                         explained ? "; not all is as it was:" : ", and all else is the same");
        print_differences(&t, differences);
        ctl_print(c, &t);
    }
    json_decref(differences);
    return same ? CTL_OK : CTL_JOB_FAILED;
}

enum ctl_exit ctl_verify(struct ctl *c)
{
    const char *id = ctl_operand(c, 0);
    json_t *then = NULL, *now = NULL;
    enum ctl_exit rc = ctl_look(c, id, "", &then);

    if (rc == CTL_OK && strcmp(ctl_string(then, "status"), "succeeded") != 0)
        rc = ctl_fail(c, CTL_REFUSED, "job %.60s is %.20s: only one that succeeded can be verified",
                      id, ctl_string(then, "status"));
    if (rc == CTL_OK)
        rc = run_again(c, id, &now);
    if (rc == CTL_OK)
        rc = judge(c, then, now);
    json_decref(then);
    json_decref(now);
    return rc;
}
