/* SPDX-License-Identifier: MIT */
/* Recurrent layer: I_t = W s_t + b + V s'_(t-1) [+ c], s' the layer's own spikes. What comes from
 * below is one product for all steps; what comes from the layer itself is one per step, for all
 * samples of the block at once. One to one, V is a vector, and V s' a product by element. */
#include "core/layer/recurrent.h"

#include "core/layer/dense.h"
#include "core/math/gemm.h"
#include "core/math/vec.h"

const struct snn_param snn_recurrent_params[4] = {
    {"units", "neurons of the layer", SNN_INTEGER, 0, 1, 1 << 20, false, false, true},
    {"recurrent_bias",
     "whether the recurrent product has a bias of its own, from the second step on", SNN_BOOLEAN, 0,
     0, 1, false, false, false},
    SNN_WEIGHT_SCALE,
    {"one_to_one", "whether a neuron hears only itself: V is a vector", SNN_BOOLEAN, 0, 0, 1, false,
     false, false},
};

enum { UNITS, RECURRENT_BIAS, WEIGHT_SCALE, ONE_TO_ONE };
enum { WEIGHT, BIAS, OWN_WEIGHT, OWN_BIAS };

enum snn_code snn_recurrent_resolve(struct snn_layer *l, const struct snn_choice *c,
                                    struct snn_error *err)
{
    const size_t units = (size_t)c->value[UNITS];
    const double scale = c->value[WEIGHT_SCALE];
    enum snn_code rc = snn_layer_countable(units, l->in > units ? l->in : units, err);
    if (rc != SNN_OK)
        return rc;
    l->out_shape = snn_shape_flat(units);
    snn_dense_tensors(l, units, scale);
    l->one_to_one = c->value[ONE_TO_ONE] != 0;
    l->tensor[OWN_WEIGHT] = (struct snn_tensor_place){
        .role = "recurrent_weight",
        .shape = {units, l->one_to_one ? 0 : units},
        .rank = l->one_to_one ? 1 : 2,
        .count = l->one_to_one ? units : units * units,
        .fan_in = l->one_to_one ? 1 : units,
        .scale = scale,
    };
    l->n_tensors = 3;
    l->recurrent_bias = c->value[RECURRENT_BIAS] != 0;
    if (l->recurrent_bias)
        l->tensor[l->n_tensors++] = (struct snn_tensor_place){.role = "recurrent_bias",
                                                              .shape = {units},
                                                              .rank = 1,
                                                              .count = units,
                                                              .fan_in = units,
                                                              .scale = 1,
                                                              .is_bias = true};
    return SNN_OK;
}

double snn_recurrent_multiply_adds(const struct snn_layer *l, bool is_first)
{
    const double own = (double)l->tensor[OWN_WEIGHT].count;
    return snn_dense_multiply_adds(l, is_first) + 3 * own * (double)(l->cell.time_steps - 1);
}

void snn_one_to_one(real *restrict current, const real *restrict v, const real *restrict before,
                    size_t n)
{
    for (size_t i = 0; i < n; i++)
        current[i] += v[i] * before[i];
}

void snn_one_to_one_back(real *restrict d_before, real *restrict d_v, const real *restrict d,
                         const real *restrict v, const real *restrict before, size_t n)
{
    for (size_t i = 0; d_before && i < n; i++)
        d_before[i] += v[i] * d[i];
    for (size_t i = 0; d_v && i < n; i++)
        d_v[i] += d[i] * before[i];
}

/* What the layer's spikes of step t-1 add to the currents of step t, in all samples. */
static void add_own(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                    size_t t, size_t samples)
{
    const size_t n = l->out, stride = l->cell.time_steps * n;
    const real *bias = params + l->tensor[OWN_BIAS].offset;
    const real *own = params + l->tensor[OWN_WEIGHT].offset;
    const real *before = t ? w->s + (t - 1) * n : w->before;
    const size_t apart = t ? stride : n;
    real *current = w->current + t * n;
    if (!l->one_to_one)
        snn_gemm_nt_rows(current, stride, before, apart, own, samples, n, n);
    for (size_t i = 0; l->one_to_one && i < samples; i++)
        snn_one_to_one(current + i * stride, own, before + i * apart, n);
    for (size_t i = 0; l->recurrent_bias && i < samples; i++)
        snn_add(current + i * stride, bias, n);
}

void snn_recurrent_forward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                           const real *in, const struct snn_block *b)
{
    const size_t steps = l->cell.time_steps;
    snn_dense_hear(l, w, params, in, b->n * steps);
    for (size_t t = 0; t < steps; t++) {
        if (b->from + t > 0)
            add_own(l, w, params, t, b->n);
        for (size_t i = 0; i < b->n; i++)
            snn_layer_spikes(l, w, (struct snn_span){i, t, t + 1}, b);
    }
}

/* The same of the arrays' first step, which the spikes before them were heard in. */
static void first_gradients(const struct snn_layer *l, const struct snn_layer_work *w, real *grads,
                            size_t samples)
{
    const size_t n = l->out, stride = l->cell.time_steps * n;
    real *d_own = grads + l->tensor[OWN_WEIGHT].offset;
    for (size_t i = 0; i < samples; i++) {
        const real *d_current = w->g + i * stride, *before = w->before + i * n;
        if (l->one_to_one)
            snn_one_to_one_back(NULL, d_own, d_current, NULL, before, n);
        else
            snn_gemm_tn(d_own, d_current, before, n, n, 1, 1);
        if (l->recurrent_bias)
            snn_add(grads + l->tensor[OWN_BIAS].offset, d_current, n);
    }
}

/* Gradients of V and c: the rows of dL/dI from step 1 on, each with the spikes of the step before.
 */
static void own_gradients(const struct snn_layer *l, const struct snn_layer_work *w, real *grads,
                          size_t samples)
{
    const size_t n = l->out, steps = l->cell.time_steps;
    for (size_t i = 0; steps > 1 && i < samples; i++) {
        const real *d_current = w->g + (i * steps + 1) * n, *s = w->s + i * steps * n;
        real *d_own = grads + l->tensor[OWN_WEIGHT].offset;
        if (!l->one_to_one)
            snn_gemm_tn(d_own, d_current, s, n, n, steps - 1, 1);
        for (size_t t = 0; l->one_to_one && t + 1 < steps; t++)
            snn_one_to_one_back(NULL, d_own, d_current + t * n, NULL, s + t * n, n);
        if (l->recurrent_bias)
            snn_rows_sum(grads + l->tensor[OWN_BIAS].offset, d_current, steps - 1, n);
    }
}

/* dL/ds_t += V^T dL/dI_(t+1), in all samples. */
static void hear_back(const struct snn_layer *l, const struct snn_layer_work *w, const real *params,
                      size_t t, size_t samples)
{
    const size_t n = l->out, stride = l->cell.time_steps * n;
    const bool inside = t + 1 < l->cell.time_steps;
    const real *own = params + l->tensor[OWN_WEIGHT].offset;
    const real *d = inside ? w->g + (t + 1) * n : w->after;
    const size_t apart = inside ? stride : n;
    real *d_before = w->g + t * n;
    if (!l->one_to_one)
        snn_gemm_nn_rows(d_before, stride, d, apart, own, samples, n, n);
    for (size_t i = 0; l->one_to_one && i < samples; i++)
        snn_one_to_one_back(d_before + i * stride, NULL, d + i * apart, own, NULL, n);
}

void snn_recurrent_backward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                            real *grads, const real *in, real *d_in, const struct snn_block *b)
{
    const size_t n = l->out, steps = l->cell.time_steps;
    for (size_t t = steps; t-- > 0;) {
        if (t + 1 < steps || b->followed)
            hear_back(l, w, params, t, b->n);
        for (size_t i = 0; i < b->n; i++)
            snn_layer_spikes_back(l, w, (struct snn_span){i, t, t + 1}, b);
    }
    own_gradients(l, w, grads, b->n);
    if (b->from > 0)
        first_gradients(l, w, grads, b->n);
    snn_dense_weight_gradients(l, w, grads, in, b->n * steps);
    if (d_in)
        snn_gemm_nn(d_in, w->g, params + l->tensor[WEIGHT].offset, b->n * steps, l->in, n, 0);
}
