/* SPDX-License-Identifier: MIT */
/* Products with matrices that are mostly zero, as spikes are: the work is what is there. */
#ifndef SPIKED_CORE_MATH_SPIKES_H
#define SPIKED_CORE_MATH_SPIKES_H

#include "core/snn.h"

/* The entries of a matrix that are not 0, row by row: those of row r are start[r] .. start[r+1]-1.
 */
struct snn_sparse {
    uint32_t *start; /* [rows + 1] */
    uint32_t *index; /* the columns, ascending within a row */
    real *value;     /* NULL = all are 1 */
    size_t rows;
};

/* Columns of row [n] that are not 0, and where `value` is not NULL what is there. Clears *ones
 * where one is neither 0 nor 1. Both arrays have room for n. Returns how many. */
size_t snn_sparse_scan(uint32_t *index, real *value, bool *ones, const real *row, size_t n);

/* out [rows, width] = bias [width] (NULL: what is there) + l table, of table's rows [width] those
 * that l has: row r gets the sum of value[k] table[index[k]] in k's order. */
void snn_sparse_product(real *out, const real *table, const struct snn_sparse *l, size_t width,
                        const real *bias);

/* Up to this width, rows are better scattered than gathered. */
#define SNN_SCATTER_WIDTH ((size_t)64)
/* Numbers from one row of a table that is scattered into to the next: no two share a vector. */
static inline size_t snn_scatter_stride(size_t width)
{
    return (width + 15) & ~(size_t)15;
}

/* The transpose's product: row index[k] of table [columns, width], its rows
 * snn_scatter_stride(width) apart, gets value[k] times row r of x [rows, width] added, for every k
 * of row r, in order. */
void snn_sparse_scatter(real *table, const real *x, const struct snn_sparse *l, size_t width);

#endif
