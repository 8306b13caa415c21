/* SPDX-License-Identifier: MIT */
#include "core/base/param.h"

#include <math.h>
#include <string.h>

#include "tests/support/test.h"

/* Rows longer than a struct snn_kind, as those of the real tables are. */
struct fruit {
    struct snn_kind kind;
    int seeds;
};

static const struct snn_param apple_params[] = {
    {.name = "size", .type = SNN_REAL, .value = 2.5, .min = 0, .min_open = true, .max = HUGE_VAL},
    {.name = "pips", .type = SNN_INTEGER, .value = 5, .min = 1, .max = 16777217},
};
static const struct fruit fruits[] = {
    {.kind = {.name = "apple", SNN_PARAMS(apple_params)}, .seeds = 5},
    {.kind = {.name = "banana"}, .seeds = 0},
    {.kind = {.name = "cherry"}, .seeds = 1},
};
static const struct snn_registry registry = SNN_REGISTRY(fruits, "fruits", "fruit");

static void registry_at__each_index__is_that_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < SNN_COUNT(fruits); i++)
        assert_ptr_equal(snn_registry_at(&registry, i), &fruits[i].kind);
    assert_null(snn_registry_at(&registry, SNN_COUNT(fruits)));
}

static void registry_find__exact_name_only__is_found(void **state)
{
    (void)state;
    assert_ptr_equal(snn_registry_find(&registry, "cherry"), &fruits[2].kind);
    assert_null(snn_registry_find(&registry, "cherr"));
    assert_null(snn_registry_find(&registry, "Cherry"));
    assert_null(snn_registry_find(&registry, ""));
}

static void registry_get__unknown_name__lists_every_valid_one(void **state)
{
    struct snn_error err = {0};
    const struct snn_kind *kind = &fruits[1].kind;

    (void)state;
    assert_int_equal(snn_registry_get(&kind, &registry, "durian", &err), SNN_NOT_FOUND);
    assert_string_equal(err.message, "fruit is \"durian\", want one of: apple, banana, cherry");
    assert_ptr_equal(kind, &fruits[1].kind); /* untouched */
    assert_int_equal(snn_registry_get(&kind, &registry, "apple", &err), SNN_OK);
    assert_ptr_equal(kind, &fruits[0].kind);
}

static void registry_get__very_long_name__does_not_push_out_the_list(void **state)
{
    struct snn_error err = {0};
    const struct snn_kind *kind = NULL;
    char name[5000];

    (void)state;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    snn_registry_get(&kind, &registry, name, &err);
    assert_contains(err.message, "apple, banana, cherry");
}

static void choice_of__kind__has_its_defaults_by_name(void **state)
{
    struct snn_choice c = snn_choice_of(&fruits[0].kind);

    (void)state;
    assert_ptr_equal(c.kind, &fruits[0].kind);
    assert_near(snn_choice_value(&c, "size", -1), 2.5, 0);
    assert_near(snn_choice_value(&c, "pips", -1), 5, 0);
    assert_near(snn_choice_value(&c, "peel", -1), -1, 0);
    c.value[1] = 7;
    assert_near(snn_choice_value(&c, "pips", -1), 7, 0);
}

static const struct snn_param params[] = {
    {.name = "tau", .type = SNN_REAL, .min = 0, .min_open = true, .max = HUGE_VAL},
    {.name = "share", .type = SNN_REAL, .min = 0, .max = 1, .max_open = true},
    {.name = "steps", .type = SNN_INTEGER, .min = 1, .max = 16777217},
    {.name = "flag", .type = SNN_BOOLEAN, .min = 0, .max = 1},
    {.name = "any", .type = SNN_REAL, .min = -HUGE_VAL, .max = HUGE_VAL},
    {.name = "low", .type = SNN_REAL, .min = -HUGE_VAL, .max = 0.1},
};
enum { TAU, SHARE, STEPS, FLAG, ANY, LOW };

static void param_check__inside_the_range__is_accepted(void **state)
{
    const struct {
        int param;
        double v;
    } rows[] = {
        {TAU, 1e-300}, {TAU, 1e300},      {SHARE, 0}, {SHARE, -0.0}, {SHARE, nextafter(1, 0)},
        {STEPS, 1},    {STEPS, 16777217}, {FLAG, 0},  {FLAG, 1},     {ANY, -1e300},
        {LOW, 0.1},
    };

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        struct snn_error err = {0};
        assert_int_equal(snn_param_check(&params[rows[i].param], rows[i].v, &err), SNN_OK);
        assert_int_equal(err.code, SNN_OK);
    }
}

static void param_check__outside_the_range__says_what_is_wanted(void **state)
{
    const struct {
        int param;
        double v;
        const char *message;
    } rows[] = {
        {TAU, -1, "tau is -1, want a number > 0"},
        {TAU, 0, "tau is 0, want a number > 0"},
        {TAU, NAN, "tau is nan, want a number > 0"},
        {TAU, -NAN, "tau is nan, want a number > 0"},
        {TAU, HUGE_VAL, "tau is inf, want a number > 0"},
        {SHARE, 1, "share is 1, want a number >= 0 and < 1"},
        {SHARE, -0.1, "share is -0.1, want a number >= 0 and < 1"},
        {STEPS, 0, "steps is 0, want an integer >= 1 and <= 16777217"},
        {STEPS, 1.5, "steps is 1.5, want an integer >= 1 and <= 16777217"},
        {STEPS, 16777218, "steps is 16777218, want an integer >= 1 and <= 16777217"},
        {STEPS, NAN, "steps is nan, want an integer >= 1 and <= 16777217"},
        {FLAG, 2, "flag is 2, want true or false"},
        {FLAG, 0.5, "flag is 0.5, want true or false"},
        {FLAG, NAN, "flag is nan, want true or false"},
        {ANY, NAN, "any is nan, want a number"},
        {ANY, -HUGE_VAL, "any is -inf, want a number"},
        {LOW, 0.2, "low is 0.2, want a number <= 0.1"},
    };

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        struct snn_error err = {0};
        assert_int_equal(snn_param_check(&params[rows[i].param], rows[i].v, &err), SNN_INVALID);
        assert_string_equal(err.message, rows[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registry_at__each_index__is_that_row),
        cmocka_unit_test(registry_find__exact_name_only__is_found),
        cmocka_unit_test(registry_get__unknown_name__lists_every_valid_one),
        cmocka_unit_test(registry_get__very_long_name__does_not_push_out_the_list),
        cmocka_unit_test(choice_of__kind__has_its_defaults_by_name),
        cmocka_unit_test(param_check__inside_the_range__is_accepted),
        cmocka_unit_test(param_check__outside_the_range__says_what_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
