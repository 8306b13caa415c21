/* SPDX-License-Identifier: MIT */
/*
 * A training job is killed at one point after the other: at steps all over its course, and at each
 * moment of its checkpoints (begun, written, renamed, the old one removed). Wherever it was, it
 * goes on to the same bits as the job that nothing happened to. KILL_POINTS says how many (3;
 * `make resume`: 50).
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "tests/support/daemon.h"
#include "tests/support/test.h"

/* With every source of randomness in use. */
#define JOB                                                                                        \
    "{\"seed\":5,\"dataset\":{\"name\":\"digits\"},\"encoding\":{\"kind\":\"rate\","               \
    "\"time_steps\":4},\"neuron\":{\"surrogate\":\"noisy\"},\"layers\":[{\"kind\":\"dense\","      \
    "\"units\":256},{\"kind\":\"dense\",\"units\":256},{\"kind\":\"dense\",\"units\":10}],"        \
    "\"training\":{\"epochs\":40,\"batch_size\":128,\"validation_fraction\":0.2,"                  \
    "\"optimizer\":{\"kind\":\"adam\",\"learning_rate\":0.002}}}"
#define WATCHED (IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE)
#define PATIENCE_MS 240000

static struct {
    char sha256[65];
    double steps;
} reference;

static uint64_t draw(uint64_t *random, uint64_t below)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (*random >> 33) % below;
}

static void start(struct daemon *d, const char *threads)
{
    daemon_start(
        d, (const char *const[]){"--threads-per-job", threads, "--checkpoint-seconds", "1", NULL});
}

/* Waits for the end; how many attempts it took. */
static double finish(struct daemon *d, const char *id, char sha256[65])
{
    struct answer a = {.status = 0};
    double attempts;

    daemon_wait(d, &a, id, "succeeded");
    snprintf(sha256, 65, "%s", answer_text(&a, "model.sha256"));
    assert_int_equal(strlen(sha256), 64);
    attempts = answer_number(&a, "attempt");
    reference.steps = answer_number(&a, "progress.steps");
    answer_clear(&a);
    return attempts;
}

static int train_reference(void **state)
{
    struct daemon *d;
    char id[32];

    daemon_setup(state);
    d = *state;
    assert_int_equal(daemon_stop(d, SIGTERM), 0);
    start(d, "1");
    daemon_submit(d, JOB, id);
    finish(d, id, reference.sha256);
    return 0;
}

/* ------------------------------------------------------------------------------------ points -- */

/* Returns when the job has told of that step, or is over. */
static void wait_step(struct daemon *d, const char *id, double step)
{
    struct answer a = {.status = 0};
    char path[64];

    snprintf(path, sizeof path, "/v1/jobs/%s", id);
    do {
        daemon_get(d, &a, path, 200);
    } while (!(answer_number(&a, "progress.step") >= step) &&
             strcmp(answer_text(&a, "status"), "succeeded") != 0);
    answer_clear(&a);
}

/* Returns at the n-th event in the job's folder, the folder's own making being the first. */
static void wait_file(struct daemon *d, const char *id, unsigned long n)
{
    _Alignas(struct inotify_event) char buffer[4096];
    char jobs[600], own[700];
    int fd = inotify_init1(IN_CLOEXEC), watch = -1;

    assert_true(fd >= 0);
    snprintf(jobs, sizeof jobs, "%s/data/jobs", d->dir);
    snprintf(own, sizeof own, "%s/%s", jobs, id);
    assert_true(inotify_add_watch(fd, jobs, IN_CREATE) >= 0);
    watch = inotify_add_watch(fd, own, WATCHED); /* where it is there already */
    while (n > 0) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t got;

        if (poll(&p, 1, PATIENCE_MS) <= 0)
            fail_msg("%s: no more is done to its files", id);
        got = read(fd, buffer, sizeof buffer);
        for (char *at = buffer; n > 0 && at < buffer + got;) {
            const struct inotify_event *e = (const void *)at;

            if (watch < 0)
                watch = inotify_add_watch(fd, own, WATCHED);
            n--;
            at += sizeof *e + e->len;
        }
    }
    close(fd);
}

static void bits__killed_at_any_point__are_the_same(void **state)
{
    struct daemon *d = *state;
    const char *wanted = getenv("KILL_POINTS");
    unsigned long points = wanted ? strtoul(wanted, NULL, 10) : 3, resumed = 0;
    uint64_t random = 11;

    for (unsigned long i = 0; i < points; i++) {
        char id[32], sha256[65];

        daemon_submit(d, JOB, id);
        if (i % 2)
            wait_file(d, id, 1 + i / 2 % 9);
        else
            wait_step(d, id, 1 + (double)draw(&random, (uint64_t)reference.steps));
        assert_int_equal(daemon_stop(d, SIGKILL), 128 + SIGKILL);
        start(d, i % 3 ? "1" : "2");
        resumed += finish(d, id, sha256) > 1;
        assert_string_equal(sha256, reference.sha256);
    }
    print_message("%lu kill points, %lu of them in the middle: %.16s... each time\n", points,
                  resumed, reference.sha256);
    assert_true(2 * resumed > points);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits__killed_at_any_point__are_the_same),
    };
    return cmocka_run_group_tests(tests, train_reference, daemon_teardown);
}
