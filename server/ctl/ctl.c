/* SPDX-License-Identifier: MIT */
/* What commands share that has nothing to do with the server. */
#include "server/ctl/ctl.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#define MAX_FILE (64u << 20) /* of a job; what the server takes is for the server to say */

const char *ctl_operand(const struct ctl *c, size_t i)
{
    return i < c->args.n ? c->args.operand[i] : NULL;
}

const char *ctl_value(const struct ctl *c, const char *option)
{
    return ctl_args_value(&c->args, option);
}

enum ctl_exit ctl_fail(struct ctl *c, enum ctl_exit code, const char *format, ...)
{
    va_list args;

    fprintf(c->err, "%sspikectl:%s ", ctl_color(c, CTL_RED), ctl_color(c, CTL_PLAIN));
    va_start(args, format);
    vfprintf(c->err, format, args);
    va_end(args);
    fputc('\n', c->err);
    return code;
}

enum ctl_exit ctl_print(struct ctl *c, struct ctl_text *t)
{
    bool failed = t->failed;

    fputs(ctl_text_of(t), c->out);
    ctl_text_free(t);
    return failed ? ctl_fail(c, CTL_LOCAL, "no memory for the text") : CTL_OK;
}

const char *ctl_color(const struct ctl *c, enum ctl_color color)
{
    static const char *const codes[] = {
        [CTL_PLAIN] = "\033[0m",   [CTL_BOLD] = "\033[1m",    [CTL_RED] = "\033[31m",
        [CTL_GREEN] = "\033[32m",  [CTL_YELLOW] = "\033[33m", [CTL_DIM] = "\033[2m",
        [CTL_REVERSE] = "\033[7m",
    };

    return c->color ? codes[color] : "";
}

enum ctl_color ctl_status_color(const char *status)
{
    static const struct {
        const char *status;
        enum ctl_color color;
    } colors[] = {
        {"succeeded", CTL_GREEN},   {"ready", CTL_GREEN},       {"failed", CTL_RED},
        {"cancelled", CTL_YELLOW},  {"cancelling", CTL_YELLOW}, {"running", CTL_BOLD},
        {"incomplete", CTL_YELLOW},
    };

    for (size_t i = 0; i < sizeof colors / sizeof *colors; i++)
        if (strcmp(status, colors[i].status) == 0)
            return colors[i].color;
    return CTL_PLAIN;
}

static bool read_all(FILE *f, struct ctl_text *out)
{
    char bytes[16384];
    size_t n;

    while ((n = fread(bytes, 1, sizeof bytes, f)) > 0 && out->n <= MAX_FILE)
        ctl_text_bytes(out, bytes, n);
    return !ferror(f);
}

enum ctl_exit ctl_read_file(struct ctl *c, const char *path, struct ctl_text *out)
{
    bool standard = strcmp(path, "-") == 0;
    const char *name = standard ? "standard input" : path;
    FILE *f = standard ? c->in : fopen(path, "rb");
    enum ctl_exit rc = CTL_OK;

    if (!f)
        return ctl_fail(c, CTL_LOCAL, "%s: %s", path, strerror(errno));
    errno = 0;
    if (!read_all(f, out))
        rc = ctl_fail(c, CTL_LOCAL, "%s: %s", name, strerror(errno));
    else if (out->failed)
        rc = ctl_fail(c, CTL_LOCAL, "%s: no memory for it", name);
    else if (out->n > MAX_FILE)
        rc = ctl_fail(c, CTL_LOCAL, "%s: longer than %u bytes", name, MAX_FILE);
    if (!standard)
        fclose(f);
    return rc;
}

enum ctl_exit ctl_job_path(struct ctl *c, struct ctl_text *path, const char *id, const char *tail)
{
    return ctl_id_path(c, path, "/v1/jobs", "job", id, tail);
}

enum ctl_exit ctl_id_path(struct ctl *c, struct ctl_text *path, const char *under, const char *noun,
                          const char *id, const char *tail)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    struct ctl_text shown = {0};
    enum ctl_exit rc = CTL_OK;

    if (id[0] == '\0' || strlen(id) > 128 || id[strspn(id, letters)] != '\0') {
        ctl_text_safe(&shown, id);
        rc = ctl_fail(c, CTL_USAGE,
                      "\"%.60s\" cannot be the id of a %s: want letters, digits, "
                      "_ and -, as in %.3s_01ABC",
                      ctl_text_of(&shown), noun, strcmp(noun, "sweep") == 0 ? "swp" : noun);
        ctl_text_free(&shown);
        return rc;
    }
    ctl_text_add(path, "%s", under);
    ctl_path_add(path, id);
    ctl_text_add(path, "%s", tail);
    return rc;
}

/* ------------------------------------------------------------------------------------ JSON -- */

json_t *ctl_at(const json_t *value, const char *path)
{
    json_t *found = NULL;
    char key[64];

    for (; *path; value = found) {
        size_t n = strcspn(path, ".");

        if (n >= sizeof key)
            return NULL;
        memcpy(key, path, n);
        key[n] = '\0';
        found = json_object_get(value, key);
        path += n + (path[n] == '.');
    }
    return found;
}

double ctl_real(const json_t *value, const char *path)
{
    const json_t *v = ctl_at(value, path);

    return json_is_number(v) ? json_number_value(v) : (double)NAN;
}

int64_t ctl_integer(const json_t *value, const char *path)
{
    return (int64_t)json_integer_value(ctl_at(value, path));
}

const char *ctl_string(const json_t *value, const char *path)
{
    const char *text = json_string_value(ctl_at(value, path));

    return text ? text : "";
}

bool ctl_add_json(struct ctl_text *t, json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    const bool made = text != NULL;

    json_decref(value);
    if (made)
        ctl_text_bytes(t, text, strlen(text));
    free(text);
    return made && !t->failed;
}
