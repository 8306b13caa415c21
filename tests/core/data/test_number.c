/* SPDX-License-Identifier: MIT */
#include "core/data/number.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static locale_t c_locale;

static bool read_text(double *out, const char *text)
{
    return snn_number(out, text, text + strlen(text), c_locale);
}

static void number__decimal__same_bits_as_strtod(void **state)
{
    static const char *const texts[] = {
        "0",
        "-0",
        "+7",
        "255",
        "0.1",
        "-1.5e3",
        "1e22",
        "1e23",
        "1e-22",
        "1e-23",
        "5.",
        ".5",
        "000000000000000000000000000001.25",
        "0.30000000000000004",
        "999999999999999",
        "9007199254740993",
        "123456789012345678901234567890",
        "1.7976931348623157e308",
        "4.9e-324",
        "2.2250738585072011e-308",
        "3.000000000000000000e+00",
        "0e99999999999999999999",
        "0.000000000000000000000000000000000000000000000000000000000000000000001",
        "1E+2",
        "-16777217",
        "0.1000000014901161193847656250",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        double want = strtod(texts[i], NULL), got;

        if (!read_text(&got, texts[i]))
            fail_msg("'%s' was not read", texts[i]);
        if (memcmp(&got, &want, sizeof got) != 0)
            fail_msg("'%s': %.17g, want %.17g", texts[i], got, want);
    }
}

static void number__drawn_decimals__same_bits_as_strtod(void **state)
{
    unsigned long x = 1;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        char text[64];
        double want, got;

        x = x * 6364136223846793005ul + 1442695040888963407ul;
        snprintf(text, sizeof text, "%.*e", (int)(x >> 60),
                 ldexp((double)(x >> 11), (int)(x >> 34 & 127) - 100));
        want = strtod(text, NULL);
        assert_true(read_text(&got, text));
        if (memcmp(&got, &want, sizeof got) != 0)
            fail_msg("'%s': %.17g, want %.17g", text, got, want);
    }
}

static void number__beyond_double__infinite(void **state)
{
    double got;

    (void)state;
    assert_true(read_text(&got, "-1e400"));
    assert_true(isinf(got) && got < 0);
    assert_true(read_text(&got, "1e99999999999999999999999"));
    assert_true(isinf(got) && got > 0);
}

static void number__other_text__refused(void **state)
{
    static const char *const texts[] = {"",     "-",     ".",   "e5",  "1e",    "1e+",
                                        "0x10", "nan",   "inf", "1 2", " 1",    "1 ",
                                        "1,5",  "1.2.3", "--1", "1f",  "\"1\"", "1_000"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        double got = 7;

        if (read_text(&got, texts[i]))
            fail_msg("'%s' was read as %g", texts[i], got);
        assert_near(got, 7, 0);
    }
}

static void number_is_special__words__in_any_case(void **state)
{
    static const struct {
        const char *text;
        bool special;
    } rows[] = {{"nan", true},        {"-NaN", true}, {"Inf", true},   {"+INFINITY", true},
                {"", false},          {"na", false},  {"nano", false}, {"infinit", false},
                {"infinity!", false}, {"1", false}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (snn_number_is_special(rows[i].text, rows[i].text + strlen(rows[i].text)) !=
            rows[i].special)
            fail_msg("'%s' was taken for %s", rows[i].text, rows[i].special ? "a name" : "NaN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(number__decimal__same_bits_as_strtod),
        cmocka_unit_test(number__drawn_decimals__same_bits_as_strtod),
        cmocka_unit_test(number__beyond_double__infinite),
        cmocka_unit_test(number__other_text__refused),
        cmocka_unit_test(number_is_special__words__in_any_case),
    };
    int failed;

    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    freelocale(c_locale);
    return failed;
}
