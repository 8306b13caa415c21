/* SPDX-License-Identifier: MIT */
/*
 * The power fails at every sync that a store's life has, and takes with it what was not synced:
 * what was acknowledged is there, of the rest each step is there whole or not at all, and the
 * database holds together. POWER_SEEDS says how many different tearings of each are tried (1).
 */
#include <stdlib.h>
#include <string.h>

#include "server/log.h"
#include "tests/server/script.h"
#include "tests/support/disk.h"
#include "tests/support/iofail.h"

#define MAX_STATES 128
/* How a recovery's own crash is met: at every n-th crash of the life. */
#define NESTED_EVERY 16

/* What a store held after each step, and when that was promised. */
struct life {
    struct disk_record *record;
    size_t n;
    struct {
        size_t promised; /* event */
        uint64_t digest;
        const char *step;
    } states[MAX_STATES];
};

static size_t replayed;

static void remember(struct life *life, struct srv_store *store, const char *step)
{
    struct snn_error err = {0};
    size_t at = disk_record_now(life->record);

    assert_true(life->n < MAX_STATES);
    life->states[life->n].promised = at;
    life->states[life->n].step = step;
    life->states[life->n].digest = script_digest(store, &err);
    if (!life->states[life->n++].digest)
        fail_msg("%s: %s", step, err.message);
}

static struct srv_store *open_in(const char *dir)
{
    struct srv_store *store = NULL;
    struct snn_error err = {0};

    assert_ok(srv_store_open(&store, dir, &fixture_clock, &err), err);
    return store;
}

static void remember_between(struct script *s)
{
    remember(s->user, s->store, "part of a step");
}

/* All steps on a new folder, closed and opened again between any two of them where asked to. */
static void live(struct life *life, const char *dir, size_t reopen_every)
{
    struct script s = {.between = remember_between, .user = life};

    life->n = 0;
    life->record = disk_record_start(dir);
    s.store = open_in(dir);
    remember(life, s.store, "open");
    for (size_t i = 0; script_steps[i].name; i++) {
        struct snn_error err = {0};

        if (script_steps[i].run(&s, &err) != SNN_OK)
            fail_msg("%s: %s", script_steps[i].name, err.message);
        remember(life, s.store, script_steps[i].name);
        if (i % reopen_every == reopen_every - 1) {
            srv_store_close(s.store);
            s.store = open_in(dir);
        }
    }
    srv_store_close(s.store);
    disk_record_stop(life->record);
}

/* The store is as it was after one of the steps, the last that was promised or a later one. */
static void check_state(const struct life *life, size_t event, struct srv_store *store,
                        const char *how)
{
    struct snn_error err = {0};
    uint64_t digest = script_digest(store, &err);
    size_t last = 0;

    if (!digest)
        fail_msg("after a crash at event %zu (%s): %s", event, how, err.message);
    while (last + 1 < life->n && life->states[last + 1].promised <= event)
        last++;
    for (size_t i = last; i < life->n && i <= last + 1; i++)
        if (life->states[i].digest == digest)
            return;
    fail_msg("a crash at event %zu (%s) leaves neither what \"%s\" did, which was promised, nor "
             "what the step after it did",
             event, how, life->states[last].step);
}

static const char *const how[DISK_LOSSES] = {"all lost",     "all kept",      "later half lost",
                                             "sectors torn", "big ones torn", "sectors spoilt"};

/* Opens what the crash left and looks at it. With `nested` that recovery is crashed at each of its
 * own syncs too. */
static void crash(const struct life *life, const struct disk_record *record, size_t at,
                  size_t promised, enum disk_loss loss, uint64_t seed, bool nested)
{
    char *dir = tmpdir_create();
    struct disk_record *inner = NULL;
    struct srv_store *store;

    disk_crash(record, at, loss, seed, dir);
    if (nested)
        inner = disk_record_start(dir);
    store = open_in(dir);
    check_state(life, promised, store, how[loss]);
    if (nested) { /* which ends with the log moved into the database */
        srv_store_close(store);
        disk_record_stop(inner);
        for (size_t i = 0; i < disk_record_now(inner); i++)
            for (int l = 0; disk_record_settles(inner, i) && l < DISK_LOSSES; l++)
                crash(life, inner, i, promised, (enum disk_loss)l, seed + i, false);
        disk_record_free(inner);
        store = open_in(dir);
    }
    script_check(store);
    srv_store_close(store);
    tmpdir_remove(dir);
    replayed++;
}

static uint64_t seeds(void)
{
    const char *wanted = getenv("POWER_SEEDS");

    return wanted ? strtoul(wanted, NULL, 10) : 1;
}

static void replay(size_t reopen_every)
{
    static struct life life;
    char *dir = tmpdir_create();
    size_t points = 0;

    live(&life, dir, reopen_every);
    replayed = 0;
    for (size_t at = 0; at <= disk_record_now(life.record); at++) {
        bool end = at == disk_record_now(life.record);

        if (!end && !disk_record_settles(life.record, at))
            continue;
        points++;
        for (int loss = 0; loss < DISK_LOSSES; loss++)
            for (uint64_t seed = 0; seed < (loss < DISK_TEARS_512 ? 1 : seeds()); seed++)
                crash(&life, life.record, at, at, (enum disk_loss)loss, at * 1000 + seed,
                      points % NESTED_EVERY == 0);
    }
    print_message("%zu steps, %zu crash points, %zu crashes replayed\n", life.n - 1, points,
                  replayed);
    assert_true(points > life.n); /* a sync for each step at least: none was missed */
    disk_record_free(life.record);
    tmpdir_remove(dir);
}

static void power__fails_at_every_sync__nothing_promised_is_lost(void **state)
{
    (void)state;
    replay(1000);
}

/* Each time the log is moved into the database and begun anew. */
static void power__fails_at_every_sync_between_restarts__nothing_promised_is_lost(void **state)
{
    (void)state;
    replay(7);
}

static int set_up(void **state)
{
    (void)state;
    disk_install();
    io_skip_sync();
    srv_log_start(SRV_LOG_error, fopen("/dev/null", "w"));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power__fails_at_every_sync__nothing_promised_is_lost),
        cmocka_unit_test(power__fails_at_every_sync_between_restarts__nothing_promised_is_lost),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
