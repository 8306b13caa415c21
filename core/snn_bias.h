/* SPDX-License-Identifier: MIT */
/* The part of core/snn.h that says how well a surrogate's gradient points. Included through it. The
 * mathematics: core/bias/README.md. */
#ifndef SPIKED_CORE_SNN_BIAS_H
#define SPIKED_CORE_SNN_BIAS_H

#include "core/snn.h"

struct snn_model;

#define SNN_BIAS_TENSORS 256
/* Independent estimates of the reference, from whose scatter the errors are. */
#define SNN_BIAS_GROUPS 16

/* The surrogate's gradient g and the reference's G, of one tensor, one layer's tensors or all. */
struct snn_bias_row {
    char name[SNN_NAME_SIZE * 2]; /* "layer1.weight"; of layers "layer1", of all "" */
    size_t layer, count;          /* index into the spec's layers; entries */
    double surrogate_norm;        /* |g| */
    double reference_norm;        /* |G|; NaN where it is lost in the noise, and then so are ... */
    double cosine, cosine_error; /* g G / (|g| |G|), half of its 95% interval; not cut to [-1, 1] */
    double ratio, ratio_error;   /* |g| / |G|, the same */
};

struct snn_bias_report {
    size_t samples, repeats;
    double sigma;
    double loss; /* mean over the samples, of the network as it is trained */
    double expected_loss, expected_loss_error; /* of the noisy one, half of its 95% interval */
    double explained; /* share of the loss's variance over the noise that is taken out beforehand */
    size_t n_tensors, n_layers; /* layers without tensors are not there */
    struct snn_bias_row all, layer[SNN_MAX_LAYERS], tensor[SNN_BIAS_TENSORS];
};

/* Names, defaults and ranges of what can be chosen: samples, repeats, sigma, seed. */
extern const struct snn_param snn_bias_limits[];
extern const size_t snn_bias_limit_count;

struct snn_bias_options {
    size_t
        samples; /* of the training set, drawn by seed; 0 = 128, fewer where they cost too much */
    size_t repeats; /* draws of the noise for each; in whole SNN_BIAS_GROUPS; 0 = 128, or fewer */
    double sigma;   /* of the noise; 0 = a tenth of the mean threshold's magnitude */
    uint64_t seed;  /* of samples and noise */
    size_t threads; /* >= 1: they change the speed, never the bits */
    double most;    /* multiply-adds that it may cost, about; 0 = any */
    size_t memory;  /* bytes that it may take; 0 = any */
    bool (*stop)(void *user); /* asked often, by any thread; NULL = never */
    void *user;
};

/* The gradient of a batch by back-propagation with the spec's surrogates, as training computes it,
 * against that of the expected loss of the noisy-threshold network: the same weights, input and
 * masks, but each neuron fires where u + sigma e >= threshold, e ~ Logistic(0, 1). That is smooth;
 * its gradient is estimated without bias, by the score function with a martingale for a control.
 *
 * Weights are the model's, or (NULL) those that a run begins with. SNN_INVALID where model and spec
 * do not belong together, or a reset follows the membrane and not the spike (snnTorch's neurons);
 * SNN_LIMIT where it is more than `most` or `memory`, then with "/repeats" or "" for a place;
 * SNN_STOPPED; SNN_DIVERGED where a loss is not finite. @thread any */
enum snn_code snn_bias(struct snn_bias_report *out, const struct snn_spec *spec,
                       const struct snn_data *data, const struct snn_model *model,
                       const struct snn_bias_options *options, struct snn_error *err);

#endif
