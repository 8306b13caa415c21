/* SPDX-License-Identifier: MIT */
#include "api/csv.h"

#include <math.h>
#include <string.h>

#include "api/text.h"

void api_csv_text(FILE *to, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, to);
        return;
    }
    fputc('"', to);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', to);
        fputc(*text, to);
    }
    fputc('"', to);
}

void api_csv_number(FILE *to, double v)
{
    if (isfinite(v))
        api_text_number(to, v);
    else
        fputs(isnan(v) ? "nan" : v > 0 ? "inf" : "-inf", to);
}
