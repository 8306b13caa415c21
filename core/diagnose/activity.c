/* SPDX-License-Identifier: MIT */
/* Layers that say nothing, because their neurons never fire or always do, and what of input,
 * weights and threshold that is to be blamed on: the one that is farthest from where it usually is.
 */
#include <math.h>

#include "core/base/param.h"
#include "core/diagnose/rule.h"

enum knob { KNOB_NONE, KNOB_INPUT, KNOB_WEIGHTS, KNOB_THRESHOLD };

/* A layer's drive by what is usual: below 1 = too little. */
struct blame {
    enum knob knob;
    double input, weights, threshold;
    double level; /* the membrane (u) that is to stand at the threshold */
};

/* The layer that the input comes to: all below it are without weights. */
static bool hears_input(const struct snn_evidence *e, size_t i)
{
    for (size_t k = 0; k < e->layer[i].weights; k++)
        if (e->layer[k].fan_in)
            return false;
    return true;
}

static double default_threshold(const struct snn_choice *model)
{
    return model->kind->params[SNN_NEURON_THRESHOLD].value;
}

/* The membrane that a quarter of the neuron-steps are above, or where that is below rest the
 * highest that there is. */
static double level_of(const struct snn_layer_evidence *l, double threshold)
{
    for (size_t i = 4; i < SNN_QUANTILES; i++)
        if (l->quantile[i] + threshold > 0)
            return l->quantile[i] + threshold;
    return (double)NAN;
}

/* `sign` 1 looks for too much, -1 for too little. */
static struct blame blame(const struct snn_evidence *e, size_t i, int sign)
{
    const struct snn_layer_evidence *l = &e->layer[i], *w = &e->layer[l->weights];
    const struct snn_choice *model = &e->spec.layers[i].neuron.model;
    const double threshold = snn_threshold_of(e, i);
    struct blame b = {.input = 1,
                      .weights = w->size / fmax(w->growth, 1),
                      .threshold = default_threshold(model) / threshold,
                      .level = level_of(l, threshold)};
    if (hears_input(e, i))
        b.input = e->input / USUAL_INPUT;
    const struct {
        enum knob knob;
        double by;
    } candidates[] = {
        {KNOB_WEIGHTS, b.weights}, {KNOB_THRESHOLD, b.threshold}, {KNOB_INPUT, b.input}};
    double worst = UNUSUAL;
    for (size_t k = 0; k < SNN_COUNT(candidates); k++) {
        const double far = sign > 0 ? candidates[k].by : 1 / candidates[k].by;
        if (far >= worst) {
            worst = far;
            b.knob = candidates[k].knob;
        }
    }
    return b;
}

/* The layer's input is what a layer that is dead itself makes. */
static bool hears_nothing(const struct snn_evidence *e, size_t i)
{
    while (i-- > 0)
        if (e->layer[i].neurons)
            return snn_lasts(e, e->layer[i].dead_for, e->layer[i].dead_most);
    return false;
}

static bool is_dead(const struct snn_evidence *e, size_t i)
{
    const struct snn_layer_evidence *l = &e->layer[i];
    return l->matters && l->told && snn_lasts(e, l->dead_for, l->dead_most) && !hears_nothing(e, i);
}

/* Its neurons fire at every step; or half of its membranes are so far from the threshold that
 * whether they fire no longer tells how strongly they are driven. */
static bool is_overdriven(const struct snn_evidence *e, size_t i)
{
    const struct snn_layer_evidence *l = &e->layer[i];
    return l->distance[2] >= OVERDRIVEN * fmax(fabs(snn_threshold_of(e, i)), l->half_width);
}

static bool is_saturated(const struct snn_evidence *e, size_t i)
{
    const struct snn_layer_evidence *l = &e->layer[i];
    return l->matters && l->told &&
           (snn_lasts(e, l->saturated_for, l->saturated_most) || is_overdriven(e, i));
}

/* The factor that brings `level` to the threshold, and what is unusual to where it usually is: the
 * one or the other, whichever goes farther. Biases are a drive that no factor makes. */
static double factor_of(const struct blame *b, double factor, int sign)
{
    const double usual = b->knob == KNOB_INPUT     ? 1 / b->input
                         : b->knob == KNOB_WEIGHTS ? 1 / b->weights
                                                   : factor;
    return sign > 0 ? fmin(factor, usual) : fmax(factor, usual);
}

/* The value of what the drive grows with, or of the threshold itself. A new job begins with the
 * weights as they were before they grew. */
static void suggest_drive(struct snn_finding *f, const struct snn_evidence *e, size_t i,
                          const struct blame *b, int sign)
{
    const struct snn_layer_evidence *w = &e->layer[e->layer[i].weights];
    const double threshold = snn_threshold_of(e, i), growth = isfinite(w->growth) ? w->growth : 1;
    const double factor = factor_of(b, threshold / b->level * growth, sign);
    const double gain = snn_choice_value(&e->spec.encoding, "gain", (double)NAN);
    const double scale =
        snn_choice_value(&e->spec.layers[e->layer[i].weights].kind, "weight_scale", (double)NAN);
    char pointer[64];
    if (b->knob == KNOB_THRESHOLD) {
        snn_neuron_place(pointer, e, i, "threshold");
        snn_suggest(f, threshold, threshold / factor, pointer,
                    "a quarter of the neuron-steps would reach it with the first weights: their "
                    "membranes come to %.3g",
                    b->level / growth);
    } else if (b->knob == KNOB_INPUT && isfinite(gain)) {
        snn_suggest(f, gain, gain * factor, "/encoding/gain",
                    "makes the input %.3g (root mean square), and the membrane that a quarter of "
                    "the neuron-steps are above goes from %.3g towards the threshold of %.3g",
                    e->input * factor, b->level / growth, threshold);
    } else {
        (void)snprintf(pointer, sizeof pointer, "/layers/%zu/weight_scale", e->layer[i].weights);
        snn_suggest(f, scale, scale * factor, pointer,
                    "makes the first weights %.3g of their usual size, and the membrane that a "
                    "quarter of the neuron-steps are above goes from %.3g towards the threshold of "
                    "%.3g",
                    b->weights * factor, b->level / growth, threshold);
    }
}

static void tell(struct snn_finding *f, const struct snn_evidence *e, size_t i, const char *name,
                 double share, const struct blame *b, int sign)
{
    const struct snn_layer_evidence *l = &e->layer[i];
    snn_fact_add(f, name, share);
    snn_fact_add(f, "spike_rate", l->rate);
    snn_fact_add(f, "threshold", snn_threshold_of(e, i));
    snn_fact_add(f, "membrane_median", l->quantile[3] + snn_threshold_of(e, i));
    snn_fact_add(f, "weight_size", b->weights);
    if (hears_input(e, i))
        snn_fact_add(f, "input_rms", e->input);
    if (b->knob == KNOB_NONE || !(b->level > 0)) {
        f->rank = SNN_RANK_QUIET;
        snn_suggest_rate(f, e, i);
    } else {
        suggest_drive(f, e, i, b, sign);
    }
}

static const char *words_for(const struct blame *b, int sign)
{
    static const char *const words[][2] = {
        [KNOB_NONE] = {"input, weights and threshold are as usual", "nothing else is unusual"},
        [KNOB_INPUT] = {"the input is too weak", "the input is too strong"},
        [KNOB_WEIGHTS] = {"its first weights are too small", "its first weights are too large"},
        [KNOB_THRESHOLD] = {"the threshold is too high", "the threshold is too low"}};
    return words[b->knob][sign > 0];
}

/* Layers without a spike that are the input's fault, or are not. */
static void find_dead(struct snn_verdict *v, const struct snn_evidence *e, bool of_input,
                      const char *rule)
{
    for (size_t i = 0; i < e->spec.n_layers; i++) {
        const struct snn_layer_evidence *l = &e->layer[i];
        if (!is_dead(e, i))
            continue;
        const struct blame b = blame(e, i, -1);
        if ((b.knob == KNOB_INPUT) != of_input)
            continue;
        struct snn_finding *f = snn_find(v, rule, SNN_SEVERITY_critical, l->name);
        tell(f, e, i, "silent_share", l->silent, &b, -1);
        snn_say(f,
                "%.0f%% of the neurons of %s never fire: their membranes stand at %.3g (median), "
                "the threshold is %.3g; %s",
                100 * l->silent, l->name, l->quantile[3] + snn_threshold_of(e, i),
                snn_threshold_of(e, i), words_for(&b, -1));
    }
}

static void find_saturated(struct snn_verdict *v, const struct snn_evidence *e, bool of_input,
                           const char *rule)
{
    for (size_t i = 0; i < e->spec.n_layers; i++) {
        const struct snn_layer_evidence *l = &e->layer[i];
        if (!is_saturated(e, i))
            continue;
        const struct blame b = blame(e, i, 1);
        /* Far membranes alone, with nothing to blame, are what training has made of them. */
        if ((b.knob == KNOB_INPUT) != of_input ||
            (b.knob == KNOB_NONE && !snn_lasts(e, l->saturated_for, l->saturated_most)))
            continue;
        struct snn_finding *f =
            snn_find(v, rule,
                     snn_lasts(e, l->saturated_for, l->saturated_most) ? SNN_SEVERITY_critical
                                                                       : SNN_SEVERITY_warning,
                     l->name);
        tell(f, e, i, "saturated_share", l->saturated, &b, 1);
        snn_say(f,
                "%.0f%% of the neurons of %s fire at every step and %.0f%% never; half of the "
                "membranes are farther than %.3g from the threshold of %.3g: %s",
                100 * l->saturated, l->name, 100 * l->silent, l->distance[2],
                snn_threshold_of(e, i), words_for(&b, 1));
    }
}

void snn_rule_input_weak(struct snn_verdict *v, const struct snn_evidence *e)
{
    find_dead(v, e, true, "input_weak");
}

void snn_rule_dead(struct snn_verdict *v, const struct snn_evidence *e)
{
    find_dead(v, e, false, "dead_layer");
}

void snn_rule_input_strong(struct snn_verdict *v, const struct snn_evidence *e)
{
    find_saturated(v, e, true, "input_strong");
}

void snn_rule_saturated(struct snn_verdict *v, const struct snn_evidence *e)
{
    find_saturated(v, e, false, "saturated_layer");
}
