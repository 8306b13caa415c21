/* SPDX-License-Identifier: MIT */
/* Each rule has a job that must trigger it, and jobs that learn well must trigger none. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/param.h"
#include "core/data/data.h"
#include "core/neuron/neuron.h"
#include "tests/core/diagnose/judged.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

static struct snn_data *digits;

static int setup(void **state)
{
    (void)state;
    digits = judged_data();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    snn_data_free(digits);
    return 0;
}

/* ----------------------------------------------------------------------------- broken jobs -- */

static void neurons(struct snn_spec *spec, size_t param, double value)
{
    for (size_t i = 0; i < spec->n_layers; i++)
        spec->layers[i].neuron.model.value[param] = value;
}

static void break_tau(struct snn_spec *s)
{
    neurons(s, SNN_NEURON_TAU, 0.3);
}

static void break_rate_high(struct snn_spec *s)
{
    judged_set(&s->optimizer, "learning_rate", 10);
}

static void break_rate_diverging(struct snn_spec *s)
{
    s->optimizer = runs_choice(&snn_optimizers, "sgd");
    judged_set(&s->optimizer, "learning_rate", 1e5);
}

static void break_rate_low(struct snn_spec *s)
{
    judged_set(&s->optimizer, "learning_rate", 1e-6);
}

static void break_gain_low(struct snn_spec *s)
{
    judged_set(&s->encoding, "gain", 1e-3);
    judged_surrogate(s, "linear", 0.5);
}

static void break_gain_high(struct snn_spec *s)
{
    judged_set(&s->encoding, "gain", 1e3);
}

static void break_threshold(struct snn_spec *s)
{
    neurons(s, SNN_NEURON_THRESHOLD, 50);
}

static void break_weights_small(struct snn_spec *s)
{
    judged_set(&s->layers[0].kind, "weight_scale", 1e-3);
    judged_surrogate(s, "linear", 0.5);
}

static void break_weights_large(struct snn_spec *s)
{
    judged_set(&s->layers[0].kind, "weight_scale", 1e3);
}

static void break_narrow(struct snn_spec *s)
{
    judged_surrogate(s, "linear", 1e-3);
}

static void break_narrow_steep(struct snn_spec *s)
{
    judged_surrogate(s, "sigmoid", 1e4);
}

static void break_wide(struct snn_spec *s)
{
    judged_surrogate(s, "linear", 100);
}

/* Six layers at whose neurons the derivative is small everywhere. */
static void break_vanishing(struct snn_spec *s)
{
    judged_depth(s, 5);
    judged_surrogate(s, "straight_through", 0.02);
    for (size_t i = 0; i < s->n_layers; i++)
        judged_set(&s->layers[i].kind, "weight_scale", 4);
}

static void break_exploding(struct snn_spec *s)
{
    judged_depth(s, 5);
    judged_surrogate(s, "straight_through", 20);
}

static void break_vanishing_in_time(struct snn_spec *s)
{
    s->readout = runs_choice(&snn_readouts, "membrane_last");
    s->time_steps = 32;
}

static const struct {
    void (*damage)(struct snn_spec *spec);
    const char *rule, *layer, *pointer;
    double least, most; /* of what is suggested; 0, 0 = a word */
} jobs[] = {
    /* clang-format off */
    {break_tau,               "unstable_dynamics",  "layer1", "/neuron/tau",                       2,    2},
    {break_rate_high,         "learning_rate_high", NULL,     "/training/optimizer/learning_rate", 1e-3, 0.03},
    {break_rate_diverging,    "learning_rate_high", "",       "/training/optimizer/learning_rate", 1e-3, 0.1},
    {break_gain_low,          "input_weak",         "layer1", "/encoding/gain",                    0.5,  2},
    {break_gain_high,         "input_strong",       "layer1", "/encoding/gain",                    0.1,  2},
    {break_threshold,         "dead_layer",         "layer1", "/neuron/threshold",                 0.1,  2},
    {break_weights_small,     "dead_layer",         "layer1", "/layers/0/weight_scale",            0.5,  5},
    {break_weights_large,     "saturated_layer",    "layer1", "/layers/0/weight_scale",            0.5,  5},
    {break_narrow,            "surrogate_narrow",   "layer1", "/neuron/surrogate_scale",           0.3,  2},
    {break_narrow_steep,      "surrogate_narrow",   "layer1", "/neuron/surrogate_scale",           0.5,  20},
    {break_wide,              "surrogate_wide",     "layer1", "/neuron/surrogate_scale",           0.1,  4},
    {break_rate_low,          "learning_rate_low",  "",       "/training/optimizer/learning_rate", 1e-4, 0.01},
    {break_vanishing,         "vanishing_gradient", "layer1", "/initialisation/kind",              0,    0},
    {break_vanishing_in_time, "vanishing_gradient", "layer1", "/neuron/tau",                       5,    30},
    {break_exploding,         "exploding_gradient", "layer1", "/neuron/surrogate_scale",           0.05, 2},
    /* clang-format on */
};

/* The first finding is the rule's, of that layer, with a knob that turns the right way. */
static void rules__a_job_that_is_broken__is_told_how_and_what_to_turn(void **state)
{
    (void)state;
    for (size_t i = 0; i < SNN_COUNT(jobs); i++) {
        struct snn_spec spec = judged_spec();
        struct snn_verdict v;
        char why[120];

        jobs[i].damage(&spec);
        (void)judged_train(&v, &spec, digits);
        const struct snn_finding *f = &v.findings[0];
        (void)snprintf(why, sizeof why, "row %zu wants %s of %s, %s", i, jobs[i].rule,
                       jobs[i].layer ? jobs[i].layer : "any", jobs[i].pointer);
        if (v.n == 0 || strcmp(f->rule, jobs[i].rule) != 0 || f->because ||
            (jobs[i].layer && strcmp(f->layer, jobs[i].layer) != 0) ||
            strcmp(f->change.pointer, jobs[i].pointer) != 0 ||
            f->change.is_word != (jobs[i].most == 0) ||
            !(f->change.is_word || (f->change.to >= jobs[i].least && f->change.to <= jobs[i].most)))
            judged_fail(&v, why);
        assert_true(f->n_facts > 0 && f->sentence[0] && f->change.why[0]);
    }
}

/* ------------------------------------------------------------------------------ overfitting -- */

/* Labels that a part of the samples have by chance: what can be learned of them is learned by
 * heart. */
static struct snn_data *noisy_labels(void)
{
    struct snn_data *data = runs_data(120, 60, 3);

    for (size_t i = 0; i < 120; i += 2)
        data->train.labels[i] = (uint32_t)((7 * i * i + 3 * i) / 5 % 3);
    for (size_t i = 0; i < 60; i += 2)
        data->test.labels[i] = (uint32_t)((5 * i * i + i) / 7 % 3);
    return data;
}

static struct snn_spec heart_spec(double validation_fraction, size_t epochs)
{
    struct snn_spec spec = judged_spec();

    judged_set(&spec.layers[0].kind, "units", 64);
    judged_set(&spec.layers[1].kind, "units", 3);
    judged_set(&spec.optimizer, "learning_rate", 0.02);
    spec.validation_fraction = validation_fraction;
    spec.epochs = epochs;
    spec.batch_size = 16;
    return spec;
}

static void expect_overfitting(const struct snn_spec *spec, const struct snn_data *data,
                               const char *pointer)
{
    struct snn_verdict v;

    (void)judged_train(&v, spec, data);
    if (v.n != 1 || strcmp(v.findings[0].rule, "overfitting") != 0 ||
        strcmp(v.findings[0].change.pointer, pointer) != 0)
        judged_fail(&v, pointer);
}

static void overfitting__labels_by_chance__show_in_the_validation_loss(void **state)
{
    const struct snn_spec spec = heart_spec(0.5, 120);
    struct snn_data *data = noisy_labels();

    (void)state;
    expect_overfitting(&spec, data, "/training/patience");
    snn_data_free(data);
}

static void overfitting__few_samples_without_a_split__show_in_the_test_loss(void **state)
{
    struct snn_data *data = judged_data();
    struct snn_spec spec = judged_spec();

    (void)state;
    data->info.train = 40;
    spec.epochs = 150;
    expect_overfitting(&spec, data, "/training/validation_fraction");
    snn_data_free(data);
}

static void overfitting__the_same_with_patience__is_not_found(void **state)
{
    struct snn_data *data = noisy_labels();
    struct snn_spec spec = heart_spec(0.5, 120);
    struct snn_verdict v;

    (void)state;
    spec.patience = 2;
    (void)judged_train(&v, &spec, data);
    if (v.n)
        judged_fail(&v, "stopped early");
    snn_data_free(data);
}

/* ---------------------------------------------------------------------------- healthy jobs -- */

static void expect_healthy(const struct snn_spec *spec, const struct snn_data *data,
                           const char *what)
{
    struct snn_verdict v;

    const double accuracy = judged_train(&v, spec, data);
    assert_true(v.known);
    if (v.n || accuracy < 0.8)
        judged_fail(&v, what);
}

/* With every surrogate at its own default scale. */
static void rules__a_healthy_job__is_left_alone_with_every_surrogate(void **state)
{
    (void)state;
    for (size_t i = 0; i < snn_surrogates.count; i++) {
        const struct snn_kind *kind = snn_registry_at(&snn_surrogates, i);
        struct snn_spec spec = judged_spec();

        judged_surrogate(&spec, kind->name, kind->params[0].value);
        expect_healthy(&spec, digits, kind->name);
    }
}

static void rules__other_healthy_jobs__are_left_alone(void **state)
{
    struct snn_spec spec;

    (void)state;
    spec = judged_spec();
    judged_depth(&spec, 2);
    expect_healthy(&spec, digits, "two hidden layers");
    spec = judged_spec();
    spec.readout = runs_choice(&snn_readouts, "spike_mean");
    spec.loss = runs_choice(&snn_losses, "mse_count");
    expect_healthy(&spec, digits, "counted spikes");
    spec = judged_spec();
    spec.validation_fraction = 0.2;
    spec.schedule = runs_choice(&snn_schedules, "cosine");
    expect_healthy(&spec, digits, "cosine");
    spec = judged_spec();
    spec.encoding = runs_choice(&snn_encoders, "rate");
    spec.layers[0].initialiser = runs_choice(&snn_initialisers, "rate");
    expect_healthy(&spec, digits, "rate");
    spec = judged_spec();
    spec.optimizer = runs_choice(&snn_optimizers, "sgd");
    judged_set(&spec.optimizer, "learning_rate", 1);
    judged_set(&spec.optimizer, "momentum", 0.9);
    expect_healthy(&spec, digits, "sgd");
    spec = judged_spec();
    for (size_t i = 0; i < 2; i++)
        spec.layers[i].neuron.solver = runs_choice(&snn_solvers, "gl");
    spec.layers[0].neuron.alpha[0] = spec.layers[1].neuron.alpha[0] = 0.6;
    expect_healthy(&spec, digits, "fractional");
}

/* ------------------------------------------------------------------------------ the verdict -- */

/* Nothing is said before there is something to say it of. */
static void verdict__before_a_record__is_not_known(void **state)
{
    const struct snn_spec spec = judged_spec();
    struct snn_run *run = runs_new(&spec, digits, 1);
    struct snn_evidence *e = NULL;
    struct snn_verdict v;

    (void)state;
    assert_int_equal(snn_evidence_new(&e, run, NULL), SNN_OK);
    snn_judge(&v, e);
    assert_false(v.known);
    assert_int_equal(v.n, 0);
    snn_evidence_free(e);
    snn_run_free(run);
}

/* Every rule is triggered by a job above. */
static void rules__all__have_a_job(void **state)
{
    (void)state;
    for (size_t i = 0; i < snn_rule_count; i++) {
        bool found = strcmp(snn_rules[i].name, "overfitting") == 0;

        for (size_t k = 0; k < SNN_COUNT(jobs); k++)
            found = found || strcmp(jobs[k].rule, snn_rules[i].name) == 0;
        if (!found)
            fail_msg("no job triggers %s", snn_rules[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules__a_job_that_is_broken__is_told_how_and_what_to_turn),
        cmocka_unit_test(overfitting__labels_by_chance__show_in_the_validation_loss),
        cmocka_unit_test(overfitting__few_samples_without_a_split__show_in_the_test_loss),
        cmocka_unit_test(overfitting__the_same_with_patience__is_not_found),
        cmocka_unit_test(rules__a_healthy_job__is_left_alone_with_every_surrogate),
        cmocka_unit_test(rules__other_healthy_jobs__are_left_alone),
        cmocka_unit_test(verdict__before_a_record__is_not_known),
        cmocka_unit_test(rules__all__have_a_job),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
