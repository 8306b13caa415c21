/* SPDX-License-Identifier: MIT */
/* The checks that cmocka 1.1.5 lacks. */
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

void test_near(double got, double want, double tolerance, const char *what, const char *file,
               int line)
{
    /* Written so that a NaN on either side fails; equal infinities have no difference. */
    if (got == want || fabs(got - want) <= tolerance)
        return;
    print_error("%s is %.17g, want %.17g within %.3g (off by %.3g)\n", what, got, want, tolerance,
                fabs(got - want));
    _fail(file, line);
}

void test_contains(const char *haystack, const char *needle, const char *file, int line)
{
    if (haystack && needle && strstr(haystack, needle))
        return;
    print_error("\"%s\" is not in \"%s\"\n", needle ? needle : "(null)",
                haystack ? haystack : "(null)");
    _fail(file, line);
}
