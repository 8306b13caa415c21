/* SPDX-License-Identifier: MIT */
/* Forward and exact backward of a block, and of a shard block by block. */
#ifndef SPIKED_CORE_TRAIN_PASS_H
#define SPIKED_CORE_TRAIN_PASS_H

#include <stdatomic.h>

#include "core/diag/probe.h"
#include "core/train/net.h"

struct snn_data;

/* How work that takes long is broken off: shared by the threads that do it. */
struct snn_halt {
    enum snn_stop (*wanted)(void *user); /* NULL = never */
    void *user;
    bool only_now;    /* SNN_STOP_SOON has to wait */
    atomic_bool seen; /* somebody was told to stop: what was summed is worth nothing */
};

/* A part of a batch: what one thread sums alone. */
struct snn_shard {
    const struct snn_batch *batch; /* it is a part of, begun; NULL = the shard stands alone */
    size_t first;                  /* its first sample in the batch */
    const struct snn_data *data;
    const uint32_t *index; /* [n] samples of the data set's training or test half */
    size_t n;
    bool test;     /* the half */
    bool training; /* soft surrogates are soft, input spikes are the epoch's */
    uint32_t epoch;
    double scale;          /* of each sample's loss in the gradient: 1 / batch */
    struct snn_halt *halt; /* looked at before each block; NULL = none */
};

/* What the network says of each sample, in the samples' order; what is NULL is not kept. */
struct snn_answers {
    uint32_t *class;  /* [n] */
    double *scores;   /* [n, classes]: what the readout gives */
    uint32_t *spikes; /* [n, outputs]: of the last layer's neurons */
    double *losses;   /* [n], without what firing rates cost */
};

struct snn_tally {
    double loss; /* summed over the samples */
    size_t correct, samples;
    struct snn_answers answers; /* room of the caller's */
    bool counts;                /* the next: spikes of each layer's neurons in all steps */
    uint64_t spikes[SNN_MAX_LAYERS];
};

/* All layers of a block whose input (and, where soft, whose noise in s) is in place. */
void snn_block_forward(const struct snn_net *net, struct snn_work *w, const real *params,
                       const struct snn_block *b);
/* The draws of layer kinds themselves: masks. */
void snn_block_mask(const struct snn_net *net, struct snn_work *w, const struct snn_shard *shard,
                    const struct snn_block *b);
/* Encodes the block's samples, draws what is drawn, and runs them forward. */
void snn_block_show(const struct snn_net *net, struct snn_work *w, const real *params,
                    const struct snn_shard *shard, const struct snn_block *b);
/* Adds each layer's spikes to tally->spikes. */
void snn_block_count(const struct snn_net *net, const struct snn_work *w, const struct snn_block *b,
                     struct snn_tally *tally);
/* Logits, losses and hits of the block's samples (labels [b->n]); where a backward pass follows,
 * also dL/ds and dL/du of the last layer, each sample's loss times `scale`. */
void snn_block_loss(const struct snn_net *net, struct snn_work *w, const struct snn_block *b,
                    const uint32_t *labels, double scale, struct snn_tally *tally);
/* Its three parts: what the readout reads of the block's steps, into w->y; the losses of all steps,
 * and w->dy; that back to the last layer's neurons, in the block's steps. */
void snn_block_read(const struct snn_net *net, struct snn_work *w, const struct snn_block *b,
                    const struct snn_tally *tally);
void snn_block_judge(const struct snn_net *net, struct snn_work *w, const struct snn_block *b,
                     const uint32_t *labels, double scale, struct snn_tally *tally);
void snn_block_spread(const struct snn_net *net, struct snn_work *w, const struct snn_block *b);
/* Adds to grads [n_params]; fills w->d_input where there is room. A penalty on firing rates joins
 * in here: into the tally, and times `scale` into the gradient. `probe` may be NULL. */
void snn_block_backward(const struct snn_net *net, struct snn_work *w, const real *params,
                        real *grads, const struct snn_block *b, double scale,
                        struct snn_tally *tally, struct snn_probe *probe);

/* What layer i, whose input is static, has for one: [shard, in]. */
const real *snn_static_input(const struct snn_net *net, const struct snn_work *w, size_t i);
/* Of a shard of n samples: what can be done once for all steps, from layer `first` on, as far as
 * the input is static; before its first block and, with gradients, after its last. */
void snn_static_begin(const struct snn_net *net, struct snn_work *w, const real *params,
                      size_t first, size_t n);
void snn_static_end(const struct snn_net *net, struct snn_work *w, const real *params, real *grads,
                    size_t first, size_t n);

/* Before a shard whose gradient grads shall be, not get added: clears them, but for what a layer
 * sets itself, in its blocks or as it settles, and the first net->batch_params. */
void snn_shard_clear(const struct snn_net *net, struct snn_work *w, real *grads);
/* After a shard's last block: what the backward passes left in w joins grads. */
void snn_shard_settle(const struct snn_net *net, struct snn_work *w, real *grads);

/* The inputs of samples first .. first+n-1 of the shard into w, from their step `from` on. */
void snn_shard_encode(const struct snn_net *net, struct snn_work *w, const struct snn_shard *shard,
                      size_t first, size_t n, size_t from);
/* A static input into the shard's place in its batch; `w` lends scratch. */
void snn_batch_encode(const struct snn_net *net, struct snn_work *w, const struct snn_batch *b,
                      const struct snn_shard *shard);
/* Runs a whole shard, or less of it once its halt was seen, and settles it, even one without
 * samples; encodes it where it is in no batch. grads NULL: forward only. With a batch, the first
 * net->batch_params of grads are left alone. */
void snn_shard_run(const struct snn_net *net, struct snn_work *w, const real *params, real *grads,
                   const struct snn_shard *shard, struct snn_tally *tally, struct snn_probe *probe);

#endif
