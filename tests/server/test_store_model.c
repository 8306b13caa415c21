/* SPDX-License-Identifier: MIT */
/* Random operations on the store beside a small automaton that says what must come of them. */
#include "tests/server/store_fixture.h"

#include <stdlib.h>
#include <string.h>

#define JOBS 24
#define STEPS 4000
#define MAX_CRASHES 3

/* Statuses as letters: Queued, Running, pAusing, Paused, Cancelling, Succeeded, Failed, eXcelled. A
 * row is where each operation leads from a status; '-' is refused, '.' leaves the job as it is. */
static const char letters[] = "QRAPCSFX";
enum op { CLAIM, CANCEL, SUCCEED, FAIL, STOP, YIELD, RECOVER, GIVE_UP, PAUSE, UNPAUSE };
static const struct {
    char from;
    const char *to; /* in the order of enum op */
} automaton[] = {
    {'Q', "RX----..P."}, {'R', "-CSFXQQFA."}, {'A', "-CSF-PPF.R"}, {'P', "-X----...Q"},
    {'C', "-.SFXXXX--"}, {'S', "------..--"}, {'F', "------..--"}, {'X', "-.----..--"},
};

struct model {
    char id[SRV_ID_SIZE];
    char status;
    int64_t attempt, version, crashes, events, priority, memory, age;
    bool marked, gone;
};

struct world {
    struct fixture *f;
    struct model jobs[JOBS];
    size_t n;
    uint64_t random;
    int64_t made;
    size_t removed_by_release;
    bool used[sizeof letters][UNPAUSE + 1]; /* what was tried from where */
    int boot;
};

static uint64_t draw(struct world *w, uint64_t below)
{
    w->random = w->random * 6364136223846793005u + 1442695040888963407u;
    return (w->random >> 33) % below;
}

static char next_of(const struct model *m, enum op op)
{
    for (size_t i = 0; i < sizeof automaton / sizeof *automaton; i++)
        if (automaton[i].from == m->status)
            return automaton[i].to[op];
    return '?';
}

/* Follows op in the model; false where it is refused. */
static bool follow(struct world *w, struct model *m, enum op op)
{
    char to = next_of(m, op);

    w->used[strchr(letters, m->status) - letters][op] = true;
    if (to == '-')
        return false;
    if (to == '.')
        return true;
    m->status = to;
    m->version++;
    m->events++;
    return true;
}

static bool over(const struct model *m)
{
    return strchr("SFX", m->status) != NULL;
}

/* Mostly a job that something can still happen to. */
static struct model *pick(struct world *w)
{
    struct model *m = &w->jobs[draw(w, w->n)];

    for (int tries = 0; tries < 6 && (m->gone || over(m)); tries++)
        m = &w->jobs[draw(w, w->n)];
    return m;
}

/* A place for a new job: an unused one, or that of a job that nothing can happen to any more. */
static struct model *place(struct world *w)
{
    if (w->n < JOBS)
        return &w->jobs[w->n++];
    for (size_t i = 0; i < JOBS; i++)
        if (w->jobs[i].gone || (over(&w->jobs[i]) && draw(w, 2)))
            return &w->jobs[i];
    return NULL;
}

static void do_create(struct world *w)
{
    struct model *m = place(w);

    if (!m)
        return;
    *m = (struct model){.status = 'Q', .version = 1, .events = 1, .age = ++w->made};
    m->priority = (int64_t)draw(w, 3);
    m->memory = (int64_t)draw(w, 4);
    fixture_create(w->f, m->priority, m->memory, m->id);
}

/* Whether a is claimed before b. */
static bool sooner(const struct model *a, const struct model *b)
{
    return a->priority != b->priority ? a->priority > b->priority : a->age < b->age;
}

static void do_claim(struct world *w)
{
    struct model *best = NULL;
    struct srv_job job = {0};
    struct snn_error err = {0};
    int64_t memory = (int64_t)draw(w, 4);
    bool found = false;
    char boot[16];

    for (size_t i = 0; i < w->n; i++) {
        struct model *m = &w->jobs[i];
        if (!m->gone && m->status == 'Q' && m->memory <= memory && (!best || sooner(m, best)))
            best = m;
    }
    snprintf(boot, sizeof boot, "b%d", w->boot);
    assert_ok(srv_store_job_claim(w->f->store, boot, memory, &job, &found, &err), err);
    srv_job_clear(&job);
    assert_int_equal(found, best != NULL);
    if (!best)
        return;
    assert_string_equal(job.id, best->id);
    assert_true(follow(w, best, CLAIM));
    best->attempt++;
}

static void do_cancel(struct world *w)
{
    struct model *m = pick(w);
    struct srv_job job = {0};
    struct snn_error err = {0};
    bool then_delete = draw(w, 2) == 0;
    enum snn_code rc = srv_store_job_cancel(w->f->store, m->id, then_delete, &job, &err);

    srv_job_clear(&job);
    if (m->gone) {
        assert_int_equal(rc, SNN_NOT_FOUND);
    } else if (follow(w, m, CANCEL)) {
        assert_int_equal(rc, SNN_OK);
        m->marked = m->marked || then_delete;
    } else {
        assert_int_equal(rc, SNN_INVALID);
    }
}

static void do_release(struct world *w)
{
    static const enum srv_job_status wanted[] = {SRV_JOB_succeeded, SRV_JOB_failed,
                                                 SRV_JOB_cancelled, SRV_JOB_queued};
    struct model *m = pick(w);
    enum op op = (enum op)(SUCCEED + draw(w, 4));
    bool stale = draw(w, 5) == 0, deleted = false;
    struct srv_job job = {.attempt = m->attempt - stale, .status = wanted[op - SUCCEED]};
    struct snn_error err = {0};
    enum snn_code rc;

    memcpy(job.id, m->id, sizeof job.id);
    rc = srv_store_job_release(w->f->store, &job, &deleted, &err);
    if (m->gone) {
        assert_int_equal(rc, SNN_NOT_FOUND);
    } else if (!stale && follow(w, m, op)) {
        assert_int_equal(rc, SNN_OK);
        m->gone = m->marked && over(m);
        assert_int_equal(deleted, m->gone);
        w->removed_by_release += m->gone;
    } else {
        assert_int_equal(rc, SNN_INVALID);
    }
}

static void do_progress(struct world *w)
{
    struct model *m = pick(w);
    struct srv_job job = {.attempt = m->attempt - (draw(w, 3) == 0)};

    memcpy(job.id, m->id, sizeof job.id);
    assert_int_equal(srv_store_job_progress_post(w->f->store, &job), SNN_OK);
    if (!m->gone && job.attempt == m->attempt && strchr("RAC", m->status))
        m->version++;
}

static void do_delete(struct world *w)
{
    struct model *m = pick(w);
    struct snn_error err = {0};
    enum snn_code rc = srv_store_job_delete(w->f->store, m->id, &err);

    assert_int_equal(rc, m->gone ? SNN_NOT_FOUND : over(m) ? SNN_OK : SNN_INVALID);
    m->gone = m->gone || over(m);
}

static void wish(struct world *w, enum op op)
{
    struct model *m = pick(w);
    struct srv_job job = {0};
    struct snn_error err = {0};
    enum snn_code rc =
        (op == PAUSE ? srv_store_job_pause : srv_store_job_unpause)(w->f->store, m->id, &job, &err);

    if (rc == SNN_OK)
        assert_int_equal(job.version, m->version + (strchr("-.", next_of(m, op)) == NULL));
    srv_job_clear(&job);
    if (m->gone)
        assert_int_equal(rc, SNN_NOT_FOUND);
    else
        assert_int_equal(rc, follow(w, m, op) ? SNN_OK : SNN_INVALID);
}

static void do_pause(struct world *w)
{
    wish(w, PAUSE);
}

static void do_unpause(struct world *w)
{
    wish(w, UNPAUSE);
}

static void do_restart(struct world *w)
{
    struct snn_error err = {0};
    size_t n = 0, expected = 0;
    char boot[16];

    if (draw(w, 3))
        return;
    fixture_reopen(w->f);
    w->boot++;
    snprintf(boot, sizeof boot, "b%d", w->boot);
    assert_ok(srv_store_recover(w->f->store, boot, MAX_CRASHES, &n, &err), err);
    for (size_t i = 0; i < w->n; i++) {
        struct model *m = &w->jobs[i];

        if (!m->gone && strchr("RAC", m->status)) {
            expected++;
            m->crashes++;
            assert_true(follow(w, m, m->crashes >= MAX_CRASHES ? GIVE_UP : RECOVER));
        }
        m->gone = m->gone || (m->marked && over(m));
    }
    assert_int_equal(n, expected);
}

static void check(struct world *w, const struct model *m)
{
    struct srv_job job = {0};
    struct snn_error err = {0};
    struct srv_event *events = NULL;
    size_t n = 0;
    bool more;
    enum snn_code rc = srv_store_job_get(w->f->store, m->id, &job, &err);

    assert_int_equal(rc, m->gone ? SNN_NOT_FOUND : SNN_OK);
    if (m->gone)
        return;
    assert_int_equal(letters[job.status], m->status);
    assert_int_equal(job.attempt, m->attempt);
    assert_int_equal(job.version, m->version);
    assert_int_equal(job.finished_at != 0, over(m));
    srv_job_clear(&job);
    assert_ok(srv_store_event_list(w->f->store, m->id, 0, 1000, &events, &n, &more, &err), err);
    assert_int_equal(n, m->events);
    free(events);
}

/* The walk was long enough: every arrow of the automaton was taken. */
static void check_used(const struct world *w)
{
    for (size_t i = 0; i < sizeof automaton / sizeof *automaton; i++)
        for (int op = CLAIM; op <= UNPAUSE; op++)
            if (strchr("-.", automaton[i].to[op]) == NULL &&
                !w->used[strchr(letters, automaton[i].from) - letters][op])
                fail_msg("operation %d was never tried on %c", op, automaton[i].from);
    assert_true(w->removed_by_release > 10);
}

static void store__random_operations__as_the_automaton_says(void **state)
{
    /* One entry a chance in all. */
    static void (*const ops[])(struct world *) = {
        do_create,   do_create,  do_create,  do_claim,   do_claim,   do_claim,
        do_claim,    do_claim,   do_cancel,  do_cancel,  do_release, do_release,
        do_delete,   do_release, do_release, do_release, do_delete,  do_progress,
        do_progress, do_pause,   do_unpause, do_unpause, do_restart,
    };
    struct world w = {.f = *state, .random = 20240229};

    do_create(&w);
    for (int i = 0; i < STEPS; i++) {
        struct snn_error err = {0};

        ops[draw(&w, sizeof ops / sizeof *ops)](&w);
        assert_ok(srv_store_ping(w.f->store, &err), err); /* what was posted is done */
        for (size_t j = 0; j < w.n; j++)
            if (i % 50 == 0 || draw(&w, JOBS) < 2)
                check(&w, &w.jobs[j]);
    }
    for (size_t j = 0; j < w.n; j++)
        check(&w, &w.jobs[j]);
    check_used(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(store__random_operations__as_the_automaton_says,
                                        fixture_open, fixture_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
