/* SPDX-License-Identifier: MIT */
/* What the store's files share. Functions with a srv_conn run on a reader of the pool or, inside a
 * command, on the writer's connection. */
#ifndef SPIKED_SERVER_STORE_INTERNAL_H
#define SPIKED_SERVER_STORE_INTERNAL_H

#include "server/db.h"
#include "server/store.h"
#include "server/sweep.h"
#include "server/transition.h"
#include "server/writer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#define SRV_READERS_KEPT 16

struct srv_store {
    struct srv_clock clock;
    int lock_fd;      /* -1 = none */
    char *path;       /* of the database */
    struct stat file; /* which file that was when it was opened */
    struct srv_writer *writer;
    pthread_mutex_t lock; /* guards the readers that are free */
    struct srv_conn *readers[SRV_READERS_KEPT];
    size_t n_readers;
    /* Of the last quick check; written by the keeper, read by the http threads. */
    _Atomic int64_t checked_at;
    atomic_bool damaged;
};

/* All of the database into a new file, which is durable but for its name. */
enum snn_code srv_db_copy(struct sqlite3 *from, const char *path, struct snn_error *err);

/* Fails where the database's file is not at its path any more: what is written then, though every
 * call succeeds, is gone with the process. */
enum snn_code srv_store_in_place(const struct srv_store *s, struct snn_error *err);

/* A read-only connection inside a transaction: everything read until srv_store_unread is of one
 * moment. */
enum snn_code srv_store_read(struct srv_store *s, struct srv_conn **out, struct snn_error *err);
void srv_store_unread(struct srv_store *s, struct srv_conn *c);

/* A page of a list is read with one row more than `limit`, to know whether there are more. Refuses
 * a limit that is none; says how many of the rows found are the page, and whether more follow. */
#define SRV_PAGE_MAX 100
enum snn_code srv_page_check(size_t limit, struct snn_error *err);
size_t srv_page_end(size_t found, size_t limit, bool *has_more);

/* ------------------------------------------------------------------------------------ jobs -- */

/* seq of the job; SNN_NOT_FOUND. */
enum snn_code srv_job_seq(struct srv_conn *c, const char *id, int64_t *out, struct snn_error *err);
/* The whole row with its metadata; SNN_NOT_FOUND. *out is the caller's to clear. */
enum snn_code srv_job_load(struct srv_conn *c, int64_t seq, struct srv_job *out,
                           struct snn_error *err);
/* "SELECT <columns of a job>", to be continued with FROM; srv_job_read reads them. */
extern const char srv_job_select[];
void srv_job_read(struct srv_query *q, struct srv_job *out);
enum snn_code srv_job_read_metadata(struct srv_conn *c, struct srv_job *job, struct snn_error *err);
/* What a new job has before it is stored: id, status, times. */
void srv_job_begin(const struct srv_store *s, struct srv_job *job);
/* Inserts the row with its labels and its event "created"; fills seq. */
enum snn_code srv_job_add(struct srv_conn *c, struct srv_job *job, struct snn_error *err);
/* SNN_LIMIT where `n` more jobs would be more than may wait. */
enum snn_code srv_job_room(struct srv_conn *c, size_t n, size_t max_queued, struct snn_error *err);
/* Writes progress and metrics, and the result where `result`. Neither version nor time. */
enum snn_code srv_job_update(struct srv_conn *c, const struct srv_job *job, bool result,
                             struct snn_error *err);
/* version + 1, updated_at. */
enum snn_code srv_job_touch(struct srv_conn *c, int64_t seq, int64_t now, struct snn_error *err);
/* Moves the row along t (which has an event): status, finished_at, version, and the event with
 * `message`; then what follows from it in the job's sweep. Of *job it takes seq, attempt, step and
 * epoch. */
enum snn_code srv_job_move(struct srv_conn *c, const struct srv_job *job, int64_t now,
                           const struct srv_transition *t, const char *message,
                           struct snn_error *err);
/* The same without the sweep. */
enum snn_code srv_job_move_alone(struct srv_conn *c, const struct srv_job *job, int64_t now,
                                 const struct srv_transition *t, const char *message,
                                 struct snn_error *err);
/* Removes the row if it was marked to be and `status` is one in which nobody holds it. */
enum snn_code srv_job_remove_marked(struct srv_conn *c, int64_t seq, enum srv_job_status status,
                                    bool *removed, struct snn_error *err);
/* Whether a job that is not over uses the data set of that id. */
enum snn_code srv_job_uses_dataset(struct srv_conn *c, const char *dataset, bool *in_use,
                                   struct snn_error *err);
/* The row and all that refers to it. */
enum snn_code srv_job_remove(struct srv_conn *c, int64_t seq, struct snn_error *err);

/* ---------------------------------------------------------------------------------- sweeps -- */

/* The sweep with its counts, without what belongs to it; SNN_NOT_FOUND. */
enum snn_code srv_sweep_load(struct srv_conn *c, const char *id, struct srv_sweep *out,
                             struct snn_error *err);
/* After a move of that job: compares the combinations of its sweep where it was the last that the
 * others waited for. */
enum snn_code srv_sweep_settle(struct srv_conn *c, int64_t job_seq, int64_t now,
                               struct snn_error *err);

/* Puts into the outbox that the job has come to that end, where somebody wants to hear of it. */
enum snn_code srv_webhook_note(struct srv_conn *c, int64_t job_seq, enum srv_job_status status,
                               int64_t now, struct snn_error *err);

/* ---------------------------------------------------------------------------------- events -- */

/* Appends; the event's seq is given here, and `at` where it is 0. */
enum snn_code srv_event_insert(struct srv_conn *c, int64_t job_seq, int64_t now,
                               const struct srv_event *e, struct snn_error *err);

#endif
