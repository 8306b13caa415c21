/* SPDX-License-Identifier: MIT */
/* The one thread that writes. Commands are functions on its connection; it runs those that wait as
 * a group in one transaction, so that many callers share one sync of the disk. A command that fails
 * takes back only what it did itself; a commit that fails fails the whole group. Functions without
 * a @thread are safe from any thread but the writer's own. */
#ifndef SPIKED_SERVER_WRITER_H
#define SPIKED_SERVER_WRITER_H

#include "server/db.h"

struct srv_writer;

/* What a command does. Its connection is inside a transaction; it must leave it so. @thread the
 * writer's */
#define SRV_COMMAND(name) enum snn_code name(struct srv_conn *c, void *arg, struct snn_error *err)

/* conn is the writer's from here, and closed with it; also when this fails. @thread startup */
enum snn_code srv_writer_start(struct srv_writer **out, struct srv_conn *conn,
                               struct snn_error *err);
/* Runs all that waits, then ends the thread. No call may be under way or come after. */
void srv_writer_stop(struct srv_writer *w);

/* Returns when the command's transaction is on disk, or with why it is not. */
enum snn_code srv_writer_call(struct srv_writer *w, SRV_COMMAND((*run)), void *arg,
                              struct snn_error *err);
/* Returns at once, or when the queue has room again. arg is the writer's, also when this fails; it
 * is freed with free(). A failure of the command is counted and logged. */
enum snn_code srv_writer_post(struct srv_writer *w, SRV_COMMAND((*run)), void *arg);

/* From now on `news` is called after every commit that changed the file, before those who wait for
 * it hear of it; NULL ends that, and returns when no call is under way. It must be quick, and call
 * nothing of the store. */
void srv_writer_listen(struct srv_writer *w, void (*news)(void *user), void *user);

struct srv_writer_stats {
    uint64_t commands, groups; /* run; committed */
    uint64_t posts_failed;
    int64_t idle_ms;  /* since the last commit that changed the file */
    bool last_failed; /* the last group's commit did */
};
struct srv_writer_stats srv_writer_stats(struct srv_writer *w);

#endif
