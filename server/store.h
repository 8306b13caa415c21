/* SPDX-License-Identifier: MIT */
/*
 * What persistence must do. One SQLite file; every write goes through one writer thread that groups
 * commands into transactions (WAL, synchronous=FULL) and also does all checkpoints of the log;
 * reads take a read-only connection from a pool. A write call returns after its commit is on disk
 * unless its name ends in _post. All functions are safe from any thread. Lists and structs returned
 * are the caller's.
 */
#ifndef SPIKED_SERVER_STORE_H
#define SPIKED_SERVER_STORE_H

#include "server/job.h"

struct srv_store;

/* Opens (creates, migrates) DIR/spiked.db, starts the writer. Refuses a database of a newer
 * version, and a directory that another daemon holds (flock on DIR/lock; the message names its
 * pid). */
enum snn_code srv_store_open(struct srv_store **out, const char *dir, const struct srv_clock *clock,
                             struct snn_error *err);
void srv_store_close(struct srv_store *store);
/* Calls `news` after every commit; see srv_writer_listen. */
void srv_store_listen(struct srv_store *store, void (*news)(void *user), void *user);
/* SNN_OK when the database answers and the writer commits: for /readyz. */
enum snn_code srv_store_ping(struct srv_store *store, struct snn_error *err);

/* ------------------------------------------------------------------------------------ jobs -- */

/* Inserts as queued with its event "created"; fills id, seq, status, times, version of *job.
 * SNN_LIMIT when `max_queued` jobs wait already. */
enum snn_code srv_store_job_create(struct srv_store *s, struct srv_job *job, size_t max_queued,
                                   struct snn_error *err);
/* The same for a request that may come twice: where a job was made with that key before, *job
 * becomes that one as it is now, and *again is set; SNN_FORMAT where its body had another digest.
 * The key is stored with the job, in one transaction. */
enum snn_code srv_store_job_create_once(struct srv_store *s, struct srv_job *job, size_t max_queued,
                                        const char *key, const char body[SNN_SHA256_HEX],
                                        bool *again, struct snn_error *err);
enum snn_code srv_store_job_get(struct srv_store *s, const char *id, struct srv_job *out,
                                struct snn_error *err); /* SNN_NOT_FOUND */

/* What a list is ordered by; equal ones, and those that have no such value yet and come last, by
 * creation. */
enum srv_job_order {
    SRV_ORDER_created,
    SRV_ORDER_updated,
    SRV_ORDER_name,     /* without regard to the case of A to Z */
    SRV_ORDER_status,   /* how alive: running, pausing, cancelling, queued, paused, failed... */
    SRV_ORDER_progress, /* share of its steps */
    SRV_ORDER_accuracy, /* of the test, else of the validation, else of the training */
    SRV_ORDER_loss,     /* likewise */
    SRV_ORDER_COUNT
};
const char *srv_job_order_name(enum srv_job_order order);
bool srv_job_order_find(enum srv_job_order *out, const char *name);

#define SRV_MAX_TEXT 255

struct srv_job_filter {
    int status;        /* -1 = any */
    const char *after; /* id: rows beyond it in the order; NULL = from the start. SNN_NOT_FOUND if
                          unknown */
    enum srv_job_order order;
    bool ascending;    /* descending (newest first, best first) is the default */
    size_t limit;      /* 1..100 */
    const char *sweep; /* id; NULL = of any or none */
    const char *text;  /* anywhere in the name, the id, the data set or a pair key=value of the
                          metadata, without regard to the case of A to Z; at most SRV_MAX_TEXT
                          bytes, NULL = any */
    const struct srv_meta *metadata; /* all must match */
    size_t n_metadata;
};
enum snn_code srv_store_job_list(struct srv_store *s, const struct srv_job_filter *f,
                                 struct srv_job **out, size_t *n, bool *has_more,
                                 struct snn_error *err);
void srv_job_list_free(struct srv_job *jobs, size_t n);

/* queued -> cancelled; running, pausing -> cancelling; paused -> cancelled; cancelling, cancelled:
 * unchanged, ok. Others: SNN_INVALID that names the status. *out is the job after. With
 * `then_delete` the job is marked to be removed when its worker lets go of it; one that nobody
 * holds is the caller's to delete (srv_store_recover does where that did not come through). */
enum snn_code srv_store_job_cancel(struct srv_store *s, const char *id, bool then_delete,
                                   struct srv_job *out, struct snn_error *err);
/* queued -> paused; running -> pausing, and paused when its worker lets go of it; pausing, paused:
 * unchanged, ok. Others: SNN_INVALID that names the status. *out is the job after. */
enum snn_code srv_store_job_pause(struct srv_store *s, const char *id, struct srv_job *out,
                                  struct snn_error *err);
/* paused -> queued; pausing -> running; queued, running: unchanged, ok. Others: SNN_INVALID. */
enum snn_code srv_store_job_unpause(struct srv_store *s, const char *id, struct srv_job *out,
                                    struct snn_error *err);
/* Removes a terminal job with all its rows (its files are the caller's). SNN_INVALID if not
 * terminal. */
enum snn_code srv_store_job_delete(struct srv_store *s, const char *id, struct snn_error *err);

/* What is kept of jobs that are over; 0 = no limit. */
struct srv_retention {
    int64_t seconds; /* since the end */
    int64_t jobs;
    int64_t bytes; /* of their files, in all; the last to end stays whatever it has */
};
/* Removes the rows of jobs beyond the limits, the first to end first, some at a time; never one
 * that another, not over, starts from. `gone` is told of each: its files are the caller's. *n: how
 * many; 0 = all is within the limits. */
enum snn_code srv_store_retire(struct srv_store *s, const struct srv_retention *r,
                               void (*gone)(void *user, const char *id), void *user, size_t *n,
                               struct snn_error *err);
/* Forgets the Idempotency-Keys that are older. */
enum snn_code srv_store_keys_forget(struct srv_store *s, int64_t seconds, struct snn_error *err);

/* For workers. Takes the first queued job whose memory_bytes fits; *found tells. First is that of
 * the least rank: a point of priority weighs as much as a minute of age, so that none waits for
 * ever (migration 0008). */
enum snn_code srv_store_job_claim(struct srv_store *s, const char *boot_id, int64_t memory_bytes,
                                  struct srv_job *out, bool *found, struct snn_error *err);
/* Progress columns of a running job, fenced by attempt. Coalesced by the caller. */
enum snn_code srv_store_job_progress_post(struct srv_store *s, const struct srv_job *job);
/* Writes the columns of *job that a worker owns (status, progress, metrics, error, model) with an
 * event of that name, fenced by attempt: running/cancelling -> succeeded, failed, cancelled, or
 * back to queued, which of a pausing job makes a paused one. SNN_INVALID if the row is another
 * attempt's by now. *deleted: the job was marked, and is gone. */
enum snn_code srv_store_job_release(struct srv_store *s, const struct srv_job *job, bool *deleted,
                                    struct snn_error *err);
/* At start: what another boot left running goes back to queued with an event "recovered" (failed
 * with code crash_loop after max_attempts in a row that made no new checkpoint), what was
 * cancelling is cancelled. *n = rows touched. */
enum snn_code srv_store_recover(struct srv_store *s, const char *boot_id, int64_t max_attempts,
                                size_t *n, struct snn_error *err);
/* For whoever watches: of one moment. */
struct srv_store_gauges {
    int64_t jobs[SRV_JOB_STATUS_COUNT];
    int64_t oldest_queued_at; /* Unix seconds; 0 = none waits */
    int64_t file_bytes;       /* of checkpoints and uploaded data sets */
};
enum snn_code srv_store_look(struct srv_store *s, struct srv_store_gauges *out,
                             struct snn_error *err);
/* Counts by status, [SRV_JOB_STATUS_COUNT]. */
enum snn_code srv_store_job_counts(struct srv_store *s, int64_t *counts, struct snn_error *err);
/* Whether a queued, running... (non-terminal) job uses that data set. */
enum snn_code srv_store_dataset_in_use(struct srv_store *s, const char *dataset, bool *in_use,
                                       struct snn_error *err);

/* For an administrator, while no worker runs. Puts a job that is over, or that a dead daemon left,
 * back into the queue, without its error and its crashes: it goes on from its last checkpoint.
 * SNN_INVALID where it succeeded. */
enum snn_code srv_store_job_requeue(struct srv_store *s, const char *id, struct srv_job *out,
                                    struct snn_error *err);
/* Fails a job that is not over, with code "aborted". SNN_INVALID where it is. */
enum snn_code srv_store_job_abandon(struct srv_store *s, const char *id, const char *reason,
                                    struct srv_job *out, struct snn_error *err);

/* ---------------------------------------------------------------------------------- copies -- */

/* Is told of files that rows name: `path` below the data directory. Anything but SNN_OK ends it. */
struct srv_store_files {
    enum snn_code (*file)(void *user, const char *path, int64_t bytes, const char *sha256,
                          struct snn_error *err);
    void *user;
};
/* The database as of one moment, into a new file, while others go on writing. `to` hears first of
 * every file that its rows name, while none of them can be removed: link them, do not read them. */
enum snn_code srv_store_snapshot(struct srv_store *s, const char *path,
                                 const struct srv_store_files *to, struct snn_error *err);
/* Reads all of the database. `problem` is told of what is damaged or refers to nothing, `files` of
 * every file there should be. */
struct srv_store_health {
    int64_t checked_at; /* 0 = not yet */
    bool damaged;       /* by that check */
};
struct srv_store_health srv_store_health(struct srv_store *s);
/* Reads every page of the database while it is written to: SNN_FORMAT where it is damaged.
 * SNN_STOPPED where `stop`, which is asked every few milliseconds, ended it. */
enum snn_code srv_store_quick_check(struct srv_store *s, bool (*stop)(void *user), void *user,
                                    struct snn_error *err);
enum snn_code srv_store_check(struct srv_store *s, const struct srv_store_files *files,
                              void (*problem)(void *user, const char *text), void *user,
                              struct snn_error *err);

/* ---------------------------------------------------------------------------------- events -- */

struct srv_event {
    int64_t seq; /* 1, 2, ... within the job */
    int64_t at;
    char type[32]; /* created started epoch checkpoint recovered succeeded failed cancelled warning
                      ... */
    char message[512];
    int64_t step, epoch; /* -1 = does not apply */
};
enum snn_code srv_store_event_add(struct srv_store *s, const char *job, const struct srv_event *e,
                                  struct snn_error *err);
enum snn_code srv_store_event_post(struct srv_store *s, const char *job, const struct srv_event *e);
/* An event with the job it is of, and its number over all jobs. */
struct srv_job_event {
    struct srv_event event;
    int64_t number;
    char job[SRV_ID_SIZE];
};
/* The number of the newest event there is; 0 = none. */
enum snn_code srv_store_event_last(struct srv_store *s, int64_t *number, struct snn_error *err);
/* Of all jobs, those with number > after, ascending, at most limit. *out malloc'ed. */
enum snn_code srv_store_event_list_all(struct srv_store *s, int64_t after, size_t limit,
                                       struct srv_job_event **out, size_t *n,
                                       struct snn_error *err);
/* Events with seq > after, ascending, at most limit. *out malloc'ed. */
enum snn_code srv_store_event_list(struct srv_store *s, const char *job, int64_t after,
                                   size_t limit, struct srv_event **out, size_t *n, bool *has_more,
                                   struct snn_error *err);

/* ------------------------------------------------------------------- metrics and histograms -- */

/* Replaces whatever stood at (job, step): a resumed run writes the same points again. Copies its
 * input. */
enum snn_code srv_store_points_post(struct srv_store *s, const char *job, size_t step, size_t epoch,
                                    const struct snn_point *p, size_t n);
/* Calls `each` for every stored step of the job in order (from_step <= step), with its points.
 * False stops. */
enum snn_code srv_store_points_each(struct srv_store *s, const char *job, int64_t from_step,
                                    bool (*each)(void *user, int64_t step, int64_t epoch,
                                                 const struct snn_point *p, size_t n),
                                    void *user, struct snn_error *err);
enum snn_code srv_store_histograms_post(struct srv_store *s, const char *job, size_t step,
                                        size_t epoch, const struct snn_histogram *h, size_t n);
/* Which histograms of a job. */
struct srv_histogram_range {
    const char *name;           /* NULL = all */
    int64_t from_step, to_step; /* both among them */
    int64_t max_steps;  /* at most so many different steps, the oldest or the newest; 0 = all */
    int64_t max_points; /* else at most so many (>= 2) of them, evenly, with the first and the last;
                           0 = all */
    bool newest_first;
};
/* Ordered by step, up or down, then name in the order posted. `each` returning false ends it. */
enum snn_code srv_store_histograms_each(struct srv_store *s, const char *job,
                                        const struct srv_histogram_range *range,
                                        bool (*each)(void *user, int64_t step, int64_t epoch,
                                                     const struct snn_histogram *h),
                                        void *user, struct snn_error *err);
/* Removes points and histograms beyond `step`: what a resume will write again. */
enum snn_code srv_store_rewind(struct srv_store *s, const char *job, int64_t step,
                               struct snn_error *err);

/* Replaces what there was. In order with the job's release: a job that is over has it. */
enum snn_code srv_store_confusion_post(struct srv_store *s, const char *job,
                                       const struct snn_confusion *confusion);
/* SNN_NOT_FOUND where there is none. *counts, which *out points into, is the caller's to free. */
enum snn_code srv_store_confusion_get(struct srv_store *s, const char *job,
                                      struct snn_confusion *out, uint32_t **counts,
                                      struct snn_error *err);

/* ----------------------------------------------------------------------------- checkpoints -- */

struct srv_checkpoint {
    char id[SRV_ID_SIZE]; /* ckpt_... */
    int64_t step, epoch, created_at, bytes;
    char path[256];              /* relative to the data directory */
    char sha256[SNN_SHA256_HEX]; /* of the file */
};
/* Records a file that is durable already; fills id and created_at. Keeps the newest `keep` of the
 * job and returns the paths of the rows it dropped (malloc'ed array of malloc'ed strings) for the
 * caller to unlink. */
enum snn_code srv_store_checkpoint_add(struct srv_store *s, const char *job,
                                       struct srv_checkpoint *c, size_t keep, char ***dropped,
                                       size_t *n_dropped, struct snn_error *err);
/* Newest first. */
enum snn_code srv_store_checkpoint_list(struct srv_store *s, const char *job,
                                        struct srv_checkpoint **out, size_t *n,
                                        struct snn_error *err);

/* ------------------------------------------------------------------------------- data sets -- */

struct srv_dataset_file {
    char part[32];
    char path[256]; /* relative to the data directory */
    int64_t bytes;
    char sha256[SNN_SHA256_HEX];
};
struct srv_dataset_row {
    char id[SRV_ID_SIZE]; /* ds_... */
    char name[65];        /* unique */
    char format[16];
    int64_t created_at;
    bool ready; /* all parts are there and fit together: info holds */
    struct snn_data_info info;
    struct srv_dataset_file files[SNN_MAX_PARTS];
    size_t n_files;
};
/* SNN_INVALID when the name is taken. Fills id, created_at. */
enum snn_code srv_store_dataset_create(struct srv_store *s, struct srv_dataset_row *row,
                                       struct snn_error *err);
/* By id or name. */
enum snn_code srv_store_dataset_get(struct srv_store *s, const char *id_or_name,
                                    struct srv_dataset_row *out, struct snn_error *err);
enum snn_code srv_store_dataset_list(struct srv_store *s, struct srv_dataset_row **out, size_t *n,
                                     struct snn_error *err); /* oldest first */
/* Adds or replaces the file of a part; and `ready`/`info` as given in *row. */
enum snn_code srv_store_dataset_put(struct srv_store *s, const struct srv_dataset_row *row,
                                    struct snn_error *err);
/* SNN_NOT_FOUND; SNN_INVALID while a job that is not over uses it. */
enum snn_code srv_store_dataset_delete(struct srv_store *s, const char *id, struct snn_error *err);

#endif
