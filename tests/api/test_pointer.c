/* SPDX-License-Identifier: MIT */
/* JSON pointers: what is one, what it leads to. */
#include <stdlib.h>

#include "api/pointer.h"
#include "tests/support/test.h"

static void wrong__texts__are_told_from_pointers(void **state)
{
    (void)state;
    assert_null(api_pointer_wrong("/a"));
    assert_null(api_pointer_wrong("/a/0/b~1c~0d"));
    assert_non_null(api_pointer_wrong(""));
    assert_non_null(api_pointer_wrong("a/b"));
    assert_non_null(api_pointer_wrong("/a//b"));
    assert_non_null(api_pointer_wrong("/"));
    assert_non_null(api_pointer_wrong("/a~2"));
    assert_non_null(api_pointer_wrong("/a~"));
}

static void within__paths__are_compared_by_names_not_letters(void **state)
{
    (void)state;
    assert_true(api_pointer_within("/a", "/a"));
    assert_true(api_pointer_within("/a", "/a/b"));
    assert_false(api_pointer_within("/a", "/ab"));
    assert_false(api_pointer_within("/a/b", "/a"));
}

/* What becomes of the document, or the reason why nothing does. */
static void name__places__are_called_by_their_last_name_and_indices(void **state)
{
    static const char *const rows[][2] = {
        {"", "the body"},
        {"/seed", "seed"},
        {"/layers/0/units", "units"},
        {"/inputs/0", "inputs[0]"},
        {"/inputs/0/12/1", "inputs[0][12][1]"},
        {"/neuron/alpha/1", "alpha[1]"},
        {"/2d", "2d"},
        {"/7", "7"},
        {"/7/0", "7[0]"},
        {"/a_name_that_is_longer_than_there_is_room", "a_name_that_is_lo"},
    };
    char buf[20];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(api_pointer_name(buf, sizeof buf, rows[i][0]), rows[i][1]);
}

static void check(const char *document, const char *pointer, const char *want)
{
    json_t *root = json_loads(document, 0, NULL), *value = json_integer(7);
    char why[160] = "", *text;
    bool set;

    assert_non_null(root);
    set = api_pointer_set(root, pointer, value, why, sizeof why);
    text = json_dumps(root, JSON_COMPACT);
    if (set)
        assert_string_equal(text, want);
    else
        assert_contains(why, want);
    free(text);
    json_decref(value);
    json_decref(root);
}

static void set__places__are_made_replaced_or_refused(void **state)
{
    (void)state;
    check("{}", "/a", "{\"a\":7}");
    check("{\"a\":1}", "/a", "{\"a\":7}");
    check("{}", "/a/b/c", "{\"a\":{\"b\":{\"c\":7}}}");
    check("{\"l\":[{},{\"u\":1}]}", "/l/1/u", "{\"l\":[{},{\"u\":7}]}");
    check("{\"l\":[1,2]}", "/l/0", "{\"l\":[7,2]}");
    check("{\"l\":[1,2]}", "/l/2", "\"2\" is no element of an array of 2");
    check("{\"l\":[1,2]}", "/l/01", "\"01\" is no element");
    check("{\"l\":[1,2]}", "/l/-", "\"-\" is no element");
    check("{\"l\":[1]}", "/l/99999999999999999999", "is no element");
    check("{\"a\":3}", "/a/b", "neither an object nor an array");
    check("{\"a\":null}", "/a/b/c", "neither an object nor an array");
    check("{\"a/b\":1,\"c~\":2}", "/a~1b", "{\"a/b\":7,\"c~\":2}");
    check("{\"a/b\":1,\"c~\":2}", "/c~0", "{\"a/b\":1,\"c~\":7}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong__texts__are_told_from_pointers),
        cmocka_unit_test(name__places__are_called_by_their_last_name_and_indices),
        cmocka_unit_test(within__paths__are_compared_by_names_not_letters),
        cmocka_unit_test(set__places__are_made_replaced_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
