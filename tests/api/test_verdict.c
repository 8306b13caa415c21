/* SPDX-License-Identifier: MIT */
#include "api/verdict.h"

#include <string.h>

#include "tests/support/test.h"

#define CHANGE(pointer) pointer "\tnumber\t0.5\t2\t\t\tbecause\t\n"
#define DEAD(layer, pointer)                                                                       \
    "7\ndead_layer\tcritical\t" layer "\t\tnone fires\t1\tsilent_share\t0.75\t" CHANGE(pointer)

static const char *text(const json_t *verdict, const char *key)
{
    const json_t *first = json_array_get(json_object_get(verdict, "findings"), 0);
    const json_t *suggestion = json_object_get(first, "suggestion");
    const json_t *value = json_object_get(suggestion, key);

    return json_string_value(value ? value : json_object_get(first, key));
}

static json_t *parse(const char *config)
{
    json_t *value = json_loads(config, 0, NULL);

    assert_non_null(value);
    return value;
}

static void verdict__no_record_yet__is_null(void **state)
{
    json_t *verdict = api_verdict("", NULL);

    (void)state;
    assert_true(json_is_null(verdict));
    json_decref(verdict);
}

static void verdict__without_findings__is_healthy_and_says_so(void **state)
{
    json_t *verdict = api_verdict("120\n", NULL);

    (void)state;
    assert_true(json_is_true(json_object_get(verdict, "healthy")));
    assert_int_equal(json_integer_value(json_object_get(verdict, "step")), 120);
    assert_string_equal(json_string_value(json_object_get(verdict, "summary")),
                        "healthy: none of the 12 rules found anything");
    assert_int_equal(json_array_size(json_object_get(verdict, "findings")), 0);
    json_decref(verdict);
}

static void verdict__a_finding__has_numbers_and_a_knob(void **state)
{
    json_t *verdict = api_verdict(DEAD("layer1", "/neuron/tau"), NULL);
    const json_t *first = json_array_get(json_object_get(verdict, "findings"), 0);

    (void)state;
    assert_true(json_is_false(json_object_get(verdict, "healthy")));
    assert_string_equal(json_string_value(json_object_get(verdict, "summary")), "none fires");
    assert_string_equal(text(verdict, "rule"), "dead_layer");
    assert_string_equal(text(verdict, "severity"), "critical");
    assert_true(json_is_null(json_object_get(first, "because")));
    assert_near(
        json_real_value(json_object_get(json_object_get(first, "evidence"), "silent_share")), 0.75,
        0);
    assert_string_equal(text(verdict, "pointer"), "/neuron/tau");
    assert_near(json_real_value(json_object_get(json_object_get(first, "suggestion"), "from")), 0.5,
                0);
    /* A field of whole numbers would refuse 2.0. */
    assert_true(json_is_integer(json_object_get(json_object_get(first, "suggestion"), "to")));
    json_decref(verdict);
}

static void verdict__without_a_pointer__suggests_nothing(void **state)
{
    json_t *verdict = api_verdict(DEAD("", ""), NULL);
    const json_t *first = json_array_get(json_object_get(verdict, "findings"), 0);

    (void)state;
    assert_true(json_is_null(json_object_get(first, "suggestion")));
    assert_true(json_is_null(json_object_get(first, "layer")));
    json_decref(verdict);
}

/* What is suggested for the job's neuron goes to the layer's own where that overrides it. */
static void verdict__a_setting_that_the_layer_overrides__is_the_layers(void **state)
{
    json_t *config = parse("{\"neuron\":{\"tau\":3},\"layers\":[{\"neuron\":{\"threshold\":1}},"
                           "{\"name\":\"mine\",\"neuron\":{\"tau\":3}}]}");
    json_t *first = api_verdict(DEAD("layer1", "/neuron/tau"), config);
    json_t *second = api_verdict(DEAD("mine", "/neuron/tau"), config);

    (void)state;
    assert_string_equal(text(first, "pointer"), "/neuron/tau");
    assert_string_equal(text(second, "pointer"), "/layers/1/neuron/tau");
    json_decref(first);
    json_decref(second);
    json_decref(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdict__no_record_yet__is_null),
        cmocka_unit_test(verdict__without_findings__is_healthy_and_says_so),
        cmocka_unit_test(verdict__a_finding__has_numbers_and_a_knob),
        cmocka_unit_test(verdict__without_a_pointer__suggests_nothing),
        cmocka_unit_test(verdict__a_setting_that_the_layer_overrides__is_the_layers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
