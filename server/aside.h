/* SPDX-License-Identifier: MIT */
/*
 * Long calculations that requests wait for: one thread of low priority does them, one after the
 * other, so that no thread of http is held meanwhile. Nothing is stored: whoever asked is told, or
 * nobody.
 */
#ifndef SPIKED_SERVER_ASIDE_H
#define SPIKED_SERVER_ASIDE_H

#include "core/snn.h"

struct srv_aside;
struct srv_errand;

struct srv_errand_work {
    void *user;
    /* @thread the aside's. Ends soon once srv_errand_wanted says false. */
    void (*run)(void *user, const struct srv_errand *errand);
    void (*free)(void *user); /* once, by whoever is the last to have it */
};

enum snn_code srv_aside_start(struct srv_aside **out, struct snn_error *err);
/* `news` is called after each errand and once a second during one, by whoever asks whether it is
 * wanted: those who wait look whether it is done, or are seen to have gone. Until NULL is given; it
 * must call nothing of the aside. @thread startup */
void srv_aside_listen(struct srv_aside *a, void (*news)(void *user), void *user);
/* Ends the one under way and runs no other; those who asked must have dropped theirs, or never look
 * at them again. Accepts NULL. */
void srv_aside_stop(struct srv_aside *a);

/* Queues it; *out is the asker's, to be dropped. SNN_LIMIT where too many wait; then, as after any
 * failure, nothing is taken over. @thread any */
enum snn_code srv_aside_ask(struct srv_aside *a, struct srv_errand **out,
                            const struct srv_errand_work *work, struct snn_error *err);
/* Whether it has been run. What it left in `user` may be read then. @thread any */
bool srv_errand_done(const struct srv_errand *e);
void *srv_errand_user(const struct srv_errand *e);
/* Whether somebody still wants it: for run. @thread the aside's, and what it started */
bool srv_errand_wanted(const struct srv_errand *e);
/* Nobody does any more. Accepts NULL. @thread any */
void srv_errand_drop(struct srv_errand *e);

#endif
