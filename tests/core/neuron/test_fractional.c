/* SPDX-License-Identifier: MIT */
/* The forward recursion of fractional order. Its reverse is proved in
 * tests/core/train/test_gradient.c. */
#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "core/neuron/neuron.h"
#include "tests/support/test.h"

#define T 10
#define N 7
#define TOLERANCE (sizeof(real) == sizeof(double) ? 1e-12 : 5e-6)

/* A layer of N neurons, its constants and its arrays. */
struct layer {
    struct snn_cell cell;
    real r[N], threshold[N], h[T];
    double w[T];
    real past[T + SNN_HISTORY_STEPS], tile[(T + SNN_HISTORY_STEPS + 4) * SNN_TILE];
    real current[T * N], x[T * N], s[T * N], v[T * N], f[T * N], state[N], scratch[N];
};

struct dynamics {
    const char *solver, *neuron, *reset;
    double alpha[2], coefficient[2];
    size_t terms, memory;
    bool spikede;
    double tau, step;
};

static void build(struct layer *l, const struct dynamics *d, size_t n)
{
    const struct snn_choice neuron = {.kind = snn_registry_find(&snn_neurons, d->neuron)};
    const struct snn_choice reset = {.kind = snn_registry_find(&snn_resets, d->reset)};
    const struct snn_choice solver = {.kind = snn_registry_find(&snn_solvers, d->solver)};
    struct snn_orders orders = {.n = d->terms, .h = d->step, .spikede = d->spikede};

    assert_true(neuron.kind && reset.kind && solver.kind);
    memcpy(orders.alpha, d->alpha, sizeof d->alpha);
    memcpy(orders.coefficient, d->coefficient, sizeof d->coefficient);
    *l = (struct layer){.cell = {.neuron = snn_neuron_of(&neuron),
                                 .reset = snn_reset_of(&reset),
                                 .solver = snn_solver_of(&solver),
                                 .r = l->r,
                                 .threshold = l->threshold,
                                 .h = l->h,
                                 .scale = 5,
                                 .n = n,
                                 .time_steps = T}};
    for (size_t i = 0; i < N; i++) {
        l->r[i] = (real)(1 / d->tau);
        l->threshold[i] = 1;
    }
    for (size_t t = 0; t < T; t++)
        l->h[t] = (real)d->step;
    l->cell.table = (struct snn_weights_table){
        .w = l->w, .past = l->past, .lags = snn_solver_lags(d->memory, T, d->spikede)};
    if (l->cell.solver->has_history)
        snn_weights_fill(&l->cell.table, l->cell.solver, &orders);
}

static void run(struct layer *l, size_t from, size_t to)
{
    const struct snn_cell_forward f = {.from = from,
                                       .to = to,
                                       .current = l->current,
                                       .current_stride = l->cell.n,
                                       .x = l->x,
                                       .s = l->s,
                                       .v = l->v,
                                       .f = l->f,
                                       .state = l->state,
                                       .scratch = l->scratch,
                                       .tile = l->tile};

    snn_cell_forward(&l->cell, &f);
}

/* The state after step t of a single neuron. */
static double after(const struct layer *l, size_t t)
{
    return (double)(t + 1 < T ? l->v[t + 1] : l->state[0]);
}

static void golden_input(struct layer *l)
{
    for (size_t t = 0; t < T; t++)
        l->current[t] = (real)(1.3 + sin((double)t));
}

static void varied_input(struct layer *l)
{
    for (size_t i = 0; i < T * N; i++)
        l->current[i] = (real)(1 + 2 * sin((double)(i * i)));
}

#define ALL SNN_ALL_STATES

/* spikeDE's own run (tau 2, threshold 1, step 1/2, alpha 0.7, I = 1.3 + sin k): the published
 * digits. Its memory of 3 holds two states, or three values of f. */
static const struct golden {
    const char *solver;
    size_t terms, memory;
    const char *spikes;
    double v[T]; /* after each step */
} golden[] = {
    {"gl",
     1,
     ALL,
     "0111000111",
     {.400122, .508262, .613565, .447993, .440916, .373075, .556907, .604562, .743993, .634614}},
    {"l1",
     1,
     ALL,
     "0111000111",
     {.359098, .492208, .602337, .466147, .447006, .383368, .541432, .599377, .731021, .646493}},
    {"trap",
     1,
     ALL,
     "0111000111",
     {.359098, .492208, .602337, .466147, .447006, .383368, .541432, .599377, .731021, .646493}},
    {"pred",
     1,
     ALL,
     "0111000111",
     {.440353, .512495, .619126, .42569, .438772, .364124, .574813, .605378, .754963, .618815}},
    {"gl",
     2,
     ALL,
     "0110000111",
     {.318098, .347479, .403772, .492803, .31067, .243461, .389706, .398455, .494781, .382415}},
    {"gl",
     1,
     2,
     "0111000111",
     {.400122, .508262, .613565, .429787, .400181, .307063, .476575, .513708, .64837, .527419}},
    {"pred",
     1,
     2,
     "0111000111",
     {.440353, .512495, .619126, .213728, .19979, .085406, .406166, .409926, .583308, .329147}},
};

static struct dynamics dynamics_of(const struct golden *g)
{
    struct dynamics d = {.solver = g->solver,
                         .neuron = "lif",
                         .reset = "scaled",
                         .alpha = {0.7},
                         .coefficient = {1, 0.5},
                         .terms = g->terms,
                         .memory = g->memory,
                         .tau = 2,
                         .step = 0.5};

    if (g->terms == 2) {
        d.alpha[0] = 0.3;
        d.alpha[1] = 0.7;
    }
    return d;
}

static void forward__spikedes_golden_run__is_reproduced(void **state)
{
    (void)state;
    for (size_t k = 0; k < SNN_COUNT(golden); k++)
        for (int spikede = 0; spikede < 2; spikede++) {
            struct dynamics d = dynamics_of(&golden[k]);
            struct layer l;

            d.spikede = spikede;
            d.memory += spikede && d.memory != ALL; /* they count the present as one */
            build(&l, &d, 1);
            golden_input(&l);
            run(&l, 0, T);
            for (size_t t = 0; t < T; t++) {
                assert_near(after(&l, t), golden[k].v[t], 1e-6);
                assert_near(l.s[t], golden[k].spikes[t] - '0', 0);
            }
        }
}

/* At order 1 and with all of the past every solver is Euler's, whatever neuron and reset. */
static void forward__order_1__is_eulers(void **state)
{
    (void)state;
    for (size_t i = 0; i < snn_solvers.count * snn_neurons.count * snn_resets.count; i++) {
        struct dynamics d = {
            .solver = snn_registry_at(&snn_solvers, i % snn_solvers.count)->name,
            .neuron =
                snn_registry_at(&snn_neurons, i / snn_solvers.count % snn_neurons.count)->name,
            .reset = snn_registry_at(&snn_resets, i / snn_solvers.count / snn_neurons.count)->name,
            .alpha = {1},
            .coefficient = {1},
            .terms = 1,
            .memory = ALL,
            .tau = 3,
            .step = 0.5};
        struct layer l, euler;
        const struct snn_choice c = {.kind = snn_registry_find(&snn_neurons, d.neuron)};

        if (snn_neuron_of(&c)->forward) /* no solver steps it, or not alone */
            continue;
        build(&l, &d, N);
        d.solver = "euler";
        build(&euler, &d, N);
        varied_input(&l);
        varied_input(&euler);
        run(&l, 0, T);
        run(&euler, 0, T);
        for (size_t k = 0; k < T * N; k++) {
            assert_near(l.s[k], euler.s[k], 0);
            assert_near(l.v[k], euler.v[k], TOLERANCE);
        }
    }
}

/* Without memory: gl's next state is h^alpha f, whatever the state was. */
static void forward__no_memory__keeps_nothing(void **state)
{
    struct dynamics d = dynamics_of(&golden[0]);
    struct layer l;

    (void)state;
    d.memory = 0;
    build(&l, &d, N);
    varied_input(&l);
    run(&l, 0, T);
    for (size_t k = 0; k + N < T * N; k++)
        assert_near(l.v[k + N], pow(0.5, 0.7) * (double)l.f[k], TOLERANCE);
}

/* One step from rest, to v = h^0.7 f; the charge is 1.2 where it fires, 0.8 where it does not. */
static void forward__each_reset__takes_its_share(void **state)
{
    static const struct {
        const char *reset;
        double per_step, whole, share;
    } rows[] = {{"scaled", 1, 0, 0}, {"subtract", 0, 1, 0}, {"zero", 0, 0, 1}, {"none", 0, 0, 0}};

    (void)state;
    for (size_t k = 0; k < SNN_COUNT(rows); k++)
        for (int fires = 0; fires < 2; fires++) {
            struct dynamics d = dynamics_of(&golden[0]);
            struct layer l;
            const double charge = fires ? 1.2 : 0.8;

            d.reset = rows[k].reset;
            build(&l, &d, 1);
            l.current[0] = (real)(2 * charge);
            run(&l, 0, 1);
            double f = charge - fires * rows[k].per_step / 2, w = pow(0.5, 0.7) * f;
            assert_near(l.x[0], charge - 1, 1e-6);
            assert_near(l.f[0], f, 1e-6);
            assert_near(l.state[0], w - fires * (rows[k].whole + rows[k].share * w), 1e-6);
        }
}

static void forward__many_neurons__are_each_what_one_alone_is(void **state)
{
    (void)state;
    for (size_t k = 0; k < SNN_COUNT(golden); k++) {
        const struct dynamics d = dynamics_of(&golden[k]);
        struct layer all, one;

        build(&all, &d, N);
        varied_input(&all);
        run(&all, 0, T);
        for (size_t i = 0; i < N; i++) {
            build(&one, &d, 1);
            for (size_t t = 0; t < T; t++)
                one.current[t] = all.current[t * N + i];
            run(&one, 0, T);
            for (size_t t = 0; t < T; t++) {
                assert_near(all.s[t * N + i], one.s[t], 0);
                assert_near(all.x[t * N + i], one.x[t], TOLERANCE);
            }
            assert_near(all.state[i], one.state[0], TOLERANCE);
        }
    }
}

static void forward__cut_in_two__goes_on_from_the_past(void **state)
{
    (void)state;
    for (size_t k = 0; k < SNN_COUNT(golden); k++) {
        const struct dynamics d = dynamics_of(&golden[k]);
        struct layer whole, cut;

        build(&whole, &d, N);
        build(&cut, &d, N);
        varied_input(&whole);
        varied_input(&cut);
        run(&whole, 0, T);
        run(&cut, 0, 4);
        run(&cut, 4, T);
        assert_memory_equal(whole.x, cut.x, sizeof cut.x);
        assert_memory_equal(whole.s, cut.s, sizeof cut.s);
        assert_memory_equal(whole.state, cut.state, sizeof cut.state);
    }
}

/* What a solver sums over has to be kept; what the backward pass reads, only where it follows. */
static void keeps__each_solver__is_asked_for_its_history(void **state)
{
    (void)state;
    for (size_t i = 0; i < snn_solvers.count; i++) {
        struct dynamics d = dynamics_of(&golden[0]);
        struct layer l;

        d.solver = snn_registry_at(&snn_solvers, i)->name;
        build(&l, &d, 1);
        l.cell.detach_reset = true;
        const bool history = l.cell.solver->has_history, of_f = l.cell.solver->sums_f;
        for (int gradients = 0; gradients < 2; gradients++) {
            assert_int_equal(snn_cell_keeps_v(&l.cell, gradients), history && !of_f);
            assert_int_equal(snn_cell_keeps_f(&l.cell, gradients), of_f);
        }
        l.cell.learns[SNN_LEARN_alpha] = true;
        assert_int_equal(snn_cell_keeps_v(&l.cell, false), history && !of_f);
        assert_int_equal(snn_cell_keeps_f(&l.cell, false), of_f);
        assert_int_equal(snn_cell_keeps_f(&l.cell, true), history);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward__spikedes_golden_run__is_reproduced),
        cmocka_unit_test(forward__order_1__is_eulers),
        cmocka_unit_test(forward__no_memory__keeps_nothing),
        cmocka_unit_test(forward__each_reset__takes_its_share),
        cmocka_unit_test(forward__many_neurons__are_each_what_one_alone_is),
        cmocka_unit_test(forward__cut_in_two__goes_on_from_the_past),
        cmocka_unit_test(keeps__each_solver__is_asked_for_its_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
