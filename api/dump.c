/* SPDX-License-Identifier: MIT */
/* A JSON tree as text. jansson's own dump has one precision for all numbers: 17 digits show 0.1 as
 * 0.10000000000000001, fewer lose bits. */
#include "api/dump.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/text.h"

static void put(FILE *to, json_t *value);

static void put_object(FILE *to, json_t *object)
{
    const char *key, *before = "";
    json_t *member;

    fputc('{', to);
    json_object_foreach(object, key, member)
    {
        fputs(before, to);
        api_text_string(to, key);
        fputc(':', to);
        put(to, member);
        before = ",";
    }
    fputc('}', to);
}

static void put_array(FILE *to, json_t *array)
{
    size_t n = json_array_size(array);

    fputc('[', to);
    for (size_t i = 0; i < n; i++) {
        if (i)
            fputc(',', to);
        put(to, json_array_get(array, i));
    }
    fputc(']', to);
}

static void put_real(FILE *to, double v)
{
    api_text_number(to, v);
    /* Readers that tell reals from integers shall find a real again. */
    if (v == floor(v) && fabs(v) < 1e15)
        fputs(".0", to);
}

static void put(FILE *to, json_t *value)
{
    if (json_is_object(value))
        put_object(to, value);
    else if (json_is_array(value))
        put_array(to, value);
    else if (json_is_string(value))
        api_text_string(to, json_string_value(value));
    else if (json_is_real(value))
        put_real(to, json_real_value(value));
    else if (json_is_integer(value))
        fprintf(to, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else
        fputs(json_is_true(value) ? "true" : json_is_false(value) ? "false" : "null", to);
}

char *api_dump(json_t *value, size_t *size)
{
    char *text = NULL;
    FILE *to = open_memstream(&text, size);
    bool failed;

    if (!to)
        return NULL;
    put(to, value);
    failed = ferror(to) != 0;
    if (fclose(to) == 0 && !failed)
        return text;
    free(text);
    return NULL;
}
