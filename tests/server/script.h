/* SPDX-License-Identifier: MIT */
/* The life of a store in steps, one transaction each as a rule: every command that writes, in an
 * order in which it has something to write. For tests that break the disk under it. */
#ifndef TESTS_SERVER_SCRIPT_H
#define TESTS_SERVER_SCRIPT_H

#include "tests/server/store_fixture.h"

struct script {
    struct srv_store *store;
    struct srv_job claimed; /* without what it holds */
    char job[SRV_ID_SIZE], other[SRV_ID_SIZE], sweep[SRV_ID_SIZE], dataset[SRV_ID_SIZE];
    int64_t checkpoints;
    uint64_t posts_failed; /* of the store's, as seen last */
    /* Told of the commits of a step that has more than one; NULL = nobody. */
    void (*between)(struct script *s);
    void *user;
};

struct script_step {
    const char *name;
    enum snn_code (*run)(struct script *s, struct snn_error *err);
};
/* In order; a name of NULL ends them. Those after the one called "bulk" fill the log until it is
 * moved into the database, and work on. */
extern const struct script_step script_steps[];

/* Of every row of every table: two stores that hold the same have the same. 0 = could not be read,
 * with the reason in *err. */
uint64_t script_digest(struct srv_store *store, struct snn_error *err);

/* Fails the test where the store does not hold together: the database itself, rows that refer to
 * nothing; and after srv_store_recover as another boot a job that somebody is said to work on. It
 * must then take a new job. */
void script_check(struct srv_store *store);

#endif
