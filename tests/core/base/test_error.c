/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/snn.h"
#include "tests/support/test.h"

static void code_name__each_code__has_its_own_name(void **state)
{
    (void)state;
    for (int a = 0; a < SNN_CODE_COUNT; a++)
        for (int b = 0; b < a; b++)
            assert_string_not_equal(snn_code_name((enum snn_code)a),
                                    snn_code_name((enum snn_code)b));
    assert_string_equal(snn_code_name(SNN_OK), "ok");
    assert_string_equal(snn_code_name(SNN_STOPPED), "stopped");
}

static void code_name__outside_the_list__is_unknown(void **state)
{
    (void)state;
    assert_string_equal(snn_code_name(SNN_CODE_COUNT), "unknown");
    assert_string_equal(snn_code_name((enum snn_code) - 1), "unknown");
}

static void fail__fresh_error__is_filled_and_code_returned(void **state)
{
    struct snn_error err = {0};

    (void)state;
    assert_int_equal(snn_fail_at(&err, "/layers/1", SNN_INVALID, "units is %d, want >= 1", 0),
                     SNN_INVALID);
    assert_int_equal(err.code, SNN_INVALID);
    assert_string_equal(err.pointer, "/layers/1");
    assert_string_equal(err.message, "units is 0, want >= 1");
}

static void fail__second_failure__returns_its_code_and_keeps_the_first(void **state)
{
    struct snn_error err = {0};

    (void)state;
    snn_fail_at(&err, "/a", SNN_FORMAT, "first");
    assert_int_equal(snn_fail(&err, SNN_IO, "second"), SNN_IO);
    assert_int_equal(err.code, SNN_FORMAT);
    assert_string_equal(err.pointer, "/a");
    assert_string_equal(err.message, "first");
}

static void fail__no_error_given__returns_the_code(void **state)
{
    (void)state;
    assert_int_equal(snn_fail(NULL, SNN_NOMEM, "%s", "unheard"), SNN_NOMEM);
    assert_int_equal(snn_fail_at(NULL, "/x", SNN_LIMIT, "unheard"), SNN_LIMIT);
}

static void fail__text_too_long__is_cut_and_terminated(void **state)
{
    struct snn_error err = {0};
    char text[1000];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    snn_fail_at(&err, text, SNN_INVALID, "%s", text);
    assert_int_equal(strlen(err.pointer), sizeof err.pointer - 1);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(code_name__each_code__has_its_own_name),
        cmocka_unit_test(code_name__outside_the_list__is_unknown),
        cmocka_unit_test(fail__fresh_error__is_filled_and_code_returned),
        cmocka_unit_test(fail__second_failure__returns_its_code_and_keeps_the_first),
        cmocka_unit_test(fail__no_error_given__returns_the_code),
        cmocka_unit_test(fail__text_too_long__is_cut_and_terminated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
