/* SPDX-License-Identifier: MIT */
#include "api/csv.h"

#include <math.h>
#include <string.h>

#include "api/file.h"
#include "api/problem.h"
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

bool api_csv_wanted(struct api_call *c, bool *csv)
{
    const char *format = srv_request_query(c->req, "format");

    *csv = format && strcmp(format, "csv") == 0;
    if (!format || *csv || strcmp(format, "json") == 0)
        return true;
    api_refuse_query(c, "format", "unknown_name", "format is \"%.40s\", want json or csv", format);
    return false;
}

void api_csv_reply(struct api_call *c, FILE *rows)
{
    api_file_reply(c, rows, &(struct api_file_form){.content_type = "text/csv; charset=utf-8"});
}
