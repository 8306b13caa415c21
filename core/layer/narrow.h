/* SPDX-License-Identifier: MIT */
/*
 * The gradient by a layer's input where the surrogate is a window: dL/du is 0 but for the few
 * neurons near their threshold. dL/dI is not, since it is dL/du run through the leak backwards in
 * time; but where all neurons of the layer leak alike, the leak commutes with the weights:
 *
 *     dL/dinput = W^T filter(dL/du) = filter(W^T dL/du)
 *
 * and the product is one with lists. Exact, but for the order of roundings.
 */
#ifndef SPIKED_CORE_LAYER_NARROW_H
#define SPIKED_CORE_LAYER_NARROW_H

#include "core/layer/heard.h"

struct snn_cell;

struct snn_narrow {
    struct snn_lists lists; /* of dL/du [rows, out]; capacity 0 = not such a layer */
    real *zeros, *lambda;   /* [in] */
    real *room;             /* a panel of the weights */
};

/* Whether the neurons are such: stepped by Euler, reset by no product with the membrane, and with a
 * window for a surrogate. That they leak alike is the caller's to say. */
bool snn_narrow_suits(const struct snn_cell *c);
void snn_narrow_place(struct snn_narrow *n, struct snn_arena *a, size_t rows, size_t in,
                      size_t out);
/* d_in [samples, T, in] from dL/du [samples, T, out] and W [out, in]; false, and nothing written,
 * where more than few are not 0. */
bool snn_narrow_back(struct snn_narrow *n, real *d_in, const real *d_membrane, const real *weight,
                     const struct snn_cell *c, size_t in, size_t samples);

#endif
