/* SPDX-License-Identifier: MIT */
#include "core/data/csv.h"

#include "core/data/lines.h"
#include "core/data/number.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROWS 64

struct csv {
    struct snn_lines lines;
    struct snn_samples rows;
    size_t capacity; /* rows there is room for */
    bool keep;
    size_t columns; /* of the first line, 0 before it */
    size_t first;   /* the first line's number */
};

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
        return snn_fail(err, SNN_LIMIT, "%s: more rows than can be addressed",
                        csv->lines.source->name);
    values = realloc(csv->rows.values, want * features * sizeof *values);
    if (values)
        csv->rows.values = values;
    labels = realloc(csv->rows.labels, want * sizeof *labels);
    if (labels)
        csv->rows.labels = labels;
    if (!values || !labels)
        return snn_fail(err, SNN_NOMEM, "%s: no memory for %zu rows of %zu columns",
                        csv->lines.source->name, want, csv->columns);
    csv->capacity = want;
    return SNN_OK;
}

static enum snn_code read_feature(const struct csv *csv, size_t column, struct snn_text field,
                                  float *out, struct snn_error *err)
{
    double v;

    if (!snn_number(&v, field.at, field.end, csv->lines.c_locale))
        return snn_lines_wrong(&csv->lines, column, field, "a finite number", err);
    if (fabs(v) > (double)FLT_MAX)
        return snn_lines_wrong(&csv->lines, column, field, "a number that fits a 32-bit float",
                               err);
    *out = (float)v;
    return SNN_OK;
}

static enum snn_code read_label(const struct csv *csv, struct snn_text field, uint32_t *out,
                                struct snn_error *err)
{
    uint64_t label;

    if (!snn_lines_whole(&csv->lines, field, SNN_CSV_MAX_LABEL, &label))
        return snn_lines_wrong(&csv->lines, csv->columns, field, SNN_CSV_WANT_LABEL, err);
    *out = (uint32_t)label;
    return SNN_OK;
}

static enum snn_code read_row(struct csv *csv, struct snn_text line, struct snn_error *err)
{
    size_t features = csv->columns - 1, row = csv->keep ? csv->rows.count : 0;
    const char *at = line.at;
    enum snn_code rc = reserve(csv, err);

    for (size_t i = 0; rc == SNN_OK && i < features; i++) {
        const char *comma = memchr(at, ',', (size_t)(line.end - at));

        rc = read_feature(csv, i + 1, snn_text_trim(at, comma),
                          &csv->rows.values[row * features + i], err);
        at = comma + 1;
    }
    if (rc == SNN_OK)
        rc = read_label(csv, snn_text_trim(at, line.end), &csv->rows.labels[row], err);
    if (rc == SNN_OK)
        csv->rows.count++;
    return rc;
}

/* What the first line tells; *header where it is no row. */
static enum snn_code first_line(struct csv *csv, struct snn_text line, size_t columns, bool *header,
                                struct snn_error *err)
{
    if (columns < 2)
        return snn_fail(err, SNN_FORMAT,
                        "%s: line %zu has 1 column, want at least 2: features and a label, "
                        "separated by commas",
                        csv->lines.source->name, csv->lines.line);
    csv->columns = columns;
    csv->first = csv->lines.line;
    *header = snn_lines_is_header(&csv->lines, line);
    return SNN_OK;
}

static enum snn_code read_line(void *user, struct snn_text line, struct snn_error *err)
{
    struct csv *csv = user;
    size_t columns = 1;
    bool header = false;
    enum snn_code rc = SNN_OK;

    for (const char *c = line.at; (c = memchr(c, ',', (size_t)(line.end - c))); c++)
        columns++;
    if (!csv->columns)
        rc = first_line(csv, line, columns, &header, err);
    if (rc == SNN_OK && columns != csv->columns)
        rc = snn_fail(err, SNN_FORMAT, "%s: line %zu has %zu columns, want %zu as in line %zu",
                      csv->lines.source->name, csv->lines.line, columns, csv->columns, csv->first);
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
                        csv->lines.source->name, csv->columns ? " after the header" : "");
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
                        csv->lines.source->name, n, csv->columns);
    rows->shape[0] = features;
    rows->rank = 1;
    *out = *rows;
    *rows = (struct snn_samples){0};
    return SNN_OK;
}

enum snn_code snn_csv_read(struct snn_samples *out, struct snn_source *source, bool keep,
                           struct snn_error *err)
{
    struct csv csv = {.keep = keep};
    enum snn_code rc = snn_lines_open(&csv.lines, source, err);

    if (rc == SNN_OK)
        rc = snn_lines_each(&csv.lines, read_line, &csv, err);
    if (rc == SNN_OK)
        rc = finish(&csv, out, err);
    snn_lines_close(&csv.lines);
    snn_samples_clear(&csv.rows);
    return rc;
}

enum snn_code snn_csv_open(struct snn_data *data, const char *const *paths, size_t max_bytes,
                           struct snn_error *err)
{
    enum snn_code rc = snn_lines_file(&data->train, paths[0], max_bytes, true, snn_csv_read, err);

    return rc == SNN_OK ? snn_lines_file(&data->test, paths[1], max_bytes, true, snn_csv_read, err)
                        : rc;
}

enum snn_code snn_csv_check(size_t part, const char *path, size_t max_bytes, struct snn_error *err)
{
    (void)part; /* both are alike */
    return snn_lines_file(NULL, path, max_bytes, false, snn_csv_read, err);
}
