/* SPDX-License-Identifier: MIT */
#include "server/clock.h"
#include "tests/support/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PER_THREAD 2000
#define THREADS 4

static void id_make__prefix__then_26_digits_of_crockford(void **state)
{
    char id[SRV_ID_SIZE];

    (void)state;
    srv_id_make(id, "job_");
    assert_int_equal(strlen(id), 4 + 26);
    assert_memory_equal(id, "job_", 4);
    assert_int_equal(strspn(id + 4, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), 26);
}

static void id_make__first_digits__are_the_time(void **state)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    int64_t before = (int64_t)time(NULL), ms = 0;
    char id[SRV_ID_SIZE];

    (void)state;
    srv_id_make(id, "");
    for (size_t i = 0; i < 10; i++)
        ms = ms * 32 + (strchr(digits, id[i]) - digits);
    assert_in_range(ms / 1000, before, time(NULL));
}

static void id_make__many__ascend(void **state)
{
    char last[SRV_ID_SIZE] = "", id[SRV_ID_SIZE];

    (void)state;
    for (size_t i = 0; i < 20000; i++) {
        srv_id_make(id, "x_");
        assert_true(strcmp(id, last) > 0);
        memcpy(last, id, sizeof last);
    }
}

static void *make_ids(void *to)
{
    char(*ids)[SRV_ID_SIZE] = to;

    for (size_t i = 0; i < PER_THREAD; i++)
        srv_id_make(ids[i], "job_");
    return NULL;
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void id_make__several_threads__all_differ(void **state)
{
    char(*ids)[SRV_ID_SIZE] = calloc(THREADS * PER_THREAD, sizeof *ids);
    pthread_t threads[THREADS];

    (void)state;
    assert_non_null(ids);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_ids, ids + i * PER_THREAD), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    qsort(ids, THREADS * PER_THREAD, sizeof *ids, compare);
    for (size_t i = 1; i < THREADS * PER_THREAD; i++)
        assert_string_not_equal(ids[i - 1], ids[i]);
    free(ids);
}

static void system_clock__wall_seconds__is_the_systems(void **state)
{
    int64_t before = (int64_t)time(NULL);

    (void)state;
    assert_in_range(srv_system_clock.wall_seconds(), before - 1, before + 60);
    assert_true(srv_system_clock.monotonic_ms() <= srv_system_clock.monotonic_ms());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(id_make__prefix__then_26_digits_of_crockford),
        cmocka_unit_test(id_make__first_digits__are_the_time),
        cmocka_unit_test(id_make__many__ascend),
        cmocka_unit_test(id_make__several_threads__all_differ),
        cmocka_unit_test(system_clock__wall_seconds__is_the_systems),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
