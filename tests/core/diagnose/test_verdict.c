/* SPDX-License-Identifier: MIT */
/* The rules at their thresholds, on evidence made by hand; and what is made of several findings. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/param.h"
#include "core/diagnose/rule.h"
#include "tests/core/diagnose/judged.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

static struct snn_data *digits;
static struct snn_run *run;

static int setup(void **state)
{
    const struct snn_spec spec = judged_spec();

    (void)state;
    digits = judged_data();
    run = runs_new(&spec, digits, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    snn_run_free(run);
    snn_data_free(digits);
    return 0;
}

/* A layer that nothing is wrong with; threshold 1, arctan of scale 2 (half-width 0.318). */
static void fill(struct snn_layer_evidence *l)
{
    static const double quantile[] = {-3, -1, -0.5, -0.1, 0.2, 0.6, 2};
    static const double distance[] = {0.05, 0.1, 0.3, 0.6, 1};

    l->told = true;
    l->rate = 0.2;
    l->silent = 0.1;
    l->saturated = 0;
    l->active = 0.9;
    memcpy(l->quantile, quantile, sizeof quantile);
    memcpy(l->distance, distance, sizeof distance);
    l->gradient = l->weight_gradient = 0.1;
    l->early = l->top = l->usual = 0.1;
    l->update = 0.01;
    l->growth = l->size = 1.5;
}

/* Evidence of a run at step 50 that learns well; the caller's to free. */
static struct snn_evidence *healthy(void)
{
    struct snn_evidence *e = NULL;

    assert_int_equal(snn_evidence_new(&e, run, NULL), SNN_OK);
    for (size_t i = 0; i < e->spec.n_layers; i++)
        fill(&e->layer[i]);
    e->step = 50;
    e->epoch = 2;
    e->records = 5;
    e->learning_rate = 0.005;
    e->first_loss = 2.3;
    e->train_loss = 0.5;
    e->train_accuracy = 0.9;
    e->norm = 0.2;
    e->n_norms = 4;
    e->log_norms = 4 * log(0.2);
    e->validation_loss = e->best_loss = 0.6;
    e->best_epoch = e->validated_epoch = 2;
    return e;
}

static bool finds(const struct snn_evidence *e, const char *rule)
{
    struct snn_verdict v;

    snn_judge(&v, e);
    for (size_t i = 0; i < v.n; i++)
        if (strcmp(v.findings[i].rule, rule) == 0)
            return true;
    return false;
}

/* One number of the evidence on either side of the line. `also` puts the rest in place. */
static void dead(struct snn_evidence *e)
{
    e->layer[0].dead_for = LASTING;
    e->layer[0].silent = 1;
}
static void saturated(struct snn_evidence *e)
{
    e->layer[0].saturated_for = LASTING;
    e->layer[0].saturated = 0.5;
}
static void over(struct snn_evidence *e)
{
    e->over = true;
    e->spec.validation_fraction = 0;
    e->train_loss = 0.1;
    e->train_accuracy = 0.95;
    e->test_accuracy = 0.85;
    e->test_loss = 1;
}
static void stands(struct snn_evidence *e)
{
    e->train_loss = 2.25;
    e->layer[1].update = 1e-6;
}
static void unchanged(struct snn_evidence *e)
{
    e->layer[0].update = e->layer[1].update = 1e-6;
}
static void outgrown(struct snn_evidence *e)
{
    e->layer[0].growth = 1e6;
}
static void grown(struct snn_evidence *e)
{
    e->layer[0].size = 1e6;
}
static void learned(struct snn_evidence *e)
{
    e->train_loss = 0.05;
    e->validated_epoch = 5;
}
static void narrow(struct snn_evidence *e)
{
    e->layer[0].active = 0.01;
    e->layer[0].distance[2] = 0.5;
}

#define AT(field) offsetof(struct snn_evidence, field), false
#define SIZE_AT(field) offsetof(struct snn_evidence, field), true

static const struct {
    const char *rule;
    void (*also)(struct snn_evidence *e);
    double inside, outside; /* triggers; just does not */
    size_t at;
    bool is_size;
} lines[] = {
    /* clang-format off */
    {"unstable_dynamics",  NULL,      0.5,                        0.51,                        AT(spec.layers[0].neuron.model.value[SNN_NEURON_TAU])},
    {"unstable_dynamics",  NULL,      0.5,                        0.51,                        AT(layer[0].tau)},
    {"learning_rate_high", outgrown,  OUTGROWN,                   0.99 * OUTGROWN,             AT(layer[0].size)},
    {"learning_rate_high", grown,     OUTGROWN,                   0.99 * OUTGROWN,             AT(layer[0].growth)},
    {"learning_rate_high", NULL,      UPDATE_TOO_LARGE,           0.99 * UPDATE_TOO_LARGE,     AT(layer[0].update)},
    {"learning_rate_low",  stands,    0.99 * UPDATE_TOO_SMALL,    UPDATE_TOO_SMALL,            AT(layer[0].update)},
    {"learning_rate_low",  unchanged, 2.3 * 0.801,                2.3 * 0.799,                 AT(train_loss)},
    {"input_weak",         dead,      0.99 * USUAL_INPUT / UNUSUAL, 1.01 * USUAL_INPUT / UNUSUAL, AT(input)},
    {"input_strong",       saturated, 1.01 * USUAL_INPUT * UNUSUAL, 0.99 * USUAL_INPUT * UNUSUAL, AT(input)},
    {"dead_layer",         NULL,      LASTING,                    LASTING - 1,                 SIZE_AT(layer[0].dead_for)},
    {"saturated_layer",    NULL,      LASTING,                    LASTING - 1,                 SIZE_AT(layer[0].saturated_for)},
    {"surrogate_narrow",   narrow,    LASTING,                    LASTING - 1,                 SIZE_AT(layer[0].narrow_for)},
    {"surrogate_wide",     NULL,      0.0795,                     0.0797,                      AT(layer[0].distance[4])},
    {"vanishing_gradient", NULL,      0.1 * VANISHED,             0.101 * VANISHED,            AT(layer[0].gradient)},
    {"vanishing_gradient", NULL,      0.1 * VANISHED_IN_TIME,     0.101 * VANISHED_IN_TIME,    AT(layer[0].early)},
    {"exploding_gradient", NULL,      0.101 * EXPLODED,           0.099 * EXPLODED,            AT(layer[0].gradient)},
    {"exploding_gradient", NULL,      0.101 * EXPLODED_IN_TIME,   0.099 * EXPLODED_IN_TIME,    AT(layer[0].early)},
    {"exploding_gradient", NULL,      LARGE_NORM,                 0.99 * LARGE_NORM,           AT(norm)},
    {"overfitting",        learned,   0.6 * OVERFITTED * 1.001,   0.6 * OVERFITTED * 0.999,    AT(validation_loss)},
    {"overfitting",        over,      0.1 * TEST_WORSE * 1.001,   0.1 * TEST_WORSE * 0.999,    AT(test_loss)},
    {"overfitting",        over,      0.95 - ACCURACY_GAP - 0.001, 0.95 - ACCURACY_GAP + 0.001, AT(test_accuracy)},
    /* clang-format on */
};

static void put(struct snn_evidence *e, size_t i, double value)
{
    const size_t size = (size_t)value;

    if (lines[i].is_size)
        memcpy((char *)e + lines[i].at, &size, sizeof size);
    else
        memcpy((char *)e + lines[i].at, &value, sizeof value);
}

static void rules__at_their_lines__find_on_the_one_side_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < SNN_COUNT(lines); i++) {
        struct snn_evidence *e = healthy();

        if (lines[i].also)
            lines[i].also(e);
        put(e, i, lines[i].inside);
        if (!finds(e, lines[i].rule))
            fail_msg("row %zu: %s does not find %g", i, lines[i].rule, lines[i].inside);
        put(e, i, lines[i].outside);
        if (finds(e, lines[i].rule))
            fail_msg("row %zu: %s finds %g", i, lines[i].rule, lines[i].outside);
        snn_evidence_free(e);
    }
}

static void judge__healthy_evidence__finds_nothing(void **state)
{
    struct snn_evidence *e = healthy();
    struct snn_verdict v;

    (void)state;
    snn_judge(&v, e);
    if (v.n)
        judged_fail(&v, "nothing is wrong");
    assert_true(v.known);
    assert_int_equal(v.step, 50);
    snn_evidence_free(e);
}

/* What is at the root comes first and is the only one with a knob. */
static void judge__a_cause_and_what_it_explains__have_one_knob(void **state)
{
    struct snn_evidence *e = healthy();
    struct snn_verdict v;

    (void)state;
    dead(e);
    e->spec.layers[0].neuron.model.value[SNN_NEURON_THRESHOLD] = 50;
    e->spec.layers[1].neuron.model.value[SNN_NEURON_THRESHOLD] = 50;
    for (size_t i = 0; i < SNN_QUANTILES; i++)
        e->layer[0].quantile[i] -= 49;
    e->layer[0].gradient = 0;
    e->layer[0].narrow_for = LASTING;
    e->layer[0].distance[2] = 49;
    snn_judge(&v, e);
    assert_int_equal(v.n, 3);
    assert_string_equal(v.findings[0].rule, "dead_layer");
    assert_null(v.findings[0].because);
    assert_string_equal(v.findings[0].change.pointer, "/neuron/threshold");
    assert_near(v.findings[0].change.from, 50, 0);
    /* The 75% quantile of u is 1.2, of weights that have grown 1.5 times. */
    assert_near(v.findings[0].change.to, 0.8, 1e-12);
    for (size_t i = 1; i < v.n; i++) {
        assert_string_equal(v.findings[i].because, "dead_layer");
        assert_string_equal(v.findings[i].change.pointer, "");
    }
    snn_evidence_free(e);
}

/* A setting that not all layers share is the layer's own. */
static void judge__layers_that_differ__name_the_layers_own_setting(void **state)
{
    struct snn_evidence *e = healthy();
    struct snn_verdict v;

    (void)state;
    e->spec.layers[0].neuron.model.value[SNN_NEURON_TAU] = 0.25;
    snn_judge(&v, e);
    assert_int_equal(v.n, 1);
    assert_string_equal(v.findings[0].change.pointer, "/layers/0/neuron/tau");
    assert_near(v.findings[0].change.to, 2, 0);
    snn_evidence_free(e);
}

/* The scale suggested has the half-width that was asked for, whatever a scale means. */
static void scale_for__every_surrogate_with_a_width__has_that_width(void **state)
{
    (void)state;
    for (size_t i = 0; i < snn_surrogates.count; i++) {
        struct snn_choice c = snn_choice_of(snn_registry_at(&snn_surrogates, i));

        if (!(snn_half_width(&c) < HUGE_VAL)) {
            assert_string_equal(c.kind->name, "straight_through");
            continue;
        }
        c.value[0] = snn_scale_for(&c, 0.7);
        assert_near(snn_half_width(&c), 0.7, 1e-4);
    }
}

static void half_width__known_curves__are_theirs(void **state)
{
    static const struct {
        const char *name;
        double scale, width;
    } rows[] = {
        {"sigmoid", 5, 0.352549434807}, /* 2 ln(1 + sqrt 2) / k */
        {"arctan", 2, 0.318309886184},  /* 2 / (pi k) */
        {"linear", 0.5, 0.5},
        {"gaussian", 2, 2.354820045031},       /* sd sqrt(2 ln 2) */
        {"fast_sigmoid", 25, 0.0165685424949}, /* (sqrt 2 - 1) / k */
        {"triangular", 3, 1.5},
    };

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        struct snn_choice c = runs_choice(&snn_surrogates, rows[i].name);

        c.value[0] = rows[i].scale;
        assert_near(snn_half_width(&c), rows[i].width, 1e-5 * rows[i].width);
    }
}

/* More than there is room for: the last place is written over, and nothing beyond. */
static void find__more_findings_than_fit__stay_within(void **state)
{
    struct snn_verdict v = {.known = true};

    (void)state;
    for (size_t i = 0; i < SNN_MAX_FINDINGS + 3; i++)
        assert_non_null(snn_find(&v, "dead_layer", SNN_SEVERITY_warning, "layer1"));
    assert_int_equal(v.n, SNN_MAX_FINDINGS);
}

/* A layer that comes alive when the run is over, which has learned nothing by then. */
static void judge__a_layer_alive_too_late__was_dead(void **state)
{
    struct snn_evidence *e = healthy();

    (void)state;
    e->layer[0].dead_most = LASTING;
    e->layer[0].silent = 0.8;
    e->train_loss = 2.2;
    assert_false(finds(e, "dead_layer"));
    e->over = true;
    assert_true(finds(e, "dead_layer"));
    e->train_loss = 0.5;
    assert_false(finds(e, "dead_layer"));
    snn_evidence_free(e);
}

/* How long a layer has been silent: records that do not get better, up to the newest. */
static void evidence__a_layer_that_comes_alive__is_no_longer_dead(void **state)
{
    const double silent[] = {1, 1, 0.995, 0.95, 0.94, 0.5};
    const size_t dead_for[] = {1, 2, 3, 0, 1, 0}; /* 0.95 is much better than 0.995 */
    struct snn_evidence *e = healthy();

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(silent); i++) {
        const double one = 0.1;
        const struct snn_point p[] = {
            {.name = "silent/layer1", .values = &silent[i], .n = 1},
            {.name = "gradient_norm/layer1.weight", .values = &one, .n = 1},
        };

        snn_evidence_add(e, 10 * (i + 1), 1, p, SNN_COUNT(p));
        assert_int_equal(e->layer[0].dead_for, dead_for[i]);
        assert_int_equal(e->step, 10 * (i + 1));
    }
    snn_evidence_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules__at_their_lines__find_on_the_one_side_only),
        cmocka_unit_test(judge__healthy_evidence__finds_nothing),
        cmocka_unit_test(judge__a_cause_and_what_it_explains__have_one_knob),
        cmocka_unit_test(judge__layers_that_differ__name_the_layers_own_setting),
        cmocka_unit_test(scale_for__every_surrogate_with_a_width__has_that_width),
        cmocka_unit_test(half_width__known_curves__are_theirs),
        cmocka_unit_test(find__more_findings_than_fit__stay_within),
        cmocka_unit_test(judge__a_layer_alive_too_late__was_dead),
        cmocka_unit_test(evidence__a_layer_that_comes_alive__is_no_longer_dead),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
