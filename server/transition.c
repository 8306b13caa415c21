/* SPDX-License-Identifier: MIT */
/* The state machine of a job. */
#include "server/transition.h"

#define ROW(from, action, to, event)                                                               \
    {                                                                                              \
        SRV_JOB_##from, SRV_ACTION_##action, SRV_JOB_##to, event                                   \
    }

/* A job that ends before its worker hears of the cancel keeps its end; one that is given back
 * instead (the daemon stops) or found at start is cancelled, as was asked. */
const struct srv_transition srv_transitions[] = {
    /* clang-format off */
    ROW(queued,     claim,   running,    "started"),
    ROW(queued,     cancel,  cancelled,  "cancelled"),
    ROW(queued,     pause,   paused,     "paused"),
    ROW(queued,     unpause, queued,     NULL),
    ROW(queued,     requeue, queued,     NULL),
    ROW(queued,     abandon, failed,     "failed"),
    ROW(running,    cancel,  cancelling, "cancelling"),
    ROW(running,    pause,   pausing,    "pausing"),
    ROW(running,    unpause, running,    NULL),
    ROW(running,    succeed, succeeded,  "succeeded"),
    ROW(running,    fail,    failed,     "failed"),
    ROW(running,    stop,    cancelled,  "cancelled"),
    ROW(running,    yield,   queued,     "queued"),
    ROW(running,    wait,    paused,     "compared"),
    ROW(running,    recover, queued,     "recovered"),
    ROW(running,    give_up, failed,     "failed"),
    ROW(running,    requeue, queued,     "requeued"),
    ROW(running,    abandon, failed,     "failed"),
    ROW(pausing,    cancel,  cancelling, "cancelling"),
    ROW(pausing,    pause,   pausing,    NULL),
    ROW(pausing,    unpause, running,    "unpaused"),
    ROW(pausing,    succeed, succeeded,  "succeeded"),
    ROW(pausing,    fail,    failed,     "failed"),
    ROW(pausing,    yield,   paused,     "paused"),
    ROW(pausing,    wait,    paused,     "paused"),
    ROW(pausing,    recover, paused,     "paused"),
    ROW(pausing,    give_up, failed,     "failed"),
    ROW(pausing,    requeue, queued,     "requeued"),
    ROW(pausing,    abandon, failed,     "failed"),
    ROW(paused,     cancel,  cancelled,  "cancelled"),
    ROW(paused,     pause,   paused,     NULL),
    ROW(paused,     unpause, queued,     "unpaused"),
    ROW(paused,     promote, queued,     "promoted"),
    ROW(paused,     drop,    cancelled,  "stopped_early"),
    ROW(paused,     requeue, queued,     "requeued"),
    ROW(paused,     abandon, failed,     "failed"),
    ROW(cancelling, cancel,  cancelling, NULL),
    ROW(cancelling, succeed, succeeded,  "succeeded"),
    ROW(cancelling, fail,    failed,     "failed"),
    ROW(cancelling, stop,    cancelled,  "cancelled"),
    ROW(cancelling, yield,   cancelled,  "cancelled"),
    ROW(cancelling, wait,    cancelled,  "cancelled"),
    ROW(cancelling, recover, cancelled,  "cancelled"),
    ROW(cancelling, give_up, cancelled,  "cancelled"),
    ROW(cancelling, requeue, queued,     "requeued"),
    ROW(cancelling, abandon, failed,     "failed"),
    ROW(failed,     requeue, queued,     "requeued"),
    ROW(cancelled,  requeue, queued,     "requeued"),
    ROW(cancelled,  cancel,  cancelled,  NULL),
    /* clang-format on */
};
const size_t srv_transition_count = sizeof srv_transitions / sizeof *srv_transitions;

#define ACTION_NAME(name) #name,
static const char *const action_names[] = {SRV_ACTIONS(ACTION_NAME)};
#undef ACTION_NAME

static const struct {
    enum srv_job_status wanted;
    enum srv_action action;
} releases[] = {
    {SRV_JOB_succeeded, SRV_ACTION_succeed}, {SRV_JOB_failed, SRV_ACTION_fail},
    {SRV_JOB_cancelled, SRV_ACTION_stop},    {SRV_JOB_queued, SRV_ACTION_yield},
    {SRV_JOB_paused, SRV_ACTION_wait},
};

const struct srv_transition *srv_transition_find(enum srv_job_status from, enum srv_action action)
{
    for (size_t i = 0; i < srv_transition_count; i++)
        if (srv_transitions[i].from == from && srv_transitions[i].action == action)
            return &srv_transitions[i];
    return NULL;
}

bool srv_action_of_release(enum srv_action *out, enum srv_job_status wanted)
{
    for (size_t i = 0; i < sizeof releases / sizeof *releases; i++) {
        if (releases[i].wanted != wanted)
            continue;
        *out = releases[i].action;
        return true;
    }
    return false;
}

const char *srv_action_name(enum srv_action action)
{
    return (unsigned)action < SRV_ACTION_COUNT ? action_names[action] : "unknown";
}
