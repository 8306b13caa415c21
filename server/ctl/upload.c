/* SPDX-License-Identifier: MIT */
/* Uploading a data set: made empty, then file by file. One that is there and lacks parts is gone on
 * with. A new one of which nothing came through is removed again. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "server/ctl/dataset.h"
#include "server/ctl/draw.h"
#include "server/ctl/format.h"

#define MAX_PARTS CTL_MAX_OPERANDS

struct part {
    struct ctl *c;
    char name[64];
    const char *path;
    FILE *f;
    int64_t size;
    bool drawn;
};

/* PART=FILE, opened: that all of them can be read is known before anything is sent. */
static enum ctl_exit open_part(struct ctl *c, struct part *p, const char *word)
{
    const char *equals = strchr(word, '=');
    size_t n = equals ? (size_t)(equals - word) : 0;
    struct stat st;

    *p = (struct part){.c = c};
    if (n == 0 || n >= sizeof p->name || equals[1] == '\0')
        return ctl_fail(c, CTL_USAGE, "\"%.60s\" is no PART=FILE, as in train-images=FILE", word);
    memcpy(p->name, word, n);
    p->path = equals + 1;
    p->f = fopen(p->path, "rb");
    if (!p->f || fstat(fileno(p->f), &st) != 0)
        return ctl_fail(c, CTL_LOCAL, "%s: %s", p->path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return ctl_fail(c, CTL_LOCAL, "%s: it is no regular file", p->path);
    p->size = (int64_t)st.st_size;
    return CTL_OK;
}

static void on_progress(void *user, int64_t done, int64_t total)
{
    struct part *p = user;
    struct ctl_text t = {0};

    (void)total;
    if (!p->c->tty || p->c->json || p->size == 0)
        return;
    ctl_draw_bar(&t, (double)done / (double)p->size, 20);
    fprintf(p->c->out, "\r%s %s %s of %s\033[K", p->name, ctl_text_of(&t),
            ctl_bytes((double)done).s, ctl_bytes((double)p->size).s);
    fflush(p->c->out);
    ctl_text_free(&t);
    p->drawn = true;
}

/* *out: the data set as it then is, as text. */
static enum ctl_exit put_part(struct ctl *c, struct part *p, const char *id, struct ctl_text *out)
{
    struct ctl_text path = {0};
    struct ctl_reply reply;
    enum ctl_exit rc = ctl_dataset_path(c, &path, id);

    if (rc != CTL_OK)
        return rc;
    ctl_text_add(&path, "/files");
    if (!ctl_path_add(&path, p->name)) {
        ctl_text_free(&path);
        return ctl_fail(c, CTL_USAGE, "\"%s\" cannot be the name of a part", p->name);
    }
    rc = ctl_call(c,
                  &(struct ctl_request){.method = "PUT",
                                        .path = ctl_text_of(&path),
                                        .upload = p->f,
                                        .upload_size = p->size,
                                        .progress = on_progress,
                                        .user = p},
                  &reply);
    if (p->drawn)
        fputs("\r\033[K", c->out);
    if (rc == CTL_OK && !c->json)
        fprintf(c->out, "%s: %s\n", p->name, ctl_bytes((double)p->size).s);
    ctl_text_free(&path);
    ctl_text_free(out);
    *out = reply.body; /* the caller's now */
    return rc;
}

/* The data set to fill. */
struct target {
    char *id;
    bool made; /* by this command */
};

static enum ctl_exit keep_id(struct ctl *c, const json_t *d, struct target *out)
{
    out->id = strdup(ctl_string(d, "id"));
    return out->id ? CTL_OK : ctl_fail(c, CTL_LOCAL, "no memory for the id");
}

/* The upload of that name, if it lacks parts and has the format; else *found stays false. */
static enum ctl_exit find_unfinished(struct ctl *c, const char *name, const char *format,
                                     struct target *out, bool *found)
{
    struct ctl_text path = {0};
    struct ctl_reply reply = {0};
    enum ctl_exit rc = ctl_dataset_path(c, &path, name);
    json_t *d = NULL;

    *found = false;
    if (rc != CTL_OK)
        return rc;
    if (ctl_client_send(c->client, &(struct ctl_request){.path = ctl_text_of(&path), .seconds = 30},
                        &reply) &&
        reply.status == 200)
        d = json_loadb(ctl_text_of(&reply.body), reply.body.n, 0, NULL);
    *found = strcmp(ctl_string(d, "origin"), "upload") == 0 &&
             strcmp(ctl_string(d, "status"), "incomplete") == 0 &&
             strcmp(ctl_string(d, "format"), format) == 0;
    if (*found)
        rc = keep_id(c, d, out);
    json_decref(d);
    ctl_reply_clear(&reply);
    ctl_text_free(&path);
    return rc;
}

/* Makes the data set, or finds the one that is to be gone on with. */
static enum ctl_exit find_target(struct ctl *c, const char *name, const char *format,
                                 struct target *out)
{
    json_t *want = json_pack("{s:s, s:s}", "name", name, "format", format), *d = NULL;
    char *text = want ? json_dumps(want, JSON_COMPACT) : NULL;
    struct ctl_reply reply;
    enum ctl_exit rc = CTL_OK;
    bool found = false;

    json_decref(want);
    if (!text)
        return ctl_fail(c, CTL_USAGE, "the name is no UTF-8, or there is no memory");
    ctl_client_send(c->client,
                    &(struct ctl_request){.method = "POST",
                                          .path = "/v1/datasets",
                                          .type = "application/json",
                                          .body = text,
                                          .size = strlen(text),
                                          .seconds = c->timeout > 0 ? c->timeout : 30},
                    &reply);
    if (reply.status == 409)
        rc = find_unfinished(c, name, format, out, &found);
    if (rc == CTL_OK && !found)
        rc = ctl_judge(c, &reply);
    if (rc == CTL_OK && !found) {
        d = ctl_parse(c, &reply);
        rc = d ? keep_id(c, d, out) : CTL_UNREACHABLE;
        out->made = rc == CTL_OK;
    }
    json_decref(d);
    ctl_reply_clear(&reply);
    free(text);
    return rc;
}

static void take_back(struct ctl *c, const char *id)
{
    struct ctl_text path = {0};
    struct ctl_reply reply = {0};
    bool gone = ctl_dataset_path(c, &path, id) == CTL_OK &&
                ctl_client_send(c->client,
                                &(struct ctl_request){
                                    .method = "DELETE", .path = ctl_text_of(&path), .seconds = 10},
                                &reply) &&
                reply.status / 100 == 2;

    fprintf(c->err,
            gone ? "the data set %s is removed again\n"
                 : "the data set %s is left as it is: see spikectl dataset delete\n",
            id);
    ctl_reply_clear(&reply);
    ctl_text_free(&path);
}

/* What is missing, and the command that brings it. */
static void say_missing(struct ctl *c, const json_t *d)
{
    const json_t *missing = ctl_at(d, "missing_parts"), *part;
    struct ctl_text list = {0}, words = {0}, shown = {0};
    size_t i;

    json_array_foreach(missing, i, part)
    {
        const char *name = json_string_value(part) ? json_string_value(part) : "";

        ctl_text_add(&list, "%s%s", i ? ", " : "", name);
        ctl_text_add(&words, " %s=FILE", name);
    }
    ctl_text_safe(&shown, ctl_text_of(&list));
    fprintf(c->err, "it cannot be used yet: %s %s missing\n", ctl_text_of(&shown),
            json_array_size(missing) == 1 ? "is" : "are");
    ctl_text_free(&shown);
    ctl_text_safe(&shown, ctl_text_of(&words));
    fprintf(c->err, "go on with: spikectl dataset upload %s --format %s%s\n", ctl_operand(c, 0),
            ctl_value(c, "format"), ctl_text_of(&shown));
    ctl_text_free(&shown);
    ctl_text_free(&words);
    ctl_text_free(&list);
}

static enum ctl_exit show(struct ctl *c, const struct ctl_text *text)
{
    struct ctl_text t = {0};
    enum ctl_exit rc = CTL_OK;
    json_t *d = json_loadb(ctl_text_of(text), text->n, 0, NULL);

    if (c->json) {
        ctl_print_json(c->out, text, false);
    } else {
        ctl_dataset_add(&t, d);
        rc = ctl_print(c, &t);
    }
    if (strcmp(ctl_string(d, "status"), "incomplete") == 0)
        say_missing(c, d);
    json_decref(d);
    return rc;
}

static enum ctl_exit upload(struct ctl *c, struct part *parts, size_t n, const char *format)
{
    struct ctl_text last = {0};
    struct target to = {0};
    enum ctl_exit rc = find_target(c, ctl_operand(c, 0), format, &to);
    size_t done = 0;

    if (rc != CTL_OK)
        return rc;
    while (rc == CTL_OK && done < n) {
        rc = put_part(c, &parts[done], to.id, &last);
        done += rc == CTL_OK;
    }
    if (rc == CTL_OK)
        rc = show(c, &last);
    else if (to.made && done == 0)
        take_back(c, to.id);
    else
        fprintf(c->err,
                "the data set %s stays with what came through: give the command again with the "
                "other parts\n",
                ctl_operand(c, 0));
    ctl_text_free(&last);
    free(to.id);
    return rc;
}

enum ctl_exit ctl_dataset_upload(struct ctl *c)
{
    const char *format = ctl_value(c, "format");
    struct part parts[MAX_PARTS];
    enum ctl_exit rc = CTL_OK;
    size_t n = 0;

    if (!format)
        return ctl_fail(c, CTL_USAGE, "dataset upload wants --format idx or --format csv");
    while (rc == CTL_OK && ctl_operand(c, n + 1)) {
        rc = open_part(c, &parts[n], ctl_operand(c, n + 1));
        n++;
    }
    if (rc == CTL_OK)
        rc = upload(c, parts, n, format);
    for (size_t i = 0; i < n; i++)
        if (parts[i].f)
            fclose(parts[i].f);
    return rc;
}
