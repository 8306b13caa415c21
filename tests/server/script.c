/* SPDX-License-Identifier: MIT */
/* The steps of a job's life, and the order of all. */
#include "tests/server/script.h"

#include <stdlib.h>
#include <string.h>

#include "tests/server/script_parts.h"

/* ------------------------------------------------------------------------------------- jobs -- */

static enum snn_code create(struct script *s, const char *key, bool *again, char id[SRV_ID_SIZE],
                            struct snn_error *err)
{
    struct srv_job job = fixture_job("scripted");
    struct srv_meta label = {"paper", "fig1"};
    enum snn_code rc;

    snprintf(job.webhook_url, sizeof job.webhook_url, "https://example.org/");
    snprintf(job.webhook_events, sizeof job.webhook_events, " succeeded failed cancelled ");
    job.metadata = &label;
    job.n_metadata = 1;
    rc = key ? srv_store_job_create_once(s->store, &job, 1000, key, SCRIPT_DIGEST, again, err)
             : srv_store_job_create(s->store, &job, 1000, err);
    if (job.metadata == &label) {
        job.metadata = NULL;
        job.n_metadata = 0;
    }
    if (rc == SNN_OK)
        memcpy(id, job.id, SRV_ID_SIZE);
    srv_job_clear(&job);
    return rc;
}

static enum snn_code create_job(struct script *s, struct snn_error *err)
{
    return create(s, NULL, NULL, s->job, err);
}

static enum snn_code create_with_key(struct script *s, struct snn_error *err)
{
    bool again;

    return create(s, "key-1", &again, s->other, err);
}

static enum snn_code claim(struct script *s, struct snn_error *err)
{
    struct srv_job job = {0};
    bool found = false;
    enum snn_code rc = srv_store_job_claim(s->store, "boot_1", INT64_MAX, &job, &found, err);

    srv_job_clear(&job);
    if (rc == SNN_OK && !found)
        rc = snn_fail(err, SNN_NOT_FOUND, "nothing to claim");
    if (rc == SNN_OK)
        s->claimed = job;
    return rc;
}

static enum snn_code progress(struct script *s, struct snn_error *err)
{
    s->claimed.step += 10;
    s->claimed.epoch++;
    return script_posted(s, srv_store_job_progress_post(s->store, &s->claimed), err);
}

static enum snn_code add_event(struct script *s, struct snn_error *err)
{
    struct srv_event e = {.type = "epoch", .message = "an epoch", .step = 10, .epoch = 1};

    return srv_store_event_add(s->store, s->claimed.id, &e, err);
}

static enum snn_code post_event(struct script *s, struct snn_error *err)
{
    struct srv_event e = {.type = "warning", .message = "a warning", .step = 11, .epoch = 1};

    return script_posted(s, srv_store_event_post(s->store, s->claimed.id, &e), err);
}

#define WISH(name)                                                                                 \
    static enum snn_code name##_job(struct script *s, struct snn_error *err)                       \
    {                                                                                              \
        struct srv_job job = {0};                                                                  \
        enum snn_code rc = srv_store_job_##name(s->store, s->claimed.id, &job, err);               \
                                                                                                   \
        srv_job_clear(&job);                                                                       \
        return rc;                                                                                 \
    }
WISH(pause)
WISH(unpause)
WISH(requeue)

static enum snn_code cancel_and_delete(struct script *s, struct snn_error *err)
{
    struct srv_job job = {0};
    enum snn_code rc = srv_store_job_cancel(s->store, s->claimed.id, true, &job, err);

    srv_job_clear(&job);
    return rc;
}

static enum snn_code abandon(struct script *s, struct snn_error *err)
{
    struct srv_job job = {0};
    enum snn_code rc = srv_store_job_abandon(s->store, s->claimed.id, "as asked", &job, err);

    srv_job_clear(&job);
    return rc;
}

static enum snn_code release(struct script *s, enum srv_job_status status, struct snn_error *err)
{
    bool deleted;

    s->claimed.status = status;
    return srv_store_job_release(s->store, &s->claimed, &deleted, err);
}

static enum snn_code succeed(struct script *s, struct snn_error *err)
{
    return release(s, SRV_JOB_succeeded, err);
}

static enum snn_code fail_job(struct script *s, struct snn_error *err)
{
    return release(s, SRV_JOB_failed, err);
}

static enum snn_code be_cancelled(struct script *s, struct snn_error *err)
{
    return release(s, SRV_JOB_cancelled, err);
}

static enum snn_code recover(struct script *s, struct snn_error *err)
{
    size_t n;

    return srv_store_recover(s->store, "boot_2", 100, &n, err);
}

static enum snn_code delete_job(struct script *s, struct snn_error *err)
{
    return srv_store_job_delete(s->store, s->job, err);
}

static void is_gone(void *user, const char *id)
{
    struct script *s = user;

    (void)id;
    if (s->between)
        s->between(s);
}

static enum snn_code retire(struct script *s, struct snn_error *err)
{
    size_t n;

    fixture_now += 1000;
    return srv_store_retire(s->store, &(struct srv_retention){.seconds = 500}, is_gone, s, &n, err);
}

static enum snn_code forget_keys(struct script *s, struct snn_error *err)
{
    return srv_store_keys_forget(s->store, 500, err);
}

/* The first to come waits; with the second they are compared, and one is cancelled. */
static enum snn_code arrive(struct script *s, struct snn_error *err)
{
    s->claimed.epoch = 2;
    s->claimed.metrics.validation_accuracy = 0.5 + 0.1 * (double)s->claimed.combination;
    return release(s, SRV_JOB_paused, err);
}

/* ------------------------------------------------------------------------------------ order -- */

const struct script_step script_steps[] = {
    {"create", create_job},
    {"create with a key", create_with_key},
    {"create a sweep", script_create_sweep},
    {"create a data set", script_create_dataset},
    {"put a file of it", script_put_dataset},
    {"claim", claim},
    {"progress", progress},
    {"event", add_event},
    {"event, posted", post_event},
    {"points", script_post_points},
    {"histograms", script_post_histograms},
    {"checkpoint", script_add_checkpoint},
    {"checkpoint", script_add_checkpoint},
    {"checkpoint that drops one", script_add_checkpoint},
    {"rewind", script_rewind_job},
    {"pause", pause_job},
    {"unpause", unpause_job},
    {"confusion", script_post_confusion},
    {"succeed", succeed},
    {"webhook refused", script_webhook_refused},
    {"webhook delivered", script_webhook_delivered},
    {"claim the other", claim},
    {"recover", recover},
    {"claim again", claim},
    {"fail", fail_job},
    {"requeue", requeue_job},
    {"claim again", claim},
    {"cancel and delete", cancel_and_delete},
    {"be cancelled, and be gone", be_cancelled},
    {"claim of the sweep", claim},
    {"arrive", arrive},
    {"claim of the sweep", claim},
    {"arrive and compare", arrive},
    {"cancel the sweep", script_cancel_sweep},
    {"delete a data set", script_delete_dataset},
    {"delete", delete_job},
    {"forget keys, of which none is old", forget_keys},
    {"retire", retire},
    {"forget keys", forget_keys},
    {"forget webhooks", script_forget_webhooks},
    {"bulk", create_job},
    {"claim", claim},
    {"fill", script_fill},
    {"progress", progress},
    {"checkpoint", script_add_checkpoint},
    {"points", script_post_points},
    {"rewind", script_rewind_job},
    {"abandon", abandon},
    {"delete", delete_job},
    {"create", create_job},
    {"create with a key", create_with_key},
    {NULL, NULL},
};
