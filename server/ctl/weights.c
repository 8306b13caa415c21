/* SPDX-License-Identifier: MIT */
/* The trained model, to a file that is there whole or not at all. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "server/ctl/ctl.h"
#include "server/ctl/draw.h"
#include "server/ctl/format.h"
#include "server/ctl/sha256.h"

struct download {
    struct ctl *c;
    FILE *to;
    int64_t bytes;
    struct ctl_sha256 digest;
    int error;
    bool drawn;
};

static bool on_bytes(void *user, const void *bytes, size_t n)
{
    struct download *d = user;

    if (fwrite(bytes, 1, n, d->to) != n) {
        d->error = errno;
        return false;
    }
    d->bytes += (int64_t)n;
    ctl_sha256_add(&d->digest, bytes, n);
    return true;
}

static void on_progress(void *user, int64_t done, int64_t total)
{
    struct download *d = user;
    struct ctl_text t = {0};

    if (!d->c->tty || d->to == d->c->out || total <= 0)
        return;
    ctl_draw_bar(&t, (double)done / (double)total, 20);
    fprintf(d->c->out, "\r%s %s\033[K", ctl_text_of(&t), ctl_bytes((double)done).s);
    fflush(d->c->out);
    ctl_text_free(&t);
    d->drawn = true;
}

/* Whether what came is what the server has: its ETag is the digest of the file. */
static enum ctl_exit check(struct download *d, const struct ctl_reply *reply, char hex[65])
{
    ctl_sha256_hex(&d->digest, hex);
    if (d->drawn)
        fputs("\r\033[K", d->c->out);
    if (strlen(reply->etag) == 64 && strcmp(reply->etag, hex) != 0)
        return ctl_fail(d->c, CTL_UNREACHABLE,
                        "what came has the SHA-256 %s, want the server's %s: the file is damaged",
                        hex, reply->etag);
    return CTL_OK;
}

static enum ctl_exit transfer(struct download *d, const char *path, char hex[65])
{
    struct ctl_request request = {
        .path = path, .sink = on_bytes, .progress = on_progress, .user = d};
    struct ctl_reply reply;
    enum ctl_exit rc;

    ctl_sha256_init(&d->digest);
    rc = ctl_call(d->c, &request, &reply);
    if (rc == CTL_OK)
        rc = check(d, &reply, hex);
    ctl_reply_clear(&reply);
    return rc;
}

static enum ctl_exit to_standard_output(struct ctl *c, const char *path)
{
    struct download d = {.c = c, .to = c->out};
    char hex[65];
    enum ctl_exit rc = transfer(&d, path, hex);

    if (rc == CTL_OK)
        fprintf(c->err, "sha256 %s\n", hex);
    return rc;
}

static enum ctl_exit say_done(struct ctl *c, const char *file, const struct download *d,
                              const char *hex)
{
    json_t *note;

    if (!c->json) {
        fprintf(c->out, "%s: %s, sha256 %s\n", file, ctl_bytes((double)d->bytes).s, hex);
        return CTL_OK;
    }
    note = json_pack("{s:s, s:I, s:s}", "file", file, "bytes", (json_int_t)d->bytes, "sha256", hex);
    if (note && json_dumpf(note, c->out, JSON_COMPACT) == 0)
        fputc('\n', c->out);
    json_decref(note);
    return CTL_OK;
}

/* On the disk, and only then under its name. */
static enum ctl_exit settle(struct download *d, const char *part, const char *file)
{
    bool ok = fflush(d->to) == 0 && fsync(fileno(d->to)) == 0;
    int error = errno;

    /* A device or a pipe cannot be synced and need not be. */
    ok = ok || (!ferror(d->to) && error == EINVAL);
    if (!ok)
        return ctl_fail(d->c, CTL_LOCAL, "%s: %s", part, strerror(error));
    if (rename(part, file) != 0)
        return ctl_fail(d->c, CTL_LOCAL, "%s: %s", file, strerror(errno));
    return CTL_OK;
}

static enum ctl_exit to_file(struct ctl *c, const char *path, const char *file)
{
    struct download d = {.c = c};
    struct ctl_text part = {0};
    enum ctl_exit rc;
    char hex[65];

    ctl_text_add(&part, "%s.part", file);
    d.to = part.failed ? NULL : fopen(ctl_text_of(&part), "wb");
    if (!d.to) {
        rc = ctl_fail(c, CTL_LOCAL, "%s: %s", ctl_text_of(&part), strerror(errno));
        ctl_text_free(&part);
        return rc;
    }
    rc = transfer(&d, path, hex);
    if (rc == CTL_LOCAL && d.error)
        ctl_fail(c, rc, "%s: %s", ctl_text_of(&part), strerror(d.error));
    if (rc == CTL_OK)
        rc = settle(&d, ctl_text_of(&part), file);
    fclose(d.to);
    if (rc == CTL_OK)
        rc = say_done(c, file, &d, hex);
    else
        unlink(ctl_text_of(&part));
    ctl_text_free(&part);
    return rc;
}

enum ctl_exit ctl_weights(struct ctl *c)
{
    const char *format = ctl_value(c, "format"), *file = ctl_value(c, "output");
    struct ctl_text path = {0};
    enum ctl_exit rc;

    if (!file || !file[0])
        return ctl_fail(c, CTL_USAGE, "weights wants -o FILE, or -o - for the standard output");
    rc = ctl_job_path(c, &path, ctl_operand(c, 0), "/weights");
    if (rc != CTL_OK)
        return rc;
    ctl_query_add(&path, "format", format ? format : "safetensors");
    ctl_query_add(&path, "checkpoint", ctl_value(c, "checkpoint"));
    if (path.failed)
        rc = ctl_fail(c, CTL_LOCAL, "no memory for the path");
    else if (strcmp(file, "-") == 0)
        rc = to_standard_output(c, ctl_text_of(&path));
    else
        rc = to_file(c, ctl_text_of(&path), file);
    ctl_text_free(&path);
    return rc;
}
