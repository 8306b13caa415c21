/* SPDX-License-Identifier: MIT */
/* JSON written as text to a stream. */
#include "api/text.h"

#include <math.h>
#include <stdlib.h>

void api_text_number(FILE *to, double v)
{
    char text[40] = "null";

    for (int digits = 15; isfinite(v) && digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    fputs(text, to);
}

void api_text_float(FILE *to, float v)
{
    if (isfinite(v))
        fprintf(to, "%.9g", (double)v);
    else
        fputs("null", to);
}

/* Bytes of the well-formed UTF-8 sequence at p, 0 where there is none (RFC 3629: no surrogates, no
 * long forms). */
static size_t sequence(const unsigned char *p)
{
    static const struct {
        unsigned char first, last, low, high; /* of the first byte; of the second */
        size_t n;
    } forms[] = {
        {0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (p[0] < forms[i].first || p[0] > forms[i].last)
            continue;
        if (forms[i].n > 1 && (p[1] < forms[i].low || p[1] > forms[i].high))
            return 0;
        for (size_t k = 2; k < forms[i].n; k++)
            if ((p[k] & 0xc0) != 0x80)
                return 0;
        return forms[i].n;
    }
    return 0;
}

/* How many bytes from p on stand for themselves. */
static size_t plain_run(const unsigned char *p)
{
    size_t n = 0;

    while (p[n] >= 0x20 && p[n] < 0x7f && p[n] != '"' && p[n] != '\\')
        n++;
    return n;
}

/* No allocation, so the only failure is the stream's own. */
void api_text_string(FILE *to, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;

    fputc('"', to);
    while (*p) {
        size_t plain = plain_run(p), n;

        fwrite(p, 1, plain, to);
        p += plain;
        if (!*p)
            break;
        n = sequence(p);
        if (n == 0)
            fputc('?', to);
        else if (*p == '"' || *p == '\\')
            fprintf(to, "\\%c", *p);
        else if (*p < 0x20)
            fprintf(to, "\\u%04x", *p);
        else
            fwrite(p, 1, n, to);
        p += n ? n : 1;
    }
    fputc('"', to);
}
