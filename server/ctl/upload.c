/* SPDX-License-Identifier: MIT */
/* Uploading a data set: made empty, then file by file. What fails half-way is removed again, so
 * that the same command can be given once more. */
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

/* The empty data set's id. */
static enum ctl_exit create(struct ctl *c, const char *name, const char *format, char **id)
{
    bool json = c->json;
    json_t *want = json_pack("{s:s, s:s}", "name", name, "format", format), *d = NULL;
    char *text = want ? json_dumps(want, JSON_COMPACT) : NULL;
    struct ctl_text body = {.data = text, .n = text ? strlen(text) : 0};
    enum ctl_exit rc;

    json_decref(want);
    if (!text)
        return ctl_fail(c, CTL_USAGE, "the name is no UTF-8, or there is no memory");
    c->json = false; /* what is printed is the finished data set */
    rc = ctl_post(c, "/v1/datasets", &body, &d);
    c->json = json;
    free(text);
    *id = d ? strdup(ctl_string(d, "id")) : NULL;
    json_decref(d);
    return rc == CTL_OK && !*id ? ctl_fail(c, CTL_LOCAL, "no memory for the id") : rc;
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

static enum ctl_exit show(struct ctl *c, const struct ctl_text *text)
{
    struct ctl_text t = {0};
    json_t *d;

    if (c->json) {
        ctl_print_json(c->out, text, false);
        return CTL_OK;
    }
    d = json_loadb(ctl_text_of(text), text->n, 0, NULL);
    ctl_dataset_add(&t, d);
    if (strcmp(ctl_string(d, "status"), "ready") != 0)
        fprintf(c->err, "it cannot be used before the missing parts are there\n");
    json_decref(d);
    return ctl_print(c, &t);
}

static enum ctl_exit upload(struct ctl *c, struct part *parts, size_t n, const char *format)
{
    struct ctl_text last = {0};
    char *id = NULL;
    enum ctl_exit rc = create(c, ctl_operand(c, 0), format, &id);

    if (rc != CTL_OK)
        return rc;
    for (size_t i = 0; rc == CTL_OK && i < n; i++)
        rc = put_part(c, &parts[i], id, &last);
    if (rc == CTL_OK)
        rc = show(c, &last);
    else
        take_back(c, id);
    ctl_text_free(&last);
    free(id);
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
