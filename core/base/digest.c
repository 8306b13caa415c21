/* SPDX-License-Identifier: MIT */
/* SHA-256 over nettle. The context lives in the caller's opaque bytes and is copied in and out, so
 * that no pointer is cast and the public header needs nothing of nettle. */
#include "core/snn.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <string.h>
#include <unistd.h>

_Static_assert(sizeof(struct sha256_ctx) <= sizeof(((struct snn_digest *)0)->state),
               "struct snn_digest is too small for nettle's context");
_Static_assert(2 * SHA256_DIGEST_SIZE + 1 == SNN_SHA256_HEX, "hexadecimal size of SHA-256");

static struct sha256_ctx load(const struct snn_digest *d)
{
    struct sha256_ctx ctx;

    memcpy(&ctx, d->state, sizeof ctx);
    return ctx;
}

void snn_digest_init(struct snn_digest *d)
{
    struct sha256_ctx ctx;

    memset(&ctx, 0, sizeof ctx);
    sha256_init(&ctx);
    memset(d->state, 0, sizeof d->state);
    memcpy(d->state, &ctx, sizeof ctx);
}

void snn_digest_add(struct snn_digest *d, const void *bytes, size_t n)
{
    struct sha256_ctx ctx = load(d);

    if (n == 0)
        return;
    sha256_update(&ctx, n, bytes);
    memcpy(d->state, &ctx, sizeof ctx);
}

void snn_digest_hex(struct snn_digest *d, char hex[SNN_SHA256_HEX])
{
    static const char digits[] = "0123456789abcdef";
    struct sha256_ctx ctx = load(d); /* nettle resets what it digests: *d may go on */
    uint8_t sum[SHA256_DIGEST_SIZE];

    sha256_digest(&ctx, sizeof sum, sum);
    for (size_t i = 0; i < sizeof sum; i++) {
        hex[2 * i] = digits[sum[i] >> 4];
        hex[2 * i + 1] = digits[sum[i] & 15];
    }
    hex[2 * sizeof sum] = '\0';
}

static enum snn_code add_file(struct snn_digest *d, int fd, const char *name, struct snn_error *err)
{
    unsigned char buffer[16384];

    for (;;) {
        ssize_t n = read(fd, buffer, sizeof buffer);

        if (n == 0)
            return SNN_OK;
        if (n > 0)
            snn_digest_add(d, buffer, (size_t)n);
        else if (errno != EINTR)
            return snn_fail(err, SNN_IO, "%s: cannot read: %s", name, strerror(errno));
    }
}

enum snn_code snn_digest_file(const char *path, char hex[SNN_SHA256_HEX], struct snn_error *err)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    struct snn_digest d;
    enum snn_code rc;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return snn_fail(err, errno == ENOENT ? SNN_NOT_FOUND : SNN_IO, "%s: cannot open: %s", name,
                        strerror(errno));
    snn_digest_init(&d);
    rc = add_file(&d, fd, name, err);
    close(fd);
    if (rc == SNN_OK)
        snn_digest_hex(&d, hex);
    return rc;
}
