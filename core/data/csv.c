/* SPDX-License-Identifier: MIT */
#include "core/data/csv.h"

#include "core/data/number.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROWS 64

struct csv {
    struct snn_source *source;
    struct snn_samples rows;
    size_t capacity; /* rows there is room for */
    bool keep;
    locale_t c_locale;

    char *buffer; /* [size + 1]: one readable byte after the text */
    size_t size, begin, end;
    bool ended;     /* the source has no more */
    size_t line;    /* number of the line in hand, from 1 */
    size_t blank;   /* number of the first blank line, 0 if there was none */
    size_t columns; /* of the first line, 0 before it */
    size_t first;   /* the first line's number */
};

/* A piece of a line. The byte after it is readable and none of a number's. */
struct text {
    const char *at, *end;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct text trim(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    while (at < end && is_blank(end[-1]))
        end--;
    return (struct text){at, end};
}

/* Moves the unread text to the front and fills the rest of the buffer. */
static enum snn_code fill(struct csv *csv, struct snn_error *err)
{
    size_t kept = csv->end - csv->begin, room = csv->size - kept, got;
    enum snn_code rc;

    if (room == 0)
        return snn_fail(err, SNN_LIMIT, "%s: line %zu is longer than the %zu bytes allowed",
                        csv->source->name, csv->line, csv->size);
    memmove(csv->buffer, csv->buffer + csv->begin, kept);
    csv->begin = 0;
    csv->end = kept;
    rc = snn_source_read(csv->source, csv->buffer + kept, room, &got, err);
    if (rc != SNN_OK)
        return rc;
    csv->end += got;
    csv->buffer[csv->end] = '\0';
    csv->ended = got < room;
    return SNN_OK;
}

/* The next line without its end; line->at is NULL after the last. */
static enum snn_code next_line(struct csv *csv, struct text *line, struct snn_error *err)
{
    char *at, *newline;

    csv->line++;
    for (;;) {
        at = csv->buffer + csv->begin;
        newline = memchr(at, '\n', csv->end - csv->begin);
        if (newline || csv->ended)
            break;
        enum snn_code rc = fill(csv, err);
        if (rc != SNN_OK)
            return rc;
    }
    *line = (struct text){at, newline ? newline : csv->buffer + csv->end};
    csv->begin = newline ? (size_t)(newline + 1 - csv->buffer) : csv->end;
    if (line->at == line->end && !newline)
        line->at = NULL;
    else if (line->at < line->end && line->end[-1] == '\r')
        line->end--;
    return SNN_OK;
}

static enum snn_code bad_field(const struct csv *csv, size_t column, struct text field,
                               const char *want, struct snn_error *err)
{
    char found[48];

    snn_printable(found, sizeof found, field.at, (size_t)(field.end - field.at));
    return snn_fail(err, SNN_FORMAT, "%s: line %zu, column %zu: found '%s', want %s",
                    csv->source->name, csv->line, column, found, want);
}

/* Room for one row more. A file that is only checked has room for one, used again and again. */
static enum snn_code reserve(struct csv *csv, struct snn_error *err)
{
    size_t features = csv->columns - 1;
    size_t want = !csv->keep ? 1 : csv->capacity ? csv->capacity * 2 : FIRST_ROWS;
    float *values;
    uint32_t *labels;

    if (csv->rows.count < csv->capacity || (csv->capacity && !csv->keep))
        return SNN_OK;
    if (want > SIZE_MAX / 4 / sizeof *values / features)
        return snn_fail(err, SNN_LIMIT, "%s: more rows than can be addressed", csv->source->name);
    values = realloc(csv->rows.values, want * features * sizeof *values);
    if (values)
        csv->rows.values = values;
    labels = realloc(csv->rows.labels, want * sizeof *labels);
    if (labels)
        csv->rows.labels = labels;
    if (!values || !labels)
        return snn_fail(err, SNN_NOMEM, "%s: no memory for %zu rows of %zu columns",
                        csv->source->name, want, csv->columns);
    csv->capacity = want;
    return SNN_OK;
}

static enum snn_code read_feature(const struct csv *csv, size_t column, struct text field,
                                  float *out, struct snn_error *err)
{
    double v;

    if (!snn_number(&v, field.at, field.end, csv->c_locale))
        return bad_field(csv, column, field, "a finite number", err);
    if (fabs(v) > (double)FLT_MAX)
        return bad_field(csv, column, field, "a number that fits a 32-bit float", err);
    *out = (float)v;
    return SNN_OK;
}

static enum snn_code read_label(const struct csv *csv, struct text field, uint32_t *out,
                                struct snn_error *err)
{
    double v;

    if (!snn_number(&v, field.at, field.end, csv->c_locale) || !(v >= 0) || v > SNN_CSV_MAX_LABEL ||
        v != floor(v))
        return bad_field(csv, csv->columns, field,
                         "the label of the sample, a whole number from 0 to 65535", err);
    *out = (uint32_t)v;
    return SNN_OK;
}

static enum snn_code read_row(struct csv *csv, struct text line, struct snn_error *err)
{
    size_t features = csv->columns - 1, row = csv->keep ? csv->rows.count : 0;
    const char *at = line.at;
    enum snn_code rc = reserve(csv, err);

    for (size_t i = 0; rc == SNN_OK && i < features; i++) {
        const char *comma = memchr(at, ',', (size_t)(line.end - at));

        rc = read_feature(csv, i + 1, trim(at, comma), &csv->rows.values[row * features + i], err);
        at = comma + 1;
    }
    if (rc == SNN_OK)
        rc = read_label(csv, trim(at, line.end), &csv->rows.labels[row], err);
    if (rc == SNN_OK)
        csv->rows.count++;
    return rc;
}

/* A name in the last column, where every row has a number. "nan" is a number gone wrong, no name.
 */
static bool is_header(const struct csv *csv, struct text line)
{
    const char *last = line.end;
    struct text field;
    double v;

    while (last > line.at && last[-1] != ',')
        last--;
    field = trim(last, line.end);
    return field.at < field.end && !snn_number(&v, field.at, field.end, csv->c_locale) &&
           !snn_number_is_special(field.at, field.end);
}

/* What the first line tells; *header where it is no row. */
static enum snn_code first_line(struct csv *csv, struct text *line, size_t columns, bool *header,
                                struct snn_error *err)
{
    static const char mark[] =
        "\xef\xbb\xbf"; /* UTF-8's byte order mark, which some programs write */

    if ((size_t)(line->end - line->at) >= 3 && memcmp(line->at, mark, 3) == 0)
        line->at += 3;
    if (columns < 2)
        return snn_fail(err, SNN_FORMAT,
                        "%s: line %zu has 1 column, want at least 2: features and a label, "
                        "separated by commas",
                        csv->source->name, csv->line);
    csv->columns = columns;
    csv->first = csv->line;
    *header = is_header(csv, *line);
    return SNN_OK;
}

static enum snn_code read_line(struct csv *csv, struct text line, struct snn_error *err)
{
    struct text inner = trim(line.at, line.end);
    size_t columns = 1;
    bool header = false;
    enum snn_code rc = SNN_OK;

    if (inner.at == inner.end) {
        csv->blank = csv->blank ? csv->blank : csv->line;
        return SNN_OK;
    }
    if (csv->blank)
        return snn_fail(err, SNN_FORMAT, "%s: line %zu is blank, want a row: more follow it",
                        csv->source->name, csv->blank);
    for (const char *c = line.at; (c = memchr(c, ',', (size_t)(line.end - c))); c++)
        columns++;
    if (!csv->columns)
        rc = first_line(csv, &line, columns, &header, err);
    if (rc == SNN_OK && columns != csv->columns)
        rc = snn_fail(err, SNN_FORMAT, "%s: line %zu has %zu columns, want %zu as in line %zu",
                      csv->source->name, csv->line, columns, csv->columns, csv->first);
    return rc == SNN_OK && !header ? read_row(csv, line, err) : rc;
}

/* Gives back the room that was not used and hands the rows over. */
static enum snn_code finish(struct csv *csv, struct snn_samples *out, struct snn_error *err)
{
    struct snn_samples *rows = &csv->rows;
    size_t n = rows->count, features = csv->columns - 1;
    float *values;
    uint32_t *labels;

    if (n == 0)
        return snn_fail(err, SNN_FORMAT, "%s: no samples%s, want at least one row of numbers",
                        csv->source->name, csv->columns ? " after the header" : "");
    if (!csv->keep)
        return SNN_OK;
    values = realloc(rows->values, n * features * sizeof *values);
    if (values)
        rows->values = values;
    labels = realloc(rows->labels, n * sizeof *labels);
    if (labels)
        rows->labels = labels;
    if (!values || !labels)
        return snn_fail(err, SNN_NOMEM, "%s: no memory for %zu rows of %zu columns",
                        csv->source->name, n, csv->columns);
    rows->shape[0] = features;
    rows->rank = 1;
    *out = *rows;
    *rows = (struct snn_samples){0};
    return SNN_OK;
}

static enum snn_code begin(struct csv *csv, struct snn_error *err)
{
    size_t limit = csv->source->limit;

    csv->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    csv->size = limit < SNN_CSV_MAX_LINE ? limit + 1 : SNN_CSV_MAX_LINE;
    csv->buffer = csv->c_locale ? malloc(csv->size + 1) : NULL;
    if (!csv->buffer)
        return snn_fail(err, SNN_NOMEM, "%s: no memory to read it", csv->source->name);
    csv->buffer[0] = '\0';
    return SNN_OK;
}

enum snn_code snn_csv_read(struct snn_samples *out, struct snn_source *source, bool keep,
                           struct snn_error *err)
{
    struct csv csv = {.source = source, .keep = keep};
    struct text line = {"", ""};
    enum snn_code rc = begin(&csv, err);

    while (rc == SNN_OK && line.at) {
        rc = next_line(&csv, &line, err);
        if (rc == SNN_OK && line.at)
            rc = read_line(&csv, line, err);
    }
    if (rc == SNN_OK)
        rc = finish(&csv, out, err);
    if (csv.c_locale)
        freelocale(csv.c_locale);
    free(csv.buffer);
    snn_samples_clear(&csv.rows);
    return rc;
}

static enum snn_code read_path(struct snn_samples *out, const char *path, size_t max_bytes,
                               bool keep, struct snn_error *err)
{
    struct snn_source source;
    enum snn_code rc = snn_source_open(&source, path, max_bytes, err);

    if (rc != SNN_OK)
        return rc;
    rc = snn_csv_read(out, &source, keep, err);
    snn_source_close(&source);
    return rc;
}

enum snn_code snn_csv_open(struct snn_data *data, const char *const *paths, size_t max_bytes,
                           struct snn_error *err)
{
    enum snn_code rc = read_path(&data->train, paths[0], max_bytes, true, err);

    return rc == SNN_OK ? read_path(&data->test, paths[1], max_bytes, true, err) : rc;
}

enum snn_code snn_csv_check(size_t part, const char *path, size_t max_bytes, struct snn_error *err)
{
    (void)part; /* both are alike */
    return read_path(NULL, path, max_bytes, false, err);
}
