/* SPDX-License-Identifier: MIT */
/* zlib's inflate and not its gzFile, which reads no memory and overlooks bytes after the end. */
#include "core/data/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_SIZE 65536
#define MAX_RATIO 1032 /* deflate cannot do better: 258 bytes in two bits */

static const unsigned char gzip_magic[2] = {0x1f, 0x8b};

void snn_printable(char *out, size_t size, const void *bytes, size_t n)
{
    const unsigned char *from = bytes;
    size_t shown = n < size ? n : size - 4;

    for (size_t i = 0; i < shown; i++)
        out[i] = from[i] >= 32 && from[i] < 127 ? (char)from[i] : '?';
    memcpy(out + shown, "...", n < size ? 0 : 3);
    out[n < size ? n : size - 1] = '\0';
}

/* zlib's own allocations go through these, so that running out of memory is one path. */
static void *z_take(void *unused, unsigned n, unsigned size)
{
    (void)unused;
    return calloc(n, size);
}

static void z_give(void *unused, void *block)
{
    (void)unused;
    free(block);
}

/* Fills the buffer of a file whose bytes are used up. Nothing is left at the end. */
static enum snn_code refill(struct snn_source *s, struct snn_error *err)
{
    if (s->fd < 0)
        return SNN_OK;
    s->next = s->buffer;
    while (s->left < BUFFER_SIZE) {
        ssize_t n = read(s->fd, s->buffer + s->left, BUFFER_SIZE - s->left);

        if (n == 0)
            break;
        if (n > 0)
            s->left += (size_t)n;
        else if (errno != EINTR)
            return snn_fail(err, SNN_IO, "%s: cannot read: %s", s->name, strerror(errno));
    }
    return SNN_OK;
}

/* Looks at the first bytes: gzip or plain. */
static enum snn_code begin(struct snn_source *s, struct snn_error *err)
{
    enum snn_code rc = refill(s, err);

    if (rc != SNN_OK)
        return rc;
    s->gzip = s->left >= sizeof gzip_magic && memcmp(s->next, gzip_magic, sizeof gzip_magic) == 0;
    if (!s->gzip)
        return SNN_OK;
    s->z.zalloc = z_take;
    s->z.zfree = z_give;
    if (inflateInit2(&s->z, 16 + MAX_WBITS) != Z_OK) {
        s->gzip = false;
        return snn_fail(err, SNN_NOMEM, "%s: no memory to decompress it", s->name);
    }
    return SNN_OK;
}

static enum snn_code open_regular(struct snn_source *s, const char *path, struct snn_error *err)
{
    struct stat st;

    /* O_NONBLOCK: opening a FIFO would wait for a writer. It means nothing to a regular file. */
    s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (s->fd < 0)
        return snn_fail(err, errno == ENOENT ? SNN_NOT_FOUND : SNN_IO, "%s: cannot open: %s",
                        s->name, strerror(errno));
    if (fstat(s->fd, &st) != 0)
        return snn_fail(err, SNN_IO, "%s: cannot read: %s", s->name, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return snn_fail(err, SNN_INVALID, "%s: not a regular file", s->name);
    s->size = (size_t)st.st_size;
    s->buffer = malloc(BUFFER_SIZE);
    if (!s->buffer)
        return snn_fail(err, SNN_NOMEM, "%s: no memory to read it", s->name);
    return SNN_OK;
}

enum snn_code snn_source_open(struct snn_source *s, const char *path, size_t limit,
                              struct snn_error *err)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    enum snn_code rc;

    memset(s, 0, sizeof *s);
    snn_printable(s->name, sizeof s->name, name, strlen(name));
    s->limit = limit;
    rc = open_regular(s, path, err);
    if (rc == SNN_OK)
        rc = begin(s, err);
    if (rc != SNN_OK)
        snn_source_close(s);
    return rc;
}

enum snn_code snn_source_memory(struct snn_source *s, const char *name, const void *bytes, size_t n,
                                size_t limit, struct snn_error *err)
{
    enum snn_code rc;

    memset(s, 0, sizeof *s);
    snn_printable(s->name, sizeof s->name, name, strlen(name));
    s->limit = limit;
    s->fd = -1;
    s->next = bytes;
    s->left = n;
    s->size = n;
    rc = begin(s, err);
    if (rc != SNN_OK)
        snn_source_close(s);
    return rc;
}

static void take(struct snn_source *s, size_t n)
{
    s->next += n;
    s->left -= n;
}

/* One call of inflate over bytes that are there; *got bytes come out, perhaps none. */
static enum snn_code inflate_once(struct snn_source *s, unsigned char *to, size_t want, size_t *got,
                                  struct snn_error *err)
{
    unsigned in = s->left < UINT_MAX ? (unsigned)s->left : UINT_MAX;
    unsigned room = want < UINT_MAX ? (unsigned)want : UINT_MAX;
    int z;

    s->z.next_in = s->next;
    s->z.avail_in = in;
    s->z.next_out = to;
    s->z.avail_out = room;
    z = inflate(&s->z, Z_NO_FLUSH);
    take(s, in - s->z.avail_in);
    *got = room - s->z.avail_out;
    if (z == Z_MEM_ERROR)
        return snn_fail(err, SNN_NOMEM, "%s: no memory to decompress it", s->name);
    if (z != Z_OK && z != Z_STREAM_END && z != Z_BUF_ERROR)
        return snn_fail(err, SNN_FORMAT, "%s: corrupt gzip data after %zu decoded bytes (%s)",
                        s->name, s->decoded + *got, s->z.msg ? s->z.msg : "no reason given");
    s->between = z == Z_STREAM_END;
    return SNN_OK;
}

/* Gzip files may be joined: what follows a member's end is another, or nothing. */
static enum snn_code next_member(struct snn_source *s, struct snn_error *err)
{
    if (s->next[0] != gzip_magic[0])
        return snn_fail(err, SNN_FORMAT,
                        "%s: bytes that are not gzip follow the end of the gzip data", s->name);
    inflateReset(&s->z);
    s->between = false;
    return SNN_OK;
}

/* Some decoded bytes, at least one but at the end. */
static enum snn_code decode(struct snn_source *s, unsigned char *to, size_t want, size_t *got,
                            struct snn_error *err)
{
    enum snn_code rc = SNN_OK;

    *got = 0;
    while (rc == SNN_OK && *got == 0) {
        if (s->left == 0)
            rc = refill(s, err);
        if (rc != SNN_OK)
            break;
        if (s->left == 0 && s->gzip && !s->between)
            return snn_fail(err, SNN_FORMAT,
                            "%s: truncated: the gzip data ends early, after %zu decoded bytes",
                            s->name, s->decoded);
        if (s->left == 0)
            break;
        if (s->between)
            rc = next_member(s, err);
        else if (s->gzip)
            rc = inflate_once(s, to, want, got, err);
        else {
            *got = want < s->left ? want : s->left;
            memcpy(to, s->next, *got);
            take(s, *got);
        }
    }
    return rc;
}

enum snn_code snn_source_read(struct snn_source *s, void *to, size_t want, size_t *got,
                              struct snn_error *err)
{
    unsigned char *at = to;
    enum snn_code rc = SNN_OK;

    *got = 0;
    while (*got < want) {
        size_t n;

        rc = decode(s, at + *got, want - *got, &n, err);
        if (rc != SNN_OK || n == 0)
            break;
        *got += n;
        if (n > s->limit - s->decoded)
            return snn_fail(err, SNN_LIMIT, "%s: decodes to more than the %zu bytes allowed",
                            s->name, s->limit);
        s->decoded += n;
    }
    return rc;
}

size_t snn_source_at_most(const struct snn_source *s)
{
    size_t ratio = s->gzip ? MAX_RATIO : 1;
    size_t all = s->size < SIZE_MAX / ratio ? s->size * ratio : SIZE_MAX;

    return all > s->decoded ? all - s->decoded : 0;
}

void snn_source_close(struct snn_source *s)
{
    if (s->gzip)
        inflateEnd(&s->z);
    if (s->fd >= 0)
        close(s->fd);
    free(s->buffer);
    memset(s, 0, sizeof *s);
    s->fd = -1;
}
