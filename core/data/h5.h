/* SPDX-License-Identifier: MIT */
/*
 * What is needed of HDF5 files to read lists of spikes: one-dimensional data sets of numbers, or of
 * lists of numbers, found by path, from a file's bytes in memory. It is a reader of our own because
 * the files are strangers': HDF5's library (1.10) does not withstand damaged ones. Here every
 * address and size is held against the file before it is used, and the steps taken against its
 * size.
 *
 * Read is what h5py, PyTables and MATLAB write unless told otherwise (the "earliest" format), and
 * of the later one what has no index of its own: groups of few members, data sets in one piece.
 */
#ifndef SPIKED_CORE_DATA_H5_H
#define SPIKED_CORE_DATA_H5_H

#include "core/snn.h"

struct snn_h5 {
    const char *name; /* for messages */
    const unsigned char *bytes;
    size_t size;
    size_t steps; /* left to take: a file that sends the reader round in circles runs out of them */
    uint64_t root; /* address of the root group */
};

/* Numbers as they are in the file: IEEE floats of 16, 32 or 64 bits, whole numbers of 8 to 64. */
struct snn_h5_type {
    bool is_float, is_signed, big_endian;
    size_t size; /* bytes */
};

enum snn_h5_layout { SNN_H5_NOWHERE, SNN_H5_COMPACT, SNN_H5_CONTIGUOUS, SNN_H5_CHUNKED };

#define SNN_H5_FILTERS 4
enum { SNN_H5_DEFLATE = 1, SNN_H5_SHUFFLE = 2 }; /* HDF5's numbers of those that are read */

struct snn_h5_set {
    const char *path;
    struct snn_h5_type type; /* of an element, or of what its list has */
    bool lists;              /* elements are lists */
    size_t count, rank;      /* elements */
    size_t element;          /* bytes of one, or of the reference to its list */
    enum snn_h5_layout layout;
    const unsigned char *compact; /* the data where it is in the header */
    uint64_t address, bytes;      /* of the data, or the tree of chunks */
    size_t chunk;                 /* elements of one */
    unsigned filter[SNN_H5_FILTERS];
    size_t n_filters;
    struct { /* the list found last: most likely the next is behind it */
        uint64_t collection;
        size_t at;
    } last;
};

/* The file whose n bytes those are; they and the name outlive it. SNN_FORMAT. */
enum snn_code snn_h5_open(struct snn_h5 *f, const char *name, const void *bytes, size_t n,
                          struct snn_error *err);
/* The data set at a path ("spikes/times", which outlives it). SNN_FORMAT where it is not there, not
 * one-dimensional or kept in a way that is not read. */
enum snn_code snn_h5_find(struct snn_h5 *f, struct snn_h5_set *out, const char *path,
                          struct snn_error *err);
/* Its elements as they are in the file, [count * element] bytes: *out is malloced (free it), or
 * NULL and *at within the file. SNN_FORMAT, SNN_LIMIT beyond `limit` bytes, SNN_NOMEM. */
enum snn_code snn_h5_read(struct snn_h5 *f, const struct snn_h5_set *set, size_t limit,
                          unsigned char **out, const unsigned char **at, struct snn_error *err);
/* The n numbers of the list that an element refers to. SNN_FORMAT. */
enum snn_code snn_h5_list(struct snn_h5 *f, struct snn_h5_set *set, const unsigned char *element,
                          const unsigned char **numbers, size_t *n, struct snn_error *err);
/* The number there; whole ones beyond 2^53 are rounded. */
double snn_h5_number(const struct snn_h5_type *type, const unsigned char *at);

/* ------------------------------------------------------------- between the reader's files */

#define SNN_H5_NOTHING UINT64_MAX /* an address of nothing */

/* n bytes, least significant first. */
uint64_t snn_h5_little(const unsigned char *at, size_t n);
/* n bytes at an address, NULL where they are not all in the file. */
const unsigned char *snn_h5_at(const struct snn_h5 *f, uint64_t address, uint64_t n);
/* SNN_FORMAT: `what` is wrong, at that byte of the file. */
enum snn_code snn_h5_damaged(const struct snn_h5 *f, const char *what, uint64_t address,
                             struct snn_error *err);
/* False where the file has used up its steps. */
bool snn_h5_step(struct snn_h5 *f);

/* Calls `see` with every message of an object's header. */
enum snn_code snn_h5_messages(struct snn_h5 *f, uint64_t address,
                              enum snn_code (*see)(void *user, unsigned type,
                                                   const unsigned char *at, size_t n,
                                                   struct snn_error *err),
                              void *user, struct snn_error *err);
/* Calls `leaf` with every child of a B-tree's lowest nodes and the key before it. */
struct snn_h5_tree {
    struct snn_h5 *file;
    unsigned kind; /* 0 of groups, 1 of chunks */
    size_t key;    /* bytes of one */
    enum snn_code (*leaf)(void *user, const unsigned char *key, uint64_t child,
                          struct snn_error *err);
    void *user;
};
enum snn_code snn_h5_walk(const struct snn_h5_tree *t, uint64_t address, struct snn_error *err);
/* The header of what the path leads to. */
enum snn_code snn_h5_look_up(struct snn_h5 *f, uint64_t *address, const char *path,
                             struct snn_error *err);

#endif
