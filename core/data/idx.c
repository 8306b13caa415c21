/* SPDX-License-Identifier: MIT */
#include "core/data/idx.h"

#include <stdlib.h>
#include <string.h>

#define TYPE_UBYTE 0x08
#define MAX_RANK 4
#define CHUNK 4096

struct idx {
    size_t dims[MAX_RANK], rank;
    size_t bytes; /* of all values */
};

static enum snn_code read_header(struct snn_source *s, unsigned char *to, size_t want,
                                 const char *what, struct snn_error *err)
{
    size_t got;
    enum snn_code rc = snn_source_read(s, to, want, &got, err);

    if (rc == SNN_OK && got < want)
        rc = snn_fail(err, SNN_FORMAT, "%s: truncated: %zu of %zu bytes of the %s", s->name, got,
                      want, what);
    return rc;
}

static enum snn_code read_magic(struct idx *idx, struct snn_source *s, size_t min_rank,
                                size_t max_rank, struct snn_error *err)
{
    unsigned char m[4];
    enum snn_code rc = read_header(s, m, sizeof m, "IDX header", err);

    if (rc != SNN_OK)
        return rc;
    if (m[0] || m[1])
        return snn_fail(
            err, SNN_FORMAT,
            "%s: not an IDX file: it begins with %02x %02x %02x %02x, want 00 00 08 and "
            "the number of dimensions",
            s->name, m[0], m[1], m[2], m[3]);
    if (m[2] != TYPE_UBYTE)
        return snn_fail(err, SNN_FORMAT, "%s: IDX type 0x%02x, want 0x08 (unsigned bytes)", s->name,
                        m[2]);
    if (m[3] < min_rank || m[3] > max_rank)
        return snn_fail(
            err, SNN_FORMAT, "%s: %d dimension%s, want %s", s->name, m[3], m[3] == 1 ? "" : "s",
            max_rank == 1 ? "1: these are labels" : "2 to 4: these are images, samples first");
    idx->rank = m[3];
    return SNN_OK;
}

static enum snn_code read_dims(struct idx *idx, struct snn_source *s, struct snn_error *err)
{
    unsigned char d[4 * MAX_RANK];
    enum snn_code rc = read_header(s, d, 4 * idx->rank, "IDX dimensions", err);

    idx->bytes = 1;
    for (size_t i = 0; rc == SNN_OK && i < idx->rank; i++) {
        const unsigned char *b = d + 4 * i;
        size_t n = (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];

        if (n == 0)
            return snn_fail(err, SNN_FORMAT, "%s: dimension %zu of %zu is 0, want at least 1",
                            s->name, i + 1, idx->rank);
        /* Without overflow, and within what may be decoded. */
        if (n > (s->limit - s->decoded) / idx->bytes)
            return snn_fail(err, SNN_LIMIT,
                            "%s: dimension %zu of %zu is %zu: that is more than the %zu bytes "
                            "allowed",
                            s->name, i + 1, idx->rank, n, s->limit);
        idx->dims[i] = n;
        idx->bytes *= n;
    }
    return rc;
}

static enum snn_code truncated(const struct idx *idx, const struct snn_source *s, size_t got,
                               struct snn_error *err)
{
    return snn_fail(err, SNN_FORMAT,
                    "%s: truncated: %zu bytes after the header, want %zu for %zu samples", s->name,
                    got, idx->bytes, idx->dims[0]);
}

/* Everything was read: nothing may follow. This read is also what makes gzip check its sums. */
static enum snn_code expect_end(const struct idx *idx, struct snn_source *s, struct snn_error *err)
{
    unsigned char extra;
    size_t got;
    enum snn_code rc = snn_source_read(s, &extra, 1, &got, err);

    if (rc == SNN_OK && got)
        rc = snn_fail(err, SNN_FORMAT,
                      "%s: bytes follow the %zu after the header that %zu samples have", s->name,
                      idx->bytes, idx->dims[0]);
    return rc;
}

/* Reads the values in chunks, widened into labels[] where that is not NULL. */
static enum snn_code read_chunks(const struct idx *idx, struct snn_source *s, uint32_t *labels,
                                 struct snn_error *err)
{
    unsigned char chunk[CHUNK];
    size_t got;

    for (size_t done = 0; done < idx->bytes; done += got) {
        size_t rest = idx->bytes - done, want = rest < CHUNK ? rest : CHUNK;
        enum snn_code rc = snn_source_read(s, chunk, want, &got, err);

        if (rc != SNN_OK)
            return rc;
        if (got < want)
            return truncated(idx, s, done + got, err);
        for (size_t i = 0; labels && i < got; i++)
            labels[done + i] = chunk[i];
    }
    return expect_end(idx, s, err);
}

/* The file is too short for what its header claims: finds out how short without taking that memory.
 */
static enum snn_code too_short(const struct idx *idx, struct snn_source *s, struct snn_error *err)
{
    enum snn_code rc = read_chunks(idx, s, NULL, err);

    return rc == SNN_OK ? snn_fail(err, SNN_IO, "%s: it grew while it was read", s->name) : rc;
}

static void set_images(struct snn_samples *out, const struct idx *idx, unsigned char *bytes)
{
    size_t rank = 0;

    if (idx->rank == 3)
        out->shape[rank++] = 1; /* rows and columns of one channel */
    for (size_t i = 1; i < idx->rank; i++)
        out->shape[rank++] = idx->dims[i];
    out->rank = rank;
    out->count = idx->dims[0];
    out->bytes = bytes;
}

enum snn_code snn_idx_images(struct snn_samples *out, struct snn_source *source, bool keep,
                             struct snn_error *err)
{
    struct idx idx = {0};
    unsigned char *bytes;
    size_t got;
    enum snn_code rc = read_magic(&idx, source, 2, MAX_RANK, err);

    if (rc == SNN_OK)
        rc = read_dims(&idx, source, err);
    if (rc != SNN_OK || !keep)
        return rc == SNN_OK ? read_chunks(&idx, source, NULL, err) : rc;
    if (idx.bytes > snn_source_at_most(source))
        return too_short(&idx, source, err);
    bytes = malloc(idx.bytes);
    if (!bytes)
        return snn_fail(err, SNN_NOMEM, "%s: no memory for %zu bytes of images", source->name,
                        idx.bytes);
    rc = snn_source_read(source, bytes, idx.bytes, &got, err);
    if (rc == SNN_OK && got < idx.bytes)
        rc = truncated(&idx, source, got, err);
    if (rc == SNN_OK)
        rc = expect_end(&idx, source, err);
    if (rc == SNN_OK)
        set_images(out, &idx, bytes);
    else
        free(bytes);
    return rc;
}

enum snn_code snn_idx_labels(struct snn_samples *out, size_t *count, struct snn_source *source,
                             bool keep, struct snn_error *err)
{
    struct idx idx = {0};
    uint32_t *labels = NULL;
    enum snn_code rc = read_magic(&idx, source, 1, 1, err);

    if (rc == SNN_OK)
        rc = read_dims(&idx, source, err);
    if (rc != SNN_OK)
        return rc;
    if (idx.bytes > snn_source_at_most(source))
        return too_short(&idx, source, err);
    if (keep && idx.bytes <= SIZE_MAX / sizeof *labels)
        labels = malloc(idx.bytes * sizeof *labels);
    if (keep && !labels)
        return snn_fail(err, SNN_NOMEM, "%s: no memory for %zu labels", source->name, idx.bytes);
    rc = read_chunks(&idx, source, labels, err);
    if (rc == SNN_OK)
        *count = idx.bytes;
    if (rc == SNN_OK && keep)
        out->labels = labels;
    else
        free(labels);
    return rc;
}

static bool is_labels(size_t part)
{
    return part % 2 == 1;
}

static enum snn_code read_path(struct snn_samples *out, size_t *count, size_t part,
                               const char *path, size_t max_bytes, struct snn_error *err)
{
    bool keep = out != NULL;
    struct snn_source source;
    enum snn_code rc = snn_source_open(&source, path, max_bytes, err);

    if (rc != SNN_OK)
        return rc;
    rc = is_labels(part) ? snn_idx_labels(out, count, &source, keep, err)
                         : snn_idx_images(out, &source, keep, err);
    snn_source_close(&source);
    return rc;
}

enum snn_code snn_idx_open(struct snn_data *data, const char *const *paths, size_t max_bytes,
                           struct snn_error *err)
{
    static const char *const halves[] = {"training", "test"};
    struct snn_samples *into[] = {&data->train, &data->test};
    enum snn_code rc = SNN_OK;

    data->unit = SNN_IDX_UNIT;
    for (size_t h = 0; rc == SNN_OK && h < 2; h++) {
        size_t labels = 0;

        rc = read_path(into[h], NULL, 2 * h, paths[2 * h], max_bytes, err);
        if (rc == SNN_OK)
            rc = read_path(into[h], &labels, 2 * h + 1, paths[2 * h + 1], max_bytes, err);
        if (rc == SNN_OK && labels != into[h]->count)
            rc = snn_fail(err, SNN_FORMAT, "%s set: %zu labels, want %zu: one for each image",
                          halves[h], labels, into[h]->count);
    }
    return rc;
}

enum snn_code snn_idx_check(size_t part, const char *path, size_t max_bytes, struct snn_error *err)
{
    size_t count;

    return read_path(NULL, &count, part, path, max_bytes, err);
}
