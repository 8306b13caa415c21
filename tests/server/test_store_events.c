/* SPDX-License-Identifier: MIT */
#include "tests/server/store_fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void event__added__gets_the_next_number(void **state)
{
    struct fixture *f = *state;
    struct srv_event e = {.type = "epoch", .message = "one", .step = 12, .epoch = 1},
                     *events = NULL;
    struct snn_error err = {0};
    char id[SRV_ID_SIZE];
    size_t n = 0;
    bool more = true;

    fixture_create(f, 0, 1, id);
    fixture_now += 3;
    assert_ok(srv_store_event_add(f->store, id, &e, &err), err);
    e = (struct srv_event){.type = "warning", .at = 42, .step = -1, .epoch = -1};
    assert_int_equal(srv_store_event_post(f->store, id, &e), SNN_OK);
    fixture_reopen(f);
    assert_ok(srv_store_event_list(f->store, id, 1, 10, &events, &n, &more, &err), err);
    assert_int_equal(n, 2);
    assert_false(more);
    assert_int_equal(events[0].seq, 2);
    assert_string_equal(events[0].type, "epoch");
    assert_string_equal(events[0].message, "one");
    assert_int_equal(events[0].at, fixture_now);
    assert_int_equal(events[0].step, 12);
    assert_int_equal(events[0].epoch, 1);
    assert_int_equal(events[1].seq, 3);
    assert_int_equal(events[1].at, 42);
    assert_int_equal(events[1].step, -1);
    free(events);
}

static void event_list__pages__cover_all(void **state)
{
    struct fixture *f = *state;
    struct srv_event e = {.type = "epoch"};
    struct snn_error err = {0};
    char id[SRV_ID_SIZE];
    int64_t after = 0;
    bool more = true;

    fixture_create(f, 0, 1, id);
    for (int i = 0; i < 99; i++)
        assert_int_equal(srv_store_event_post(f->store, id, &e), SNN_OK);
    assert_ok(srv_store_ping(f->store, &err), err);
    while (more) {
        struct srv_event *events = NULL;
        size_t n = 0;

        assert_ok(srv_store_event_list(f->store, id, after, 40, &events, &n, &more, &err), err);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(events[i].seq, after + 1 + (int64_t)i);
        after += (int64_t)n;
        assert_int_equal(more, after < 100);
        free(events);
    }
    assert_int_equal(after, 100);
}

static void event__unknown_job__is_not_found(void **state)
{
    struct fixture *f = *state;
    struct srv_event e = {.type = "epoch"}, *events = NULL;
    struct snn_error err = {0};
    size_t n;
    bool more;

    assert_int_equal(srv_store_event_add(f->store, "job_X", &e, &err), SNN_NOT_FOUND);
    err = (struct snn_error){0};
    assert_int_equal(srv_store_event_list(f->store, "job_X", 0, 5, &events, &n, &more, &err),
                     SNN_NOT_FOUND);
    assert_contains(err.message, "job_X");
}

static void event_last__events_there__is_the_highest_number(void **state)
{
    struct fixture *f = *state;
    struct srv_event e = {.type = "epoch"};
    struct snn_error err = {0};
    char id[SRV_ID_SIZE];
    int64_t last = -1;

    assert_ok(srv_store_event_last(f->store, &last, &err), err);
    assert_int_equal(last, 0);
    fixture_create(f, 0, 1, id);
    assert_ok(srv_store_event_add(f->store, id, &e, &err), err);
    fixture_create(f, 0, 1, id);
    assert_ok(srv_store_event_last(f->store, &last, &err), err);
    assert_int_equal(last, 3);
}

struct adder {
    struct srv_store *store;
    const char *job;
    pthread_t thread;
    int failed;
};

static void *add_many(void *user)
{
    struct adder *a = user;
    struct srv_event e = {.type = "epoch"};

    for (int i = 0; i < 50; i++)
        a->failed += (i % 2 ? srv_store_event_add(a->store, a->job, &e, NULL)
                            : srv_store_event_post(a->store, a->job, &e)) != SNN_OK;
    return NULL;
}

static void event__several_threads__numbers_have_no_gap(void **state)
{
    struct fixture *f = *state;
    struct adder adders[4];
    struct snn_error err = {0};
    char id[SRV_ID_SIZE], types[2048];

    fixture_create(f, 0, 1, id);
    for (size_t i = 0; i < 4; i++) {
        adders[i] = (struct adder){.store = f->store, .job = id};
        assert_int_equal(pthread_create(&adders[i].thread, NULL, add_many, &adders[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(adders[i].thread, NULL);
        assert_int_equal(adders[i].failed, 0);
    }
    assert_ok(srv_store_ping(f->store, &err), err);
    fixture_events(f, id, types, sizeof types); /* checks the numbers */
    assert_int_equal(fixture_number(f, "SELECT MAX(seq) FROM events"), 201);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
    const struct CMUnitTest tests[] = {
        TEST(event__added__gets_the_next_number),
        TEST(event_list__pages__cover_all),
        TEST(event__unknown_job__is_not_found),
        TEST(event_last__events_there__is_the_highest_number),
        TEST(event__several_threads__numbers_have_no_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
