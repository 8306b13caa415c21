/* SPDX-License-Identifier: MIT */
/* What was acknowledged survives SIGKILL; a full disk gives an error, and no more than that. */
#include "server/log.h"
#include "tests/server/store_fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 20
#define MAX_IDS 20000

struct ids {
    char (*ids)[SRV_ID_SIZE];
    size_t n;
};

/* In the child: creates jobs until killed, telling the parent each that was acknowledged. */
static _Noreturn void create_for_ever(const char *dir, int to)
{
    struct srv_store *store = NULL;

    if (srv_store_open(&store, dir, &srv_system_clock, NULL) != SNN_OK)
        _exit(1);
    for (;;) {
        struct srv_job job = fixture_job("crash");

        if (srv_store_job_create(store, &job, SIZE_MAX, NULL) != SNN_OK)
            _exit(2);
        if (write(to, job.id, SRV_ID_SIZE) != SRV_ID_SIZE)
            _exit(3);
        srv_job_clear(&job);
    }
}

static void read_ids(int from, struct ids *out, size_t until)
{
    while (out->n < until && out->n < MAX_IDS) {
        ssize_t got = read(from, out->ids[out->n], SRV_ID_SIZE);

        if (got < 0 && errno == EINTR)
            continue;
        if (got != SRV_ID_SIZE)
            return;
        out->n++;
    }
}

/* Kills the child after `acknowledged` jobs and `microseconds`, and collects all it told of. */
static void run_and_kill(const char *dir, struct ids *out, size_t acknowledged,
                         unsigned microseconds)
{
    int ends[2], status = 0;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        create_for_ever(dir, ends[1]);
    }
    close(ends[1]);
    read_ids(ends[0], out, out->n + acknowledged);
    usleep(microseconds);
    assert_int_equal(kill(child, SIGKILL), 0);
    read_ids(ends[0], out, MAX_IDS);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

static void create__killed_at_any_moment__acknowledged_jobs_are_there(void **state)
{
    struct fixture *f = *state;
    struct ids seen = {.ids = calloc(MAX_IDS, SRV_ID_SIZE)};

    assert_non_null(seen.ids);
    srv_store_close(f->store);
    f->store = NULL;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct snn_error err = {0};

        run_and_kill(f->dir, &seen, round % 5, round * 7919 % 20000);
        assert_ok(srv_store_open(&f->store, f->dir, &fixture_clock, &err), err);
        for (size_t i = 0; i < seen.n; i++)
            assert_int_equal(fixture_status(f, seen.ids[i]), SRV_JOB_queued);
        /* One more may have been committed and its word not have come: no half ones, though. */
        assert_in_range(fixture_number(f, "SELECT COUNT(*) FROM jobs"), seen.n, seen.n + round + 1);
        assert_int_equal(fixture_number(f, "SELECT COUNT(*) FROM events"),
                         fixture_number(f, "SELECT COUNT(*) FROM jobs"));
        srv_store_close(f->store);
        f->store = NULL;
    }
    assert_true(seen.n > ROUNDS);
    free(seen.ids);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Creates jobs until one is refused; how many went through. */
static size_t fill(struct fixture *f, struct ids *out, struct snn_error *err)
{
    enum snn_code rc = SNN_OK;

    while (rc == SNN_OK && out->n < 2000) {
        struct srv_job job = fixture_job("fill");

        free(job.config);
        job.config = calloc(1, 20001);
        assert_non_null(job.config);
        memset(job.config, 'x', 20000);
        rc = srv_store_job_create(f->store, &job, SIZE_MAX, err);
        if (rc == SNN_OK)
            memcpy(out->ids[out->n++], job.id, SRV_ID_SIZE);
        srv_job_clear(&job);
    }
    assert_int_equal(rc, SNN_IO);
    return out->n;
}

static void write__disk_full__is_an_error_and_passes(void **state)
{
    struct fixture *f = *state;
    const struct snn_point point = {.name = "x", .values = (const double[]){1}, .n = 1};
    struct ids ids = {.ids = calloc(2000, SRV_ID_SIZE)};
    struct snn_error err = {0};
    char id[SRV_ID_SIZE];
    size_t n;

    assert_non_null(ids.ids);
    limit_files(1 << 20);
    n = fill(f, &ids, &err);
    assert_in_range(n, 1, 60);
    assert_contains(err.message, "database: the disk");
    for (size_t i = 0; i < n; i++) /* reading goes on */
        assert_int_equal(fixture_status(f, ids.ids[i]), SRV_JOB_queued);
    for (size_t i = 0; i < 100; i++) /* so does posting, in its way: what fails is counted */
        assert_int_equal(srv_store_points_post(f->store, ids.ids[0], i, 0, &point, 1), SNN_OK);

    limit_files(RLIM_INFINITY);
    err = (struct snn_error){0};
    assert_ok(srv_store_ping(f->store, &err), err);
    fixture_create(f, 0, 1, id);
    fixture_reopen(f);
    assert_int_equal(fixture_number(f, "SELECT COUNT(*) FROM jobs"), n + 1);
    assert_int_equal(fixture_status(f, id), SRV_JOB_queued);
    free(ids.ids);
}

static void ping__disk_full__fails_until_there_is_room(void **state)
{
    struct fixture *f = *state;
    struct ids ids = {.ids = calloc(2000, SRV_ID_SIZE)};
    struct snn_error err = {0};

    assert_non_null(ids.ids);
    limit_files(1 << 20);
    fill(f, &ids, &err);
    limit_files(4096); /* not even a page of the log */
    err = (struct snn_error){0};
    assert_int_equal(srv_store_ping(f->store, &err), SNN_IO);
    assert_contains(err.message, "database: the disk");
    limit_files(RLIM_INFINITY);
    err = (struct snn_error){0};
    assert_ok(srv_store_ping(f->store, &err), err);
    free(ids.ids);
}

static int set_up(void **state)
{
    (void)state;
    srv_log_start(SRV_LOG_error, fopen("/dev/null", "w"));
    return signal(SIGXFSZ, SIG_IGN) == SIG_ERR;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
    const struct CMUnitTest tests[] = {
        TEST(create__killed_at_any_moment__acknowledged_jobs_are_there),
        TEST(write__disk_full__is_an_error_and_passes),
        TEST(ping__disk_full__fails_until_there_is_room),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
