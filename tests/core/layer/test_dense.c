/* SPDX-License-Identifier: MIT */
/* The synapses; that the gradients are right in whole networks is tests/core/train/test_gradient.c.
 */
#include "core/layer/dense.h"

#include <math.h>
#include <string.h>

#include "tests/core/train/runs.h"
#include "tests/support/test.h"

#define IN 3
#define OUT 2
#define T 2
#define SAMPLES 2
#define ROWS (SAMPLES * T)

static real h[T] = {1, 1}, rate[OUT] = {1, 1}, threshold[OUT] = {100, 100};

/* A layer whose neurons show their current: tau 1 and no threshold in reach, so u = I. */
static struct snn_layer some_layer(bool is_static)
{
    static struct snn_choice model, solver, surrogate, reset;
    const struct snn_shape in = snn_shape_flat(IN);
    struct snn_choice kind = runs_choice(&snn_layers, "dense");
    struct snn_layer l = {.name = "layer1", .has_neuron = true, .static_input = is_static};

    model = runs_choice(&snn_neurons, "if");
    solver = runs_choice(&snn_solvers, "euler");
    surrogate = runs_choice(&snn_surrogates, "linear");
    reset = runs_choice(&snn_resets, "none");
    kind.value[0] = OUT;
    l.type = snn_layer_type_of(&kind);
    assert_int_equal(snn_layer_resolve(&l, &kind, &in, NULL), SNN_OK);
    l.cell = (struct snn_cell){.neuron = snn_neuron_of(&model),
                               .solver = snn_solver_of(&solver),
                               .surrogate = snn_surrogate_of(&surrogate),
                               .reset = snn_reset_of(&reset),
                               .r = rate,
                               .threshold = threshold,
                               .scale = 1000,
                               .detach_reset = true,
                               .h = h,
                               .n = OUT,
                               .time_steps = T};
    l.tensor[1].offset = l.tensor[0].count;
    return l;
}

static void tensors__of_a_dense_layer__are_weight_and_bias(void **state)
{
    const struct snn_layer l = some_layer(false);

    (void)state;
    assert_int_equal(l.out, OUT);
    assert_int_equal(l.n_tensors, 2);
    assert_string_equal(l.tensor[0].role, "weight");
    assert_int_equal(l.tensor[0].rank, 2);
    assert_int_equal(l.tensor[0].shape[0], OUT);
    assert_int_equal(l.tensor[0].shape[1], IN);
    assert_int_equal(l.tensor[0].count, OUT * IN);
    assert_int_equal(l.tensor[0].fan_in, IN);
    assert_string_equal(l.tensor[1].role, "bias");
    assert_int_equal(l.tensor[1].rank, 1);
    assert_int_equal(l.tensor[1].shape[0], OUT);
    assert_int_equal(l.tensor[1].count, OUT);
    assert_int_equal(l.tensor[1].fan_in, IN);
}

/* W = [[1 2 3] [4 5 6]], b = [10 20] */
static const real params[OUT * IN + OUT] = {1, 2, 3, 4, 5, 6, 10, 20};

struct arrays {
    real current[ROWS * OUT], x[ROWS * OUT], s[ROWS * OUT], g[ROWS * OUT];
    real current_sum[SAMPLES * OUT], state[SAMPLES * OUT], lambda[SAMPLES * OUT], scratch[3 * OUT];
};

static struct snn_layer_work work_of(struct arrays *a, bool is_static)
{
    memset(a, 0, sizeof *a);
    return (struct snn_layer_work){.current = a->current,
                                   .x = a->x,
                                   .s = a->s,
                                   .g = a->g,
                                   .current_sum = is_static ? a->current_sum : NULL,
                                   .state = a->state,
                                   .lambda = a->lambda,
                                   .scratch = a->scratch};
}

static const struct snn_block both = {.first = 0, .n = SAMPLES, .training = true, .backward = true};

static void forward__inputs_of_each_step__are_weighed_and_summed(void **state)
{
    const real in[ROWS * IN] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1};
    const double want[ROWS * OUT] = {11, 24, 12, 25, 13, 26, 16, 35};
    const struct snn_layer l = some_layer(false);
    struct arrays a;
    struct snn_layer_work w = work_of(&a, false);

    (void)state;
    l.type->forward(&l, &w, params, in, &both);
    for (size_t i = 0; i < SAMPLES; i++)
        for (size_t k = 0; k < OUT; k++) {
            const double *row = want + i * T * OUT;
            assert_near(a.current[i * T * OUT + k], row[k], 0);
            /* v = I of the step before: IF with tau 1 adds the currents up */
            assert_near(a.x[i * T * OUT + k] + 100, row[k], 0);
            assert_near(a.x[(i * T + 1) * OUT + k] + 100, row[k] + row[OUT + k], 0);
        }
}

/* With IF, tau 1 and a window that holds everything: dL/du = g / 2000, dL/dI of the first step is
 * that of both. */
static void backward__gradients__go_to_weights_biases_and_inputs(void **state)
{
    const real in[ROWS * IN] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1};
    const double d_current[ROWS * OUT] = {3, 0, 1, 0, 0, 7, 0, 4};
    const struct snn_layer l = some_layer(false);
    struct arrays a;
    struct snn_layer_work w = work_of(&a, false);
    real grads[OUT * IN + OUT] = {0}, d_in[ROWS * IN];

    (void)state;
    l.type->forward(&l, &w, params, in, &both);
    const real g[ROWS * OUT] = {4000, 0, 2000, 0, 0, 6000, 0, 8000};
    memcpy(a.g, g, sizeof g);
    l.type->backward(&l, &w, params, grads, in, d_in, &both);
    for (size_t r = 0; r < ROWS; r++)
        for (size_t j = 0; j < IN; j++) {
            double want = d_current[r * OUT] * (double)params[j] +
                          d_current[r * OUT + 1] * (double)params[IN + j];
            assert_near(d_in[r * IN + j], want, 1e-4);
        }
    const double want[OUT * IN + OUT] = {3, 1, 0, 4, 4, 11, 4, 11};
    for (size_t i = 0; i < OUT * IN + OUT; i++)
        assert_near(grads[i], want[i], 1e-5);
}

/* The same input at every step: one product for the shard is the same as one for each step. */
static void static_input__whole_shard__is_what_the_same_rows_would_be(void **state)
{
    const real in[SAMPLES * IN] = {1, 2, 3, -1, 0.5, 2};
    const real g[ROWS * OUT] = {4000, 100, 2000, -300, 50, 6000, 70, 8000};
    real rows[ROWS * IN], grads[2][OUT * IN + OUT] = {{0}};
    const struct snn_layer once = some_layer(true), each = some_layer(false);
    struct arrays a, b;
    struct snn_layer_work w = work_of(&a, true), v = work_of(&b, false);

    (void)state;
    for (size_t r = 0; r < ROWS; r++)
        memcpy(rows + r * IN, in + r / T * IN, IN * sizeof *in);
    a.current_sum[0] = 99; /* left from the shard before */
    once.type->begin_shard(&once, &w, params, in, SAMPLES);
    for (size_t i = 0; i < SAMPLES; i++) { /* blocks of one sample */
        const struct snn_block block = {.first = i, .n = 1, .training = true, .backward = true};
        snn_layer_forward(&once, &w, params, NULL, &block);
        memcpy(a.g, g + i * T * OUT, T * OUT * sizeof *g);
        snn_layer_backward(&once, &w, params, grads[0], NULL, NULL, &block);
    }
    once.type->end_shard(&once, &w, params, grads[0], in, NULL, SAMPLES);

    each.type->forward(&each, &v, params, rows, &both);
    memcpy(b.g, g, sizeof g);
    each.type->backward(&each, &v, params, grads[1], rows, NULL, &both);
    for (size_t i = 0; i < OUT * IN + OUT; i++)
        assert_near(grads[0][i], grads[1][i], 1e-4);
    for (size_t k = 0; k < T * OUT; k++) /* the last block's membranes */
        assert_near(a.x[k], b.x[(SAMPLES - 1) * T * OUT + k], 1e-5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors__of_a_dense_layer__are_weight_and_bias),
        cmocka_unit_test(forward__inputs_of_each_step__are_weighed_and_summed),
        cmocka_unit_test(backward__gradients__go_to_weights_biases_and_inputs),
        cmocka_unit_test(static_input__whole_shard__is_what_the_same_rows_would_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
