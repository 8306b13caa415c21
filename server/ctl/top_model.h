/* SPDX-License-Identifier: MIT */
/* What `top` shows and what it asks of the daemon: the rows, the question they answer, actions. */
#ifndef SPIKED_CTL_TOP_MODEL_H
#define SPIKED_CTL_TOP_MODEL_H

#include "server/ctl/top.h"

struct ctl_top {
    struct ctl *c;
    struct ctl_top_row *rows; /* CTL_TOP_ROWS */
    size_t n;
    bool more;           /* that fit, beyond these rows */
    size_t sort, status; /* in the tables of what can be asked for */
    bool turned;         /* the other way round */
    char text[100];      /* "" = any */
    json_t *counts;      /* of jobs by status; NULL = not known */
    char message[300];   /* "" = none */
    bool lost;           /* the message is that nobody answers */
};

/* The first look, by the options given; a failure is explained on err. With --json the answer is
 * printed. */
enum ctl_exit ctl_top_begin(struct ctl_top *m, struct ctl *c);
void ctl_top_end(struct ctl_top *m);

/* Looks again. Where nobody answers, the rows stay and the message says so. */
void ctl_top_load(struct ctl_top *m);
/* The curves of rows `first` to first + n - 1 whose jobs went on since. True: some are new. */
bool ctl_top_load_curves(struct ctl_top *m, size_t first, size_t n);
/* cancel, pause or resume; the message says what came of it. */
void ctl_top_act(struct ctl_top *m, size_t row, const char *action);

/* Another question. True: it is to be asked. */
bool ctl_top_next_sort(struct ctl_top *m);
bool ctl_top_next_status(struct ctl_top *m);
bool ctl_top_turn(struct ctl_top *m);

/* "  2 running, 14 queued, 981 over", and what is asked for in words. */
void ctl_top_add_counts(const struct ctl_top *m, struct ctl_text *t);
void ctl_top_add_question(const struct ctl_top *m, struct ctl_text *t);

#endif
