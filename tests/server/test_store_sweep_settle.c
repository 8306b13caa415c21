/* SPDX-License-Identifier: MIT */
/* Successive halving: who goes on depends on the metrics alone, and nobody waits for ever. */
#include "tests/server/sweep_support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Claims and brings to their rung as many as are queued; accuracy by combination and seed. */
static void bring_all(struct fixture *f, size_t n, double (*accuracy)(const struct srv_job *job))
{
    for (size_t i = 0; i < n; i++) {
        struct srv_job job = fixture_claim(f, "b");

        sweep_arrive(f, &job, accuracy(&job));
    }
}

static double by_combination(const struct srv_job *job)
{
    return 0.1 * (double)job->combination + 0.01 * (double)job->seed;
}

static int64_t queued(struct fixture *f)
{
    return fixture_number(f, "SELECT COUNT(*) FROM jobs WHERE status = 'queued'");
}

static void settle__last_one_comes__best_third_goes_on(void **state)
{
    const struct sweep_form form = {
        .combinations = 9, .seeds = 2, .rung_epochs = 2, .rung_factor = 3};
    struct fixture *f = *state;
    struct srv_sweep_whole w;
    struct srv_job job;
    char id[SRV_ID_SIZE], events[300];

    sweep_create(f, &form, id);
    bring_all(f, 17, by_combination);
    w = sweep_get(f, id);
    assert_int_equal(w.sweep.counts[SRV_JOB_paused], 17);
    assert_int_equal(w.n_decisions, 0);
    srv_sweep_whole_clear(&w);
    bring_all(f, 1, by_combination);
    w = sweep_get(f, id);
    assert_int_equal(w.sweep.counts[SRV_JOB_queued], 6);
    assert_int_equal(w.sweep.counts[SRV_JOB_cancelled], 12);
    assert_int_equal(w.n_decisions, 9);
    for (size_t i = 0; i < 9; i++) {
        assert_int_equal(w.decisions[i].epoch, 2);
        assert_int_equal(w.decisions[i].rank, i + 1);
        assert_int_equal(w.decisions[i].combination, 8 - i);
        assert_int_equal(w.decisions[i].kept, i < 3);
        assert_near(w.decisions[i].value, 0.1 * (8 - (double)i) + 0.005, 1e-12);
    }
    assert_string_equal(w.jobs[0].error_code, "stopped_early");
    fixture_events(f, w.jobs[0].id, events, sizeof events);
    assert_string_equal(events, "created started compared stopped_early");
    fixture_events(f, w.jobs[17].id, events, sizeof events);
    assert_string_equal(events, "created started compared promoted");
    job = fixture_get(f, w.jobs[17].id);
    assert_int_equal(job.rung_epoch, 6);
    assert_int_equal(job.at_rung, 0);
    srv_job_clear(&job);
    srv_sweep_whole_clear(&w);
    /* The next rung, and then the end: 18 epochs are more than there are. */
    bring_all(f, 6, by_combination);
    assert_int_equal(queued(f), 2);
    bring_all(f, 2, by_combination);
    w = sweep_get(f, id);
    assert_int_equal(w.sweep.counts[SRV_JOB_succeeded], 2);
    assert_int_equal(w.sweep.counts[SRV_JOB_cancelled], 16);
    assert_int_equal(w.jobs[17].status, SRV_JOB_succeeded);
    assert_int_equal(w.n_decisions, 12);
    srv_sweep_whole_clear(&w);
}

static double equal(const struct srv_job *job)
{
    (void)job;
    return 0.5;
}

static double broken_but_last(const struct srv_job *job)
{
    return job->combination == 3 ? 0.1 : (double)NAN;
}

static void settle__equal__first_made_goes_on(void **state)
{
    const struct sweep_form form = {
        .combinations = 4, .seeds = 1, .rung_epochs = 1, .rung_factor = 4};
    struct srv_sweep_whole w;
    char id[SRV_ID_SIZE];

    sweep_create(*state, &form, id);
    bring_all(*state, 4, equal);
    w = sweep_get(*state, id);
    assert_int_equal(w.jobs[0].status, SRV_JOB_queued);
    assert_int_equal(w.sweep.counts[SRV_JOB_queued], 1);
    srv_sweep_whole_clear(&w);
}

static void settle__not_finite__is_worse_than_any_number(void **state)
{
    const struct sweep_form form = {
        .combinations = 4, .seeds = 1, .rung_epochs = 1, .rung_factor = 4};
    struct srv_sweep_whole w;
    char id[SRV_ID_SIZE];

    sweep_create(*state, &form, id);
    bring_all(*state, 4, broken_but_last);
    w = sweep_get(*state, id);
    assert_int_equal(w.jobs[3].status, SRV_JOB_queued);
    assert_int_equal(w.sweep.counts[SRV_JOB_queued], 1);
    srv_sweep_whole_clear(&w);
}

static void settle__others_fail_or_are_cancelled__do_not_keep_the_rest_waiting(void **state)
{
    const struct sweep_form form = {
        .combinations = 4, .seeds = 1, .rung_epochs = 1, .rung_factor = 2};
    struct srv_job failing, cancelled, after = {0};
    struct fixture *f = *state;
    struct snn_error err = {0};
    char id[SRV_ID_SIZE];

    sweep_create(f, &form, id);
    failing = fixture_claim(f, "b");
    cancelled = fixture_claim(f, "b");
    bring_all(f, 2, by_combination);
    assert_int_equal(queued(f), 0);
    sweep_release(f, &failing, SRV_JOB_failed);
    assert_int_equal(queued(f), 0);
    assert_ok(srv_store_job_cancel(f->store, cancelled.id, false, &after, &err), err);
    srv_job_clear(&after);
    assert_int_equal(queued(f), 0);
    sweep_release(f, &cancelled, SRV_JOB_cancelled);
    assert_int_equal(queued(f), 1);
    assert_int_equal(fixture_number(f, "SELECT COUNT(*) FROM sweep_decisions"), 2);
}

static void settle__waiting_job__is_not_resumed_by_hand(void **state)
{
    const struct sweep_form form = {
        .combinations = 2, .seeds = 1, .rung_epochs = 1, .rung_factor = 2};
    struct fixture *f = *state;
    struct snn_error err = {0};
    struct srv_job job, after = {0};
    char id[SRV_ID_SIZE];

    sweep_create(f, &form, id);
    job = fixture_claim(f, "b");
    sweep_arrive(f, &job, 0.1);
    assert_int_equal(srv_store_job_unpause(f->store, job.id, &after, &err), SNN_INVALID);
    assert_contains(err.message, "waits at epoch 1 for the other jobs of its sweep");
}

/* What was paused by hand waits for hands, and comes to its rung afterwards. */
static void settle__paused_on_the_way__is_waited_for(void **state)
{
    const struct sweep_form form = {
        .combinations = 2, .seeds = 1, .rung_epochs = 1, .rung_factor = 2};
    struct fixture *f = *state;
    struct snn_error err = {0};
    struct srv_job job, after = {0};
    char id[SRV_ID_SIZE];

    sweep_create(f, &form, id);
    job = fixture_claim(f, "b");
    assert_ok(srv_store_job_pause(f->store, job.id, &after, &err), err);
    srv_job_clear(&after);
    sweep_arrive(f, &job, 0.1);
    bring_all(f, 1, by_combination);
    assert_int_equal(queued(f), 0);
    assert_int_equal(fixture_number(f, "SELECT COUNT(*) FROM sweep_decisions"), 0);
    assert_ok(srv_store_job_unpause(f->store, job.id, &after, &err), err);
    srv_job_clear(&after);
    bring_all(f, 1, by_combination);
    assert_int_equal(queued(f), 1);
    assert_int_equal(fixture_number(f, "SELECT COUNT(*) FROM sweep_decisions"), 2);
}

static void settle__cancelled_sweep__compares_no_more(void **state)
{
    const struct sweep_form form = {
        .combinations = 3, .seeds = 1, .rung_epochs = 1, .rung_factor = 3};
    struct srv_sweep_change *changed = NULL;
    struct fixture *f = *state;
    struct snn_error err = {0};
    char id[SRV_ID_SIZE];
    size_t n = 0;

    sweep_create(f, &form, id);
    bring_all(f, 2, by_combination);
    assert_ok(srv_store_sweep_cancel(f->store, id, false, &changed, &n, &err), err);
    free(changed);
    assert_int_equal(n, 3);
    assert_int_equal(fixture_number(f, "SELECT COUNT(*) FROM jobs WHERE status = 'cancelled'"), 3);
    assert_int_equal(fixture_number(f, "SELECT COUNT(*) FROM jobs WHERE at_rung"), 0);
    assert_int_equal(fixture_number(f, "SELECT COUNT(*) FROM sweep_decisions"), 0);
}

static void arrive__job_without_rung__is_refused(void **state)
{
    struct fixture *f = *state;
    struct snn_error err = {0};
    char id[SRV_ID_SIZE];
    struct srv_job job;
    bool deleted;

    fixture_create(f, 0, 1, id);
    job = fixture_claim(f, "b");
    job.status = SRV_JOB_paused;
    assert_int_equal(srv_store_job_release(f->store, &job, &deleted, &err), SNN_INVALID);
    assert_int_equal(fixture_status(f, id), SRV_JOB_running);
}

/* ---------------------------------------------------------------------------- random walks -- */

#define HELD 4

struct walk {
    struct fixture *f;
    uint64_t random;
    struct srv_job held[HELD];
    size_t n_held;
    int boot;
};

static uint64_t draw(struct walk *w, uint64_t below)
{
    w->random = w->random * 6364136223846793005u + 1442695040888963407u;
    return (w->random >> 33) % below;
}

/* The same for a job at an epoch however it comes there. */
static double scattered(const struct srv_job *job)
{
    uint64_t x = (uint64_t)(job->combination * 131 + job->seed * 17 + job->rung_epoch + 7);

    x *= 0x9e3779b97f4a7c15u;
    return (double)(x >> 40) / 16777216.0;
}

static void restart(struct walk *w)
{
    struct snn_error err = {0};
    char boot[16];
    size_t n;

    fixture_reopen(w->f);
    snprintf(boot, sizeof boot, "b%d", ++w->boot);
    assert_ok(srv_store_recover(w->f->store, boot, 1000, &n, &err), err);
    assert_int_equal(n, w->n_held);
    w->n_held = 0;
}

static void take(struct walk *w)
{
    struct snn_error err = {0};
    bool found = false;
    char boot[16];

    snprintf(boot, sizeof boot, "b%d", w->boot);
    assert_ok(srv_store_job_claim(w->f->store, boot, INT64_MAX, &w->held[w->n_held], &found, &err),
              err);
    if (found)
        srv_job_clear(&w->held[w->n_held++]);
}

/* Workers come and go, the daemon dies now and then, until all is over; the decisions as text. */
static char *walk(struct fixture *f, const struct sweep_form *form, uint64_t seed, size_t *restarts)
{
    struct walk w = {.f = f, .random = seed};
    char id[SRV_ID_SIZE], *text = NULL;
    struct srv_sweep_whole whole;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    bool over = false;

    assert_non_null(to);
    sweep_create(f, form, id);
    for (int step = 0; !over; step++) {
        assert_true(step < 20000); /* somebody waits for ever */
        if (draw(&w, 40) == 0) {
            restart(&w);
            ++*restarts;
        } else if (w.n_held < HELD && draw(&w, 2)) {
            take(&w);
        } else if (w.n_held) {
            size_t i = draw(&w, w.n_held);
            struct srv_job job = w.held[i];

            w.held[i] = w.held[--w.n_held];
            sweep_arrive(f, &job, scattered(&job));
        }
        whole = sweep_get(f, id);
        over = srv_sweep_over(&whole.sweep);
        srv_sweep_whole_clear(&whole);
    }
    whole = sweep_get(f, id);
    for (size_t i = 0; i < whole.n_decisions; i++)
        fprintf(to, "%lld:%lld=%lld%c ", (long long)whole.decisions[i].epoch,
                (long long)whole.decisions[i].rank, (long long)whole.decisions[i].combination,
                whole.decisions[i].kept ? '+' : '-');
    srv_sweep_whole_clear(&whole);
    fclose(to);
    return text;
}

static void settle__any_order_and_any_crash__decide_the_same(void **state)
{
    const struct sweep_form form = {
        .combinations = 10, .seeds = 3, .rung_epochs = 1, .rung_factor = 2, .epochs = 12};
    size_t restarts = 0;
    char *first = walk(*state, &form, 1, &restarts);

    assert_contains(first, "8:1=");
    for (uint64_t seed = 2; seed < 8; seed++) {
        char *other = walk(*state, &form, seed, &restarts);

        assert_string_equal(other, first);
        free(other);
    }
    assert_true(restarts > 20);
    free(first);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(settle__last_one_comes__best_third_goes_on),
        TEST(settle__equal__first_made_goes_on),
        TEST(settle__not_finite__is_worse_than_any_number),
        TEST(settle__others_fail_or_are_cancelled__do_not_keep_the_rest_waiting),
        TEST(settle__waiting_job__is_not_resumed_by_hand),
        TEST(settle__paused_on_the_way__is_waited_for),
        TEST(settle__cancelled_sweep__compares_no_more),
        TEST(arrive__job_without_rung__is_refused),
        TEST(settle__any_order_and_any_crash__decide_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
