/* SPDX-License-Identifier: MIT */
/* Jobs that are interrupted: the model is the same, bit for bit, as if they had not been. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/log.h"
#include "server/pool.h"
#include "tests/server/pool_support.h"
#include "tests/support/test.h"

#define JOB "epochs=12 every=4"

static int set_up(void **state)
{
    static struct place p;

    srv_log_start(SRV_LOG_error, stderr);
    gate_open();
    place_make(&p);
    place_open(&p);
    *state = &p;
    return 0;
}

static int tear_down(void **state)
{
    place_remove(*state);
    return 0;
}

/* The job's end in a pool of its own. */
static struct srv_job run_to_end(struct place *p, const char *id)
{
    struct srv_pool *pool = pool_of(p);
    struct srv_job job = wait_over(p, id);

    srv_pool_free(pool);
    if (job.status != SRV_JOB_succeeded)
        fail_msg("%s: %s", job.error_code, job.error_message);
    return job;
}

/* What the job comes to when nothing interrupts it. */
static void uninterrupted(struct place *p, char sha256[SNN_SHA256_HEX])
{
    struct id id = queue(p, "digits", JOB, 1);
    struct srv_job job = run_to_end(p, id.text);

    memcpy(sha256, job.model_sha256, SNN_SHA256_HEX);
    srv_job_clear(&job);
}

/* Runs the job until the clock has been read so often, drains, and closes and opens all. */
static void interrupt(struct place *p, const char *id, long reads)
{
    struct srv_pool *pool;
    struct srv_job job = {0};

    gate_set(reads);
    pool = pool_of(p);
    gate_wait_reached();
    drain_at_gate(pool);
    assert_int_equal(srv_store_job_get(p->store, id, &job, NULL), SNN_OK);
    assert_string_equal(srv_job_status_name(job.status), "queued");
    assert_true(job.step > 0 && job.step < job.steps);
    srv_job_clear(&job);
    place_close(p);
    place_open(p);
}

/* The path of the n-th newest checkpoint; its step. */
static int64_t checkpoint_path(struct place *p, const char *id, size_t n, char path[900])
{
    struct srv_checkpoint *list = NULL;
    int64_t step;
    size_t count = 0;

    assert_int_equal(srv_store_checkpoint_list(p->store, id, &list, &count, NULL), SNN_OK);
    assert_true(n < count);
    snprintf(path, 900, "%s/%s", p->data, list[n].path);
    step = list[n].step;
    free(list);
    return step;
}

/* Turns a byte in the middle of the file. */
static void damage(const char *path)
{
    FILE *f = fopen(path, "r+b");
    int c;

    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    assert_int_equal(fseek(f, ftell(f) / 2, SEEK_SET), 0);
    c = fgetc(f);
    assert_int_equal(fseek(f, -1, SEEK_CUR), 0);
    fputc(c ^ 1, f);
    assert_int_equal(fclose(f), 0);
}

struct steps {
    int64_t last;
    size_t n;
    bool ascending;
};

static bool note_step(void *user, int64_t step, int64_t epoch, const struct snn_point *points,
                      size_t n)
{
    struct steps *s = user;

    (void)epoch;
    (void)points;
    (void)n;
    s->ascending = s->ascending && step > s->last;
    s->last = step;
    s->n++;
    return true;
}

static size_t count_points(struct place *p, const char *id)
{
    struct steps s = {.last = -1, .ascending = true};

    assert_int_equal(srv_store_points_each(p->store, id, 0, note_step, &s, NULL), SNN_OK);
    assert_true(s.ascending);
    return s.n;
}

static void drain__job_in_the_middle__goes_on_to_the_same_model(void **state)
{
    static const long reads[] = {9, 120, 431};
    struct place *p = *state;
    char want[SNN_SHA256_HEX];
    struct id whole = queue(p, "digits", JOB, 1);
    struct srv_job job = run_to_end(p, whole.text);

    memcpy(want, job.model_sha256, sizeof want);
    srv_job_clear(&job);
    for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++) {
        struct id id = queue(p, "digits", JOB, 1);

        interrupt(p, id.text, reads[i]);
        assert_int_equal(count_events(p, id.text, "checkpoint") > 0, 1);
        job = run_to_end(p, id.text);
        assert_string_equal(job.model_sha256, want);
        assert_int_equal(job.attempt, 2);
        assert_int_equal(count_events(p, id.text, "resumed"), 1);
        assert_int_equal(count_events(p, id.text, "epoch"), 12);
        assert_int_equal(count_points(p, id.text), count_points(p, whole.text));
        srv_job_clear(&job);
    }
}

static void drain__again_and_again__comes_to_the_same_model(void **state)
{
    struct place *p = *state;
    char want[SNN_SHA256_HEX];
    struct srv_job job;
    struct id id;

    uninterrupted(p, want);
    id = queue(p, "digits", JOB, 1);
    for (int i = 0; i < 8; i++)
        interrupt(p, id.text, 40);
    job = run_to_end(p, id.text);
    assert_string_equal(job.model_sha256, want);
    assert_int_equal(job.attempt, 9);
    srv_job_clear(&job);
}

static void resume__newest_checkpoint_damaged__takes_the_one_before(void **state)
{
    struct place *p = *state;
    char want[SNN_SHA256_HEX], newest[900], before[900], step[64];
    struct srv_job job;
    struct id id;
    int64_t at;

    uninterrupted(p, want);
    id = queue(p, "digits", JOB, 1);
    interrupt(p, id.text, 300);
    checkpoint_path(p, id.text, 0, newest);
    at = checkpoint_path(p, id.text, 1, before);
    damage(newest);
    job = run_to_end(p, id.text);
    assert_string_equal(job.model_sha256, want);
    assert_int_equal(count_events(p, id.text, "warning"), 1);
    snprintf(step, sizeof step, "from step %lld ", (long long)at);
    assert_int_equal(count_messages(p, id.text, "resumed", step), 1);
    srv_job_clear(&job);
}

static void resume__no_checkpoint_usable__starts_from_the_beginning(void **state)
{
    struct place *p = *state;
    char want[SNN_SHA256_HEX], path[900];
    struct srv_job job;
    struct id id;

    uninterrupted(p, want);
    id = queue(p, "digits", JOB, 1);
    interrupt(p, id.text, 300);
    checkpoint_path(p, id.text, 0, path);
    damage(path);
    checkpoint_path(p, id.text, 1, path);
    assert_int_equal(unlink(path), 0);
    job = run_to_end(p, id.text);
    assert_string_equal(job.model_sha256, want);
    assert_int_equal(count_events(p, id.text, "warning"), 2);
    assert_int_equal(count_messages(p, id.text, "resumed", "from the beginning"), 1);
    srv_job_clear(&job);
}

/* As after SIGKILL: the row says "running", its worker is no more. */
static void recover__after_a_crash__goes_on_to_the_same_model(void **state)
{
    struct place *p = *state;
    char want[SNN_SHA256_HEX];
    struct srv_job job = {0};
    struct id id;
    bool found = false;
    size_t n = 0;

    uninterrupted(p, want);
    id = queue(p, "digits", JOB, 1);
    interrupt(p, id.text, 300);
    assert_int_equal(srv_store_job_claim(p->store, "boot_dead", 10, &job, &found, NULL), SNN_OK);
    assert_true(found);
    srv_job_clear(&job);
    place_close(p);
    place_open(p);
    assert_int_equal(srv_store_recover(p->store, "boot_new", 5, &n, NULL), SNN_OK);
    assert_int_equal(n, 1);
    job = run_to_end(p, id.text);
    assert_string_equal(job.model_sha256, want);
    assert_int_equal(job.attempt, 3);
    srv_job_clear(&job);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(drain__job_in_the_middle__goes_on_to_the_same_model),
        TEST(drain__again_and_again__comes_to_the_same_model),
        TEST(resume__newest_checkpoint_damaged__takes_the_one_before),
        TEST(resume__no_checkpoint_usable__starts_from_the_beginning),
        TEST(recover__after_a_crash__goes_on_to_the_same_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
