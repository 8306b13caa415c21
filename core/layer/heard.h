/* SPDX-License-Identifier: MIT */
/* What a layer hears from below, as lists of what is not 0: with few spikes, the products with them
 * cost what there is of them. A block's input is looked at once, and by its density alone (a number
 * of the data, never of a clock) is taken as lists or as it is. */
#ifndef SPIKED_CORE_LAYER_HEARD_H
#define SPIKED_CORE_LAYER_HEARD_H

#include "core/base/arena.h"
#include "core/math/spikes.h"

/* What became of the blocks so far. */
struct snn_lists_count {
    size_t blocks, listed;    /* looked at; of them few enough */
    uint64_t entries, values; /* of those listed: not 0, and all */
};

/* Lists with room for what counts as few. */
struct snn_lists {
    struct snn_sparse sparse;
    real *values;    /* room for sparse.value */
    size_t capacity; /* entries; 0 = no lists */
    double few;      /* the share of a block that they are */
    struct snn_lists_count count;
};
void snn_lists_place(struct snn_lists *l, struct snn_arena *a, size_t rows, size_t n, double few);
/* Lists of x [rows, n]; false where more than few are not 0. `spikes`: most likely all that is
 * there is 1, and needs no values; only a hint. */
bool snn_lists_read(struct snn_lists *l, const real *x, size_t rows, size_t n, bool spikes);

struct snn_heard {
    size_t in, out;            /* values per row; of the layer that hears */
    struct snn_lists rows;     /* [rows, in] */
    struct snn_sparse columns; /* [in, rows]: the same, transposed; made by the backward pass */
    uint32_t *next;            /* [in]: scratch */
    real *values;              /* of the columns */
    bool is_given;             /* who spikes has filled the rows already ... */
    bool is_many;              /* ... or found that there are too many */
    bool is_sparse;            /* the block's input is in the lists */
    bool scatters;             /* `out` is narrow: no columns are made */
    real *d_weight;            /* panels of [in, out]: the shard's gradient by the weights */
    real *room;                /* a panel of dL/dI */
    real *zeros;               /* [out]: what there is before a shard's first block */
    bool has_gradient;         /* it is in d_weight */
    bool is_blank; /* what it will be added to was not cleared: who comes first sets it */
};

/* Lists for blocks of so many rows; `gradients`: a backward pass follows. */
void snn_heard_place(struct snn_heard *h, struct snn_arena *a, size_t rows, size_t in, size_t out,
                     bool gradients);
/* For who spikes, encoder or layer: forgets the block before, and makes room for lists without
 * values. */
void snn_heard_begin(struct snn_heard *h);
/* They are whole, all `rows` of them, and every entry is `size`; or there are too many, and the
 * rows are fewer. */
void snn_heard_give(struct snn_heard *h, size_t rows, real size);
/* Looks at x [rows, in], unless the rows were given; true where few enough are not 0 for the lists.
 */
bool snn_heard_read(struct snn_heard *h, const real *x, size_t rows);
/* current [rows, out] = bias [out] + what was read, times the weights, which are panels of [in,
 * out].
 */
void snn_heard_currents(const struct snn_heard *h, real *current, const real *panels,
                        const real *bias);
/* Adds the gradient by the weights, from dL/dI [rows, out] of what was read. */
void snn_heard_weight_gradients(struct snn_heard *h, const real *d_current);
/* Once a shard: adds what the shard gathered to d_weight [out, in], and forgets it. Blank, that is
 * set, to zeros where nothing was gathered. */
void snn_heard_settle(struct snn_heard *h, real *d_weight);

#endif
