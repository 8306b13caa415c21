/* SPDX-License-Identifier: MIT */
/* What every test program includes. cmocka.h needs the four headers before it, in this order. */
#ifndef TESTS_SUPPORT_TEST_H
#define TESTS_SUPPORT_TEST_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

/* |got - want| <= tolerance, and both printed when not. NaN is near nothing, not even NaN. */
#define assert_near(got, want, tolerance)                                                          \
    test_near((double)(got), (double)(want), (double)(tolerance), #got, __FILE__, __LINE__)

/* `haystack` has `needle` somewhere; both are NUL-terminated, and printed when not. */
#define assert_contains(haystack, needle) test_contains(haystack, needle, __FILE__, __LINE__)

void test_near(double got, double want, double tolerance, const char *what, const char *file,
               int line);
void test_contains(const char *haystack, const char *needle, const char *file, int line);

#endif
