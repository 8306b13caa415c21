/* SPDX-License-Identifier: MIT */
/* Group commit: many callers, one failing among others, posts that fail. */
#include "server/writer.h"

#include "server/log.h"
#include "tests/server/store_fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8
#define PER_THREAD 40

struct caller {
    struct srv_store *store;
    pthread_t thread;
    char ids[PER_THREAD][SRV_ID_SIZE];
    size_t created;
};

static void *create_many(void *user)
{
    struct caller *caller = user;

    for (size_t i = 0; i < PER_THREAD; i++) {
        struct srv_job job = {.config = strdup("{}")};

        if (job.config && srv_store_job_create(caller->store, &job, 10000, NULL) == SNN_OK)
            memcpy(caller->ids[caller->created++], job.id, SRV_ID_SIZE);
        srv_job_clear(&job);
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void create__many_threads__all_are_there_once(void **state)
{
    struct fixture *f = *state;
    struct caller *callers = calloc(THREADS, sizeof *callers);
    char(*ids)[SRV_ID_SIZE] = calloc(THREADS * PER_THREAD, sizeof *ids);
    struct srv_writer_stats stats;

    assert_non_null(callers);
    assert_non_null(ids);
    for (size_t i = 0; i < THREADS; i++) {
        callers[i].store = f->store;
        assert_int_equal(pthread_create(&callers[i].thread, NULL, create_many, &callers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].created, PER_THREAD);
        memcpy(ids[i * PER_THREAD], callers[i].ids, sizeof callers[i].ids);
    }
    stats = srv_writer_stats(f->store->writer);
    assert_int_equal(stats.commands, THREADS * PER_THREAD);
    assert_true(stats.groups < stats.commands); /* they shared commits */
    fixture_reopen(f);
    qsort(ids, THREADS * PER_THREAD, sizeof *ids, compare);
    for (size_t i = 0; i < THREADS * PER_THREAD; i++) {
        assert_true(i == 0 || strcmp(ids[i - 1], ids[i]) != 0);
        assert_int_equal(fixture_status(f, ids[i]), SRV_JOB_queued);
    }
    assert_int_equal(fixture_number(f, "SELECT COUNT(DISTINCT seq) FROM jobs"),
                     THREADS * PER_THREAD);
    free(callers);
    free(ids);
}

/* Cleared by the main thread: the readers look once more, and end. */
static atomic_bool writing;

struct reader {
    struct srv_store *store;
    pthread_t thread;
    size_t seen, torn, failed;
};

/* Every job has its label and its event from the moment it can be seen. */
static void *read_many(void *user)
{
    struct srv_job_filter newest = {.status = -1, .limit = 3};
    struct reader *r = user;
    bool again = true;

    while (again) {
        struct srv_job *jobs = NULL;
        size_t n = 0;
        bool more;

        again = atomic_load(&writing);
        r->failed += srv_store_job_list(r->store, &newest, &jobs, &n, &more, NULL) != SNN_OK;
        for (size_t j = 0; j < n; j++) {
            struct srv_event *events = NULL;
            size_t n_events = 0;

            r->failed += srv_store_event_list(r->store, jobs[j].id, 0, 10, &events, &n_events,
                                              &more, NULL) != SNN_OK;
            r->torn += jobs[j].n_metadata != 1 || n_events != 1;
            r->seen++;
            free(events);
        }
        srv_job_list_free(jobs, n);
    }
    return NULL;
}

static void read__while_others_write__sees_whole_jobs(void **state)
{
    struct fixture *f = *state;
    struct srv_meta label = {"k", "v"};
    struct reader readers[3];

    atomic_store(&writing, true);
    for (size_t i = 0; i < 3; i++) {
        readers[i] = (struct reader){.store = f->store};
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_many, &readers[i]), 0);
    }
    for (int i = 0; i < 200; i++) {
        struct srv_job job = fixture_job("x");
        enum snn_code rc;

        job.metadata = &label;
        job.n_metadata = 1;
        rc = srv_store_job_create(f->store, &job, 1000, NULL);
        job.metadata = NULL;
        srv_job_clear(&job);
        assert_int_equal(rc, SNN_OK);
    }
    atomic_store(&writing, false);
    for (size_t i = 0; i < 3; i++) {
        pthread_join(readers[i].thread, NULL);
        assert_int_equal(readers[i].failed, 0);
        assert_int_equal(readers[i].torn, 0);
        assert_true(readers[i].seen >= 3);
    }
}

/* Writes a row, then fails where asked to. */
struct step {
    int64_t priority;
    enum snn_code end;
};

static SRV_COMMAND(run_step)
{
    const struct step *a = arg;
    struct srv_query q;
    enum snn_code rc;

    srv_query(&q, c, "UPDATE jobs SET priority = ?", err);
    srv_put_int(&q, a->priority);
    rc = srv_run(&q);
    return a->end == SNN_OK ? rc : snn_fail(err, a->end, "as asked");
}

static struct step *new_step(int64_t priority, enum snn_code end)
{
    struct step *s = malloc(sizeof *s);

    assert_non_null(s);
    *s = (struct step){priority, end};
    return s;
}

static void command__fails__takes_back_only_its_own(void **state)
{
    struct fixture *f = *state;
    struct step last = {3, SNN_LIMIT};
    struct snn_error err = {0};
    struct srv_writer_stats stats;
    char id[SRV_ID_SIZE];

    fixture_create(f, 0, 1, id);
    assert_int_equal(srv_writer_post(f->store->writer, run_step, new_step(1, SNN_OK)), SNN_OK);
    assert_int_equal(srv_writer_post(f->store->writer, run_step, new_step(2, SNN_DIVERGED)),
                     SNN_OK);
    assert_int_equal(srv_writer_call(f->store->writer, run_step, &last, &err), SNN_LIMIT);
    assert_string_equal(err.message, "as asked");
    assert_int_equal(fixture_number(f, "SELECT priority FROM jobs"), 1);
    stats = srv_writer_stats(f->store->writer);
    assert_int_equal(stats.posts_failed, 1);
    assert_false(stats.last_failed);
}

/* What a full disk does in the middle: the transaction is gone, with all that the group has done.
 */
static SRV_COMMAND(run_undo_all)
{
    (void)arg;
    (void)srv_conn_exec(c, "ROLLBACK", NULL);
    return snn_fail(err, SNN_IO, "the disk is full");
}

static void command__transaction_undone__fails_the_whole_group(void **state)
{
    struct fixture *f = *state;
    uint64_t failed = 0;
    char id[SRV_ID_SIZE];

    fixture_create(f, 0, 1, id);
    /* The two are one group as a rule; where the post was committed before, it must be there. */
    for (int64_t i = 1; failed == 0 && i <= 100; i++) {
        int64_t before = fixture_number(f, "SELECT priority FROM jobs");
        struct snn_error err = {0};
        struct srv_writer_stats stats;

        assert_int_equal(srv_writer_post(f->store->writer, run_step, new_step(i, SNN_OK)), SNN_OK);
        assert_int_equal(srv_writer_call(f->store->writer, run_undo_all, NULL, &err), SNN_IO);
        assert_contains(err.message, "the disk is full");
        stats = srv_writer_stats(f->store->writer);
        assert_true(stats.last_failed);
        failed = stats.posts_failed;
        assert_int_equal(fixture_number(f, "SELECT priority FROM jobs"), failed ? before : i);
    }
    assert_int_equal(failed, 1);
    fixture_create(f, 5, 1, id); /* and the next group is as good as ever */
    assert_false(srv_writer_stats(f->store->writer).last_failed);
}

/* The database may not grow: the same code as from a disk without room. */
static SRV_COMMAND(run_grow)
{
    enum snn_code rc = srv_conn_exec(c, "PRAGMA max_page_count = 1", err); /* what it has already */

    (void)arg;
    if (rc == SNN_OK)
        rc = srv_conn_exec(c, "CREATE TABLE big AS SELECT zeroblob(1000000)", err);
    (void)srv_conn_exec(c, "PRAGMA max_page_count = 1000000000", NULL);
    return rc;
}

static void command__no_room__is_full_not_broken(void **state)
{
    struct fixture *f = *state;
    struct snn_error err = {0};
    char id[SRV_ID_SIZE];

    assert_int_equal(srv_writer_call(f->store->writer, run_grow, NULL, &err), SNN_FULL);
    assert_contains(err.message, "the disk is full");
    fixture_create(f, 5, 1, id);
}

static void stop__posts_waiting__are_written_first(void **state)
{
    struct fixture *f = *state;
    char id[SRV_ID_SIZE];

    fixture_create(f, 0, 1, id);
    for (int i = 1; i <= 600; i++) /* more than a group */
        assert_int_equal(srv_writer_post(f->store->writer, run_step, new_step(i, SNN_OK)), SNN_OK);
    fixture_reopen(f);
    assert_int_equal(fixture_number(f, "SELECT priority FROM jobs"), 600);
}

static int quiet(void **state)
{
    (void)state;
    srv_log_start(SRV_LOG_error, fopen("/dev/null", "w"));
    return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
    const struct CMUnitTest tests[] = {
        TEST(create__many_threads__all_are_there_once),
        TEST(read__while_others_write__sees_whole_jobs),
        TEST(command__fails__takes_back_only_its_own),
        TEST(command__transaction_undone__fails_the_whole_group),
        TEST(command__no_room__is_full_not_broken),
        TEST(stop__posts_waiting__are_written_first),
    };
    return cmocka_run_group_tests(tests, quiet, NULL);
}
