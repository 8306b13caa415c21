/* SPDX-License-Identifier: MIT */
/* I_t = W s_t + b + V s'_(t-1) [+ c]: forward against plain loops, backward against differences of
 * the loss where spikes are soft (`make gradcheck` runs them in double). */
#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "tests/core/layer/net.h"
#include "tests/support/test.h"

#define IS_DOUBLE (sizeof(real) == sizeof(double))

static const struct net_case usual = {
    .surrogate = "arctan",
    .solver = "euler",
    .reset = "subtract",
    .readout = "membrane_mean",
    .loss = "cross_entropy",
    .encoding = "rate",
    .time_steps = NET_STEPS,
    .block = 2,
    .population = 1,
    .exact = true,
};

static const size_t blocks[] = {1, 2, NET_SAMPLES}, steps[] = {1, 2, NET_STEPS};

static void tensors__one_to_one__has_a_weight_per_neuron(void **state)
{
    struct net_case c = usual;
    struct net n;

    (void)state;
    c.one_to_one = c.own_bias = true;
    net_build(&n, &c);
    const struct snn_layer *l = &n.net.layer[1];
    assert_int_equal(l->n_tensors, 4);
    assert_string_equal(l->tensor[2].role, "recurrent_weight");
    assert_int_equal(l->tensor[2].rank, 1);
    assert_int_equal(l->tensor[2].shape[0], 6);
    assert_int_equal(l->tensor[2].count, 6);
    assert_int_equal(l->tensor[2].fan_in, 1);
    net_free(&n);
}

/* What is off the diagonal of a full V is what is missing. */
static void forward__one_to_one__is_a_diagonal_of_all_to_all(void **state)
{
    struct net_case c = usual;
    struct net one, all;

    (void)state;
    c.exact = false;
    net_build(&all, &c);
    c.one_to_one = true;
    net_build(&one, &c);
    for (size_t k = 0; k < NET_LAYERS; k++) {
        const struct snn_tensor_place *from = one.net.layer[k].tensor;
        const struct snn_tensor_place *to = all.net.layer[k].tensor;
        for (size_t i = 0; i < 2; i++)
            memcpy(all.params + to[i].offset, one.params + from[i].offset,
                   to[i].count * sizeof(real));
        for (size_t i = 0; i < to[2].count; i++)
            all.params[to[2].offset + i] =
                i % (from[2].count + 1) ? 0 : one.params[from[2].offset + i / from[2].count];
    }
    assert_near(net_run(&one), net_run(&all), IS_DOUBLE ? 1e-14 : 1e-6);
    for (size_t k = 0; k < NET_LAYERS; k++) {
        const struct snn_tensor_place *own = &one.net.layer[k].tensor[2];
        const struct snn_tensor_place *full = &all.net.layer[k].tensor[2];
        for (size_t i = 0; i < own->count; i++)
            assert_near(one.grads[own->offset + i], all.grads[full->offset + i * (own->count + 1)],
                        IS_DOUBLE ? 1e-14 : 1e-6);
    }
    net_free(&one);
    net_free(&all);
}

static void tensors__with_and_without_own_bias__have_their_shapes(void **state)
{
    (void)state;
    for (int own_bias = 0; own_bias < 2; own_bias++) {
        struct net_case c = usual;
        struct net n;

        c.own_bias = own_bias;
        net_build(&n, &c);
        const struct snn_layer *l = &n.net.layer[1];
        assert_int_equal(l->n_tensors, 3 + own_bias);
        assert_string_equal(l->tensor[2].role, "recurrent_weight");
        assert_int_equal(l->tensor[2].rank, 2);
        assert_int_equal(l->tensor[2].shape[0], 6);
        assert_int_equal(l->tensor[2].shape[1], 6);
        assert_int_equal(l->tensor[2].fan_in, 6);
        if (own_bias) {
            assert_string_equal(l->tensor[3].role, "recurrent_bias");
            assert_int_equal(l->tensor[3].count, 6);
        }
        net_free(&n);
    }
}

/* ---------------------------------------------------------------------------------- forward -- */

static void compare_with_plain(struct net *n)
{
    const double tolerance = IS_DOUBLE ? 1e-12 : n->c.exact ? 1e-6 : 1e-4;
    double spikes = 0, places = 0;

    (void)net_run(n);
    for (size_t i = 0; i < NET_SAMPLES; i++) {
        const size_t in_block = i % n->c.block, last = (NET_SAMPLES - 1) / n->c.block;
        struct net_trace want;

        if (i / n->c.block != last) /* only the last block is still there */
            continue;
        net_plain(n, i, &want);
        for (size_t k = 0; k < NET_LAYERS; k++) {
            const struct snn_layer_work *w = &n->work.layer[k];
            const size_t out = n->net.layer[k].out;
            for (size_t j = 0; j < n->c.time_steps * out; j++) {
                const size_t at = in_block * n->c.time_steps * out + j;
                assert_near(w->x[at], want.x[k][j / out][j % out], tolerance);
                assert_near(w->s[at], want.s[k][j / out][j % out], tolerance);
                spikes += want.s[k][j / out][j % out];
                places++;
            }
        }
    }
    if (n->c.time_steps == NET_STEPS)
        assert_true(spikes > 0.05 * places && spikes < 0.95 * places);
}

/* Hard and soft spikes; rate, static and single-spike input; every block and number of steps. */
static void forward__any_input__is_that_of_plain_loops(void **state)
{
    static const char *const surrogates[] = {"arctan", "noisy"}, *const resets[] = {"subtract",
                                                                                    "scaled"};
    (void)state;
    for (size_t e = 0; e < snn_encoders.count; e++)
        for (size_t i = 0; i < 144; i++) {
            struct net_case c = usual;
            struct net n;

            c.encoding = snn_registry_at(&snn_encoders, e)->name;
            if (strcmp(c.encoding, "events") == 0 || strcmp(c.encoding, "delta") == 0)
                continue; /* of other data */
            c.surrogate = surrogates[i % 2];
            c.exact = i % 2 == 0;
            c.own_bias = i / 2 % 2;
            c.reset = resets[i / 4 % 2];
            c.block = blocks[i / 8 % 3];
            c.time_steps = steps[i / 24 % 3];
            c.one_to_one = i / 72;
            net_build(&n, &c);
            compare_with_plain(&n);
            net_free(&n);
        }
}

/* A layer that does not hear itself is a dense one, whatever the solver. */
static void forward__no_own_weights__is_a_dense_layer(void **state)
{
    (void)state;
    for (size_t k = 0; k < snn_solvers.count; k++) {
        struct net_case c = usual;
        struct net own, dense;
        size_t at = 0;

        c.solver = snn_registry_at(&snn_solvers, k)->name;
        net_build(&own, &c);
        c.kind = "dense";
        net_build(&dense, &c);
        for (size_t i = 0; i < own.net.n_tensors; i++) {
            const struct snn_tensor_place *t = snn_net_tensor(&own.net, i);
            const bool is_own = strncmp(t->role, "recurrent", 9) == 0;
            if (is_own)
                memset(own.params + t->offset, 0, t->count * sizeof(real));
            else
                memcpy(dense.params + at, own.params + t->offset, t->count * sizeof(real));
            at += is_own ? 0 : t->count;
        }
        assert_int_equal(at, dense.net.n_params);
        assert_near(net_run(&own), net_run(&dense), 0);
        net_free(&dense);
        net_free(&own);
    }
}

/* --------------------------------------------------------------------------------- backward -- */

/* |got - want| <= tolerance of the largest of the same tensor, but of no less than a thousandth of
 * the largest of all. */
static void compare_gradients(const struct net *n, const double *want, double tolerance)
{
    double largest = 0;

    for (size_t i = 0; i < n->net.n_params; i++)
        largest = fmax(largest, fabs(want[i]));
    assert_true(largest > 0);
    for (size_t k = 0; k < n->net.n_tensors; k++) {
        const struct snn_tensor_place *t = snn_net_tensor(&n->net, k);
        double most = largest / 1000;

        for (size_t i = t->offset; i < t->offset + t->count; i++)
            most = fmax(most, fabs(want[i]));
        for (size_t i = t->offset; i < t->offset + t->count; i++)
            if (!(fabs((double)n->grads[i] - want[i]) <= tolerance * most))
                fail_msg("%s[%zu] of layer %zu is %.12g, want %.12g: solver %s, reset %s, readout "
                         "%s, loss %s, %zu steps, block %zu",
                         t->role, i - t->offset, t->layer + 1, (double)n->grads[i], want[i],
                         n->c.solver, n->c.reset, n->c.readout, n->c.loss, n->c.time_steps,
                         n->c.block);
    }
}

static const struct {
    const char *readout, *loss;
    size_t population;
} ends[] = {
    {"membrane_mean", "cross_entropy", 1}, {"spike_mean", "cross_entropy_per_step", 1},
    {"spike_count", "mse_count", 2},       {"membrane_last", "mse_membrane", 2},
    {"membrane_max", "cross_entropy", 2},  {"membrane_mean", "cross_entropy_per_step", 1},
};

/* Every solver, reset, readout and loss; with and without own bias and penalty. In float, whose
 * differences say nothing, only that blocks leave no trace but rounding. */
static void backward__soft_spikes__is_the_derivative_of_the_loss(void **state)
{
    (void)state;
    for (size_t s = 0; s < snn_solvers.count * snn_resets.count; s++)
        for (size_t i = 0; i < SNN_COUNT(ends) * 4; i++) {
            struct net_case c = usual;
            double want[NET_PARAMS];
            struct net n;

            c.surrogate = "noisy";
            c.exact = false;
            c.solver = snn_registry_at(&snn_solvers, s % snn_solvers.count)->name;
            c.reset = snn_registry_at(&snn_resets, s / snn_solvers.count)->name;
            c.readout = ends[i / 4].readout;
            c.loss = ends[i / 4].loss;
            c.population = ends[i / 4].population;
            c.own_bias = i & 1;
            c.one_to_one = (i / 4 + i) & 1;
            c.penalty = i & 2;
            c.encoding = (i + s) % 3 == 0 ? "constant" : "rate";
            c.block = blocks[(i + s) % 3];
            c.time_steps = steps[(i + s / 2) % 3];
            net_build(&n, &c);
            if (IS_DOUBLE) {
                for (size_t k = 0; k < n.net.n_params; k++)
                    want[k] = net_difference(&n, k);
                (void)net_run(&n);
                compare_gradients(&n, want, 1e-7);
            } else {
                struct net whole;
                c.block = NET_SAMPLES;
                net_build(&whole, &c);
                assert_near(net_run(&n), net_run(&whole), 1e-5);
                for (size_t k = 0; k < n.net.n_params; k++)
                    want[k] = (double)whole.grads[k];
                compare_gradients(&n, want, 1e-4);
                net_free(&whole);
            }
            net_free(&n);
        }
}

/* The first step hears nothing: no gradient for what it would have heard it by. */
static void backward__one_step__leaves_the_own_weights_alone(void **state)
{
    struct net_case c = usual;
    struct net n;

    (void)state;
    c.own_bias = true;
    c.time_steps = 1;
    net_build(&n, &c);
    (void)net_run(&n);
    for (size_t k = 0; k < n.net.n_tensors; k++) {
        const struct snn_tensor_place *t = snn_net_tensor(&n.net, k);
        double sum = 0;
        for (size_t i = t->offset; i < t->offset + t->count; i++)
            sum += fabs((double)n.grads[i]);
        if (strncmp(t->role, "recurrent", 9) == 0)
            assert_near(sum, 0, 0);
        else
            assert_true(sum > 0);
    }
    net_free(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors__with_and_without_own_bias__have_their_shapes),
        cmocka_unit_test(tensors__one_to_one__has_a_weight_per_neuron),
        cmocka_unit_test(forward__one_to_one__is_a_diagonal_of_all_to_all),
        cmocka_unit_test(forward__any_input__is_that_of_plain_loops),
        cmocka_unit_test(forward__no_own_weights__is_a_dense_layer),
        cmocka_unit_test(backward__soft_spikes__is_the_derivative_of_the_loss),
        cmocka_unit_test(backward__one_step__leaves_the_own_weights_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
