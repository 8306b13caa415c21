/* SPDX-License-Identifier: MIT */
/* The hooks of a run: what it tells goes to the store, and what others want comes from their flags.
 */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "server/log.h"
#include "server/meter.h"
#include "server/worker_internal.h"

/* Often enough for a progress bar, seldom enough to cost nothing. */
#define PROGRESS_MS 250
/* A checkpoint is a file written through to the disk. Where epochs take milliseconds, one at the
 * end of each would cost more than the training it protects; two seconds are soon trained again. An
 * attempt's first comes earlier: a daemon that is killed every second still gets its jobs done. */
#define CHECKPOINT_MS 2000
#define FIRST_CHECKPOINT_MS 250

static int64_t now_ms(const struct srv_work *w)
{
    return w->options->clock->monotonic_ms();
}

static void post_failed(struct srv_work *w, const char *what, enum snn_code rc)
{
    if (rc == SNN_OK || w->post_failed)
        return;
    w->post_failed = true;
    srv_log(SRV_LOG_error, "record_lost", "job=%s what=%s reason=%s", w->job->id, what,
            snn_code_name(rc));
}

void srv_work_event(struct srv_work *w, const char *type, const char *format, ...)
{
    struct srv_event e = {.step = w->job->step, .epoch = w->job->epoch};
    va_list args;

    snprintf(e.type, sizeof e.type, "%s", type);
    va_start(args, format);
    vsnprintf(e.message, sizeof e.message, format, args);
    va_end(args);
    post_failed(w, "event", srv_store_event_post(w->options->store, w->job->id, &e));
}

bool srv_work_stopped(struct srv_work *w)
{
    size_t limit = w->options->config->max_job_seconds;

    if (limit && now_ms(w) - w->began_ms >= (int64_t)limit * 1000)
        w->out_of_time = true;
    return w->out_of_time || srv_stop_asked(w->stop);
}

bool srv_work_at_rung(const struct srv_work *w)
{
    const struct srv_job *job = w->job;

    return job->rung_epoch > 0 && job->epoch >= job->rung_epoch && job->epoch < job->epochs;
}

/* ------------------------------------------------------------------------------- progress -- */

void srv_work_progress(struct srv_work *w, const struct snn_progress *p)
{
    w->job->epoch = (int64_t)p->epoch;
    w->job->epochs = (int64_t)p->epochs;
    w->job->step = (int64_t)p->step;
    w->job->steps = (int64_t)p->steps;
    w->job->metrics = p->metrics;
    srv_plan_write(w->job->plan, w->run);
    srv_work_judge(w);
}

/* Samples a second over the last seconds, and how long the rest takes at that rate. */
static void estimate(struct srv_work *w, const struct snn_progress *p)
{
    double rate = srv_rate_per_second(&w->rate);
    double per_step = p->step ? (double)p->samples / (double)p->step : 0;

    w->job->samples_per_second = rate;
    w->job->eta_seconds = -1;
    if (rate > 0 && p->step)
        w->job->eta_seconds = (double)(p->steps - p->step) * per_step / rate;
}

/* Appends "name value" to an event's text; nothing where the value is not known. */
static void append(char *text, size_t size, const char *name, double value, bool share)
{
    size_t used = strlen(text);

    if (isnan(value))
        return;
    snprintf(text + used, size - used, share ? "%s%s %.2f%%" : "%s%s %.4g", used ? ", " : "", name,
             share ? 100 * value : value);
}

static void tell_epoch(struct srv_work *w, const struct snn_progress *p)
{
    char text[300] = "";

    append(text, sizeof text, "train loss", p->metrics.train_loss, false);
    append(text, sizeof text, "train accuracy", p->metrics.train_accuracy, true);
    append(text, sizeof text, "validation loss", p->metrics.validation_loss, false);
    append(text, sizeof text, "validation accuracy", p->metrics.validation_accuracy, true);
    srv_work_event(w, "epoch", "epoch %zu of %zu: %s", p->epoch, p->epochs, text);
}

static void tell_progress(struct srv_work *w, const struct snn_progress *p)
{
    int64_t now = now_ms(w);

    srv_rate_mark(&w->rate, now, (double)p->samples);
    if (p->samples > w->counted_samples) {
        srv_count(SRV_COUNTER_samples, p->samples - w->counted_samples);
        srv_count(SRV_COUNTER_steps, p->step - w->counted_steps);
    }
    w->counted_samples = p->samples;
    w->counted_steps = p->step;
    if (!p->epoch_end && now - w->posted_ms < PROGRESS_MS)
        return;
    w->posted_ms = now;
    estimate(w, p);
    post_failed(w, "progress", srv_store_job_progress_post(w->options->store, w->job));
}

/* ---------------------------------------------------------------------------- checkpoints -- */

enum snn_code srv_work_save(struct srv_work *w, struct snn_error *err)
{
    struct snn_progress p = snn_run_progress(w->run);
    enum snn_code rc;
    int64_t start;

    /* The epoch too: a run that was stopped in the validation at its end has that to do. */
    if (w->is_saved && w->saved.step == (int64_t)p.step && w->saved.epoch == (int64_t)p.epoch)
        return SNN_OK;
    start = srv_microseconds();
    rc = srv_checkpoint_save(&w->saved, w->options->config, w->options->store, w->job->id, w->run,
                             err);
    /* From the end of the writing, done or not: a slow or full disk is not asked all the time. */
    w->saved_ms = now_ms(w);
    w->saved_any = true;
    srv_count(rc == SNN_OK ? SRV_COUNTER_checkpoints : SRV_COUNTER_checkpoint_errors, 1);
    if (rc != SNN_OK)
        return rc;
    srv_time(SRV_TIMER_checkpoint, srv_microseconds() - start);
    w->is_saved = true;
    srv_work_event(w, "checkpoint", "saved at step %lld: %lld bytes", (long long)w->saved.step,
                   (long long)w->saved.bytes);
    return SNN_OK;
}

static void save_when_due(struct srv_work *w, bool epoch_end)
{
    int64_t since = now_ms(w) - w->saved_ms;
    int64_t every = (int64_t)w->options->config->checkpoint_seconds * 1000;
    int64_t spacing = w->saved_any ? CHECKPOINT_MS : FIRST_CHECKPOINT_MS;
    struct snn_error err = {0};
    char quoted[512];

    if (!(epoch_end && since >= spacing) && !(every && since >= every))
        return;
    if (srv_work_save(w, &err) == SNN_OK)
        return;
    /* Training goes on: the next one may succeed, and the one before is still there. */
    srv_work_event(w, "warning", "no checkpoint could be saved: %s", err.message);
    srv_log(SRV_LOG_error, "checkpoint_failed", "job=%s step=%lld reason=%s", w->job->id,
            (long long)w->job->step, srv_log_quote(quoted, sizeof quoted, err.message));
}

/* ---------------------------------------------------------------------------------- hooks -- */

static bool on_progress(void *user, struct snn_run *run, const struct snn_progress *p)
{
    struct srv_work *w = user;

    (void)run; /* the same as w->run */
    srv_work_progress(w, p);
    if (p->epoch_end)
        tell_epoch(w, p);
    tell_progress(w, p);
    if (srv_work_stopped(w) || (p->epoch_end && srv_work_at_rung(w)))
        return false; /* what is to be saved then is saved by who stops */
    save_when_due(w, p->epoch_end);
    return true;
}

static void on_points(void *user, size_t step, size_t epoch, const struct snn_point *p, size_t n)
{
    struct srv_work *w = user;

    srv_work_note(w, step, epoch, p, n);
    post_failed(w, "points",
                srv_store_points_post(w->options->store, w->job->id, step, epoch, p, n));
}

static void on_histograms(void *user, size_t step, size_t epoch, const struct snn_histogram *h,
                          size_t n)
{
    struct srv_work *w = user;

    for (size_t i = 0; i < n; i++)
        if (strncmp(h[i].name, "gradients/", strlen("gradients/")) == 0)
            srv_count(SRV_COUNTER_nonfinite, h[i].nan + h[i].inf);
    post_failed(w, "histograms",
                srv_store_histograms_post(w->options->store, w->job->id, step, epoch, h, n));
}

/* Any of the run's threads. */
static enum snn_stop on_stop(void *user)
{
    const struct srv_work *w = user;

    atomic_fetch_add_explicit(&w->stop->beats, 1, memory_order_relaxed);
    if (atomic_load(&w->stop->cancel))
        return SNN_STOP_NOW;
    return srv_stop_asked(w->stop) ? SNN_STOP_SOON : SNN_GO_ON;
}

void srv_work_confusion(struct srv_work *w)
{
    struct snn_confusion confusion;

    if (snn_run_confusion(w->run, &confusion))
        post_failed(w, "confusion",
                    srv_store_confusion_post(w->options->store, w->job->id, &confusion));
}

void srv_work_warn(void *user, const struct snn_error *what)
{
    srv_work_event(user, "warning", "%s%s%s", what->pointer, what->pointer[0] ? ": " : "",
                   what->message);
}

struct snn_hooks srv_work_hooks(struct srv_work *w)
{
    return (struct snn_hooks){.user = w,
                              .progress = on_progress,
                              .points = on_points,
                              .histograms = on_histograms,
                              .warn = srv_work_warn,
                              .stop = on_stop};
}
