/* SPDX-License-Identifier: MIT */
/* What a data set's elements are: the bytes, the lists that they refer to, and numbers. */
#include "core/data/h5.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#define MAX_RATIO 1032 /* deflate cannot do better */

struct chunks {
    struct snn_h5 *file;
    const struct snn_h5_set *set;
    size_t size;              /* bytes of a chunk */
    unsigned char *to, *room; /* the data; 2 * size */
    size_t filled;            /* elements */
};

/* The k-th byte of every element is next to those of the others: puts them back. */
static void unshuffle(unsigned char *to, const unsigned char *from, size_t bytes, size_t element)
{
    const size_t n = bytes / element;

    for (size_t k = 0; k < element; k++)
        for (size_t i = 0; i < n; i++)
            to[i * element + k] = from[k * n + i];
}

/* What a chunk was before its filters, the last of which was the last to be applied; NULL where it
 * was not. */
static const unsigned char *undo_filters(const struct chunks *c, const unsigned char *from,
                                         size_t stored, unsigned skipped)
{
    const struct snn_h5_set *s = c->set;
    size_t turn = 0;

    for (size_t i = s->n_filters; i-- > 0;) {
        unsigned char *to = c->room + turn++ % 2 * c->size;
        uLongf got = (uLongf)c->size;

        if (skipped >> i & 1)
            continue;
        if (s->filter[i] == SNN_H5_DEFLATE) {
            if (uncompress(to, &got, from, (uLong)stored) != Z_OK)
                return NULL;
            stored = got;
        } else if (stored == c->size) {
            unshuffle(to, from, stored, s->element);
        } else {
            return NULL;
        }
        from = to;
    }
    return stored == c->size ? from : NULL;
}

static enum snn_code see_chunk(void *user, const unsigned char *key, uint64_t child,
                               struct snn_error *err)
{
    struct chunks *c = user;
    const struct snn_h5_set *s = c->set;
    const uint64_t stored = snn_h5_little(key, 4), first = snn_h5_little(key + 8, 8);
    const unsigned char *at = snn_h5_at(c->file, child, stored);

    if (!at || first >= s->count || first % s->chunk != 0 || !snn_h5_step(c->file))
        return snn_h5_damaged(c->file, "no such chunk of a data set", child, err);
    if (c->filled >= s->count)
        return snn_h5_damaged(c->file, "more chunks than elements", child, err);
    at = undo_filters(c, at, (size_t)stored, (unsigned)snn_h5_little(key + 4, 4));
    if (!at)
        return snn_h5_damaged(c->file, "a chunk does not decompress to its size", child, err);
    const size_t left = s->count - (size_t)first, n = left < s->chunk ? left : s->chunk;

    memcpy(c->to + first * s->element, at, n * s->element);
    c->filled += n;
    return SNN_OK;
}

static enum snn_code read_chunks(struct snn_h5 *f, const struct snn_h5_set *s, size_t limit,
                                 unsigned char **out, struct snn_error *err)
{
    struct chunks c = {.file = f, .set = s};
    const struct snn_h5_tree tree = {f, 1, 24, see_chunk, &c};
    const size_t most =
        s->n_filters && f->size < SIZE_MAX / MAX_RATIO ? f->size * MAX_RATIO : f->size;
    enum snn_code rc;

    if (s->chunk == 0 || s->chunk > most / s->element)
        return snn_fail(err, SNN_FORMAT,
                        "%s: \"%s\" has chunks of %zu elements, more than the file", f->name,
                        s->path, s->chunk);
    c.size = s->chunk * s->element;
    if (s->n_filters && c.size > limit / 2)
        return snn_fail(err, SNN_LIMIT, "%s: \"%s\" has chunks of %zu bytes, want at most %zu",
                        f->name, s->path, c.size, limit / 2);
    c.to = calloc(s->count, s->element);
    c.room = s->n_filters ? calloc(2, c.size) : NULL;
    if (!c.to || (s->n_filters && !c.room))
        rc = snn_fail(err, SNN_NOMEM, "%s: no memory for the %zu elements of \"%s\"", f->name,
                      s->count, s->path);
    else
        rc = snn_h5_walk(&tree, s->address, err);
    if (rc == SNN_OK && c.filled < s->count)
        rc = snn_fail(err, SNN_FORMAT, "%s: \"%s\" has %zu elements, but only %zu were written",
                      f->name, s->path, s->count, c.filled);
    free(c.room);
    if (rc == SNN_OK)
        *out = c.to;
    else
        free(c.to);
    return rc;
}

enum snn_code snn_h5_read(struct snn_h5 *f, const struct snn_h5_set *s, size_t limit,
                          unsigned char **out, const unsigned char **at, struct snn_error *err)
{
    const size_t ratio = s->layout == SNN_H5_CHUNKED && s->n_filters ? MAX_RATIO : 1;
    const size_t most = f->size / s->element; /* of elements, but for compression */

    *out = NULL;
    if (s->count == 0 || s->count / ratio > most)
        return snn_fail(err, SNN_FORMAT, "%s: \"%s\" has %zu elements, in a file of %zu bytes",
                        f->name, s->path, s->count, f->size);
    if (s->count > limit / s->element)
        return snn_fail(err, SNN_LIMIT, "%s: \"%s\" has %zu elements, want at most %zu", f->name,
                        s->path, s->count, limit / s->element);
    if (s->layout == SNN_H5_CHUNKED) {
        enum snn_code rc = read_chunks(f, s, limit, out, err);
        *at = *out;
        return rc;
    }
    *at = s->layout == SNN_H5_COMPACT ? s->compact : snn_h5_at(f, s->address, s->bytes);
    if (!*at || s->bytes < s->count * s->element)
        return snn_fail(err, SNN_FORMAT, "%s: \"%s\" has %zu elements, but %llu bytes at byte %llu",
                        f->name, s->path, s->count, (unsigned long long)s->bytes,
                        (unsigned long long)s->address);
    return SNN_OK;
}

/* ------------------------------------------------------------------------------------- lists -- */

/* Of the objects of a collection of the heap the one of that number, from where the last one was or
 * from the collection's begin. */
static const unsigned char *object(struct snn_h5 *f, struct snn_h5_set *set, uint64_t collection,
                                   uint64_t number, size_t *size)
{
    enum { HEAD = 16 }; /* of the collection, and of an object */
    const unsigned char *at = snn_h5_at(f, collection, HEAD);

    if (!at || memcmp(at, "GCOL", 4) != 0 || number == 0)
        return NULL;
    const uint64_t whole = snn_h5_little(at + 8, 8);

    if (whole < HEAD || !snn_h5_at(f, collection, whole))
        return NULL;
    for (int turn = set->last.collection == collection ? 0 : 1; turn < 2; turn++) {
        size_t from = turn ? HEAD : set->last.at, left = (size_t)whole - from;

        while (left >= HEAD && snn_h5_step(f)) {
            const uint64_t has = snn_h5_little(at + from, 2), n = snn_h5_little(at + from + 8, 8);

            if (has == 0 || n > left - HEAD)
                break;
            if (has == number) {
                set->last.collection = collection;
                set->last.at = from;
                *size = (size_t)n;
                return at + from + HEAD;
            }
            const size_t next = HEAD + (((size_t)n + 7) & ~(size_t)7);
            from += next < left ? next : left;
            left -= next < left ? next : left;
        }
    }
    return NULL;
}

enum snn_code snn_h5_list(struct snn_h5 *f, struct snn_h5_set *set, const unsigned char *element,
                          const unsigned char **numbers, size_t *n, struct snn_error *err)
{
    const uint64_t count = snn_h5_little(element, 4), address = snn_h5_little(element + 4, 8);
    const uint64_t number = snn_h5_little(element + 12, 4);
    size_t size = 0;

    *n = (size_t)count;
    *numbers = NULL;
    if (count == 0)
        return SNN_OK;
    *numbers = object(f, set, address, number, &size);
    if (!*numbers || count > size / set->type.size)
        return snn_fail(err, SNN_FORMAT,
                        "%s: damaged: a list of %llu numbers in \"%s\" is not in the heap at byte "
                        "%llu",
                        f->name, (unsigned long long)count, set->path, (unsigned long long)address);
    return SNN_OK;
}

/* ----------------------------------------------------------------------------------- numbers -- */

static double half(unsigned bits)
{
    const unsigned exponent = bits >> 10 & 31;
    const double mantissa = (double)(bits & 1023), sign = bits & 0x8000 ? -1 : 1;

    if (exponent == 31) /* a number that is none, or infinite: no time either way */
        return mantissa > 0 ? (double)NAN : sign * (double)INFINITY;
    if (exponent == 0)
        return sign * mantissa * 0x1p-24;
    return sign * (1024 + mantissa) * (double)(1u << exponent) * 0x1p-25;
}

double snn_h5_number(const struct snn_h5_type *type, const unsigned char *at)
{
    unsigned char bytes[8];
    uint64_t v;

    for (size_t i = 0; i < type->size; i++)
        bytes[i] = at[type->big_endian ? type->size - 1 - i : i];
    v = snn_h5_little(bytes, type->size);
    if (!type->is_float) {
        const uint64_t sign = (uint64_t)1 << (8 * type->size - 1);

        if (type->is_signed && v & sign)
            return -(double)(sign - (v ^ sign));
        return (double)v;
    }
    if (type->size == 2)
        return half((unsigned)v);
    if (type->size == 4) {
        const uint32_t word = (uint32_t)v;
        float single;

        memcpy(&single, &word, sizeof single);
        return (double)single;
    }
    double whole;

    memcpy(&whole, &v, sizeof whole);
    return whole;
}
