/* SPDX-License-Identifier: MIT */
#include "core/base/arena.h"

#include <stdint.h>
#include <string.h>

#include "tests/support/oom.h"
#include "tests/support/test.h"

struct layout {
    float *a;
    char *b;
    double *c;
};

static struct layout lay_out(struct snn_arena *arena)
{
    struct layout l;

    l.a = snn_arena_take(arena, 1000, sizeof *l.a);
    l.b = snn_arena_take(arena, 3, 1);
    l.c = snn_arena_take(arena, 17, sizeof *l.c);
    return l;
}

static void take__measured_then_built__places_exactly_what_was_measured(void **state)
{
    struct snn_arena arena = {0};
    struct layout l = lay_out(&arena);
    size_t measured = arena.used;

    (void)state;
    assert_null(l.a);
    assert_null(l.c);
    assert_false(arena.failed);
    assert_true(snn_arena_build(&arena));
    assert_int_equal(arena.capacity, measured);
    assert_int_equal(arena.used, 0);

    l = lay_out(&arena);
    assert_false(arena.failed);
    assert_int_equal(arena.used, measured);
    snn_arena_free(&arena);
    assert_null(arena.base);
}

static void take__placed__is_zeroed_aligned_and_disjoint(void **state)
{
    struct snn_arena arena = {0};

    (void)state;
    lay_out(&arena);
    assert_true(snn_arena_build(&arena));
    struct layout l = lay_out(&arena);
    assert_int_equal((uintptr_t)l.a % 64, 0);
    assert_int_equal((uintptr_t)l.b % 64, 0);
    assert_int_equal((uintptr_t)l.c % 64, 0);
    for (size_t i = 0; i < arena.used; i++)
        assert_int_equal(arena.base[i], 0);
    assert_true((char *)(l.a + 1000) <= l.b);
    assert_true(l.b + 3 <= (char *)l.c);
    assert_true((unsigned char *)(l.c + 17) <= arena.base + arena.capacity);
    memset(l.a, 1, 1000 * sizeof *l.a); /* under a sanitizer: the room is really there */
    memset(l.c, 1, 17 * sizeof *l.c);
    snn_arena_free(&arena);
}

static void take__more_than_was_measured__fails_for_good(void **state)
{
    struct snn_arena arena = {0};

    (void)state;
    snn_arena_take(&arena, 64, 1);
    assert_true(snn_arena_build(&arena));
    assert_non_null(snn_arena_take(&arena, 64, 1));
    assert_null(snn_arena_take(&arena, 1, 1));
    assert_true(arena.failed);
    assert_null(snn_arena_take(&arena, 0, 1));
    snn_arena_free(&arena);
}

static void take__product_or_sum_overflows__fails(void **state)
{
    (void)state;
    struct snn_arena product = {0};
    assert_null(snn_arena_take(&product, SIZE_MAX / 4, 8));
    assert_true(product.failed);
    assert_false(snn_arena_build(&product));

    struct snn_arena rounding = {0};
    assert_null(snn_arena_take(&rounding, SIZE_MAX, 1));
    assert_true(rounding.failed);

    struct snn_arena sum = {0};
    snn_arena_take(&sum, SIZE_MAX / 2, 1);
    assert_false(sum.failed);
    snn_arena_take(&sum, SIZE_MAX / 2, 1);
    snn_arena_take(&sum, SIZE_MAX / 2, 1);
    assert_true(sum.failed);
}

static void build__no_memory__is_false_and_leaks_nothing(void **state)
{
    struct snn_arena arena = {0};

    (void)state;
    snn_arena_take(&arena, 100, 8);
    oom_fail_at(0);
    assert_false(snn_arena_build(&arena));
    assert_true(oom_off());
    assert_null(arena.base);
    snn_arena_free(&arena);
}

static void build__nothing_measured__is_an_empty_block(void **state)
{
    struct snn_arena arena = {0};

    (void)state;
    assert_true(snn_arena_build(&arena));
    assert_non_null(snn_arena_take(&arena, 0, 8));
    assert_false(arena.failed);
    snn_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(take__measured_then_built__places_exactly_what_was_measured),
        cmocka_unit_test(take__placed__is_zeroed_aligned_and_disjoint),
        cmocka_unit_test(take__more_than_was_measured__fails_for_good),
        cmocka_unit_test(take__product_or_sum_overflows__fails),
        cmocka_unit_test(build__no_memory__is_false_and_leaks_nothing),
        cmocka_unit_test(build__nothing_measured__is_an_empty_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
