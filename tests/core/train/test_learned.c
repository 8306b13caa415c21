/* SPDX-License-Identifier: MIT */
/* The course of learned constants: a point at every record, with the values of that step. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/ckpt/format.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

#define MOST 64

struct course {
    struct snn_run *run; /* whose numbers they are, while it trains */
    size_t records, n[5];
    double value[5][MOST][2];
};

static const char *const names[] = {"tau/layer1", "alpha/layer1", "coefficients/layer1",
                                    "threshold/layer2", "tau/layer2"};
enum { TAU, ALPHA, COEFFICIENTS, THRESHOLD, PLAIN_TAU, NAMES };

static void watch(void *user, size_t step, size_t epoch, const struct snn_point *p, size_t n)
{
    struct course *c = user;

    (void)step;
    (void)epoch;
    assert_true(c->records < MOST && n <= snn_report_points(&c->run->net));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < NAMES; k++) {
            if (strcmp(p[i].name, names[k]) != 0)
                continue;
            assert_int_equal(p[i].n, k == ALPHA || k == COEFFICIENTS ? 2 : 1);
            memcpy(c->value[k][c->n[k]], p[i].values, p[i].n * sizeof(double));
            c->n[k]++;
        }
    c->records++;
}

static struct snn_spec learner(void)
{
    struct snn_spec spec = runs_spec();
    struct snn_neuron_spec *first = &spec.layers[0].neuron, *second = &spec.layers[1].neuron;

    first->solver = runs_choice(&snn_solvers, "gl");
    first->n_terms = 2;
    first->alpha[0] = 0.5;
    first->alpha[1] = 0.75;
    first->coefficients[0] = 2;
    first->coefficients[1] = 0.5;
    first->learn[SNN_LEARN_tau] = SNN_PER_NEURON;
    first->learn[SNN_LEARN_alpha] = first->learn[SNN_LEARN_coefficients] = SNN_PER_LAYER;
    second->learn[SNN_LEARN_threshold] = SNN_PER_LAYER;
    return spec;
}

static void train(struct course *c, const struct snn_spec *spec, const struct snn_data *data)
{
    const struct snn_hooks hooks = {.user = c, .points = watch};
    struct snn_error err = {0};

    c->run = runs_new(spec, data, 1);
    if (snn_run_train(c->run, &hooks, &err) != SNN_OK)
        fail_msg("%s", err.message);
}

static void points__learned_constants__are_told_at_every_record(void **state)
{
    struct snn_data *data = runs_data(45, 20, 1);
    const struct snn_spec spec = learner();
    struct course c = {.records = 0};
    double mean = 0;

    (void)state;
    train(&c, &spec, data);
    const struct snn_layer *first = &c.run->net.layer[0], *second = &c.run->net.layer[1];
    assert_true(c.records > 5);
    for (size_t k = 0; k < PLAIN_TAU; k++)
        assert_int_equal(c.n[k], c.records);
    assert_int_equal(c.n[PLAIN_TAU], 0); /* is not learned */
    for (size_t i = 0; i < 8; i++)
        mean += (0.5 + 1.5 * exp((double)c.run->params[first->tensor[2].offset + i])) / 8;
    assert_near(c.value[TAU][c.records - 1][0], mean, 1e-12);
    for (size_t i = 0; i < 2; i++) {
        const double p = (double)c.run->params[first->tensor[3].offset + i];
        const double q = (double)c.run->params[first->tensor[4].offset + i];
        assert_near(c.value[ALPHA][c.records - 1][i], 1 / (1 + exp(-p)), 1e-12);
        assert_near(c.value[COEFFICIENTS][c.records - 1][i], (i ? 0.5 : 2) * exp(q), 1e-12);
    }
    assert_near(c.value[THRESHOLD][c.records - 1][0],
                0.4 * exp((double)c.run->params[second->tensor[2].offset]), 1e-7);
    for (size_t k = 0; k < PLAIN_TAU; k++)
        assert_true(c.value[k][0][0] != c.value[k][c.records - 1][0]);
    snn_run_free(c.run);
    snn_data_free(data);
}

static void points__without_diagnostics__are_told_at_epochs_ends(void **state)
{
    struct snn_data *data = runs_data(45, 20, 1);
    struct snn_spec spec = learner();
    struct course c = {.records = 0};

    (void)state;
    spec.diagnostics_every = 0;
    train(&c, &spec, data);
    assert_int_equal(c.records, 3);
    assert_int_equal(c.n[TAU], 3);
    assert_int_equal(c.n[ALPHA], 3);
    snn_run_free(c.run);
    snn_data_free(data);
}

/* What is learned enters the constants in use: a run that cannot move them has other losses. */
static void train__learned_constants__same_bits_on_any_number_of_threads(void **state)
{
    struct snn_data *data = runs_data(45, 20, 1);
    struct snn_spec spec = learner(), fixed = spec;
    char want[SNN_SHA256_HEX], got[SNN_SHA256_HEX];

    (void)state;
    runs_result(&spec, data, 1, want);
    for (size_t threads = 2; threads <= 4; threads++) {
        runs_result(&spec, data, threads, got);
        assert_string_equal(got, want);
    }
    memset(fixed.layers[0].neuron.learn, 0, sizeof fixed.layers[0].neuron.learn);
    memset(fixed.layers[1].neuron.learn, 0, sizeof fixed.layers[1].neuron.learn);
    struct snn_run *a = runs_new(&spec, data, 1), *b = runs_new(&fixed, data, 1);
    runs_train(a, 0);
    runs_train(b, 0);
    assert_true(a->at.metrics.train_loss != b->at.metrics.train_loss);
    snn_run_free(a);
    snn_run_free(b);
    snn_data_free(data);
}

/* More parameters than are updated at a time, the constants in between. */
static struct snn_spec large_learner(const char *optimizer, double first, double second)
{
    struct snn_spec spec = learner();

    spec.optimizer = runs_choice(&snn_optimizers, optimizer);
    spec.schedule.value[0] = 4; /* steps of warm-up: a quarter of each rate at first */
    spec.layers[0].kind.value[0] = 3000;
    spec.layers[0].neuron.learning_rate = first;
    spec.layers[1].neuron.learning_rate = second;
    return spec;
}

static struct snn_run *first_step(const struct snn_spec *spec, const struct snn_data *data,
                                  size_t threads)
{
    struct snn_run *run = runs_new(spec, data, threads);
    runs_train(run, 1);
    return run;
}

static bool is_constant(const struct snn_run *run, size_t i)
{
    for (size_t k = 0; k < run->net.n_layers; k++) {
        const struct snn_layer *l = &run->net.layer[k];
        for (size_t j = 0; j < l->n_learned; j++) {
            const struct snn_tensor_place *t = &l->tensor[l->learned[j].tensor];
            if (i >= t->offset && i < t->offset + t->count)
                return true;
        }
    }
    return false;
}

static void update__own_learning_rate__moves_the_constants_and_nothing_else(void **state)
{
    static const char *const optimizers[] = {"sgd", "adam", "adamw"};
    struct snn_data *data = runs_data(45, 20, 1);
    size_t constants = 0;

    (void)state;
    for (size_t o = 0; o < 3; o++) {
        const struct snn_spec plain = large_learner(optimizers[o], 0, 0);
        const double rate = plain.optimizer.value[0];
        const struct snn_spec own = large_learner(optimizers[o], 8 * rate, rate / 4);
        struct snn_run *start = runs_new(&plain, data, 1), *a = first_step(&plain, data, 2);
        struct snn_run *b = first_step(&own, data, 3);
        const size_t second = a->net.layer[1].tensor[0].offset;

        assert_true(a->net.n_params > 2 << 14 && a->n_stretches == 1 && b->n_stretches == 4);
        for (size_t i = 0; i < a->net.n_params; i++) {
            const double want = (double)a->params[i] - (double)start->params[i];
            const double got = (double)b->params[i] - (double)start->params[i];
            const double by = !is_constant(a, i) ? 1 : i < second ? 8 : 0.25;
            constants += is_constant(a, i) && fabs(want) > 1e-5;
            assert_near(got, by * want, by == 1 ? 0 : 0x1p-22); /* a rounding or two of 1 */
        }
        snn_run_free(start);
        snn_run_free(a);
        snn_run_free(b);
    }
    assert_true(constants > 1000);
    snn_data_free(data);
}

static void update__the_optimizers_rate_as_ones_own__is_the_same_run(void **state)
{
    struct snn_data *data = runs_data(45, 20, 1);
    struct snn_spec plain = learner(), own = plain;
    struct snn_run *a, *b;

    (void)state;
    own.layers[0].neuron.learning_rate = own.optimizer.value[0];
    a = runs_new(&plain, data, 1);
    b = runs_new(&own, data, 2);
    assert_int_equal(b->n_stretches, 1);
    runs_train(a, 0);
    runs_train(b, 0);
    for (size_t i = 0; i < a->net.n_params; i++)
        assert_near(a->params[i], b->params[i], 0);
    snn_run_free(a);
    snn_run_free(b);
    snn_data_free(data);
}

static void digest__own_learning_rate__makes_it_another_job(void **state)
{
    struct snn_spec spec = learner();
    char plain[SNN_SHA256_HEX], own[SNN_SHA256_HEX];

    (void)state;
    snn_spec_digest(&spec, plain);
    spec.layers[0].neuron.learning_rate = 0.5;
    snn_spec_digest(&spec, own);
    assert_string_not_equal(plain, own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points__learned_constants__are_told_at_every_record),
        cmocka_unit_test(points__without_diagnostics__are_told_at_epochs_ends),
        cmocka_unit_test(train__learned_constants__same_bits_on_any_number_of_threads),
        cmocka_unit_test(update__own_learning_rate__moves_the_constants_and_nothing_else),
        cmocka_unit_test(update__the_optimizers_rate_as_ones_own__is_the_same_run),
        cmocka_unit_test(digest__own_learning_rate__makes_it_another_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
