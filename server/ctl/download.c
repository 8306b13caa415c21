/* SPDX-License-Identifier: MIT */
#include "server/ctl/download.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "server/ctl/draw.h"
#include "server/ctl/format.h"

#define LENGTH 8 /* bytes before the header of a safetensors file, which say how long it is */

void ctl_tensors_init(struct ctl_tensors *t)
{
    *t = (struct ctl_tensors){0};
    ctl_sha256_init(&t->digest);
}

void ctl_tensors_add(struct ctl_tensors *t, const unsigned char *bytes, size_t n)
{
    uint64_t at = t->at, skip;

    t->at += n;
    for (size_t i = 0; i < n && at + i < LENGTH; i++)
        t->header |= (uint64_t)bytes[i] << 8 * (at + i);
    if (t->at <= LENGTH || t->at - LENGTH <= t->header)
        return;
    skip = at >= LENGTH && at - LENGTH >= t->header ? 0 : LENGTH + t->header - at;
    ctl_sha256_add(&t->digest, bytes + skip, n - (size_t)skip);
}

struct download {
    struct ctl *c;
    FILE *to;
    int64_t bytes;
    struct ctl_sha256 digest;
    struct ctl_tensors tensors;
    bool safetensors;
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
    if (d->safetensors)
        ctl_tensors_add(&d->tensors, bytes, n);
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
static enum ctl_exit check(struct download *d, const struct ctl_reply *reply,
                           struct ctl_download *out)
{
    const char *hex = out->sha256;

    ctl_sha256_hex(&d->digest, out->sha256);
    if (d->safetensors)
        ctl_sha256_hex(&d->tensors.digest, out->tensors);
    out->bytes = d->bytes;
    if (d->drawn)
        fputs("\r\033[K", d->c->out);
    if (strlen(reply->etag) == 64 && strcmp(reply->etag, hex) != 0)
        return ctl_fail(d->c, CTL_UNREACHABLE,
                        "what came has the SHA-256 %s, want the server's %s: the file is damaged",
                        hex, reply->etag);
    return CTL_OK;
}

static enum ctl_exit transfer(struct download *d, const char *path, struct ctl_download *out)
{
    struct ctl_request request = {
        .path = path, .sink = on_bytes, .progress = on_progress, .user = d};
    struct ctl_reply reply;
    enum ctl_exit rc;

    ctl_sha256_init(&d->digest);
    ctl_tensors_init(&d->tensors);
    rc = ctl_call(d->c, &request, &reply);
    if (rc == CTL_OK)
        rc = check(d, &reply, out);
    ctl_reply_clear(&reply);
    return rc;
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

static enum ctl_exit to_file(struct download *d, const char *path, const char *file,
                             struct ctl_download *out)
{
    struct ctl *c = d->c;
    struct ctl_text part = {0};
    enum ctl_exit rc;

    ctl_text_add(&part, "%s.part", file);
    d->to = part.failed ? NULL : fopen(ctl_text_of(&part), "wb");
    if (!d->to) {
        rc = ctl_fail(c, CTL_LOCAL, "%s: %s", ctl_text_of(&part), strerror(errno));
        ctl_text_free(&part);
        return rc;
    }
    rc = transfer(d, path, out);
    if (rc == CTL_LOCAL && d->error)
        ctl_fail(c, rc, "%s: %s", ctl_text_of(&part), strerror(d->error));
    if (rc == CTL_OK)
        rc = settle(d, ctl_text_of(&part), file);
    fclose(d->to);
    if (rc != CTL_OK)
        unlink(ctl_text_of(&part));
    ctl_text_free(&part);
    return rc;
}

enum ctl_exit ctl_download(struct ctl *c, const char *path, const char *file, bool safetensors,
                           struct ctl_download *out)
{
    struct download d = {.c = c, .to = c->out, .safetensors = safetensors};

    *out = (struct ctl_download){0};
    return strcmp(file, "-") == 0 ? transfer(&d, path, out) : to_file(&d, path, file, out);
}

enum ctl_exit ctl_save(struct ctl *c, struct ctl_text *path, const char *file)
{
    struct ctl_download d;
    enum ctl_exit rc;

    file = file && file[0] ? file : "-";
    if (path->failed)
        rc = ctl_fail(c, CTL_LOCAL, "no memory for the path");
    else
        rc = ctl_download(c, ctl_text_of(path), file, false, &d);
    ctl_text_free(path);
    if (rc == CTL_OK && strcmp(file, "-") != 0)
        fprintf(c->err, "%s: %s\n", file, ctl_bytes((double)d.bytes).s);
    return rc;
}
