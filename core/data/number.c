/* SPDX-License-Identifier: MIT */
#include "core/data/number.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define EXACT_DIGITS 15 /* every whole number of so many digits is a double */
#define EXACT_POWER 22  /* 10^22 is the largest power of ten that is a double */
#define MAX_EXPONENT 99999

static const double powers[EXACT_POWER + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

struct decimal {
    bool negative;
    uint64_t digits; /* the first EXACT_DIGITS significant ones */
    size_t n_digits; /* read, significant or zero */
    size_t significant;
    long exponent; /* of ten, to be applied to digits */
};

static bool is_digit(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

/* Digits from `at` on; `scale` is what each adds to the exponent: 0 before the point, -1 after. */
static const char *read_digits(struct decimal *d, const char *at, const char *end, int scale)
{
    for (; is_digit(at, end); at++, d->n_digits++) {
        if (d->significant < EXACT_DIGITS)
            d->digits = d->digits * 10 + (uint64_t)(*at - '0');
        if (d->significant > 0 || *at != '0')
            d->significant++;
        d->exponent += scale;
    }
    return at;
}

/* What follows an 'e'. NULL where that is no exponent. */
static const char *read_exponent(struct decimal *d, const char *at, const char *end)
{
    bool negative = at < end && *at == '-';
    long e = 0;

    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (!is_digit(at, end))
        return NULL;
    for (; is_digit(at, end); at++)
        e = e < MAX_EXPONENT ? e * 10 + (*at - '0') : e;
    d->exponent += negative ? -e : e;
    return at;
}

static bool read_decimal(struct decimal *d, const char *at, const char *end)
{
    if (at < end && (*at == '-' || *at == '+'))
        d->negative = *at++ == '-';
    at = read_digits(d, at, end, 0);
    if (at < end && *at == '.')
        at = read_digits(d, at + 1, end, -1);
    if (d->n_digits == 0)
        return false;
    if (at < end && (*at == 'e' || *at == 'E'))
        at = read_exponent(d, at + 1, end);
    return at == end;
}

bool snn_number(double *out, const char *text, const char *end, locale_t c_locale)
{
    struct decimal d = {0};
    double v;

    if (!read_decimal(&d, text, end))
        return false;
    /* Digits and power of ten are both doubles: one operation rounds once, as strtod would. */
    if (d.significant > EXACT_DIGITS || d.exponent > EXACT_POWER || d.exponent < -EXACT_POWER) {
        *out = strtod_l(text, NULL, c_locale);
        return true;
    }
    v = (double)d.digits;
    v = d.exponent < 0 ? v / powers[-d.exponent] : v * powers[d.exponent];
    *out = d.negative ? -v : v;
    return true;
}

bool snn_number_is_special(const char *text, const char *end)
{
    static const char *const words[] = {"nan", "inf", "infinity"};
    size_t n;

    if (text < end && (*text == '-' || *text == '+'))
        text++;
    n = (size_t)(end - text);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen(words[i]) == n && strncasecmp(text, words[i], n) == 0)
            return true;
    return false;
}
