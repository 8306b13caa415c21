/* SPDX-License-Identifier: MIT */
/* Neurons given to layers without weights: what they compute is the neurons' current. */
#include "core/layer/layer.h"

#include "core/base/param.h"
#include "tests/core/layer/stack.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

#define CONV(has)                                                                                  \
    {                                                                                              \
        "conv2d", {{"filters", 2}, {"kernel", 2}}, .neurons = (has)                                \
    }
#define DENSE(has)                                                                                 \
    {                                                                                              \
        "dense", {{"units", 4}}, .neurons = (has)                                                  \
    }
#define GIVEN(its_kind, param, value)                                                              \
    {                                                                                              \
        its_kind, {{param, value}}, .neurons = SNN_PRESENT                                         \
    }
#define FLATTEN                                                                                    \
    {                                                                                              \
        .kind = "flatten", .neurons = SNN_PRESENT                                                  \
    }

static struct snn_neuron_spec learning(void)
{
    struct snn_neuron_spec n = snn_neuron_spec_default();
    n.surrogate = runs_choice(&snn_surrogates, "arctan");
    n.model.value[SNN_NEURON_THRESHOLD] = 0.5;
    n.learn[SNN_LEARN_tau] = SNN_PER_NEURON;
    n.learn[SNN_LEARN_threshold] = SNN_PER_LAYER;
    return n;
}

/* A layer that leaves its input as it is takes over the neurons of the one below, and nothing else
 * changes: loss, and gradients in the order of the tensors. A static input's may be summed in
 * another order. */
static void forward__neurons_moved_into_a_layer_above__are_the_same_network(void **state)
{
    static const struct stack_case cases[][2] = {
        {{.layer = {CONV(SNN_ABSENT), GIVEN("max_pool2d", "kernel", 1), DENSE(SNN_BY_KIND)}},
         {.layer = {CONV(SNN_BY_KIND), DENSE(SNN_BY_KIND)}}},
        {{.layer = {CONV(SNN_ABSENT), GIVEN("avg_pool2d", "kernel", 1), DENSE(SNN_ABSENT),
                    FLATTEN}},
         {.layer = {CONV(SNN_BY_KIND), DENSE(SNN_BY_KIND)}}},
        {{.layer = {CONV(SNN_ABSENT), GIVEN("dropout", "rate", 0), DENSE(SNN_BY_KIND)}},
         {.layer = {CONV(SNN_BY_KIND), DENSE(SNN_BY_KIND)}}},
        {{.layer = {DENSE(SNN_ABSENT), FLATTEN, DENSE(SNN_ABSENT), GIVEN("dropout", "rate", 0)}},
         {.layer = {DENSE(SNN_BY_KIND), DENSE(SNN_BY_KIND)}}},
    };
    static const char *const readouts[] = {"membrane_mean", "spike_count"};
    const struct snn_neuron_spec n = learning();

    (void)state;
    for (size_t i = 0; i < 4 * SNN_COUNT(cases); i++) {
        double loss[2];
        struct stack s[2];
        for (size_t k = 0; k < 2; k++) {
            struct stack_case c = cases[i / 4][k];
            c.in = (struct snn_shape)PLANES(2, 3, 4);
            c.neuron = &n;
            c.rate_penalty = 0.1;
            c.encoding = i & 1 ? "rate" : "constant";
            c.readout = readouts[i >> 1 & 1];
            stack_build(&s[k], &c);
            loss[k] = stack_run(&s[k]);
        }
        assert_near(loss[0], loss[1], 0);
        assert_int_equal(s[0].net.n_params, s[1].net.n_params);
        for (size_t k = 0; k < s[0].net.n_params; k++)
            assert_near(s[0].grads[k], s[1].grads[k],
                        sizeof(real) == sizeof(double) ? 1e-14 : 1e-6);
        stack_free(&s[0]);
        stack_free(&s[1]);
    }
}

/* As the first layer too, where there is a static input that it wants step by step. */
static void net__neurons_on_what_would_be_a_view__make_it_a_layer(void **state)
{
    struct stack s;

    (void)state;
    stack_build(&s, &(struct stack_case){.in = PLANES(2, 3, 4),
                                         .encoding = "constant",
                                         .layer = {FLATTEN, DENSE(SNN_BY_KIND)}});
    assert_false(s.net.static_input);
    assert_int_equal(s.net.first, 0);
    assert_false(s.net.layer[0].is_view);
    assert_true(s.net.layer[0].has_neuron);
    assert_int_equal(s.net.layer[0].out_shape.rank, 1);
    stack_run(&s);
    assert_true(s.work.layer[0].s != s.work.input);
    stack_free(&s);
}

#ifdef SNN_DOUBLE
/* Every kind without weights, as first, middle and last layer, under either readout. What a largest
 * value is taken of are sums of any numbers: sums of weights alone may be equal. */
static void backward__neurons_on_any_kind__is_the_derivative_of_the_loss(void **state)
{
    static const struct stack_case cases[] = {
        {.layer = {CONV(SNN_BY_KIND), CONV(SNN_ABSENT), GIVEN("max_pool2d", "kernel", 2),
                   DENSE(SNN_BY_KIND)},
         .block = 1},
        {.layer = {CONV(SNN_BY_KIND), GIVEN("avg_pool2d", "kernel", 2), DENSE(SNN_BY_KIND)}},
        {.layer = {GIVEN("avg_pool2d", "kernel", 2), CONV(SNN_ABSENT),
                   GIVEN("max_pool2d", "kernel", 1)}},
        {.layer = {FLATTEN, DENSE(SNN_ABSENT), GIVEN("dropout", "rate", 0.4), DENSE(SNN_ABSENT),
                   FLATTEN}},
        {.layer = {GIVEN("dropout", "rate", 0.3), DENSE(SNN_BY_KIND)}, .encoding = "constant"},
        {.layer = {CONV(SNN_ABSENT), GIVEN("max_pool2d", "kernel", 2)}, .encoding = "constant"},
    };

    (void)state;
    for (size_t i = 0; i < 2 * SNN_COUNT(cases); i++) {
        struct stack_case c = cases[i / 2];
        struct stack s;
        c.in = (struct snn_shape)PLANES(1, 5, 5);
        c.readout = i % 2 ? "membrane_mean" : "spike_mean";
        stack_build(&s, &c);
        stack_check_gradient(&s);
        stack_free(&s);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward__neurons_moved_into_a_layer_above__are_the_same_network),
        cmocka_unit_test(net__neurons_on_what_would_be_a_view__make_it_a_layer),
#ifdef SNN_DOUBLE
        cmocka_unit_test(backward__neurons_on_any_kind__is_the_derivative_of_the_loss),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
