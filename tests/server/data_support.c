/* SPDX-License-Identifier: MIT */
/* A data folder with a real store and real data sets. */
#include "tests/server/data_support.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "server/log.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

void place_make(struct place *p)
{
    memset(p, 0, sizeof *p);
    p->dir = tmpdir_create();
    snprintf(p->data, sizeof p->data, "%s/data", p->dir);
    snprintf(p->sets, sizeof p->sets, "%s/sets", p->dir);
    assert_int_equal(mkdir(p->data, 0700), 0);
    assert_int_equal(mkdir(p->sets, 0700), 0);
    snprintf(p->config.data_dir, sizeof p->config.data_dir, "%s", p->data);
    snprintf(p->config.datasets_dirs[0], sizeof p->config.datasets_dirs[0], "%s", p->sets);
    p->config.n_datasets_dirs = 1;
    p->config.workers = 1;
    p->config.threads_per_job = 1;
    p->config.checkpoint_seconds = 30;
    p->config.max_upload_bytes = 100000;
    p->config.max_queued = 100;
}

void place_open(struct place *p)
{
    struct snn_error err = {0};

    if (srv_store_open(&p->store, p->data, &srv_system_clock, &err) != SNN_OK)
        fail_msg("the store: %s", err.message);
    if (srv_datasets_new(&p->datasets, &p->config, p->store, &err) != SNN_OK)
        fail_msg("the data sets: %s", err.message);
}

void place_close(struct place *p)
{
    srv_datasets_free(p->datasets);
    p->datasets = NULL;
    if (p->store)
        srv_store_close(p->store);
    p->store = NULL;
}

void place_remove(struct place *p)
{
    place_close(p);
    tmpdir_remove(p->dir);
    p->dir = NULL;
}

int place_setup(void **state)
{
    static struct place p;

    srv_log_start(SRV_LOG_error, stderr);
    place_make(&p);
    *state = &p;
    return 0;
}

int place_teardown(void **state)
{
    place_remove(*state);
    return 0;
}

struct srv_dataset place_find(struct place *p, const char *name)
{
    struct srv_dataset set = {0};
    struct snn_error err = {0};

    if (srv_datasets_find(p->datasets, name, &set, &err) != SNN_OK)
        fail_msg("%s: %s", name, err.message);
    return set;
}

static struct bytes idx(unsigned rank, const size_t *sizes)
{
    struct bytes b = {.n = 1};
    unsigned char *to;

    for (unsigned i = 0; i < rank; i++)
        b.n *= sizes[i];
    b.n += 4 + 4 * (size_t)rank;
    b.at = calloc(1, b.n);
    assert_non_null(b.at);
    b.at[2] = 8;
    b.at[3] = (unsigned char)rank;
    to = b.at + 4;
    for (unsigned i = 0; i < rank; i++, to += 4) {
        to[2] = (unsigned char)(sizes[i] >> 8);
        to[3] = (unsigned char)sizes[i];
    }
    return b;
}

struct bytes idx_images(size_t n, unsigned salt)
{
    struct bytes b = idx(3, (size_t[]){n, 2, 3});

    for (size_t i = 16; i < b.n; i++)
        b.at[i] = (unsigned char)(i * 7 + salt);
    return b;
}

struct bytes idx_labels(size_t n, unsigned classes)
{
    struct bytes b = idx(1, (size_t[]){n});

    for (size_t i = 8; i < b.n; i++)
        b.at[i] = (unsigned char)(i % classes);
    return b;
}

void put_bytes(const char *folder, const char *name, struct bytes b)
{
    free(tmpdir_write(folder, name, b.at, b.n));
    free(b.at);
}

void put_gzip(const char *folder, const char *name, struct bytes b)
{
    char path[1024];
    gzFile f;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    f = gzopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(gzwrite(f, b.at, (unsigned)b.n), (int)b.n);
    assert_int_equal(gzclose(f), Z_OK);
    free(b.at);
}

char *put_folder(struct place *p, const char *name, size_t train, unsigned salt)
{
    char *path = NULL;

    assert_true(asprintf(&path, "%s/%s", p->sets, name) > 0);
    mkdir(path, 0700); /* it may be there */
    put_gzip(path, "train-images-idx3-ubyte.gz", idx_images(train, salt));
    put_bytes(path, "train-labels-idx1-ubyte", idx_labels(train, 3));
    put_bytes(path, "t10k-images.idx3-ubyte", idx_images(4, salt));
    put_gzip(path, "t10k-labels.idx1-ubyte.gz", idx_labels(4, 3));
    return path;
}

static size_t counted;

static int count_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)path;
    (void)st;
    (void)type;
    counted += walk->level > 0;
    return 0;
}

size_t count_below(const char *path)
{
    counted = 0;
    nftw(path, count_entry, 16, FTW_PHYS);
    return counted;
}
