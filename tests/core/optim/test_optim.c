/* SPDX-License-Identifier: MIT */
/* One or two steps by hand; ten steps of every setting are in
 * tests/vectors/reference/optimizers.json. */
#include "core/optim/optim.h"

#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "tests/support/test.h"

#define TOLERANCE (sizeof(real) == sizeof(double) ? 1e-15 : 1e-7)

struct setting {
    const char *name;
    double value;
};

static struct snn_choice choose(const char *name, const struct setting *settings, size_t n)
{
    const struct snn_kind *kind = snn_registry_find(&snn_optimizers, name);

    assert_non_null(kind);
    struct snn_choice c = snn_choice_of(kind);
    for (size_t i = 0; i < n; i++) {
        bool found = false;
        for (size_t p = 0; p < kind->n_params; p++)
            if (strcmp(kind->params[p].name, settings[i].name) == 0) {
                c.value[p] = settings[i].value;
                found = true;
            }
        assert_true(found);
    }
    return c;
}

#define CHOOSE(name, ...)                                                                          \
    choose(name, (const struct setting[]){__VA_ARGS__},                                            \
           SNN_COUNT(((const struct setting[]){__VA_ARGS__})))

/* A parameter that starts at `p`, given gradients g[0..steps): where it ends. */
static double train(const struct snn_choice *c, double p, const double *g, size_t steps)
{
    real value = (real)p, state[SNN_MAX_SLOTS] = {0};
    real *const slot[SNN_MAX_SLOTS] = {&state[0], &state[1], &state[2]};

    for (size_t t = 1; t <= steps; t++) {
        real gradient = (real)g[t - 1];
        snn_optimizer_of(c)->update(&value, &gradient, slot, 1, t, c);
    }
    return (double)value;
}

static void defaults__each_optimizer__are_those_documented(void **state)
{
    struct snn_choice sgd = choose("sgd", NULL, 0), adam = choose("adam", NULL, 0);
    struct snn_choice adamw = choose("adamw", NULL, 0);

    (void)state;
    for (size_t i = 0; i < snn_optimizers.count; i++)
        assert_string_equal(snn_registry_at(&snn_optimizers, i)->params[0].name, "learning_rate");
    assert_near(snn_choice_value(&sgd, "learning_rate", -1), 0.01, 0);
    assert_near(snn_choice_value(&sgd, "momentum", -1), 0, 0);
    assert_near(snn_choice_value(&adam, "learning_rate", -1), 0.001, 0);
    assert_near(snn_choice_value(&adam, "beta1", -1), 0.9, 0);
    assert_near(snn_choice_value(&adam, "beta2", -1), 0.999, 0);
    assert_near(snn_choice_value(&adam, "epsilon", -1), 1e-8, 0);
    assert_near(snn_choice_value(&adam, "weight_decay", -1), 0, 0);
    assert_near(snn_choice_value(&adamw, "weight_decay", -1), 0.01, 0);
}

static void slots__each_setting__are_as_many_as_it_keeps(void **state)
{
    const struct {
        struct snn_choice c;
        size_t slots;
    } rows[] = {
        {choose("sgd", NULL, 0), 0},          {CHOOSE("sgd", {"momentum", 0.9}), 1},
        {choose("adam", NULL, 0), 2},         {CHOOSE("adam", {"amsgrad", 1}), 3},
        {CHOOSE("adamw", {"amsgrad", 1}), 3},
    };

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++)
        assert_int_equal(snn_optimizer_of(&rows[i].c)->slots(&rows[i].c), rows[i].slots);
}

/* p = 2, gradients 0.5 then -1; lr 0.1. */
static void sgd__two_steps__are_those_worked_out_by_hand(void **state)
{
    const double g[] = {0.5, -1};
    const struct {
        struct snn_choice c;
        double first, second;
    } rows[] = {
        {CHOOSE("sgd", {"learning_rate", 0.1}), 1.95, 2.05},
        /* g + 0.2 p = 0.9, then -1 + 0.2 * 1.91 = -0.618 */
        {CHOOSE("sgd", {"learning_rate", 0.1}, {"weight_decay", 0.2}), 1.91, 1.9718},
        /* b = 0.5, then 0.9 * 0.5 - 1 = -0.55 */
        {CHOOSE("sgd", {"learning_rate", 0.1}, {"momentum", 0.9}), 1.95, 2.005},
        /* the first step is not dampened; then 0.9 * 0.5 - 0.4 = 0.05 */
        {CHOOSE("sgd", {"learning_rate", 0.1}, {"momentum", 0.9}, {"dampening", 0.6}), 1.95, 1.945},
        /* 0.5 + 0.9 * 0.5 = 0.95, then -1 + 0.9 * -0.55 = -1.495 */
        {CHOOSE("sgd", {"learning_rate", 0.1}, {"momentum", 0.9}, {"nesterov", 1}), 1.905, 2.0545},
    };

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        assert_near(train(&rows[i].c, 2, g, 1), rows[i].first, 2 * TOLERANCE);
        assert_near(train(&rows[i].c, 2, g, 2), rows[i].second, 4 * TOLERANCE);
    }
}

/* Bias-corrected, the first m / sqrt(v) is the gradient's sign: the step is lr |g| / (|g| +
 * epsilon). */
static void adam__first_step__is_the_rate_whatever_the_gradient(void **state)
{
    struct snn_choice c = choose("adam", NULL, 0);

    (void)state;
    assert_near(train(&c, 1, (const double[]){0.5}, 1), 1 - 0.001 / (1 + 2e-8), TOLERANCE);
    assert_near(train(&c, 1, (const double[]){-1e3}, 1), 1 + 0.001 / (1 + 1e-11), TOLERANCE);
    assert_near(train(&c, 1, (const double[]){0}, 1), 1, 0);
    /* where the gradient is as small as epsilon, half of it: epsilon is outside both roots */
    c = CHOOSE("adam", {"epsilon", 0.5}, {"learning_rate", 0.5});
    assert_near(train(&c, 1, (const double[]){0.5}, 1), 0.75, TOLERANCE);
}

/* beta1 = beta2 = 1/2, lr 0.1, gradients 1 then 0: m = 1/4, v = 1/4; m^ = v^ = (1/4) / (3/4) = 1/3.
 */
static void adam__second_step__is_that_worked_out_by_hand(void **state)
{
    const double g[] = {1, 0};
    struct snn_choice c = CHOOSE("adam", {"learning_rate", 0.1}, {"beta1", 0.5}, {"beta2", 0.5});

    (void)state;
    assert_near(train(&c, 1, g, 2), 1 - 0.1 - 0.1 / sqrt(3), 1e-8 + TOLERANCE);
    /* amsgrad keeps v = 1/2: sqrt((1/2) / (3/4)) */
    c = CHOOSE("adam", {"learning_rate", 0.1}, {"beta1", 0.5}, {"beta2", 0.5}, {"amsgrad", 1});
    assert_near(train(&c, 1, g, 2), 1 - 0.1 - 0.1 / 3 / sqrt(2.0 / 3), 1e-8 + TOLERANCE);
}

static void weight_decay__adam_and_adamw__differ_in_where_it_acts(void **state)
{
    /* Adam: the decay is a gradient of 0.5 * 2 = 1, so a whole step. AdamW: p (1 - lr wd), no step.
     */
    struct snn_choice adam = CHOOSE("adam", {"learning_rate", 0.1}, {"weight_decay", 0.5});
    struct snn_choice adamw = CHOOSE("adamw", {"learning_rate", 0.1}, {"weight_decay", 0.5});

    (void)state;
    assert_near(train(&adam, 2, (const double[]){0}, 1), 1.9, 1e-8 + 2 * TOLERANCE);
    assert_near(train(&adamw, 2, (const double[]){0}, 1), 1.9, 2 * TOLERANCE);
    assert_near(train(&adamw, 2, (const double[]){3}, 1), 1.8, 1e-8 + 2 * TOLERANCE);
    assert_near(train(&adam, 2, (const double[]){3}, 1), 1.9, 1e-8 + 2 * TOLERANCE);
}

#define MANY 77

static void update_from(size_t begin, size_t end, real p[MANY], real s[SNN_MAX_SLOTS][MANY],
                        size_t t, const struct snn_choice *c)
{
    real g[MANY];
    real *const slot[SNN_MAX_SLOTS] = {s[0] + begin, s[1] + begin, s[2] + begin};

    for (size_t i = 0; i < MANY; i++)
        g[i] = (real)sin((double)(i * t + 1));
    snn_optimizer_of(c)->update(p + begin, g + begin, slot, end - begin, t, c);
}

static void update__any_split_of_the_vector__gives_the_same_bits(void **state)
{
    const struct snn_choice rows[] = {
        CHOOSE("sgd", {"weight_decay", 0.01}),
        CHOOSE("sgd", {"momentum", 0.9}, {"nesterov", 1}, {"weight_decay", 0.01}),
        CHOOSE("adam", {"weight_decay", 0.01}),
        CHOOSE("adam", {"weight_decay", 0.01}, {"amsgrad", 1}),
        choose("adamw", NULL, 0),
    };

    (void)state;
    for (size_t r = 0; r < SNN_COUNT(rows); r++)
        for (size_t cut = 0; cut <= MANY; cut += 11) {
            real whole[MANY], split[MANY];
            real s1[SNN_MAX_SLOTS][MANY] = {{0}}, s2[SNN_MAX_SLOTS][MANY] = {{0}};

            for (size_t i = 0; i < MANY; i++)
                whole[i] = split[i] = (real)cos((double)i);
            for (size_t t = 1; t <= 3; t++) {
                update_from(0, MANY, whole, s1, t, &rows[r]);
                update_from(0, cut, split, s2, t, &rows[r]);
                update_from(cut, MANY, split, s2, t, &rows[r]);
            }
            assert_memory_equal(whole, split, sizeof whole);
            assert_memory_equal(s1, s2, sizeof s1);
        }
}

static void update__gradient_not_a_number__reaches_the_parameter(void **state)
{
    const struct snn_choice rows[] = {choose("sgd", NULL, 0), choose("adam", NULL, 0),
                                      CHOOSE("adam", {"amsgrad", 1})};

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++)
        assert_true(isnan(train(&rows[i], 1, (const double[]){NAN}, 1)));
}

static void sgd_check__nesterov_without_what_it_needs__is_refused(void **state)
{
    const struct {
        struct snn_choice c;
        const char *message; /* NULL: accepted */
    } rows[] = {
        {choose("sgd", NULL, 0), NULL},
        {CHOOSE("sgd", {"momentum", 0.9}, {"dampening", 0.1}), NULL},
        {CHOOSE("sgd", {"momentum", 0.9}, {"nesterov", 1}), NULL},
        {CHOOSE("sgd", {"nesterov", 1}), "momentum is 0, want momentum > 0"},
        {CHOOSE("sgd", {"momentum", 0.9}, {"nesterov", 1}, {"dampening", 0.5}),
         "dampening is 0.5, want dampening 0"},
    };

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        struct snn_error err = {0};
        enum snn_code code = snn_optimizer_of(&rows[i].c)->check(&rows[i].c, &err);

        assert_int_equal(code, rows[i].message ? SNN_INVALID : SNN_OK);
        if (rows[i].message)
            assert_contains(err.message, rows[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults__each_optimizer__are_those_documented),
        cmocka_unit_test(slots__each_setting__are_as_many_as_it_keeps),
        cmocka_unit_test(sgd__two_steps__are_those_worked_out_by_hand),
        cmocka_unit_test(adam__first_step__is_the_rate_whatever_the_gradient),
        cmocka_unit_test(adam__second_step__is_that_worked_out_by_hand),
        cmocka_unit_test(weight_decay__adam_and_adamw__differ_in_where_it_acts),
        cmocka_unit_test(update__any_split_of_the_vector__gives_the_same_bits),
        cmocka_unit_test(update__gradient_not_a_number__reaches_the_parameter),
        cmocka_unit_test(sgd_check__nesterov_without_what_it_needs__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
