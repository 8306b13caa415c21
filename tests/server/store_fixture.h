/* SPDX-License-Identifier: MIT */
/* A store in a scratch folder, with a clock that the test sets. */
#ifndef TESTS_SERVER_STORE_FIXTURE_H
#define TESTS_SERVER_STORE_FIXTURE_H

#include "server/store.h"
#include "server/store_internal.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

struct fixture {
    char *dir;
    struct srv_store *store;
};

/* What the store's clock says. */
extern _Atomic int64_t fixture_now;
extern const struct srv_clock fixture_clock;

/* cmocka's setup and teardown: *state is a struct fixture. */
int fixture_open(void **state);
int fixture_close(void **state);
/* Closes the store and opens it again. */
void fixture_reopen(struct fixture *f);

/* A job as a client would give it; the config is malloc'ed. */
struct srv_job fixture_job(const char *name);
/* Creates a job of that priority and memory; its id into `id`. */
void fixture_create(struct fixture *f, int64_t priority, int64_t memory_bytes,
                    char id[SRV_ID_SIZE]);
/* The job, which must be there; the caller's to clear. */
struct srv_job fixture_get(struct fixture *f, const char *id);
enum srv_job_status fixture_status(struct fixture *f, const char *id);
/* Claims any job as that run of the daemon; the claim must find one. Cleared but for the plain
 * fields. */
struct srv_job fixture_claim(struct fixture *f, const char *boot_id);
/* The job's event types, joined by blanks, into buf. */
void fixture_events(struct fixture *f, const char *id, char *buf, size_t size);
/* One number from the database, asked on a connection of the store. */
int64_t fixture_number(struct fixture *f, const char *sql);

/* rc must be SNN_OK; err's message is printed when not. */
#define assert_ok(rc, err)                                                                         \
    do {                                                                                           \
        if ((rc) != SNN_OK)                                                                        \
            fail_msg("%s", (err).message);                                                         \
    } while (0)

#endif
