/* SPDX-License-Identifier: MIT */
/* The file's outer form: where it begins, the headers of objects, trees, groups. The names are
 * those of the HDF5 File Format Specification, version 3. */
#include "core/data/h5.h"

#include <string.h>

#define STEPS_PER_BYTE 64
#define MIN_STEPS ((size_t)1 << 16)
#define BLOCKS 64 /* that the header of one object is in, at most */
#define OFFSET 8  /* bytes of an address or a length */

enum { TREE_HEAD = 8 + 2 * OFFSET, ENTRY = 2 * OFFSET + 24 };
enum {
    MESSAGE_CONTINUATION = 0x10,
    MESSAGE_SYMBOLS = 0x11,
    MESSAGE_LINK_INFO = 2,
    MESSAGE_LINK = 6
};

uint64_t snn_h5_little(const unsigned char *at, size_t n)
{
    uint64_t v = 0;

    for (size_t i = n; i-- > 0;)
        v = v << 8 | at[i];
    return v;
}

const unsigned char *snn_h5_at(const struct snn_h5 *f, uint64_t address, uint64_t n)
{
    return address <= f->size && n <= f->size - address ? f->bytes + address : NULL;
}

enum snn_code snn_h5_damaged(const struct snn_h5 *f, const char *what, uint64_t address,
                             struct snn_error *err)
{
    return snn_fail(err, SNN_FORMAT, "%s: damaged: %s at byte %llu, in a file of %zu bytes",
                    f->name, what, (unsigned long long)address, f->size);
}

bool snn_h5_step(struct snn_h5 *f)
{
    f->steps -= f->steps > 0;
    return f->steps > 0;
}

/* -------------------------------------------------------------------------------- superblock -- */

static enum snn_code check_sizes(const struct snn_h5 *f, const unsigned char *sizes, uint64_t base,
                                 struct snn_error *err)
{
    if (sizes[0] != OFFSET || sizes[1] != OFFSET)
        return snn_fail(err, SNN_FORMAT,
                        "%s: HDF5 with addresses of %u bytes and lengths of %u, want 8 and 8",
                        f->name, sizes[0], sizes[1]);
    if (base != 0)
        return snn_fail(err, SNN_FORMAT, "%s: HDF5 that begins at byte %llu, want 0", f->name,
                        (unsigned long long)base);
    return SNN_OK;
}

enum snn_code snn_h5_open(struct snn_h5 *f, const char *name, const void *bytes, size_t n,
                          struct snn_error *err)
{
    static const char magic[8] = "\211HDF\r\n\032\n";
    enum { FIRST = 24, SECOND = 12 }; /* where the addresses begin */
    const unsigned char *at = bytes;
    enum snn_code rc;

    *f = (struct snn_h5){.name = name, .bytes = bytes, .size = n};
    f->steps =
        n < (SIZE_MAX - MIN_STEPS) / STEPS_PER_BYTE ? n * STEPS_PER_BYTE + MIN_STEPS : SIZE_MAX;
    if (n < sizeof magic || memcmp(at, magic, sizeof magic) != 0)
        return snn_fail(err, SNN_FORMAT, "%s: no HDF5 file: it does not begin as one does", name);
    if (n < FIRST + 4 + 6 * OFFSET)
        return snn_h5_damaged(f, "the superblock is cut off", n, err);
    if (at[8] > 3)
        return snn_fail(err, SNN_FORMAT, "%s: HDF5 superblock of version %u, want 0 to 3", name,
                        at[8]);
    if (at[8] >= 2) {
        rc = check_sizes(f, at + 9, snn_h5_little(at + SECOND, OFFSET), err);
        f->root = snn_h5_little(at + SECOND + 3 * OFFSET, OFFSET);
        return rc;
    }
    at += FIRST + (at[8] == 1 ? 4 : 0);
    rc = check_sizes(f, f->bytes + 13, snn_h5_little(at, OFFSET), err);
    f->root = snn_h5_little(at + 5 * OFFSET, OFFSET); /* the entry's second address */
    return rc;
}

/* ----------------------------------------------------------------------------- object headers --
 */

struct header {
    struct snn_h5 *file;
    uint64_t at[BLOCKS], size[BLOCKS]; /* of its blocks */
    size_t blocks;
    bool second;  /* of the header's two versions */
    bool ordered; /* messages of the second have their order in them */
    enum snn_code (*see)(void *user, unsigned type, const unsigned char *at, size_t n,
                         struct snn_error *err);
    void *user;
};

static enum snn_code add_block(struct header *h, uint64_t at, uint64_t size, struct snn_error *err)
{
    if (h->blocks == BLOCKS)
        return snn_h5_damaged(h->file, "an object header goes on too often", at, err);
    h->at[h->blocks] = at;
    h->size[h->blocks++] = size;
    return SNN_OK;
}

static enum snn_code see_message(struct header *h, unsigned type, unsigned flags,
                                 const unsigned char *at, size_t n, struct snn_error *err)
{
    const uint64_t address = (uint64_t)(at - h->file->bytes);

    if (type == MESSAGE_CONTINUATION && n < 2 * OFFSET)
        return snn_h5_damaged(h->file, "a header's continuation is cut off", address, err);
    if (type == MESSAGE_CONTINUATION)
        return add_block(h, snn_h5_little(at, OFFSET), snn_h5_little(at + OFFSET, OFFSET), err);
    if (flags & 2 && type != 0) /* a reference in the message's place */
        return type == 3 ? snn_fail(err, SNN_FORMAT,
                                    "%s: a type that is shared by name, want one in its data set",
                                    h->file->name)
                         : SNN_OK;
    return h->see(h->user, type, at, n, err);
}

/* The messages in one block. */
static enum snn_code see_block(struct header *h, size_t block, struct snn_error *err)
{
    const size_t head = h->second ? (h->ordered ? 6 : 4) : 8;
    const unsigned char *at = snn_h5_at(h->file, h->at[block], h->size[block]);
    size_t left = (size_t)h->size[block];
    enum snn_code rc = SNN_OK;

    if (!at)
        return snn_h5_damaged(h->file, "an object header ends beyond the file", h->at[block], err);
    if (h->second && block > 0) { /* a signature before them, a checksum after */
        if (left < 8 || memcmp(at, "OCHK", 4) != 0)
            return snn_h5_damaged(h->file, "no continuation of a header", h->at[block], err);
        at += 4;
        left -= 8;
    }
    while (left >= head && rc == SNN_OK) {
        const unsigned type = h->second ? at[0] : (unsigned)snn_h5_little(at, 2);
        const size_t n = (size_t)snn_h5_little(at + (h->second ? 1 : 2), 2);
        const unsigned flags = at[h->second ? 3 : 4];

        if (n > left - head || !snn_h5_step(h->file))
            return snn_h5_damaged(h->file, "a header's message is too long",
                                  (uint64_t)(at - h->file->bytes), err);
        rc = see_message(h, type, flags, at + head, n, err);
        at += head + n;
        left -= head + n;
    }
    return rc;
}

/* The first block, of the second version. */
static enum snn_code begin_second(struct header *h, uint64_t address, struct snn_error *err)
{
    const unsigned char *at = snn_h5_at(h->file, address, 6);
    const unsigned flags = at ? at[5] : 0;
    const size_t head = (size_t)6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
    const size_t width = (size_t)1 << (flags & 3);

    h->second = true;
    h->ordered = flags & 4;
    at = snn_h5_at(h->file, address, head + width);
    if (!at || at[4] != 2)
        return snn_h5_damaged(h->file, "no object header", address, err);
    return add_block(h, address + head + width, snn_h5_little(at + head, width), err);
}

enum snn_code snn_h5_messages(struct snn_h5 *f, uint64_t address,
                              enum snn_code (*see)(void *user, unsigned type,
                                                   const unsigned char *at, size_t n,
                                                   struct snn_error *err),
                              void *user, struct snn_error *err)
{
    struct header h = {.file = f, .see = see, .user = user};
    const unsigned char *at = snn_h5_at(f, address, 16);
    enum snn_code rc;

    if (!at || (at[0] != 1 && memcmp(at, "OHDR", 4) != 0))
        return snn_h5_damaged(f, "no object header", address, err);
    rc = at[0] == 1 ? add_block(&h, address + 16, snn_h5_little(at + 8, 4), err)
                    : begin_second(&h, address, err);
    for (size_t i = 0; i < h.blocks && rc == SNN_OK; i++)
        rc = see_block(&h, i, err);
    return rc;
}

/* ------------------------------------------------------------------------------------- trees -- */

static enum snn_code walk(const struct snn_h5_tree *t, uint64_t address, unsigned below,
                          struct snn_error *err)
{
    struct snn_h5 *f = t->file;
    const unsigned char *at = snn_h5_at(f, address, TREE_HEAD);
    enum snn_code rc = SNN_OK;

    if (!at || memcmp(at, "TREE", 4) != 0 || at[4] != t->kind || at[5] >= below || !snn_h5_step(f))
        return snn_h5_damaged(f, "no such node of a tree", address, err);
    const unsigned level = at[5];
    const size_t n = (size_t)snn_h5_little(at + 6, 2);

    if (!snn_h5_at(f, address, TREE_HEAD + n * (t->key + OFFSET)))
        return snn_h5_damaged(f, "a tree's node ends beyond the file", address, err);
    at += TREE_HEAD;
    for (size_t i = 0; i < n && rc == SNN_OK; i++, at += t->key + OFFSET) {
        const uint64_t child = snn_h5_little(at + t->key, OFFSET);

        rc = level ? walk(t, child, level, err) : t->leaf(t->user, at, child, err);
    }
    return rc;
}

enum snn_code snn_h5_walk(const struct snn_h5_tree *t, uint64_t address, struct snn_error *err)
{
    return walk(t, address, 256, err);
}

/* ------------------------------------------------------------------------------------ groups -- */

struct search {
    struct snn_h5 *file;
    const char *name; /* a piece of a path, n bytes */
    size_t n;
    uint64_t found;       /* address, or nothing */
    uint64_t tree, names; /* where the group has them */
    uint64_t dense;       /* links in a heap, which is not read */
    bool is_group;
};

/* Text at an offset of a group's names: is it what is looked for? */
static bool is_name(const struct search *s, uint64_t offset)
{
    const unsigned char *heap = snn_h5_at(s->file, s->names, 8 + 3 * OFFSET), *at;
    uint64_t size;

    if (!heap || memcmp(heap, "HEAP", 4) != 0)
        return false;
    size = snn_h5_little(heap + 8, OFFSET);
    if (offset >= size || s->n >= size - offset)
        return false;
    at = snn_h5_at(s->file, snn_h5_little(heap + 8 + 2 * OFFSET, OFFSET), size);
    return at && memcmp(at + offset, s->name, s->n) == 0 && at[offset + s->n] == '\0';
}

/* A node of symbols. */
static enum snn_code see_symbols(void *user, const unsigned char *key, uint64_t child,
                                 struct snn_error *err)
{
    struct search *s = user;
    const unsigned char *at = snn_h5_at(s->file, child, 8);
    const size_t n = at ? (size_t)snn_h5_little(at + 6, 2) : 0;

    (void)key;
    if (!at || memcmp(at, "SNOD", 4) != 0 || !snn_h5_at(s->file, child, 8 + n * ENTRY))
        return snn_h5_damaged(s->file, "no symbols of a group", child, err);
    at += 8;
    for (size_t i = 0; i < n; i++, at += ENTRY) {
        if (!snn_h5_step(s->file))
            return snn_h5_damaged(s->file, "a group goes round in circles", child, err);
        if (is_name(s, snn_h5_little(at, OFFSET)))
            s->found = snn_h5_little(at + OFFSET, OFFSET);
    }
    return SNN_OK;
}

/* A link in the group's own header; only hard ones lead anywhere. */
static void see_link(struct search *s, const unsigned char *at, size_t n)
{
    const unsigned flags = n >= 2 ? at[1] : 0;
    const size_t width = (size_t)1 << (flags & 3);
    const size_t kind = 2, order = kind + (flags & 8 ? 1 : 0), set = order + (flags & 4 ? 8 : 0);
    const size_t length = set + (flags & 0x10 ? 1 : 0), name = length + width;

    if (n < name || (flags & 8 && at[kind] != 0) || snn_h5_little(at + length, width) != s->n)
        return;
    if (n - name >= s->n + OFFSET && memcmp(at + name, s->name, s->n) == 0)
        s->found = snn_h5_little(at + name + s->n, OFFSET);
}

static enum snn_code see_group(void *user, unsigned type, const unsigned char *at, size_t n,
                               struct snn_error *err)
{
    struct search *s = user;
    const size_t heap = n >= 2 && at[1] & 1 ? 10 : 2; /* behind the greatest order */

    (void)err;
    s->is_group = s->is_group || type == MESSAGE_SYMBOLS || type == MESSAGE_LINK_INFO;
    if (type == MESSAGE_SYMBOLS && n >= 2 * OFFSET) {
        s->tree = snn_h5_little(at, OFFSET);
        s->names = snn_h5_little(at + OFFSET, OFFSET);
    } else if (type == MESSAGE_LINK_INFO && n >= heap + OFFSET) {
        s->dense = snn_h5_little(at + heap, OFFSET);
    } else if (type == MESSAGE_LINK) {
        see_link(s, at, n);
    }
    return SNN_OK;
}

enum snn_code snn_h5_look_up(struct snn_h5 *f, uint64_t *address, const char *path,
                             struct snn_error *err)
{
    *address = f->root;
    for (const char *at = path; *at;) {
        const size_t n = strcspn(at, "/");
        struct search s = {f, at, n, SNN_H5_NOTHING, SNN_H5_NOTHING, 0, SNN_H5_NOTHING, false};
        const struct snn_h5_tree tree = {f, 0, OFFSET, see_symbols, &s};
        enum snn_code rc = snn_h5_messages(f, *address, see_group, &s, err);

        if (rc == SNN_OK && s.tree != SNN_H5_NOTHING)
            rc = snn_h5_walk(&tree, s.tree, err);
        if (rc != SNN_OK)
            return rc;
        if (s.found == SNN_H5_NOTHING && s.dense != SNN_H5_NOTHING)
            return snn_fail(err, SNN_FORMAT,
                            "%s: the group of \"%s\" keeps its members in a heap, want a file "
                            "written with libver \"earliest\", as is usual",
                            f->name, path);
        if (s.found == SNN_H5_NOTHING)
            return snn_fail(err, SNN_FORMAT,
                            "%s: there is no \"%s\", want the data sets spikes/times, spikes/units "
                            "and labels",
                            f->name, path);
        *address = s.found;
        at += n + (at[n] == '/');
    }
    return SNN_OK;
}
