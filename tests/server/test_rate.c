/* SPDX-License-Identifier: MIT */
/* The window over which a rate is taken. */
#include "server/rate.h"

#include "tests/support/test.h"

static void rate__nothing_to_compare__is_not_known(void **state)
{
    struct srv_rate r = {0};

    (void)state;
    assert_near(srv_rate_per_second(&r), -1, 0);
    srv_rate_mark(&r, 1000, 5);
    assert_near(srv_rate_per_second(&r), -1, 0);
    srv_rate_mark(&r, 1000, 9); /* no time has passed */
    assert_near(srv_rate_per_second(&r), -1, 0);
}

static void rate__marks_close_together__counts_the_newest(void **state)
{
    struct srv_rate r = {0};

    (void)state;
    for (int i = 0; i <= 1000; i++)
        srv_rate_mark(&r, i, 2 * i);
    assert_near(srv_rate_per_second(&r), 2000, 1e-9);
}

static void rate__that_changes__follows_within_the_window(void **state)
{
    struct srv_rate r = {0};
    double total = 0;
    int64_t now = 0;

    (void)state;
    for (; now < 60000; now += 100, total += 1)
        srv_rate_mark(&r, now, total);
    assert_near(srv_rate_per_second(&r), 10, 1e-9);
    for (; now < 70000; now += 100, total += 5)
        srv_rate_mark(&r, now, total);
    assert_near(srv_rate_per_second(&r), 50, 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rate__nothing_to_compare__is_not_known),
        cmocka_unit_test(rate__marks_close_together__counts_the_newest),
        cmocka_unit_test(rate__that_changes__follows_within_the_window),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
