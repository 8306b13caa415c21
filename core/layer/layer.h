/* SPDX-License-Identifier: MIT */
/*
 * Layers: synapses and the neurons behind them. A layer computes all steps of a block of samples at
 * once, so that a kind that needs its own spikes back (recurrence) can run its own loop over time.
 * Layout of a block's arrays: [sample, step, unit], unit contiguous.
 */
#ifndef SPIKED_CORE_LAYER_LAYER_H
#define SPIKED_CORE_LAYER_LAYER_H

#include "core/layer/heard.h"
#include "core/layer/narrow.h"
#include "core/layer/sparse2d.h"
#include "core/math/window.h"
#include "core/neuron/neuron.h"

#define SNN_MAX_TENSORS 8 /* of one layer */

/* A parameter tensor's place in the run's flat parameter vector. */
struct snn_tensor_place {
    size_t layer;
    const char *role;
    size_t shape[SNN_MAX_RANK], rank, count, offset, fan_in;
    double scale; /* of the bound that it is initialised within */
    bool is_bias;
};

/* The values of one step: [n], or [channels, height, width]. */
struct snn_shape {
    size_t rank, size[SNN_MAX_RANK];
};

static inline struct snn_shape snn_shape_flat(size_t n)
{
    return (struct snn_shape){.rank = 1, .size = {n}};
}
/* Values in it. */
size_t snn_shape_count(const struct snn_shape *s);
/* A sample's. */
struct snn_shape snn_shape_of(const struct snn_data_info *data);

/* A constant of the neurons that is learned. */
struct snn_learned {
    enum snn_learnable which;
    const struct snn_transform *transform;
    double initial[SNN_MAX_TERMS]; /* one; of each term for alpha and coefficients */
    double low;                    /* where the transform has a lower end */
    size_t tensor;                 /* index into the layer's tensors */
};

struct snn_layer {
    const struct snn_layer_type *type;
    const char *name; /* the spec's */
    size_t in, out;   /* values per step */
    struct snn_shape in_shape, out_shape;
    bool has_neuron; /* else what comes out per step stands where spikes would */
    struct snn_choice initialiser;
    bool is_view;         /* a view without neurons: it has the arrays of the layer below */
    struct snn_cell cell; /* without neurons only its sizes n, time_steps */
    struct snn_tensor_place tensor[SNN_MAX_TENSORS];
    size_t n_tensors;
    bool static_input; /* the same input at every step: multiplied once per shard */
    bool is_hoisted; /* and so what comes out, which the next layer takes once: of this one there is
                        nothing but the currents, and no block runs it */
    bool planes_last; /* between a convolution and the pool behind it, images lie [height, width,
                         channels]: of the one what comes out, of the other what comes in */
    bool recurrent_bias, one_to_one;
    struct snn_window window;     /* of kinds that slide one */
    struct snn_sparse2d sparse2d; /* of kinds that convolve */
    real *panels;                 /* the weights transposed, [in, out], for input that is lists */
    real *left;    /* the weights as snn_above_fill has them, where they are so few that
                      the neurons below may take them; or NULL */
    double rate;   /* of dropout, ... */
    bool per_step; /* ... whose mask is another at every step */
    struct snn_learned learned[SNN_LEARNABLE_COUNT];
    size_t n_learned;
    double learning_rate;                   /* of these; 0 = the optimizer's */
    double tau, threshold, beta, alpha_syn; /* the spec's */
    struct snn_orders orders;
};

/* A layer's arrays in one worker's workspace. S samples of a shard, Sb of a block. */
struct snn_layer_work {
    real *current; /* [Sb, T, out], or [S, out] where the input is static */
    real *x, *s;   /* [Sb, T, out]; x NULL without neurons, s then what comes out */
    real *v, *f;   /* [Sb, T, out] or NULL */
    real *g; /* [Sb, T, out]: dL/ds in, dL/dI out; shares current's room where that is not static */
    real *g_membrane;  /* [Sb, T, out]: dL/du of a membrane readout; NULL but in the last layer */
    real *d_membrane;  /* [Sb, T, out]: dL/du, for diagnostics and narrow; NULL = not wanted */
    real *current_sum; /* [S, out]: sum over t of dL/dI, where the input is static */
    real *state, *lambda;         /* [Sb, out]: the membrane, dL/d of it, between the steps */
    real *aux;                    /* [Sb, T, out]: a neuron's second state; NULL = it has none */
    real *aux_state, *aux_lambda; /* [Sb, out]: as state, lambda */
    real *scratch;                /* [4, out] */
    real *d_state, *solved;       /* [Sb, T, out] of solvers with a history, or NULL */
    real *tile;                   /* scratch of such */
    struct snn_heard heard;       /* of kinds that hear */
    struct snn_heard *listener; /* of the layer above, where that hears what fires here; or NULL */
    struct snn_above above;     /* what the layer above left for the neurons' backward pass; weight
                                   NULL = nothing, it is in g */
    struct snn_above *leaves;   /* the `above` of the layer below, where that takes it; or NULL */
    struct snn_narrow narrow;   /* of those whose surrogate is a window */
    struct snn_sparse2d_work sparse2d; /* of those that convolve */
    real *own;                         /* the kind's own, as much as its row says */
    real *before, *after; /* [Sb, out] of kinds that hear themselves, where the steps are cut: the
                             spikes before the first, dL/dI after the last */
    struct snn_cell_gradient d; /* of the constants, since the last snn_layer_learn */
};

struct snn_block {
    size_t first, n; /* samples first .. first+n-1 of the shard */
    size_t from;     /* the sample's step that is the arrays' first: beyond 0, states go on */
    bool followed;   /* by more steps, which have been undone when these are */
    bool training;   /* soft surrogates are soft */
    bool backward;   /* a backward pass follows */
    bool unseen;     /* nobody looks at spikes but the layer above, which may hear them as lists */
};

/* A static input of a whole batch, and what the first layer makes of it. */
struct snn_batch {
    size_t n;          /* samples */
    real *input;       /* [n, in] */
    real *current;     /* [n, out] */
    real *current_sum; /* [n, out]: sum over t of dL/dI; NULL without gradients */
};

struct snn_rng_key;

struct snn_layer_type {
    struct snn_kind kind;
    bool carries_neuron;  /* has weights, and neurons behind them unless the spec says none; other
                             kinds write s and read g, and neurons given to them come behind that */
    bool hears_itself;    /* has its own spikes in its currents */
    bool hears;           /* its input may come as lists; its first tensor is weights [out, in] */
    bool convolves;       /* its input may be taken by events; its first tensor is weights [filters,
                             channels, kernel height, kernel width] */
    bool planes_last_out; /* its neurons absent, it may be told so ... */
    bool planes_last_in;  /* ... by what is behind it, if that is such */
    bool narrows;         /* dL/dinput = W^T dL/dI, and nothing else */
    bool is_view;         /* nothing but the shape changes: without neurons its s and g are those of
                             the layer below, and it is not run */
    /* From l->in and in_shape: fills out_shape, tensor[], n_tensors (not the offsets) and what the
     * kind keeps of its parameters. SNN_INVALID where the input does not suit, SNN_LIMIT. */
    enum snn_code (*resolve)(struct snn_layer *l, const struct snn_choice *c,
                             struct snn_error *err);
    /* Of one sample, all steps, forward and backward; `is_first`: its input has no gradient. */
    double (*multiply_adds)(const struct snn_layer *l, bool is_first);
    /* Numbers that the kind needs for itself, in a worker that runs `block` samples at a time; NULL
     * = none. */
    size_t (*room)(const struct snn_layer *l, size_t block);
    /* The draws of training for the block's sample i, before forward; the key's step is the
     * arrays' first. NULL = none. */
    void (*draw)(const struct snn_layer *l, struct snn_layer_work *w, size_t i,
                 const struct snn_rng_key *key);
    /* Static input of a shard [n, in]: what can be done once for all steps and blocks. NULL: the
     * kind wants its input step by step. */
    void (*begin_shard)(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                        const real *in, size_t n);
    /* in [n, T, in] of the block, not static; fills s (and with neurons x, v, f). */
    void (*forward)(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                    const real *in, const struct snn_block *b);
    /* From w->g = dL/ds: adds to grads (sets the weights' where w->heard is blank), writes d_in [n,
     * T, in] where not NULL. */
    void (*backward)(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                     real *grads, const real *in, real *d_in, const struct snn_block *b);
    /* Once a shard: what the backward passes gathered in the worker joins the gradient. */
    void (*settle)(const struct snn_layer *l, struct snn_layer_work *w, real *grads);
    /* Of a static input, for kinds with more weights than a shard should multiply alone: the
     * currents of a whole batch, and its weight gradients (written, not added), for units from ..
     * to-1. */
    void (*begin_batch)(const struct snn_layer *l, const struct snn_batch *b, const real *params,
                        size_t from, size_t to);
    void (*end_batch)(const struct snn_layer *l, const struct snn_batch *b, real *grads,
                      size_t from, size_t to);
    /* The weight gradients of a static input [n, in], once per shard; writes d_in [n, in] where not
     * NULL: the sum over t of dL/dinput. */
    void (*end_shard)(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                      real *grads, const real *in, real *d_in, size_t n);
};

static inline const struct snn_layer_type *snn_layer_type_of(const struct snn_choice *c)
{
    return (const struct snn_layer_type *)(const void *)c->kind;
}

/* Whether a layer's input may come as lists: then panels and heard are there. */
static inline bool snn_layer_hears(const struct snn_layer *l)
{
    return l->type->hears && !l->static_input;
}

/* Whether a convolution's input is another at every step: then sparse2d is there. */
static inline bool snn_layer_convolves(const struct snn_layer *l)
{
    return l->type->convolves && !l->static_input;
}

/* Whether the gradient by its input may come from lists of dL/du: then narrow is there. */
bool snn_layer_is_narrow(const struct snn_layer *l);

/* Runs a layer's resolve with its input shape put in, and fills out. */
enum snn_code snn_layer_resolve(struct snn_layer *l, const struct snn_choice *c,
                                const struct snn_shape *in, struct snn_error *err);

/* For layer kinds: SNN_LIMIT where out x in weights cannot be counted. */
enum snn_code snn_layer_countable(size_t out, size_t in, struct snn_error *err);

/* For layer kinds: the neurons of a block's sample i in the steps from .. to-1, and their reverse.
 * A sample's first steps begin from rest; its last ones' reverse from nothing. Without neurons the
 * current is passed on as it is. */
struct snn_span {
    size_t sample, from, to;
};
void snn_layer_spikes(const struct snn_layer *l, struct snn_layer_work *w, struct snn_span at,
                      const struct snn_block *b);
void snn_layer_spikes_back(const struct snn_layer *l, struct snn_layer_work *w, struct snn_span at,
                           const struct snn_block *b);

/* A layer that is no view, whole: the kind's passes, and behind kinds without weights the neurons
 * that the layer was given. Arguments as of the kind's. */
void snn_layer_forward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                       const real *in, const struct snn_block *b);
void snn_layer_backward(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                        real *grads, const real *in, real *d_in, const struct snn_block *b);

/* ---- learned.c: constants of the neurons that are learned ---- */

/* Adds a tensor for each constant that the spec learns. */
void snn_learned_tensors(struct snn_layer *l, const struct snn_neuron_spec *n, bool spikede);
/* The constant behind the layer's tensor of that index; NULL where it holds weights. */
const struct snn_learned *snn_learned_of(const struct snn_layer *l, size_t tensor);
/* What entry i of the tensor began from: each term has its own, neurons share one. */
double snn_learned_initial(const struct snn_learned *k, size_t i);
/* The constant itself that entry i of the tensor stands for. */
double snn_learned_value(const struct snn_layer *l, const struct snn_learned *k, const real *params,
                         size_t i);
/* Values of p at the start, into the tensor's place. */
void snn_learned_start(const struct snn_layer *l, const struct snn_learned *k, real *params);
/* Fills the cell's arrays and table from spec and params: before the first pass, and after every
 * update of a layer that learns constants. */
void snn_cell_prepare(struct snn_layer *l, const real *params);
/* Turns the gradients gathered in w->d into those of the tensors, adds them to grads and clears
 * w->d. */
void snn_learned_gradient(const struct snn_layer *l, struct snn_layer_work *w, const real *params,
                          real *grads);

#endif
