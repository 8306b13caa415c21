/* SPDX-License-Identifier: MIT */
/* Pooling against plain loops. */
#include "core/layer/pool2d.h"

#include <math.h>
#include <string.h>

#include "tests/core/layer/stack.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

#define MOST 512

struct geometry {
    size_t channels, height, width, kernel, stride; /* stride 0 = kernel */
    size_t out[2];
};

static const struct geometry geometries[] = {
    {2, 4, 6, 2, 0, {2, 3}},  /* plain */
    {3, 5, 7, 2, 0, {2, 3}},  /* a row and a column left over */
    {1, 6, 6, 3, 2, {2, 2}},  /* windows that overlap */
    {2, 7, 7, 2, 3, {2, 2}},  /* windows with gaps between them */
    {2, 3, 3, 3, 0, {1, 1}},  /* one window */
    {2, 3, 4, 1, 0, {3, 4}},  /* nothing to choose from */
    {1, 5, 4, 1, 2, {3, 2}},  /* picks */
    {70, 2, 3, 2, 1, {1, 2}}, /* channels that are no multiple of anything */
};

static struct stack_case case_of(const struct geometry *g, const char *kind, const char *encoding)
{
    return (struct stack_case){
        .in = PLANES(g->channels, g->height, g->width),
        .layer = {{kind,
                   {{"kernel", (double)g->kernel}, {"stride", (double)g->stride}},
                   SNN_BY_KIND}},
        .encoding = encoding,
        .time_steps = 2,
        .records = true,
    };
}

/* One image: out and d_in, by the definition. */
static void plain_pool(const struct geometry *g, bool is_max, const real *in, const real *d_out,
                       double *out, double *d_in)
{
    const size_t stride = g->stride ? g->stride : g->kernel, n = g->out[0] * g->out[1];
    memset(d_in, 0, MOST * sizeof *d_in);
    for (size_t o = 0; o < g->channels * n; o++) {
        const size_t y = o % n / g->out[1] * stride, x = o % g->out[1] * stride;
        const size_t plane = o / n * g->height * g->width;
        size_t first = plane + y * g->width + x;
        double sum = 0;
        for (size_t k = 0; k < g->kernel * g->kernel; k++) {
            const size_t i = plane + (y + k / g->kernel) * g->width + x + k % g->kernel;
            const double share = (double)d_out[o] / (double)(g->kernel * g->kernel);
            first = in[i] > in[first] ? i : first;
            sum += (double)in[i];
            d_in[i] += is_max ? 0 : share;
        }
        d_in[first] += is_max ? (double)d_out[o] : 0;
        out[o] = is_max ? (double)in[first] : sum / (double)(g->kernel * g->kernel);
    }
}

/* An image [channels, positions] with its channels last, or back. */
static void turn(real *to, const real *from, size_t channels, size_t n, bool back)
{
    for (size_t i = 0; i < channels * n; i++) {
        const size_t last = i % n * channels + i / n;
        to[back ? i : last] = from[back ? last : i];
    }
}

static void compare_image(const struct snn_layer *l, const struct geometry *g, const real *image)
{
    const char *best = snn_isa();
    const bool is_max = l->type->forward == snn_max_pool2d_forward;
    const size_t n = g->height * g->width;
    const struct snn_block b = {.n = 1};
    real in[MOST], out[MOST], d_out[MOST], d_in[MOST], own[MOST], d_image[MOST];
    struct snn_layer_work w = {.s = out, .g = d_out, .own = own};
    double want_out[MOST], want_d_in[MOST];

    for (size_t i = 0; i < l->out; i++)
        d_out[i] = (real)(stack_number(i) - 0.5);
    plain_pool(g, is_max, image, d_out, want_out, want_d_in);
    memcpy(in, image, l->in * sizeof *in);
    if (l->planes_last)
        turn(in, image, g->channels, n, false);
    for (size_t k = 0; snn_isa_at(k); k++) {
        assert_int_equal(snn_isa_select(snn_isa_at(k), NULL), SNN_OK);
        l->type->forward(l, &w, NULL, in, &b);
        l->type->backward(l, &w, NULL, NULL, in, d_in, &b);
        memcpy(d_image, d_in, l->in * sizeof *d_in);
        if (l->planes_last)
            turn(d_image, d_in, g->channels, n, true);
        for (size_t i = 0; i < l->out; i++)
            assert_near(out[i], want_out[i], 1e-6);
        for (size_t i = 0; i < l->in; i++)
            assert_near(d_image[i], want_d_in[i], 1e-6);
    }
    assert_int_equal(snn_isa_select(best, NULL), SNN_OK);
}

/* The images that the encoder makes, in both layouts. */
static void compare(const struct geometry *g, bool is_max, const char *encoding)
{
    const struct stack_case c = case_of(g, is_max ? "max_pool2d" : "avg_pool2d", encoding);
    struct stack s;

    stack_build(&s, &c);
    struct snn_layer l = s.net.layer[0];
    assert_false(l.has_neuron);
    assert_int_equal(l.n_tensors, 0);
    assert_int_equal(l.out_shape.rank, 3);
    assert_int_equal(l.out_shape.size[0], g->channels);
    assert_int_equal(l.out_shape.size[1], g->out[0]);
    assert_int_equal(l.out_shape.size[2], g->out[1]);
    stack_run(&s);
    const size_t images = STACK_SAMPLES * (l.static_input ? 1 : 2);
    l.static_input = false;
    l.cell.time_steps = 1;
    for (size_t r = 0; r < 2 * images; r++) {
        l.planes_last = r & 1;
        compare_image(&l, g, s.work.input + r / 2 * l.in);
    }
    stack_free(&s);
}

/* Currents, and spikes: there most windows have several largest values. */
static void max_pool2d__every_geometry__takes_the_first_largest(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof geometries / sizeof geometries[0]; i++) {
        compare(&geometries[i], true, "constant");
        compare(&geometries[i], true, "rate");
    }
}

static void avg_pool2d__every_geometry__takes_the_mean(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof geometries / sizeof geometries[0]; i++)
        compare(&geometries[i], false, "constant");
}

/* A static image is pooled once; every step has what comes out, and all steps' gradients are its
 * own. In blocks of one sample. */
static void static_input__every_geometry__is_as_if_it_came_at_every_step(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * sizeof geometries / sizeof geometries[0]; i++) {
        const struct geometry *g = &geometries[i / 2];
        struct stack_case c = case_of(g, i & 1 ? "max_pool2d" : "avg_pool2d", "constant");
        double out[MOST], d_in[MOST];
        struct stack s;

        c.records = false;
        c.block = 1;
        c.layer[1] = (struct stack_layer){"dense", {{"units", 2}}, SNN_BY_KIND};
        c.layer[0].neurons = SNN_PRESENT;
        stack_build(&s, &c);
        const struct snn_layer *l = &s.net.layer[0];
        assert_true(l->static_input);
        stack_run(&s);
        for (size_t r = 0; r < STACK_SAMPLES; r++) {
            const struct snn_layer_work *w = &s.work.layer[0];
            plain_pool(g, i & 1, s.work.input + r * l->in, w->current_sum + r * l->out, out, d_in);
            for (size_t k = 0; k < l->out; k++)
                assert_near(w->current[r * l->out + k], out[k], 1e-6);
        }
        stack_free(&s);
    }
}

static void max_pool2d__ties__give_the_gradient_to_the_first(void **state)
{
    static const real in[16] = {0, 1, 0, 0, 1, 1, 0, 0, -1, -2, 1, 1, -2, -1, 1, 1};
    static const double want[16] = {0, 5, 6, 0, 0, 0, 0, 0, 7, 0, 8, 0, 0, 0, 0, 0};
    static real g[4] = {5, 6, 7, 8};
    const struct geometry geometry = {1, 4, 4, 2, 0, {2, 2}};
    const struct stack_case c = case_of(&geometry, "max_pool2d", "constant");
    const struct snn_block b = {.n = 1};
    struct snn_layer l;
    struct stack s;
    real d_in[16];

    (void)state;
    stack_build(&s, &c);
    l = s.net.layer[0];
    l.cell.time_steps = 1;
    l.type->backward(&l, &(struct snn_layer_work){.g = g}, NULL, NULL, in, d_in, &b);
    for (size_t i = 0; i < 16; i++)
        assert_near(d_in[i], want[i], 0);
    stack_free(&s);
}

static void resolve__window_larger_than_the_image__is_refused(void **state)
{
    (void)state;
    for (int side = 0; side < 2; side++) {
        struct snn_choice c = runs_choice(&snn_layers, "max_pool2d");
        struct snn_layer l = {.type = snn_layer_type_of(&c)};
        const struct snn_shape in = PLANES(2, side ? 9 : 4, side ? 4 : 9);
        struct snn_error err = {0};

        c.value[0] = 5;
        assert_int_equal(snn_layer_resolve(&l, &c, &in, &err), SNN_INVALID);
        assert_contains(err.message, side ? "window 5 wide, but its input is 4 wide"
                                          : "window 5 high, but its input is 4 high");
    }
}

#ifdef SNN_DOUBLE
static void backward__nets_with_pools__is_the_derivative_of_the_loss(void **state)
{
    static const struct stack_case cases[] = {
        {.in = PLANES(1, 6, 6),
         .block = 1,
         .layer = {{"conv2d", {{"filters", 2}, {"kernel", 3}}, SNN_BY_KIND},
                   {"max_pool2d", {{"kernel", 2}}, SNN_BY_KIND},
                   {"dense", {{"units", 2}}, SNN_BY_KIND}}},
        {.in = PLANES(2, 5, 5),
         .layer = {{"avg_pool2d", {{"kernel", 2}, {"stride", 1}}, SNN_BY_KIND},
                   {"conv2d", {{"filters", 2}, {"kernel", 2}}, SNN_ABSENT},
                   {"max_pool2d", {{"kernel", 2}, {"stride", 1}}, SNN_BY_KIND},
                   {"conv2d", {{"filters", 2}, {"kernel", 1}}, SNN_BY_KIND},
                   {"avg_pool2d", {{"kernel", 2}}, SNN_BY_KIND}}},
        {.in = PLANES(1, 6, 5), /* all up to the second pool's neurons is static */
         .encoding = "constant",
         .block = 1,
         .layer = {{"conv2d", {{"filters", 3}, {"kernel", 2}}, SNN_ABSENT},
                   {"max_pool2d", {{"kernel", 2}, {"stride", 1}}, SNN_BY_KIND},
                   {"conv2d", {{"filters", 2}, {"kernel", 2}, {"padding", 1}}, SNN_ABSENT},
                   {"avg_pool2d", {{"kernel", 2}}, SNN_PRESENT},
                   {"dense", {{"units", 2}}, SNN_BY_KIND}}},
        {.in = PLANES(1, 5, 5), /* filters enough for the gradient behind the pool to be lists */
         .layer = {{"conv2d", {{"filters", 2}, {"kernel", 2}}, SNN_BY_KIND},
                   {"conv2d", {{"filters", 32}, {"kernel", 3}, {"padding", 1}}, SNN_ABSENT},
                   {"max_pool2d", {{"kernel", 2}}, SNN_PRESENT},
                   {"dense", {{"units", 2}}, SNN_BY_KIND}}},
        {.in = PLANES(1, 4, 4), /* no neurons but the last layer's, and a view between */
         .encoding = "constant",
         .layer = {{"avg_pool2d", {{"kernel", 2}}, SNN_BY_KIND},
                   {"flatten", {{NULL, 0}}, SNN_BY_KIND},
                   {"dense", {{"units", 3}}, SNN_ABSENT},
                   {"dense", {{"units", 2}}, SNN_BY_KIND}}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stack s;
        stack_build(&s, &cases[i]);
        stack_check_gradient(&s);
        stack_free(&s);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(max_pool2d__every_geometry__takes_the_first_largest),
        cmocka_unit_test(avg_pool2d__every_geometry__takes_the_mean),
        cmocka_unit_test(static_input__every_geometry__is_as_if_it_came_at_every_step),
        cmocka_unit_test(max_pool2d__ties__give_the_gradient_to_the_first),
        cmocka_unit_test(resolve__window_larger_than_the_image__is_refused),
#ifdef SNN_DOUBLE
        cmocka_unit_test(backward__nets_with_pools__is_the_derivative_of_the_loss),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
