/* SPDX-License-Identifier: MIT */
/* The values lie in one row already: only their shape is forgotten. It is run only where it was
 * given neurons, whose currents are then a copy. */
#include "core/layer/flatten.h"

#include <string.h>

enum snn_code snn_flatten_resolve(struct snn_layer *l, const struct snn_choice *c,
                                  struct snn_error *err)
{
    (void)c;
    (void)err;
    l->out_shape = snn_shape_flat(l->in);
    return SNN_OK;
}

double snn_flatten_multiply_adds(const struct snn_layer *l, bool is_first)
{
    (void)l;
    (void)is_first;
    return 0;
}

static void copy(const struct snn_layer *l, real *to, const real *from, const struct snn_block *b)
{
    memcpy(to, from, b->n * l->cell.time_steps * l->out * sizeof *to);
}

void snn_flatten_forward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                         const real *in, const struct snn_block *b)
{
    (void)params;
    copy(l, w->s, in, b);
}

void snn_flatten_backward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                          real *grads, const real *in, real *d_in, const struct snn_block *b)
{
    (void)params;
    (void)grads;
    (void)in;
    if (d_in)
        copy(l, d_in, w->g, b);
}
