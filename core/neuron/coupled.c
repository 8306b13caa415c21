/* SPDX-License-Identifier: MIT */
/*
 * Neurons that are a solver's neuron and one more state beside it, so that every solver and reset
 * is theirs as well. h is the step's length.
 *
 *     cuba_lif: j' = j + h (I - j)/tau_syn       and j' is the current of the membrane
 *     alif:     threshold + beta_adapt a         is the threshold, and a' = a - h a/tau_adapt + s
 */
#include <string.h>

#include "core/neuron/neuron.h"

/* --------------------------------------------------------------------------------- cuba_lif -- */

/* aux holds j' of each step. */
void snn_cuba_forward(const struct snn_cell *c, const struct snn_cell_forward *f)
{
    const size_t n = c->n;
    struct snn_cell_forward behind = *f;
    for (size_t t = f->from; t < f->to; t++) {
        const real *current = f->current + t * f->current_stride, share = c->h[t] / c->tau_aux;
        for (size_t i = 0; i < n; i++)
            f->aux_state[i] += share * (current[i] - f->aux_state[i]);
        memcpy(f->aux + t * n, f->aux_state, n * sizeof *f->aux);
    }
    behind.current = f->aux;
    behind.current_stride = n;
    snn_solver_forward(c, &behind);
}

void snn_cuba_backward(const struct snn_cell *c, const struct snn_cell_backward *b)
{
    const size_t n = c->n;
    struct snn_cell_backward behind = *b;
    behind.d_current_sum = NULL;
    snn_solver_backward(c, &behind);
    for (size_t t = b->to; t-- > b->from;) {
        const real share = c->h[t] / c->tau_aux;
        real *g = b->g + t * n;
        for (size_t i = 0; i < n; i++) {
            const real d = b->aux_lambda[i] + g[i]; /* dL/dj' */
            g[i] = share * d;
            b->aux_lambda[i] = d - share * d;
        }
        for (size_t i = 0; b->d_current_sum && i < n; i++)
            b->d_current_sum[i] += g[i];
    }
}

/* ------------------------------------------------------------------------------------- alif -- */

/* The cell as it is in a step: its threshold is that of then. aux holds a before each step. */
static struct snn_cell raised(const struct snn_cell *c, const real *a, real *scratch)
{
    struct snn_cell now = *c;
    now.threshold = scratch + 3 * c->n;
    for (size_t i = 0; i < c->n; i++)
        now.threshold[i] = c->threshold[i] + c->jump * a[i];
    return now;
}

void snn_alif_forward(const struct snn_cell *c, const struct snn_cell_forward *f)
{
    const size_t n = c->n;
    struct snn_cell_forward one = *f;
    for (size_t t = f->from; t < f->to; t++) {
        const struct snn_cell now = raised(c, f->aux_state, f->scratch);
        const real left = 1 - c->h[t] / c->tau_aux;
        memcpy(f->aux + t * n, f->aux_state, n * sizeof *f->aux);
        one.from = t;
        one.to = t + 1;
        snn_solver_forward(&now, &one);
        for (size_t i = 0; i < n; i++)
            f->aux_state[i] = left * f->aux_state[i] + f->s[t * n + i];
    }
}

/* dL/d of the step's own threshold is what the solver's neuron says; it goes to a and to what is
 * learned. */
void snn_alif_backward(const struct snn_cell *c, const struct snn_cell_backward *b)
{
    const size_t n = c->n;
    struct snn_cell_backward one = *b;
    one.d.threshold = b->d.now;
    for (size_t t = b->to; t-- > b->from;) {
        const struct snn_cell now = raised(c, b->aux + t * n, b->scratch);
        const real left = 1 - c->h[t] / c->tau_aux;
        for (size_t i = 0; i < n; i++) {
            b->g[t * n + i] += b->aux_lambda[i];
            b->d.now[i] = 0;
        }
        one.from = t;
        one.to = t + 1;
        snn_solver_backward(&now, &one);
        for (size_t i = 0; i < n; i++) {
            b->aux_lambda[i] = left * b->aux_lambda[i] + c->jump * (real)b->d.now[i];
            if (b->d.threshold)
                b->d.threshold[i] += b->d.now[i];
        }
    }
}

void snn_alif_membrane(const struct snn_cell *c, const struct snn_cell_trace *k, size_t t,
                       real *out)
{
    for (size_t i = 0; i < c->n; i++)
        out[i] = k->x[t * c->n + i] + c->threshold[i] + c->jump * k->aux[t * c->n + i];
}
