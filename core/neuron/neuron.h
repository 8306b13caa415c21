/* SPDX-License-Identifier: MIT */
/*
 * Neurons: from input current to spikes over time, and the exact reverse of it. One sample at a
 * time, all its steps; arrays are [T, N] with N contiguous. The recursions are spikeDE's
 * (core/README.md gives the equations):
 *
 *     f0 = (I - leak v) / tau      u = v + f0      x = u - threshold      s = spike(x)
 *     f  = f0 - s per_step threshold / tau         w = the solver's new state from f and the past
 *     v' = w - s (whole threshold + b w)
 *
 * where the reset chooses per_step, whole and b. The spike is tested on a full unit step u whatever
 * the step length. A neuron whose row has a forward of its own follows that: neuron/coupled.c,
 * neuron/snntorch.c.
 */
#ifndef SPIKED_CORE_NEURON_NEURON_H
#define SPIKED_CORE_NEURON_NEURON_H

#include "core/math/spikes.h"
#include "core/neuron/learn.h"
#include "core/neuron/solver.h"
#include "core/surrogate/surrogate.h"

/* What a spike takes from the state. */
struct snn_reset {
    struct snn_kind kind;
    real per_step, whole, b;
};

/* One layer's neurons with their constants, ready to compute. The arrays belong to the net. */
struct snn_cell {
    const struct snn_neuron *neuron;
    const struct snn_solver *solver;
    const struct snn_surrogate *surrogate;
    const struct snn_reset *reset;
    real *r, *threshold; /* [N]: 1/tau, threshold */
    real scale;
    real *beta, *alpha_syn; /* [N] of snnTorch's: what of membrane and synapse is left in a step */
    bool reset_delay;       /* of those: a spike resets in the next step, not at once */
    bool loses_input;       /* and to zero with what comes in then */
    real tau_aux, jump;     /* of a second state: its time constant; threshold a unit of it adds */
    bool detach_reset;      /* no gradient flows through the spike in the reset */
    real *h;                /* [T] step lengths (Euler) */
    struct snn_weights_table table; /* of the solver, where it has a history */
    bool learns[SNN_LEARNABLE_COUNT];
    size_t n, time_steps;
};

struct snn_cell_forward {
    size_t from, to;       /* the steps to run; the arrays hold all of them */
    const real *current;   /* [T, N], or [N] with current_stride 0 */
    size_t current_stride; /* N or 0 */
    bool soft;             /* s holds the noise e on entry, the soft spikes on return */
    real *x, *s;           /* out [T, N]: membrane - threshold, spikes; s NULL = not wanted, where
                              snn_cell_spikes_are_x */
    real *v;               /* out [T, N]: membrane before each step; NULL = not wanted */
    real *f;               /* out [T, N]: f of each step; NULL = not wanted */
    real *state;           /* in/out [N]: membrane before the first step, after the last */
    real *aux, *aux_state; /* the same of a neuron's second state, where its row has one */
    real *solved;          /* out [T, N]: the solver's new state as the reset found it; NULL = not
                              wanted */
    real *scratch;         /* [4 N] of neurons with a second state */
    real *tile;            /* snn_cell_tile() of scratch, for solvers with a history */
    struct snn_sparse *fired; /* gets a row appended for each step, of who fired, by solvers that
                                 know it while they step; until there are more than most_fired, and
                                 with room for one row more. NULL = not wanted */
    size_t most_fired;
};

/* Gradients of the constants themselves, not yet of what is learned. Added to; NULL = not wanted.
 */
struct snn_cell_gradient {
    double *tau, *threshold;  /* [N] */
    double *beta, *alpha_syn; /* [N]; 0 where the value is outside [0, 1] */
    double *now;              /* [N], scratch of neurons with a second state */
    double *a, *w;            /* dL/d of the solver's table: a [1], w [lags + 1] */
    double *c;                /* the same of its exponentials' coefficients [count]: what they have
                                 of w is not in w */
};

/* What a layer above of few neurons took of a sample's spikes: dL/ds = d_current weight. */
#define SNN_FEW_ABOVE 32
struct snn_above {
    const real *d_current; /* [T, n] */
    const real *weight;    /* snn_above_fill's of [n, N] */
    size_t n;              /* SNN_FEW_ABOVE at most */
};
/* Weights [n, width] as panels whose rows are whole, so that columns of any width are side by side:
 * [panel, n, SNN_PANEL], zeros behind the last neuron, which must be there; and how many numbers
 * they are. */
size_t snn_above_size(size_t n, size_t width);
void snn_above_fill(real *panels, const real *weight, size_t n, size_t width);

struct snn_cell_backward {
    size_t from, to;           /* the steps to undo, to-1 first */
    const real *x, *s, *v, *f; /* as forward left them; v, f only where snn_cell_keeps_* says so */
    const real *solved;        /* the same */
    const real *aux;           /* the same */
    real *g;                   /* in [T, N]: dL/ds; out: dL/dI (or nothing, where d_current_sum) */
    const struct snn_above *above; /* dL/ds is this instead, where snn_cell_takes_above; or NULL */
    const real *g_membrane;        /* [T, N]: dL/du from outside, NULL = none */
    real *d_membrane;              /* out [T, N]: dL/du, for diagnostics; NULL = not wanted */
    real *d_current_sum;           /* [N]: sum over t of dL/dI is added; NULL = not wanted */
    real *lambda;                  /* in/out [N]: dL/dv after the last step, before the first */
    real *aux_lambda;              /* the same of the second state */
    real *scratch;                 /* [3 N]; [4 N] with a second state */
    real *d_state;                 /* [T, N]: dL/dw of each step, for solvers with a history whose
                                      calls do not undo all steps at once */
    real *tile;                    /* snn_cell_tile() of scratch, for the same */
    struct snn_cell_gradient d;
};

/* What forward left of a sample, [T, N] each. */
struct snn_cell_trace {
    const real *x, *s, *v, *aux;
};

struct snn_neuron {
    /* Parameters: threshold is the second of all; where the solver steps the membrane, they begin
     * with tau, threshold, step, detach_reset. */
    struct snn_kind kind;
    real leak;
    bool has_aux;     /* a second state: aux, aux_state, aux_lambda */
    bool own_steps;   /* no solver steps it: it is a recursion, and wants solver euler */
    bool loses_input; /* see struct snn_cell */
    bool by_step;     /* its own functions call the solver's step by step */
    /* In place of the solver's; NULL = the solver's. */
    void (*forward)(const struct snn_cell *c, const struct snn_cell_forward *f);
    void (*backward)(const struct snn_cell *c, const struct snn_cell_backward *b);
    /* The membrane [N] that readouts read of step t; NULL = x + threshold. */
    void (*membrane)(const struct snn_cell *c, const struct snn_cell_trace *k, size_t t, real *out);
};

enum { SNN_NEURON_TAU, SNN_NEURON_THRESHOLD, SNN_NEURON_STEP, SNN_NEURON_DETACH_RESET };

static inline const struct snn_neuron *snn_neuron_of(const struct snn_choice *c)
{
    return (const struct snn_neuron *)(const void *)c->kind;
}

static inline const struct snn_reset *snn_reset_of(const struct snn_choice *c)
{
    return (const struct snn_reset *)(const void *)c->kind;
}

/* Whether the membrane before each step is needed later: as history, or by the backward pass. */
bool snn_cell_keeps_v(const struct snn_cell *c, bool gradients);
/* Whether f of each step is. */
bool snn_cell_keeps_f(const struct snn_cell *c, bool gradients);
/* Whether what the solver makes of each step, before the reset, is. */
bool snn_cell_keeps_solved(const struct snn_cell *c, bool gradients);
/* Whether the backward pass can make dL/ds by itself of what the layer above took. */
bool snn_cell_takes_above(const struct snn_cell *c);
/* Whether spikes are but the signs of x, x >= 0, and nothing in the backward pass asks for them. */
bool snn_cell_spikes_are_x(const struct snn_cell *c);
/* Numbers of scratch that a solver's history wants: it is summed for a tile of neurons at a time,
 * whose past lies together. */
size_t snn_cell_tile(const struct snn_cell *c);

/* Multiply-adds that the solver's history costs a sample, forward and backward. */
double snn_cell_history(const struct snn_cell *c);

void snn_cell_forward(const struct snn_cell *c, const struct snn_cell_forward *f);
void snn_cell_backward(const struct snn_cell *c, const struct snn_cell_backward *b);
/* What a readout of the membrane reads of step t, [N]. */
void snn_cell_membrane(const struct snn_cell *c, const struct snn_cell_trace *k, size_t t,
                       real *out);

/* The solver's part of them. */
void snn_solver_forward(const struct snn_cell *c, const struct snn_cell_forward *f);
void snn_solver_backward(const struct snn_cell *c, const struct snn_cell_backward *b);

/* For rows. A current with a time constant of its own; a threshold that spikes raise; ... */
void snn_cuba_forward(const struct snn_cell *c, const struct snn_cell_forward *f);
void snn_cuba_backward(const struct snn_cell *c, const struct snn_cell_backward *b);
void snn_alif_forward(const struct snn_cell *c, const struct snn_cell_forward *f);
void snn_alif_backward(const struct snn_cell *c, const struct snn_cell_backward *b);
void snn_alif_membrane(const struct snn_cell *c, const struct snn_cell_trace *k, size_t t,
                       real *out);
/* ... and snnTorch's. */
void snn_snntorch_forward(const struct snn_cell *c, const struct snn_cell_forward *f);
void snn_snntorch_backward(const struct snn_cell *c, const struct snn_cell_backward *b);
void snn_snntorch_membrane(const struct snn_cell *c, const struct snn_cell_trace *k, size_t t,
                           real *out);

/* Euler's way from dL/du to dL/dI alone, for any n numbers a step that leak as neuron 0 does and
 * are not reset by a product: x [T, n], lambda [n] as in struct snn_cell_backward. */
void snn_leak_back(const struct snn_cell *c, real *x, real *lambda, size_t n);

/* The two kinds of solvers. */
void snn_euler_forward(const struct snn_cell *c, const struct snn_cell_forward *f);
void snn_euler_backward(const struct snn_cell *c, const struct snn_cell_backward *b);
void snn_fractional_forward(const struct snn_cell *c, const struct snn_cell_forward *f);
void snn_fractional_backward(const struct snn_cell *c, const struct snn_cell_backward *b);

#endif
