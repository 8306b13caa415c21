/* SPDX-License-Identifier: MIT */
/* The reader of objects, over tables of the test's own. */
#include "api/schema.h"

#include <math.h>
#include <string.h>

#include "tests/support/test.h"

static const struct snn_param round_params[] = {
    {"radius", "its size", SNN_REAL, 1.5, 0, 10, true, false, false},
    {"count", "how many", SNN_INTEGER, 3, 1, 9, false, false, false},
};
static const struct snn_param flat_params[] = {
    {"radius", "its size", SNN_REAL, 2.5, 0, 10, true, false, false},
    {"open", "whether it is", SNN_BOOLEAN, 1, 0, 1, false, false, false},
    {"edge", "must be given", SNN_REAL, 0, -1, 1, false, false, true},
};
static const struct snn_kind kinds[] = {
    {"round", "r", round_params, 2}, {"flat", "f", flat_params, 3}, {"bare", "b", NULL, 0}};
static const struct snn_registry registry = {"things", "thing", kinds, 3, sizeof kinds[0]};

struct target {
    char text[4];
    int64_t number;
    struct snn_choice kept, fresh;
    struct snn_spec spec;
};

static const struct api_field inner_fields[] = {
    {.name = "time_steps", .read = api_read_limit, .offset = offsetof(struct snn_spec, time_steps)},
    {.name = "validation_fraction",
     .read = api_read_limit,
     .offset = offsetof(struct snn_spec, validation_fraction)},
};
static const struct api_shape inner = {.noun = "an inner", .fields = inner_fields, .n_fields = 2};
static const struct api_field fields[] = {
    {.name = "text",
     .read = api_read_text,
     .offset = offsetof(struct target, text),
     .size = sizeof((struct target *)0)->text},
    {.name = "number",
     .read = api_read_integer,
     .offset = offsetof(struct target, number),
     .min = -5,
     .max = 5,
     .required = true},
    {.name = "inner",
     .read = api_read_shape,
     .offset = offsetof(struct target, spec),
     .shape = &inner},
};
static const struct api_slot slots[] = {
    {.key = "kind",
     .prefix = "",
     .registry = &registry,
     .offset = offsetof(struct target, kept),
     .carry = true},
    {.key = "other",
     .prefix = "other_",
     .registry = &registry,
     .offset = offsetof(struct target, fresh)},
};
static const struct api_shape shape = {"a target", fields, 3, slots, 2};

struct reading {
    struct target target;
    struct api_errors errors;
};

static struct reading read_text(const char *text)
{
    struct reading r;
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

    assert_non_null(value);
    memset(&r, 0, sizeof r);
    r.target.kept = r.target.fresh = snn_choice_of(&kinds[0]);
    r.target.number = 77;
    api_read(&r.errors, &shape, "/top", value, &r.target);
    json_decref(value);
    return r;
}

static const char *first(const struct reading *r, const char *key)
{
    const char *text = json_string_value(json_object_get(json_array_get(r->errors.list, 0), key));

    return text ? text : "none";
}

/* The one error that the text has. */
static void assert_error(const char *text, const char *pointer, const char *code,
                         const char *detail)
{
    struct reading r = read_text(text);

    assert_int_equal(api_errors_count(&r.errors), 1);
    assert_string_equal(first(&r, "pointer"), pointer);
    assert_string_equal(first(&r, "code"), code);
    assert_contains(first(&r, "detail"), detail);
    api_errors_clear(&r.errors);
}

static void assert_clean(struct reading *r)
{
    if (api_errors_count(&r->errors))
        fail_msg("%s: %s", first(r, "pointer"), first(r, "detail"));
}

static void read__nothing_but_the_required__leaves_the_rest(void **state)
{
    struct reading r = read_text("{\"number\":-5}");

    (void)state;
    assert_clean(&r);
    assert_int_equal(r.target.number, -5);
    assert_string_equal(r.target.text, "");
    assert_near(r.target.kept.value[0], 1.5, 0);
}

static void read__values__go_where_the_table_says(void **state)
{
    struct reading r = read_text(
        "{\"number\":5,\"text\":\"abc\",\"inner\":{\"time_steps\":7,\"validation_fraction\":0.5},"
        "\"radius\":2,\"count\":4.0,\"other\":\"flat\",\"other_open\":false,\"other_edge\":-0.5}");

    (void)state;
    assert_clean(&r);
    assert_string_equal(r.target.text, "abc");
    assert_int_equal(r.target.number, 5);
    assert_int_equal(r.target.spec.time_steps, 7);
    assert_near(r.target.spec.validation_fraction, 0.5, 0);
    assert_near(r.target.kept.value[0], 2, 0);
    assert_near(r.target.kept.value[1], 4, 0);
    assert_string_equal(r.target.fresh.kind->name, "flat");
    assert_near(r.target.fresh.value[0], 2.5, 0);
    assert_near(r.target.fresh.value[1], 0, 0);
    assert_near(r.target.fresh.value[2], -0.5, 0);
}

static void read__wrong_values__are_named_with_what_was_wanted(void **state)
{
    (void)state;
    assert_error("[]", "/top", "wrong_type", "top is an array, want an object");
    assert_error("{}", "/top/number", "missing_field", "number is missing from a target");
    assert_error("{\"number\":6}", "/top/number", "out_of_range",
                 "number is 6, want an integer >= -5 and <= 5");
    assert_error("{\"number\":2.0}", "/top/number", "wrong_type", "number is 2, want an integer");
    assert_error("{\"number\":1,\"text\":\"abcd\"}", "/top/text", "out_of_range",
                 "text has 4 bytes, want at most 3");
    assert_error("{\"number\":1,\"text\":null}", "/top/text", "wrong_type",
                 "text is null, want a string");
    assert_error("{\"number\":1,\"count\":2.5}", "/top/count", "wrong_type",
                 "count is 2.5, want an integer");
    assert_error("{\"number\":1,\"count\":10}", "/top/count", "out_of_range",
                 "count is 10, want an integer >= 1 and <= 9");
    assert_error("{\"number\":1,\"radius\":true}", "/top/radius", "wrong_type",
                 "radius is true, want a number");
    assert_error("{\"number\":1,\"kind\":\"flat\",\"edge\":1,\"open\":0}", "/top/open",
                 "wrong_type", "open is 0, want true or false");
    assert_error("{\"number\":1,\"inner\":{\"time_steps\":0}}", "/top/inner/time_steps",
                 "out_of_range", "time_steps is 0");
    assert_error("{\"number\":1,\"inner\":3}", "/top/inner", "wrong_type", "want an object");
    assert_error("{\"number\":1,\"kind\":\"flat\"}", "/top/edge", "missing_field",
                 "edge is missing: must be given");
    assert_error("{\"number\":1,\"kind\":\"oval\"}", "/top/kind", "unknown_name",
                 "thing is \"oval\", want one of: round, flat, bare");
    assert_error("{\"number\":1,\"kind\":{}}", "/top/kind", "wrong_type",
                 "kind is an object, want a string");
}

static void read__wrong_value__leaves_what_was_there(void **state)
{
    struct reading r = read_text("{\"number\":9,\"radius\":-1,\"kind\":\"oval\",\"count\":2}");

    (void)state;
    assert_int_equal(r.target.number, 77);
    assert_string_equal(r.target.kept.kind->name, "round");
    assert_near(r.target.kept.value[0], 1.5, 0);
    api_errors_clear(&r.errors);
}

static void read__unknown_field__lists_those_of_the_chosen_rows(void **state)
{
    (void)state;
    assert_error("{\"number\":1,\"edge\":1}", "/top/edge", "unknown_field",
                 "there is no field \"edge\" in a target, want one of: kind, other, text, number, "
                 "inner, radius, count, other_radius, other_count");
    assert_error("{\"number\":1,\"kind\":\"bare\",\"radius\":1}", "/top/radius", "unknown_field",
                 "want one of: kind, other, text, number, inner, other_radius");
    assert_error("{\"number\":1,\"a/b~\":1}", "/top/a~1b~0", "unknown_field", "\"a/b~\"");
}

static void slot__carry__keeps_what_was_set_and_takes_new_defaults(void **state)
{
    struct target t = {.kept = snn_choice_of(&kinds[0])};
    struct api_errors e = {0};
    json_t *value = json_loads("{\"number\":1,\"kind\":\"flat\",\"edge\":0}", 0, NULL);

    (void)state;
    t.fresh = t.kept;
    api_read(&e, &shape, "", value, &t);
    assert_near(t.kept.value[0], 2.5, 0); /* 1.5 was round's default: never set */
    t.kept = snn_choice_of(&kinds[0]);
    t.kept.value[0] = 7;
    api_read(&e, &shape, "", value, &t);
    assert_near(t.kept.value[0], 7, 0);
    assert_int_equal(api_errors_count(&e), 0);
    json_decref(value);
}

static void slot__no_carry__takes_new_defaults_only_when_it_changes(void **state)
{
    struct target t = {.kept = snn_choice_of(&kinds[0])};
    struct api_errors e = {0};
    json_t *same = json_loads("{\"number\":1,\"other\":\"round\"}", 0, NULL);
    json_t *flat = json_loads("{\"number\":1,\"other\":\"flat\",\"other_edge\":0}", 0, NULL);

    (void)state;
    t.fresh = t.kept;
    t.fresh.value[0] = 7;
    api_read(&e, &shape, "", same, &t);
    assert_near(t.fresh.value[0], 7, 0);
    api_read(&e, &shape, "", flat, &t);
    assert_near(t.fresh.value[0], 2.5, 0);
    assert_int_equal(api_errors_count(&e), 0);
    json_decref(same);
    json_decref(flat);
}

static void pointer__long_key__is_cut_and_ends(void **state)
{
    char buf[API_POINTER_SIZE], key[400];

    (void)state;
    memset(key, '~', sizeof key);
    key[sizeof key - 1] = '\0';
    api_at(buf, "/a", key);
    assert_true(strlen(buf) < API_POINTER_SIZE);
    assert_int_equal(strlen(buf) % 2, 1); /* "/a/" and whole pairs "~0" */
    assert_string_equal(api_at(buf, "", "a/b"), "/a~1b");
    assert_string_equal(api_at_index(buf, "/layers", 31), "/layers/31");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__nothing_but_the_required__leaves_the_rest),
        cmocka_unit_test(read__values__go_where_the_table_says),
        cmocka_unit_test(read__wrong_values__are_named_with_what_was_wanted),
        cmocka_unit_test(read__wrong_value__leaves_what_was_there),
        cmocka_unit_test(read__unknown_field__lists_those_of_the_chosen_rows),
        cmocka_unit_test(slot__carry__keeps_what_was_set_and_takes_new_defaults),
        cmocka_unit_test(slot__no_carry__takes_new_defaults_only_when_it_changes),
        cmocka_unit_test(pointer__long_key__is_cut_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
