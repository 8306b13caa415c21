/* SPDX-License-Identifier: MIT */
/* The meter's reference is the gradient of the expected loss: against all patterns of spikes of
 * small networks, and by differences of the loss for whatever a job can choose. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/core/bias/exact.h"
#include "tests/core/bias/measure.h"
#include "tests/core/train/every.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

static double norm(const double *a, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * a[i];
    return sqrt(sum);
}

/* ----------------------------------------------------------------------------- all patterns --- */

static const struct exact_case cases[] = {
    {.reset = "none", .readout = "spike_mean"},
    {.reset = "scaled", .readout = "membrane_mean", .detach_reset = true},
    {.reset = "subtract", .readout = "spike_mean", .recurrent = true, .learns = true},
    {.reset = "zero", .readout = "membrane_mean", .recurrent = true, .learns = true},
    {.reset = "zero", .readout = "spike_mean", .learns = true, .penalty = 2},
    {.reset = "scaled", .readout = "spike_mean", .learns = true},
};

/* The expected loss at the meter's parameters, and its gradient. */
static double truth_of(const struct exact *e, double *out)
{
    double params[EXACT_PARAMS];
    assert_true(meter.own.n_params <= EXACT_PARAMS);
    for (size_t i = 0; i < meter.own.n_params; i++)
        params[i] = (double)meter.params[i];
    exact_gradient(e, params, meter.own.n_params, out);
    return exact_loss(e, params);
}

/* Each entry's mean over the groups lies around the truth by its own scatter: sums of squared
 * t-values of 15 degrees of freedom have mean 15/13 each. */
static void bias__all_patterns_gone_through__the_reference_is_unbiased(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct exact e;
        double truth[EXACT_PARAMS], squares = 0, worst = 0;
        const struct snn_bias_options o = {.samples = 3, .repeats = 8192, .sigma = 0.3, .seed = c};
        exact_build(&e, &cases[c], 0.3);
        measure(&e.spec, &e.data, &o, e.c.reset);
        const double expected = truth_of(&e, truth);
        const size_t n = meter.own.n_params;
        for (size_t i = 0; i < n; i++) {
            double mean = 0, square = 0;
            for (size_t g = 0; g < SNN_BIAS_GROUPS; g++)
                mean += (double)meter.reference[g][i] / SNN_BIAS_GROUPS;
            for (size_t g = 0; g < SNN_BIAS_GROUPS; g++)
                square +=
                    ((double)meter.reference[g][i] - mean) * ((double)meter.reference[g][i] - mean);
            const double error = sqrt(square / SNN_BIAS_GROUPS / (SNN_BIAS_GROUPS - 1));
            const double t = (mean - truth[i]) / (error + 1e-6 * norm(truth, n));
            squares += t * t / (double)n;
            worst = fmax(worst, fabs(t));
        }
        measure_end();
        assert_near(report.expected_loss, expected, 3 * report.expected_loss_error + 1e-6);
        if (!(worst < 5) || !(squares < 3))
            fail_msg("case %zu: an entry is off by %.2f of its error, all by %.2f", c, worst,
                     sqrt(squares));
    }
}

/* The cosine with the true gradient, of all parameters. */
static double cosine_with(const double *truth, double *ratio)
{
    double product = 0, square = 0;
    for (size_t i = 0; i < meter.own.n_params; i++) {
        product += (double)meter.surrogate[0][i] * truth[i];
        square += (double)meter.surrogate[0][i] * (double)meter.surrogate[0][i];
    }
    *ratio = sqrt(square) / norm(truth, meter.own.n_params);
    return product / sqrt(square) / norm(truth, meter.own.n_params);
}

/* 95% intervals: of 200 seeds each, 182 to 198 hold the truth (95% and three and a half standard
 * deviations of a count of them). */
static void bias__error_bars__hold_the_truth_as_often_as_they_say(void **state)
{
    enum { SEEDS = 200 };
    size_t cosines = 0, ratios = 0;
    struct exact e;
    double truth[EXACT_PARAMS];
    (void)state;
    exact_build(&e, &cases[3], 0.3);
    for (size_t seed = 0; seed < SEEDS; seed++) {
        const struct snn_bias_options o = {
            .samples = 3, .repeats = 128, .sigma = 0.3, .seed = seed};
        double ratio;
        measure(&e.spec, &e.data, &o, "coverage");
        if (seed == 0)
            (void)truth_of(&e, truth);
        const double cosine = cosine_with(truth, &ratio);
        cosines += fabs(report.all.cosine - cosine) <= report.all.cosine_error;
        ratios += fabs(report.all.ratio - ratio) <= report.all.ratio_error;
        measure_end();
    }
    if (cosines < 182 || cosines > 198 || ratios < 182 || ratios > 198)
        fail_msg("of %d intervals %zu hold the cosine, %zu the ratio", SEEDS, cosines, ratios);
}

/* ------------------------------------------------------------------------------- differences ---
 */

struct moved {
    double mean, error; /* of the derivative of the loss along the direction */
};

/* By differences of the noisy network's loss, with the same noise on both sides. */
static struct moved moved_by(const double *direction, size_t draws, double h)
{
    struct snn_meter_hand *hand = &meter.hand[0];
    const size_t n = meter.own.n_params, all = draws * meter.samples;
    double *found = calloc(all, sizeof *found), mean = 0, square = 0;
    real *kept = calloc(n, sizeof *kept);
    assert_non_null(found);
    assert_non_null(kept);
    memcpy(kept, meter.params, n * sizeof *kept);
    for (int side = -1; side <= 1; side += 2) {
        for (size_t i = 0; i < n; i++)
            meter.params[i] = (real)((double)kept[i] + side * h * direction[i]);
        snn_net_prepare(&meter.noisy, meter.params);
        for (size_t i = 0, at = 0; i < all; i += at) {
            const size_t left = draws - i % draws;
            const struct snn_draws rows = {i / draws, SNN_DRAW_SURROGATE + i % draws,
                                           left < meter.rows ? left : meter.rows};
            at = rows.n;
            snn_meter_show(&meter, hand, &meter.noisy, &hand->noisy, &rows);
            snn_meter_judge(&meter, hand, &meter.noisy, &hand->noisy, &rows, 1, false);
            for (size_t r = 0; r < rows.n; r++)
                found[i + r] += side * hand->loss[r] / (2 * h);
        }
    }
    for (size_t i = 0; i < all; i++)
        mean += found[i] / (double)all;
    for (size_t i = 0; i < all; i++)
        square += (found[i] - mean) * (found[i] - mean);
    free(found);
    free(kept);
    return (struct moved){mean, sqrt(square) / (double)all};
}

/* The reference of half of the groups, along the unit direction that the other half gives. */
static struct moved referred(double *direction)
{
    enum { HALF = SNN_BIAS_GROUPS / 2 };
    const size_t n = meter.own.n_params;
    double along[HALF] = {0}, mean = 0, square = 0;
    for (size_t i = 0; i < n; i++) {
        direction[i] = 0;
        for (size_t g = 0; g < HALF; g++)
            direction[i] += (double)meter.reference[g][i] / HALF;
    }
    const double length = norm(direction, n);
    for (size_t i = 0; length > 0 && i < n; i++)
        direction[i] /= length;
    for (size_t g = 0; g < HALF; g++) {
        for (size_t i = 0; i < n; i++)
            along[g] += direction[i] * (double)meter.reference[HALF + g][i];
        mean += along[g] / HALF;
    }
    for (size_t g = 0; g < HALF; g++)
        square += (along[g] - mean) * (along[g] - mean);
    return (struct moved){mean, sqrt(square / HALF / (HALF - 1))};
}

/* The derivative along one direction, twice. */
struct pair {
    struct moved reference, difference;
};

static struct pair look_at(const struct snn_spec *spec, const struct snn_data *data,
                           const struct snn_bias_options *o, size_t draws, double h,
                           const char *what)
{
    struct pair p;
    measure(spec, data, o, what);
    double *direction = calloc(meter.own.n_params, sizeof *direction);
    assert_non_null(direction);
    p.reference = referred(direction);
    p.difference = moved_by(direction, draws, h);
    free(direction);
    measure_end();
    return p;
}

static double off_by(const struct pair *p)
{
    return fabs(p->reference.mean - p->difference.mean) /
           (hypot(p->reference.error, p->difference.error) + 1e-6);
}

static bool has_neurons(const struct snn_spec *spec)
{
    size_t n = 0;
    for (size_t i = 0; i < spec->n_layers; i++)
        n += snn_layer_has_neuron(&spec->layers[i]);
    return n > 0;
}

/* The first spec of those rows that a job may be, resets that follow the membrane left out. */
static bool some_spec(struct snn_spec *spec, struct every *e)
{
    const size_t losses = snn_losses.count * snn_readouts.count;
    const bool own =
        snn_neuron_of(&(struct snn_choice){.kind = snn_registry_at(&snn_neurons, e->neuron)})
            ->own_steps;
    for (size_t k = 0; k < losses * snn_resets.count; k++) {
        e->loss = (e->turn + k) % losses / snn_readouts.count;
        e->readout = (e->turn + k) % snn_readouts.count;
        e->reset = (e->turn + k / losses) % snn_resets.count;
        e->surrogate = e->turn % snn_surrogates.count;
        if (own && strcmp(snn_registry_at(&snn_resets, e->reset)->name, "none") != 0)
            continue;
        if (every_spec(spec, e) && has_neurons(spec))
            return true;
    }
    return false;
}

/* A fifth of all forms of a layer with all neurons and solvers: the expected loss moves along the
 * reference as that says. */
static void bias__whatever_a_job_can_choose__the_loss_moves_as_the_reference_says(void **state)
{
    const size_t each = snn_neurons.count * snn_solvers.count, all = every_forms() * each;
    struct snn_data *data = every_data_new();
    size_t measured = 0, sure = 0;
    (void)state;
    for (size_t i = 0; i < all; i += 5) { /* 5 divides no count of rows */
        struct every e = {.form = i / each,
                          .neuron = i % each / snn_solvers.count,
                          .solver = i % snn_solvers.count,
                          .turn = i};
        struct snn_bias_options o = {.samples = 2, .repeats = 1024, .sigma = 0.4, .seed = i};
        struct snn_spec spec;
        char name[EVERY_NAME];
        if (!some_spec(&spec, &e))
            continue;
        every_name(name, &spec);
        struct pair p = look_at(&spec, data, &o, 1024, 0.005, name);
        if (off_by(&p) > 2.5) { /* what comes seldom counts much: look longer, and nearer */
            o.repeats *= 32;
            p = look_at(&spec, data, &o, 32768, 0.001, name);
        }
        measured++;
        sure += fabs(p.difference.mean) > 5 * hypot(p.reference.error, p.difference.error);
        if (off_by(&p) > 4.5)
            fail_msg("%s: %g +- %g along the reference, %g +- %g by differences", name,
                     p.reference.mean, p.reference.error, p.difference.mean, p.difference.error);
    }
    snn_data_free(data);
    assert_true(sure * 2 > measured);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bias__all_patterns_gone_through__the_reference_is_unbiased),
        cmocka_unit_test(bias__error_bars__hold_the_truth_as_often_as_they_say),
        cmocka_unit_test(bias__whatever_a_job_can_choose__the_loss_moves_as_the_reference_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
