/* SPDX-License-Identifier: MIT */
/* doctor: a job's verdict as text, and with --apply the job that is made of what it suggests. */
#include <stdlib.h>
#include <string.h>

#include "server/ctl/ctl.h"

/* Text, or a number as people write it. */
static void add_value(struct ctl_text *t, const json_t *value)
{
    if (json_is_string(value))
        ctl_text_safe(t, json_string_value(value));
    else if (json_is_number(value))
        ctl_text_add(t, "%.4g", json_number_value(value));
    else
        ctl_text_add(t, "?");
}

static void add_evidence(struct ctl_text *t, json_t *evidence)
{
    const char *name, *between = "    ";
    json_t *value;

    json_object_foreach(evidence, name, value)
    {
        ctl_text_add(t, "%s", between);
        ctl_text_safe(t, name);
        ctl_text_add(t, " ");
        add_value(t, value);
        between = ", ";
    }
    ctl_text_add(t, "\n");
}

static void add_suggestion(const struct ctl *c, struct ctl_text *t, const json_t *s)
{
    if (!json_is_object(s))
        return;
    ctl_text_add(t, "  %sturn ", ctl_color(c, CTL_BOLD));
    ctl_text_safe(t, ctl_string(s, "pointer"));
    ctl_text_add(t, " from ");
    add_value(t, json_object_get(s, "from"));
    ctl_text_add(t, " to ");
    add_value(t, json_object_get(s, "to"));
    ctl_text_add(t, "%s: ", ctl_color(c, CTL_PLAIN));
    ctl_text_safe(t, ctl_string(s, "why"));
    ctl_text_add(t, "\n");
}

static void add_finding(const struct ctl *c, struct ctl_text *t, const json_t *f)
{
    const char *severity = ctl_string(f, "severity"), *because = ctl_string(f, "because");
    const bool critical = strcmp(severity, "critical") == 0;

    ctl_text_add(t, "%s", ctl_color(c, critical ? CTL_RED : CTL_YELLOW));
    ctl_text_safe(t, severity);
    ctl_text_add(t, "%s ", ctl_color(c, CTL_PLAIN));
    ctl_text_safe(t, ctl_string(f, "rule"));
    if (ctl_string(f, "layer")[0]) {
        ctl_text_add(t, " of ");
        ctl_text_safe(t, ctl_string(f, "layer"));
    }
    if (because[0]) {
        ctl_text_add(t, " (because of ");
        ctl_text_safe(t, because);
        ctl_text_add(t, ")");
    }
    ctl_text_add(t, "\n  ");
    ctl_text_safe(t, ctl_string(f, "sentence"));
    ctl_text_add(t, "\n");
    add_evidence(t, json_object_get(f, "evidence"));
    add_suggestion(c, t, json_object_get(f, "suggestion"));
}

static enum ctl_exit print_verdict(struct ctl *c, const json_t *verdict)
{
    struct ctl_text t = {0};
    const json_t *f;
    size_t i;

    if (c->json) {
        if (json_dumpf(verdict, c->out, JSON_COMPACT) == 0)
            fputc('\n', c->out);
        return CTL_OK;
    }
    if (json_is_true(json_object_get(verdict, "healthy"))) {
        ctl_text_add(&t, "%s", ctl_color(c, CTL_GREEN));
        ctl_text_safe(&t, ctl_string(verdict, "summary"));
        ctl_text_add(&t, "%s (step %lld)\n", ctl_color(c, CTL_PLAIN),
                     (long long)ctl_integer(verdict, "step"));
    }
    json_array_foreach(json_object_get(verdict, "findings"), i, f) add_finding(c, &t, f);
    return ctl_print(c, &t);
}

/* {"changes": {...}} of all that is suggested; NULL where nothing is. */
static json_t *changes_of(const json_t *verdict)
{
    json_t *changes = json_object();
    const json_t *f;
    size_t i;

    json_array_foreach(json_object_get(verdict, "findings"), i, f)
    {
        const json_t *s = json_object_get(f, "suggestion");

        if (json_is_object(s))
            json_object_set(changes, ctl_string(s, "pointer"), json_object_get(s, "to"));
    }
    if (json_object_size(changes) > 0)
        return json_pack("{s:o}", "changes", changes);
    json_decref(changes);
    return NULL;
}

/* Makes the job with the changes and prints its id. */
static enum ctl_exit apply(struct ctl *c, const char *id, const json_t *verdict)
{
    json_t *wanted = changes_of(verdict), *made = NULL;
    struct ctl_text path = {0}, body = {0};
    const bool json = c->json;
    enum ctl_exit rc;

    if (!wanted)
        return ctl_fail(c, CTL_REFUSED, "nothing is suggested for job %.60s", id);
    if (!ctl_add_json(&body, wanted)) {
        ctl_text_free(&body);
        return ctl_fail(c, CTL_LOCAL, "no memory for the changes");
    }
    rc = ctl_job_path(c, &path, id, "/retry");
    c->json = false;
    if (rc == CTL_OK)
        rc = ctl_post(c, ctl_text_of(&path), &body, &made);
    c->json = json;
    if (rc == CTL_OK)
        fprintf(c->out, "%s\n", ctl_string(made, "id"));
    json_decref(made);
    ctl_text_free(&body);
    ctl_text_free(&path);
    return rc;
}

enum ctl_exit ctl_doctor(struct ctl *c)
{
    const char *id = ctl_operand(c, 0);
    json_t *job = NULL, *verdict;
    enum ctl_exit rc = ctl_look(c, id, "", &job);

    verdict = json_object_get(job, "verdict");
    if (rc == CTL_OK && !json_is_object(verdict))
        rc = ctl_fail(c, CTL_REFUSED,
                      "job %.60s is %.20s and has no diagnostic record yet to judge: its "
                      "diagnostics.every_steps says how often there is one",
                      id, ctl_string(job, "status"));
    if (rc == CTL_OK)
        rc = print_verdict(c, verdict);
    if (rc == CTL_OK && ctl_value(c, "apply"))
        rc = apply(c, id, verdict);
    else if (rc == CTL_OK && !json_is_true(json_object_get(verdict, "healthy")))
        rc = CTL_JOB_FAILED;
    json_decref(job);
    return rc;
}
