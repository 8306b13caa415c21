/* SPDX-License-Identifier: MIT */
/*
 * A network resolved from a spec, and one worker's room to run it in. The parameters are one flat
 * vector; a tensor is a place in it. Nothing here allocates: places come from an arena, so that
 * measuring a run and laying it out are the same code.
 */
#ifndef SPIKED_CORE_TRAIN_NET_H
#define SPIKED_CORE_TRAIN_NET_H

#include "core/base/arena.h"
#include "core/encode/encode.h"
#include "core/layer/layer.h"
#include "core/loss/loss.h"
#include "core/loss/penalty.h"
#include "core/loss/readout.h"

/* What a job cannot say (yet), for runs that reproduce a reference. Zeroed = none of it. */
struct snn_net_options {
    bool spikede;        /* spikeDE's conventions, where they differ from ours: core/spikede.md */
    const double *steps; /* [T] step lengths of all layers; NULL = each layer's own `step` */
    size_t segment;      /* steps at a time; 0 = as the sizes say */
};

struct snn_net {
    struct snn_layer layer[SNN_MAX_LAYERS];
    size_t n_layers, first; /* the first that computes: before it are but views of the input */
    struct snn_choice encoding, readout, loss;
    bool static_input;
    bool masks;    /* each sample has steps of its own that are read; the others are only run */
    bool by_batch; /* which is multiplied once per batch: the first layer has begin_batch */
    size_t batch_params; /* so many leading parameters get their gradient there, not from shards */
    uint64_t seed;
    size_t features;            /* of a step */
    size_t sample_features;     /* of a sample: those of all steps where it is a sequence */
    size_t time_steps;          /* the steps that arrays hold: of a sample, all ... */
    size_t segment, all_steps;  /* ... unless this is less; then see core/train/segments.h */
    struct snn_penalty penalty; /* strength 0 = none */
    size_t outputs, population, classes; /* neurons of the last layer = population * classes */
    size_t n_params, n_tensors;
    bool prepared; /* snn_net_prepare has been called */
};

/* The shape of a step's input: a sample's, or of a sequence without its first dimension. */
struct snn_shape snn_net_input(const struct snn_spec *spec, const struct snn_data_info *data);
/* Resolves a checked spec for inputs of that shape; takes its few arrays from the arena. SNN_LIMIT
 * where a size overflows. */
enum snn_code snn_net_init(struct snn_net *net, struct snn_arena *arena,
                           const struct snn_spec *spec, struct snn_shape in,
                           const struct snn_net_options *options, struct snn_error *err);
/* The i-th tensor of the net, in the order of layers and of the tensors in a layer. */
const struct snn_tensor_place *snn_net_tensor(const struct snn_net *net, size_t i);
/* "layer1.weight" */
void snn_net_tensor_name(const struct snn_net *net, const struct snn_tensor_place *t,
                         char name[SNN_NAME_SIZE * 2]);
/* Weights and biases as each layer's initialiser draws them, by seed; learned constants where the
 * spec puts them. */
void snn_net_initialise(const struct snn_net *net, real *params);

/* Makes the neurons' constants and the transposed weights those of params: before the first pass,
 * and whenever params changed.
 */
void snn_net_prepare(struct snn_net *net, const real *params);

struct snn_work_size {
    size_t shard;   /* most samples of a shard */
    size_t block;   /* samples run through all layers at a time */
    bool gradients; /* room for the backward pass */
    bool probe;     /* room to look at dL/du */
    bool record;    /* keep what a reference is compared with: v, currents, dL/dinput */
};

struct snn_work {
    struct snn_work_size size;
    real *features;          /* [sample_features] of one sample */
    real *input;             /* [shard, features] where static, else [block, T, features] */
    real *d_input;           /* as input; NULL unless recorded */
    real *y, *dy;            /* [block, T, classes] what the readout reads of all steps, and its
                                gradient */
    real *logits, *d_logits; /* [classes] */
    uint32_t *labels;        /* [block] */
    uint32_t *steps;         /* [block] that are read, where net->masks */
    real *d_membrane;        /* [block, T, widest layer], for the probe */
    real *kept;              /* where samples are cut: the states that each segment but the first
                                began from */
    struct snn_layer_work layer[SNN_MAX_LAYERS];
};

/* How many steps of the block's sample i are read. */
static inline size_t snn_work_steps(const struct snn_work *w, const struct snn_net *net, size_t i)
{
    return net->masks ? w->steps[i] : net->all_steps;
}

/* The arrays of a batch of so many samples, where net->by_batch. */
void snn_batch_place(struct snn_batch *b, struct snn_arena *arena, const struct snn_net *net,
                     size_t samples, bool gradients);
/* Steps of a sample that are run at a time: all, unless its arrays would be many times the cache
 * and its states can be had again without its whole past. Like the block below a constant of the
 * sizes, never of the machine, since it is part of what fixes the bits. */
size_t snn_work_segment(const struct snn_net *net);
/* How many samples' arrays to keep in the cache at once. */
size_t snn_work_block(const struct snn_net *net, size_t shard);
void snn_work_place(struct snn_work *w, struct snn_arena *arena, const struct snn_net *net,
                    const struct snn_work_size *size);

#endif
