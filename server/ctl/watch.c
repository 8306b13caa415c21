/* SPDX-License-Identifier: MIT */
/* A job's progress, drawn until the job is over. The daemon may go away and come back meanwhile. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "server/ctl/ctl.h"
#include "server/ctl/draw.h"
#include "server/ctl/format.h"

#define FIRST_PAUSE 0.25
#define LONGEST_PAUSE 1.0
#define PAUSE_GROWTH 1.25
#define REQUEST_SECONDS 10.0
#define SILENCE_SECONDS 60.0 /* without any answer */
#define LINE_SECONDS 2.0     /* between lines where they cannot be drawn over */

struct watch {
    struct ctl *c;
    const char *id;
    double start, answered, printed; /* monotonic seconds; printed: the last line */
    bool drawn;                      /* a line is there to be drawn over */
    bool lost;                       /* the last request had no answer, and that was said */
    struct ctl_text last;            /* the last update, as JSON; what is no news is not shown */
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void pause_for(double seconds)
{
    struct timespec t = {.tv_sec = (time_t)seconds};

    t.tv_nsec = (long)(1e9 * (seconds - (double)t.tv_sec));
    nanosleep(&t, NULL);
}

/* ------------------------------------------------------------------------------------ drawn -- */

/* One line, over the last one where that can be. */
static void draw(struct watch *w, const char *line)
{
    struct ctl *c = w->c;

    if (c->tty)
        fprintf(c->out, "\r%s\033[K", line);
    else
        fprintf(c->out, "%s\n", line);
    fflush(c->out);
    w->drawn = c->tty;
    w->printed = now();
}

static void erase(struct watch *w)
{
    if (w->drawn)
        fputs("\r\033[K", w->c->out);
    fflush(w->c->out);
    w->drawn = false;
}

static void draw_job(struct watch *w, const json_t *job)
{
    const char *status = ctl_string(job, "status");
    struct ctl_progress p = {
        .fraction = ctl_real(job, "progress.fraction"),
        .epoch = ctl_real(job, "progress.epoch"),
        .epochs = ctl_real(job, "progress.epochs"),
        .loss = ctl_real(job, "metrics.train_loss"),
        .accuracy = ctl_real(job, "metrics.train_accuracy"),
        .validation = ctl_real(job, "metrics.validation_accuracy"),
        .rate = ctl_real(job, "progress.samples_per_second"),
        .eta = ctl_real(job, "progress.eta_seconds"),
    };
    struct ctl_text t = {0};

    /* One column less: some terminals go to the next line after the last one. */
    ctl_draw_progress(&t, &p, w->c->tty ? w->c->width - 1 : 200);
    if (strcmp(status, "running") != 0) {
        ctl_text_add(&t, " ");
        ctl_text_safe(&t, status);
        if (w->c->tty)
            ctl_text_clip(&t, w->c->width - 1);
    }
    draw(w, ctl_text_of(&t));
    ctl_text_free(&t);
}

/* An update that is news. Where lines stay, not all of them are worth one. */
static void show_update(struct watch *w, const struct ctl_reply *reply, const json_t *job)
{
    const char *text = ctl_text_of(&reply->body);

    if (w->last.data && strcmp(w->last.data, text) == 0)
        return;
    if (!w->c->json && !w->c->tty && w->printed > 0 && now() - w->printed < LINE_SECONDS)
        return;
    ctl_text_free(&w->last);
    ctl_text_bytes(&w->last, text, reply->body.n);
    if (w->c->json) {
        ctl_print_json(w->c->out, &reply->body, true);
        fflush(w->c->out);
    } else {
        draw_job(w, job);
    }
}

/* -------------------------------------------------------------------------------------- end -- */

static const struct end {
    const char *status;
    enum ctl_exit exit;
} ends[] = {
    {"succeeded", CTL_OK},
    {"failed", CTL_JOB_FAILED},
    {"cancelled", CTL_JOB_CANCELLED},
};

/* NULL while the job is not over. */
static const struct end *find_end(const json_t *job)
{
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (strcmp(ctl_string(job, "status"), ends[i].status) == 0)
            return &ends[i];
    return NULL;
}

static void add_result(struct ctl_text *t, const json_t *job)
{
    double accuracy = ctl_real(job, "metrics.test_accuracy");
    double loss = ctl_real(job, "metrics.test_loss");
    double epoch = ctl_real(job, "progress.epoch"), epochs = ctl_real(job, "progress.epochs");
    int64_t started = ctl_integer(job, "started_at"), finished = ctl_integer(job, "finished_at");

    if (isfinite(epoch) && isfinite(epochs))
        ctl_text_add(t, " after %.0f of %.0f epochs", epoch, epochs);
    if (started && finished > started)
        ctl_text_add(t, " in %s", ctl_duration((double)(finished - started)).s);
    if (isfinite(accuracy))
        ctl_text_add(t, ", test accuracy %s", ctl_percent(accuracy).s);
    if (isfinite(loss))
        ctl_text_add(t, ", test loss %s", ctl_number(loss).s);
}

/* The status line, and on err what went wrong. */
static void show_end(struct watch *w, const json_t *job, const struct end *end)
{
    struct ctl *c = w->c;
    struct ctl_text t = {0}, why = {0};

    if (!c->tty)
        draw_job(w, job);
    else
        erase(w);
    ctl_text_add(&t, "%s%s%s", ctl_color(c, ctl_status_color(end->status)), end->status,
                 ctl_color(c, CTL_PLAIN));
    add_result(&t, job);
    ctl_text_add(&t, "\n");
    ctl_print(c, &t);
    fflush(c->out);
    ctl_add_job_error(&why, job);
    if (end->exit != CTL_OK && why.n)
        ctl_fail(c, end->exit, "%s %s%s", w->id, end->status, ctl_text_of(&why));
    ctl_text_free(&why);
}

/* ------------------------------------------------------------------------------------- poll -- */

/* An answer of the daemon's that will be another one later. */
static bool may_pass(const struct ctl_reply *reply)
{
    return reply->status == 0 || reply->status >= 500 || reply->status == 429 ||
           reply->status == 408;
}

/* True where there is still hope; else *rc says how it ended. */
static bool wait_for_server(struct watch *w, const struct ctl_reply *reply, enum ctl_exit *rc)
{
    struct ctl *c = w->c;

    if (now() - w->answered >= SILENCE_SECONDS) {
        erase(w);
        *rc = ctl_judge(c, reply);
        *rc = *rc == CTL_OK ? CTL_UNREACHABLE : *rc;
        return false;
    }
    if (!w->lost) {
        erase(w);
        fprintf(c->err, "spikectl: no answer from %s, trying again (%s)\n",
                ctl_client_server(c->client), reply->status ? "it is not ready" : reply->why);
    }
    w->lost = true;
    return true;
}

/* True while the job is not over; else *rc says how it ended. */
static bool take_answer(struct watch *w, const struct ctl_reply *reply, enum ctl_exit *rc)
{
    const struct end *end;
    json_t *job;

    w->answered = now();
    w->lost = false;
    *rc = ctl_judge(w->c, reply);
    if (*rc != CTL_OK) {
        erase(w);
        return false;
    }
    job = ctl_parse(w->c, reply);
    *rc = job ? CTL_OK : CTL_UNREACHABLE;
    end = find_end(job);
    if (job && (!end || w->c->json))
        show_update(w, reply, job);
    if (end && !w->c->json)
        show_end(w, job, end);
    if (end)
        *rc = end->exit;
    json_decref(job);
    return *rc == CTL_OK && !end;
}

/* One question. True to go on. */
static bool poll_once(struct watch *w, const char *path, double left, enum ctl_exit *rc)
{
    struct ctl_request request = {.path = path, .seconds = fmin(REQUEST_SECONDS, left)};
    struct ctl_reply reply;
    bool on;

    ctl_client_send(w->c->client, &request, &reply);
    on = may_pass(&reply) ? wait_for_server(w, &reply, rc) : take_answer(w, &reply, rc);
    ctl_reply_clear(&reply);
    return on;
}

static enum ctl_exit watch(struct watch *w, const char *path)
{
    double limit = w->c->timeout > 0 ? w->c->timeout : (double)INFINITY;
    double left = limit, pause = FIRST_PAUSE;
    enum ctl_exit rc = CTL_OK;

    while (left > 0) {
        if (!poll_once(w, path, left, &rc))
            return rc;
        if (ferror(w->c->out))
            return CTL_LOCAL;
        pause_for(fmax(0, fmin(pause, limit - (now() - w->start))));
        pause = fmin(LONGEST_PAUSE, PAUSE_GROWTH * pause);
        left = limit - (now() - w->start);
    }
    erase(w);
    return ctl_fail(w->c, CTL_UNREACHABLE, "gave up after %s; %s goes on", ctl_duration(limit).s,
                    w->id);
}

enum ctl_exit ctl_watch_job(struct ctl *c, const char *id)
{
    struct watch w = {.c = c, .id = id, .start = now(), .answered = now()};
    struct ctl_text path = {0};
    enum ctl_exit rc = ctl_job_path(c, &path, id, "");

    if (rc == CTL_OK && path.failed)
        rc = ctl_fail(c, CTL_LOCAL, "no memory for the path");
    if (rc == CTL_OK)
        rc = watch(&w, ctl_text_of(&path));
    ctl_text_free(&w.last);
    ctl_text_free(&path);
    return rc;
}

enum ctl_exit ctl_watch(struct ctl *c)
{
    return ctl_watch_job(c, ctl_operand(c, 0));
}
