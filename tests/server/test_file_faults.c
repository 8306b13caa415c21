/* SPDX-License-Identifier: MIT */
/*
 * The n-th call by which checkpoints and uploads work on files fails, for every n: the error is
 * clean, what was kept before is whole, nothing is left of what failed, and the next try goes well.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/checkpoint.h"
#include "server/log.h"
#include "tests/server/pool_support.h"
#include "tests/support/disk.h"
#include "tests/support/iofail.h"
#include "tests/support/test.h"

static const int reasons[] = {EIO, ENOSPC};

/* An error as it should be: words, and the code that says what to do about it. No reading is
 * refused for want of room but here. */
static void check_error(enum snn_code rc, int reason, const struct snn_error *err, unsigned long n)
{
    bool reads = strstr(io_refused(), "open") || strstr(io_refused(), "read");
    bool right = rc == (reason == ENOSPC ? SNN_FULL : SNN_IO) || (rc == SNN_IO && reads);

    if (!right || !err->message[0])
        fail_msg("%s, call %lu, %s: code %d, \"%s\"", io_refused(), n, strerror(reason), (int)rc,
                 err->message);
}

/* ----------------------------------------------------------------------------- checkpoints -- */

struct bench {
    struct place place;
    struct id job;
    const struct snn_data *data;
};

static int set_up(void **state)
{
    static struct bench b;

    disk_install();
    srv_log_start(SRV_LOG_error, fopen("/dev/null", "w"));
    place_make(&b.place);
    place_open(&b.place);
    b.job = queue(&b.place, "digits", "epochs=3", 1);
    assert_int_equal(srv_datasets_acquire(b.place.datasets, "digits", &b.data, NULL), SNN_OK);
    *state = &b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    srv_datasets_release(b->place.datasets, b->data);
    place_remove(&b->place);
    return 0;
}

static struct snn_run *new_run(struct bench *b)
{
    struct snn_spec spec;
    struct snn_run *run = NULL;
    struct snn_error err = {0};

    if (scan_spec("epochs=3", snn_data_describe(b->data), &spec, &err) != SNN_OK ||
        snn_run_new(&run, &spec, b->data, 1, &err) != SNN_OK)
        fail_msg("the run: %s", err.message);
    return run;
}

static bool stop(void *user, struct snn_run *run, const struct snn_progress *p)
{
    (void)user;
    (void)run;
    (void)p;
    return false;
}

static void step(struct snn_run *run)
{
    struct snn_hooks hooks = {.progress = stop};

    assert_int_equal(snn_run_train(run, &hooks, NULL), SNN_STOPPED);
}

/* The rows, newest first; each must have its file, whole, and there must be no other files. */
static size_t check_files(struct bench *b, struct srv_checkpoint *newest)
{
    struct srv_checkpoint *list = NULL;
    size_t n = 0;
    char path[900], found[SNN_SHA256_HEX];

    assert_int_equal(srv_store_checkpoint_list(b->place.store, b->job.text, &list, &n, NULL),
                     SNN_OK);
    for (size_t i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", b->place.data, list[i].path);
        assert_int_equal(snn_digest_file(path, found, NULL), SNN_OK);
        assert_string_equal(found, list[i].sha256);
    }
    snprintf(path, sizeof path, "%s/jobs/%s", b->place.data, b->job.text);
    assert_int_equal(count_below(path), n);
    if (n)
        *newest = list[0];
    free(list);
    return n;
}

/* Saves with one call failing, for each call; how many there are. */
static unsigned long save_failing(struct bench *b, struct snn_run *run, int reason)
{
    for (unsigned long n = 0;; n++) {
        struct srv_checkpoint out = {0}, before = {0}, after = {0};
        struct snn_error err = {0};
        size_t kept = check_files(b, &before);
        enum snn_code rc;

        io_fail_at(n, reason);
        rc = srv_checkpoint_save(&out, &b->place.config, b->place.store, b->job.text, run, &err);
        if (!io_off()) {
            assert_int_equal(rc, SNN_OK);
            return n;
        }
        check_error(rc, reason, &err, n);
        assert_int_equal(check_files(b, &after), kept);
        assert_memory_equal(&after, &before, sizeof after);
    }
}

static void save__any_call_fails__keeps_what_there_was(void **state)
{
    struct bench *b = *state;
    struct snn_run *run = new_run(b);

    for (size_t i = 0; i < 2; i++) {
        step(run);
        assert_true(save_failing(b, run, reasons[i]) > 5); /* the first into no folder */
        save_failing(b, run, reasons[i]);                  /* the same step once more */
    }
    snn_run_free(run);
}

/* The database refuses the row: the file of the row that there is stays. */
static void save__database_fails__keeps_what_there_was(void **state)
{
    struct bench *b = *state;
    struct snn_run *run = new_run(b);
    struct srv_checkpoint out = {0}, before = {0}, after = {0};

    step(run);
    save_failing(b, run, EIO);
    check_files(b, &before);
    for (int again = 0; again < 2; again++) { /* of the same step, and of the next */
        disk_fail_at(DISK_full, 0, true);
        assert_int_equal(
            srv_checkpoint_save(&out, &b->place.config, b->place.store, b->job.text, run, NULL),
            SNN_FULL);
        assert_true(disk_fail_off());
        assert_int_equal(check_files(b, &after), 1);
        assert_memory_equal(&after, &before, sizeof after);
        step(run);
    }
    save_failing(b, run, EIO);
    snn_run_free(run);
}

static void load__any_call_fails__is_an_error_and_goes_well_again(void **state)
{
    struct bench *b = *state;
    struct snn_run *run = new_run(b);
    struct srv_checkpoint c = {0};
    unsigned long n = 0;

    step(run);
    save_failing(b, run, EIO);
    check_files(b, &c);
    for (bool met = true; met; n++) {
        struct snn_run *copy = new_run(b);
        struct snn_error err = {0};
        enum snn_code rc;

        io_fail_at(n, EIO);
        rc = srv_checkpoint_load(copy, &b->place.config, &c, &err);
        met = io_off();
        if (met && strcmp(io_refused(), "fclose") != 0) /* what was read has been read */
            check_error(rc, EIO, &err, n);
        else
            assert_int_equal(rc, SNN_OK);
        snn_run_free(copy);
    }
    assert_true(n > 3);
    snn_run_free(run);
}

/* Cleaning up after a crash never takes what a row names. */
static void sweep__any_call_fails__takes_nothing_that_is_named(void **state)
{
    struct bench *b = *state;
    struct snn_run *run = new_run(b);
    struct srv_checkpoint c = {0};
    bool met = true;

    step(run);
    save_failing(b, run, EIO);
    for (unsigned long n = 0; met; n++) {
        io_fail_at(n, EIO);
        (void)srv_checkpoint_sweep(&b->place.config, b->place.store, NULL);
        met = io_off();
        assert_int_equal(check_files(b, &c), 1);
    }
    snn_run_free(run);
}

/* --------------------------------------------------------------------------------- uploads -- */

static const struct part {
    const char *name;
    bool labels;
    size_t n;
} parts[] = {{"train-images", false, 6},
             {"train-labels", true, 6},
             {"test-images", false, 4},
             {"test-labels", true, 4}};

static enum snn_code put(struct place *p, const char *id, const struct part *part, unsigned salt,
                         struct srv_dataset *out, struct snn_error *err)
{
    struct bytes b = part->labels ? idx_labels(part->n, 3) : idx_images(part->n, salt);
    struct srv_upload *u = NULL;
    enum snn_code rc = srv_upload_open(&u, p->datasets, id, part->name, err);

    for (size_t at = 0; rc == SNN_OK && at < b.n; at += 16)
        if (!srv_upload_write(u, b.at + at, b.n - at < 16 ? b.n - at : 16))
            break;
    free(b.at);
    if (rc == SNN_OK)
        rc = srv_upload_finish(u, out, err);
    srv_upload_free(u);
    return rc;
}

/* The files that the set's rows name are there, whole, and in the set's folder is nothing else. */
static struct srv_dataset_row check_set(struct place *p, const char *id)
{
    struct srv_dataset_row row;
    char path[900], found[SNN_SHA256_HEX];

    assert_int_equal(srv_store_dataset_get(p->store, id, &row, NULL), SNN_OK);
    for (size_t i = 0; i < row.n_files; i++) {
        snprintf(path, sizeof path, "%s/%s", p->data, row.files[i].path);
        assert_int_equal(snn_digest_file(path, found, NULL), SNN_OK);
        assert_string_equal(found, row.files[i].sha256);
    }
    snprintf(path, sizeof path, "%s/datasets/%s", p->data, id);
    assert_int_equal(count_below(path), 2 * row.n_files); /* each in a folder of its own */
    return row;
}

static void upload__any_call_fails__keeps_what_there_was(void **state)
{
    struct place *p = &((struct bench *)*state)->place;
    struct srv_dataset set = {0};
    size_t reason = 0;

    assert_int_equal(srv_datasets_create(p->datasets, "mine", "idx", &set, NULL), SNN_OK);
    for (unsigned salt = 0; salt < 2; salt++) /* made, and replaced */
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            for (unsigned long n = 0;; n++) {
                struct srv_dataset_row before = check_set(p, set.id), after;
                struct snn_error err = {0};
                struct srv_dataset out;
                enum snn_code rc;

                reason = !reason;
                io_fail_at(n, reasons[reason]);
                rc = put(p, set.id, &parts[i], salt, &out, &err);
                if (!io_off()) {
                    assert_int_equal(rc, SNN_OK);
                    assert_true(n > 4);
                    break;
                }
                check_error(rc, reasons[reason], &err, n);
                after = check_set(p, set.id);
                assert_memory_equal(&after, &before, sizeof after);
            }
    assert_true(check_set(p, set.id).ready);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(save__any_call_fails__keeps_what_there_was),
        TEST(save__database_fails__keeps_what_there_was),
        TEST(load__any_call_fails__is_an_error_and_goes_well_again),
        TEST(sweep__any_call_fails__takes_nothing_that_is_named),
        TEST(upload__any_call_fails__keeps_what_there_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
