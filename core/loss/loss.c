/* SPDX-License-Identifier: MIT */
/* The table of losses. */
#include "core/loss/loss.h"

#include <assert.h>
#include <math.h>

#include "core/base/param.h"

size_t snn_argmax(const real *logits, size_t classes)
{
    size_t best = 0;

    for (size_t i = 1; i < classes; i++)
        if (logits[i] > logits[best])
            best = i;
    return best;
}

static bool all_finite(const real *z, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(z[i]))
            return false;
    return true;
}

/* L = ln sum_i e^z_i - z_label, dL/dz_i = e^z_i / sum_j e^z_j - [i = label]; the largest z taken
 * off first, so that no exponential overflows and at least one is 1. */
static double cross_entropy(real *dlogits, const real *logits, size_t classes, size_t label,
                            double scale, const struct snn_choice *c)
{
    (void)c;
    assert(label < classes);
    /* An infinite logit may leave the loss finite: ln(1 + e^-inf) = 0. It is divergence all the
     * same. */
    bool finite = all_finite(logits, classes);
    double not_finite = (double)NAN;
    double top = (double)logits[snn_argmax(logits, classes)], sum = 0;

    for (size_t i = 0; i < classes; i++)
        sum += exp((double)logits[i] - top);
    for (size_t i = 0; dlogits && i < classes; i++) {
        double softmax = exp((double)logits[i] - top) / sum;
        dlogits[i] = (real)(finite ? scale * (softmax - (i == label ? 1 : 0)) : not_finite);
    }
    return finite ? log(sum) + (top - (double)logits[label]) : not_finite;
}

static const struct snn_loss losses[] = {
    {.kind = {.name = "cross_entropy", .doc = "ln sum_i exp(z_i) - z_label"},
     .value = cross_entropy},
};

const struct snn_registry snn_losses = SNN_REGISTRY(losses, "losses", "loss");
