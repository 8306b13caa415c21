/* SPDX-License-Identifier: MIT */
#include "core/data/lines.h"

#include "core/data/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct snn_text snn_text_trim(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    while (at < end && is_blank(end[-1]))
        end--;
    return (struct snn_text){at, end};
}

enum snn_code snn_lines_open(struct snn_lines *l, struct snn_source *source, struct snn_error *err)
{
    size_t limit = source->limit;

    *l = (struct snn_lines){.source = source};
    l->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    l->size = limit < SNN_LINES_MAX ? limit + 1 : SNN_LINES_MAX;
    l->buffer = l->c_locale ? malloc(l->size + 1) : NULL;
    if (!l->buffer)
        return snn_fail(err, SNN_NOMEM, "%s: no memory to read it", source->name);
    l->buffer[0] = '\0';
    return SNN_OK;
}

void snn_lines_close(struct snn_lines *l)
{
    if (l->c_locale)
        freelocale(l->c_locale);
    free(l->buffer);
}

/* Moves the unread text to the front and fills the rest of the buffer. */
static enum snn_code fill(struct snn_lines *l, struct snn_error *err)
{
    size_t kept = l->end - l->begin, room = l->size - kept, got;
    enum snn_code rc;

    if (room == 0)
        return snn_fail(err, SNN_LIMIT, "%s: line %zu is longer than the %zu bytes allowed",
                        l->source->name, l->line, l->size);
    memmove(l->buffer, l->buffer + l->begin, kept);
    l->begin = 0;
    l->end = kept;
    rc = snn_source_read(l->source, l->buffer + kept, room, &got, err);
    if (rc != SNN_OK)
        return rc;
    l->end += got;
    l->buffer[l->end] = '\0';
    l->ended = got < room;
    return SNN_OK;
}

/* The next line, blank or not. */
static enum snn_code take(struct snn_lines *l, struct snn_text *line, struct snn_error *err)
{
    char *at, *newline;

    l->line++;
    for (;;) {
        at = l->buffer + l->begin;
        newline = memchr(at, '\n', l->end - l->begin);
        if (newline || l->ended)
            break;
        enum snn_code rc = fill(l, err);
        if (rc != SNN_OK)
            return rc;
    }
    *line = (struct snn_text){at, newline ? newline : l->buffer + l->end};
    l->begin = newline ? (size_t)(newline + 1 - l->buffer) : l->end;
    if (line->at == line->end && !newline)
        line->at = NULL;
    else if (line->at < line->end && line->end[-1] == '\r')
        line->end--;
    return SNN_OK;
}

enum snn_code snn_lines_next(struct snn_lines *l, struct snn_text *line, struct snn_error *err)
{
    static const char mark[] = "\xef\xbb\xbf"; /* UTF-8's, which some programs write */

    for (;;) {
        enum snn_code rc = take(l, line, err);
        struct snn_text inner;

        if (rc != SNN_OK || !line->at)
            return rc;
        if (l->line == 1 && line->end - line->at >= 3 && memcmp(line->at, mark, 3) == 0)
            line->at += 3;
        inner = snn_text_trim(line->at, line->end);
        if (inner.at == inner.end)
            l->blank = l->blank ? l->blank : l->line;
        else if (l->blank)
            return snn_fail(err, SNN_FORMAT, "%s: line %zu is blank, want a row: more follow it",
                            l->source->name, l->blank);
        else
            return SNN_OK;
    }
}

bool snn_lines_is_header(const struct snn_lines *l, struct snn_text line)
{
    const char *last = line.end;
    struct snn_text field;
    double v;

    while (last > line.at && last[-1] != ',')
        last--;
    field = snn_text_trim(last, line.end);
    return field.at < field.end && !snn_number(&v, field.at, field.end, l->c_locale) &&
           !snn_number_is_special(field.at, field.end);
}

bool snn_lines_whole(const struct snn_lines *l, struct snn_text field, uint64_t max, uint64_t *out)
{
    double v;

    if (!snn_number(&v, field.at, field.end, l->c_locale) || !(v >= 0) || v > (double)max ||
        v != floor(v))
        return false;
    *out = (uint64_t)v;
    return true;
}

enum snn_code snn_lines_wrong(const struct snn_lines *l, size_t column, struct snn_text field,
                              const char *want, struct snn_error *err)
{
    char found[48];

    snn_printable(found, sizeof found, field.at, (size_t)(field.end - field.at));
    return snn_fail(err, SNN_FORMAT, "%s: line %zu, column %zu: found '%s', want %s",
                    l->source->name, l->line, column, found, want);
}

enum snn_code snn_lines_each(struct snn_lines *l,
                             enum snn_code (*read)(void *user, struct snn_text line,
                                                   struct snn_error *err),
                             void *user, struct snn_error *err)
{
    struct snn_text line = {"", ""};
    enum snn_code rc = SNN_OK;

    while (rc == SNN_OK && line.at) {
        rc = snn_lines_next(l, &line, err);
        if (rc == SNN_OK && line.at)
            rc = read(user, line, err);
    }
    return rc;
}

enum snn_code snn_lines_file(struct snn_samples *out, const char *path, size_t max_bytes, bool keep,
                             enum snn_code (*read)(struct snn_samples *out,
                                                   struct snn_source *source, bool keep,
                                                   struct snn_error *err),
                             struct snn_error *err)
{
    struct snn_source source;
    enum snn_code rc = snn_source_open(&source, path, max_bytes, err);

    if (rc != SNN_OK)
        return rc;
    rc = read(out, &source, keep, err);
    snn_source_close(&source);
    return rc;
}
