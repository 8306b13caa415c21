/* SPDX-License-Identifier: MIT */
/* The table of losses. */
#include "core/loss/loss.h"

#include <assert.h>
#include <math.h>

#include "core/base/param.h"
#include "core/math/vec.h"

size_t snn_argmax(const real *logits, size_t classes)
{
    size_t best = 0;

    for (size_t i = 1; i < classes; i++)
        if (logits[i] > logits[best])
            best = i;
    return best;
}

/* ------------------------------------------------------------------------- cross-entropy -- */

/* What the loss of a row of logits wants of each row. */
struct target {
    size_t label;
    double scale, smoothing;
};

/* The largest of n; NaN, and so is the loss, where one is not finite. An infinite one may leave it
 * finite: ln(1 + e^-inf) = 0. It is divergence all the same. */
static real top_of(const real *z, size_t n)
{
    real top = z[0], zero = 0;
    for (size_t i = 0; i < n; i++) {
        top = z[i] > top ? z[i] : top;
        zero += z[i] * 0;
    }
    return top + zero;
}

/* With label smoothing e the target is q_i = (1 - e) [i = label] + e/C:
 * L = ln sum_i e^z_i - sum_i q_i z_i, dL/dz_i = e^z_i / sum_j e^z_j - q_i; the largest z taken off
 * first, so that no exponential overflows and at least one is 1. `sum` is theirs, and d has them on
 * entry. The label's gradient is minus the sum of the others: 1 - 1 would leave nothing of a loss
 * near 0. */
static double smoothed(real *d, const real *z, size_t classes, double top, double sum,
                       const struct target *to)
{
    const double share = to->smoothing / (double)classes, part = 1 / sum;
    double mean = 0, others = 0;

    for (size_t i = 0; share > 0 && i < classes; i++)
        mean += (double)z[i] - top;
    for (size_t i = 0; d && i < classes; i++) {
        const double g = part * (double)d[i] - share;
        d[i] = (real)(to->scale * g);
        others += i == to->label ? 0 : g;
    }
    if (d)
        d[to->label] = (real)(-to->scale * others);
    return log(sum) - (1 - to->smoothing) * ((double)z[to->label] - top) - share * mean;
}

/* The sum of the rows' losses. */
static double rows_smoothed(real *d, const real *z, size_t rows, size_t classes,
                            const struct target *to)
{
    enum { SOME = 32 };
    double loss = 0;

    assert(to->label < classes);
    for (size_t first = 0; first < rows; first += SOME) {
        const size_t n = rows - first < SOME ? rows - first : SOME, at = first * classes;
        real top[SOME];
        double sum[SOME];

        for (size_t r = 0; r < n; r++)
            top[r] = top_of(z + at + r * classes, classes);
        snn_exp_sums(sum, d ? d + at : NULL, z + at, top, n, classes);
        for (size_t r = 0; r < n; r++)
            loss += smoothed(d ? d + at + r * classes : NULL, z + at + r * classes, classes,
                             (double)top[r], sum[r], to);
    }
    return loss;
}

enum { SMOOTHING };

static double cross_entropy(real *dlogits, const real *logits, size_t classes, size_t label,
                            double scale, const struct snn_choice *c)
{
    const struct target to = {label, scale, c->value[SMOOTHING]};
    return rows_smoothed(dlogits, logits, 1, classes, &to);
}

static double cross_entropy_per_step(real *dy, const real *y, const struct snn_course *shape,
                                     size_t label, double scale, const struct snn_choice *c)
{
    const double share = 1 / (double)shape->time_steps;
    const struct target to = {label, scale * share, c->value[SMOOTHING]};
    return share * rows_smoothed(dy, y, shape->time_steps, shape->classes, &to);
}

/* ---------------------------------------------------------------------------- mean squares -- */

enum { CORRECT, INCORRECT };

/* What the label's and the other outputs should reach. As snnTorch builds them: while the label's
 * is the larger, the others' is at least 0. */
struct targets {
    double label, other;
};

static struct targets targets_of(double label, double other)
{
    return (struct targets){label, label > other && other < 0 ? 0 : other};
}

/* (1/T) mean over the classes of (spike count - target)^2; targets are whole numbers, cut. */
static double mse_count(real *dy, const real *y, const struct snn_course *shape, size_t label,
                        double scale, const struct snn_choice *c)
{
    const size_t time_steps = shape->time_steps, classes = shape->classes;
    const double steps = (double)time_steps, neurons = (double)shape->population;
    const double share = 1 / (steps * (double)classes);
    /* In this order: another one may round a whole number down by one. */
    const struct targets want = targets_of(trunc(steps * c->value[CORRECT] * neurons),
                                           trunc(steps * c->value[INCORRECT] * neurons));
    double sum = 0;

    for (size_t i = 0; i < classes; i++) {
        double count = 0;
        for (size_t t = 0; t < time_steps; t++)
            count += (double)y[t * classes + i];
        const double off = count - (i == label ? want.label : want.other);
        sum += off * off;
        for (size_t t = 0; dy && t < time_steps; t++)
            dy[t * classes + i] = (real)(2 * off * share * scale);
    }
    return sum * share;
}

/* Mean over steps and classes of (membrane - target)^2. */
static double mse_membrane(real *dy, const real *y, const struct snn_course *shape, size_t label,
                           double scale, const struct snn_choice *c)
{
    const size_t time_steps = shape->time_steps, classes = shape->classes;
    const struct targets want = targets_of(c->value[CORRECT], c->value[INCORRECT]);
    const double share = 1 / ((double)time_steps * (double)classes);
    double sum = 0;

    for (size_t k = 0; k < time_steps * classes; k++) {
        const double off = (double)y[k] - (k % classes == label ? want.label : want.other);
        sum += off * off;
        if (dy)
            dy[k] = (real)(2 * off * share * scale);
    }
    return sum * share;
}

/* ----------------------------------------------------------------------------------- table -- */

/* clang-format off */
static const struct snn_param cross_entropy_params[] = {
    [SMOOTHING] = {.name = "label_smoothing", .doc = "share of the target spread over all classes",
                   .type = SNN_REAL, .value = 0, .min = 0, .max = 1, .max_open = true},
};
static const struct snn_param count_params[] = {
    [CORRECT] = {.name = "correct_rate", .doc = "spikes per step wanted of the label's neuron",
                 .type = SNN_REAL, .value = 0.8, .min = 0, .max = 1},
    [INCORRECT] = {.name = "incorrect_rate", .doc = "spikes per step wanted of the others",
                   .type = SNN_REAL, .value = 0.2, .min = 0, .max = 1},
};
static const struct snn_param membrane_params[] = {
    [CORRECT] = {.name = "on_target", .doc = "membrane wanted of the label's neuron",
                 .type = SNN_REAL, .value = 1, .min = -1e6, .max = 1e6},
    [INCORRECT] = {.name = "off_target", .doc = "membrane wanted of the others",
                   .type = SNN_REAL, .value = 0, .min = -1e6, .max = 1e6},
};

static const struct snn_loss losses[] = {
    {.kind = {.name = "cross_entropy", .doc = "ln sum_i exp(z_i) - z_label", SNN_PARAMS(cross_entropy_params)},
     .value = cross_entropy},
    {.kind = {.name = "cross_entropy_per_step", .doc = "cross-entropy of the output at each step, mean over steps",
              SNN_PARAMS(cross_entropy_params)},
     .course = cross_entropy_per_step},
    {.kind = {.name = "mse_count", .doc = "(1/T) mean over classes of (spike count - T rate)^2", SNN_PARAMS(count_params)},
     .reads = SNN_READS_SPIKES, .course = mse_count},
    {.kind = {.name = "mse_membrane", .doc = "mean over steps and classes of (membrane - target)^2",
              SNN_PARAMS(membrane_params)},
     .reads = SNN_READS_MEMBRANE, .course = mse_membrane},
};
/* clang-format on */

const struct snn_registry snn_losses = SNN_REGISTRY(losses, "losses", "loss");
