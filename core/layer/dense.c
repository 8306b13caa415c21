/* SPDX-License-Identifier: MIT */
/* Dense layer. A static input costs one product per shard forward and one backward, whatever the
 * number of steps: W x is the same at every step, and sum_t dI_t x^T = (sum_t dI_t) x^T. */
#include "core/layer/dense.h"

#include <string.h>

#include "core/math/gemm.h"
#include "core/math/vec.h"

const struct snn_param snn_dense_params[2] = {
    {"units", "neurons of the layer", SNN_INTEGER, 0, 1, 1 << 20, false, false, true},
    SNN_WEIGHT_SCALE,
};

enum { UNITS, WEIGHT_SCALE };
enum { WEIGHT, BIAS };

/* The two tensors of kinds that have a dense part. */
void snn_dense_tensors(struct snn_layer *l, size_t units, double weight_scale)
{
    l->tensor[WEIGHT] = (struct snn_tensor_place){
        .role = "weight",
        .shape = {units, l->in},
        .rank = 2,
        .count = units * l->in,
        .fan_in = l->in,
        .scale = weight_scale,
    };
    l->tensor[BIAS] = (struct snn_tensor_place){
        .role = "bias",
        .shape = {units},
        .rank = 1,
        .count = units,
        .fan_in = l->in,
        .scale = 1,
        .is_bias = true,
    };
    l->n_tensors = 2;
}

enum snn_code snn_dense_resolve(struct snn_layer *l, const struct snn_choice *c,
                                struct snn_error *err)
{
    const size_t units = (size_t)c->value[UNITS];
    enum snn_code rc = snn_layer_countable(units, l->in, err);
    if (rc != SNN_OK)
        return rc;
    l->out_shape = snn_shape_flat(units);
    snn_dense_tensors(l, units, c->value[WEIGHT_SCALE]);
    return SNN_OK;
}

double snn_dense_multiply_adds(const struct snn_layer *l, bool is_first)
{
    const double steps = l->static_input ? 1 : (double)l->cell.time_steps;
    return (double)l->in * (double)l->out * steps * (is_first ? 2 : 3);
}

/* rows of current = W in + b */
static void currents(const struct snn_layer *l, real *current, const real *params, const real *in,
                     size_t rows)
{
    snn_rows_fill(current, params + l->tensor[BIAS].offset, rows, l->out);
    snn_gemm_nt(current, in, params + l->tensor[WEIGHT].offset, rows, l->out, l->in, 1);
}

void snn_dense_hear(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                    const real *in, size_t rows)
{
    if (snn_heard_read(&w->heard, in, rows))
        snn_heard_currents(&w->heard, w->current, l->panels, params + l->tensor[BIAS].offset);
    else
        currents(l, w->current, params, in, rows);
}

/* `old`: what becomes of the weights' gradient so far, 1 or 0. */
static void dense_gradients(const struct snn_layer *l, real *grads, const real *d_current,
                            const real *in, size_t rows, real old)
{
    snn_gemm_tn(grads + l->tensor[WEIGHT].offset, d_current, in, l->out, l->in, rows, old);
    snn_rows_sum(grads + l->tensor[BIAS].offset, d_current, rows, l->out);
}

void snn_dense_weight_gradients(const struct snn_layer *l, struct snn_layer_work *w, real *grads,
                                const real *in, size_t rows)
{
    if (!w->heard.is_sparse) {
        dense_gradients(l, grads, w->g, in, rows, w->heard.is_blank ? 0 : 1);
        w->heard.is_blank = false;
        return;
    }
    snn_heard_weight_gradients(&w->heard, w->g);
    snn_rows_sum(grads + l->tensor[BIAS].offset, w->g, rows, l->out);
}

void snn_dense_settle(const struct snn_layer *l, struct snn_layer_work *w, real *grads)
{
    snn_heard_settle(&w->heard, grads + l->tensor[WEIGHT].offset);
}

void snn_dense_begin_shard(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                           const real *in, size_t n)
{
    currents(l, w->current, params, in, n);
}

void snn_dense_forward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                       const real *in, const struct snn_block *b)
{
    snn_dense_hear(l, w, params, in, b->n * l->cell.time_steps);
    for (size_t i = 0; i < b->n; i++)
        snn_layer_spikes(l, w, (struct snn_span){i, 0, l->cell.time_steps}, b);
}

static bool back_by_lists(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                          real *d_in, size_t samples)
{
    return w->narrow.lists.capacity &&
           snn_narrow_back(&w->narrow, d_in, w->d_membrane, params + l->tensor[WEIGHT].offset,
                           &l->cell, l->in, samples);
}

void snn_dense_backward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                        real *grads, const real *in, real *d_in, const struct snn_block *b)
{
    const size_t rows = b->n * l->cell.time_steps;
    for (size_t i = 0; i < b->n; i++)
        snn_layer_spikes_back(l, w, (struct snn_span){i, 0, l->cell.time_steps}, b);
    snn_dense_weight_gradients(l, w, grads, in, rows);
    if (d_in && w->leaves)
        *w->leaves = (struct snn_above){w->g, l->left, l->out};
    else if (d_in && !back_by_lists(l, w, params, d_in, b->n))
        snn_gemm_nn(d_in, w->g, params + l->tensor[WEIGHT].offset, rows, l->in, l->out, 0);
}

void snn_dense_end_shard(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                         real *grads, const real *in, real *d_in, size_t n)
{
    dense_gradients(l, grads, w->current_sum, in, n, 1);
    if (d_in)
        snn_gemm_nn(d_in, w->current_sum, params + l->tensor[WEIGHT].offset, n, l->in, l->out, 0);
}

void snn_dense_begin_batch(const struct snn_layer *l, const struct snn_batch *b, const real *params,
                           size_t from, size_t to)
{
    const real *weight = params + l->tensor[WEIGHT].offset, *bias = params + l->tensor[BIAS].offset;
    const size_t units = to - from;
    for (size_t i = 0; i < b->n; i++)
        memcpy(b->current + i * l->out + from, bias + from, units * sizeof *bias);
    snn_gemm_nt_rows(b->current + from, l->out, b->input, l->in, weight + from * l->in, b->n, units,
                     l->in);
}

void snn_dense_end_batch(const struct snn_layer *l, const struct snn_batch *b, real *grads,
                         size_t from, size_t to)
{
    real *d_weight = grads + l->tensor[WEIGHT].offset, *d_bias = grads + l->tensor[BIAS].offset;
    snn_gemm_tn_part(d_weight + from * l->in, b->current_sum + from, l->out, b->input, to - from,
                     l->in, b->n);
    memset(d_bias + from, 0, (to - from) * sizeof *d_bias);
    for (size_t i = 0; i < b->n; i++)
        snn_add(d_bias + from, b->current_sum + i * l->out + from, to - from);
}
