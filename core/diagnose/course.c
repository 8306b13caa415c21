/* SPDX-License-Identifier: MIT */
/* What the course of losses and weights says of the learning rate, and of learning by heart. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/diagnose/rule.h"

#define RATE_PLACE "/training/optimizer/learning_rate"

static double rate_of(const struct snn_evidence *e)
{
    return e->spec.optimizer.value[0];
}

/* The loss of who guesses. NaN where the loss is no entropy. */
static double guessing(const struct snn_evidence *e)
{
    const bool entropy = strncmp(e->spec.loss.kind->name, "cross_entropy", 13) == 0;
    return entropy && e->classes > 1 ? log((double)e->classes) : (double)NAN;
}

/* ------------------------------------------------------------------------------- too high -- */

/* By how much weights are beyond both where they began and what is usual. */
static double outgrown(const struct snn_layer_evidence *l)
{
    return fmin(l->size, l->growth);
}

/* The layer whose step is the largest by the size that its weights should have. */
static const struct snn_layer_evidence *fastest(const struct snn_evidence *e)
{
    const struct snn_layer_evidence *found = NULL;
    for (size_t i = 0; i < e->spec.n_layers; i++) {
        const struct snn_layer_evidence *l = &e->layer[i];
        if (l->fan_in && l->told &&
            (!found || l->update * outgrown(l) > found->update * outgrown(found)))
            found = l;
    }
    return found;
}

static void tell_diverged(struct snn_verdict *v, const struct snn_evidence *e)
{
    const double usual = e->spec.optimizer.kind->params[0].value, now = rate_of(e);
    struct snn_finding *f = snn_find(v, "learning_rate_high", SNN_SEVERITY_critical, "");
    snn_fact_add(f, "learning_rate", now);
    snn_fact_add(f, "step", (double)e->step);
    snn_fact_add(f, "train_loss", e->train_loss);
    snn_say(f,
            "the run diverged with a learning rate of %g: a loss, gradient or weight was no longer "
            "of any use",
            now);
    if (now > usual)
        snn_suggest(f, now, fmin(usual, now / BLIND_STEP), RATE_PLACE,
                    "no more than what %s has by default", e->spec.optimizer.kind->name);
    else
        snn_suggest(f, now, now / BLIND_STEP, RATE_PLACE,
                    "a tenth of it: it diverged before there was a record to compute it from");
}

void snn_rule_rate_high(struct snn_verdict *v, const struct snn_evidence *e)
{
    const struct snn_layer_evidence *l = fastest(e);
    if (e->diverged) {
        tell_diverged(v, e);
        return;
    }
    if (!l || !(outgrown(l) >= OUTGROWN || l->update >= UPDATE_TOO_LARGE))
        return;
    const bool worse = e->train_loss >= guessing(e) || e->train_loss >= e->first_loss;
    struct snn_finding *f = snn_find(v, "learning_rate_high",
                                     worse ? SNN_SEVERITY_critical : SNN_SEVERITY_warning, l->name);
    const double step = l->update * fmax(1, outgrown(l));
    snn_fact_add(f, "learning_rate", e->learning_rate);
    snn_fact_add(f, "update_ratio", l->update);
    snn_fact_add(f, "weight_growth", l->growth);
    snn_fact_add(f, "weight_size", l->size);
    snn_fact_add(f, "train_loss", e->train_loss);
    snn_say(f,
            "the weights of %s are %.3g times as large as they began, and a step moves them by "
            "%.2g of their size, %.3g of what they began with; the training loss is %.3g",
            l->name, l->growth, l->update, l->update * l->growth, e->train_loss);
    snn_suggest(f, rate_of(e), rate_of(e) * GOOD_UPDATE / step, RATE_PLACE,
                "a step then moves weights of the usual size by %g of it", GOOD_UPDATE);
}

/* -------------------------------------------------------------------------------- too low -- */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median layer's update-to-weight ratio where gradient flows, at the rate that the schedule
 * began with; NaN where none flows. */
static double usual_update(const struct snn_evidence *e)
{
    double all[SNN_MAX_LAYERS];
    size_t n = 0;
    for (size_t i = 0; i < e->spec.n_layers; i++)
        if (e->layer[i].fan_in && e->layer[i].told && e->layer[i].weight_gradient > 0)
            all[n++] = e->layer[i].update;
    qsort(all, n, sizeof *all, ascending);
    return n ? all[n / 2] * rate_of(e) / e->learning_rate : (double)NAN;
}

void snn_rule_rate_low(struct snn_verdict *v, const struct snn_evidence *e)
{
    const double update = usual_update(e);
    if (!(e->records >= LASTING || e->over) || !(update < UPDATE_TOO_SMALL) ||
        !snn_hardly_learned(e))
        return;
    struct snn_finding *f = snn_find(v, "learning_rate_low", SNN_SEVERITY_warning, "");
    snn_fact_add(f, "learning_rate", rate_of(e));
    snn_fact_add(f, "update_ratio", update);
    snn_fact_add(f, "first_loss", e->first_loss);
    snn_fact_add(f, "train_loss", e->train_loss);
    snn_say(f,
            "a step moves the weights by %.2g of their size, and after %zu steps the training loss "
            "is %.3g, from %.3g at first",
            update, e->step, e->train_loss, e->first_loss);
    snn_suggest(f, rate_of(e), rate_of(e) * GOOD_UPDATE / update, RATE_PLACE,
                "a step then moves the weights by about %g of their size", GOOD_UPDATE);
}

/* ---------------------------------------------------------------------------- overfitting -- */

static void overfit_validation(struct snn_verdict *v, const struct snn_evidence *e)
{
    if (!(e->validation_loss >= OVERFITTED * e->best_loss) || !(e->train_loss < e->best_loss) ||
        e->validated_epoch <= e->best_epoch)
        return;
    struct snn_finding *f = snn_find(v, "overfitting", SNN_SEVERITY_warning, "");
    snn_fact_add(f, "validation_loss", e->validation_loss);
    snn_fact_add(f, "best_validation_loss", e->best_loss);
    snn_fact_add(f, "best_epoch", (double)e->best_epoch);
    snn_fact_add(f, "epoch", (double)e->validated_epoch);
    snn_fact_add(f, "train_loss", e->train_loss);
    snn_say(f,
            "the validation loss was least after epoch %zu (%.3g) and is %.3g after epoch %zu, "
            "while the training loss came down to %.3g: the rest is learned by heart",
            e->best_epoch, e->best_loss, e->validation_loss, e->validated_epoch, e->train_loss);
    if (e->spec.patience == 0)
        snn_suggest(f, 0, fmax(2, ceil((double)e->best_epoch / 5)), "/training/patience",
                    "stops soon after the epoch that does best on the validation split, whose "
                    "weights are kept");
}

static void overfit_test(struct snn_verdict *v, const struct snn_evidence *e)
{
    const double gap = e->train_accuracy - e->test_accuracy;
    if (!e->over || e->spec.validation_fraction > 0 ||
        !(e->test_loss >= TEST_WORSE * e->train_loss) || !(gap >= ACCURACY_GAP))
        return;
    struct snn_finding *f = snn_find(v, "overfitting", SNN_SEVERITY_warning, "");
    snn_fact_add(f, "train_loss", e->train_loss);
    snn_fact_add(f, "test_loss", e->test_loss);
    snn_fact_add(f, "train_accuracy", e->train_accuracy);
    snn_fact_add(f, "test_accuracy", e->test_accuracy);
    snn_say(f,
            "the training loss is %.3g, the test loss %.3g: %.1f%% of the training samples are "
            "right and %.1f%% of the test samples",
            e->train_loss, e->test_loss, 100 * e->train_accuracy, 100 * e->test_accuracy);
    snn_suggest(f, 0, SHARE_TO_HOLD_OUT, "/training/validation_fraction",
                "with samples held out, the epoch that does best on them is kept instead of the "
                "last");
}

void snn_rule_overfitting(struct snn_verdict *v, const struct snn_evidence *e)
{
    overfit_validation(v, e);
    overfit_test(v, e);
}
