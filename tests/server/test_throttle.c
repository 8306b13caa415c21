/* SPDX-License-Identifier: MIT */
#include "server/throttle.h"

#include "tests/support/test.h"

#include <stdio.h>

static int64_t now_ms;

static int64_t tell_ms(void)
{
    return now_ms;
}

static const struct srv_clock hand_clock = {tell_ms, tell_ms};

static struct srv_throttle *make(double per_second, double burst)
{
    struct srv_throttle *t = NULL;

    assert_int_equal(srv_throttle_new(&t, per_second, burst, &hand_clock, NULL), SNN_OK);
    return t;
}

static void take__more_than_the_burst__waits_for_the_rate(void **state)
{
    struct srv_throttle *t = make(0.5, 3);
    unsigned wait;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true(srv_throttle_take(t, "10.0.0.1", &wait));
    assert_false(srv_throttle_take(t, "10.0.0.1", &wait));
    assert_int_equal(wait, 2);
    now_ms += 1000;
    assert_false(srv_throttle_take(t, "10.0.0.1", &wait));
    assert_int_equal(wait, 1);
    now_ms += 1000;
    assert_true(srv_throttle_take(t, "10.0.0.1", &wait));
    assert_false(srv_throttle_take(t, "10.0.0.1", &wait));
    now_ms += 1000000; /* no more than the burst is saved up */
    for (int i = 0; i < 3; i++)
        assert_true(srv_throttle_take(t, "10.0.0.1", &wait));
    assert_false(srv_throttle_take(t, "10.0.0.1", &wait));
    srv_throttle_free(t);
}

static void take__addresses__count_each_for_itself(void **state)
{
    static const struct {
        const char *first, *second;
        bool same;
    } rows[] = {
        {"10.0.0.1", "10.0.0.2", false},
        {"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true}, /* one customer's */
        {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
        {"::ffff:10.0.0.1", "10.0.0.1", true},
    };
    unsigned wait;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct srv_throttle *t = make(1, 1);

        assert_true(srv_throttle_take(t, rows[i].first, &wait));
        assert_int_equal(srv_throttle_take(t, rows[i].second, &wait), !rows[i].same);
        srv_throttle_free(t);
    }
}

static void take__more_clients_than_room__all_are_served(void **state)
{
    struct srv_throttle *t = make(1, 1);
    unsigned wait;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        char peer[32];

        snprintf(peer, sizeof peer, "10.%u.%u.1", i / 250, i % 250);
        now_ms++;
        assert_true(srv_throttle_take(t, peer, &wait));
    }
    assert_false(srv_throttle_take(t, "10.79.249.1", &wait));
    srv_throttle_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(take__more_than_the_burst__waits_for_the_rate),
        cmocka_unit_test(take__addresses__count_each_for_itself),
        cmocka_unit_test(take__more_clients_than_room__all_are_served),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
