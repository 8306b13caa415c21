/* SPDX-License-Identifier: MIT */
/* All about a job. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "server/ctl/ctl.h"
#include "server/ctl/draw.h"
#include "server/ctl/format.h"

static void add_name(struct ctl_text *t, const char *name)
{
    ctl_text_add(t, "%-13s ", name);
}

static void add_text(struct ctl_text *t, const char *name, const char *value)
{
    if (value[0] == '\0' || strcmp(value, "-") == 0)
        return;
    add_name(t, name);
    ctl_text_safe(t, value);
    ctl_text_add(t, "\n");
}

/* "train 0.0123 / 99.2%" for each part of the data that was looked at */
static void add_metrics(struct ctl_text *t, const json_t *job)
{
    static const struct {
        const char *name, *loss, *accuracy;
    } parts[] = {
        {"train", "metrics.train_loss", "metrics.train_accuracy"},
        {"validation", "metrics.validation_loss", "metrics.validation_accuracy"},
        {"test", "metrics.test_loss", "metrics.test_accuracy"},
    };

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        double loss = ctl_real(job, parts[i].loss), accuracy = ctl_real(job, parts[i].accuracy);

        if (!isfinite(loss) && !isfinite(accuracy))
            continue;
        add_name(t, parts[i].name);
        ctl_text_add(t, "loss %s, accuracy %s\n", ctl_number(loss).s, ctl_percent(accuracy).s);
    }
}

static void add_progress(struct ctl_text *t, const json_t *job, size_t width)
{
    struct ctl_progress p = {
        .fraction = ctl_real(job, "progress.fraction"),
        .epoch = ctl_real(job, "progress.epoch"),
        .epochs = ctl_real(job, "progress.epochs"),
        .loss = NAN,
        .accuracy = NAN,
        .validation = NAN,
        .rate = ctl_real(job, "progress.samples_per_second"),
        .eta = ctl_real(job, "progress.eta_seconds"),
    };

    add_name(t, "progress");
    ctl_draw_progress(t, &p, width > 34 ? width - 14 : 20);
    ctl_text_add(t, "\n");
}

static void add_metadata(struct ctl_text *t, json_t *metadata)
{
    json_t *value;
    const char *key;

    json_object_foreach(metadata, key, value)
    {
        add_name(t, "metadata");
        ctl_text_safe(t, key);
        ctl_text_add(t, " = ");
        ctl_text_safe(t, json_string_value(value) ? json_string_value(value) : "");
        ctl_text_add(t, "\n");
    }
}

static void add_config(struct ctl_text *t, const json_t *job)
{
    const json_t *config = ctl_at(job, "config");
    char *text = config ? json_dumps(config, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;

    if (text)
        ctl_text_add(t, "config\n%s\n", text);
    free(text);
}

static void add_job(struct ctl *c, struct ctl_text *t, const json_t *job)
{
    const char *status = ctl_string(job, "status");
    int64_t started = ctl_integer(job, "started_at"), finished = ctl_integer(job, "finished_at");

    add_text(t, "id", ctl_string(job, "id"));
    add_text(t, "name", ctl_string(job, "name"));
    add_name(t, "status");
    ctl_text_add(t, "%s%s%s", ctl_color(c, ctl_status_color(status)), status,
                 ctl_color(c, CTL_PLAIN));
    ctl_add_job_error(t, job);
    ctl_text_add(t, "\n");
    add_progress(t, job, c->width);
    add_metrics(t, job);
    add_text(t, "data set", ctl_string(job, "dataset"));
    add_text(t, "created", ctl_when(ctl_integer(job, "created_at")).s);
    add_text(t, "started", ctl_when(started).s);
    add_text(t, "finished", ctl_when(finished).s);
    if (started && finished)
        add_text(t, "wall time", ctl_duration((double)(finished - started)).s);
    add_text(t, "memory", ctl_bytes(ctl_real(job, "resources.memory_bytes")).s);
    add_name(t, "threads");
    ctl_text_add(t, "%lld\n", (long long)ctl_integer(job, "resources.threads"));
    add_name(t, "attempt");
    ctl_text_add(t, "%lld\n", (long long)ctl_integer(job, "attempt"));
    add_text(t, "model sha256", ctl_string(job, "model.sha256"));
    add_metadata(t, ctl_at(job, "metadata"));
    add_config(t, job);
}

enum ctl_exit ctl_show(struct ctl *c)
{
    struct ctl_text path = {0}, t = {0};
    enum ctl_exit rc;
    json_t *job;

    rc = ctl_job_path(c, &path, ctl_operand(c, 0), "");
    if (rc != CTL_OK)
        return rc;
    rc = ctl_fetch(c, "GET", &path, &job);
    if (rc == CTL_OK && !c->json) {
        add_job(c, &t, job);
        rc = ctl_print(c, &t);
    }
    json_decref(job);
    return rc;
}
