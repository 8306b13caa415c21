/* SPDX-License-Identifier: MIT */
/* The outbox: filled by a job's end and by nothing else, emptied in the order of what is due. */
#include "tests/server/store_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "server/store_internal.h"
#include "server/webhook.h"

/* A job that wants those ends told, brought to one. */
static void end(struct fixture *f, const char *events, enum srv_job_status status,
                char id[SRV_ID_SIZE])
{
    struct srv_job job = fixture_job("told");
    struct snn_error err = {0};
    bool deleted;

    snprintf(job.webhook_url, sizeof job.webhook_url, "https://example.org/%d", (int)status);
    snprintf(job.webhook_events, sizeof job.webhook_events, "%s", events);
    assert_ok(srv_store_job_create(f->store, &job, 1000, &err), err);
    memcpy(id, job.id, SRV_ID_SIZE);
    srv_job_clear(&job);
    job = fixture_claim(f, "b");
    job.status = status;
    assert_ok(srv_store_job_release(f->store, &job, &deleted, &err), err);
}

/* The first that is due; whether there is one. */
static bool due(struct fixture *f, struct srv_webhook *out)
{
    struct snn_error err = {0};
    size_t n = 0;

    assert_ok(srv_store_webhook_due(f->store, NULL, NULL, out, 1, &n, &err), err);
    return n == 1;
}

static void outbox__end_that_is_wanted__is_due_at_once(void **state)
{
    struct fixture *f = *state;
    struct srv_webhook w;
    char id[SRV_ID_SIZE], want[200];

    end(f, " failed ", SRV_JOB_succeeded, id);
    assert_false(due(f, &w));
    end(f, " succeeded failed ", SRV_JOB_failed, id);
    assert_true(due(f, &w));
    assert_memory_equal(w.id, "evt_", 4);
    assert_string_equal(w.job, id);
    assert_string_equal(w.type, "training.job.failed");
    assert_string_equal(w.url, "https://example.org/6");
    snprintf(want, sizeof want, "\"data\":{\"object\":\"job\",\"id\":\"%s\",\"status\":\"failed\"}",
             id);
    assert_contains(w.body, want);
}

static void outbox__job_given_back_or_without_url__tells_nothing(void **state)
{
    struct fixture *f = *state;
    char id[SRV_ID_SIZE];

    end(f, " succeeded failed cancelled ", SRV_JOB_queued, id);
    assert_int_equal(fixture_number(f, "SELECT COUNT(*) FROM webhook_deliveries"), 0);
}

static void outbox__tried__comes_again_when_due_and_then_is_settled(void **state)
{
    struct fixture *f = *state;
    struct snn_error err = {0};
    struct srv_webhook w, *list = NULL;
    char id[SRV_ID_SIZE];
    size_t n;

    end(f, " succeeded ", SRV_JOB_succeeded, id);
    assert_true(due(f, &w));
    w.attempts = 1;
    w.status = 500;
    w.at = fixture_now + 5;
    snprintf(w.error, sizeof w.error, "answered 500");
    assert_ok(srv_store_webhook_tried(f->store, &w, &err), err);
    assert_false(due(f, &w));
    fixture_now += 5;
    fixture_reopen(f);
    assert_true(due(f, &w));
    assert_int_equal(w.attempts, 1);
    assert_string_equal(w.error, "answered 500");
    w.state = SRV_WEBHOOK_dead;
    assert_ok(srv_store_webhook_tried(f->store, &w, &err), err);
    assert_false(due(f, &w));
    assert_ok(srv_store_webhook_list(f->store, -1, 0, 10, &list, &n, &err), err);
    assert_int_equal(n, 1);
    assert_int_equal(list[0].state, SRV_WEBHOOK_dead);
    free(list);
    fixture_now += 100;
    assert_ok(srv_store_webhook_forget(f->store, 50, &err), err);
    assert_int_equal(fixture_number(f, "SELECT COUNT(*) FROM webhook_deliveries"), 0);
}

static SRV_COMMAND(run_text)
{
    struct srv_query q;

    srv_query_once(&q, c, arg, err);
    return srv_run(&q);
}

static void change(struct fixture *f, char *sql)
{
    struct snn_error err = {0};

    assert_ok(srv_writer_call(f->store->writer, run_text, sql, &err), err);
}

/* Two ends of one job, as where it is put back into the queue by hand; another job's in between. */
static void outbox__ends_of_one_job__come_one_after_the_other(void **state)
{
    struct fixture *f = *state;
    struct snn_error err = {0};
    struct srv_webhook list[3];
    static char insert[] =
        "INSERT INTO webhook_deliveries (id, job, url, type, body, created_at, state, at) SELECT "
        "'evt_again', job, url, 'training.job.succeeded', body, created_at, 'pending', at FROM "
        "webhook_deliveries WHERE seq = 1";
    static char settle[] = "UPDATE webhook_deliveries SET state = 'delivered' WHERE seq = 1";
    char first[SRV_ID_SIZE], other[SRV_ID_SIZE];
    size_t n = 0;

    end(f, " failed ", SRV_JOB_failed, first);
    end(f, " succeeded ", SRV_JOB_succeeded, other);
    change(f, insert);
    assert_ok(srv_store_webhook_due(f->store, NULL, NULL, list, 3, &n, &err), err);
    assert_int_equal(n, 2);
    assert_string_equal(list[0].job, first);
    assert_string_equal(list[1].job, other);
    list[0].at = fixture_now + 100; /* failed: the one behind it goes on waiting */
    list[0].attempts = 1;
    assert_ok(srv_store_webhook_tried(f->store, &list[0], &err), err);
    assert_ok(srv_store_webhook_due(f->store, NULL, NULL, list, 3, &n, &err), err);
    assert_int_equal(n, 1);
    assert_string_equal(list[0].job, other);
    change(f, settle);
    assert_ok(srv_store_webhook_due(f->store, NULL, NULL, list, 3, &n, &err), err);
    assert_int_equal(n, 2);
}

static void outbox__retried__is_due_at_once_with_all_attempts(void **state)
{
    struct fixture *f = *state;
    struct snn_error err = {0};
    struct srv_webhook w, *list = NULL;
    char id[SRV_ID_SIZE];
    size_t n;

    end(f, " succeeded ", SRV_JOB_succeeded, id);
    assert_true(due(f, &w));
    w.attempts = 12;
    w.state = SRV_WEBHOOK_dead;
    assert_ok(srv_store_webhook_tried(f->store, &w, &err), err);
    assert_ok(srv_store_webhook_list(f->store, SRV_WEBHOOK_pending, 0, 10, &list, &n, &err), err);
    free(list);
    assert_int_equal(n, 0);
    assert_ok(srv_store_webhook_list(f->store, SRV_WEBHOOK_dead, 0, 10, &list, &n, &err), err);
    free(list);
    assert_int_equal(n, 1);
    fixture_now += 1000;
    assert_ok(srv_store_webhook_retry(f->store, w.id, &w, &err), err);
    assert_int_equal(w.state, SRV_WEBHOOK_pending);
    assert_true(due(f, &w));
    assert_int_equal(w.attempts, 0);
    w.state = SRV_WEBHOOK_delivered;
    assert_ok(srv_store_webhook_tried(f->store, &w, &err), err);
    assert_int_equal(srv_store_webhook_retry(f->store, w.id, &w, &err), SNN_INVALID);
    err = (struct snn_error){0};
    assert_int_equal(srv_store_webhook_retry(f->store, "evt_none", &w, &err), SNN_NOT_FOUND);
}

/* Who deletes a running job with a webhook still has its end told. */
static void outbox__job_deleted_when_it_ends__is_told_all_the_same(void **state)
{
    struct fixture *f = *state;
    struct snn_error err = {0};
    struct srv_job job = fixture_job("told"), after = {0};
    bool deleted;

    snprintf(job.webhook_url, sizeof job.webhook_url, "https://example.org/");
    snprintf(job.webhook_events, sizeof job.webhook_events, " cancelled ");
    assert_ok(srv_store_job_create(f->store, &job, 1000, &err), err);
    srv_job_clear(&job);
    job = fixture_claim(f, "b");
    assert_ok(srv_store_job_cancel(f->store, job.id, true, &after, &err), err);
    srv_job_clear(&after);
    job.status = SRV_JOB_cancelled;
    assert_ok(srv_store_job_release(f->store, &job, &deleted, &err), err);
    assert_true(deleted);
    assert_int_equal(fixture_number(f, "SELECT COUNT(*) FROM webhook_deliveries"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(outbox__end_that_is_wanted__is_due_at_once),
        TEST(outbox__job_given_back_or_without_url__tells_nothing),
        TEST(outbox__tried__comes_again_when_due_and_then_is_settled),
        TEST(outbox__ends_of_one_job__come_one_after_the_other),
        TEST(outbox__retried__is_due_at_once_with_all_attempts),
        TEST(outbox__job_deleted_when_it_ends__is_told_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
