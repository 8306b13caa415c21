/* SPDX-License-Identifier: MIT */
/* What a spec may be, and what is warned of: each warning against the dynamics themselves. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/neuron/neuron.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

struct found {
    size_t n;
    struct snn_error error[16];
};

static void keep(void *user, const struct snn_error *what)
{
    struct found *f = user;

    if (f->n < sizeof f->error / sizeof f->error[0])
        f->error[f->n++] = *what;
}

/* The message at that place, NULL where there is none. */
static const char *at(const struct found *f, const char *pointer)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->error[i].pointer, pointer) == 0)
            return f->error[i].message;
    return NULL;
}

static struct found warnings(const struct snn_spec *spec)
{
    struct snn_data *data = runs_data(45, 20, 1);
    struct found f = {0};

    snn_spec_warn(spec, snn_data_describe(data), keep, &f);
    snn_data_free(data);
    return f;
}

static struct found errors(const struct snn_spec *spec)
{
    struct snn_data *data = runs_data(45, 20, 1);
    struct found f = {0};

    (void)snn_spec_check(spec, snn_data_describe(data), keep, &f);
    snn_data_free(data);
    return f;
}

/* The first layer with that solver and order. */
static struct snn_spec fractional(const char *solver, double alpha)
{
    struct snn_spec spec = runs_spec();

    spec.layers[0].neuron.solver = runs_choice(&snn_solvers, solver);
    spec.layers[0].neuron.alpha[0] = alpha;
    return spec;
}

/* ------------------------------------------------------------------------------------ check -- */

static void check__numbers_that_no_json_brings__are_refused_too(void **state)
{
    struct snn_spec spec = fractional("gl", 0);
    struct found f = errors(&spec);

    (void)state;
    assert_int_equal(f.n, 1);
    assert_string_equal(f.error[0].pointer, "/layers/0/neuron/alpha");
    spec = fractional("gl", (double)NAN);
    assert_int_equal(errors(&spec).n, 1);
    spec = fractional("gl", 0.5);
    spec.layers[0].neuron.n_terms = 0;
    f = errors(&spec);
    assert_contains(at(&f, "/layers/0/neuron/alpha"), "0 orders, want 1 to 8");
    spec.layers[0].neuron.n_terms = SNN_MAX_TERMS + 1;
    f = errors(&spec);
    assert_contains(at(&f, "/layers/0/neuron/alpha"), "9 orders, want 1 to 8");
    spec.layers[0].neuron.n_terms = 2;
    spec.layers[0].neuron.alpha[1] = 2;
    spec.layers[0].neuron.coefficients[1] = INFINITY;
    f = errors(&spec);
    assert_non_null(at(&f, "/layers/0/neuron/alpha/1"));
    assert_non_null(at(&f, "/layers/0/neuron/coefficients/1"));
}

static void check__learned__each_needs_what_it_is_learned_of(void **state)
{
    static const struct {
        enum snn_learnable which;
        enum snn_learn how;
        const char *solver;
        double alpha;
        bool good;
    } rows[] = {
        {SNN_LEARN_tau, SNN_PER_NEURON, "euler", 1, true},
        {SNN_LEARN_threshold, SNN_PER_LAYER, "pred", 0.5, true},
        {SNN_LEARN_alpha, SNN_PER_LAYER, "l1", 0.5, true},
        {SNN_LEARN_alpha, SNN_PER_LAYER, "l1", 1, false},
        {SNN_LEARN_alpha, SNN_PER_LAYER, "euler", 1, false},
        {SNN_LEARN_alpha, SNN_PER_NEURON, "l1", 0.5, false},
        {SNN_LEARN_coefficients, SNN_PER_LAYER, "gl", 0.5, false}, /* of one term */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct snn_spec spec = fractional(rows[i].solver, rows[i].alpha);
        char place[60];

        spec.layers[0].neuron.learn[rows[i].which] = rows[i].how;
        snprintf(place, sizeof place, "/layers/0/neuron/learn/%s",
                 snn_learnable_name(rows[i].which));
        const struct found f = errors(&spec);
        assert_int_equal(f.n, rows[i].good ? 0 : 1);
        if (!rows[i].good)
            assert_non_null(at(&f, place));
    }
}

/* -------------------------------------------------------------------------------- stability -- */

#define STEPS 1000

/* The size of the membrane after many steps without input or spikes, from a small push. */
static double run_free(const struct snn_neuron_spec *n)
{
    const size_t lags = snn_solver_lags(n->memory, STEPS, false);
    const struct snn_solver *solver = snn_solver_of(&n->solver);
    struct snn_orders orders = {.n = n->n_terms, .h = n->model.value[SNN_NEURON_STEP]};
    double w[STEPS], y[STEPS + 1] = {0}, f[STEPS], late = 0;
    struct snn_weights_table table = {.w = w, .lags = lags};

    memcpy(orders.alpha, n->alpha, sizeof orders.alpha);
    memcpy(orders.coefficient, n->coefficients, sizeof orders.coefficient);
    solver->weights(&table, &orders);
    for (size_t k = 0; k < STEPS; k++) {
        f[k] = ((k == 0) - y[k]) / n->model.value[SNN_NEURON_TAU];
        y[k + 1] = solver->sums_f ? w[0] * f[k] : table.a * f[k];
        for (size_t d = 1; d <= lags && d <= k; d++)
            y[k + 1] += solver->sums_f ? w[d] * f[k - d] : -w[d] * y[k + 1 - d];
    }
    for (size_t k = STEPS - 20; k <= STEPS; k++)
        late = fmax(late, fabs(y[k]));
    return late;
}

/* Five percent from the tau that the warning names, on both sides. */
static void check_bound(struct snn_spec spec, const char *what)
{
    struct snn_neuron_spec *n = &spec.layers[0].neuron;
    struct found f;
    const char *wanted;
    double bound;

    n->model.value[SNN_NEURON_TAU] = 1e-3;
    f = warnings(&spec);
    assert_non_null(at(&f, "/layers/0/neuron/tau"));
    assert_contains(at(&f, "/layers/0/neuron/tau"), "oscillates and grows;");
    wanted = strstr(at(&f, "/layers/0/neuron/tau"), "want tau above ");
    assert_non_null(wanted);
    bound = strtod(wanted + strlen("want tau above "), NULL);
    n->model.value[SNN_NEURON_TAU] = 0.95 * bound;
    f = warnings(&spec);
    if (!at(&f, "/layers/0/neuron/tau") || !(run_free(n) > 10))
        fail_msg("%s: tau %g is below the bound, and the membrane ends at %g", what, 0.95 * bound,
                 run_free(n));
    n->model.value[SNN_NEURON_TAU] = 1.05 * bound;
    f = warnings(&spec);
    if (at(&f, "/layers/0/neuron/tau") || !(run_free(n) < 0.5))
        fail_msg("%s: tau %g is above the bound, and the membrane ends at %g", what, 1.05 * bound,
                 run_free(n));
}

static void warn__tau__is_where_the_membrane_begins_to_grow(void **state)
{
    static const char *const solvers[] = {"gl", "l1", "trap", "pred"};
    static const size_t memories[] = {SNN_ALL_STATES, 3, 8};

    (void)state;
    for (size_t s = 0; s < sizeof solvers / sizeof solvers[0]; s++)
        for (size_t i = 0; i < 4; i++)
            for (size_t m = 0; m < sizeof memories / sizeof memories[0]; m++) {
                struct snn_spec spec = fractional(solvers[s], 0.3 + 0.2 * (double)i);

                spec.time_steps = STEPS;
                spec.layers[0].neuron.memory = memories[m];
                spec.layers[0].neuron.model.value[SNN_NEURON_STEP] = m == 1 ? 0.5 : 1;
                check_bound(spec, solvers[s]);
            }
}

static void warn__euler__tells_swings_that_grow_from_those_that_stay(void **state)
{
    struct snn_spec spec = runs_spec();
    struct snn_choice *model = &spec.layers[0].neuron.model;
    struct found f;

    (void)state;
    *model = runs_choice(&snn_neurons, "cuba_lif");
    model->value[SNN_NEURON_TAU] = 0.5;
    *runs_parameter(model, "tau_syn") = 0.125;
    f = warnings(&spec);
    assert_contains(at(&f, "/layers/0/neuron/tau"),
                    "is -1 a step, so it oscillates without decay;");
    assert_contains(at(&f, "/layers/0/neuron/tau_syn"),
                    "is -7 a step, so it oscillates and grows;");
    model->value[SNN_NEURON_TAU] = 0.4;
    f = warnings(&spec);
    assert_contains(at(&f, "/layers/0/neuron/tau"), "is -1.5 a step, so it oscillates and grows;");
}

static void warn__several_terms__counts_all_of_them(void **state)
{
    struct snn_spec spec = fractional("gl", 0.4);
    struct snn_neuron_spec *n = &spec.layers[0].neuron;

    (void)state;
    n->n_terms = 3;
    n->alpha[1] = 0.7;
    n->alpha[2] = 1;
    n->coefficients[0] = 0.5;
    n->coefficients[1] = 2;
    n->coefficients[2] = 1;
    check_bound(spec, "three terms");
}

static void warn__gl__bound_is_h_to_alpha_over_two_to_alpha(void **state)
{
    struct snn_spec spec = fractional("gl", 0.5);
    struct snn_neuron_spec *n = &spec.layers[0].neuron;
    struct found f;

    (void)state;
    n->model.value[SNN_NEURON_TAU] = sqrt(0.5) - 1e-3;
    f = warnings(&spec);
    assert_contains(at(&f, "/layers/0/neuron/tau"), "want tau above 0.7071");
    n->model.value[SNN_NEURON_TAU] = sqrt(0.5) + 1e-3;
    assert_int_equal(warnings(&spec).n, 0);
    n->model = runs_choice(&snn_neurons, "if"); /* does not leak */
    n->model.value[SNN_NEURON_TAU] = 0.1;
    assert_int_equal(warnings(&spec).n, 0);
}

/* ----------------------------------------------------------------------------------- memory -- */

static void warn__memory__tells_the_share_that_is_lost(void **state)
{
    struct snn_spec spec = fractional("gl", 0.5);
    struct snn_neuron_spec *n = &spec.layers[0].neuron;
    struct found f;

    (void)state;
    spec.time_steps = 100;
    assert_int_equal(warnings(&spec).n, 0);
    /* |c_1| + ... + |c_n| = 1 - binom(2n, n)/4^n: 1 - 0.1761970 of n = 10, 1 - 0.0566340 of 99 */
    n->memory = 10;
    f = warnings(&spec);
    assert_int_equal(f.n, 1);
    assert_contains(at(&f, "/layers/0/neuron/memory"),
                    "memory is 10 of 99 past states: it loses 13% of the weight");
    n->memory = 60;
    assert_int_equal(warnings(&spec).n, 0);
    n->memory = 10;
    spec.time_steps = 11; /* all there are */
    assert_int_equal(warnings(&spec).n, 0);
}

static void warn__order_one__says_that_euler_is_the_same(void **state)
{
    struct snn_spec spec = fractional("gl", 1);
    struct found f = warnings(&spec);

    (void)state;
    assert_int_equal(f.n, 1);
    assert_contains(at(&f, "/layers/0/neuron/alpha"), "alpha is 1, where solver gl is Euler's");
    spec = fractional("euler", 1);
    assert_int_equal(warnings(&spec).n, 0);
}

static void warn__rates_that_nothing_holds__are_named(void **state)
{
    struct snn_spec spec = runs_spec();
    struct found f;

    (void)state;
    spec.rate_below = 0.125;
    f = warnings(&spec);
    assert_int_equal(f.n, 1);
    assert_contains(at(&f, "/training/rate_below"), "rate_below is 0.125, but rate_penalty is 0:");
    spec.rate_above = 0.5;
    f = warnings(&spec);
    assert_contains(at(&f, "/training/rate_above"), "rate_above is 0.5, but rate_penalty is 0:");
    spec.rate_penalty = 2;
    spec.layers[0].neurons = SNN_ABSENT;
    assert_int_equal(warnings(&spec).n, 0);
    spec.layers[1].neurons = SNN_ABSENT;
    f = warnings(&spec);
    assert_int_equal(f.n, 1);
    assert_contains(at(&f, "/training/rate_penalty"), "rate_penalty 2 is on the firing of neurons");
}

/* 45 samples in batches of 7: 7 steps an epoch, 3 epochs; 6 without the 4 held out. */
static void warn__warmup__is_longer_than_the_job(void **state)
{
    struct snn_spec spec = runs_spec();
    double *warmup = runs_parameter(&spec.schedule, "warmup_steps");
    struct found f;

    (void)state;
    *warmup = 21;
    assert_int_equal(warnings(&spec).n, 0);
    *warmup = 22;
    f = warnings(&spec);
    assert_int_equal(f.n, 1);
    assert_contains(at(&f, "/training/schedule/warmup_steps"),
                    "warmup_steps is 22, but the job has 21 steps:");
    spec.validation_fraction = 0.1;
    f = warnings(&spec);
    assert_contains(at(&f, "/training/schedule/warmup_steps"), "want at most 18");
}

static void warn__learning_rate_of_nothing__names_the_weights_one(void **state)
{
    struct snn_spec spec = runs_spec();
    struct found f;

    (void)state;
    spec.layers[1].neuron.learning_rate = 0.25;
    f = warnings(&spec);
    assert_int_equal(f.n, 1);
    assert_contains(at(&f, "/layers/1/neuron/learning_rate"),
                    "the weights' is training.optimizer.learning_rate");
    spec.layers[0].neuron.learn[SNN_LEARN_tau] = SNN_PER_LAYER; /* a job's rate for all layers */
    assert_int_equal(warnings(&spec).n, 0);
    spec.layers[0].neuron.learning_rate = -1;
    f = errors(&spec);
    assert_int_equal(f.n, 1);
    assert_contains(at(&f, "/layers/0/neuron/learning_rate"), "learning_rate is -1");
}

/* --------------------------------------------------------------------------------- estimate -- */

static struct snn_estimate estimate(const struct snn_spec *spec)
{
    struct snn_data *data = runs_data(45, 20, 1);
    struct snn_estimate e = {0};
    struct snn_error err = {0};

    if (snn_run_estimate(&e, spec, snn_data_describe(data), 1, &err) != SNN_OK)
        fail_msg("%s", err.message);
    snn_data_free(data);
    return e;
}

static void estimate__history__costs_its_square(void **state)
{
    struct snn_spec plain = runs_spec(), gl = fractional("gl", 0.5);
    const double units = 8, steps = 32;
    struct snn_estimate a, b;

    (void)state;
    plain.time_steps = gl.time_steps = 32;
    a = estimate(&plain);
    b = estimate(&gl);
    /* a sum over min(t, 31) states, forward and backward */
    assert_near(b.multiply_adds - a.multiply_adds, 2 * units * steps * (steps - 1) / 2, 0);
    assert_true(b.bytes >= a.bytes + (size_t)(2 * units * steps) * sizeof(real));
    assert_int_equal(b.parameters, a.parameters);
    gl.layers[0].neuron.memory = 4;
    b = estimate(&gl);
    assert_near(b.multiply_adds - a.multiply_adds, 2 * units * (28 * 4 + 6), 0);
    gl.layers[0].neuron.learn[SNN_LEARN_alpha] = SNN_PER_LAYER;
    gl.layers[0].neuron.learn[SNN_LEARN_tau] = SNN_PER_NEURON;
    b = estimate(&gl);
    assert_near(b.multiply_adds - a.multiply_adds, 3 * units * (28 * 4 + 6), 0);
    assert_int_equal(b.parameters, a.parameters + 1 + 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check__numbers_that_no_json_brings__are_refused_too),
        cmocka_unit_test(check__learned__each_needs_what_it_is_learned_of),
        cmocka_unit_test(warn__tau__is_where_the_membrane_begins_to_grow),
        cmocka_unit_test(warn__euler__tells_swings_that_grow_from_those_that_stay),
        cmocka_unit_test(warn__several_terms__counts_all_of_them),
        cmocka_unit_test(warn__gl__bound_is_h_to_alpha_over_two_to_alpha),
        cmocka_unit_test(warn__memory__tells_the_share_that_is_lost),
        cmocka_unit_test(warn__order_one__says_that_euler_is_the_same),
        cmocka_unit_test(warn__rates_that_nothing_holds__are_named),
        cmocka_unit_test(warn__warmup__is_longer_than_the_job),
        cmocka_unit_test(warn__learning_rate_of_nothing__names_the_weights_one),
        cmocka_unit_test(estimate__history__costs_its_square),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
