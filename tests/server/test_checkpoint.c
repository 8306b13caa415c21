/* SPDX-License-Identifier: MIT */
/* Checkpoint files: what is recorded is on the disk and whole, and nothing else stays. */
#include "server/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/log.h"
#include "tests/server/pool_support.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

struct bench {
    struct place place;
    struct id job;
    const struct snn_data *data;
    struct snn_run *run;
};

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

static int set_up(void **state)
{
    static struct bench b;

    srv_log_start(SRV_LOG_error, stderr);
    place_make(&b.place);
    place_open(&b.place);
    b.job = queue(&b.place, "digits", "epochs=3", 1);
    assert_int_equal(srv_datasets_acquire(b.place.datasets, "digits", &b.data, NULL), SNN_OK);
    b.run = new_run(&b);
    *state = &b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;

    snn_run_free(b->run);
    srv_datasets_release(b->place.datasets, b->data);
    place_remove(&b->place);
    return 0;
}

static bool stop(void *user, struct snn_run *run, const struct snn_progress *p)
{
    (void)user;
    (void)run;
    (void)p;
    return false;
}

/* One step of training, and a checkpoint. */
static struct srv_checkpoint step_and_save(struct bench *b)
{
    struct snn_hooks hooks = {.progress = stop};
    struct srv_checkpoint c = {0};
    struct snn_error err = {0};

    assert_int_equal(snn_run_train(b->run, &hooks, NULL), SNN_STOPPED);
    if (srv_checkpoint_save(&c, &b->place.config, b->place.store, b->job.text, b->run, &err) !=
        SNN_OK)
        fail_msg("%s", err.message);
    return c;
}

static void path_of(char path[900], struct bench *b, const char *name)
{
    snprintf(path, 900, "%s/jobs/%s%s%s", b->place.data, b->job.text, name[0] ? "/" : "", name);
}

static size_t count_files(struct bench *b)
{
    char path[900];

    path_of(path, b, "");
    return count_below(path);
}

static void save__run__is_recorded_as_it_is_on_the_disk(void **state)
{
    struct bench *b = *state;
    struct srv_checkpoint c = step_and_save(b);
    char path[900], found[SNN_SHA256_HEX];
    struct stat st;

    assert_int_equal(c.step, 1);
    assert_true(c.id[0] != '\0');
    snprintf(path, sizeof path, "%s/%s", b->place.data, c.path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, c.bytes);
    assert_int_equal(snn_digest_file(path, found, NULL), SNN_OK);
    assert_string_equal(found, c.sha256);
    assert_int_equal(count_files(b), 1);
}

static void load__saved_run__goes_on_as_the_original(void **state)
{
    struct bench *b = *state;
    struct srv_checkpoint c = step_and_save(b);
    struct snn_run *copy = new_run(b), *original = b->run;
    struct srv_checkpoint here, there;

    assert_int_equal(srv_checkpoint_load(copy, &b->place.config, &c, NULL), SNN_OK);
    assert_int_equal(snn_run_progress(copy).step, 1);
    here = step_and_save(b);
    b->run = copy;
    there = step_and_save(b);
    b->run = original;
    snn_run_free(copy);
    assert_int_equal(here.step, 2);
    assert_int_equal(there.step, 2);
    assert_string_equal(here.sha256, there.sha256);
}

static void save__third_time__keeps_the_newest_two(void **state)
{
    struct bench *b = *state;
    struct srv_checkpoint first = step_and_save(b), *list = NULL;
    char path[900];
    size_t n = 0;

    step_and_save(b);
    step_and_save(b);
    assert_int_equal(count_files(b), 2);
    snprintf(path, sizeof path, "%s/%s", b->place.data, first.path);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(srv_store_checkpoint_list(b->place.store, b->job.text, &list, &n, NULL),
                     SNN_OK);
    assert_int_equal(n, 2);
    assert_int_equal(list[0].step, 3);
    free(list);
}

static void save__same_step_again__keeps_its_file(void **state)
{
    struct bench *b = *state;
    struct srv_checkpoint c = step_and_save(b), again;
    char path[900];

    step_and_save(b);
    for (int i = 0; i < 3; i++)
        assert_int_equal(srv_checkpoint_save(&again, &b->place.config, b->place.store, b->job.text,
                                             b->run, NULL),
                         SNN_OK);
    assert_int_equal(again.step, c.step + 1);
    snprintf(path, sizeof path, "%s/%s", b->place.data, again.path);
    assert_int_equal(access(path, F_OK), 0);
}

static void save__folder_that_cannot_be_made__fails_and_leaves_nothing(void **state)
{
    struct bench *b = *state;
    struct srv_checkpoint c = {0}, *list = NULL;
    struct snn_error err = {0};
    size_t n = 1;

    free(tmpdir_write(b->place.data, "jobs", "", 0)); /* a file where the folder should be */
    assert_int_equal(
        srv_checkpoint_save(&c, &b->place.config, b->place.store, b->job.text, b->run, &err),
        SNN_IO);
    assert_contains(err.message, b->job.text);
    assert_int_equal(srv_store_checkpoint_list(b->place.store, b->job.text, &list, &n, NULL),
                     SNN_OK);
    assert_int_equal(n, 0);
    free(list);
}

static void save__job_that_is_gone__fails_and_leaves_no_file(void **state)
{
    struct bench *b = *state;
    struct srv_checkpoint c = {0};
    char path[900];

    assert_int_equal(
        srv_checkpoint_save(&c, &b->place.config, b->place.store, "job_gone", b->run, NULL),
        SNN_NOT_FOUND);
    assert_int_equal(c.bytes, 0);
    snprintf(path, sizeof path, "%s/jobs/job_gone", b->place.data);
    assert_int_equal(count_below(path), 0);
}

static void load__changed_file__is_refused(void **state)
{
    struct bench *b = *state;
    struct srv_checkpoint c = step_and_save(b);
    struct snn_run *fresh = new_run(b);
    struct snn_error err = {0};
    char path[900];

    snprintf(path, sizeof path, "%s/%s", b->place.data, c.path);
    assert_int_equal(truncate(path, c.bytes - 1), 0);
    assert_int_equal(srv_checkpoint_load(fresh, &b->place.config, &c, &err), SNN_FORMAT);
    assert_contains(err.message, "damaged");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(srv_checkpoint_load(fresh, &b->place.config, &c, NULL), SNN_NOT_FOUND);
    snn_run_free(fresh);
}

static void model__of_a_checkpoint__has_a_digest(void **state)
{
    struct bench *b = *state;
    struct srv_checkpoint c = step_and_save(b);
    char one[SNN_SHA256_HEX], other[SNN_SHA256_HEX];

    assert_int_equal(srv_checkpoint_model(one, &b->place.config, &c, NULL), SNN_OK);
    assert_int_equal(strlen(one), SNN_SHA256_HEX - 1);
    c = step_and_save(b);
    assert_int_equal(srv_checkpoint_model(other, &b->place.config, &c, NULL), SNN_OK);
    assert_string_not_equal(one, other);
}

static void sweep__after_a_crash__leaves_what_rows_name(void **state)
{
    struct bench *b = *state;
    struct srv_checkpoint c = step_and_save(b);
    char dir[900], gone[900], foreign[900], path[900];

    path_of(dir, b, "");
    snprintf(gone, sizeof gone, "%s/jobs/job_gone", b->place.data);
    snprintf(foreign, sizeof foreign, "%s/jobs/of-somebody", b->place.data);
    assert_int_equal(mkdir(gone, 0700) | mkdir(foreign, 0700), 0);
    free(tmpdir_write(gone, "step-1.ckpt", "x", 1));
    free(tmpdir_write(foreign, "notes", "x", 1));
    free(tmpdir_write(dir, "step-9.ckpt.tmp.01", "x", 1));
    free(tmpdir_write(dir, "step-9.ckpt", "x", 1)); /* renamed, and then no row */
    assert_int_equal(srv_checkpoint_sweep(&b->place.config, b->place.store, NULL), SNN_OK);
    assert_int_equal(count_files(b), 1);
    snprintf(path, sizeof path, "%s/%s", b->place.data, c.path);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_not_equal(access(gone, F_OK), 0);
    assert_int_equal(count_below(foreign), 1);
}

static void sweep__without_any_job__is_nothing(void **state)
{
    struct bench *b = *state;

    assert_int_equal(srv_checkpoint_sweep(&b->place.config, b->place.store, NULL), SNN_OK);
}

static void job_files_remove__folder__is_gone(void **state)
{
    struct bench *b = *state;
    char path[900];

    step_and_save(b);
    srv_job_files_remove(&b->place.config, b->job.text);
    path_of(path, b, "");
    assert_int_not_equal(access(path, F_OK), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(save__run__is_recorded_as_it_is_on_the_disk),
        TEST(load__saved_run__goes_on_as_the_original),
        TEST(save__third_time__keeps_the_newest_two),
        TEST(save__same_step_again__keeps_its_file),
        TEST(save__folder_that_cannot_be_made__fails_and_leaves_nothing),
        TEST(save__job_that_is_gone__fails_and_leaves_no_file),
        TEST(load__changed_file__is_refused),
        TEST(model__of_a_checkpoint__has_a_digest),
        TEST(sweep__after_a_crash__leaves_what_rows_name),
        TEST(sweep__without_any_job__is_nothing),
        TEST(job_files_remove__folder__is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
