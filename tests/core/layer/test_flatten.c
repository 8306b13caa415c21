/* SPDX-License-Identifier: MIT */
/* Flatten changes nothing but the shape: with it and without, a network computes the same bits. */
#include "core/layer/flatten.h"

#include "tests/core/layer/stack.h"
#include "tests/support/test.h"

#define CONV                                                                                       \
    {                                                                                              \
        "conv2d", {{"filters", 2}, {"kernel", 2}}, SNN_BY_KIND                                     \
    }
#define DENSE                                                                                      \
    {                                                                                              \
        "dense", {{"units", 3}}, SNN_BY_KIND                                                       \
    }
#define CURRENTS                                                                                   \
    {                                                                                              \
        "dense", {{"units", 3}}, SNN_ABSENT                                                        \
    }
#define FLATTEN                                                                                    \
    {                                                                                              \
        .kind = "flatten"                                                                          \
    }
#define POOL                                                                                       \
    {                                                                                              \
        "max_pool2d", {{"kernel", 1}}, SNN_BY_KIND                                                 \
    }

static void flatten__anywhere__leaves_every_bit_alone(void **state)
{
    static const struct stack_case cases[][2] = {
        {{.layer = {CONV, FLATTEN, DENSE}}, {.layer = {CONV, DENSE}}},
        {{.layer = {CONV, FLATTEN, FLATTEN, DENSE}}, {.layer = {CONV, DENSE}}},
        {{.layer = {FLATTEN, DENSE}}, {.layer = {DENSE}}},
        {{.layer = {FLATTEN, FLATTEN, DENSE, DENSE}}, {.layer = {DENSE, DENSE}}},
        {{.layer = {CURRENTS, FLATTEN}}, {.layer = {CURRENTS}}},
        {{.layer = {CONV, FLATTEN}}, {.layer = {CONV, POOL}}}, /* both read the spikes */
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        double loss[2];
        struct stack s[2];
        for (size_t k = 0; k < 2; k++) {
            struct stack_case c = cases[i / 2][k];
            c.in = (struct snn_shape)PLANES(2, 3, 4);
            c.surrogate = "arctan"; /* no noise: its draws are those of the layer's number */
            c.encoding = i % 2 ? "rate" : "constant";
            stack_build(&s[k], &c);
            loss[k] = stack_run(&s[k]);
        }
        assert_near(loss[0], loss[1], 0);
        assert_int_equal(s[0].net.n_params, s[1].net.n_params);
        for (size_t k = 0; k < s[0].net.n_params; k++)
            assert_near(s[0].grads[k], s[1].grads[k], 0);
        stack_free(&s[0]);
        stack_free(&s[1]);
    }
}

static void flatten__of_planes__is_one_row(void **state)
{
    struct stack s;

    (void)state;
    stack_build(&s, &(struct stack_case){.in = PLANES(2, 3, 4), .layer = {CONV, FLATTEN, DENSE}});
    assert_int_equal(s.net.layer[0].out_shape.rank, 3);
    assert_int_equal(s.net.layer[1].out_shape.rank, 1);
    assert_int_equal(s.net.layer[1].out_shape.size[0], 2 * 2 * 3);
    assert_int_equal(s.net.layer[1].n_tensors, 0);
    assert_false(s.net.layer[1].has_neuron);
    stack_free(&s);
}

/* What a first layer saves on an input that is the same at every step, it saves behind a flatten
 * too. */
static void flatten__of_a_static_input__leaves_it_static(void **state)
{
    struct stack s;

    (void)state;
    stack_build(&s, &(struct stack_case){.in = PLANES(2, 3, 4),
                                         .encoding = "constant",
                                         .layer = {FLATTEN, DENSE, DENSE}});
    assert_true(s.net.static_input);
    assert_int_equal(s.net.first, 1);
    assert_true(s.net.layer[1].static_input);
    assert_false(s.net.layer[2].static_input);
    stack_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flatten__anywhere__leaves_every_bit_alone),
        cmocka_unit_test(flatten__of_planes__is_one_row),
        cmocka_unit_test(flatten__of_a_static_input__leaves_it_static),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
