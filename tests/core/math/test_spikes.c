/* SPDX-License-Identifier: MIT */
/* Sparse products on every instruction set, against plain loops. Numbers are small multiples of
 * 1/8, so that sums are exact and no order matters. */
#include "core/math/spikes.h"

#include <string.h>

#include "core/base/param.h"
#include "tests/support/test.h"

enum { ROWS = 7, MOST = 280 };

static const size_t widths[] = {1, 3, 4, 10, 15, 16, 17, 31, 33, 64, 70, 127, 256, MOST};

static real eighths(size_t i)
{
    return (real)((double)(i * 2654435761u >> 7 & 63) / 8 - 4);
}

static void fill(real *x, size_t n, size_t seed)
{
    for (size_t i = 0; i < n; i++)
        x[i] = eighths(i + 977 * seed);
}

/* Entries of [rows, n]: one of three; 1, or any number. Row 2 is empty. */
static void fill_sparse(real *x, size_t rows, size_t n, bool ones)
{
    for (size_t i = 0; i < rows * n; i++)
        x[i] = i / n == 2 || eighths(i) > -1.5 ? 0 : ones ? 1 : eighths(i);
}

struct lists {
    uint32_t start[MOST + 1], index[MOST * MOST];
    real value[MOST * MOST];
};

static struct snn_sparse lists_of(struct lists *l, const real *x, size_t rows, size_t n, bool *ones)
{
    size_t found = 0;
    *ones = true;
    for (size_t r = 0; r < rows; r++) {
        l->start[r] = (uint32_t)found;
        found += snn_sparse_scan(l->index + found, l->value + found, ones, x + r * n, n);
    }
    l->start[rows] = (uint32_t)found;
    return (struct snn_sparse){.start = l->start,
                               .index = l->index,
                               .value = *ones ? NULL : l->value,
                               .size = 1,
                               .rows = rows};
}

static void on_each_isa(void (*check)(size_t width, bool ones))
{
    const char *before = snn_isa();
    for (size_t i = 0; snn_isa_at(i); i++) {
        assert_int_equal(snn_isa_select(snn_isa_at(i), NULL), SNN_OK);
        for (size_t k = 0; k < SNN_COUNT(widths); k++) {
            check(widths[k], true);
            check(widths[k], false);
        }
    }
    assert_int_equal(snn_isa_select(before, NULL), SNN_OK);
}

static struct lists l;
static real x[ROWS * MOST];

static void check_scan(size_t width, bool ones)
{
    bool only_ones;
    size_t k = 0;
    fill_sparse(x, ROWS, width, ones);
    const struct snn_sparse s = lists_of(&l, x, ROWS, width, &only_ones);
    bool want = true;
    for (size_t i = 0; i < ROWS * width; i++) {
        want = want && (x[i] == 0 || x[i] == 1);
        if (x[i] == 0)
            continue;
        assert_int_equal(s.index[k], i % width);
        assert_true(s.start[i / width] <= k && k < s.start[i / width + 1]);
        assert_near(l.value[k], x[i], 0);
        k++;
    }
    assert_int_equal(s.start[ROWS], k);
    assert_int_equal(only_ones, want);
}

static void scan__any_row__finds_all_that_is_not_zero(void **state)
{
    (void)state;
    on_each_isa(check_scan);
}

/* ROWS x 20 entries times a table of 20 x width. */
enum { COLUMNS = 20 };

/* A row of the lists that has `size` in place of 1. */
static real times(const struct snn_sparse *s, real entry)
{
    return s->value ? entry : entry * s->size;
}

/* The product, twice on top of the bias, from a plain table and from one of panels, into plain rows
 * and into panels. */
static void check_product(size_t width, bool ones)
{
    static real weight[MOST * COLUMNS], table[COLUMNS * MOST], bias[MOST];
    static real panels[COLUMNS * (MOST + SNN_PANEL)], out[2][ROWS * (MOST + SNN_PANEL)];
    static real room[COLUMNS * SNN_PANEL];
    const size_t row = snn_panel_row(width);
    bool only_ones;
    fill_sparse(x, ROWS, COLUMNS, ones);
    fill(weight, width * COLUMNS, 1);
    fill(bias, width, 2);
    for (size_t j = 0; j < COLUMNS; j++)
        for (size_t i = 0; i < width; i++)
            table[j * width + i] = weight[i * COLUMNS + j];
    snn_panels_fill(panels, weight, width, COLUMNS);
    struct snn_sparse s = lists_of(&l, x, ROWS, COLUMNS, &only_ones);
    s.size = ones ? 3 : 1;
    memset(out, 0, sizeof out);
    out[0][ROWS * width] = 99;
    snn_sparse_product(out[0], snn_rows_plain(ROWS, width), table, snn_rows_plain(COLUMNS, width),
                       &s, width, bias, room);
    snn_sparse_product(out[0], snn_rows_plain(ROWS, width), panels, snn_rows_panels(COLUMNS, width),
                       &s, width, NULL, NULL);
    snn_sparse_product(out[1], snn_rows_panels(ROWS, width), table, snn_rows_plain(COLUMNS, width),
                       &s, width, NULL, room);
    for (size_t r = 0; r < ROWS; r++)
        for (size_t i = 0; i < width; i++) {
            double want = 0;
            for (size_t j = 0; j < COLUMNS; j++)
                want += (double)times(&s, x[r * COLUMNS + j]) * (double)table[j * width + i];
            assert_near(out[0][r * width + i], (double)bias[i] + 2 * want, 0);
            assert_near(out[1][(i / SNN_PANEL * ROWS + r) * row + i % SNN_PANEL], want, 0);
        }
    assert_near(out[0][ROWS * width], 99, 0);
}

static void product__lists_times_table__is_that_of_plain_loops(void **state)
{
    (void)state;
    on_each_isa(check_product);
}

static void check_scatter(size_t width, bool ones)
{
    static real table[COLUMNS * SNN_SCATTER], rows[ROWS * SNN_SCATTER];
    bool only_ones;
    if (width > SNN_SCATTER)
        return;
    fill_sparse(x, ROWS, COLUMNS, ones);
    fill(rows, ROWS * width, 3);
    memset(table, 0, sizeof table);
    struct snn_sparse s = lists_of(&l, x, ROWS, COLUMNS, &only_ones);
    s.size = ones ? 3 : 1;
    snn_sparse_scatter(table, rows, &s, width);
    for (size_t j = 0; j < COLUMNS; j++)
        for (size_t i = 0; i < width; i++) {
            double want = 0;
            for (size_t r = 0; r < ROWS; r++)
                want += (double)times(&s, x[r * COLUMNS + j]) * (double)rows[r * width + i];
            assert_near(table[j * snn_panel_row(width) + i], want, 0);
        }
}

/* The panels of W's transpose [width, COLUMNS] are W, and added to it 2 W. */
static void check_panels(size_t width, bool ones)
{
    static real weight[MOST * COLUMNS], panels[COLUMNS * (MOST + SNN_PANEL)];
    (void)ones;
    fill(weight, width * COLUMNS, 4);
    memset(panels, 0x55, sizeof panels);
    snn_panels_fill(panels, weight, width, COLUMNS);
    memset(weight, 0xff, sizeof weight);
    snn_panels_settle(weight, panels, width, COLUMNS, false);
    for (size_t i = 0; i < width * COLUMNS; i++)
        assert_near(weight[i], (double)eighths(i + 977 * 4), 0);
    snn_panels_settle(weight, panels, width, COLUMNS, true);
    for (size_t i = 0; i < width * COLUMNS; i++)
        assert_near(weight[i], 2 * (double)eighths(i + 977 * 4), 0);
    for (size_t i = 0; i < snn_panels_size(COLUMNS, width); i++) {
        const size_t row = snn_panel_row(width), column = i / row / COLUMNS * SNN_PANEL + i % row;
        if (column >= width)
            assert_near(panels[i], 0, 0);
    }
}

static void panels__filled_and_settled__are_the_weights_transposed(void **state)
{
    (void)state;
    on_each_isa(check_panels);
}

static void scatter__rows_into_table__is_the_transposes_product(void **state)
{
    (void)state;
    on_each_isa(check_scatter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scan__any_row__finds_all_that_is_not_zero),
        cmocka_unit_test(product__lists_times_table__is_that_of_plain_loops),
        cmocka_unit_test(panels__filled_and_settled__are_the_weights_transposed),
        cmocka_unit_test(scatter__rows_into_table__is_the_transposes_product),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
