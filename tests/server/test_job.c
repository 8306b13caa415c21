/* SPDX-License-Identifier: MIT */
#include "server/job.h"
#include "server/transition.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static void status__every_name__is_found_again(void **state)
{
    (void)state;
    for (int i = 0; i < SRV_JOB_STATUS_COUNT; i++) {
        enum srv_job_status found = SRV_JOB_STATUS_COUNT;

        assert_true(srv_job_status_find(&found, srv_job_status_name((enum srv_job_status)i)));
        assert_int_equal(found, i);
    }
}

static void status__unknown_name__is_refused_and_out_untouched(void **state)
{
    enum srv_job_status found = SRV_JOB_paused;

    (void)state;
    assert_false(srv_job_status_find(&found, "done"));
    assert_false(srv_job_status_find(&found, ""));
    assert_int_equal(found, SRV_JOB_paused);
    assert_string_equal(srv_job_status_name(SRV_JOB_STATUS_COUNT), "unknown");
}

static void status__terminal__are_the_three_ends(void **state)
{
    (void)state;
    for (int i = 0; i < SRV_JOB_STATUS_COUNT; i++) {
        bool end = i == SRV_JOB_succeeded || i == SRV_JOB_failed || i == SRV_JOB_cancelled;

        assert_int_equal(srv_job_status_terminal((enum srv_job_status)i), end);
    }
}

static void job_clear__twice__frees_once(void **state)
{
    struct srv_job job = {.config = strdup("{}"), .metadata = calloc(1, sizeof(struct srv_meta))};

    (void)state;
    srv_job_clear(&job);
    assert_null(job.config);
    assert_null(job.metadata);
    srv_job_clear(&job);
    srv_job_clear(NULL);
}

static void transitions__each__is_found_and_only_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < srv_transition_count; i++) {
        const struct srv_transition *t = &srv_transitions[i];

        assert_ptr_equal(srv_transition_find(t->from, t->action), t);
    }
}

static void transitions__terminal_status__is_left_by_an_administrator_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < srv_transition_count; i++)
        if (srv_job_status_terminal(srv_transitions[i].from) &&
            srv_transitions[i].action != SRV_ACTION_requeue)
            assert_int_equal(srv_transitions[i].to, srv_transitions[i].from);
}

static void transitions__no_event__means_no_move(void **state)
{
    (void)state;
    for (size_t i = 0; i < srv_transition_count; i++)
        assert_int_equal(srv_transitions[i].event == NULL,
                         srv_transitions[i].from == srv_transitions[i].to);
}

/* Statuses that a worker holds: whatever they are in when the daemon dies, there is a way out. */
static void transitions__held_status__has_every_way_out(void **state)
{
    static const enum srv_job_status held[] = {SRV_JOB_running, SRV_JOB_pausing,
                                               SRV_JOB_cancelling};
    static const enum srv_action ways[] = {
        SRV_ACTION_cancel, SRV_ACTION_succeed, SRV_ACTION_fail,   SRV_ACTION_yield,
        SRV_ACTION_wait,   SRV_ACTION_recover, SRV_ACTION_give_up};

    (void)state;
    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        for (size_t j = 0; j < sizeof ways / sizeof *ways; j++)
            assert_non_null(srv_transition_find(held[i], ways[j]));
}

static void release__status_a_worker_may_not_give__is_refused(void **state)
{
    enum srv_action action = SRV_ACTION_COUNT;

    (void)state;
    assert_false(srv_action_of_release(&action, SRV_JOB_running));
    assert_false(srv_action_of_release(&action, SRV_JOB_cancelling));
    assert_int_equal(action, SRV_ACTION_COUNT);
    assert_true(srv_action_of_release(&action, SRV_JOB_queued));
    assert_string_equal(srv_action_name(action), "yield");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status__every_name__is_found_again),
        cmocka_unit_test(status__unknown_name__is_refused_and_out_untouched),
        cmocka_unit_test(status__terminal__are_the_three_ends),
        cmocka_unit_test(job_clear__twice__frees_once),
        cmocka_unit_test(transitions__each__is_found_and_only_once),
        cmocka_unit_test(transitions__terminal_status__is_left_by_an_administrator_alone),
        cmocka_unit_test(transitions__no_event__means_no_move),
        cmocka_unit_test(transitions__held_status__has_every_way_out),
        cmocka_unit_test(release__status_a_worker_may_not_give__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
