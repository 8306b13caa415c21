/* SPDX-License-Identifier: MIT */
/* Convolution against plain loops over its connections, and by differences in whole networks. */
#include "core/layer/conv2d.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/core/layer/stack.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

struct geometry {
    size_t channels, height, width, filters, kernel[2], stride, padding;
};

static const struct geometry geometries[] = {
    {1, 5, 5, 2, {3, 3}, 1, 0},    /* plain */
    {2, 4, 6, 3, {2, 3}, 1, 1},    /* sides of two lengths */
    {3, 7, 5, 2, {3, 3}, 2, 0},    /* stride that fits */
    {1, 6, 6, 2, {3, 3}, 2, 1},    /* stride that leaves a column over */
    {2, 3, 3, 4, {1, 1}, 1, 0},    /* no window at all */
    {1, 4, 4, 2, {4, 4}, 1, 0},    /* one position */
    {1, 2, 2, 2, {5, 5}, 1, 2},    /* a window wider than the image */
    {1, 5, 7, 2, {2, 2}, 3, 0},    /* a stride that leaves gaps */
    {1, 3, 3, 2, {1, 1}, 2, 3},    /* windows with nothing but padding */
    {2, 4, 5, 2, {4, 2}, 3, 4},    /* all at once */
    {2, 1, 6, 2, {1, 3}, 1, 1},    /* an image of one row, padded */
    {16, 9, 40, 2, {5, 5}, 1, 0},  /* columns in more than one tile */
    {16, 21, 90, 2, {5, 7}, 2, 2}, /* the same, with all the rest */
    {64, 3, 340, 2, {3, 3}, 1, 1}, /* a single row of positions is more than a tile */
};

static struct stack_case case_of(const struct geometry *g)
{
    return (struct stack_case){
        .in = PLANES(g->channels, g->height, g->width),
        .layer = {{"conv2d",
                   {{"filters", (double)g->filters},
                    {"kernel_height", (double)g->kernel[0]},
                    {"kernel_width", (double)g->kernel[1]},
                    {"stride", (double)g->stride},
                    {"padding", (double)g->padding}},
                   .neurons = SNN_ABSENT}},
        .time_steps = 2,
        .records = true,
    };
}

/* ------------------------------------------------------------------------------ plain loops -- */

struct plain {
    const struct geometry *g;
    size_t out[2];
    double *current, *d_weight, *d_bias, *d_in; /* sums over images; of one image; d_in of one */
};

static size_t plain_size(const struct plain *p)
{
    return p->g->filters * p->out[0] * p->out[1];
}

/* One input of an output: through which weight it comes, and how both are moved. */
static void connect(const struct plain *p, const struct stack *s, const real *in, const real *g,
                    size_t out, const size_t at[6])
{
    const struct geometry *o = p->g;
    const size_t y = at[1] * o->stride + at[4], x = at[2] * o->stride + at[5];
    const size_t w = ((at[0] * o->channels + at[3]) * o->kernel[0] + at[4]) * o->kernel[1] + at[5];
    if (y < o->padding || x < o->padding || y - o->padding >= o->height ||
        x - o->padding >= o->width)
        return;
    const size_t i = (at[3] * o->height + y - o->padding) * o->width + x - o->padding;
    p->current[out] += (double)s->params[w] * (double)in[i];
    p->d_weight[w] += (double)g[out] * (double)in[i];
    p->d_in[i] += (double)g[out] * (double)s->params[w];
}

static void plain_image(const struct plain *p, const struct stack *s, const real *in, const real *g)
{
    const struct geometry *o = p->g;
    const size_t weights = o->filters * o->channels * o->kernel[0] * o->kernel[1];
    const size_t taps = weights / o->filters, n = p->out[0] * p->out[1];
    memset(p->current, 0, plain_size(p) * sizeof(double));
    memset(p->d_in, 0, o->channels * o->height * o->width * sizeof(double));
    for (size_t out = 0; out < plain_size(p); out++) {
        p->current[out] += (double)s->params[weights + out / n];
        p->d_bias[out / n] += (double)g[out];
        for (size_t tap = 0; tap < taps; tap++) {
            const size_t at[6] = {out / n,
                                  out % n / p->out[1],
                                  out % p->out[1],
                                  tap / o->kernel[0] / o->kernel[1],
                                  tap / o->kernel[1] % o->kernel[0],
                                  tap % o->kernel[1]};
            connect(p, s, in, g, out, at);
        }
    }
}

static struct plain plain_new(const struct geometry *g)
{
    struct plain p = {.g = g};
    const size_t size[2] = {g->height, g->width};
    for (size_t i = 0; i < 2; i++)
        for (size_t at = 0; at + g->kernel[i] <= size[i] + 2 * g->padding; at += g->stride)
            p.out[i]++;
    p.current = calloc(plain_size(&p), sizeof(double));
    p.d_weight = calloc(g->filters * g->channels * g->kernel[0] * g->kernel[1], sizeof(double));
    p.d_bias = calloc(g->filters, sizeof(double));
    p.d_in = calloc(g->channels * g->height * g->width, sizeof(double));
    return p;
}

static void plain_free(struct plain *p)
{
    free(p->current);
    free(p->d_weight);
    free(p->d_bias);
    free(p->d_in);
}

static void compare_gradients(const struct plain *p, const struct stack *s)
{
    const struct snn_tensor_place *t = s->net.layer[0].tensor;
    stack_compare("weight", s->grads + t[0].offset, p->d_weight, t[0].count);
    stack_compare("bias", s->grads + t[1].offset, p->d_bias, t[1].count);
}

static void conv2d__every_geometry__is_the_sum_over_its_connections(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof geometries / sizeof geometries[0]; i++) {
        const struct stack_case c = case_of(&geometries[i]);
        struct plain p = plain_new(&geometries[i]);
        struct stack s;

        stack_build(&s, &c);
        const struct snn_layer *l = &s.net.layer[0];
        assert_int_equal(l->out, plain_size(&p));
        assert_int_equal(l->out_shape.size[1], p.out[0]);
        assert_int_equal(l->out_shape.size[2], p.out[1]);
        stack_run(&s);
        for (size_t r = 0; r < STACK_SAMPLES * 2; r++) {
            const struct snn_layer_work *w = &s.work.layer[0];
            plain_image(&p, &s, s.work.input + r * l->in, w->g + r * l->out);
            stack_compare("current", w->s + r * l->out, p.current, l->out);
            stack_compare("input's gradient", s.work.d_input + r * l->in, p.d_in, l->in);
        }
        compare_gradients(&p, &s);
        plain_free(&p);
        stack_free(&s);
    }
}

/* Whole passes in which some images are convolved by their events and some are not, as each has few
 * or many: with the same network, input scaled down to a rate of some percent. */
static void conv2d__few_events__are_the_sum_over_their_connections(void **state)
{
    static const struct geometry few[] = {
        {3, 9, 8, 4, {3, 3}, 1, 1}, {2, 12, 11, 33, {3, 4}, 2, 2}, {16, 9, 40, 2, {5, 5}, 1, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof few / sizeof few[0]; i++) {
        const struct stack_case c = case_of(&few[i]);
        struct plain p = plain_new(&few[i]);
        struct stack s;

        stack_build(&s, &c);
        const struct snn_layer *l = &s.net.layer[0];
        for (size_t k = 0; k < s.data.train.count / 2 * l->in; k++) /* of the first samples */
            s.data.train.values[k] *= 0.2F;
        stack_run(&s);
        const struct snn_layer_work *w = &s.work.layer[0];
        assert_true(0 < w->sparse2d.listed && w->sparse2d.listed < w->sparse2d.images);
        for (size_t r = 0; r < STACK_SAMPLES * 2; r++) {
            plain_image(&p, &s, s.work.input + r * l->in, w->g + r * l->out);
            stack_compare("current", w->s + r * l->out, p.current, l->out);
            stack_compare("input's gradient", s.work.d_input + r * l->in, p.d_in, l->in);
        }
        compare_gradients(&p, &s);
        plain_free(&p);
        stack_free(&s);
    }
}

/* A static image is convolved once; every step has its currents, and all steps' gradients are its
 * own. In blocks of one sample, whose arrays are gone when the shard ends. */
static void static_input__every_geometry__is_as_if_it_came_at_every_step(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof geometries / sizeof geometries[0]; i++) {
        struct stack_case c = case_of(&geometries[i]);
        struct plain p = plain_new(&geometries[i]);
        struct stack s;

        c.encoding = "constant";
        c.records = false;
        c.block = 1;
        stack_build(&s, &c);
        const struct snn_layer *l = &s.net.layer[0];
        assert_true(l->static_input);
        stack_run(&s);
        for (size_t r = 0; r < STACK_SAMPLES; r++)
            plain_image(&p, &s, s.work.input + r * l->in, s.work.layer[0].current_sum + r * l->out);
        for (size_t t = 0; t < 2; t++)
            stack_compare("current", s.work.layer[0].s + t * l->out, p.current, l->out);
        compare_gradients(&p, &s);
        plain_free(&p);
        stack_free(&s);
    }
}

/* -------------------------------------------------------------------------------- the layer -- */

static enum snn_code resolve(struct snn_layer *l, const struct geometry *g, double kernel,
                             struct snn_error *err)
{
    static struct snn_choice c;
    const struct snn_shape in = PLANES(g->channels, g->height, g->width);
    c = runs_choice(&snn_layers, "conv2d");
    c.value[0] = (double)g->filters;
    c.value[1] = kernel;
    c.value[2] = (double)g->kernel[0];
    c.value[3] = (double)g->kernel[1];
    c.value[4] = (double)g->stride;
    c.value[5] = (double)g->padding;
    *l = (struct snn_layer){.type = snn_layer_type_of(&c)};
    *err = (struct snn_error){0};
    return snn_layer_resolve(l, &c, &in, err);
}

static void resolve__one_kernel_number__is_both_sides_unless_they_are_said(void **state)
{
    static const struct {
        struct geometry g;
        double kernel;
        size_t want[2];
    } rows[] = {
        {{2, 9, 9, 3, {0, 0}, 1, 0}, 4, {4, 4}}, {{2, 9, 9, 3, {2, 0}, 1, 0}, 4, {2, 4}},
        {{2, 9, 9, 3, {0, 5}, 1, 0}, 4, {4, 5}}, {{2, 9, 9, 3, {2, 3}, 1, 0}, 0, {2, 3}},
        {{2, 9, 9, 3, {4, 4}, 1, 0}, 4, {4, 4}},
    };
    struct snn_error err;
    struct snn_layer l;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const size_t *k = rows[i].want;
        assert_int_equal(resolve(&l, &rows[i].g, rows[i].kernel, &err), SNN_OK);
        assert_int_equal(l.n_tensors, 2);
        assert_string_equal(l.tensor[0].role, "weight");
        assert_int_equal(l.tensor[0].rank, 4);
        assert_memory_equal(l.tensor[0].shape, ((size_t[]){3, 2, k[0], k[1]}), 4 * sizeof *k);
        assert_int_equal(l.tensor[0].count, 6 * k[0] * k[1]);
        assert_int_equal(l.tensor[0].fan_in, 2 * k[0] * k[1]);
        assert_string_equal(l.tensor[1].role, "bias");
        assert_int_equal(l.tensor[1].count, 3);
        assert_int_equal(l.tensor[1].fan_in, 2 * k[0] * k[1]);
        assert_int_equal(l.out, 3 * (10 - k[0]) * (10 - k[1]));
    }
}

static void resolve__what_does_not_fit__is_said(void **state)
{
    static const struct {
        struct geometry g;
        enum snn_code code;
        const char *message;
    } rows[] = {
        {{1, 9, 9, 3, {0, 0}, 1, 0}, SNN_INVALID, "want kernel, or kernel_height and kernel_width"},
        {{1, 9, 9, 3, {2, 0}, 1, 0}, SNN_INVALID, "want kernel, or kernel_height and kernel_width"},
        {{1, 9, 9, 3, {10, 3}, 1, 0}, SNN_INVALID, "window 10 high, but its input is 9 high:"},
        {{1, 9, 8, 3, {3, 11}, 1, 1}, SNN_INVALID, "window 11 wide, but its input is 10 wide with"},
        {{(size_t)1 << 50, 9, 9, 1 << 20, {3, 3}, 1, 0}, SNN_LIMIT, "more than can be counted"},
        {{1, (size_t)1 << 30, 1 << 30, 8, {3, 3}, 1, 0}, SNN_LIMIT, "more than can be counted"},
    };
    struct snn_error err;
    struct snn_layer l;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(resolve(&l, &rows[i].g, 0, &err), rows[i].code);
        assert_contains(err.message, rows[i].message);
    }
}

static void resolve__input_without_planes__is_refused(void **state)
{
    const char *const kinds[] = {"conv2d", "max_pool2d", "avg_pool2d"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct snn_choice c = runs_choice(&snn_layers, kinds[i]);
        struct snn_layer l = {.type = snn_layer_type_of(&c)};
        const struct snn_shape flat = snn_shape_flat(64);
        struct snn_error err = {0};

        c.value[0] = c.value[1] = 2;
        assert_int_equal(snn_layer_resolve(&l, &c, &flat, &err), SNN_INVALID);
        assert_contains(err.message, kinds[i]);
        assert_contains(err.message, "[channels, height, width], but what comes in is 64 values");
    }
}

static void initialise__weight_scale__is_a_factor_on_weights_alone(void **state)
{
    static const struct stack_layer layers[] = {
        {"conv2d", {{"filters", 3}, {"kernel", 2}, {"weight_scale", 1}}, SNN_BY_KIND},
        {"conv2d", {{"filters", 3}, {"kernel", 2}, {"weight_scale", 8}}, SNN_BY_KIND},
        {"dense", {{"units", 3}, {"weight_scale", 1}}, SNN_BY_KIND},
        {"dense", {{"units", 3}, {"weight_scale", 8}}, SNN_BY_KIND},
        {"recurrent", {{"units", 3}, {"weight_scale", 1}, {"recurrent_bias", 1}}, SNN_BY_KIND},
        {"recurrent", {{"units", 3}, {"weight_scale", 8}, {"recurrent_bias", 1}}, SNN_BY_KIND},
    };

    (void)state;
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i += 2) {
        struct stack s[2];
        for (size_t k = 0; k < 2; k++) {
            stack_build(&s[k],
                        &(struct stack_case){.in = PLANES(2, 4, 4), .layer = {layers[i + k]}});
            snn_net_initialise(&s[k].net, s[k].params);
        }
        for (size_t k = 0; k < s[0].net.n_tensors; k++) {
            const struct snn_tensor_place *t = snn_net_tensor(&s[0].net, k);
            const bool is_bias = strstr(t->role, "bias") != NULL;
            const double bound = 1 / sqrt((double)t->fan_in);
            for (size_t j = t->offset; j < t->offset + t->count; j++) {
                assert_true(fabs((double)s[0].params[j]) <= bound);
                assert_near(s[1].params[j], s[0].params[j] * (is_bias ? 1 : 8), 1e-6);
            }
        }
        stack_free(&s[0]);
        stack_free(&s[1]);
    }
}

#ifdef SNN_DOUBLE
static void backward__nets_of_convolutions__is_the_derivative_of_the_loss(void **state)
{
    static const struct stack_case cases[] = {
        {.in = PLANES(2, 4, 4),
         .layer = {{"conv2d", {{"filters", 2}, {"kernel", 3}, {"padding", 1}, {"stride", 2}}},
                   {"dense", {{"units", 2}}}}},
        {.in = PLANES(1, 5, 4),
         .encoding = "constant",
         .readout = "spike_mean",
         .block = 3,
         .layer = {{"conv2d", {{"filters", 3}, {"kernel", 2}}},
                   {"conv2d", {{"filters", 2}, {"kernel_height", 4}, {"kernel_width", 3}}}}},
        {.in = PLANES(1, 4, 4),
         .encoding = "constant",
         .rate_penalty = 2,
         .layer = {{"conv2d", {{"filters", 2}, {"kernel", 2}}, .neurons = SNN_ABSENT},
                   {"conv2d", {{"filters", 2}, {"kernel", 2}}},
                   {"recurrent", {{"units", 3}}, .neurons = SNN_ABSENT}}},
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
        cmocka_unit_test(conv2d__every_geometry__is_the_sum_over_its_connections),
        cmocka_unit_test(conv2d__few_events__are_the_sum_over_their_connections),
        cmocka_unit_test(static_input__every_geometry__is_as_if_it_came_at_every_step),
        cmocka_unit_test(resolve__one_kernel_number__is_both_sides_unless_they_are_said),
        cmocka_unit_test(resolve__what_does_not_fit__is_said),
        cmocka_unit_test(resolve__input_without_planes__is_refused),
        cmocka_unit_test(initialise__weight_scale__is_a_factor_on_weights_alone),
#ifdef SNN_DOUBLE
        cmocka_unit_test(backward__nets_of_convolutions__is_the_derivative_of_the_loss),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
