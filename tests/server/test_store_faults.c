/* SPDX-License-Identifier: MIT */
/*
 * The disk fails under a store: the n-th open, read, write, sync... of the database, for every n
 * that a store's life has, once or from then on. Each call says so cleanly or goes through; what
 * failed has changed nothing, and when the disk works again the store does too, with all that was
 * promised. The same of memory for the library. FAULT_EVERY: only each so manieth n (1; of memory,
 * 211; `make faults`: 1).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/files.h"
#include "server/log.h"
#include "tests/server/script.h"
#include "tests/support/disk.h"
#include "tests/support/iofail.h"

/* No step makes as many calls of one kind. */
#define NEAR 4000
/* Steps that are tried on a disk that stays broken. */
#define STUBBORN 3

static char *empty; /* a folder with a store in which nothing is */

static void copy_store(const char *to)
{
    char from[600], path[600];
    static char bytes[1 << 20];
    FILE *f;
    size_t n;

    snprintf(from, sizeof from, "%s/spiked.db", empty);
    snprintf(path, sizeof path, "%s/spiked.db", to);
    f = fopen(from, "rb");
    assert_non_null(f);
    n = fread(bytes, 1, sizeof bytes, f);
    assert_true(n > 0 && n < sizeof bytes);
    fclose(f);
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static struct srv_store *open_in(const char *dir)
{
    struct srv_store *store = NULL;
    struct snn_error err = {0};

    assert_ok(srv_store_open(&store, dir, &fixture_clock, &err), err);
    return store;
}

static uint64_t digest_of(struct srv_store *store)
{
    struct snn_error err = {0};
    uint64_t digest;

    disk_fail_hold(true);
    digest = script_digest(store, &err);
    disk_fail_hold(false);
    if (!digest)
        fail_msg("what the store holds: %s", err.message);
    return digest;
}

/* What a failing disk may be answered with, and that it is put in words. */
static void check_error(enum snn_code rc, const struct snn_error *err, const char *step,
                        enum disk_fault fault, unsigned long n)
{
    bool known = fault == DISK_memory ? rc == SNN_NOMEM : rc == SNN_IO || rc == SNN_FULL;

    known = known || strstr(err->message, "posted");                 /* the log alone knows why */
    known = known || (rc == SNN_FORMAT && fault == DISK_read_short); /* half a page is damage */
    if (!known || err->message[0] == '\0')
        fail_msg("%s, %s %lu: code %d, \"%s\"", step, disk_fault_name(fault), n, (int)rc,
                 err->message);
    if (fault == DISK_full && rc == SNN_IO && strstr(err->message, "disk is full"))
        fail_msg("%s: a full disk is called broken: %s", step, err->message);
}

/* Opens the store on the failing disk, and once more where that did not do. */
static struct srv_store *open_failing(const char *dir, enum disk_fault fault, unsigned long n)
{
    struct srv_store *store = NULL;
    struct snn_error err = {0};
    enum snn_code rc = srv_store_open(&store, dir, &fixture_clock, &err);

    if (rc == SNN_OK)
        return store;
    assert_null(store);
    check_error(rc, &err, "open", fault, n);
    assert_true(disk_fail_off());
    return open_in(dir);
}

/* A step with more than one commit has done that much of it. */
static void note_part(struct script *s)
{
    *(uint64_t *)s->user = digest_of(s->store);
}

/* Steps until one of them meets the fault. The digest of what the store must then hold. */
static uint64_t run_until_fault(struct script *s, enum disk_fault fault, unsigned long n)
{
    uint64_t before = 0;
    int stubborn = 0;

    s->between = note_part;
    s->user = &before;
    for (const struct script_step *step = script_steps; strcmp(step->name, "bulk") != 0; step++) {
        struct snn_error err = {0};
        enum snn_code rc;

        if (disk_fail_left() <= NEAR && !stubborn)
            before = digest_of(s->store);
        rc = step->run(s, &err);
        if (disk_fail_left() != 0) {
            if (rc != SNN_OK)
                fail_msg("%s, before any fault: %s", step->name, err.message);
            continue;
        }
        /* Later steps may lack what the first to fail did not make: how they fail is their own. */
        if (rc != SNN_OK && !stubborn)
            check_error(rc, &err, step->name, fault, n);
        if (rc == SNN_OK)
            before = digest_of(s->store);
        else if (digest_of(s->store) != before)
            fail_msg("%s failed (%s %lu: %s), and changed something", step->name,
                     disk_fault_name(fault), n, err.message);
        if (++stubborn == STUBBORN)
            break;
    }
    return stubborn ? before : digest_of(s->store);
}

/* One life with the n-th call failing; false when it has not as many. */
static bool live(enum disk_fault fault, unsigned long n, bool for_good)
{
    struct script s = {.checkpoints = 0};
    char *dir = tmpdir_create();
    struct snn_error err = {0};
    uint64_t digest;
    bool met;

    copy_store(dir);
    disk_fail_at(fault, n, for_good);
    s.store = open_failing(dir, fault, n);
    met = disk_fail_left() == 0;
    if (!met) {
        digest = run_until_fault(&s, fault, n);
        met = disk_fail_off();
        assert_ok(srv_store_ping(s.store, &err), err); /* as good as ever, at once */
        assert_int_equal(digest_of(s.store), digest);
        /* A commit that failed when it was synced is in the log, until the next one is written over
         * it: only then is it sure not to be found there after a restart. */
        assert_ok(script_steps[0].run(&s, &err), err);
        digest = digest_of(s.store);
        disk_fail_at(fault, 0, for_good); /* and while it closes */
        srv_store_close(s.store);
        disk_fail_off();
        s.store = open_in(dir);
        assert_int_equal(digest_of(s.store), digest);
    }
    script_check(s.store);
    srv_store_close(s.store);
    tmpdir_remove(dir);
    return met;
}

/* There is so much more memory asked for than of all else. */
static unsigned long every(enum disk_fault fault)
{
    const char *wanted = getenv("FAULT_EVERY");

    return wanted ? strtoul(wanted, NULL, 10) : fault == DISK_memory ? 211 : 1;
}

static void fault__at_every_call__is_clean_and_passes(void **state)
{
    (void)state;
    for (int fault = 0; fault < DISK_FAULT_COUNT; fault++) {
        unsigned long n = 0;

        while (live((enum disk_fault)fault, n, n % 2))
            n += every((enum disk_fault)fault);
        print_message("%s: %lu calls\n", disk_fault_name((enum disk_fault)fault), n);
    }
}

static int set_up(void **state)
{
    (void)state;
    disk_install();
    io_skip_sync();
    srv_log_start(SRV_LOG_error, fopen("/dev/null", "w"));
    empty = tmpdir_create();
    srv_store_close(open_in(empty));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tmpdir_remove(empty);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault__at_every_call__is_clean_and_passes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
