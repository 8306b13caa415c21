/* SPDX-License-Identifier: MIT */
#include "core/math/spikes.h"

#include "core/math/lanes.h"
#include "core/math/vec.h"

/* ------------------------------------------------------------------------------ scanning -- */

/* What is there where the bits are, side by side. Writes a whole vector on some sets. */
static inline void put_values(real *value, uint32_t bits, const real *x)
{
#if !defined(SNN_DOUBLE) && defined(__AVX512F__)
    _mm512_storeu_ps(value, _mm512_maskz_compress_ps((__mmask16)bits, _mm512_loadu_ps(x)));
#else
    for (size_t n = 0; bits; bits &= bits - 1)
        value[n++] = x[__builtin_ctz(bits)];
#endif
}

size_t snn_sparse_scan(uint32_t *index, real *value, bool *ones, const real *row, size_t n)
{
    SNN_BITS other = {0}; /* set where x (x - 1) is not 0: x is neither 0 nor 1 */
    bool odd = false;
    size_t found = 0, i = 0;
    for (; i + SNN_LANES <= n; i += SNN_LANES) { /* no branch: what is there cannot be predicted */
        SNN_VECTOR x = snn_load(row + i);
        const uint32_t bits = snn_bits_nonzero(x);
        other |= (SNN_BITS)(x * (x - 1));
        if (value)
            put_values(value + found, bits, row + i);
        found += snn_put_places(index + found, bits, (uint32_t)i);
    }
    for (; i < n; i++) {
        odd |= row[i] != 0 && row[i] != 1;
        if (row[i] == 0)
            continue;
        if (value)
            value[found] = row[i];
        index[found++] = (uint32_t)i;
    }
    for (size_t k = 0; k < SNN_LANES; k++)
        odd |= other[k] << 1 != 0; /* but for the sign: 0 may be -0 */
    if (odd)
        *ones = false;
    return found;
}

/* ------------------------------------------------------------------------------ products -- */

/* Vectors of a panel that are summed at a time. */
enum { ACROSS = SNN_PANEL / SNN_LANES < 8 ? SNN_PANEL / SNN_LANES : 8 };

/* sum[vectors] = the rows of the table that the lists have; those are `row` apart. `row`, `vectors`
 * and `ones` are constants where it is called. Few vectors leave registers for two rows at a time,
 * whose sums need not wait for each other. */
__attribute__((always_inline)) static inline void sum_rows(SNN_VECTOR *sum, const real *table,
                                                           const uint32_t *index, const real *value,
                                                           size_t n, size_t row, size_t vectors,
                                                           bool ones)
{
    const bool pairs = vectors < 8;
    SNN_VECTOR other[ACROSS];
    size_t k = 0;
    SNN_UNROLL for (size_t v = 0; v < vectors; v++) sum[v] = other[v] = (SNN_VECTOR){0};
    for (; pairs && k + 2 <= n; k += 2) {
        const real *a = table + index[k] * row, *b = table + index[k + 1] * row;
        SNN_UNROLL for (size_t v = 0; v < vectors; v++)
        {
            SNN_VECTOR x = snn_load(a + v * SNN_LANES), y = snn_load(b + v * SNN_LANES);
            sum[v] += ones ? x : x * value[k];
            other[v] += ones ? y : y * value[k + 1];
        }
    }
    for (; k < n; k++) {
        const real *a = table + index[k] * row;
        SNN_UNROLL for (size_t v = 0; v < vectors; v++)
        {
            SNN_VECTOR x = snn_load(a + v * SNN_LANES);
            sum[v] += ones ? x : x * value[k];
        }
    }
    SNN_UNROLL for (size_t v = 0; pairs && v < vectors; v++) sum[v] += other[v];
}

/* `columns` columns of the product, in so many vectors of a table whose rows are `row` apart.
 * `whole`: the vectors have no more. */
__attribute__((always_inline)) static inline void
run_columns(real *out, size_t out_row, const real *table, const struct snn_sparse *l,
            size_t columns, const real *bias, size_t row, size_t vectors, bool ones, bool whole)
{
    const real size = ones ? l->size : 1;
    const uint32_t *index = l->index, *start = l->start;
    const real *value = ones ? NULL : l->value;
    const size_t rows = l->rows;
    for (size_t r = 0; r < rows; r++, out += out_row) {
        const uint32_t first = start[r], n = start[r + 1] - first;
        const real *from = bias ? bias : out;
        SNN_VECTOR sum[ACROSS];
        sum_rows(sum, table, index + first, ones ? NULL : value + first, n, row, vectors, ones);
        SNN_UNROLL for (size_t v = 0; v < vectors; v++)
        {
            const size_t at = v * SNN_LANES, left = columns > at ? columns - at : 0;
            if (whole || left >= SNN_LANES)
                snn_store(out + at, snn_load(from + at) + size * sum[v]);
            else if (left)
                snn_store_part(out + at, snn_load_part(from + at, left) + size * sum[v], left);
        }
    }
}

/* A panel of the product; `row` is a constant where it is called. */
__attribute__((always_inline)) static inline void
run_panel(real *out, size_t out_row, const real *table, const struct snn_sparse *l, size_t columns,
          const real *bias, size_t row)
{
    const size_t vectors = row / SNN_LANES < ACROSS ? row / SNN_LANES : ACROSS;
    const size_t step = vectors * SNN_LANES;
    for (size_t at = 0; at < columns; at += step) {
        const real *b = bias ? bias + at : NULL;
        if (l->value)
            run_columns(out + at, out_row, table + at, l, columns - at, b, row, vectors, false,
                        false);
        else if (columns - at < step)
            run_columns(out + at, out_row, table + at, l, columns - at, b, row, vectors, true,
                        false);
        else
            run_columns(out + at, out_row, table + at, l, columns - at, b, row, vectors, true,
                        true);
    }
}

/* The columns of a panel, side by side; zeros where the table has no more. */
static void pack(real *to, size_t width, const real *table, struct snn_rows rows, size_t columns)
{
    for (size_t r = 0; r < rows.count; r++, to += width, table += rows.row) {
        size_t i = 0;
        for (; i + SNN_LANES <= columns; i += SNN_LANES)
            snn_store(to + i, snn_load(table + i));
        for (; i < width; i += SNN_LANES)
            snn_store(to + i,
                      i < columns ? snn_load_part(table + i, columns - i) : (SNN_VECTOR){0});
    }
}

void snn_sparse_product(real *out, struct snn_rows out_rows, const real *table,
                        struct snn_rows table_rows, const struct snn_sparse *l, size_t width,
                        const real *bias, real *room)
{
    const size_t across = snn_panel_row(width);
    const bool packed = table_rows.row == across;
    for (size_t at = 0; at < width; at += SNN_PANEL) {
        const size_t columns = width - at < SNN_PANEL ? width - at : SNN_PANEL;
        if (!packed)
            pack(room, across, table, table_rows, columns);
        const real *from = packed ? table : room;
        if (across == SNN_PANEL)
            run_panel(out, out_rows.row, from, l, columns, bias, SNN_PANEL);
        else if (across == SNN_PANEL / 2)
            run_panel(out, out_rows.row, from, l, columns, bias, SNN_PANEL / 2);
        else
            run_panel(out, out_rows.row, from, l, columns, bias, SNN_PANEL / 4);
        out += out_rows.panel;
        table += table_rows.panel;
        bias = bias ? bias + SNN_PANEL : NULL;
    }
}

/* --------------------------------------------------------------------------------- scatter -- */

/* Bytes of the table that are added to at a time, so that most of them stay in the nearest cache;
 * and rows that meanwhile wait with the rest of theirs. */
#define SCATTER_BYTES ((size_t)64 << 10)
enum { WAITING = 64 };

/* Vectors that are read before the first of them is written: the rows that a list has are different
 * ones. */
enum { ABREAST = 4 };

/* Adds to the rows of the table that the list has at k .. k+n-1. */
__attribute__((always_inline)) static inline void add_to_rows(real *table, const SNN_VECTOR *add,
                                                              const struct snn_sparse *l,
                                                              uint32_t k, size_t n, size_t vectors,
                                                              bool ones)
{
    SNN_VECTOR sum[ABREAST][SNN_PANEL / SNN_LANES];
    real *row[ABREAST];
    SNN_UNROLL for (size_t i = 0; i < n; i++)
    {
        row[i] = table + (size_t)l->index[k + i] * vectors * SNN_LANES;
        SNN_UNROLL for (size_t v = 0; v < vectors; v++)
        {
            SNN_VECTOR term = ones ? add[v] : add[v] * l->value[k + i];
            sum[i][v] = snn_load(row[i] + v * SNN_LANES) + term;
        }
    }
    SNN_UNROLL for (size_t i = 0; i < n; i++) SNN_UNROLL for (size_t v = 0; v < vectors; v++)
        snn_store(row[i] + v * SNN_LANES, sum[i][v]);
}

/* Adds x's columns to the rows of the table below `end` that the list has from k on. Returns how
 * far it came. */
__attribute__((always_inline)) static inline uint32_t
scatter_row(real *table, const real *x, const struct snn_sparse *l, uint32_t k, uint32_t last,
            size_t end, size_t columns, size_t vectors, bool ones)
{
    const uint32_t together = vectors < ABREAST ? (uint32_t)(ABREAST / vectors) : 1;
    SNN_VECTOR add[SNN_PANEL / SNN_LANES];
    SNN_UNROLL for (size_t v = 0; v < vectors; v++)
    {
        add[v] = snn_load_upto(x + v * SNN_LANES, snn_upto(columns, v));
        add[v] *= ones ? l->size : 1;
    }
    for (; k + together <= last && l->index[k + together - 1] < end; k += together)
        add_to_rows(table, add, l, k, together, vectors, ones);
    for (; k < last && l->index[k] < end; k++)
        add_to_rows(table, add, l, k, 1, vectors, ones);
    return k;
}

/* Rows from .. to-1, WAITING at most. */
__attribute__((always_inline)) static inline void scatter_rows(real *table, const real *x,
                                                               const struct snn_sparse *l,
                                                               size_t from, size_t to, size_t width,
                                                               size_t vectors, bool ones)
{
    const size_t part = SCATTER_BYTES / (vectors * SNN_LANES * sizeof(real));
    uint32_t next[WAITING];
    bool more = true;
    memcpy(next, l->start + from, (to - from) * sizeof *next);
    for (size_t end = part; more; end += part) {
        more = false;
        for (size_t r = from; r < to; r++) {
            const uint32_t last = l->start[r + 1];
            uint32_t *k = &next[r - from];
            *k = scatter_row(table, x + r * width, l, *k, last, end, width, vectors, ones);
            more |= *k < last;
        }
    }
}

void snn_sparse_scatter(real *table, const real *x, const struct snn_sparse *l, size_t width)
{
    const bool half = snn_panel_row(width) == SNN_PANEL / 2;
    for (size_t r = 0; r < l->rows; r += WAITING) {
        const size_t end = l->rows - r < WAITING ? l->rows : r + WAITING;
        if (half && l->value)
            scatter_rows(table, x, l, r, end, width, SNN_PANEL / 2 / SNN_LANES, false);
        else if (half)
            scatter_rows(table, x, l, r, end, width, SNN_PANEL / 2 / SNN_LANES, true);
        else if (l->value)
            scatter_rows(table, x, l, r, end, width, SNN_PANEL / 4 / SNN_LANES, false);
        else
            scatter_rows(table, x, l, r, end, width, SNN_PANEL / 4 / SNN_LANES, true);
    }
}

/* ---------------------------------------------------------------------------------- panels -- */

/* The last panel, which has fewer columns than it is wide. */
static void fill_part(real *panel, size_t across, const real *weight, size_t columns, size_t in)
{
    memset(panel, 0, in * across * sizeof *panel);
    for (size_t i = 0; i < columns; i++)
        for (size_t k = 0; k < in; k++)
            panel[k * across + i] = weight[i * in + k];
}

void snn_panels_fill(real *panels, const real *weight, size_t out, size_t in)
{
    const size_t across = snn_panel_row(out);
    for (size_t at = 0; at < out; at += across, panels += in * across)
        if (out - at < across)
            fill_part(panels, across, weight + at * in, out - at, in);
        else
            snn_transpose(panels, weight + at * in, in, in, across);
}

void snn_panels_settle(real *weight, const real *panels, size_t out, size_t in, bool add)
{
    const size_t across = snn_panel_row(out);
    for (size_t at = 0; at < out; at += SNN_PANEL, panels += in * across) {
        const size_t rows = out - at < SNN_PANEL ? out - at : SNN_PANEL;
        if (add)
            snn_add_transposed(weight + at * in, panels, across, rows, in);
        else
            snn_transpose(weight + at * in, panels, across, rows, in);
    }
}
