/* SPDX-License-Identifier: MIT */
/* Backups without a daemon: allocations refused, files that are missing, writers at the same time.
 * The whole drill: tests/e2e/test_backup.sh. */
#include "server/backup.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/files.h"
#include "tests/support/oom.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

struct place {
    char *dir;
    struct srv_config config, other; /* other: where it is restored to */
    struct srv_store *store;
    char job[SRV_ID_SIZE];
    char tar[SRV_PATH_SIZE];
};

static void add_job(struct place *p, char id[SRV_ID_SIZE])
{
    struct srv_job job = {.config = strdup("{}")};

    snprintf(job.dataset, sizeof job.dataset, "builtin:digits");
    assert_int_equal(srv_store_job_create(p->store, &job, 100000, NULL), SNN_OK);
    memcpy(id, job.id, SRV_ID_SIZE);
    free(job.config);
}

/* A file as a worker leaves it, with its row. */
static void add_checkpoint(struct place *p, const char *job, int64_t step, const char *text)
{
    struct srv_checkpoint c = {.step = step, .bytes = (int64_t)strlen(text)};
    char dir[SRV_PATH_SIZE], name[64], **dropped = NULL, *path;
    size_t n = 0;

    assert_int_equal(srv_path(dir, NULL, "%s/jobs", p->config.data_dir), SNN_OK);
    assert_int_equal(srv_dir_make(dir, NULL), SNN_OK);
    assert_int_equal(srv_path(dir, NULL, "%s/jobs/%s", p->config.data_dir, job), SNN_OK);
    assert_int_equal(srv_dir_make(dir, NULL), SNN_OK);
    snprintf(name, sizeof name, "step-%lld.ckpt", (long long)step);
    path = tmpdir_write(dir, name, text, strlen(text));
    assert_int_equal(snn_digest_file(path, c.sha256, NULL), SNN_OK);
    free(path);
    snprintf(c.path, sizeof c.path, "jobs/%s/%s", job, name);
    assert_int_equal(srv_store_checkpoint_add(p->store, job, &c, 2, &dropped, &n, NULL), SNN_OK);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(srv_path(dir, NULL, "%s/%s", p->config.data_dir, dropped[i]), SNN_OK);
        assert_int_equal(unlink(dir), 0);
        free(dropped[i]);
    }
    free(dropped);
}

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    assert_non_null(p);
    p->dir = tmpdir_create();
    snprintf(p->config.data_dir, sizeof p->config.data_dir, "%s/data", p->dir);
    snprintf(p->other.data_dir, sizeof p->other.data_dir, "%s/other", p->dir);
    snprintf(p->tar, sizeof p->tar, "%s/tar", p->dir);
    assert_int_equal(srv_store_open(&p->store, p->config.data_dir, &srv_system_clock, NULL),
                     SNN_OK);
    add_job(p, p->job);
    add_checkpoint(p, p->job, 1, "the first");
    add_checkpoint(p, p->job, 2, "the second");
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;

    srv_store_close(p->store);
    tmpdir_remove(p->dir);
    free(p);
    return 0;
}

/* Reads all of it, in odd pieces, into the file p->tar. */
static void save(struct place *p, struct srv_backup *b)
{
    FILE *f = fopen(p->tar, "wb");
    uint64_t all = 0;
    char piece[777];
    size_t n;

    assert_non_null(f);
    while ((n = srv_backup_read(b, piece, 1 + all % sizeof piece)) > 0) {
        assert_int_equal(fwrite(piece, 1, n, f), n);
        all += n;
    }
    assert_int_equal(all, srv_backup_size(b));
    assert_int_equal(fclose(f), 0);
}

static void backup__no_memory__leaves_nothing(void **state)
{
    struct place *p = *state;
    bool refused = true;

    for (unsigned long i = 0; refused; i++) {
        struct srv_backup *b = NULL;
        char dir[SRV_PATH_SIZE], **names;
        enum snn_code rc;
        size_t n;

        oom_fail_at(i);
        rc = srv_backup_new(&b, &p->config, p->store, NULL);
        refused = oom_off();
        if (!refused)
            assert_int_equal(rc, SNN_OK);
        assert_int_equal(rc == SNN_OK, b != NULL);
        if (b)
            save(p, b);
        srv_backup_free(b);
        assert_int_equal(srv_path(dir, NULL, "%s/backups", p->config.data_dir), SNN_OK);
        assert_int_equal(srv_dir_list(dir, &names, &n, NULL), SNN_OK);
        assert_int_equal(n, 0);
        srv_names_free(names, n);
        assert_true(i < 10000);
    }
}

static void restore__no_memory__leaves_the_place_empty(void **state)
{
    struct place *p = *state;
    struct srv_backup *b = NULL;
    bool refused = true;
    size_t n = 0;

    assert_int_equal(srv_backup_new(&b, &p->config, p->store, NULL), SNN_OK);
    save(p, b);
    srv_backup_free(b);
    for (unsigned long i = 0; refused; i++) {
        char path[SRV_PATH_SIZE];
        struct stat st;
        enum snn_code rc;

        oom_fail_at(i);
        rc = srv_restore(&p->other, p->tar, &n, NULL);
        refused = oom_off();
        assert_int_equal(rc == SNN_OK, !refused || rc == SNN_OK);
        assert_int_equal(srv_path(path, NULL, "%s/spiked.db", p->other.data_dir), SNN_OK);
        assert_int_equal(stat(path, &st) == 0, rc == SNN_OK);
        if (rc == SNN_OK && refused)
            srv_dir_remove(p->other.data_dir); /* it could do without that one: once more */
        assert_true(i < 10000);
    }
    assert_int_equal(n, 3);
}

static void backup__file_is_gone__is_refused(void **state)
{
    struct place *p = *state;
    struct srv_backup *b = NULL;
    struct snn_error err = {0};
    char path[SRV_PATH_SIZE];

    assert_int_equal(srv_path(path, NULL, "%s/jobs/%s/step-1.ckpt", p->config.data_dir, p->job),
                     SNN_OK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(srv_backup_new(&b, &p->config, p->store, &err), SNN_IO);
    assert_contains(err.message, "cannot link step-1.ckpt");
    assert_null(b);
}

struct churn {
    struct place *p;
    atomic_bool stop;
};

/* Checkpoints come and go as fast as they can. */
static void *churn(void *user)
{
    struct churn *k = user;

    for (int64_t step = 3; !atomic_load(&k->stop); step++) {
        char text[32], id[SRV_ID_SIZE];

        snprintf(text, sizeof text, "step %lld", (long long)step);
        add_checkpoint(k->p, k->p->job, step, text);
        add_job(k->p, id);
    }
    return NULL;
}

static void backup__while_files_come_and_go__is_of_one_moment(void **state)
{
    struct place *p = *state;
    struct churn k = {.p = p};
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, churn, &k), 0);
    for (int i = 0; i < 20; i++) {
        struct srv_backup *b = NULL;
        struct snn_error err = {0};
        size_t n = 0;

        if (srv_backup_new(&b, &p->config, p->store, &err) != SNN_OK)
            fail_msg("backup %d: %s", i, err.message);
        save(p, b);
        srv_backup_free(b);
        /* The restore compares every row's digest with the file. */
        if (srv_restore(&p->other, p->tar, &n, &err) != SNN_OK)
            fail_msg("restore %d: %s", i, err.message);
        assert_int_equal(n, 3);
        srv_dir_remove(p->other.data_dir);
    }
    atomic_store(&k.stop, true);
    pthread_join(thread, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(backup__no_memory__leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(restore__no_memory__leaves_the_place_empty, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(backup__file_is_gone__is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(backup__while_files_come_and_go__is_of_one_moment, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
