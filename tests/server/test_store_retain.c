/* SPDX-License-Identifier: MIT */
/* Which finished jobs have to go. */
#include <stdlib.h>
#include <string.h>

#include "tests/server/store_fixture.h"

struct gone {
    char ids[40][SRV_ID_SIZE];
    size_t n;
};

static void note(void *user, const char *id)
{
    struct gone *g = user;

    snprintf(g->ids[g->n++], SRV_ID_SIZE, "%s", id);
}

/* A job that has ended `ago` seconds ago with a file of so many bytes. */
static void finished(struct fixture *f, int64_t ago, int64_t bytes, char id[SRV_ID_SIZE])
{
    int64_t now = fixture_now;
    struct snn_error err = {0};
    struct srv_checkpoint c = {.step = 1, .bytes = bytes};
    struct srv_job job;
    char **dropped = NULL;
    size_t n = 0;
    bool deleted;

    fixture_now = now - ago;
    fixture_create(f, 0, 1, id);
    job = fixture_claim(f, "b");
    snprintf(c.path, sizeof c.path, "jobs/%s/step-1.ckpt", id);
    assert_ok(srv_store_checkpoint_add(f->store, id, &c, 2, &dropped, &n, &err), err);
    free(dropped);
    job.status = SRV_JOB_succeeded;
    assert_ok(srv_store_job_release(f->store, &job, &deleted, &err), err);
    fixture_now = now;
}

static size_t retire(struct fixture *f, struct srv_retention r, struct gone *g)
{
    struct snn_error err = {0};
    size_t n = 0;

    *g = (struct gone){.n = 0};
    assert_ok(srv_store_retire(f->store, &r, note, g, &n, &err), err);
    assert_int_equal(n, g->n);
    return n;
}

static void retire__no_limit__keeps_all(void **state)
{
    char id[SRV_ID_SIZE];
    struct gone g;

    finished(*state, 1000000, 1 << 30, id);
    assert_int_equal(retire(*state, (struct srv_retention){0}, &g), 0);
}

static void retire__by_age_count_or_bytes__oldest_first(void **state)
{
    struct fixture *f = *state;
    char ids[4][SRV_ID_SIZE], queued[SRV_ID_SIZE];
    struct gone g;

    for (int i = 0; i < 4; i++)
        finished(f, 400 - 100 * i, 10, ids[i]); /* 400, 300, 200, 100 seconds ago */
    fixture_create(f, 0, 1, queued);
    assert_int_equal(retire(f, (struct srv_retention){.seconds = 400}, &g), 0);
    assert_int_equal(retire(f, (struct srv_retention){.seconds = 399}, &g), 1);
    assert_string_equal(g.ids[0], ids[0]);
    assert_int_equal(retire(f, (struct srv_retention){.jobs = 3}, &g), 0);
    assert_int_equal(retire(f, (struct srv_retention){.jobs = 2}, &g), 1);
    assert_string_equal(g.ids[0], ids[1]);
    assert_int_equal(retire(f, (struct srv_retention){.bytes = 20}, &g), 0);
    assert_int_equal(retire(f, (struct srv_retention){.bytes = 1}, &g), 1);
    assert_string_equal(g.ids[0], ids[2]); /* the last to end stays, too large as it is */
    assert_int_equal(fixture_status(f, ids[3]), SRV_JOB_succeeded);
    assert_int_equal(fixture_status(f, queued), SRV_JOB_queued);
    assert_int_equal(fixture_number(f, "SELECT COUNT(*) FROM checkpoints"), 1);
}

static void retire__weights_another_job_starts_from__stay(void **state)
{
    struct fixture *f = *state;
    char source[SRV_ID_SIZE];
    struct srv_job job = fixture_job("second"), after = {0};
    struct snn_error err = {0};
    struct gone g;

    finished(f, 1000, 10, source);
    memcpy(job.init_job, source, sizeof job.init_job);
    assert_ok(srv_store_job_create(f->store, &job, 10, &err), err);
    assert_int_equal(retire(f, (struct srv_retention){.seconds = 10}, &g), 0);
    assert_ok(srv_store_job_cancel(f->store, job.id, false, &after, &err), err);
    assert_int_equal(retire(f, (struct srv_retention){.seconds = 10}, &g), 1);
    assert_string_equal(g.ids[0], source);
    srv_job_clear(&after);
    srv_job_clear(&job);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
    const struct CMUnitTest tests[] = {
        TEST(retire__no_limit__keeps_all),
        TEST(retire__by_age_count_or_bytes__oldest_first),
        TEST(retire__weights_another_job_starts_from__stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
