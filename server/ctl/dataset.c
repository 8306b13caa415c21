/* SPDX-License-Identifier: MIT */
/* Data sets: list, show, delete. */
#include <math.h>
#include <string.h>

#include "server/ctl/ctl.h"
#include "server/ctl/dataset.h"
#include "server/ctl/format.h"

enum ctl_exit ctl_dataset_path(struct ctl *c, struct ctl_text *path, const char *id)
{
    ctl_text_add(path, "/v1/datasets");
    if (ctl_path_add(path, id))
        return CTL_OK;
    ctl_text_free(path);
    return ctl_fail(c, CTL_USAGE, "\"%s\" cannot be the id of a data set", id);
}

/* "8x8" */
static void add_shape(struct ctl_text *t, const json_t *d)
{
    const json_t *side;
    size_t i;

    json_array_foreach(ctl_at(d, "shape"), i, side)
        ctl_text_add(t, "%s%lld", i ? "x" : "", (long long)json_integer_value(side));
}

static void add_padded(struct ctl_text *t, const char *text, size_t width)
{
    size_t start = t->n;

    ctl_text_safe(t, text);
    ctl_text_repeat(t, ' ', t->n - start < width ? width - (t->n - start) : 0);
    ctl_text_add(t, " ");
}

static void add_line(struct ctl *c, struct ctl_text *t, const json_t *d)
{
    const char *status = ctl_string(d, "status");
    struct ctl_text shape = {0};

    add_shape(&shape, d);
    add_padded(t, ctl_string(d, "name"), 20);
    add_padded(t, ctl_string(d, "format"), 7);
    add_padded(t, ctl_string(d, "origin"), 9);
    ctl_text_add(t, "%s", ctl_color(c, ctl_status_color(status)));
    add_padded(t, status, 10);
    ctl_text_add(t, "%s%7s %7s %10s %7s  ", ctl_color(c, CTL_PLAIN),
                 ctl_count(ctl_real(d, "samples.train")).s,
                 ctl_count(ctl_real(d, "samples.test")).s, ctl_text_of(&shape),
                 ctl_count(ctl_real(d, "classes")).s);
    ctl_text_safe(t, ctl_string(d, "id"));
    ctl_text_add(t, "\n");
    ctl_text_free(&shape);
}

enum ctl_exit ctl_dataset_list(struct ctl *c)
{
    struct ctl_text path = {0}, t = {0};
    json_t *page, *d;
    enum ctl_exit rc;
    size_t i;

    ctl_text_add(&path, "/v1/datasets");
    rc = ctl_fetch(c, "GET", &path, &page);
    if (rc == CTL_OK && !c->json) {
        ctl_text_add(&t, "%s%-20s %-7s %-9s %-10s %7s %7s %10s %7s  %s%s\n", ctl_color(c, CTL_BOLD),
                     "NAME", "FORMAT", "ORIGIN", "STATUS", "TRAIN", "TEST", "SHAPE", "CLASSES",
                     "ID", ctl_color(c, CTL_PLAIN));
        json_array_foreach(ctl_at(page, "data"), i, d) add_line(c, &t, d);
        rc = ctl_print(c, &t);
    }
    json_decref(page);
    return rc;
}

/* ------------------------------------------------------------------------------------ show -- */

static void add_text(struct ctl_text *t, const char *name, const char *value)
{
    if (value[0] == '\0' || strcmp(value, "-") == 0)
        return;
    ctl_text_add(t, "%-10s ", name);
    ctl_text_safe(t, value);
    ctl_text_add(t, "\n");
}

static void add_files(struct ctl_text *t, const json_t *d)
{
    const json_t *file, *part;
    size_t i;

    json_array_foreach(ctl_at(d, "files"), i, file)
    {
        ctl_text_add(t, "%-10s ", "file");
        ctl_text_safe(t, ctl_string(file, "part"));
        ctl_text_add(t, ", %s, sha256 ", ctl_bytes(ctl_real(file, "bytes")).s);
        ctl_text_safe(t, ctl_string(file, "sha256"));
        ctl_text_add(t, "\n");
    }
    json_array_foreach(ctl_at(d, "missing_parts"), i, part)
        add_text(t, "missing", json_string_value(part) ? json_string_value(part) : "");
}

void ctl_dataset_add(struct ctl_text *t, const json_t *d)
{
    struct ctl_text shape = {0};

    add_shape(&shape, d);
    add_text(t, "id", ctl_string(d, "id"));
    add_text(t, "name", ctl_string(d, "name"));
    add_text(t, "status", ctl_string(d, "status"));
    add_text(t, "reason", ctl_string(d, "reason"));
    add_text(t, "format", ctl_string(d, "format"));
    add_text(t, "origin", ctl_string(d, "origin"));
    add_text(t, "created", ctl_when(ctl_integer(d, "created_at")).s);
    if (json_is_object(ctl_at(d, "samples")))
        ctl_text_add(t, "%-10s %lld to train, %lld to test\n", "samples",
                     (long long)ctl_integer(d, "samples.train"),
                     (long long)ctl_integer(d, "samples.test"));
    add_text(t, "shape", ctl_text_of(&shape));
    add_text(t, "classes", ctl_count(ctl_real(d, "classes")).s);
    add_text(t, "size", ctl_bytes(ctl_real(d, "bytes")).s);
    add_text(t, "sha256", ctl_string(d, "sha256"));
    add_files(t, d);
    ctl_text_free(&shape);
}

enum ctl_exit ctl_dataset_show(struct ctl *c)
{
    struct ctl_text path = {0}, t = {0};
    enum ctl_exit rc = ctl_dataset_path(c, &path, ctl_operand(c, 0));
    json_t *d;

    if (rc != CTL_OK)
        return rc;
    rc = ctl_fetch(c, "GET", &path, &d);
    if (rc == CTL_OK && !c->json) {
        ctl_dataset_add(&t, d);
        rc = ctl_print(c, &t);
    }
    json_decref(d);
    return rc;
}

enum ctl_exit ctl_dataset_delete(struct ctl *c)
{
    struct ctl_text path = {0}, shown = {0};
    enum ctl_exit rc = ctl_dataset_path(c, &path, ctl_operand(c, 0));
    json_t *answer, *note;

    if (rc != CTL_OK)
        return rc;
    rc = ctl_fetch(c, "DELETE", &path, &answer);
    json_decref(answer);
    if (rc != CTL_OK || (c->json && answer))
        return rc;
    if (c->json) { /* there is nothing of the server's to print */
        note = json_pack("{s:s, s:b}", "id", ctl_operand(c, 0), "deleted", 1);
        if (note && json_dumpf(note, c->out, JSON_COMPACT) == 0)
            fputc('\n', c->out);
        json_decref(note);
        return rc;
    }
    ctl_text_safe(&shown, ctl_operand(c, 0));
    ctl_text_add(&shown, " deleted\n");
    return ctl_print(c, &shown);
}
