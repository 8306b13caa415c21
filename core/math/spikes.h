/* SPDX-License-Identifier: MIT */
/* Products with matrices that are mostly zero, as spikes are: the work is what is there. */
#ifndef SPIKED_CORE_MATH_SPIKES_H
#define SPIKED_CORE_MATH_SPIKES_H

#include "core/snn.h"

/* The entries of a matrix that are not 0, row by row: those of row r are start[r] .. start[r+1]-1.
 */
struct snn_sparse {
    uint32_t *start; /* [rows + 1] */
    uint32_t *index; /* the columns, each once in a row: ascending, or as events come in time */
    real *value;     /* NULL = all are `size` */
    real size;       /* without values; most often 1 */
    size_t rows;
};

/* Columns of row [n] that are not 0, and where `value` is not NULL what is there. Clears *ones
 * where one is neither 0 nor 1. Both arrays have room for n. Returns how many. */
size_t snn_sparse_scan(uint32_t *index, real *value, bool *ones, const real *row, size_t n);

/* Columns of a table are gone through some at a time, so that what is read of its rows, in no
 * order, stays in the nearest cache. A table that is kept for that has each panel's rows side by
 * side: [panel, row, SNN_PANEL], the columns beyond its width being zeros; one that is no wider
 * than half or a quarter of a panel has rows of that. */
#define SNN_PANEL ((size_t)64)
static inline size_t snn_panel_row(size_t width)
{
    return width <= SNN_PANEL / 4   ? SNN_PANEL / 4
           : width <= SNN_PANEL / 2 ? SNN_PANEL / 2
                                    : SNN_PANEL;
}
/* Numbers in a table of panels. */
static inline size_t snn_panels_size(size_t rows, size_t width)
{
    return rows * snn_panel_row(width) * ((width + SNN_PANEL - 1) / SNN_PANEL);
}

/* How the rows of a table lie: from row to row, and from panel to panel. */
struct snn_rows {
    size_t count, row, panel;
};
static inline struct snn_rows snn_rows_plain(size_t count, size_t width)
{
    return (struct snn_rows){count, width, SNN_PANEL};
}
static inline struct snn_rows snn_rows_panels(size_t count, size_t width)
{
    return (struct snn_rows){count, snn_panel_row(width), count * snn_panel_row(width)};
}

/* out [rows, width] = bias [width] (NULL: what is there) + l table, of table's rows [width] those
 * that l has: row r gets the sum of value[k] table[index[k]]. `room` has SNN_PANEL numbers for each
 * row of a table that is no panels. */
void snn_sparse_product(real *out, struct snn_rows out_rows, const real *table,
                        struct snn_rows table_rows, const struct snn_sparse *l, size_t width,
                        const real *bias, real *room);

/* Up to this width, rows are better scattered than gathered. */
#define SNN_SCATTER (SNN_PANEL / 2)
/* The transpose's product, for width up to SNN_SCATTER: row index[k] of table [columns, width],
 * which is a panel, gets value[k] times row r of x [rows, width] added, for every k of row r, in
 * order.
 */
void snn_sparse_scatter(real *table, const real *x, const struct snn_sparse *l, size_t width);

/* Weights [out, in] transposed, as panels of a table [in, out]; and weights from such panels, which
 * they become or, with `add`, get added. */
void snn_panels_fill(real *panels, const real *weight, size_t out, size_t in);
void snn_panels_settle(real *weight, const real *panels, size_t out, size_t in, bool add);

#endif
