/* SPDX-License-Identifier: MIT */
/* Who may move a job from which status to which, and the event that tells of it: one table. */
#ifndef SPIKED_SERVER_TRANSITION_H
#define SPIKED_SERVER_TRANSITION_H

#include "server/job.h"

/* claim: a worker takes it. cancel, pause, unpause: a user. succeed, fail, stop, yield: its worker
 * lets go of it, with a result, an error, because it was asked to, or because the daemon ends;
 * wait: because its sweep compares it with others before it goes on. promote, drop: what that comes
 * to. recover, give_up: at start, for what another run of the daemon left; give_up where it was
 * left too often. requeue, abandon: an administrator, while the daemon is stopped. */
#define SRV_ACTIONS(X)                                                                             \
    X(claim)                                                                                       \
    X(cancel)                                                                                      \
    X(pause)                                                                                       \
    X(unpause)                                                                                     \
    X(succeed)                                                                                     \
    X(fail) X(stop) X(yield) X(wait) X(promote) X(drop) X(recover) X(give_up) X(requeue) X(abandon)
#define SRV_ACTION_ENUM(name) SRV_ACTION_##name,
enum srv_action { SRV_ACTIONS(SRV_ACTION_ENUM) SRV_ACTION_COUNT };
#undef SRV_ACTION_ENUM

struct srv_transition {
    enum srv_job_status from;
    enum srv_action action;
    enum srv_job_status to;
    const char *event; /* NULL: nothing changes and nothing is told */
};

extern const struct srv_transition srv_transitions[];
extern const size_t srv_transition_count;

/* NULL where the action is not allowed. @thread any */
const struct srv_transition *srv_transition_find(enum srv_job_status from, enum srv_action action);
/* The action by which a worker lets go of a job with that status; false for a status it may not ask
 * for. */
bool srv_action_of_release(enum srv_action *out, enum srv_job_status wanted);
const char *srv_action_name(enum srv_action action);

#endif
