/* SPDX-License-Identifier: MIT */
/*
 * A daemon that is used for long: jobs are trained, cancelled, paused and deleted in rounds, while
 * a hundred clients hold event streams and two hundred ask for jobs. Its memory and its open files
 * must not grow with the rounds, and when nothing happens it must not work. SOAK_MINUTES says how
 * long (unset: a few rounds, without a word on the slope; `make soak`: 30).
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/e2e/crowd.h"
#include "tests/support/daemon.h"
#include "tests/support/test.h"

#define LAYERS "\"layers\":[{\"kind\":\"dense\",\"units\":64},{\"kind\":\"dense\",\"units\":10}]"
#define JOB "{\"dataset\":{\"name\":\"digits\"}," LAYERS ",\"training\":{\"epochs\":10}}"
#define LONG "{\"dataset\":{\"name\":\"digits\"}," LAYERS ",\"training\":{\"epochs\":100000}}"

#define LISTENERS 100
#define POLLERS 200
#define SMOKE_ROUNDS 3
#define MAX_SAMPLES 200000
/* Of the rounds, so many at the start fill caches and pools; what grows after them leaks. */
#define WARM_SHARE 3
#define JUDGED_SAMPLES 30
#define MAX_GROWTH_KB 6144.0
#define MAX_FILES_GROWTH 8.0
#define KEPT_FILES                                                                                 \
    100               /* of a database for 16 readers and those that came at once, a log; not 300 */
#define MAX_IDLE 0.05 /* of one processor */

struct soak {
    struct daemon *daemon;
    struct crowd *crowd;
    double alone;    /* files that are open without any client */
    char paused[32]; /* a job whose streams stay open */
    size_t rounds;
    struct sample {
        double rss_kb, files;
    } samples[MAX_SAMPLES];
};

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void nap(double length)
{
    struct timespec t = {.tv_sec = (time_t)length,
                         .tv_nsec = (long)((length - (double)(time_t)length) * 1e9)};

    nanosleep(&t, NULL);
}

/* ------------------------------------------------------------------------- what the daemon has --
 */

static double rss_kb(const struct daemon *d)
{
    char path[64];
    unsigned long size = 0, resident = 0;

    snprintf(path, sizeof path, "/proc/%d/statm", (int)d->pid);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%lu %lu", &size, &resident), 2);
    fclose(f);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1024;
}

static double open_files(const struct daemon *d)
{
    char path[64];
    double n = -2; /* . and .. */

    snprintf(path, sizeof path, "/proc/%d/fd", (int)d->pid);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static double cpu_seconds(const struct daemon *d)
{
    unsigned long user = 0, kernel = 0;
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/stat", (int)d->pid);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                            &user, &kernel),
                     2);
    fclose(f);
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

/* ------------------------------------------------------------------------------------- rounds --
 */

static void act(struct soak *s, const char *id, const char *action)
{
    struct answer a = {.status = 0};
    char path[80];

    snprintf(path, sizeof path, "/v1/jobs/%s/%s", id, action);
    daemon_post(s->daemon, &a, path, "", 202);
    answer_clear(&a);
}

static void wait_for(struct soak *s, const char *id, const char *status)
{
    struct answer a = {.status = 0};

    daemon_wait(s->daemon, &a, id, status);
    answer_clear(&a);
}

/* Two jobs that end, one that is cancelled, one that is paused, resumed and deleted. */
static void round_of(struct soak *s)
{
    struct answer a = {.status = 0};
    char done[2][32], cancelled[32], deleted[32], path[80];

    daemon_submit(s->daemon, JOB, done[0]);
    crowd_watch(s->crowd, done[0], s->paused);
    daemon_submit(s->daemon, JOB, done[1]);
    wait_for(s, done[0], "succeeded");
    daemon_submit(s->daemon, LONG, cancelled);
    crowd_watch(s->crowd, cancelled, s->paused);
    wait_for(s, done[1], "succeeded");
    daemon_submit(s->daemon, LONG, deleted);
    daemon_wait_epoch(s->daemon, cancelled, 3);
    act(s, cancelled, "cancel");
    daemon_wait_epoch(s->daemon, deleted, 2);
    act(s, deleted, "pause");
    wait_for(s, deleted, "paused");
    act(s, deleted, "resume");
    wait_for(s, cancelled, "cancelled");
    crowd_watch(s->crowd, cancelled, s->paused);
    snprintf(path, sizeof path, "/v1/jobs/%s", deleted);
    daemon_send(s->daemon, &a, "DELETE", path, NULL, NULL, 0);
    assert_true(a.status == 202 || a.status == 204); /* it runs again, or not yet */
    answer_clear(&a);
}

static void run_rounds(struct soak *s, double minutes)
{
    double end = seconds() + 60 * minutes, told = seconds();

    for (s->rounds = 0; s->rounds < MAX_SAMPLES; s->rounds++) {
        struct sample *now = &s->samples[s->rounds];

        if (minutes > 0 ? seconds() > end : s->rounds == SMOKE_ROUNDS)
            break;
        round_of(s);
        now->rss_kb = rss_kb(s->daemon);
        now->files = open_files(s->daemon);
        if (s->rounds == 0 || seconds() > told + 60) {
            told = seconds();
            print_message("round %zu: %.0f kB, %.0f files\n", s->rounds, now->rss_kb, now->files);
        }
    }
}

/* -------------------------------------------------------------------------------------- judging --
 */

/* How much the least-squares line through the judged samples rises from the first to the last. */
static double growth(const struct soak *s, size_t offset)
{
    size_t first = s->rounds / WARM_SHARE, n = s->rounds - first;
    double x = 0, y = 0, xx = 0, xy = 0;

    for (size_t i = 0; i < n; i++) {
        const char *at = (const char *)&s->samples[first + i] + offset;
        double value;

        memcpy(&value, at, sizeof value);
        x += (double)i;
        y += value;
        xx += (double)i * (double)i;
        xy += (double)i * value;
    }
    if (n < 2)
        return 0;
    return ((double)n * xy - x * y) / ((double)n * xx - x * x) * (double)(n - 1);
}

static void judge_slopes(const struct soak *s)
{
    double rss = growth(s, offsetof(struct sample, rss_kb)),
           files = growth(s, offsetof(struct sample, files));
    size_t judged = s->rounds - s->rounds / WARM_SHARE;

    print_message("%zu rounds; over the last %zu: memory %+.0f kB of %.0f, files %+.1f of %.0f\n",
                  s->rounds, judged, rss, s->samples[s->rounds - 1].rss_kb, files,
                  s->samples[s->rounds - 1].files);
    if (judged < JUDGED_SAMPLES)
        return; /* too few for a slope: this was not a soak */
    assert_true(rss < MAX_GROWTH_KB);
    assert_true(files < MAX_FILES_GROWTH);
}

/* All streams are of the job that does nothing, and nobody asks. */
static void judge_idle(struct soak *s, double length)
{
    double cpu, start;

    crowd_watch(s->crowd, NULL, s->paused);
    while (crowd_counts(s->crowd).open < LISTENERS)
        nap(0.02);
    nap(length / 4); /* what the last job left is written and the log emptied */
    cpu = cpu_seconds(s->daemon);
    start = seconds();
    nap(length);
    cpu = (cpu_seconds(s->daemon) - cpu) / (seconds() - start);
    print_message("idle with %d streams: %.2f%% of a processor\n", LISTENERS, 100 * cpu);
    assert_true(cpu < MAX_IDLE);
    assert_int_equal(crowd_counts(s->crowd).open, LISTENERS);
}

/* The clients leave: each file that was open for one of them is closed, and no more are open than
 * before they came but for the readers that the store keeps. */
static void judge_leaving(struct soak *s)
{
    struct crowd_counts c = crowd_counts(s->crowd);
    double most = s->alone + KEPT_FILES;

    print_message("%llu answers, %llu streams of %.1f MB, %llu refused, %llu broken\n",
                  (unsigned long long)c.answers, (unsigned long long)c.streams,
                  (double)c.bytes / 1e6, (unsigned long long)c.refused,
                  (unsigned long long)c.broken);
    assert_int_equal(c.refused, 0);
    assert_int_equal(c.broken, 0);
    assert_true(c.answers > 0 && c.streams >= LISTENERS);
    crowd_stop(s->crowd);
    for (int i = 0; i < 6000 && open_files(s->daemon) > most; i++)
        nap(0.01);
    print_message("%.0f files are open without them, %.0f were before\n", open_files(s->daemon),
                  s->alone);
    assert_true(open_files(s->daemon) <= most);
}

static void soak__jobs_streams_and_polls__leave_nothing_behind(void **state)
{
    static struct soak s;
    const char *wanted = getenv("SOAK_MINUTES");
    double minutes = wanted ? strtod(wanted, NULL) : 0;

    s.daemon = *state;
    assert_int_equal(daemon_stop(s.daemon, SIGTERM), 0);
    daemon_start(s.daemon,
                 (const char *const[]){"--workers", "2", "--threads-per-job", "1", "--retain-jobs",
                                       "100", "--log-level", "warning", NULL});
    daemon_submit(s.daemon, LONG, s.paused);
    act(&s, s.paused, "pause");
    wait_for(&s, s.paused, "paused");
    s.alone = open_files(s.daemon);
    s.crowd = crowd_start(&(struct crowd_options){.port = s.daemon->port,
                                                  .listeners = LISTENERS,
                                                  .pollers = POLLERS,
                                                  .seconds = minutes > 0 ? 1 : 0.2});
    run_rounds(&s, minutes);
    judge_slopes(&s);
    judge_idle(&s, minutes > 0 ? 60 : 2);
    judge_leaving(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(soak__jobs_streams_and_polls__leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, daemon_setup, daemon_teardown);
}
