/* SPDX-License-Identifier: MIT */
#include "server/log_json.h"

#include <stdbool.h>
#include <string.h>

struct text {
    char *out;
    size_t used, room;
    bool full;
};

static void put(struct text *t, const char *bytes, size_t n)
{
    t->full = t->full || n > t->room - t->used;
    if (t->full)
        return;
    memcpy(t->out + t->used, bytes, n);
    t->used += n;
}

/* What JSON takes for a whole number that no reader rounds. */
static bool is_number(const char *value, size_t n)
{
    size_t sign = n > 0 && value[0] == '-', digits = strspn(value + sign, "0123456789");

    return digits > 0 && digits <= 15 && sign + digits == n && (digits == 1 || value[sign] != '0');
}

/* The log's escapes are JSON's but for \xNN, which stays readable as it is; a quote inside a word
 * that is not quoted is nobody's. */
static void put_string(struct text *t, const char *value, size_t n)
{
    put(t, "\"", 1);
    for (size_t i = 0; i < n; i++) {
        bool known = value[i] == '\\' && i + 1 < n && strchr("nrt\"\\", value[i + 1]);

        if (known)
            put(t, value + i++, 1);
        else if (value[i] == '\\' || value[i] == '"')
            put(t, "\\", 1);
        put(t, value + i, 1);
    }
    put(t, "\"", 1);
}

/* The end of a value that begins here: a quoted one ends with its quote, any other at a blank. */
static size_t value_size(const char *value)
{
    size_t n = 1;

    if (value[0] != '"')
        return strcspn(value, " ");
    while (value[n] && value[n] != '"')
        n += value[n] == '\\' && value[n + 1] ? 2 : 1;
    return n + (value[n] == '"');
}

static void put_value(struct text *t, const char *value, size_t n)
{
    if (n >= 2 && value[0] == '"' && value[n - 1] == '"')
        put_string(t, value + 1, n - 2);
    else if (is_number(value, n))
        put(t, value, n);
    else
        put_string(t, value, n);
}

size_t srv_log_json(char *out, size_t room, const char *line)
{
    struct text t = {.out = out, .room = room - 1}; /* the last is for the brace */

    put(&t, "{", 1);
    while (line[0]) {
        size_t key = strcspn(line, "= "), before = t.used, n;

        if (key == 0 || line[key] != '=') { /* a blank, or a word alone: a line that was cut */
            line += key + (line[key] != '\0');
            continue;
        }
        n = value_size(line + key + 1);
        if (t.used > 1)
            put(&t, ",", 1);
        put_string(&t, line, key);
        put(&t, ":", 1);
        put_value(&t, line + key + 1, n);
        if (t.full)
            t.used = before; /* the next one may be shorter */
        t.full = false;
        line += key + 1 + n;
    }
    out[t.used++] = '}';
    return t.used;
}
