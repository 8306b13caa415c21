/* SPDX-License-Identifier: MIT */
/* A layer's learned constants: tensors, values, and the way of a gradient back to them. That the
 * gradient is the loss's is proved in tests/core/train/test_gradient.c. */
#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "core/train/net.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

#define UNITS 3
#define STEPS 4

struct fixture {
    struct snn_spec spec;
    struct snn_net net;
    struct snn_work work;
    struct snn_arena arena;
    real *params, *grads;
};

static struct snn_spec spec_of(const enum snn_learn learn[SNN_LEARNABLE_COUNT])
{
    struct snn_spec spec = snn_spec_default();
    struct snn_neuron_spec *n = &spec.layers[0].neuron;

    spec.time_steps = STEPS;
    spec.n_layers = 1;
    (void)snprintf(spec.layers[0].name, sizeof spec.layers[0].name, "only");
    spec.layers[0].kind = runs_choice(&snn_layers, "dense");
    spec.layers[0].kind.value[0] = UNITS;
    *n = snn_neuron_spec_default();
    n->model.value[SNN_NEURON_TAU] = 2;
    n->model.value[SNN_NEURON_THRESHOLD] = 0.5;
    n->model.value[SNN_NEURON_STEP] = 0.5;
    n->solver = runs_choice(&snn_solvers, "gl");
    n->n_terms = 2;
    n->alpha[0] = 0.5;
    n->alpha[1] = 0.75;
    n->coefficients[0] = 2;
    n->coefficients[1] = -0.25;
    memcpy(n->learn, learn, sizeof n->learn);
    return spec;
}

static void build(struct fixture *f, const struct snn_spec *spec,
                  const struct snn_net_options *options)
{
    const struct snn_work_size size = {.shard = 1, .block = 1, .gradients = true};

    *f = (struct fixture){.spec = *spec};
    for (int pass = 0; pass < 2; pass++) {
        assert_int_equal(
            snn_net_init(&f->net, &f->arena, &f->spec, snn_shape_flat(2), options, NULL), SNN_OK);
        snn_work_place(&f->work, &f->arena, &f->net, &size);
        f->params = snn_arena_take(&f->arena, f->net.n_params, sizeof(real));
        f->grads = snn_arena_take(&f->arena, f->net.n_params, sizeof(real));
        if (pass == 0)
            assert_true(snn_arena_build(&f->arena));
    }
    assert_false(f->arena.failed);
    snn_net_initialise(&f->net, f->params);
    snn_net_prepare(&f->net, f->params);
}

static void build_learning(struct fixture *f, enum snn_learn each)
{
    enum snn_learn learn[SNN_LEARNABLE_COUNT] = {0};
    struct snn_spec spec;

    learn[SNN_LEARN_tau] = learn[SNN_LEARN_threshold] = each;
    learn[SNN_LEARN_alpha] = learn[SNN_LEARN_coefficients] = each ? SNN_PER_LAYER : SNN_FIXED;
    spec = spec_of(learn);
    build(f, &spec, NULL);
}

static const struct snn_tensor_place *tensor_named(const struct snn_layer *l, const char *role)
{
    for (size_t i = 0; i < l->n_tensors; i++)
        if (strcmp(l->tensor[i].role, role) == 0)
            return &l->tensor[i];
    return NULL;
}

static real *entry(struct fixture *f, const char *role, size_t i)
{
    const struct snn_tensor_place *t = tensor_named(&f->net.layer[0], role);

    assert_non_null(t);
    assert_true(i < t->count);
    return &f->params[t->offset + i];
}

/* ------------------------------------------------------------------------------- tensors -- */

static void tensors__nothing_learned__are_the_synapses_alone(void **state)
{
    struct fixture f;

    (void)state;
    build_learning(&f, SNN_FIXED);
    assert_int_equal(f.net.layer[0].n_tensors, 2);
    assert_int_equal(f.net.layer[0].n_learned, 0);
    assert_int_equal(f.net.n_params, UNITS * 2 + UNITS);
    assert_null(snn_learned_of(&f.net.layer[0], 0));
    snn_arena_free(&f.arena);
}

static void tensors__each_learned__has_one_value_per_layer_neuron_or_term(void **state)
{
    static const struct {
        const char *role;
        size_t per_layer, per_neuron;
    } rows[] = {
        {"tau", 1, UNITS}, {"threshold", 1, UNITS}, {"alpha", 2, 2}, {"coefficients", 2, 2}};

    (void)state;
    for (enum snn_learn each = SNN_PER_LAYER; each <= SNN_PER_NEURON; each++) {
        struct fixture f;

        build_learning(&f, each);
        assert_int_equal(f.net.layer[0].n_learned, SNN_COUNT(rows));
        for (size_t i = 0; i < SNN_COUNT(rows); i++) {
            const struct snn_tensor_place *t = tensor_named(&f.net.layer[0], rows[i].role);
            const size_t want = each == SNN_PER_NEURON ? rows[i].per_neuron : rows[i].per_layer;

            assert_non_null(t);
            assert_int_equal(t->count, want);
            assert_int_equal(t->rank, 1);
            assert_int_equal(t->shape[0], want);
            assert_int_equal(t->fan_in, 0);
        }
        snn_arena_free(&f.arena);
    }
}

static void tensors__one_learned__is_the_only_one(void **state)
{
    (void)state;
    for (enum snn_learnable i = SNN_LEARN_tau; i <= SNN_LEARN_coefficients; i++) {
        enum snn_learn learn[SNN_LEARNABLE_COUNT] = {SNN_FIXED};
        struct snn_spec spec;
        struct fixture f;

        learn[i] = SNN_PER_LAYER;
        spec = spec_of(learn);
        build(&f, &spec, NULL);
        assert_int_equal(f.net.layer[0].n_tensors, 3);
        assert_string_equal(f.net.layer[0].tensor[2].role, snn_learnable_name(i));
        const struct snn_learned *k = snn_learned_of(&f.net.layer[0], 2);
        assert_non_null(k);
        assert_int_equal(k->which, i);
        snn_arena_free(&f.arena);
    }
}

/* -------------------------------------------------------------------------------- values -- */

static void assert_cells(const struct fixture *f, const double tau[UNITS],
                         const double threshold[UNITS])
{
    const struct snn_cell *c = &f->net.layer[0].cell;

    for (size_t i = 0; i < UNITS; i++) {
        assert_near(c->r[i], 1 / tau[i], 1e-6);
        assert_near(c->threshold[i], threshold[i], 1e-6);
    }
}

/* The table that these orders make. */
static void assert_table(const struct fixture *f, const double alpha[2], const double q[2])
{
    const struct snn_weights_table *got = &f->net.layer[0].cell.table;
    struct snn_orders o = {.n = 2, .h = 0.5};
    double w[STEPS];
    struct snn_weights_table want = {.w = w, .lags = STEPS - 1};

    memcpy(o.alpha, alpha, 2 * sizeof *alpha);
    memcpy(o.coefficient, q, 2 * sizeof *q);
    f->net.layer[0].cell.solver->weights(&want, &o);
    assert_int_equal(got->lags, want.lags);
    assert_near(got->a, want.a, 1e-6);
    for (size_t d = 0; d < STEPS; d++)
        assert_near(got->w[d], w[d], 1e-6);
}

static void prepare__at_the_start__is_what_the_spec_says(void **state)
{
    (void)state;
    for (enum snn_learn each = SNN_FIXED; each <= SNN_PER_NEURON; each++) {
        struct fixture f;

        build_learning(&f, each);
        assert_cells(&f, (double[]){2, 2, 2}, (double[]){0.5, 0.5, 0.5});
        assert_table(&f, (double[]){0.5, 0.75}, (double[]){2, -0.25});
        snn_arena_free(&f.arena);
    }
}

static void prepare__after_an_update__is_what_the_parameters_say(void **state)
{
    struct fixture f;
    const double more = 0.25;

    (void)state;
    build_learning(&f, SNN_PER_NEURON);
    *entry(&f, "tau", 1) += (real)more;
    *entry(&f, "threshold", 2) -= (real)more;
    *entry(&f, "alpha", 1) += (real)more;
    *entry(&f, "coefficients", 0) += (real)more;
    snn_net_prepare(&f.net, f.params);
    assert_cells(&f, (double[]){2, 0.25 + 1.75 * exp(more), 2},
                 (double[]){0.5, 0.5, 0.5 * exp(-more)});
    assert_table(&f, (double[]){0.5, 3 * exp(more) / (1 + 3 * exp(more))},
                 (double[]){2 * exp(more), -0.25});
    snn_arena_free(&f.arena);
}

static void prepare__one_value_per_layer__is_every_neurons(void **state)
{
    struct fixture f;
    const double tau = 0.25 + 1.75 * exp(0.5);

    (void)state;
    build_learning(&f, SNN_PER_LAYER);
    *entry(&f, "tau", 0) += (real)0.5;
    snn_net_prepare(&f.net, f.params);
    assert_cells(&f, (double[]){tau, tau, tau}, (double[]){0.5, 0.5, 0.5});
    snn_arena_free(&f.arena);
}

/* tau_0 below step/2 has no Euler step to keep stable: its lower end is 0. */
static void prepare__tau_below_half_a_step__may_go_down_to_zero(void **state)
{
    enum snn_learn learn[SNN_LEARNABLE_COUNT] = {[SNN_LEARN_tau] = SNN_PER_LAYER};
    struct snn_spec spec = spec_of(learn);
    struct fixture f;

    (void)state;
    spec.layers[0].neuron.model.value[SNN_NEURON_TAU] = 0.125;
    build(&f, &spec, NULL);
    *entry(&f, "tau", 0) -= 2;
    snn_net_prepare(&f.net, f.params);
    const double tau = 0.125 * exp(-2);
    for (size_t i = 0; i < UNITS; i++)
        assert_near((double)f.net.layer[0].cell.r[i] * tau, 1, 1e-6);
    snn_arena_free(&f.arena);
}

static void prepare__spikedes_conventions__are_kept(void **state)
{
    const struct snn_net_options options = {.spikede = true};
    enum snn_learn learn[SNN_LEARNABLE_COUNT] = {[SNN_LEARN_tau] = SNN_PER_LAYER,
                                                 [SNN_LEARN_threshold] = SNN_PER_LAYER,
                                                 [SNN_LEARN_alpha] = SNN_PER_LAYER};
    struct snn_spec spec = spec_of(learn);
    struct fixture f;

    (void)state;
    spec.layers[0].neuron.memory = 2;
    build(&f, &spec, &options);
    assert_int_equal(f.net.layer[0].cell.table.lags, 1);
    assert_near(*entry(&f, "tau", 0), 0, 0);
    assert_near(*entry(&f, "alpha", 1), 0.75, 0);
    assert_near(*entry(&f, "threshold", 0), 0.5, 0);
    assert_cells(&f, (double[]){4, 4, 4}, (double[]){0.5, 0.5, 0.5});
    snn_arena_free(&f.arena);
}

static void value__every_entry__is_the_constant_itself(void **state)
{
    static const double want[SNN_LEARNABLE_COUNT][2] = {
        [SNN_LEARN_tau] = {2, 2},
        [SNN_LEARN_threshold] = {0.5, 0.5},
        [SNN_LEARN_alpha] = {0.5, 0.75},
        [SNN_LEARN_coefficients] = {2, -0.25},
    };
    struct fixture f;

    (void)state;
    build_learning(&f, SNN_PER_NEURON);
    const struct snn_layer *l = &f.net.layer[0];
    for (size_t i = 0; i < l->n_learned; i++)
        for (size_t k = 0; k < 2; k++) {
            const struct snn_learned *learned = &l->learned[i];

            assert_near(snn_learned_initial(learned, k), want[learned->which][k], 0);
            assert_near(snn_learned_value(l, learned, f.params, k), want[learned->which][k], 1e-6);
        }
    snn_arena_free(&f.arena);
}

/* ----------------------------------------------------------------------------- gradients -- */

static void gradient__of_neurons__is_added_by_slope_and_cleared(void **state)
{
    (void)state;
    for (enum snn_learn each = SNN_PER_LAYER; each <= SNN_PER_NEURON; each++) {
        struct fixture f;

        build_learning(&f, each);
        struct snn_layer *l = &f.net.layer[0];
        struct snn_layer_work *w = &f.work.layer[0];
        const struct snn_tensor_place *tau = tensor_named(l, "tau");
        for (size_t i = 0; i < UNITS; i++)
            w->d.tau[i] = (double)(i + 1);
        f.grads[tau->offset] = 100;
        snn_learned_gradient(l, w, f.params, f.grads);
        /* dtau/dp at p = 0 is tau - step/2 = 1.75 */
        assert_near(f.grads[tau->offset], 100 + 1.75 * (each == SNN_PER_LAYER ? 6 : 1), 1e-5);
        for (size_t i = 1; i < tau->count; i++)
            assert_near(f.grads[tau->offset + i], 1.75 * (double)(i + 1), 1e-6);
        for (size_t i = 0; i < UNITS; i++)
            assert_near(w->d.tau[i], 0, 0);
        snn_arena_free(&f.arena);
    }
}

static void gradient__of_terms__goes_through_every_weight(void **state)
{
    struct fixture f;

    (void)state;
    build_learning(&f, SNN_PER_LAYER);
    struct snn_layer *l = &f.net.layer[0];
    struct snn_layer_work *w = &f.work.layer[0];
    const struct snn_weights_table *t = &l->cell.table;
    const struct snn_tensor_place *alpha = tensor_named(l, "alpha");
    const struct snn_tensor_place *q = tensor_named(l, "coefficients");
    double want[4];

    for (size_t p = 0; p < 4; p++) {
        want[p] = 0.5 * t->da[p];
        for (size_t d = 0; d < STEPS; d++)
            want[p] += (double)(d + 1) * t->dw[p][d];
    }
    *w->d.a = 0.5;
    for (size_t d = 0; d < STEPS; d++)
        w->d.w[d] = (double)(d + 1);
    snn_learned_gradient(l, w, f.params, f.grads);
    assert_near(f.grads[alpha->offset], want[0] * 0.5 * 0.5, 1e-6);
    assert_near(f.grads[alpha->offset + 1], want[1] * 0.75 * 0.25, 1e-6);
    assert_near(f.grads[q->offset], want[2] * 2, 1e-6);
    assert_near(f.grads[q->offset + 1], want[3] * -0.25, 1e-6);
    assert_near(*w->d.a, 0, 0);
    for (size_t d = 0; d < STEPS; d++)
        assert_near(w->d.w[d], 0, 0);
    snn_arena_free(&f.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors__nothing_learned__are_the_synapses_alone),
        cmocka_unit_test(tensors__each_learned__has_one_value_per_layer_neuron_or_term),
        cmocka_unit_test(tensors__one_learned__is_the_only_one),
        cmocka_unit_test(prepare__at_the_start__is_what_the_spec_says),
        cmocka_unit_test(prepare__after_an_update__is_what_the_parameters_say),
        cmocka_unit_test(prepare__one_value_per_layer__is_every_neurons),
        cmocka_unit_test(prepare__tau_below_half_a_step__may_go_down_to_zero),
        cmocka_unit_test(prepare__spikedes_conventions__are_kept),
        cmocka_unit_test(value__every_entry__is_the_constant_itself),
        cmocka_unit_test(gradient__of_neurons__is_added_by_slope_and_cleared),
        cmocka_unit_test(gradient__of_terms__goes_through_every_weight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
