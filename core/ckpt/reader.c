/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "core/ckpt/format.h"

#define TRAILER (SNN_SHA256_HEX - 1)
#define MAX_BYTES ((size_t)1 << 40)

static enum snn_code slurp(unsigned char **out, size_t *n, const char *path, struct snn_error *err)
{
    enum snn_code rc = SNN_OK;
    unsigned char *bytes = NULL;
    FILE *f = fopen(path, "rb");
    if (!f)
        return snn_fail(err, SNN_IO, "%s: cannot open the checkpoint", path);
    long size = fseek(f, 0, SEEK_END) == 0 ? ftell(f) : -1;
    if (size < 0 || (size_t)size > MAX_BYTES || fseek(f, 0, SEEK_SET) != 0)
        rc = snn_fail(err, SNN_IO, "%s: cannot tell the size of the checkpoint", path);
    else if (!(bytes = malloc((size_t)size + 1)))
        rc = snn_fail(err, SNN_NOMEM, "%s: no memory for %ld bytes", path, size);
    else if (fread(bytes, 1, (size_t)size, f) != (size_t)size)
        rc = snn_fail(err, SNN_IO, "%s: cannot read %ld bytes", path, size);
    (void)fclose(f);
    if (rc != SNN_OK) {
        free(bytes);
        return rc;
    }
    *out = bytes;
    *n = (size_t)size;
    return SNN_OK;
}

enum snn_code snn_reader_take(struct snn_reader *r, unsigned char *bytes, size_t n,
                              const char *name, struct snn_error *err)
{
    struct snn_digest digest;
    char hex[SNN_SHA256_HEX];
    *r = (struct snn_reader){.bytes = bytes};
    if (n < sizeof SNN_CKPT_MAGIC - 1 + TRAILER ||
        memcmp(bytes, SNN_CKPT_MAGIC, sizeof SNN_CKPT_MAGIC - 1) != 0)
        return snn_fail(err, SNN_FORMAT, "%s: not a checkpoint of spiked (%zu bytes)", name, n);
    r->size = n - TRAILER;
    r->at = sizeof SNN_CKPT_MAGIC - 1;
    snn_digest_init(&digest);
    snn_digest_add(&digest, bytes, r->size);
    snn_digest_hex(&digest, hex);
    if (memcmp(hex, bytes + r->size, TRAILER) != 0)
        return snn_fail(err, SNN_FORMAT,
                        "%s: damaged: its SHA-256 is %s, not the %.64s it ends with", name, hex,
                        (const char *)bytes + r->size);
    return SNN_OK;
}

enum snn_code snn_reader_open(struct snn_reader *r, const char *path, struct snn_error *err)
{
    unsigned char *bytes = NULL;
    size_t n = 0;
    *r = (struct snn_reader){0};
    enum snn_code rc = slurp(&bytes, &n, path, err);
    return rc == SNN_OK ? snn_reader_take(r, bytes, n, path, err) : rc;
}

void snn_reader_close(struct snn_reader *r)
{
    free(r->bytes);
    *r = (struct snn_reader){0};
}

const void *snn_read_array(struct snn_reader *r, size_t n, size_t size)
{
    size_t bytes;
    if (r->failed || __builtin_mul_overflow(n, size, &bytes) || bytes > r->size - r->at) {
        r->failed = true;
        return NULL;
    }
    const void *at = r->bytes + r->at;
    r->at += bytes;
    return at;
}

uint64_t snn_read_u(struct snn_reader *r)
{
    uint64_t v = 0;
    const void *at = snn_read_array(r, 1, sizeof v);
    if (at)
        memcpy(&v, at, sizeof v);
    return v;
}

double snn_read_d(struct snn_reader *r)
{
    double v = 0;
    const void *at = snn_read_array(r, 1, sizeof v);
    if (at)
        memcpy(&v, at, sizeof v);
    return v;
}

void snn_read_text(struct snn_reader *r, char *text, size_t size)
{
    const uint64_t n = snn_read_u(r);
    const void *at = n < size ? snn_read_array(r, (size_t)n, 1) : NULL;
    text[0] = '\0';
    if (!at) {
        r->failed = true;
        return;
    }
    memcpy(text, at, (size_t)n);
    text[n] = '\0';
}

/* How the tensor's numbers become constants. */
static void read_transform(struct snn_ckpt_head *h, struct snn_reader *r, size_t i)
{
    char name[16];
    snn_read_text(r, name, sizeof name);
    if (r->failed || name[0] == '\0')
        return;
    h->tensor[i].transform = snn_transform_find(name);
    h->tensor[i].low = snn_read_d(r);
    h->tensor[i].initial = snn_read_array(r, h->tensor[i].count, sizeof(double));
    if (!h->tensor[i].transform)
        r->failed = true;
}

/* Names become keys of other files: they are printable, and none comes twice. */
static bool is_own_name(const struct snn_ckpt_head *h, size_t i)
{
    const char *name = h->tensor[i].name;
    for (const char *c = name; *c; c++)
        if (*c <= ' ' || *c > '~')
            return false;
    for (size_t k = 0; k < i; k++)
        if (strcmp(h->tensor[k].name, name) == 0)
            return false;
    return name[0] != '\0';
}

static void read_tensors(struct snn_ckpt_head *h, struct snn_reader *r)
{
    const uint64_t n = snn_read_u(r);
    if (n > SNN_CKPT_TENSORS)
        r->failed = true;
    for (size_t i = 0; i < n && !r->failed; i++) {
        snn_read_text(r, h->tensor[i].name, sizeof h->tensor[i].name);
        snn_read_text(r, h->tensor[i].role, sizeof h->tensor[i].role);
        h->tensor[i].layer = (size_t)snn_read_u(r);
        h->tensor[i].rank = (size_t)snn_read_u(r);
        h->tensor[i].count = 1;
        if (h->tensor[i].rank > SNN_MAX_RANK || h->tensor[i].layer >= SNN_MAX_LAYERS ||
            !is_own_name(h, i))
            r->failed = true;
        for (size_t k = 0; k < h->tensor[i].rank && !r->failed; k++) {
            h->tensor[i].shape[k] = (size_t)snn_read_u(r);
            /* 0 would let the other sizes be any. */
            if (!h->tensor[i].shape[k] ||
                __builtin_mul_overflow(h->tensor[i].count, h->tensor[i].shape[k],
                                       &h->tensor[i].count))
                r->failed = true;
        }
        if (h->version >= 2)
            read_transform(h, r, i);
        if (__builtin_add_overflow(h->n_params, h->tensor[i].count, &h->n_params))
            r->failed = true;
    }
    h->n_tensors = (size_t)n;
}

enum snn_code snn_ckpt_read_head(struct snn_ckpt_head *h, struct snn_reader *r, const char *name,
                                 struct snn_error *err)
{
    *h = (struct snn_ckpt_head){0};
    h->version = snn_read_u(r);
    if (h->version < SNN_CKPT_OLDEST || h->version > SNN_CKPT_VERSION)
        return snn_fail(err, SNN_FORMAT, "%s: version %llu, want %d to %d", name,
                        (unsigned long long)h->version, SNN_CKPT_OLDEST, SNN_CKPT_VERSION);
    h->real_size = snn_read_u(r);
    snn_read_text(r, h->spec, sizeof h->spec);
    snn_read_text(r, h->data, sizeof h->data);
    snn_read_text(r, h->isa, sizeof h->isa);
    snn_read_text(r, h->blas, sizeof h->blas);
    read_tensors(h, r);
#define READ(kind, field) h->at.field = snn_read_##kind(r);
    SNN_CURSOR_FIELDS(READ)
#undef READ
    if (r->failed || (h->real_size != sizeof(float) && h->real_size != sizeof(double)))
        return snn_fail(err, SNN_FORMAT, "%s: its header makes no sense", name);
    return SNN_OK;
}
