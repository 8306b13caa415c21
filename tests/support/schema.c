/* SPDX-License-Identifier: MIT */
#include "tests/support/schema.h"

#include <regex.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define AT_SIZE 200

struct check {
    const json_t *document;
    char *why;
    size_t size;
    char at[AT_SIZE]; /* JSON pointer of the value looked at */
};

static bool allows(struct check *c, const json_t *schema, const json_t *value);

__attribute__((format(printf, 2, 3))) static bool wrong(struct check *c, const char *format, ...)
{
    va_list list;
    int n = snprintf(c->why, c->size, "%s: ", c->at[0] ? c->at : "the whole");

    va_start(list, format);
    if (n > 0 && (size_t)n < c->size)
        vsnprintf(c->why + n, c->size - (size_t)n, format, list);
    va_end(list);
    return false;
}

static bool is_of_type(const char *type, const json_t *v)
{
    return strcmp(type, "object") == 0    ? json_is_object(v)
           : strcmp(type, "array") == 0   ? json_is_array(v)
           : strcmp(type, "string") == 0  ? json_is_string(v)
           : strcmp(type, "integer") == 0 ? json_is_integer(v)
           : strcmp(type, "number") == 0  ? json_is_number(v)
           : strcmp(type, "boolean") == 0 ? json_is_boolean(v)
           : strcmp(type, "null") == 0    ? json_is_null(v)
                                          : false;
}

static bool check_type(struct check *c, const json_t *rule, const json_t *schema, const json_t *v)
{
    const json_t *type;
    size_t i;

    (void)schema;
    if (json_is_string(rule) && is_of_type(json_string_value(rule), v))
        return true;
    json_array_foreach(rule, i, type) if (is_of_type(json_string_value(type), v)) return true;
    return wrong(c, "another type than wanted");
}

static bool check_properties(struct check *c, const json_t *rule, const json_t *schema,
                             const json_t *v)
{
    const json_t *extra = json_object_get(schema, "additionalProperties");
    const size_t n = strlen(c->at);
    const char *key;
    json_t *member;

    json_object_foreach((json_t *)(uintptr_t)v, key, member)
    {
        const json_t *inner = json_object_get(rule, key);

        if (!inner && json_is_false(extra))
            return wrong(c, "%s is not in the schema", key);
        inner = inner ? inner : extra;
        snprintf(c->at + n, sizeof c->at - n, "/%s", key);
        if (json_is_object(inner) && !allows(c, inner, member))
            return false;
        c->at[n] = '\0';
    }
    return true;
}

static bool check_required(struct check *c, const json_t *rule, const json_t *schema,
                           const json_t *v)
{
    const json_t *name;
    size_t i;

    (void)schema;
    json_array_foreach(
        rule, i, name) if (json_is_object(v) &&
                           !json_object_get(
                               v, json_string_value(name))) return wrong(c, "%s is missing",
                                                                         json_string_value(name));
    return true;
}

static bool check_items(struct check *c, const json_t *rule, const json_t *schema, const json_t *v)
{
    const size_t n = strlen(c->at);
    const json_t *item;
    size_t i;

    (void)schema;
    json_array_foreach(v, i, item)
    {
        snprintf(c->at + n, sizeof c->at - n, "/%zu", i);
        if (!allows(c, rule, item))
            return false;
        c->at[n] = '\0';
    }
    return true;
}

static bool check_enum(struct check *c, const json_t *rule, const json_t *schema, const json_t *v)
{
    const json_t *one;
    size_t i;

    (void)schema;
    json_array_foreach(rule, i, one) if (json_equal(one, v)) return true;
    return wrong(c, "none of the values allowed");
}

static bool check_const(struct check *c, const json_t *rule, const json_t *schema, const json_t *v)
{
    (void)schema;
    return json_equal(rule, v) || wrong(c, "another value than the one allowed");
}

static bool check_any(struct check *c, const json_t *rule, const json_t *schema, const json_t *v)
{
    const size_t n = strlen(c->at);
    const json_t *one;
    size_t i;

    (void)schema;
    json_array_foreach(rule, i, one)
    {
        if (allows(c, one, v))
            return true;
        c->at[n] = '\0';
    }
    return false; /* why is the last one's */
}

static bool check_ref(struct check *c, const json_t *rule, const json_t *schema, const json_t *v)
{
    static const char prefix[] = "#/components/";
    const char *path = json_string_value(rule);
    const json_t *to = json_object_get(c->document, "components");
    char group[64], name[64];

    (void)schema;
    if (strncmp(path, prefix, sizeof prefix - 1) != 0 ||
        sscanf(path + sizeof prefix - 1, "%63[^/]/%63s", group, name) != 2)
        return wrong(c, "there is no %s", path);
    to = json_object_get(json_object_get(to, group), name);
    return to ? allows(c, to, v) : wrong(c, "there is no %s", path);
}

/* min and max of numbers, and of how many items. */
static bool check_bound(struct check *c, const char *key, double bound, const json_t *v)
{
    const bool items = strstr(key, "Items") != NULL, length = strstr(key, "Length") != NULL;
    const double x = items    ? (double)json_array_size(v)
                     : length ? (double)json_string_length(v)
                              : json_number_value(v);
    const bool low = strstr(key, "min") || strstr(key, "Min");
    const bool open = strncmp(key, "exclusive", 9) == 0;

    if (items ? !json_is_array(v) : length ? !json_is_string(v) : !json_is_number(v))
        return true;
    if (low ? (open ? x > bound : x >= bound) : (open ? x < bound : x <= bound))
        return true;
    return wrong(c, "%g is beyond the %s, %g", x, key, bound);
}

static bool check_pattern(struct check *c, const json_t *rule, const json_t *schema,
                          const json_t *v)
{
    regex_t regex;
    bool found;

    (void)schema;
    if (!json_is_string(v))
        return true;
    if (regcomp(&regex, json_string_value(rule), REG_EXTENDED | REG_NOSUB) != 0)
        return wrong(c, "%s is no pattern", json_string_value(rule));
    found = regexec(&regex, json_string_value(v), 0, NULL, 0) == 0;
    regfree(&regex);
    return found || wrong(c, "does not fit %s", json_string_value(rule));
}

static const struct {
    const char *key;
    bool (*check)(struct check *c, const json_t *rule, const json_t *schema, const json_t *v);
} keywords[] = {
    {"type", check_type},
    {"properties", check_properties},
    {"required", check_required},
    {"items", check_items},
    {"enum", check_enum},
    {"const", check_const},
    {"anyOf", check_any},
    {"$ref", check_ref},
    {"pattern", check_pattern},
    {"description", NULL},
    {"default", NULL},
};

static bool check_keyword(struct check *c, const char *key, const json_t *rule,
                          const json_t *schema, const json_t *v)
{
    if (strstr(key, "imum") || strstr(key, "Items") || strstr(key, "Length"))
        return check_bound(c, key, json_number_value(rule), v);
    if (strcmp(key, "additionalProperties") == 0) /* where there are none named */
        return json_object_get(schema, "properties") || check_properties(c, NULL, schema, v);
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
        if (strcmp(keywords[i].key, key) == 0)
            return !keywords[i].check || keywords[i].check(c, rule, schema, v);
    return wrong(c, "the schema has \"%s\", which is not known here", key);
}

static bool allows(struct check *c, const json_t *schema, const json_t *value)
{
    const char *key;
    json_t *rule;

    json_object_foreach((json_t *)(uintptr_t)schema, key,
                        rule) if (!check_keyword(c, key, rule, schema, value)) return false;
    return true;
}

bool schema_allows(const json_t *document, const json_t *schema, const json_t *value, char *why,
                   size_t size)
{
    struct check c = {.document = document, .why = why, .size = size};

    return allows(&c, schema, value);
}
