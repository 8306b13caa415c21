/* SPDX-License-Identifier: MIT */
/* Neurons that are more than a solver's: each with every solver that it takes, every reset and
 * readout. Backward against differences of the loss where spikes are soft (`make gradcheck` runs
 * them in double); forward against plain recursions. snnTorch's own numbers:
 * tests/reference/snntorch.c. */
#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "tests/core/layer/stack.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

#define IS_DOUBLE (sizeof(real) == sizeof(double))
#define T 12

static void set(struct snn_choice *c, const char *name, double value)
{
    for (size_t i = 0; i < c->kind->n_params; i++)
        if (strcmp(c->kind->params[i].name, name) == 0)
            c->value[i] = value;
}

/* Constants that matter within a few steps. */
static struct snn_neuron_spec neuron_of(const char *model)
{
    struct snn_neuron_spec n = snn_neuron_spec_default();

    n.model = runs_choice(&snn_neurons, model);
    set(&n.model, "threshold", 0.5);
    set(&n.model, "step", 0.75);
    set(&n.model, "detach_reset", 0);
    set(&n.model, "tau_syn", 3);
    set(&n.model, "tau_adapt", 4);
    set(&n.model, "beta_adapt", 0.3);
    return n;
}

/* --------------------------------------------------------------------------------- backward -- */

/* What the neuron has to learn, every neuron its own or the layer one. */
static void learn(struct snn_neuron_spec *n, enum snn_learn how)
{
    for (enum snn_learnable k = 0; k < SNN_LEARNABLE_COUNT; k++) {
        const char *name = snn_registry_at(&snn_learnables, k)->name;
        if (!isnan(snn_choice_value(&n->model, name, (double)NAN)))
            n->learn[k] = how;
    }
    if (how != SNN_FIXED && snn_solver_of(&n->solver)->has_history)
        n->learn[SNN_LEARN_alpha] = SNN_PER_LAYER;
}

/* A difference of losses near 1 has an error of its own, up to about 1e-10. */
static void compare(const struct stack *s, const double *want, const char *what)
{
    const double relative = IS_DOUBLE ? 1e-7 : 1e-3, absolute = IS_DOUBLE ? 2e-10 : 1e-6;
    double largest = 0;

    for (size_t i = 0; i < s->net.n_params; i++)
        largest = fmax(largest, fabs(want[i]));
    assert_true(largest > 0);
    for (size_t k = 0; k < s->net.n_tensors; k++) {
        const struct snn_tensor_place *t = snn_net_tensor(&s->net, k);
        double most = largest / 1000;

        for (size_t i = t->offset; i < t->offset + t->count; i++)
            most = fmax(most, fabs(want[i]));
        for (size_t i = t->offset; i < t->offset + t->count; i++)
            if (!(fabs((double)s->grads[i] - want[i]) <= relative * most + absolute))
                fail_msg("%s: %s[%zu] of layer %zu is %.12g, want %.12g", what, t->role,
                         i - t->offset, t->layer + 1, (double)s->grads[i], want[i]);
    }
}

/* Where membrane_max comes to read another step on the way, nearer to the point. */
static double derivative(struct stack *s, size_t i, double expected)
{
    const double d = stack_difference(s, i, 0x1p-13);

    return fabs(d - expected) < 1e-5 * fabs(expected) ? d : stack_difference(s, i, 0x1p-17);
}

/* In float, whose differences say nothing: that blocks leave no trace but rounding. */
static void check(struct stack_case *c, const char *what)
{
    double want[256], got[256];
    struct stack s, other;

    c->block = 2;
    stack_build(&s, c);
    assert_true(s.net.n_params <= SNN_COUNT(want));
    if (IS_DOUBLE) {
        (void)stack_run(&s);
        for (size_t i = 0; i < s.net.n_params; i++)
            got[i] = (double)s.grads[i];
        for (size_t i = 0; i < s.net.n_params; i++)
            want[i] = derivative(&s, i, got[i]);
    } else {
        c->block = 1;
        stack_build(&other, c);
        (void)stack_run(&other);
        for (size_t i = 0; i < s.net.n_params; i++)
            want[i] = (double)other.grads[i];
        stack_free(&other);
    }
    (void)stack_run(&s);
    compare(&s, want, what);
    stack_free(&s);
}

static void backward__each_model__is_the_derivative_of_the_loss(void **state)
{
    size_t turn = 0;

    (void)state;
    for (size_t m = 0; m < snn_neurons.count * snn_solvers.count; m++)
        for (size_t i = 0; i < snn_resets.count * snn_readouts.count * 2; i++) {
            const char *kind = i & 1 ? "recurrent" : "dense";
            struct snn_neuron_spec n =
                neuron_of(snn_registry_at(&snn_neurons, m / snn_solvers.count)->name);
            char what[128];

            n.solver = snn_choice_of(snn_registry_at(&snn_solvers, m % snn_solvers.count));
            const bool has_history = snn_solver_of(&n.solver)->has_history;
            if (!snn_neuron_of(&n.model)->forward ||
                (has_history && snn_neuron_of(&n.model)->own_steps))
                continue;
            turn++;
            n.alpha[0] = has_history ? 0.6 : 1;
            n.surrogate = runs_choice(&snn_surrogates, "noisy");
            n.reset = snn_choice_of(snn_registry_at(&snn_resets, i / 2 % snn_resets.count));
            set(&n.model, "reset_delay", turn / 2 % 2 == 1);
            learn(&n, (enum snn_learn)(turn % 3));
            struct stack_case c = {
                .in = snn_shape_flat(3),
                .layer = {{.kind = kind, .set = {{"units", 4}}},
                          {.kind = kind, .set = {{"units", 2}}}},
                .encoding = turn / 3 % 2 ? "constant" : "rate",
                .readout = snn_registry_at(&snn_readouts, i / 2 / snn_resets.count)->name,
                .neuron = &n,
                .time_steps = 6,
            };
            (void)snprintf(what, sizeof what, "%s %s %s %s %s turn %zu", n.model.kind->name,
                           n.solver.kind->name, n.reset.kind->name, c.readout, kind, turn);
            check(&c, what);
        }
}

/* ---------------------------------------------------------------------------------- forward -- */

/* One neuron of a net of one layer, weight 1, no bias, alone over T steps. */
struct course {
    double x[T], s[T], read[T];
};

static void input(double current[T])
{
    for (size_t t = 0; t < T; t++)
        current[t] = 0.9 + sin(1.7 * (double)t);
}

static void run(const struct snn_neuron_spec *n, const double current[T], struct course *out)
{
    const struct stack_case c = {.in = snn_shape_flat(1),
                                 .layer = {{.kind = "dense", .set = {{"units", 2}}}},
                                 .neuron = n,
                                 .time_steps = T};
    struct stack s;

    stack_build(&s, &c);
    struct snn_layer *l = &s.net.layer[0];
    struct snn_layer_work *w = &s.work.layer[0];
    snn_net_prepare(&s.net, s.params);
    for (size_t t = 0; t < T; t++)
        w->current[2 * t] = w->current[2 * t + 1] = (real)current[t];
    snn_layer_spikes(l, w, (struct snn_span){0, 0, T}, &(struct snn_block){.n = 1});
    const struct snn_cell_trace trace = {.x = w->x, .s = w->s, .v = w->v, .aux = w->aux};
    for (size_t t = 0; t < T; t++) {
        real read[2];
        snn_cell_membrane(&l->cell, &trace, t, read);
        out->x[t] = (double)w->x[2 * t];
        out->s[t] = (double)w->s[2 * t + 1];
        out->read[t] = (double)read[1];
    }
    stack_free(&s);
}

static void assert_course(const struct course *got, const struct course *want)
{
    double spikes = 0;

    for (size_t t = 0; t < T; t++) {
        assert_near(got->x[t], want->x[t], IS_DOUBLE ? 1e-13 : 1e-5);
        assert_near(got->s[t], want->s[t], 0);
        assert_near(got->read[t], want->read[t], IS_DOUBLE ? 1e-13 : 1e-5);
        spikes += want->s[t];
    }
    assert_true(spikes > 1 && spikes < T - 1);
}

static void cuba_lif__plain_recursion__is_met(void **state)
{
    struct snn_neuron_spec n = neuron_of("cuba_lif");
    double current[T], j = 0, v = 0;
    struct course got, want;

    (void)state;
    n.reset = runs_choice(&snn_resets, "subtract");
    input(current);
    run(&n, current, &got);
    for (size_t t = 0; t < T; t++) {
        j += 0.75 * (current[t] - j) / 3;
        const double f = (j - v) / 2;
        want.read[t] = v + f;
        want.x[t] = v + f - 0.5;
        want.s[t] = want.x[t] >= 0;
        v += 0.75 * f - want.s[t] * 0.5;
    }
    assert_course(&got, &want);
}

/* With a time constant of one step the synapse keeps nothing. */
static void cuba_lif__tau_syn_of_a_step__is_lif(void **state)
{
    struct snn_neuron_spec cuba = neuron_of("cuba_lif"), lif = neuron_of("lif");
    double current[T];
    struct course got, want;

    (void)state;
    set(&cuba.model, "tau_syn", 0.75);
    input(current);
    run(&cuba, current, &got);
    run(&lif, current, &want);
    assert_course(&got, &want);
}

static void alif__plain_recursion__is_met(void **state)
{
    struct snn_neuron_spec n = neuron_of("alif");
    double current[T], a = 0, v = 0;
    struct course got, want;

    (void)state;
    n.reset = runs_choice(&snn_resets, "subtract");
    input(current);
    run(&n, current, &got);
    for (size_t t = 0; t < T; t++) {
        const double threshold = 0.5 + 0.3 * a, f = (current[t] - v) / 2;
        want.read[t] = v + f;
        want.x[t] = v + f - threshold;
        want.s[t] = want.x[t] >= 0;
        v += 0.75 * f - want.s[t] * threshold;
        a += want.s[t] - 0.75 * a / 4;
    }
    assert_course(&got, &want);
}

static void alif__no_adaptation__is_lif_with_every_solver(void **state)
{
    double current[T];
    struct course got, want;

    (void)state;
    input(current);
    for (size_t i = 0; i < snn_solvers.count; i++) {
        struct snn_neuron_spec alif = neuron_of("alif"), lif = neuron_of("lif");

        set(&alif.model, "beta_adapt", 0);
        alif.solver = lif.solver = snn_choice_of(snn_registry_at(&snn_solvers, i));
        alif.alpha[0] = lif.alpha[0] = 0.6;
        run(&alif, current, &got);
        run(&lif, current, &want);
        assert_course(&got, &want);
    }
}

/* m = 1 after the first step, exactly the threshold: it does not fire, and does not reset. */
static void leaky__membrane_equals_the_threshold__does_not_fire(void **state)
{
    struct snn_neuron_spec n = snn_neuron_spec_default();
    double current[T] = {1, 0.75, 0.25};
    struct course got;

    (void)state;
    n.model = runs_choice(&snn_neurons, "leaky");
    set(&n.model, "beta", 0.5);
    run(&n, current, &got);
    assert_near(got.s[0], 0, 0);
    assert_near(got.read[1], 1.25, 0);
    assert_near(got.s[1], 1, 0);
    assert_near(got.read[2], 0.5 * 1.25 + 0.25 - 1, 0); /* a step late, and the threshold whole */
    set(&n.model, "reset_delay", 0);
    run(&n, current, &got);
    assert_near(got.x[1], 0.25, 0);
    assert_near(got.read[1], 0.25, 0); /* at once */
    assert_near(got.read[2], 0.5 * 0.25 + 0.25, 0);
}

/* zero keeps what comes in, but not where a layer hears itself. */
static void leaky__reset_to_zero__loses_the_input_of_recurrent_layers(void **state)
{
    static const char *const kinds[] = {"dense", "recurrent"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct snn_neuron_spec n = neuron_of("leaky");
        struct stack s;

        n.reset = runs_choice(&snn_resets, "zero");
        stack_build(&s, &(struct stack_case){.in = snn_shape_flat(1),
                                             .layer = {{.kind = kinds[i], .set = {{"units", 2}}}},
                                             .neuron = &n});
        assert_int_equal(s.net.layer[0].cell.loses_input, i);
        stack_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backward__each_model__is_the_derivative_of_the_loss),
        cmocka_unit_test(cuba_lif__plain_recursion__is_met),
        cmocka_unit_test(cuba_lif__tau_syn_of_a_step__is_lif),
        cmocka_unit_test(alif__plain_recursion__is_met),
        cmocka_unit_test(alif__no_adaptation__is_lif_with_every_solver),
        cmocka_unit_test(leaky__membrane_equals_the_threshold__does_not_fire),
        cmocka_unit_test(leaky__reset_to_zero__loses_the_input_of_recurrent_layers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
