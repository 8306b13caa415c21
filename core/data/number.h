/* SPDX-License-Identifier: MIT */
/* Decimal numbers in text that is not NUL-terminated, whatever the program's locale. */
#ifndef SPIKED_CORE_DATA_NUMBER_H
#define SPIKED_CORE_DATA_NUMBER_H

#include <locale.h>
#include <stdbool.h>

/* Is [text, end) one number as in "-1.5e3", and nothing else? Then *out is the nearest double,
 * infinite where it is too large. A byte that no number can contain must be readable at `end`.
 * `c_locale` is that of newlocale(LC_ALL_MASK, "C", 0). */
bool snn_number(double *out, const char *text, const char *end, locale_t c_locale);

/* Does [text, end) spell NaN or infinity, in any case and with a sign or without? */
bool snn_number_is_special(const char *text, const char *end);

#endif
