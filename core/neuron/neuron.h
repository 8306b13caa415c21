/* SPDX-License-Identifier: MIT */
/*
 * Neurons: from input current to spikes over time, and the exact reverse of it. One sample at a
 * time, all its steps; arrays are [T, N] with N contiguous. The recursions are spikeDE's
 * (core/README.md gives the equations):
 *
 *     f0 = (I - leak v) / tau          u = v + f0          x = u - threshold          s = spike(x)
 *     w  = v + h f0                    v' = w - s (a + b w)
 *
 * where the reset chooses a and b. The spike is tested on a full unit step u whatever h is.
 */
#ifndef SPIKED_CORE_NEURON_NEURON_H
#define SPIKED_CORE_NEURON_NEURON_H

#include "core/surrogate/surrogate.h"

/* What a spike takes from the state: a = threshold (per_step h/tau + whole), b. */
struct snn_reset {
    struct snn_kind kind;
    real per_step, whole, b;
};

/* One layer's neurons with their constants, ready to compute. */
struct snn_cell {
    const struct snn_neuron *neuron;
    const struct snn_surrogate *surrogate;
    const struct snn_reset *reset;
    real tau, threshold, scale;
    bool detach_reset; /* no gradient flows through the spike in the reset */
    const real *h;     /* [T] step lengths */
    size_t n, time_steps;
};

struct snn_cell_forward {
    const real *current;   /* [T, N], or [N] with current_stride 0 */
    size_t current_stride; /* N or 0 */
    bool soft;             /* s holds the noise e on entry, the soft spikes on return */
    real *x, *s;           /* out [T, N]: membrane - threshold, spikes */
    real *v;               /* out [T, N]: membrane before each step; NULL = not wanted */
    real *state;           /* in/out [N]: membrane before the first step, after the last */
};

struct snn_cell_backward {
    const real *x, *s, *v;  /* as forward left them; v only where d_tau or a reset needs it */
    real *g;                /* in [T, N]: dL/ds; out: dL/dI (unless d_current_sum) */
    const real *g_membrane; /* [T, N]: dL/du from outside, NULL = none */
    real *d_membrane;       /* out [T, N]: dL/du, for diagnostics; NULL = not wanted */
    real *d_current_sum;    /* [N]: sum over t of dL/dI is added; NULL = not wanted */
    real *lambda;           /* in/out [N]: dL/dv after the last step, before the first */
    real *scratch;          /* [2 N] */
    double *d_tau;          /* dL/dtau is added; NULL = not wanted; needs v */
};

struct snn_neuron {
    struct snn_kind kind; /* parameters tau, threshold, step, detach_reset, in this order */
    real leak;
    void (*forward)(const struct snn_cell *c, const struct snn_cell_forward *f);
    void (*backward)(const struct snn_cell *c, const struct snn_cell_backward *b);
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

/* Whether backward needs the membrane before each step (forward's v). */
static inline bool snn_cell_needs_v(const struct snn_cell *c, bool learns_tau)
{
    return learns_tau || (!c->detach_reset && c->reset->b != 0);
}

void snn_euler_forward(const struct snn_cell *c, const struct snn_cell_forward *f);
void snn_euler_backward(const struct snn_cell *c, const struct snn_cell_backward *b);

#endif
