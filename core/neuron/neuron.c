/* SPDX-License-Identifier: MIT */
/* The tables of neurons and resets. */
#include "core/neuron/neuron.h"

#include <string.h>

#include "core/base/param.h"

/* clang-format off */
#define SOLVER_STEPPED                                                                             \
    {"tau", "membrane time constant, in steps of length 1", SNN_REAL, 2, 0, 1e6, true, false, false}, \
    {"threshold", "membrane at which it fires (equality fires)", SNN_REAL, 1, -1e6, 1e6, false, false, false}, \
    {"step", "length h of a time step", SNN_REAL, 1, 0, 1e3, true, false, false},                  \
    {"detach_reset", "whether no gradient flows through the spike in the reset", SNN_BOOLEAN, 1, 0, 1, false, false, false}
#define SNNTORCH                                                                                   \
    {"beta", "share of the membrane that is left after a step; clamped to [0, 1]", SNN_REAL, 0.9, -1e6, 1e6, false, false, false}, \
    {"threshold", "membrane above which it fires (equality does not)", SNN_REAL, 1, -1e6, 1e6, false, false, false}, \
    {"reset_delay", "whether a spike resets in the next step only, not at once", SNN_BOOLEAN, 1, 0, 1, false, false, false}

static const struct snn_param params[] = {SOLVER_STEPPED};
static const struct snn_param cuba_params[] = {
    SOLVER_STEPPED,
    {"tau_syn", "time constant of the synaptic current", SNN_REAL, 2, 0, 1e6, true, false, false},
};
static const struct snn_param alif_params[] = {
    SOLVER_STEPPED,
    {"tau_adapt", "time constant of the adaptation", SNN_REAL, 20, 0, 1e6, true, false, false},
    {"beta_adapt", "what a spike adds to the threshold", SNN_REAL, 0.2, -1e6, 1e6, false, false, false},
};
static const struct snn_param leaky_params[] = {SNNTORCH};
static const struct snn_param synaptic_params[] = {
    SNNTORCH,
    {"alpha_syn", "share of the synaptic current that is left after a step; clamped to [0, 1]", SNN_REAL, 0.8, -1e6, 1e6, false, false, false},
};

static const struct snn_neuron neurons[] = {
    {.kind = {"lif", "leaky integrate-and-fire: f = (I - v)/tau, fires at v + f >= threshold",
              SNN_PARAMS(params)},
     .leak = 1},
    {.kind = {"if", "integrate-and-fire: f = I/tau, fires at v + f >= threshold", SNN_PARAMS(params)}},
    {.kind = {"cuba_lif", "lif behind a synaptic current: j' = j + step (I - j)/tau_syn, f = (j' - v)/tau",
              SNN_PARAMS(cuba_params)},
     .leak = 1, .has_aux = true, .forward = snn_cuba_forward, .backward = snn_cuba_backward},
    {.kind = {"alif", "lif whose threshold is threshold + beta_adapt a: a' = a - step a/tau_adapt + s",
              SNN_PARAMS(alif_params)},
     .leak = 1, .has_aux = true, .by_step = true,
     .forward = snn_alif_forward, .backward = snn_alif_backward, .membrane = snn_alif_membrane},
    {.kind = {"leaky", "snnTorch's Leaky: m' = beta m + I - reset, fires at m' > threshold; resets a step after the spike",
              SNN_PARAMS(leaky_params)},
     .own_steps = true,
     .forward = snn_snntorch_forward, .backward = snn_snntorch_backward, .membrane = snn_snntorch_membrane},
    {.kind = {"synaptic", "snnTorch's Synaptic: j' = alpha_syn j + I, m' = beta m + j' - reset, else as leaky",
              SNN_PARAMS(synaptic_params)},
     .own_steps = true, .has_aux = true, .loses_input = true,
     .forward = snn_snntorch_forward, .backward = snn_snntorch_backward, .membrane = snn_snntorch_membrane},
};
/* clang-format on */

const struct snn_registry snn_neurons = SNN_REGISTRY(neurons, "neurons", "neuron model");

/* clang-format off */
static const struct snn_reset resets[] = {
    /* name, doc, no parameters                                                       per_step whole b */
    {{"scaled",   "a spike takes step/tau * threshold (spikeDE's)",           NULL, 0}, 1, 0, 0},
    {{"subtract", "a spike takes the threshold",                              NULL, 0}, 0, 1, 0},
    {{"zero",     "a spike sets the membrane to zero",                        NULL, 0}, 0, 0, 1},
    {{"none",     "a spike leaves the membrane alone",                        NULL, 0}, 0, 0, 0},
};
/* clang-format on */

const struct snn_registry snn_resets = SNN_REGISTRY(resets, "resets", "reset");

bool snn_cell_keeps_v(const struct snn_cell *c, bool gradients)
{
    const bool is_history = c->solver->has_history && !c->solver->sums_f;
    const bool is_needed = c->neuron->own_steps || c->learns[SNN_LEARN_tau] ||
                           c->learns[SNN_LEARN_alpha] || c->learns[SNN_LEARN_coefficients] ||
                           (!c->solver->has_history && !c->detach_reset && c->reset->b != 0);
    return is_history || (gradients && is_needed) || (c->neuron->own_steps && !c->reset_delay);
}

bool snn_cell_keeps_f(const struct snn_cell *c, bool gradients)
{
    return c->solver->sums_f || (c->solver->has_history && gradients &&
                                 (c->learns[SNN_LEARN_alpha] || c->learns[SNN_LEARN_coefficients]));
}

bool snn_cell_keeps_solved(const struct snn_cell *c, bool gradients)
{
    return gradients && c->solver->has_history && !c->detach_reset && c->reset->b != 0;
}

bool snn_cell_takes_above(const struct snn_cell *c)
{
    return !c->neuron->forward && !c->solver->has_history && c->detach_reset &&
           !c->learns[SNN_LEARN_tau] && !c->learns[SNN_LEARN_threshold];
}

size_t snn_above_size(size_t n, size_t width)
{
    return (width + SNN_PANEL - 1) / SNN_PANEL * SNN_PANEL * n;
}

void snn_above_fill(real *panels, const real *weight, size_t n, size_t width)
{
    for (size_t i = 0; i < width; i += SNN_PANEL) {
        const size_t left = width - i < SNN_PANEL ? width - i : SNN_PANEL;
        for (size_t j = 0; j < n; j++)
            memcpy(panels + i * n + j * SNN_PANEL, weight + j * width + i, left * sizeof *weight);
    }
}

bool snn_cell_spikes_are_x(const struct snn_cell *c)
{
    return snn_cell_takes_above(c) && c->reset->b == 0 && c->surrogate->training == SNN_SPIKE_HARD;
}

size_t snn_cell_tile(const struct snn_cell *c)
{
    const bool learns = c->learns[SNN_LEARN_alpha] || c->learns[SNN_LEARN_coefficients];
    const size_t rows = c->time_steps + 1 + (learns ? SNN_HISTORY_LAGS + c->time_steps : 0);
    const size_t states = c->table.exponentials.count;
    return (rows + SNN_HISTORY_STEPS + 3 + states) * SNN_TILE; /* as snn_tile_of */
}

double snn_cell_history(const struct snn_cell *c)
{
    const double steps = (double)c->time_steps, lags = (double)c->table.lags;
    const double terms = steps * lags - lags * (lags + 1) / 2; /* sum over t of min(lags, t) */
    const double states = (double)c->table.exponentials.count;
    const bool learns = c->learns[SNN_LEARN_alpha] || c->learns[SNN_LEARN_coefficients];
    if (!c->solver->has_history)
        return 0;
    if (states > 0)
        return (double)c->n * steps * (SNN_NEAR + 2 * states) * (2 + learns);
    return (double)c->n * terms * (2 + learns);
}

void snn_solver_forward(const struct snn_cell *c, const struct snn_cell_forward *f)
{
    (c->solver->has_history ? snn_fractional_forward : snn_euler_forward)(c, f);
}

void snn_solver_backward(const struct snn_cell *c, const struct snn_cell_backward *b)
{
    (c->solver->has_history ? snn_fractional_backward : snn_euler_backward)(c, b);
}

void snn_cell_forward(const struct snn_cell *c, const struct snn_cell_forward *f)
{
    (c->neuron->forward ? c->neuron->forward : snn_solver_forward)(c, f);
}

void snn_cell_backward(const struct snn_cell *c, const struct snn_cell_backward *b)
{
    (c->neuron->backward ? c->neuron->backward : snn_solver_backward)(c, b);
}

void snn_cell_membrane(const struct snn_cell *c, const struct snn_cell_trace *k, size_t t,
                       real *out)
{
    const real *x = k->x + t * c->n;
    if (c->neuron->membrane) {
        c->neuron->membrane(c, k, t, out);
        return;
    }
    for (size_t i = 0; i < c->n; i++)
        out[i] = x[i] + c->threshold[i];
}
