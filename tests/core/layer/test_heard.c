/* SPDX-License-Identifier: MIT */
/* Lists or not, what a layer hears gives the same numbers, whichever the density chooses. */
#include "core/layer/heard.h"

#include <string.h>

#include "tests/support/test.h"

enum { ROWS = 12, IN = 40, MOST = 80 };

static real x[ROWS * IN], weight[MOST * IN], panels[IN * (MOST + SNN_PANEL)], current[ROWS * MOST],
    g[ROWS * MOST];
static real d_weight[MOST * IN];

static real eighths(size_t i)
{
    return (real)((double)(i * 2654435761u >> 9 & 63) / 8 - 4);
}

/* Room for a layer of that width; the arena is the caller's to free. */
static struct snn_heard heard_of(struct snn_arena *a, size_t out)
{
    struct snn_heard h;
    snn_heard_place(&h, a, ROWS, IN, out, true);
    assert_true(snn_arena_build(a));
    snn_heard_place(&h, a, ROWS, IN, out, true);
    assert_false(a->failed);
    return h;
}

/* One of `gap` is `value`. */
static void fill(size_t gap, real value)
{
    for (size_t i = 0; i < ROWS * IN; i++)
        x[i] = i % gap == 0 ? value : 0;
}

static void read__few_or_many__lists_only_the_few(void **state)
{
    struct snn_arena a = {0};
    struct snn_heard h = heard_of(&a, 16);
    (void)state;
    fill(7, 1);
    assert_true(snn_heard_read(&h, x, ROWS));
    assert_null(h.rows.sparse.value);
    fill(7, 3);
    assert_true(snn_heard_read(&h, x, ROWS));
    assert_non_null(h.rows.sparse.value);
    fill(2, 1);
    assert_false(snn_heard_read(&h, x, ROWS));
    fill(1000, 1);
    assert_true(snn_heard_read(&h, x, ROWS));
    h.rows.capacity = 0;
    assert_false(snn_heard_read(&h, x, ROWS));
    snn_arena_free(&a);
}

/* Rows that the layer below, or the encoder, has told already are not looked for. */
static void read__rows_given__takes_them_as_they_are(void **state)
{
    struct snn_arena a = {0};
    struct snn_heard h = heard_of(&a, 16);
    struct snn_sparse *rows = &h.rows.sparse;
    (void)state;
    fill(2, 1);
    snn_heard_begin(&h);
    for (rows->rows = 0; rows->rows < ROWS; rows->rows++) {
        rows->index[rows->rows] = 3;
        rows->start[rows->rows + 1] = (uint32_t)rows->rows + 1;
    }
    snn_heard_give(&h, ROWS, 5);
    assert_true(snn_heard_read(&h, x, ROWS));
    assert_int_equal(rows->start[ROWS], ROWS);
    assert_near(rows->size, 5, 0);
    assert_false(snn_heard_read(&h, x, ROWS)); /* given once: x itself has too many */
    fill(7, 1);
    snn_heard_begin(&h);
    rows->rows = 1;
    rows->start[1] = ROWS * IN;
    snn_heard_give(&h, ROWS, 1);
    assert_false(snn_heard_read(&h, x, ROWS)); /* told that they are too many */
    assert_true(snn_heard_read(&h, x, ROWS));
    snn_arena_free(&a);
}

static void check(size_t out, real value)
{
    struct snn_arena a = {0};
    struct snn_heard h = heard_of(&a, out);
    real bias[MOST];

    fill(9, value);
    for (size_t i = 0; i < IN * out; i++)
        weight[i] = eighths(i);
    for (size_t i = 0; i < ROWS * out; i++)
        g[i] = eighths(i + 5);
    for (size_t i = 0; i < out; i++)
        bias[i] = eighths(i + 9);
    for (size_t i = 0; i < out * IN; i++)
        d_weight[i] = 1;
    assert_true(snn_heard_read(&h, x, ROWS));
    snn_panels_fill(panels, weight, out, IN);
    snn_heard_currents(&h, current, panels, bias);
    snn_heard_weight_gradients(&h, g);
    snn_heard_weight_gradients(&h, g); /* the next block of the shard */
    snn_heard_settle(&h, d_weight);
    snn_heard_settle(&h, d_weight); /* settled: nothing is left */
    for (size_t r = 0; r < ROWS; r++)
        for (size_t k = 0; k < out; k++) {
            double want = (double)bias[k];
            for (size_t i = 0; i < IN; i++)
                want += (double)x[r * IN + i] * (double)weight[k * IN + i];
            assert_near(current[r * out + k], want, 0);
        }
    for (size_t k = 0; k < out; k++)
        for (size_t i = 0; i < IN; i++) {
            double want = 1;
            for (size_t r = 0; r < ROWS; r++)
                want += 2 * (double)g[r * out + k] * (double)x[r * IN + i];
            assert_near(d_weight[k * IN + i], want, 0);
        }
    snn_arena_free(&a);
}

/* Blank, what is settled is all that there is; gathered or not, and once. */
static void check_blank(size_t out)
{
    struct snn_arena a = {0};
    struct snn_heard h = heard_of(&a, out);

    fill(9, 1);
    for (size_t i = 0; i < ROWS * out; i++)
        g[i] = eighths(i + 5);
    for (size_t blocks = 0; blocks < 3; blocks++) {
        memset(d_weight, 0xff, sizeof d_weight); /* NaN */
        h.is_blank = true;
        for (size_t b = 0; b < blocks; b++) {
            assert_true(snn_heard_read(&h, x, ROWS));
            snn_heard_weight_gradients(&h, g);
        }
        snn_heard_settle(&h, d_weight);
        snn_heard_settle(&h, d_weight);
        for (size_t k = 0; k < out; k++)
            for (size_t i = 0; i < IN; i++) {
                double want = 0;
                for (size_t r = 0; r < ROWS; r++)
                    want += (double)blocks * (double)g[r * out + k] * (double)x[r * IN + i];
                assert_near(d_weight[k * IN + i], want, 0);
            }
    }
    snn_arena_free(&a);
}

static void settle__blank__sets_what_was_gathered(void **state)
{
    (void)state;
    check_blank(10);
    check_blank(MOST);
}

static void products__narrow_and_wide_layers__are_those_of_plain_loops(void **state)
{
    (void)state;
    check(10, 1);
    check(10, 3);
    check(MOST, 1); /* wide enough to gather */
    check(MOST, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__few_or_many__lists_only_the_few),
        cmocka_unit_test(read__rows_given__takes_them_as_they_are),
        cmocka_unit_test(settle__blank__sets_what_was_gathered),
        cmocka_unit_test(products__narrow_and_wide_layers__are_those_of_plain_loops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
