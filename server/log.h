/* SPDX-License-Identifier: MIT */
/* One line per event on standard error, `time=... level=info event=job_started job=job_01...
 * key=value`, or the same as an object of JSON. Values are quoted where needed and control
 * characters escaped. @thread any */
#ifndef SPIKED_SERVER_LOG_H
#define SPIKED_SERVER_LOG_H

#include "core/snn.h"

#define SRV_LOG_LEVELS(X) X(debug) X(info) X(warning) X(error)
#define SRV_LOG_ENUM(name) SRV_LOG_##name,
enum srv_log_level { SRV_LOG_LEVELS(SRV_LOG_ENUM) SRV_LOG_LEVEL_COUNT };
#undef SRV_LOG_ENUM

/* Lines below `level` are dropped. @thread startup */
void srv_log_start(enum srv_log_level level, FILE *to);
/* From now on lines are `{"time":"...","level":"info",...}`: whole numbers as numbers, all else as
 * strings. @thread startup */
void srv_log_as_json(bool json);
/* "text" or "json". */
enum snn_code srv_log_format_parse(bool *json, const char *text, struct snn_error *err);
enum snn_code srv_log_level_parse(enum srv_log_level *out, const char *text, struct snn_error *err);

/* `event` is a snake_case word; then pairs `"key", "format", value...` are awkward in C, so: one
 * format whose result is `key=value key="two words"` (use srv_log_quote for text from outside). */
void srv_log(enum srv_log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* text as a quoted, escaped value in buf (cut to fit); returns buf. */
const char *srv_log_quote(char *buf, size_t size, const char *text);

#endif
