/* SPDX-License-Identifier: MIT */
#include "api/canonical.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/text.h"

static bool put(FILE *to, json_t *value, const char *const skip[]);

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_among(const char *name, const char *const list[])
{
    for (size_t i = 0; list && list[i]; i++)
        if (strcmp(name, list[i]) == 0)
            return true;
    return false;
}

/* Members in the order of their keys' bytes, without those in `skip`. */
static bool put_object(FILE *to, json_t *object, const char *const skip[])
{
    const char **keys = calloc(json_object_size(object) + 1, sizeof *keys), *key;
    bool whole = keys != NULL;
    size_t n = 0;
    json_t *member;

    if (!keys)
        return false;
    json_object_foreach(object, key, member) if (!is_among(key, skip)) keys[n++] = key;
    qsort(keys, n, sizeof *keys, by_name);
    fputc('{', to);
    for (size_t i = 0; whole && i < n; i++) {
        if (i)
            fputc(',', to);
        api_text_string(to, keys[i]);
        fputc(':', to);
        whole = put(to, json_object_get(object, keys[i]), NULL);
    }
    fputc('}', to);
    free(keys);
    return whole;
}

static bool put_array(FILE *to, json_t *array)
{
    bool whole = true;

    fputc('[', to);
    for (size_t i = 0; whole && i < json_array_size(array); i++) {
        if (i)
            fputc(',', to);
        whole = put(to, json_array_get(array, i), NULL);
    }
    fputc(']', to);
    return whole;
}

static bool put(FILE *to, json_t *value, const char *const skip[])
{
    if (json_is_object(value))
        return put_object(to, value, skip);
    if (json_is_array(value))
        return put_array(to, value);
    if (json_is_string(value))
        api_text_string(to, json_string_value(value));
    else if (json_is_integer(value))
        fprintf(to, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value)) /* of a whole number, its digits alone */
        api_text_number(to, json_real_value(value));
    else
        fputs(json_is_true(value) ? "true" : json_is_false(value) ? "false" : "null", to);
    return true;
}

bool api_canonical_sha256(json_t *job, char hex[SNN_SHA256_HEX])
{
    static const char *const without[] = {"name", "metadata", "priority", "webhook", NULL};
    struct snn_digest d;
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    bool whole;

    if (!to)
        return false;
    whole = put(to, job, without) && !ferror(to);
    whole = fclose(to) == 0 && whole;
    if (whole) {
        snn_digest_init(&d);
        snn_digest_add(&d, text, size);
        snn_digest_hex(&d, hex);
    }
    free(text);
    return whole;
}
