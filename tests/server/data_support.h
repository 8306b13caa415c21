/* SPDX-License-Identifier: MIT */
/* A data folder with a real store and real data sets, and small files to fill them with. */
#ifndef TESTS_SERVER_DATA_SUPPORT_H
#define TESTS_SERVER_DATA_SUPPORT_H

#include "server/datasets.h"

struct place {
    char *dir; /* scratch; "<dir>/data" is the data folder, "<dir>/sets" a --datasets-dir */
    char data[512], sets[512];
    struct srv_config config;
    struct srv_store *store;
    struct srv_datasets *datasets;
};

/* A folder with a store in it. What fails, fails the test. */
void place_make(struct place *p);
/* Opens, and closes again, what is in the folder; between the two it is as after a restart. */
void place_open(struct place *p);
void place_close(struct place *p);
void place_remove(struct place *p);
/* For cmocka: *state becomes a place, made, not opened; and it is removed. */
int place_setup(void **state);
int place_teardown(void **state);
/* The data set of that name. */
struct srv_dataset place_find(struct place *p, const char *name);

struct bytes {
    unsigned char *at; /* malloc'ed */
    size_t n;
};

/* IDX files of n images of 2x3 pixels, and of n labels below `classes`; `salt` changes the pixels.
 */
struct bytes idx_images(size_t n, unsigned salt);
struct bytes idx_labels(size_t n, unsigned classes);
/* Writes it to <folder>/<name> and frees it. */
void put_bytes(const char *folder, const char *name, struct bytes b);
/* The same, through gzip. */
void put_gzip(const char *folder, const char *name, struct bytes b);
/* <sets>/<name> with the four IDX files, `train` and 4 samples. Returns its path, the caller's. */
char *put_folder(struct place *p, const char *name, size_t train, unsigned salt);

/* Files and folders below that path, itself not counted; 0 where there is none. */
size_t count_below(const char *path);

#endif
