/* SPDX-License-Identifier: MIT */
/* An HDF5 file being written: groups and values by name. The first failure sticks, and what follows
 * does nothing. For holders of the HDF5 lock. */
#ifndef SPIKED_CORE_NIR_TREE_H
#define SPIKED_CORE_NIR_TREE_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdio.h>

struct snn_tree {
    hid_t file;
    bool failed;
};

/* A file in memory. */
void snn_tree_open(struct snn_tree *t);
/* Its bytes to `to` (NULL = nowhere), and its end. False where anything failed but writing to `to`.
 */
bool snn_tree_close(struct snn_tree *t, FILE *to);

/* A new group in the group `in`; close it with snn_tree_leave. */
hid_t snn_tree_enter(struct snn_tree *t, hid_t in, const char *name);
void snn_tree_leave(struct snn_tree *t, hid_t group);

/* A scalar text, of variable length and UTF-8, as NIR's readers want it. */
void snn_tree_text(struct snn_tree *t, hid_t in, const char *name, const char *value);
void snn_tree_number(struct snn_tree *t, hid_t in, const char *name, double value);
void snn_tree_integer(struct snn_tree *t, hid_t in, const char *name, long long value);
void snn_tree_numbers(struct snn_tree *t, hid_t in, const char *name, const double *values,
                      size_t n);
void snn_tree_integers(struct snn_tree *t, hid_t in, const char *name, const size_t *values,
                       size_t n);
void snn_tree_floats(struct snn_tree *t, hid_t in, const char *name, const float *values,
                     const size_t *shape, size_t rank);
/* [n, 2] texts, pair after pair. */
void snn_tree_pairs(struct snn_tree *t, hid_t in, const char *name, const char *const *pairs,
                    size_t n);

#endif
