/* SPDX-License-Identifier: MIT */
/* The table of readouts. Sums over time are in double: their error does not grow with T. */
#include "core/loss/readout.h"

#include "core/base/param.h"

static void weighted_sum(real *logits, const real *y, size_t time_steps, size_t classes,
                         double weight)
{
    for (size_t i = 0; i < classes; i++) {
        double sum = 0;

        for (size_t t = 0; t < time_steps; t++)
            sum += (double)y[t * classes + i];
        logits[i] = (real)(weight * sum);
    }
}

/* The same share of the gradient to every step. */
static void spread(real *dy, const real *dlogits, size_t time_steps, size_t classes, double weight)
{
    for (size_t t = 0; t < time_steps; t++)
        for (size_t i = 0; i < classes; i++)
            dy[t * classes + i] = (real)(weight * (double)dlogits[i]);
}

static void mean_forward(real *logits, const real *y, size_t time_steps, size_t classes)
{
    weighted_sum(logits, y, time_steps, classes, 1.0 / (double)time_steps);
}

static void mean_backward(real *dy, const real *dlogits, const real *y, size_t time_steps,
                          size_t classes)
{
    (void)y;
    spread(dy, dlogits, time_steps, classes, 1.0 / (double)time_steps);
}

static void count_forward(real *logits, const real *y, size_t time_steps, size_t classes)
{
    weighted_sum(logits, y, time_steps, classes, 1);
}

static void count_backward(real *dy, const real *dlogits, const real *y, size_t time_steps,
                           size_t classes)
{
    (void)y;
    spread(dy, dlogits, time_steps, classes, 1);
}

/* The whole gradient to one step of each class, nothing to the others. */
static void single(real *dy, const real *dlogits, size_t time_steps, size_t classes, size_t i,
                   size_t when)
{
    for (size_t t = 0; t < time_steps; t++)
        dy[t * classes + i] = t == when ? dlogits[i] : 0;
}

static size_t first_maximum(const real *y, size_t time_steps, size_t classes, size_t i)
{
    size_t best = 0;

    for (size_t t = 1; t < time_steps; t++)
        if (y[t * classes + i] > y[best * classes + i])
            best = t;
    return best;
}

static void max_forward(real *logits, const real *y, size_t time_steps, size_t classes)
{
    for (size_t i = 0; i < classes; i++)
        logits[i] = y[first_maximum(y, time_steps, classes, i) * classes + i];
}

static void max_backward(real *dy, const real *dlogits, const real *y, size_t time_steps,
                         size_t classes)
{
    for (size_t i = 0; i < classes; i++)
        single(dy, dlogits, time_steps, classes, i, first_maximum(y, time_steps, classes, i));
}

static void last_forward(real *logits, const real *y, size_t time_steps, size_t classes)
{
    for (size_t i = 0; i < classes; i++)
        logits[i] = y[(time_steps - 1) * classes + i];
}

static void last_backward(real *dy, const real *dlogits, const real *y, size_t time_steps,
                          size_t classes)
{
    (void)y;
    for (size_t i = 0; i < classes; i++)
        single(dy, dlogits, time_steps, classes, i, time_steps - 1);
}

/* clang-format off */
static const struct snn_param params[] = {
    {.name = "population", .doc = "output neurons per class, next to each other; their values are added",
     .type = SNN_INTEGER, .value = 1, .min = 1, .max = 4096},
};

static const struct snn_readout readouts[] = {
    {.kind = {.name = "spike_mean", .doc = "spikes per step of each output neuron", SNN_PARAMS(params)},
     .reads_membrane = false, .forward = mean_forward, .backward = mean_backward},
    {.kind = {.name = "spike_count", .doc = "spikes of each output neuron", SNN_PARAMS(params)},
     .reads_membrane = false, .forward = count_forward, .backward = count_backward},
    {.kind = {.name = "membrane_mean", .doc = "mean over the steps of the charged membrane", SNN_PARAMS(params)},
     .reads_membrane = true, .forward = mean_forward, .backward = mean_backward},
    {.kind = {.name = "membrane_max", .doc = "largest charged membrane of all steps", SNN_PARAMS(params)},
     .reads_membrane = true, .forward = max_forward, .backward = max_backward},
    {.kind = {.name = "membrane_last", .doc = "charged membrane of the last step", SNN_PARAMS(params)},
     .reads_membrane = true, .forward = last_forward, .backward = last_backward},
};
/* clang-format on */

const struct snn_registry snn_readouts = SNN_REGISTRY(readouts, "readouts", "readout");
