/* SPDX-License-Identifier: MIT */
#include "core/layer/heard.h"

#include <string.h>

#include "core/math/vec.h"

/* Share of the input up to which lists win over a dense product, measured (tests/bench/README.md):
 * where the weights fit a second-level cache, and beyond. */
#define FEW 0.25
#define FEW_OF_MANY 0.20
#define CACHED ((size_t)768 << 10)

void snn_lists_place(struct snn_lists *l, struct snn_arena *a, size_t rows, size_t n, double few)
{
    *l = (struct snn_lists){.capacity = (size_t)(few * (double)rows * (double)n), .few = few};
    const size_t room = l->capacity + n; /* a row is read before it is known to be too much */
    l->sparse.start = snn_arena_take(a, rows + 1, sizeof(uint32_t));
    l->sparse.index = snn_arena_take(a, room, sizeof(uint32_t));
    l->values = snn_arena_take(a, room, sizeof(real));
}

/* Reads all rows, with or without their values. False where there are too many. */
static bool read_rows(struct snn_lists *l, const real *x, size_t rows, size_t n, real *value,
                      bool *ones)
{
    struct snn_sparse *to = &l->sparse;
    size_t found = 0;
    for (size_t r = 0; r < rows; r++) {
        to->start[r] = (uint32_t)found;
        found +=
            snn_sparse_scan(to->index + found, value ? value + found : NULL, ones, x + r * n, n);
        if (found > l->capacity)
            return false;
    }
    to->start[rows] = (uint32_t)found;
    to->rows = rows;
    return true;
}

/* Counts a block that was looked at, and passes on whether it is in the lists. */
static bool counted(struct snn_lists *l, size_t rows, size_t n, bool is_listed)
{
    l->count.blocks++;
    if (!is_listed)
        return false;
    l->count.listed++;
    l->count.entries += l->sparse.start[rows];
    l->count.values += rows * n;
    return true;
}

static bool read_lists(struct snn_lists *l, const real *x, size_t rows, size_t n, bool spikes)
{
    bool ones = true;
    l->sparse.value = NULL;
    l->sparse.size = 1;
    if (l->capacity == 0 || !read_rows(l, x, rows, n, spikes ? NULL : l->values, &ones))
        return false;
    if (ones)
        return true;
    l->sparse.value = l->values;
    return !spikes || read_rows(l, x, rows, n, l->values, &ones); /* again, with what is there */
}

bool snn_lists_read(struct snn_lists *l, const real *x, size_t rows, size_t n, bool spikes)
{
    return counted(l, rows, n, read_lists(l, x, rows, n, spikes));
}

void snn_heard_place(struct snn_heard *h, struct snn_arena *a, size_t rows, size_t in, size_t out,
                     bool gradients)
{
    const bool is_cached = out <= CACHED / sizeof(real) / in;
    *h = (struct snn_heard){.in = in, .out = out};
    snn_lists_place(&h->rows, a, rows, in, is_cached ? FEW : FEW_OF_MANY);
    h->next = snn_arena_take(a, in, sizeof(uint32_t));
    if (!gradients)
        return;
    h->scatters = out <= SNN_SCATTER;
    h->d_weight = snn_arena_take(a, snn_panels_size(in, out), sizeof(real));
    if (h->scatters)
        return;
    const size_t room = h->rows.capacity + in;
    h->columns.start = snn_arena_take(a, in + 1, sizeof(uint32_t));
    h->columns.index = snn_arena_take(a, room, sizeof(uint32_t));
    h->values = snn_arena_take(a, room, sizeof(real));
    h->room = snn_arena_take(a, rows, SNN_PANEL * sizeof(real));
    h->zeros = snn_arena_take(a, out, sizeof(real));
}

void snn_heard_begin(struct snn_heard *h)
{
    h->is_given = h->is_many = false;
    h->rows.sparse.rows = 0;
    h->rows.sparse.value = NULL;
    if (h->rows.capacity)
        h->rows.sparse.start[0] = 0;
}

void snn_heard_give(struct snn_heard *h, size_t rows, real size)
{
    struct snn_sparse *s = &h->rows.sparse;
    s->size = size;
    h->is_given = s->rows == rows && s->start[rows] <= h->rows.capacity;
    h->is_many = !h->is_given;
}

bool snn_heard_read(struct snn_heard *h, const real *x, size_t rows)
{
    const bool is_told = h->is_given || h->is_many;
    h->is_sparse = is_told ? counted(&h->rows, rows, h->in, h->is_given)
                           : snn_lists_read(&h->rows, x, rows, h->in, true);
    h->is_given = h->is_many = false;
    return h->is_sparse;
}

void snn_heard_currents(const struct snn_heard *h, real *current, const real *panels,
                        const real *bias)
{
    const struct snn_sparse *l = &h->rows.sparse;
    snn_sparse_product(current, snn_rows_plain(l->rows, h->out), panels,
                       snn_rows_panels(h->in, h->out), l, h->out, bias, NULL);
}

/* The lists of the columns from those of the rows. */
static void transpose(struct snn_heard *h)
{
    const struct snn_sparse *from = &h->rows.sparse;
    struct snn_sparse *to = &h->columns;
    const uint32_t n = from->start[from->rows];
    to->rows = h->in;
    to->value = from->value ? h->values : NULL;
    to->size = from->size;
    memset(to->start, 0, (h->in + 1) * sizeof *to->start);
    for (uint32_t k = 0; k < n; k++)
        to->start[from->index[k] + 1]++;
    for (size_t i = 0; i < h->in; i++) {
        to->start[i + 1] += to->start[i];
        h->next[i] = to->start[i];
    }
    for (size_t r = 0; r < from->rows; r++)
        for (uint32_t k = from->start[r]; k < from->start[r + 1]; k++) {
            const uint32_t at = h->next[from->index[k]]++;
            to->index[at] = (uint32_t)r;
            if (to->value)
                to->value[at] = from->value[k];
        }
}

void snn_heard_weight_gradients(struct snn_heard *h, const real *d_current)
{
    const bool is_first = !h->has_gradient;
    h->has_gradient = true;
    if (h->scatters) {
        if (is_first)
            memset(h->d_weight, 0, snn_panels_size(h->in, h->out) * sizeof *h->d_weight);
        snn_sparse_scatter(h->d_weight, d_current, &h->rows.sparse, h->out);
        return;
    }
    transpose(h);
    snn_sparse_product(h->d_weight, snn_rows_panels(h->in, h->out), d_current,
                       snn_rows_plain(h->rows.sparse.rows, h->out), &h->columns, h->out,
                       is_first ? h->zeros : NULL, h->room);
}

void snn_heard_settle(struct snn_heard *h, real *d_weight)
{
    if (h->has_gradient)
        snn_panels_settle(d_weight, h->d_weight, h->out, h->in, !h->is_blank);
    else if (h->is_blank)
        memset(d_weight, 0, h->in * h->out * sizeof *d_weight);
    h->has_gradient = h->is_blank = false;
}
