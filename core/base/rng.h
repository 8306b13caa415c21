/* SPDX-License-Identifier: MIT */
/* Counter-based random numbers (Philox4x32-10; Salmon, Moraes, Dror, Shaw: Parallel Random Numbers:
 * As Easy as 1, 2, 3; SC 2011). A draw is a pure function of its key and its index, so neither
 * threads nor pauses nor resumes can change it. */
#ifndef SPIKED_CORE_BASE_RNG_H
#define SPIKED_CORE_BASE_RNG_H

#include "core/snn.h"

enum snn_stream { /* what a draw is for; the values are part of the saved format: never renumber */
                  SNN_STREAM_INIT = 1,    /* initial weights: layer, step = tensor of the layer */
                  SNN_STREAM_SPLIT = 2,   /* which training samples are held out for validation */
                  SNN_STREAM_SHUFFLE = 3, /* order of the samples in an epoch */
                  SNN_STREAM_ENCODE = 4,  /* input spikes in training */
                  SNN_STREAM_ENCODE_EVAL =
                      5,                  /* input spikes in evaluation: the same in every epoch */
                  SNN_STREAM_NOISE = 6,   /* threshold noise of `noisy` */
                  SNN_STREAM_DROPOUT = 7, /* masks of dropout; step 0 where one holds for all */
                  SNN_STREAM_DATA = 8,    /* samples of the data sets that are computed */
                  SNN_STREAM_CHECK = 9,   /* directions that gradients are checked in */
                  SNN_STREAM_AUGMENT =
                      10,              /* changes of events in training; step 0: event by event */
                  SNN_STREAM_BIAS = 11 /* samples, and by draw (epoch) the threshold noise, of the
                                          surrogate-bias meter */
};

struct snn_rng_key {
    uint64_t seed;
    enum snn_stream stream; /* 4 bits */
    uint32_t layer;         /* 8 bits */
    uint32_t epoch;         /* 20 bits */
    uint32_t sample, step;  /* 32 bits each */
};

/* out[i] = the 32 random bits of unit first+i under this key. `first` must be a multiple of 4. */
void snn_rng_bits(uint32_t *out, size_t first, size_t n, const struct snn_rng_key *key);
/* Uniform on [0, 1): multiples of 2^-24, the same in float and double. Unit i from 0. */
void snn_rng_uniform(real *out, size_t n, const struct snn_rng_key *key);
/* Logistic(0, 1), clipped to +-ln((1-1e-6)/1e-6) as spikeDE's noise is: e = ln u - ln(1-u). */
void snn_rng_logistic(real *out, size_t n, const struct snn_rng_key *key);
/* Unbiased integer below n (n >= 1), by 64-bit multiplication of units 4*index .. 4*index+1. */
size_t snn_rng_below(size_t n, size_t index, const struct snn_rng_key *key);
/* Fisher-Yates: order[0..n) becomes a permutation of its values. n < 2^32. */
void snn_rng_shuffle(uint32_t *order, size_t n, const struct snn_rng_key *key);

#endif
