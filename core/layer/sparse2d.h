/* SPDX-License-Identifier: MIT */
/*
 * Convolutions with images that are mostly 0, as spikes are, and as the gradient is behind a max
 * pool, which gives it to one position of each window. Of each image it is looked at by its own
 * density whether lists of what is there are fewer work than all of it.
 */
#ifndef SPIKED_CORE_LAYER_SPARSE2D_H
#define SPIKED_CORE_LAYER_SPARSE2D_H

#include "core/layer/heard.h"
#include "core/math/window.h"

struct snn_layer;
struct snn_layer_work;

/* A layer's. */
struct snn_sparse2d {
    struct snn_cover *cover[2];
    real *weight;      /* [channels, taps, filters], taps in the order of snn_window_tap */
    real *weight_back; /* [kernel height] panels of [filters, kernel width x channels] */
};

/* A worker's. */
struct snn_sparse2d_work {
    struct snn_lists events; /* of what comes in: [channels, in] */
    struct snn_lists back;   /* of dL/dI: [positions, filters] */
    real *d_weight;          /* as weight: the shard's gradient */
    real *rows, *zeros;      /* a row of each position's window; such a row */
    real *image;             /* [in, channels] */
    bool has_gradient;
    size_t images, listed; /* convolved so far; of them by events */
};

/* These take their arrays from the arena: the layer's, whose cover they fill in, ... */
void snn_sparse2d_place(struct snn_layer *l, struct snn_arena *a);
/* ... and a worker's; `gradients`: a backward pass follows. */
void snn_sparse2d_place_work(const struct snn_layer *l, struct snn_sparse2d_work *s,
                             struct snn_arena *a, bool gradients);
/* The layer's weights in other orders, whenever they changed. */
void snn_sparse2d_prepare(const struct snn_layer *l, const real *params);

/* Each false, and nothing written, where more than few are not 0. Images that come in are
 * [channels, in]; out and d are [positions, filters]. */
/* out += W * image. */
bool snn_sparse2d_currents(const struct snn_layer *l, struct snn_sparse2d_work *s, real *out,
                           const real *image);
/* Adds the gradient by the weights, from d = dL/dout. */
bool snn_sparse2d_weights(const struct snn_layer *l, struct snn_sparse2d_work *s, const real *d,
                          const real *image);
/* d_image from d. */
bool snn_sparse2d_image(const struct snn_layer *l, struct snn_sparse2d_work *s, real *d_image,
                        const real *d);

/* Once a shard: adds what the shard gathered to d_weight [filters, channels, taps], forgets it. */
void snn_sparse2d_settle(const struct snn_layer *l, struct snn_sparse2d_work *s, real *d_weight);

#endif
