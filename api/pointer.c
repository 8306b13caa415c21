/* SPDX-License-Identifier: MIT */
#include "api/pointer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT_SIZE 128

const char *api_pointer_wrong(const char *pointer)
{
    if (pointer[0] != '/')
        return "want it to begin with /";
    for (const char *p = pointer; *p; p++) {
        if (*p == '~' && p[1] != '0' && p[1] != '1')
            return "a ~ stands only before 0 or 1";
        if (*p == '/' && strcspn(p + 1, "/") >= SEGMENT_SIZE)
            return "one of its names is too long";
        if (*p == '/' && strcspn(p + 1, "/") == 0)
            return "one of its names is empty";
    }
    return NULL;
}

bool api_pointer_within(const char *outer, const char *inner)
{
    size_t n = strlen(outer);

    return strncmp(outer, inner, n) == 0 && (inner[n] == '\0' || inner[n] == '/');
}

static bool is_index(const char *segment)
{
    const size_t n = strspn(segment, "0123456789");

    return n > 0 && (segment[n] == '/' || segment[n] == '\0');
}

const char *api_pointer_name(char *buf, size_t size, const char *pointer)
{
    const char *from = pointer + strlen(pointer);
    bool inside = false;
    size_t n = 0;

    if (pointer[0] != '/')
        return "the body";
    do {
        while (*--from != '/')
            ;
    } while (from > pointer && is_index(from + 1));
    for (from++; *from && n + 3 < size; from++) {
        if (*from != '/') {
            buf[n++] = *from;
            continue;
        }
        if (inside)
            buf[n++] = ']';
        buf[n++] = '[';
        inside = true;
    }
    if (inside)
        buf[n++] = ']';
    buf[n] = '\0';
    return buf;
}

/* The next name of the pointer, without its escapes; what follows it. */
static const char *next_segment(char out[SEGMENT_SIZE], const char *at)
{
    size_t n = 0;

    for (at++; *at && *at != '/'; at++) {
        char c = *at;

        if (c == '~' && at[1])
            c = *++at == '1' ? '/' : '~';
        if (n + 1 < SEGMENT_SIZE)
            out[n++] = c;
    }
    out[n] = '\0';
    return at;
}

/* An array's element; NULL with the reason where the name is no index of one. */
static json_t *element(json_t *array, const char *name, size_t *index, char *why, size_t size)
{
    size_t n = json_array_size(array);
    json_t *found = NULL;

    *index = name[strspn(name, "0123456789")] == '\0' && !(name[0] == '0' && name[1])
                 ? strtoul(name, NULL, 10)
                 : n;
    found = json_array_get(array, *index);
    if (!found)
        snprintf(why, size, "\"%.40s\" is no element of an array of %zu", name, n);
    return found;
}

/* One step down. NULL with the reason. */
static json_t *descend(json_t *at, const char *name, char *why, size_t size)
{
    size_t index;
    json_t *next;

    if (json_is_array(at))
        return element(at, name, &index, why, size);
    if (!json_is_object(at)) {
        snprintf(why, size, "what should hold \"%.40s\" is neither an object nor an array", name);
        return NULL;
    }
    next = json_object_get(at, name);
    if (!next && json_object_set_new(at, name, json_object()) == 0)
        next = json_object_get(at, name);
    if (!next)
        snprintf(why, size, "no memory for \"%.40s\"", name);
    return next;
}

bool api_pointer_set(json_t *root, const char *pointer, json_t *value, char *why, size_t size)
{
    char name[SEGMENT_SIZE];
    json_t *at = root;
    size_t index;

    pointer = next_segment(name, pointer);
    for (; at && *pointer; pointer = next_segment(name, pointer))
        at = descend(at, name, why, size);
    if (!at)
        return false;
    if (json_is_array(at))
        return element(at, name, &index, why, size) && json_array_set(at, index, value) == 0;
    if (!json_is_object(at)) {
        snprintf(why, size, "what should hold \"%.40s\" is neither an object nor an array", name);
        return false;
    }
    snprintf(why, size, "no memory for \"%.40s\"", name);
    return json_object_set(at, name, value) == 0;
}
