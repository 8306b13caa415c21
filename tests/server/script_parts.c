/* SPDX-License-Identifier: MIT */
/* Results, the outbox, sweeps, data sets. */
#include "tests/server/script_parts.h"

#include <stdlib.h>
#include <string.h>

#include "server/webhook.h"

/* What was posted is committed when this returns, and failed where it could not be. */
static SRV_COMMAND(run_nothing)
{
    (void)c;
    (void)arg;
    (void)err;
    return SNN_OK;
}

enum snn_code script_posted(struct script *s, enum snn_code rc, struct snn_error *err)
{
    uint64_t failed;

    /* Commands run in order: with this one, however it ends, the post has been dealt with. */
    (void)srv_writer_call(s->store->writer, run_nothing, NULL, NULL);
    failed = srv_writer_stats(s->store->writer).posts_failed - s->posts_failed;
    s->posts_failed += failed;
    return rc == SNN_OK && failed ? snn_fail(err, SNN_IO, "what was posted was not written") : rc;
}

/* ----------------------------------------------------------------------------------- results -- */

enum snn_code script_post_points(struct script *s, struct snn_error *err)
{
    struct snn_point p[] = {
        {.name = "train_loss", .values = (const double[]){0.5}, .n = 1},
        {.name = "spike_rate/layer1", .values = (const double[]){1, 2}, .n = 2}};

    return script_posted(s, srv_store_points_post(s->store, s->claimed.id, 10, 1, p, 2), err);
}

static enum snn_code histograms(struct script *s, size_t n, size_t step, struct snn_error *err)
{
    struct snn_histogram *h = calloc(n, sizeof *h);
    enum snn_code rc;

    assert_non_null(h);
    for (size_t i = 0; i < n; i++) {
        snprintf(h[i].name, sizeof h[i].name, "gradients/layer%zu.weight", i);
        for (size_t j = 0; j < SNN_HIST_BINS; j++)
            h[i].count += h[i].bins[j] = 100000000 * (j + 1);
    }
    rc = script_posted(s, srv_store_histograms_post(s->store, s->claimed.id, step, 1, h, n), err);
    free(h);
    return rc;
}

enum snn_code script_post_histograms(struct script *s, struct snn_error *err)
{
    return histograms(s, 2, 10, err);
}

/* Moves the log into the database: there is more than 4 MiB of it then. */
enum snn_code script_fill(struct script *s, struct snn_error *err)
{
    return histograms(s, 8000, 20, err);
}

enum snn_code script_rewind_job(struct script *s, struct snn_error *err)
{
    return srv_store_rewind(s->store, s->claimed.id, 10, err);
}

enum snn_code script_post_confusion(struct script *s, struct snn_error *err)
{
    uint32_t counts[] = {3, 4, 2, 4, 2, 1, 0, 4};
    struct snn_confusion c = {
        .classes = 2, .samples = counts, .correct = counts + 2, .matrix = counts + 4};

    return script_posted(s, srv_store_confusion_post(s->store, s->claimed.id, &c), err);
}

enum snn_code script_add_checkpoint(struct script *s, struct snn_error *err)
{
    struct srv_checkpoint c = {
        .step = ++s->checkpoints, .epoch = 1, .bytes = 100, .sha256 = SCRIPT_DIGEST};
    char **dropped = NULL;
    size_t n = 0;
    enum snn_code rc;

    snprintf(c.path, sizeof c.path, "jobs/%s/step-%lld.ckpt", s->claimed.id, (long long)c.step);
    rc = srv_store_checkpoint_add(s->store, s->claimed.id, &c, 2, &dropped, &n, err);
    for (size_t i = 0; rc == SNN_OK && i < n; i++)
        free(dropped[i]);
    if (rc == SNN_OK)
        free(dropped);
    return rc;
}

/* ----------------------------------------------------------------------------------- outbox -- */

static enum snn_code try_webhook(struct script *s, int64_t status, enum srv_webhook_state state,
                                 struct snn_error *err)
{
    struct srv_webhook w;
    size_t found = 0;
    enum snn_code rc = srv_store_webhook_due(s->store, NULL, NULL, &w, 1, &found, err);

    if (rc == SNN_OK && !found)
        rc = snn_fail(err, SNN_NOT_FOUND, "the outbox is empty");
    if (rc != SNN_OK)
        return rc;
    w.attempts++;
    w.status = status;
    w.state = state;
    w.at = fixture_now;
    return srv_store_webhook_tried(s->store, &w, err);
}

enum snn_code script_webhook_refused(struct script *s, struct snn_error *err)
{
    return try_webhook(s, 500, SRV_WEBHOOK_pending, err);
}

enum snn_code script_webhook_delivered(struct script *s, struct snn_error *err)
{
    return try_webhook(s, 200, SRV_WEBHOOK_delivered, err);
}

enum snn_code script_forget_webhooks(struct script *s, struct snn_error *err)
{
    return srv_store_webhook_forget(s->store, 500, err);
}

/* ------------------------------------------------------------------------ sweeps, data sets -- */

enum snn_code script_create_sweep(struct script *s, struct snn_error *err)
{
    static const char *const texts[] = {"{\"/x\":0}", "{\"/x\":1}"};
    struct srv_sweep sweep = {.combinations = 2,
                              .metric = "validation_accuracy",
                              .name = "sweep",
                              .maximize = 1,
                              .rung_epochs = 2,
                              .rung_factor = 2,
                              .config = strdup("{}")};
    struct srv_job *jobs = calloc(2, sizeof *jobs);
    bool again;
    enum snn_code rc;

    assert_true(sweep.config && jobs);
    for (int64_t i = 0; i < 2; i++) {
        jobs[i] = fixture_job("of a sweep");
        jobs[i].combination = i;
        jobs[i].rung_epoch = 2;
    }
    rc = srv_store_sweep_create(s->store, &sweep, texts, jobs, 2, 1000, "key-2", SCRIPT_DIGEST,
                                &again, err);
    if (rc == SNN_OK)
        memcpy(s->sweep, sweep.id, SRV_ID_SIZE);
    srv_sweep_clear(&sweep);
    srv_job_list_free(jobs, 2);
    return rc;
}

enum snn_code script_cancel_sweep(struct script *s, struct snn_error *err)
{
    struct srv_sweep_change *changed = NULL;
    size_t n = 0;
    enum snn_code rc = srv_store_sweep_cancel(s->store, s->sweep, false, &changed, &n, err);

    if (rc == SNN_OK)
        free(changed);
    return rc;
}

enum snn_code script_create_dataset(struct script *s, struct snn_error *err)
{
    struct srv_dataset_row row = {.name = "mine", .format = "csv"};
    enum snn_code rc = srv_store_dataset_create(s->store, &row, err);

    if (rc == SNN_OK)
        memcpy(s->dataset, row.id, SRV_ID_SIZE);
    return rc;
}

enum snn_code script_put_dataset(struct script *s, struct snn_error *err)
{
    struct srv_dataset_row row = {.name = "mine", .format = "csv", .n_files = 1};

    memcpy(row.id, s->dataset, SRV_ID_SIZE);
    row.files[0] = (struct srv_dataset_file){
        .part = "train", .path = "datasets/x", .bytes = 5, .sha256 = SCRIPT_DIGEST};
    return srv_store_dataset_put(s->store, &row, err);
}

enum snn_code script_delete_dataset(struct script *s, struct snn_error *err)
{
    return srv_store_dataset_delete(s->store, s->dataset, err);
}
