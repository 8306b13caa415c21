/* SPDX-License-Identifier: MIT */
/* Distributions: what is none, and what is drawn of those that are. */
#include <math.h>
#include <string.h>

#include "api/distribution.h"
#include "tests/support/test.h"

#define DRAWS 4000

/* The axis of a text; false where it is refused, with the first reason in `why`. */
static bool read_axis(const char *text, struct api_axis *axis, json_t **keep, char why[300])
{
    struct api_errors errors = {0};
    bool ok;

    *keep = json_loads(text, 0, NULL);
    assert_non_null(*keep);
    *axis = (struct api_axis){.pointer = "/training/optimizer/learning_rate"};
    ok = api_distribution_read(axis, "/d", *keep, &errors);
    assert_int_equal(ok, api_errors_count(&errors) == 0);
    if (!ok)
        snprintf(why, 300, "%s",
                 json_string_value(json_object_get(json_array_get(errors.list, 0), "detail")));
    api_errors_clear(&errors);
    return ok;
}

static void read__what_is_none__is_refused_with_the_reason(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"{\"kind\":\"normal\",\"min\":0,\"max\":1}", "want one of: uniform, log_uniform"},
        {"{\"min\":0,\"max\":1}", "kind"},
        {"{\"kind\":\"uniform\",\"min\":0}", "wants min and max alone"},
        {"{\"kind\":\"uniform\",\"min\":2,\"max\":1}", "want min < max"},
        {"{\"kind\":\"log_uniform\",\"min\":0,\"max\":1}", "want min > 0"},
        {"{\"kind\":\"int\",\"min\":1,\"max\":2.5}", "want whole numbers"},
        {"{\"kind\":\"choice\",\"min\":1,\"max\":2}", "wants values alone"},
        {"{\"kind\":\"choice\",\"values\":3}", "want an array"},
        {"{\"kind\":\"uniform\",\"min\":\"a\",\"max\":1}", "want a number"},
        {"{\"kind\":\"uniform\",\"min\":0,\"max\":1,\"mean\":0}", "there is no field \"mean\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct api_axis axis;
        char why[300] = "";
        json_t *keep;

        assert_false(read_axis(rows[i].text, &axis, &keep, why));
        assert_contains(why, rows[i].want);
        json_decref(keep);
    }
}

/* Mean of f over the draws, all of which are within the bounds. */
static double mean_of(const char *text, double (*f)(double))
{
    struct api_axis axis;
    double sum = 0;
    json_t *keep;
    char why[300];

    assert_true(read_axis(text, &axis, &keep, why));
    for (size_t i = 0; i < DRAWS; i++) {
        json_t *v = api_distribution_draw(&axis, 5, i);

        assert_true(json_number_value(v) >= axis.min && json_number_value(v) <= axis.max);
        sum += f(json_number_value(v));
        json_decref(v);
    }
    json_decref(keep);
    return sum / DRAWS;
}

static double same(double v)
{
    return v;
}

/* Six standard errors of a mean of DRAWS uniform ones on [0, 1]: 6 / sqrt(12 * 4000) */
#define SPREAD 0.028

static void draw__many__have_the_mean_of_their_distribution(void **state)
{
    (void)state;
    assert_near(mean_of("{\"kind\":\"uniform\",\"min\":2,\"max\":6}", same), 4, 4 * SPREAD);
    assert_near(mean_of("{\"kind\":\"log_uniform\",\"min\":1e-4,\"max\":1e-1}", log10), -2.5,
                3 * SPREAD);
    assert_near(mean_of("{\"kind\":\"int\",\"min\":-1,\"max\":1}", same), 0, 3 * SPREAD);
}

static void draw__int_and_choice__reach_every_value(void **state)
{
    struct api_axis axis;
    bool seen[3] = {false}, chosen[2] = {false};
    json_t *keep;
    char why[300];

    (void)state;
    assert_true(read_axis("{\"kind\":\"int\",\"min\":0,\"max\":2}", &axis, &keep, why));
    for (size_t i = 0; i < 100; i++) {
        json_t *v = api_distribution_draw(&axis, 0, i);

        assert_true(json_is_integer(v));
        seen[json_integer_value(v)] = true;
        json_decref(v);
    }
    json_decref(keep);
    assert_true(seen[0] && seen[1] && seen[2]);
    assert_true(read_axis("{\"kind\":\"choice\",\"values\":[\"a\",\"b\"]}", &axis, &keep, why));
    for (size_t i = 0; i < 100; i++) {
        json_t *v = api_distribution_draw(&axis, 0, i);

        chosen[json_string_value(v)[0] - 'a'] = true;
        json_decref(v);
    }
    json_decref(keep);
    assert_true(chosen[0] && chosen[1]);
}

static void draw__same_seed__is_the_same_and_another_is_not(void **state)
{
    struct api_axis axis;
    json_t *keep, *a, *b, *c, *d;
    char why[300];

    (void)state;
    assert_true(read_axis("{\"kind\":\"uniform\",\"min\":0,\"max\":1}", &axis, &keep, why));
    a = api_distribution_draw(&axis, 1, 3);
    b = api_distribution_draw(&axis, 1, 3);
    c = api_distribution_draw(&axis, 2, 3);
    axis.pointer = "/neuron/tau";
    d = api_distribution_draw(&axis, 1, 3);
    assert_true(json_equal(a, b));
    assert_false(json_equal(a, c));
    assert_false(json_equal(a, d));
    json_decref(a);
    json_decref(b);
    json_decref(c);
    json_decref(d);
    json_decref(keep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__what_is_none__is_refused_with_the_reason),
        cmocka_unit_test(draw__many__have_the_mean_of_their_distribution),
        cmocka_unit_test(draw__int_and_choice__reach_every_value),
        cmocka_unit_test(draw__same_seed__is_the_same_and_another_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
