/* SPDX-License-Identifier: MIT */
/*
 * The lines of a text of numbers. CRLF, a byte order mark and blank lines at the end are allowed.
 */
#ifndef SPIKED_CORE_DATA_LINES_H
#define SPIKED_CORE_DATA_LINES_H

#include <locale.h>

#include "core/data/source.h"

#define SNN_LINES_MAX ((size_t)1 << 20) /* bytes of a line */

/* A piece of a line. The byte after it is readable and none of a number's. */
struct snn_text {
    const char *at, *end;
};

struct snn_lines {
    struct snn_source *source;
    locale_t c_locale; /* for numbers */
    size_t line;       /* number of the line in hand, from 1 */

    char *buffer; /* [size + 1]: one readable byte after the text */
    size_t size, begin, end;
    bool ended;   /* the source has no more */
    size_t blank; /* number of the first blank line, 0 if there was none */
};

/* SNN_NOMEM. Close it either way. */
enum snn_code snn_lines_open(struct snn_lines *l, struct snn_source *source, struct snn_error *err);
void snn_lines_close(struct snn_lines *l);
/* The next line that is not blank, without its end; line->at is NULL after the last. SNN_FORMAT for
 * a blank line among others, SNN_LIMIT, and what a source may fail with. */
enum snn_code snn_lines_next(struct snn_lines *l, struct snn_text *line, struct snn_error *err);

/* Calls `read` for every line in turn until one fails or they end. */
enum snn_code snn_lines_each(struct snn_lines *l,
                             enum snn_code (*read)(void *user, struct snn_text line,
                                                   struct snn_error *err),
                             void *user, struct snn_error *err);

struct snn_samples;
/* Opens the file and has `read` take its samples, or with `keep` false and `out` NULL only check
 * them. */
enum snn_code snn_lines_file(struct snn_samples *out, const char *path, size_t max_bytes, bool keep,
                             enum snn_code (*read)(struct snn_samples *out,
                                                   struct snn_source *source, bool keep,
                                                   struct snn_error *err),
                             struct snn_error *err);

struct snn_text snn_text_trim(const char *at, const char *end);
/* Is the last field a name? There every row has a number; "nan" is a number gone wrong, no name. */
bool snn_lines_is_header(const struct snn_lines *l, struct snn_text line);
/* A whole number from 0 to `max`, at most 2^53. */
bool snn_lines_whole(const struct snn_lines *l, struct snn_text field, uint64_t max, uint64_t *out);
/* SNN_FORMAT: file, line, column, what was found and what was wanted. */
enum snn_code snn_lines_wrong(const struct snn_lines *l, size_t column, struct snn_text field,
                              const char *want, struct snn_error *err);

#endif
