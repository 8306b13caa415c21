/* SPDX-License-Identifier: MIT */
#include "core/neuron/learn.h"

#include <math.h>
#include <string.h>

#include "core/base/param.h"

static double above_value(double p, double initial, double low)
{
    return low + (initial - low) * exp(p);
}

static double above_slope(double p, double initial, double low)
{
    return (initial - low) * exp(p);
}

static double scale_value(double p, double initial, double low)
{
    (void)low;
    return initial * exp(p);
}

static double logistic_value(double p, double initial, double low)
{
    (void)initial;
    (void)low;
    return 1 / (1 + exp(-p));
}

static double logistic_slope(double p, double initial, double low)
{
    const double v = logistic_value(p, initial, low);
    return v * (1 - v);
}

static double doubled_value(double p, double initial, double low)
{
    (void)low;
    return initial * (1 + exp(p));
}

static double raw_value(double p, double initial, double low)
{
    (void)initial;
    (void)low;
    return p;
}

static double one(double p, double initial, double low)
{
    (void)p;
    (void)initial;
    (void)low;
    return 1;
}

static double zero_start(double initial)
{
    (void)initial;
    return 0;
}

static double logit_start(double initial)
{
    return log(initial / (1 - initial));
}

static double raw_start(double initial)
{
    return initial;
}

/* The names are part of the saved format. */
static const struct snn_transform above = {"above", above_value, above_slope, zero_start};
static const struct snn_transform scaled = {"scaled", scale_value, scale_value, zero_start};
static const struct snn_transform logistic = {"logistic", logistic_value, logistic_slope,
                                              logit_start};
static const struct snn_transform doubled = {"doubled", doubled_value, scale_value, zero_start};
static const struct snn_transform raw = {"raw", raw_value, one, raw_start};
static const struct snn_transform *const all[] = {&above, &scaled, &logistic, &doubled, &raw};

struct learnable {
    struct snn_kind kind;
    const struct snn_transform *own,
        *spikede; /* of beta and alpha_syn: snnTorch's, clamped in use */
    bool by_term; /* a value for each term of the dynamics, and none for a neuron alone */
};

/* clang-format off */
static const struct learnable learnables[SNN_LEARNABLE_COUNT] = {
    [SNN_LEARN_tau] =
        {{"tau", "step/2 + (tau - step/2) e^p", NULL, 0}, &above, &doubled, false},
    [SNN_LEARN_threshold] =
        {{"threshold", "threshold e^p, from above 0", NULL, 0}, &scaled, &raw, false},
    [SNN_LEARN_alpha] =
        {{"alpha", "1/(1 + e^-p) of each term, from inside (0, 1)", NULL, 0}, &logistic, &raw, true},
    [SNN_LEARN_coefficients] =
        {{"coefficients", "coefficient e^p of each term, from other than 0", NULL, 0}, &scaled, &raw, true},
    [SNN_LEARN_beta] =
        {{"beta", "1/(1 + e^-p), from inside (0, 1)", NULL, 0}, &logistic, &raw, false},
    [SNN_LEARN_alpha_syn] =
        {{"alpha_syn", "1/(1 + e^-p), from inside (0, 1)", NULL, 0}, &logistic, &raw, false},
};
/* clang-format on */

const struct snn_registry snn_learnables = SNN_REGISTRY(learnables, "learnables", "learnable");

const struct snn_transform *snn_transform_of(enum snn_learnable which, bool spikede)
{
    return spikede ? learnables[which].spikede : learnables[which].own;
}

const struct snn_transform *snn_transform_find(const char *name)
{
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    return NULL;
}

const char *snn_learnable_name(enum snn_learnable which)
{
    return learnables[which].kind.name;
}

bool snn_learnable_by_term(enum snn_learnable which)
{
    return learnables[which].by_term;
}

bool snn_learnable_allows(enum snn_learnable which, enum snn_learn how)
{
    return how != SNN_PER_NEURON || !learnables[which].by_term;
}

enum snn_code snn_learnable_check(enum snn_learnable which, double initial, struct snn_error *err)
{
    if (learnables[which].own == &logistic && !(initial > 0 && initial < 1))
        return snn_fail(err, SNN_INVALID,
                        "%s is %g, and one that is learned must begin inside (0, 1): 0.95, say",
                        learnables[which].kind.name, initial);
    if (which == SNN_LEARN_threshold && !(initial > 0))
        return snn_fail(err, SNN_INVALID,
                        "threshold is %g, and one that is learned must begin above 0", initial);
    if (which == SNN_LEARN_coefficients && initial == 0)
        return snn_fail(err, SNN_INVALID,
                        "a coefficient is 0, and one that is learned must begin elsewhere");
    return SNN_OK;
}

double snn_learnable_initial(const struct snn_neuron_spec *n, enum snn_learnable which, size_t i)
{
    const double of[SNN_LEARNABLE_COUNT] = {
        [SNN_LEARN_alpha] = n->alpha[i],
        [SNN_LEARN_coefficients] = n->coefficients[i],
    };
    return snn_learnable_by_term(which)
               ? of[which]
               : snn_choice_value(&n->model, snn_learnable_name(which), (double)NAN);
}
