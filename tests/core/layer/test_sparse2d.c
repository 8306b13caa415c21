/* SPDX-License-Identifier: MIT */
/* Convolutions by lists, on every instruction set, against plain loops over their connections.
 * Numbers are small multiples of 1/8, so that sums are exact and no order matters. */
#include "core/layer/sparse2d.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/param.h"
#include "tests/core/layer/stack.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

struct geometry {
    size_t channels, height, width, filters, kernel[2], stride, padding;
};

static const struct geometry geometries[] = {
    {1, 5, 5, 33, {3, 3}, 1, 0},  /* plain */
    {3, 7, 6, 40, {2, 3}, 1, 1},  /* sides of two lengths */
    {12, 6, 6, 64, {5, 5}, 1, 0}, /* whole vectors */
    {5, 9, 8, 34, {3, 3}, 2, 1},  /* a stride that leaves a column over */
    {2, 7, 9, 32, {2, 2}, 3, 0},  /* one that leaves gaps */
    {2, 8, 9, 70, {5, 4}, 3, 2},  /* taps in phases of several lengths */
    {2, 3, 3, 35, {1, 1}, 2, 3},  /* windows with nothing but padding */
    {2, 2, 2, 32, {5, 5}, 1, 2},  /* a window wider than the image */
    {4, 6, 6, 7, {3, 3}, 1, 1},   /* too few filters for lists of the gradient */
};

/* A layer and a worker's part, and what goes through them. */
struct conv {
    const struct geometry *g;
    struct snn_layer l;
    struct snn_sparse2d_work w;
    struct snn_arena arena;
    real *params, *image, *out, *d, *d_image, *d_weight;
    double *want_out, *want_d_image, *want_d_weight;
    size_t positions, weights;
};

static void lay_out(struct conv *c)
{
    struct snn_arena *a = &c->arena;
    const size_t out = c->l.out, in = c->l.in, n = c->weights;
    snn_sparse2d_place(&c->l, a);
    snn_sparse2d_place_work(&c->l, &c->w, a, true);
    c->params = snn_arena_take(a, n, sizeof(real));
    c->d_weight = snn_arena_take(a, n, sizeof(real));
    c->image = snn_arena_take(a, in, sizeof(real));
    c->d_image = snn_arena_take(a, in, sizeof(real));
    c->out = snn_arena_take(a, out, sizeof(real));
    c->d = snn_arena_take(a, out, sizeof(real));
    c->want_out = snn_arena_take(a, out, sizeof(double));
    c->want_d_image = snn_arena_take(a, in, sizeof(double));
    c->want_d_weight = snn_arena_take(a, n, sizeof(double));
}

static void build(struct conv *c, const struct geometry *g)
{
    struct snn_choice kind = runs_choice(&snn_layers, "conv2d");
    const double values[] = {(double)g->filters,   0,
                             (double)g->kernel[0], (double)g->kernel[1],
                             (double)g->stride,    (double)g->padding};
    const struct snn_shape in = PLANES(g->channels, g->height, g->width);
    *c = (struct conv){.g = g, .l = {.type = snn_layer_type_of(&kind)}};
    memcpy(kind.value, values, sizeof values);
    assert_int_equal(snn_layer_resolve(&c->l, &kind, &in, NULL), SNN_OK);
    c->positions = c->l.out / g->filters;
    c->weights = c->l.tensor[0].count;
    lay_out(c);
    assert_true(snn_arena_build(&c->arena));
    lay_out(c);
}

static real eighths(size_t i)
{
    return (real)((double)(i * 2654435761u >> 7 & 63) / 8 - 4);
}

/* So many of a hundred are not 0: 1, or any number. */
static void fill(real *x, size_t n, size_t percent, bool ones, size_t seed)
{
    for (size_t i = 0; i < n; i++) {
        const bool is_there = (i + seed) * 2654435761u >> 9 & 127;
        const size_t at = ((i + seed) * 2654435761u >> 9 & 127) * 100 / 128;
        x[i] = !is_there || at >= percent ? 0 : ones ? 1 : eighths(i + seed);
    }
}

static void connect(const struct conv *c, size_t f, size_t position, size_t channel, size_t tap)
{
    const struct geometry *g = c->g;
    const size_t y = position / c->l.window.out[1] * g->stride + tap / g->kernel[1];
    const size_t x = position % c->l.window.out[1] * g->stride + tap % g->kernel[1];
    const size_t w = (f * g->channels + channel) * g->kernel[0] * g->kernel[1] + tap;
    const size_t out = position * g->filters + f;
    if (y < g->padding || x < g->padding || y - g->padding >= g->height ||
        x - g->padding >= g->width)
        return;
    const size_t in = (channel * g->height + y - g->padding) * g->width + x - g->padding;
    c->want_out[out] += (double)c->params[w] * (double)c->image[in];
    c->want_d_weight[w] += (double)c->d[out] * (double)c->image[in];
    c->want_d_image[in] += (double)c->d[out] * (double)c->params[w];
}

/* What is there before, and what the connections add. */
static void want(struct conv *c)
{
    const struct geometry *g = c->g;
    for (size_t i = 0; i < c->l.out; i++)
        c->want_out[i] = (double)(c->out[i] = eighths(i + 5));
    for (size_t i = 0; i < c->weights; i++)
        c->want_d_weight[i] = (double)(c->d_weight[i] = eighths(i + 7));
    memset(c->want_d_image, 0, c->l.in * sizeof *c->want_d_image);
    for (size_t f = 0; f < g->filters; f++)
        for (size_t p = 0; p < c->positions; p++)
            for (size_t k = 0; k < g->channels * g->kernel[0] * g->kernel[1]; k++)
                connect(c, f, p, k / g->kernel[0] / g->kernel[1],
                        k % (g->kernel[0] * g->kernel[1]));
}

static size_t count(const real *x, size_t n)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        found += x[i] != 0;
    return found;
}

static void assert_exact(const real *got, const double *wanted, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_near(got[i], wanted[i], 0);
}

/* How many of the three products were done. */
static size_t check(struct conv *c, size_t percent, bool ones)
{
    fill(c->image, c->l.in, percent, ones, 11);
    fill(c->d, c->l.out, percent, false, 3);
    fill(c->params, c->weights, 100, false, 17);
    want(c);
    snn_sparse2d_prepare(&c->l, c->params);

    const bool few = count(c->image, c->l.in) <= c->w.events.capacity;
    const bool few_back = c->w.back.capacity && count(c->d, c->l.out) <= c->w.back.capacity;
    memset(c->d_image, 1, c->l.in * sizeof *c->d_image);
    assert_true(snn_sparse2d_currents(&c->l, &c->w, c->out, c->image) == few);
    assert_true(snn_sparse2d_weights(&c->l, &c->w, c->d, c->image) == few);
    assert_true(snn_sparse2d_image(&c->l, &c->w, c->d_image, c->d) == few_back);
    snn_sparse2d_settle(&c->l, &c->w, c->d_weight);
    if (few) {
        assert_exact(c->out, c->want_out, c->l.out);
        assert_exact(c->d_weight, c->want_d_weight, c->weights);
    }
    if (few_back)
        assert_exact(c->d_image, c->want_d_image, c->l.in);
    for (size_t i = 0; !few && i < c->l.out; i++) /* nothing written */
        assert_near(c->out[i], eighths(i + 5), 0);
    snn_sparse2d_settle(&c->l, &c->w, c->d_weight); /* what was settled is gone */
    for (size_t i = 0; few && i < c->weights; i++)
        assert_near(c->d_weight[i], c->want_d_weight[i], 0);
    return (few ? 2u : 0u) + few_back;
}

static void sparse2d__every_geometry__is_the_sum_over_its_connections(void **state)
{
    static const size_t percents[] = {0, 4, 20, 34, 55, 100};
    const char *best = snn_isa();
    size_t done = 0, asked = 0;

    (void)state;
    for (size_t i = 0; snn_isa_at(i); i++) {
        assert_int_equal(snn_isa_select(snn_isa_at(i), NULL), SNN_OK);
        for (size_t k = 0; k < SNN_COUNT(geometries) * SNN_COUNT(percents); k++) {
            struct conv c;
            build(&c, &geometries[k / SNN_COUNT(percents)]);
            done += check(&c, percents[k % SNN_COUNT(percents)], true);
            done += check(&c, percents[k % SNN_COUNT(percents)], false);
            asked += 6;
            snn_arena_free(&c.arena);
        }
    }
    assert_int_equal(snn_isa_select(best, NULL), SNN_OK);
    assert_true(asked / 3 < done && done < asked); /* some are too many for lists, some are not */
}

/* Each place's outputs, and the taps through which they see it. */
static void cover__every_place__is_what_the_windows_reach(void **state)
{
    (void)state;
    for (size_t i = 0; i < SNN_COUNT(geometries) * 2; i++) {
        struct conv c;
        build(&c, &geometries[i / 2]);
        const struct snn_window *w = &c.l.window;
        const size_t axis = i % 2;
        for (size_t at = 0; at < w->in[axis]; at++) {
            const struct snn_cover cover = c.l.sparse2d.cover[axis][at];
            size_t found = 0;
            for (size_t out = 0; out < w->out[axis]; out++) {
                const size_t from = out * w->stride, tap = at + w->padding - from;
                if (at + w->padding < from || tap >= w->kernel[axis])
                    continue;
                assert_int_equal(out, cover.first + found);
                assert_int_equal(snn_window_tap(w, axis, tap), cover.tap + found);
                found++;
            }
            assert_int_equal(found, cover.count);
        }
        snn_arena_free(&c.arena);
    }
}

/* One layer, dense where its input is, by events where they are few, tells which. */
static void images__few_events_and_many__are_counted(void **state)
{
    const struct geometry *g = &geometries[2];
    struct conv c;

    (void)state;
    build(&c, g);
    check(&c, 4, true);
    check(&c, 100, true);
    check(&c, 20, true);
    assert_int_equal(c.w.images, 3);
    assert_int_equal(c.w.listed, 2);
    snn_arena_free(&c.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sparse2d__every_geometry__is_the_sum_over_its_connections),
        cmocka_unit_test(cover__every_place__is_what_the_windows_reach),
        cmocka_unit_test(images__few_events_and_many__are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
