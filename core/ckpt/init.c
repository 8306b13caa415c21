/* SPDX-License-Identifier: MIT */
/* A fresh run started from the tensors of another. */
#include <math.h>
#include <string.h>

#include "core/ckpt/format.h"

/* Learned constants lie within this many natural logarithms of where they began. */
#define FAR 80.0
#define HALVINGS 200

/* The number that stands for the constant `value` in this run, whose own constants may begin
 * elsewhere; NaN where none does. Transforms are monotonic. */
static double number_for(const struct snn_learned *k, size_t i, double value)
{
    const double initial = snn_learned_initial(k, i);
    const double reach = fmax(FAR, 2 * fabs(value));
    double from = -reach, to = reach;
    const bool rises =
        k->transform->value(to, initial, k->low) >= k->transform->value(from, initial, k->low);
    for (size_t n = 0; n < HALVINGS; n++) {
        const double middle = from + (to - from) / 2;
        if ((k->transform->value(middle, initial, k->low) < value) == rises)
            from = middle;
        else
            to = middle;
    }
    const double found = k->transform->value(to, initial, k->low);
    return fabs(found - value) <= 1e-6 * fmax(1e-6, fabs(value)) ? to : (double)NAN;
}

/* The very number where it means the same here: then nothing is rounded. */
static double take_number(const struct snn_learned *k, size_t i, double number, double value)
{
    const double same = k->transform->value(number, snn_learned_initial(k, i), k->low);
    return (float)same == (float)value ? number : number_for(k, i, value);
}

static enum snn_code take_tensor(struct snn_run *run, const struct snn_model *m, size_t i,
                                 size_t from, real *to, struct snn_error *err)
{
    const struct snn_tensor_place *t = snn_net_tensor(&run->net, i);
    const struct snn_layer *l = &run->net.layer[t->layer];
    const struct snn_learned *k = snn_learned_of(l, (size_t)(t - l->tensor));
    for (size_t n = 0; n < t->count; n++) {
        const double number = (double)m->params[from + n], value = (double)m->data[from + n];
        const double taken = k ? take_number(k, n, number, value) : number;
        if (!isfinite(taken))
            return snn_fail(err, SNN_INVALID, "its %s has %g, which this run's cannot become",
                            m->tensor[i].name, value);
        to[n] = (real)taken;
    }
    return SNN_OK;
}

enum snn_code snn_run_init_from(struct snn_run *run, const struct snn_model *model,
                                struct snn_error *err)
{
    size_t from = 0;
    enum snn_code rc = snn_model_fits(model, &run->net, err);
    if (rc == SNN_OK && run->at.step > 0)
        rc = snn_fail(err, SNN_INVALID, "the run has made %llu steps, want a fresh one",
                      (unsigned long long)run->at.step);
    for (size_t i = 0; rc == SNN_OK && i < run->net.n_tensors; i++) {
        const struct snn_tensor_place *t = snn_net_tensor(&run->net, i);
        rc = take_tensor(run, model, i, from, run->params + t->offset, err);
        from += t->count;
    }
    if (rc == SNN_OK) {
        snn_run_measure_weights(run);
        snn_model_sha256(model, run->spec.init_sha256);
    }
    return rc;
}
