/* SPDX-License-Identifier: MIT */
/* submit, config, cancel, pause, resume, delete, validate. */
#include <math.h>
#include <string.h>

#include "server/ctl/ctl.h"
#include "server/ctl/format.h"

void ctl_add_job_error(struct ctl_text *t, const json_t *job)
{
    const char *param = ctl_string(job, "error.param");

    if (!json_is_object(ctl_at(job, "error")))
        return;
    ctl_text_add(t, " (");
    ctl_text_safe(t, ctl_string(job, "error.code"));
    ctl_text_add(t, ")%s", param[0] ? " at " : "");
    ctl_text_safe(t, param);
    ctl_text_add(t, ": ");
    ctl_text_safe(t, ctl_string(job, "error.message"));
}

/* ---------------------------------------------------------------------------------- submit -- */

enum ctl_exit ctl_submit(struct ctl *c)
{
    bool watch = ctl_value(c, "watch") != NULL, lines = c->json;
    struct ctl_text body = {0}, id = {0};
    json_t *job = NULL;
    enum ctl_exit rc = ctl_read_file(c, ctl_operand(c, 0), &body);

    /* Watching prints a line for each update, and the accepted job will be the first of them. */
    c->json = lines && !watch;
    if (rc == CTL_OK)
        rc = ctl_post(c, "/v1/jobs", &body, &job);
    c->json = lines;
    ctl_text_free(&body);
    if (rc != CTL_OK)
        return rc;
    ctl_text_safe(&id, ctl_string(job, "id"));
    json_decref(job);
    if (!lines) {
        fprintf(c->out, "%s\n", ctl_text_of(&id));
        fflush(c->out);
    }
    if (watch)
        rc = ctl_watch_job(c, ctl_text_of(&id));
    ctl_text_free(&id);
    return rc;
}

/* ---------------------------------------------------------------------------------- config -- */

/* What can be submitted again, and nothing else. */
enum ctl_exit ctl_config(struct ctl *c)
{
    struct ctl_text path = {0};
    enum ctl_exit rc;
    bool json = c->json;
    json_t *config;

    rc = ctl_job_path(c, &path, ctl_operand(c, 0), "/config");
    if (rc != CTL_OK)
        return rc;
    c->json = true;
    rc = ctl_fetch(c, "GET", &path, &config);
    c->json = json;
    json_decref(config);
    return rc;
}

/* ------------------------------------------------------------------------ cancel and delete -- */

static enum ctl_exit act(struct ctl *c, const char *action)
{
    struct ctl_text path = {0};
    enum ctl_exit rc = ctl_job_path(c, &path, ctl_operand(c, 0), action);

    return rc == CTL_OK ? ctl_act(c, &path, "status") : rc;
}

enum ctl_exit ctl_cancel(struct ctl *c)
{
    return act(c, "/cancel");
}

enum ctl_exit ctl_pause(struct ctl *c)
{
    return act(c, "/pause");
}

enum ctl_exit ctl_resume(struct ctl *c)
{
    return act(c, "/resume");
}

/* What still runs is answered with its object; else there is nothing to show. */
void ctl_say_deleted(struct ctl *c, bool held)
{
    const char *id = ctl_operand(c, 0);

    if (c->json && !held)
        fprintf(c->out, "{\"id\":\"%s\",\"deleted\":true}\n", id);
    else if (!c->json)
        fprintf(c->out, "%s %s\n", id,
                held ? "is being cancelled and will be deleted then" : "deleted");
}

enum ctl_exit ctl_delete(struct ctl *c)
{
    struct ctl_text path = {0};
    enum ctl_exit rc;
    json_t *job;

    rc = ctl_job_path(c, &path, ctl_operand(c, 0), "");
    if (rc != CTL_OK)
        return rc;
    rc = ctl_fetch(c, "DELETE", &path, &job);
    if (rc != CTL_OK)
        return rc;
    ctl_say_deleted(c, job != NULL);
    json_decref(job);
    return rc;
}

/* -------------------------------------------------------------------------------- validate -- */

static void add_findings(struct ctl *c, struct ctl_text *t, const json_t *list, const char *what,
                         enum ctl_color color)
{
    const json_t *e;
    size_t i;

    json_array_foreach(list, i, e)
    {
        const char *at = ctl_string(e, "pointer");

        ctl_text_add(t, "%s%s%s ", ctl_color(c, color), what, ctl_color(c, CTL_PLAIN));
        ctl_text_safe(t, at[0] ? at : "(the whole)");
        ctl_text_add(t, ": ");
        ctl_text_safe(t, ctl_string(e, "detail"));
        ctl_text_add(t, "\n");
    }
}

static void add_line(struct ctl_text *t, const char *name, struct ctl_word word)
{
    if (strcmp(word.s, "-") != 0)
        ctl_text_add(t, "%-22s %s\n", name, word.s);
}

static void add_validation(struct ctl *c, struct ctl_text *t, const json_t *v)
{
    bool valid = json_is_true(ctl_at(v, "valid"));

    add_findings(c, t, ctl_at(v, "errors"), "error", CTL_RED);
    add_findings(c, t, ctl_at(v, "warnings"), "warning", CTL_YELLOW);
    ctl_text_add(t, "%s%s%s\n", ctl_color(c, valid ? CTL_GREEN : CTL_RED),
                 valid ? "valid" : "not valid", ctl_color(c, CTL_PLAIN));
    add_line(t, "parameters", ctl_count(ctl_real(v, "parameters")));
    add_line(t, "memory", ctl_bytes(ctl_real(v, "memory_bytes")));
    add_line(t, "steps", ctl_count(ctl_real(v, "steps")));
    add_line(t, "steps in memory", ctl_count(ctl_real(v, "segment_steps")));
    add_line(t, "multiply-adds / sample", ctl_count(ctl_real(v, "multiply_adds_per_sample")));
    add_line(t, "training samples", ctl_count(ctl_real(v, "samples.train")));
    add_line(t, "validation samples", ctl_count(ctl_real(v, "samples.validation")));
    add_line(t, "test samples", ctl_count(ctl_real(v, "samples.test")));
}

enum ctl_exit ctl_validate(struct ctl *c)
{
    struct ctl_text body = {0}, t = {0};
    json_t *validation = NULL;
    enum ctl_exit rc = ctl_read_file(c, ctl_operand(c, 0), &body);

    if (rc == CTL_OK)
        rc = ctl_post(c, "/v1/jobs/validate", &body, &validation);
    ctl_text_free(&body);
    if (rc == CTL_OK && !c->json) {
        add_validation(c, &t, validation);
        rc = ctl_print(c, &t);
    }
    if (rc == CTL_OK && !json_is_true(ctl_at(validation, "valid")))
        rc = CTL_REFUSED;
    json_decref(validation);
    return rc;
}
