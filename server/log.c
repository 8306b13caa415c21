/* SPDX-License-Identifier: MIT */
/* A line is put together in memory and written at once, so lines of different threads do not mix.
 * Whatever the format let through, only printable ASCII leaves: a log cannot be forged or move a
 * terminal's cursor. */
#include "server/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "server/log_json.h"
#include "server/meter.h"

/* Of a line, and of its text: JSON needs more of the same. */
#define LINE_SIZE 8192
#define TEXT_SIZE 2047

static const char *const level_names[] = {
#define LEVEL_NAME(name) #name,
    SRV_LOG_LEVELS(LEVEL_NAME)
#undef LEVEL_NAME
};

/* Guards the destination: which it is, and what is written to it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static FILE *destination;
/* Written by srv_log_start, read by every thread that logs. */
static atomic_int threshold = SRV_LOG_info;
static atomic_bool as_json;

/* Writes c, escaped where needed, into out (5 bytes at most with the end); returns its length. */
static size_t escape(char out[5], char c, bool quoted)
{
    static const char digits[] = "0123456789abcdef";
    static const char special[] = "\n\r\t", letters[] = "nrt";
    const char *at = c ? strchr(special, c) : NULL;
    size_t n = 0;

    if (at || (quoted && (c == '"' || c == '\\'))) {
        out[n++] = '\\';
        out[n++] = at ? letters[at - special] : c;
    } else if (c < 0x20 || c > 0x7e) {
        out[n++] = '\\';
        out[n++] = 'x';
        out[n++] = digits[((unsigned char)c) >> 4];
        out[n++] = digits[((unsigned char)c) & 15];
    } else {
        out[n++] = c;
    }
    out[n] = '\0';
    return n;
}

/* Escapes text into out[0..room), never splitting an escape; returns the length. out is not
 * terminated. */
static size_t escape_all(char *out, size_t room, const char *text, bool quoted)
{
    size_t used = 0;

    for (; *text; text++) {
        char one[5];
        size_t n = escape(one, *text, quoted);

        if (n > room - used)
            break;
        memcpy(out + used, one, n);
        used += n;
    }
    return used;
}

static size_t timestamp(char *out, size_t size)
{
    struct timespec now = {0};
    struct tm utc = {0};
    char seconds[32] = "";
    int n;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
    n = snprintf(out, size, "time=%s.%03dZ", seconds, (int)(now.tv_nsec / 1000000));
    return n > 0 ? (size_t)n : 0;
}

void srv_log_start(enum srv_log_level level, FILE *to)
{
    atomic_store(&threshold, (int)level);
    pthread_mutex_lock(&lock);
    destination = to;
    pthread_mutex_unlock(&lock);
}

void srv_log_as_json(bool json)
{
    atomic_store(&as_json, json);
}

enum snn_code srv_log_format_parse(bool *json, const char *text, struct snn_error *err)
{
    *json = strcmp(text, "json") == 0;
    if (*json || strcmp(text, "text") == 0)
        return SNN_OK;
    return snn_fail(err, SNN_INVALID, "'%.32s' is not a log format; want one of: text, json", text);
}

enum snn_code srv_log_level_parse(enum srv_log_level *out, const char *text, struct snn_error *err)
{
    char list[64] = "";
    size_t used = 0;

    for (size_t i = 0; i < SRV_LOG_LEVEL_COUNT; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *out = (enum srv_log_level)i;
            return SNN_OK;
        }
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "",
                                 level_names[i]);
    }
    return snn_fail(err, SNN_INVALID, "'%.32s' is not a log level; want one of: %s", text, list);
}

void srv_log(enum srv_log_level level, const char *event, const char *format, ...)
{
    char raw[LINE_SIZE], line[LINE_SIZE];
    FILE *to;
    size_t used;
    va_list args;
    int n;

    if ((int)level < atomic_load(&threshold))
        return;
    if (level >= SRV_LOG_warning)
        srv_count(level == SRV_LOG_warning ? SRV_COUNTER_log_warnings : SRV_COUNTER_log_errors, 1);
    used = timestamp(line, sizeof line);
    n = snprintf(raw, sizeof raw, " level=%s event=%s%s", level_names[level], event,
                 format ? " " : "");
    if (format && n > 0 && (size_t)n < sizeof raw) {
        va_start(args, format);
        vsnprintf(raw + n, sizeof raw - (size_t)n, format, args);
        va_end(args);
    }
    used += escape_all(line + used, TEXT_SIZE - used, raw, false);
    if (atomic_load(&as_json)) {
        line[used] = '\0';
        used = srv_log_json(raw, sizeof raw - 2, line);
        memcpy(line, raw, used);
    }
    line[used++] = '\n';
    pthread_mutex_lock(&lock);
    to = destination ? destination : stderr;
    /* A log that cannot be written is no reason to stop serving. */
    (void)!fwrite(line, 1, used, to);
    fflush(to);
    pthread_mutex_unlock(&lock);
}

const char *srv_log_quote(char *buf, size_t size, const char *text)
{
    size_t used = 0;

    if (size < 3) {
        if (size)
            buf[0] = '\0';
        return buf;
    }
    buf[used++] = '"';
    used += escape_all(buf + used, size - 2 - used, text ? text : "", true);
    buf[used++] = '"';
    buf[used] = '\0';
    return buf;
}
