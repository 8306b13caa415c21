/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "core/base/param.h"
#include "core/bias/meter.h"
#include "core/data/data.h"

/* The noisy network's spec: every neuron's spike gets noise, and back goes the logistic slope,
 * through resets too. */
static struct snn_spec noisy_spec(const struct snn_spec *spec, double sigma)
{
    struct snn_spec noisy = *spec;
    for (size_t i = 0; i < noisy.n_layers; i++) {
        struct snn_neuron_spec *n = &noisy.layers[i].neuron;
        n->surrogate = snn_choice_of(snn_registry_find(&snn_surrogates, "noisy_hard"));
        n->surrogate.value[0] = 1 / sigma;
        if (!snn_neuron_of(&n->model)->own_steps)
            n->model.value[SNN_NEURON_DETACH_RESET] = 0;
    }
    return noisy;
}

static enum snn_code lay_out_nets(struct snn_meter *m, const struct snn_spec *spec,
                                  struct snn_error *err)
{
    const struct snn_net_options whole = {.segment = spec->time_steps};
    const struct snn_shape in = snn_net_input(spec, snn_data_describe(m->data));
    const struct snn_spec noisy = noisy_spec(spec, m->sigma);
    enum snn_code rc = snn_net_init(&m->own, &m->arena, spec, in, &whole, err);
    return rc == SNN_OK ? snn_net_init(&m->noisy, &m->arena, &noisy, in, &whole, err) : rc;
}

static void place_hand(struct snn_meter *m, struct snn_meter_hand *h)
{
    struct snn_arena *a = &m->arena;
    const struct snn_net *net = &m->noisy;
    struct snn_work_size size = {.shard = m->rows, .block = m->rows, .gradients = true};
    size_t widest = 0;
    snn_work_place(&h->own, a, &m->own, &size);
    size.probe = true;
    snn_work_place(&h->noisy, a, net, &size);
    h->index = snn_arena_take(a, m->rows, sizeof *h->index);
    h->loss = snn_arena_take(a, m->rows, sizeof *h->loss);
    h->martingale = snn_arena_take(a, m->rows, net->n_layers * sizeof *h->martingale);
    for (size_t i = 0; i < net->n_layers; i++) {
        const struct snn_layer *l = &net->layer[i];
        widest = l->out > widest ? l->out : widest;
        if (l->has_neuron)
            h->score[i] = snn_arena_take(a, m->rows * net->time_steps, l->out * sizeof(real));
    }
    h->scratch = snn_arena_take(a, net->time_steps, 2 * widest * sizeof(real));
}

/* What a spike is worth, in a sample's row: the layers one after the other. */
static void place_worth(struct snn_meter *m)
{
    const struct snn_net *net = &m->noisy;
    m->worths = 0;
    for (size_t i = 0; i < net->n_layers; i++) {
        m->worth_at[i] = m->worths;
        if (net->layer[i].has_neuron)
            m->worths += net->time_steps * net->layer[i].out;
    }
    m->worth = snn_arena_take(&m->arena, m->samples, m->worths * sizeof(real));
}

static bool draws_noise(const struct snn_net *net)
{
    for (size_t i = 0; i < net->n_layers; i++)
        if (net->layer[i].has_neuron && snn_spike_draws(net->layer[i].cell.surrogate))
            return true;
    return false;
}

static enum snn_code lay_out(struct snn_meter *m, const struct snn_spec *spec,
                             struct snn_error *err)
{
    struct snn_arena *a = &m->arena;
    struct snn_meter_hand measured;
    enum snn_code rc = lay_out_nets(m, spec, err);
    if (rc != SNN_OK)
        return rc;
    const size_t n = m->noisy.n_params, pilots = m->samples * SNN_BIAS_PILOTS;
    m->rows = snn_work_block(&m->noisy, m->draws);
    m->surrogates = draws_noise(&m->own) ? SNN_BIAS_GROUPS : 1;
    m->hand = snn_arena_take(a, m->threads, sizeof *m->hand);
    for (size_t i = 0; i < m->threads; i++)
        place_hand(m, m->hand ? &m->hand[i] : &measured);
    m->params = snn_arena_take(a, n, sizeof(real));
    for (size_t i = 0; i < SNN_BIAS_GROUPS; i++) {
        m->reference[i] = snn_arena_take(a, n, sizeof(real));
        m->surrogate[i] = i < m->surrogates ? snn_arena_take(a, n, sizeof(real)) : m->surrogate[0];
    }
    m->index = snn_arena_take(a, snn_data_describe(m->data)->train, sizeof *m->index);
    place_worth(m);
    m->pilot_loss = snn_arena_take(a, pilots, sizeof(double));
    m->pilot_martingale = snn_arena_take(a, pilots, m->noisy.n_layers * sizeof(double));
    m->pilot_mean = snn_arena_take(a, m->samples, m->noisy.n_layers * sizeof(double));
    m->about = snn_arena_take(a, m->samples, sizeof(double));
    if (a->failed)
        return snn_fail(err, SNN_LIMIT, "the arrays are larger than can be addressed");
    return SNN_OK;
}

enum snn_code snn_meter_build(struct snn_meter *m, const struct snn_spec *spec,
                              struct snn_error *err)
{
    const size_t most = m->options->memory;
    enum snn_code rc = lay_out(m, spec, err);
    if (rc == SNN_OK && most > 0 && m->arena.used > most)
        rc = snn_fail(err, SNN_LIMIT,
                      "%zu samples take %zu bytes of memory to measure, want at most %zu",
                      m->samples, m->arena.used, most);
    if (rc == SNN_OK && !snn_arena_build(&m->arena))
        rc = snn_fail(err, SNN_NOMEM, "no memory to measure gradients: %zu bytes", m->arena.used);
    return rc == SNN_OK ? lay_out(m, spec, err) : rc;
}
