/* SPDX-License-Identifier: MIT */
/* Growing text, and the paths that are made of it. */
#include "server/ctl/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(struct ctl_text *t, size_t more)
{
    size_t room = t->room ? t->room : 128;
    char *grown;

    if (t->failed || more >= SIZE_MAX / 2 - t->n) {
        t->failed = true;
        return false;
    }
    while (room <= t->n + more)
        room *= 2;
    if (room == t->room)
        return true;
    grown = realloc(t->data, room);
    t->failed = !grown;
    if (!grown)
        return false;
    t->data = grown;
    t->room = room;
    return true;
}

void ctl_text_bytes(struct ctl_text *t, const void *bytes, size_t n)
{
    if (!reserve(t, n))
        return;
    if (n)
        memcpy(t->data + t->n, bytes, n);
    t->n += n;
    t->data[t->n] = '\0';
}

void ctl_text_add(struct ctl_text *t, const char *format, ...)
{
    va_list args, again;
    int n;

    va_start(args, format);
    va_copy(again, args);
    n = vsnprintf(NULL, 0, format, args);
    if (n < 0)
        t->failed = true;
    else if (reserve(t, (size_t)n)) {
        vsnprintf(t->data + t->n, (size_t)n + 1, format, again);
        t->n += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

void ctl_text_repeat(struct ctl_text *t, char what, size_t n)
{
    if (!reserve(t, n))
        return;
    memset(t->data + t->n, what, n);
    t->n += n;
    t->data[t->n] = '\0';
}

void ctl_text_safe(struct ctl_text *t, const char *text)
{
    size_t n = strlen(text), start = t->n;

    ctl_text_bytes(t, text, n);
    for (size_t i = start; !t->failed && i < t->n; i++) {
        unsigned char b = (unsigned char)t->data[i];
        /* U+0080 to U+009F are controls too; in UTF-8 they begin with 0xC2. */
        bool c1 = b == 0xc2 && i + 1 < t->n && (unsigned char)t->data[i + 1] < 0xa0;

        if (b < 0x20 || b == 0x7f || c1)
            t->data[i] = '?';
        if (c1)
            t->data[++i] = '?';
    }
}

void ctl_text_clip(struct ctl_text *t, size_t width)
{
    if (t->n <= width)
        return;
    t->n = width;
    t->data[width] = '\0';
}

const char *ctl_text_of(const struct ctl_text *t)
{
    return t->data ? t->data : "";
}

void ctl_text_free(struct ctl_text *t)
{
    free(t->data);
    *t = (struct ctl_text){0};
}

/* RFC 3986: what is not unreserved is escaped. */
static void add_encoded(struct ctl_text *t, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (; *text; text++) {
        if (strchr(plain, *text))
            ctl_text_bytes(t, text, 1);
        else
            ctl_text_add(t, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

bool ctl_path_add(struct ctl_text *path, const char *segment)
{
    if (segment[0] == '\0' || strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0)
        return false;
    ctl_text_bytes(path, "/", 1);
    add_encoded(path, segment);
    return true;
}

void ctl_query_add(struct ctl_text *path, const char *name, const char *value)
{
    if (!value)
        return;
    ctl_text_bytes(path, strchr(ctl_text_of(path), '?') ? "&" : "?", 1);
    add_encoded(path, name);
    ctl_text_bytes(path, "=", 1);
    add_encoded(path, value);
}
