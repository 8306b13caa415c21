/* SPDX-License-Identifier: MIT */
/*
 * The whole daemon with its data folder on a disk of 16 MiB that is filled to the last byte while a
 * job trains and others are submitted: it refuses or waits, never falls, loses nothing it took, and
 * goes on when there is room. Wants to mount a tmpfs, and says so where it may not.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/daemon.h"
#include "tests/support/test.h"

#define LAYERS "\"layers\":[{\"kind\":\"dense\",\"units\":64},{\"kind\":\"dense\",\"units\":10}]"
#define LONG "{\"dataset\":{\"name\":\"digits\"}," LAYERS ",\"training\":{\"epochs\":100000}}"
#define SHORT "{\"dataset\":{\"name\":\"digits\"}," LAYERS ",\"training\":{\"epochs\":3}}"
#define MAX_TAKEN 5000
#define TRIES 24000 /* of 10 ms: only a daemon that hangs comes to their end */

static bool may_mount;

/* What a job costs: its config is kept as it came. */
static char heavy[40000];

static struct {
    char ids[MAX_TAKEN][32];
    size_t n;
} taken;

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

static int set_up(void **state)
{
    struct daemon *d;
    char data[600];

    daemon_setup(state);
    d = *state;
    daemon_stop(d, SIGTERM);
    snprintf(data, sizeof data, "%s/disk", d->dir);
    mkdir(data, 0700);
    /* In a name space of our own: it is gone with this program, however that ends. */
    may_mount = unshare(CLONE_NEWNS) == 0 &&
                mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                mount("tmpfs", data, "tmpfs", 0, "size=16m") == 0;
    if (!may_mount)
        print_message("skipped: mounting a tmpfs is not allowed here (%s)\n", strerror(errno));
    return 0;
}

static int tear_down(void **state)
{
    struct daemon *d = *state;
    char data[600];

    if (d->pid)
        daemon_stop(d, SIGKILL);
    snprintf(data, sizeof data, "%s/disk", d->dir);
    if (may_mount)
        umount2(data, MNT_DETACH);
    return daemon_teardown(state);
}

static void start(struct daemon *d, const char *reserve)
{
    char data[600];

    snprintf(data, sizeof data, "%s/disk", d->dir);
    daemon_start(d, (const char *const[]){"--data-dir", data, "--workers", "1", "--disk-reserve",
                                          reserve, NULL});
}

/* Takes what is left of the disk but for `spare` bytes. */
static void fill(struct daemon *d, size_t spare)
{
    char path[600];
    static char piece[4096];
    int fd;

    snprintf(path, sizeof path, "%s/disk/ballast", d->dir);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    while (write(fd, piece, sizeof piece) > 0)
        ;
    assert_int_equal(errno, ENOSPC);
    if (spare) {
        off_t size = lseek(fd, 0, SEEK_END);
        assert_int_equal(ftruncate(fd, size - (off_t)spare), 0);
    }
    close(fd);
}

static void make_room(struct daemon *d)
{
    char path[600];

    snprintf(path, sizeof path, "%s/disk/ballast", d->dir);
    assert_int_equal(unlink(path), 0);
}

/* One POST; its id is kept where it was taken. */
static long submit(struct daemon *d, const char *job, struct answer *a)
{
    daemon_send(d, a, "POST", "/v1/jobs", "application/json", job, strlen(job));
    if (a->status == 201) {
        assert_true(taken.n < MAX_TAKEN);
        snprintf(taken.ids[taken.n++], sizeof taken.ids[0], "%s", answer_text(a, "id"));
    }
    return a->status;
}

static void check_taken(struct daemon *d)
{
    struct answer a = {.status = 0};
    char path[64];

    for (size_t i = 0; i < taken.n; i++) {
        snprintf(path, sizeof path, "/v1/jobs/%s", taken.ids[i]);
        daemon_get(d, &a, path, 200);
        assert_string_not_equal(answer_text(&a, "status"), "failed");
    }
    answer_clear(&a);
}

static double newest_checkpoint(struct daemon *d, const char *id)
{
    struct answer a = {.status = 0};
    char path[80];
    double step;

    snprintf(path, sizeof path, "/v1/jobs/%s/checkpoints", id);
    daemon_get(d, &a, path, 200);
    step = json_number_value(json_object_get(json_array_get(answer_at(&a, "data"), 0), "step"));
    answer_clear(&a);
    return step;
}

/* What was taken is let go of, so that the next may run. */
static void finish(struct daemon *d)
{
    struct answer a = {.status = 0};
    char path[80];

    for (size_t i = 0; i < taken.n; i++) {
        snprintf(path, sizeof path, "/v1/jobs/%s/cancel", taken.ids[i]);
        daemon_send(d, &a, "POST", path, NULL, NULL, 0);
        daemon_wait(d, &a, taken.ids[i], NULL);
    }
    answer_clear(&a);
    taken.n = 0;
}

/* No room at all, and none held in reserve: every write may fail, anywhere. */
static void disk__full_to_the_last_byte__refuses_and_goes_on(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    char running[32];
    double step;
    long status = 201;

    if (!may_mount)
        skip();
    start(d, "0");
    assert_int_equal(submit(d, LONG, &a), 201);
    memcpy(running, taken.ids[0], sizeof running);
    daemon_wait_epoch(d, running, 2);
    fill(d, 0);
    while (status == 201)
        status = submit(d, heavy, &a);
    assert_int_equal(status, 507);
    assert_contains(a.text, "disk");
    daemon_get(d, &a, "/livez", 200);
    daemon_get(d, &a, "/readyz", 503);
    check_taken(d);
    step = newest_checkpoint(d, running);

    make_room(d);
    for (int i = 0; i < TRIES && submit(d, SHORT, &a) != 201; i++)
        nap();
    assert_int_equal(a.status, 201);
    daemon_get(d, &a, "/readyz", 200);
    for (int i = 0; i < TRIES && newest_checkpoint(d, running) <= step; i++)
        nap(); /* the job went on all the while, and is saved again */
    assert_true(newest_checkpoint(d, running) > step);
    check_taken(d);

    fill(d, 0); /* killed and started without room */
    assert_int_equal(daemon_stop(d, SIGKILL), 128 + SIGKILL);
    make_room(d);
    start(d, "0");
    check_taken(d);
    finish(d);
    assert_int_equal(daemon_stop(d, SIGTERM), 0);
    answer_clear(&a);
}

/* With a reserve: nothing new is taken, and the job that runs waits where it is. What is left to
 * the daemon is more than its log of the database can grow by until the job is told to wait. */
static void disk__below_the_reserve__waits_and_goes_on(void **state)
{
    struct daemon *d = *state;
    struct answer a = {.status = 0};
    char running[32];

    if (!may_mount)
        skip();
    start(d, "9M");
    assert_int_equal(submit(d, LONG, &a), 201);
    memcpy(running, taken.ids[0], sizeof running);
    daemon_wait(d, &a, running, "running");
    fill(d, 6 << 20);
    assert_int_equal(submit(d, SHORT, &a), 507);
    assert_string_equal(answer_text(&a, "code"), "disk_reserve");
    daemon_wait(d, &a, running, "queued");
    check_taken(d);
    make_room(d);
    assert_int_equal(submit(d, SHORT, &a), 201);
    daemon_wait(d, &a, running, "running");
    finish(d);
    assert_int_equal(daemon_stop(d, SIGTERM), 0);
    answer_clear(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disk__full_to_the_last_byte__refuses_and_goes_on),
        cmocka_unit_test(disk__below_the_reserve__waits_and_goes_on),
    };
    /* White space is kept too. */
    snprintf(heavy, sizeof heavy, "{\"name\":\"heavy\",%30000s%s", "", &LONG[1]);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
