/* SPDX-License-Identifier: MIT */
#include "api/plan.h"

#include <string.h>

#include "tests/support/test.h"

static const char *text(json_t *o, const char *product, const char *key)
{
    return json_string_value(json_object_get(json_object_get(o, product), key));
}

static void plan__no_step_yet__is_null(void **state)
{
    json_t *plan = api_plan("");
    (void)state;
    assert_true(json_is_null(plan));
    json_decref(plan);
}

static void plan__lines_of_a_row__say_path_and_why(void **state)
{
    json_t *plan = api_plan("layer1\tonce\t0\t0\tnan\tnan\tnone\t0\t0\tnan\tnan\n"
                            "layer2\tmixed\t8\t6\t0.125\t0.25\tdense\t8\t0\tnan\t0.25\t"
                            "exponentials\t8\t1.5e-06\n"
                            "layer3\tdense\t0\t0\tnan\tnan\tnone\t0\t0\tnan\tnan\n");
    (void)state;
    assert_int_equal(json_array_size(plan), 3);
    json_t *first = json_array_get(plan, 0), *second = json_array_get(plan, 1);
    assert_string_equal(json_string_value(json_object_get(first, "layer")), "layer1");
    assert_string_equal(text(first, "input", "path"), "once");
    assert_string_equal(text(first, "input", "why"), "the input is the same at every step");
    assert_true(json_is_null(json_object_get(json_object_get(first, "input"), "density")));
    assert_true(json_is_null(json_object_get(first, "back")));
    assert_string_equal(text(second, "input", "path"), "mixed");
    assert_string_equal(text(second, "input", "why"),
                        "6 of 8 blocks had at most 25% that is not 0: those, 12.50%");
    assert_near(json_real_value(json_object_get(json_object_get(second, "input"), "crossover")),
                0.25, 0);
    assert_string_equal(text(second, "back", "why"), "every block had more than 25% that is not 0");
    assert_string_equal(text(json_array_get(plan, 2), "input", "why"), "the layer has no lists");
    assert_true(json_is_null(json_object_get(first, "history")));
    assert_string_equal(text(second, "history", "way"), "exponentials");
    json_t *history = json_object_get(second, "history");
    assert_int_equal(json_integer_value(json_object_get(history, "count")), 8);
    assert_near(json_real_value(json_object_get(history, "kernel_error")), 1.5e-6, 0);
    json_decref(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan__no_step_yet__is_null),
        cmocka_unit_test(plan__lines_of_a_row__say_path_and_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
