/* SPDX-License-Identifier: MIT */
/* The mask of a block is drawn before its forward pass and stays for the backward pass: its entries
 * are 0 and 1/(1 - rate). One for all steps of a sample, unless the layer has one per step. */
#include "core/layer/dropout.h"

#include "core/base/rng.h"

const struct snn_param snn_dropout_params[2] = {
    {"rate", "share of the values that are dropped", SNN_REAL, 0.5, 0, 1, false, true, false},
    {"per_step", "whether each step has a mask of its own, not each sample", SNN_BOOLEAN, 0, 0, 1,
     false, false, false},
};

enum { RATE, PER_STEP };

enum snn_code snn_dropout_resolve(struct snn_layer *l, const struct snn_choice *c,
                                  struct snn_error *err)
{
    (void)err;
    l->out_shape = l->in_shape;
    l->rate = c->value[RATE];
    l->per_step = c->value[PER_STEP] != 0;
    return SNN_OK;
}

double snn_dropout_multiply_adds(const struct snn_layer *l, bool is_first)
{
    return (double)l->out * (double)l->cell.time_steps * (is_first ? 1 : 2);
}

/* Masks of a sample. */
static size_t masks(const struct snn_layer *l)
{
    return l->per_step ? l->cell.time_steps : 1;
}

size_t snn_dropout_room(const struct snn_layer *l, size_t block)
{
    return block * masks(l) * l->out;
}

void snn_dropout_draw(const struct snn_layer *l, struct snn_layer_work *w, size_t i,
                      const struct snn_rng_key *key)
{
    const real rate = (real)l->rate, kept = (real)(1 / (1 - l->rate));
    struct snn_rng_key k = *key;
    k.stream = SNN_STREAM_DROPOUT;
    for (size_t t = 0; t < masks(l); t++) {
        real *mask = w->own + (i * masks(l) + t) * l->out;
        k.step = l->per_step ? key->step + (uint32_t)t : 0;
        snn_rng_uniform(mask, l->out, &k);
        for (size_t j = 0; j < l->out; j++)
            mask[j] = mask[j] < rate ? 0 : kept;
    }
}

/* to = from * mask in training, from in evaluation; all [n, T, out]. */
static void apply(const struct snn_layer *l, const struct snn_layer_work *w, real *to,
                  const real *from, const struct snn_block *b)
{
    const size_t n = l->out, steps = l->cell.time_steps;
    for (size_t r = 0; r < b->n * steps; r++) {
        const real *mask = w->own + (l->per_step ? r : r / steps) * n;
        for (size_t j = 0; j < n; j++)
            to[r * n + j] = b->training ? from[r * n + j] * mask[j] : from[r * n + j];
    }
}

void snn_dropout_forward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                         const real *in, const struct snn_block *b)
{
    (void)params;
    apply(l, w, w->s, in, b);
}

void snn_dropout_backward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                          real *grads, const real *in, real *d_in, const struct snn_block *b)
{
    (void)params;
    (void)grads;
    (void)in;
    if (d_in)
        apply(l, w, d_in, w->g, b);
}
