/* SPDX-License-Identifier: MIT */
/* One data set of a file by its header: what its elements are, and where. */
#include "core/data/h5.h"

enum { MESSAGE_SPACE = 1, MESSAGE_TYPE = 3, MESSAGE_LAYOUT = 8, MESSAGE_FILTERS = 0xb };
enum { REFERENCE = 16 }; /* to a list: its length, the heap's address, the place in it */

struct parser {
    struct snn_h5 *file;
    struct snn_h5_set *set;
    bool has_space, has_type;
};

static enum snn_code cut_off(const struct parser *p, const char *what, const unsigned char *at,
                             struct snn_error *err)
{
    return snn_h5_damaged(p->file, what, (uint64_t)(at - p->file->bytes), err);
}

/* ---------------------------------------------------------------------------------- messages -- */

static enum snn_code see_space(struct parser *p, const unsigned char *at, size_t n,
                               struct snn_error *err)
{
    const size_t head = n && at[0] == 1 ? 8 : 4;

    if (n < head || at[0] < 1 || at[0] > 2 || n < head + (size_t)8 * at[1])
        return cut_off(p, "a data set's dimensions are cut off", at, err);
    p->has_space = true;
    p->set->rank = at[1];
    p->set->count = at[1] ? (size_t)snn_h5_little(at + head, 8) : 1;
    return SNN_OK;
}

/* Floats as IEEE has them: bits of exponent and mantissa, and the exponent's bias. */
static bool is_ieee(const unsigned char *at, size_t size)
{
    static const struct {
        size_t size;
        unsigned exponent, mantissa, bias;
    } forms[] = {{2, 5, 10, 15}, {4, 8, 23, 127}, {8, 11, 52, 1023}};
    const unsigned char *more = at + 8; /* bit offset, precision, places of the two, bias */

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (forms[i].size == size)
            return (at[1] & 0x70) == 0x20 && at[2] == 8 * size - 1 && snn_h5_little(more, 2) == 0 &&
                   snn_h5_little(more + 2, 2) == 8 * size && more[4] == forms[i].mantissa &&
                   more[5] == forms[i].exponent && more[6] == 0 && more[7] == forms[i].mantissa &&
                   snn_h5_little(more + 8, 4) == forms[i].bias;
    return false;
}

/* The type of a number. False where it is another, or none that is read. */
static bool read_number_type(struct snn_h5_type *t, const unsigned char *at, size_t n)
{
    const unsigned kind = n ? at[0] & 15 : 15;
    const size_t size = n >= 8 ? (size_t)snn_h5_little(at + 4, 4) : 0;

    *t = (struct snn_h5_type){.is_float = kind == 1, .size = size};
    if (kind > 1 || n < (size_t)(kind ? 20 : 12))
        return false;
    t->big_endian = at[1] & 1;
    t->is_signed = kind == 0 && at[1] & 8;
    if (kind == 1)
        return is_ieee(at, size);
    return (size == 1 || size == 2 || size == 4 || size == 8) && snn_h5_little(at + 8, 2) == 0 &&
           snn_h5_little(at + 10, 2) == 8 * size;
}

static enum snn_code see_type(struct parser *p, const unsigned char *at, size_t n,
                              struct snn_error *err)
{
    struct snn_h5_set *s = p->set;
    const bool lists = n >= 8 && (at[0] & 15) == 9 && (at[1] & 15) == 0;

    p->has_type = true;
    s->lists = lists;
    if (!read_number_type(&s->type, lists ? at + 8 : at, lists ? n - 8 : n))
        return snn_fail(err, SNN_FORMAT,
                        "%s: \"%s\" is neither of whole numbers, IEEE floats nor lists of such",
                        p->file->name, s->path);
    s->element = lists ? REFERENCE : s->type.size;
    if (lists && snn_h5_little(at + 4, 4) != REFERENCE)
        return cut_off(p, "a reference to a list has no 16 bytes", at, err);
    return SNN_OK;
}

static enum snn_code see_chunks(struct parser *p, const unsigned char *at, size_t n,
                                struct snn_error *err)
{
    struct snn_h5_set *s = p->set;

    if (at[0] == 4)
        return snn_fail(err, SNN_FORMAT,
                        "%s: \"%s\" is in chunks as libver \"latest\" has them, want a file "
                        "written with \"earliest\", as is usual",
                        p->file->name, s->path);
    if (n < 11 || n < 11 + (size_t)4 * at[2])
        return cut_off(p, "a data set's chunks are cut off", at, err);
    s->layout = SNN_H5_CHUNKED;
    s->address = snn_h5_little(at + 3, 8);
    s->chunk = at[2] == 2 ? (size_t)snn_h5_little(at + 11, 4) : 0; /* else of another rank */
    return SNN_OK;
}

static enum snn_code see_layout(struct parser *p, const unsigned char *at, size_t n,
                                struct snn_error *err)
{
    struct snn_h5_set *s = p->set;

    if (n < 4 || at[0] < 3 || at[0] > 4)
        return snn_fail(err, SNN_FORMAT, "%s: layout of \"%s\" of version %u, want 3 or 4",
                        p->file->name, s->path, n ? at[0] : 0);
    if (at[1] == SNN_H5_CHUNKED - 1)
        return see_chunks(p, at, n, err);
    if (at[1] == SNN_H5_COMPACT - 1) {
        s->layout = SNN_H5_COMPACT;
        s->bytes = snn_h5_little(at + 2, 2);
        s->compact = at + 4;
        return s->bytes <= n - 4 ? SNN_OK : cut_off(p, "a data set is cut off", at, err);
    }
    if (at[1] != SNN_H5_CONTIGUOUS - 1 || n < 18)
        return cut_off(p, "a data set's place is not told", at, err);
    s->layout = SNN_H5_CONTIGUOUS;
    s->address = snn_h5_little(at + 2, 8);
    s->bytes = snn_h5_little(at + 10, 8);
    return SNN_OK;
}

static enum snn_code add_filter(struct parser *p, unsigned filter, struct snn_error *err)
{
    struct snn_h5_set *s = p->set;

    if ((filter != SNN_H5_DEFLATE && filter != SNN_H5_SHUFFLE) || s->n_filters == SNN_H5_FILTERS)
        return snn_fail(err, SNN_FORMAT,
                        "%s: \"%s\" goes through HDF5 filter %u, want no others than gzip (1) and "
                        "shuffle (2)",
                        p->file->name, s->path, filter);
    s->filter[s->n_filters++] = filter;
    return SNN_OK;
}

static enum snn_code see_filters(struct parser *p, const unsigned char *at, size_t n,
                                 struct snn_error *err)
{
    const bool second = n >= 2 && at[0] == 2;
    const size_t filters = n >= 2 ? at[1] : 0;
    size_t used = second ? 2 : 8;
    enum snn_code rc = SNN_OK;

    p->set->n_filters = 0;
    for (size_t i = 0; i < filters && rc == SNN_OK; i++) {
        if (n < used + 8)
            return cut_off(p, "a list of filters is cut off", at, err);
        const unsigned char *from = at + used;
        const unsigned filter = (unsigned)snn_h5_little(from, 2);
        const bool named = !second || filter >= 256;
        const size_t name = named ? (size_t)snn_h5_little(from + 2, 2) : 0;
        const size_t values = (size_t)snn_h5_little(from + (named ? 6 : 4), 2);

        used += (size_t)(named ? 8 : 6) + (second ? name : (name + 7) / 8 * 8) + 4 * values;
        used += !second && values % 2 ? 4 : 0;
        rc = add_filter(p, filter, err);
    }
    return rc;
}

static enum snn_code see(void *user, unsigned type, const unsigned char *at, size_t n,
                         struct snn_error *err)
{
    struct parser *p = user;

    if (type == MESSAGE_SPACE)
        return see_space(p, at, n, err);
    if (type == MESSAGE_TYPE)
        return see_type(p, at, n, err);
    if (type == MESSAGE_LAYOUT)
        return see_layout(p, at, n, err);
    return type == MESSAGE_FILTERS ? see_filters(p, at, n, err) : SNN_OK;
}

enum snn_code snn_h5_find(struct snn_h5 *f, struct snn_h5_set *out, const char *path,
                          struct snn_error *err)
{
    struct parser p = {.file = f, .set = out};
    uint64_t address;
    enum snn_code rc;

    *out = (struct snn_h5_set){.path = path, .last.collection = SNN_H5_NOTHING};
    rc = snn_h5_look_up(f, &address, path, err);
    if (rc == SNN_OK)
        rc = snn_h5_messages(f, address, see, &p, err);
    if (rc != SNN_OK)
        return rc;
    if (!p.has_space || !p.has_type || out->layout == SNN_H5_NOWHERE)
        return snn_fail(err, SNN_FORMAT, "%s: \"%s\" is no data set, want one", f->name, path);
    if (out->rank != 1)
        return snn_fail(err, SNN_FORMAT, "%s: \"%s\" has %zu dimensions, want 1", f->name, path,
                        out->rank);
    return SNN_OK;
}
