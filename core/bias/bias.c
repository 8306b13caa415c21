/* SPDX-License-Identifier: MIT */
/* A measurement from beginning to end: what a spike is worth and by how much to trust that, then
 * groups of draws, each summed by one thread alone, so that threads leave no trace in the bits. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/param.h"
#include "core/base/rng.h"
#include "core/bias/meter.h"
#include "core/ckpt/format.h"
#include "core/data/data.h"

const struct snn_param snn_bias_limits[] = {
    {"samples", "training samples that the gradients are of, drawn by seed", SNN_INTEGER, 128, 1,
     4096, false, false, false},
    {"repeats", "draws of the noise for each sample, in whole groups of 16", SNN_INTEGER, 128, 32,
     100000, false, false, false},
    {"sigma",
     "scale of the logistic noise on the threshold; left out: a tenth of the thresholds' mean",
     SNN_REAL, 0, 0, 1e6, true, false, false},
    {"seed", "of samples and noise", SNN_INTEGER, 0, 0, 9007199254740991, false, false, false},
};
const size_t snn_bias_limit_count = SNN_COUNT(snn_bias_limits);

enum { SAMPLES, REPEATS };
#define LEAST_SAMPLES 16 /* that a measurement is cut down to on its own account */
#define LEAST_REPEATS 64
#define SIGMA 0.1   /* of the threshold */
#define THINNER 0.8 /* a draw of the reference, in the cost of training: it goes back in layers */

/* ----------------------------------------------------------------------------- beforehand -- */

/* A tenth of the mean magnitude of the thresholds. */
static double usual_sigma(const struct snn_spec *spec)
{
    double sum = 0, n = 0;
    for (size_t i = 0; i < spec->n_layers; i++)
        if (snn_layer_has_neuron(&spec->layers[i])) {
            sum += fabs(snn_choice_value(&spec->layers[i].neuron.model, "threshold", 0));
            n++;
        }
    return sum > 0 ? SIGMA * sum / n : SIGMA;
}

/* A spike that has no say in the reset cannot be what noise acts on. */
static enum snn_code check(const struct snn_spec *spec, struct snn_error *err)
{
    size_t neurons = 0;
    for (size_t i = 0; i < spec->n_layers; i++) {
        const struct snn_neuron_spec *n = &spec->layers[i].neuron;
        const struct snn_reset *reset = snn_reset_of(&n->reset);
        if (!snn_layer_has_neuron(&spec->layers[i]))
            continue;
        neurons++;
        if (snn_neuron_of(&n->model)->own_steps && reset->per_step + reset->whole + reset->b > 0)
            return snn_fail(err, SNN_INVALID,
                            "layer %s has neurons '%s' that are reset by their membrane, not by "
                            "their spike: with noise on the threshold nothing is smooth; want "
                            "another model, or reset none",
                            spec->layers[i].name, n->model.kind->name);
    }
    return neurons ? SNN_OK
                   : snn_fail(err, SNN_INVALID,
                              "the network has no neurons: no surrogate is in its gradient");
}

static double cost(const struct snn_meter *m, double each)
{
    const double own = m->surrogates > 1 ? (double)m->draws * SNN_BIAS_GROUPS : 1;
    return each * (double)m->samples *
           (own + 2 * SNN_BIAS_PILOTS + THINNER * (double)m->draws * SNN_BIAS_GROUPS);
}

static void set_repeats(struct snn_meter *m, size_t repeats)
{
    m->draws = (repeats + SNN_BIAS_GROUPS - 1) / SNN_BIAS_GROUPS;
}

static bool draws(const struct snn_spec *spec)
{
    for (size_t i = 0; i < spec->n_layers; i++)
        if (snn_layer_has_neuron(&spec->layers[i]) &&
            snn_spike_draws(snn_surrogate_of(&spec->layers[i].neuron.surrogate)))
            return true;
    return false;
}

/* Samples and repeats: those asked for, or as many of the usual ones as are to be afforded. */
static enum snn_code afford(struct snn_meter *m, const struct snn_spec *spec, struct snn_error *err)
{
    const struct snn_bias_options *o = m->options;
    const struct snn_data_info *info = snn_data_describe(m->data);
    struct snn_estimate e;
    enum snn_code rc = snn_run_estimate(&e, spec, info, 1, err);
    if (rc != SNN_OK)
        return rc;
    m->samples = o->samples ? o->samples : (size_t)snn_bias_limits[SAMPLES].value;
    m->samples = m->samples < info->train ? m->samples : info->train;
    set_repeats(m, o->repeats ? o->repeats : (size_t)snn_bias_limits[REPEATS].value);
    m->surrogates = draws(spec) ? SNN_BIAS_GROUPS : 1;
    while (o->most > 0 && cost(m, e.multiply_adds) > o->most) {
        if (!o->samples && m->samples > LEAST_SAMPLES)
            m->samples /= 2;
        else if (!o->repeats && m->draws * SNN_BIAS_GROUPS > LEAST_REPEATS)
            m->draws /= 2;
        else
            return snn_fail_at(err, "/repeats", SNN_LIMIT,
                               "%zu samples with %zu repeats cost about %.3g multiply-adds, want "
                               "at most %.3g",
                               m->samples, m->draws * SNN_BIAS_GROUPS, cost(m, e.multiply_adds),
                               o->most);
    }
    return SNN_OK;
}

/* Weights, samples, and the networks that are made of them. */
static enum snn_code start_from(struct snn_meter *m, const struct snn_model *model,
                                struct snn_error *err)
{
    const size_t train = snn_data_describe(m->data)->train;
    const struct snn_rng_key key = {.seed = m->options->seed, .stream = SNN_STREAM_BIAS};
    snn_net_initialise(&m->own, m->params);
    for (size_t i = 0; i < train; i++)
        m->index[i] = (uint32_t)i;
    snn_rng_shuffle(m->index, train, &key);
    if (model) {
        enum snn_code rc = snn_model_fits(model, &m->own, err);
        if (rc != SNN_OK)
            return rc;
        memcpy(m->params, model->params, m->own.n_params * sizeof(real));
    }
    snn_net_prepare(&m->own, m->params);
    snn_net_prepare(&m->noisy, m->params);
    m->frozen = m->noisy;
    for (size_t i = 0; i < m->frozen.n_layers; i++) {
        struct snn_cell *c = &m->frozen.layer[i].cell;
        c->surrogate = (const struct snn_surrogate *)(const void *)snn_registry_find(
            &snn_surrogates, "straight_through");
        c->scale = 0;
    }
    return SNN_OK;
}

/* ---------------------------------------------------------------------------------- parts -- */

static bool halted(struct snn_meter *m)
{
    const struct snn_bias_options *o = m->options;
    if (o->stop && !atomic_load(&m->stopped) && o->stop(o->user))
        atomic_store(&m->stopped, true);
    return atomic_load(&m->stopped);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* A sample's pilots. The gradients that come with them are of no use. */
static void pilot(void *user, size_t sample, size_t thread)
{
    struct snn_meter *m = user;
    struct snn_meter_hand *h = &m->hand[thread];
    const size_t layers = m->noisy.n_layers;
    real *sink = m->reference[thread];
    for (size_t i = 0; i < SNN_BIAS_PILOTS && !halted(m); i += m->rows) {
        const struct snn_draws rows = {sample, SNN_DRAW_WORTH + i,
                                       least(m->rows, SNN_BIAS_PILOTS - i)};
        snn_meter_show(m, h, &m->noisy, &h->noisy, &rows);
        snn_meter_judge(m, h, &m->noisy, &h->noisy, &rows, 1, true);
        snn_meter_learn_worth(m, h, sink, &rows);
    }
    snn_shard_settle(&m->noisy, &h->noisy, sink);
    for (size_t i = 0; i < SNN_BIAS_PILOTS && !halted(m); i += m->rows) {
        const struct snn_draws rows = {sample, SNN_DRAW_TRUST + i,
                                       least(m->rows, SNN_BIAS_PILOTS - i)};
        const size_t at = sample * SNN_BIAS_PILOTS + i;
        snn_meter_show(m, h, &m->noisy, &h->noisy, &rows);
        snn_meter_judge(m, h, &m->noisy, &h->noisy, &rows, 1, false);
        snn_meter_weigh(m, h, &rows);
        memcpy(m->pilot_loss + at, h->loss, rows.n * sizeof *h->loss);
        memcpy(m->pilot_martingale + at * layers, h->martingale,
               rows.n * layers * sizeof *h->martingale);
    }
}

/* One group's estimate of the reference. */
static void refer(void *user, size_t group, size_t thread)
{
    struct snn_meter *m = user;
    struct snn_meter_hand *h = &m->hand[thread];
    const double scale = 1 / (double)(m->samples * m->draws);
    real *grads = m->reference[group];
    memset(grads, 0, m->noisy.n_params * sizeof *grads);
    m->group_loss[group] = 0;
    for (size_t s = 0; s < m->samples; s++)
        for (size_t i = 0; i < m->draws && !halted(m); i += m->rows) {
            const struct snn_draws rows = {s, SNN_DRAW_REFERENCE + group * m->draws + i,
                                           least(m->rows, m->draws - i)};
            snn_meter_show(m, h, &m->noisy, &h->noisy, &rows);
            snn_meter_judge(m, h, &m->noisy, &h->noisy, &rows, scale, true);
            snn_meter_weigh(m, h, &rows);
            snn_meter_add_reference(m, h, grads, &rows, scale);
            for (size_t r = 0; r < rows.n; r++) /* what the baseline and the martingale leave */
                m->group_loss[group] += scale * (h->loss[r] + m->about[s]);
        }
    snn_shard_settle(&m->noisy, &h->noisy, grads);
}

/* One group's mean of a surrogate's gradient that has noise of its own. */
static void average(void *user, size_t group, size_t thread)
{
    struct snn_meter *m = user;
    struct snn_meter_hand *h = &m->hand[thread];
    const double scale = 1 / (double)(m->samples * m->draws);
    real *grads = m->surrogate[group];
    for (size_t s = 0; s < m->samples; s++)
        for (size_t i = 0; i < m->draws && !halted(m); i += m->rows) {
            const struct snn_draws rows = {s, SNN_DRAW_SURROGATE + group * m->draws + i,
                                           least(m->rows, m->draws - i)};
            const struct snn_block b = {.n = rows.n, .training = true, .backward = true};
            struct snn_tally none = {0};
            snn_meter_show(m, h, &m->own, &h->own, &rows);
            snn_meter_judge(m, h, &m->own, &h->own, &rows, scale, true);
            snn_block_backward(&m->own, &h->own, m->params, grads, &b, scale, &none, NULL);
            snn_static_end(&m->own, &h->own, m->params, grads, m->own.first, rows.n);
        }
    snn_shard_settle(&m->own, &h->own, grads);
}

/* The surrogate's gradient as training computes it: epoch 0's masks and input. */
static void train(struct snn_meter *m)
{
    struct snn_tally tally = {0};
    for (size_t i = 0; i < m->samples; i += m->rows) {
        const struct snn_shard shard = {.data = m->data,
                                        .index = m->index + i,
                                        .n = least(m->rows, m->samples - i),
                                        .training = true,
                                        .scale = 1 / (double)m->samples};
        snn_shard_run(&m->own, &m->hand[0].own, m->params,
                      m->surrogates == 1 ? m->surrogate[0] : NULL, &shard, &tally, NULL);
    }
    m->own_loss = tally.loss / (double)m->samples;
}

/* Takes the mean of each column of v [n, k] out of it, into `mean` [k]. */
static void centre(double *v, double *mean, size_t n, size_t k)
{
    for (size_t j = 0; j < k; j++) {
        mean[j] = 0;
        for (size_t i = 0; i < n; i++)
            mean[j] += v[i * k + j] / (double)n;
        for (size_t i = 0; i < n; i++)
            v[i * k + j] -= mean[j];
    }
}

/* Each layer's martingale counts as it explained the pilots' losses, sample by sample; what it left
 * of them on average is the baseline. */
static void settle_on(struct snn_meter *m)
{
    const size_t pilots = SNN_BIAS_PILOTS, layers = m->noisy.n_layers, n = m->samples * pilots;
    double *means = m->pilot_mean, left = 0, whole = 0;
    for (size_t s = 0; s < m->samples; s++) {
        centre(m->pilot_loss + s * pilots, &m->about[s], pilots, 1);
        centre(m->pilot_martingale + s * pilots * layers, means + s * layers, pilots, layers);
    }
    snn_meter_fit(m->trust, m->pilot_martingale, m->pilot_loss, n, layers);
    for (size_t s = 0; s < m->samples; s++)
        for (size_t k = 0; k < layers; k++)
            m->about[s] -= m->trust[k] * means[s * layers + k];
    for (size_t i = 0; i < n; i++) {
        double rest = m->pilot_loss[i];
        for (size_t k = 0; k < layers; k++)
            rest -= m->trust[k] * m->pilot_martingale[i * layers + k];
        left += rest * rest;
        whole += m->pilot_loss[i] * m->pilot_loss[i];
    }
    m->explained = whole > 0 ? fmax(0, 1 - left / whole) : 0;
}

enum snn_code snn_meter_begin(struct snn_meter *m, const struct snn_spec *spec,
                              const struct snn_data *data, const struct snn_model *model,
                              const struct snn_bias_options *options, struct snn_error *err)
{
    *m = (struct snn_meter){.data = data,
                            .options = options,
                            .threads = options->threads ? options->threads : 1,
                            .sigma = options->sigma > 0 ? options->sigma : usual_sigma(spec)};
    m->threads = least(m->threads, SNN_BIAS_GROUPS);
    enum snn_code rc = check(spec, err);
    if (rc == SNN_OK)
        rc = afford(m, spec, err);
    if (rc == SNN_OK)
        rc = snn_meter_build(m, spec, err);
    return rc == SNN_OK ? start_from(m, model, err) : rc;
}

enum snn_code snn_meter_measure(struct snn_meter *m, struct snn_error *err)
{
    enum snn_code rc = snn_team_start(&m->team, m->threads, err);
    if (rc != SNN_OK)
        return rc;
    snn_team_do(m->team, m->samples, pilot, m);
    if (!halted(m))
        settle_on(m);
    snn_team_do(m->team, SNN_BIAS_GROUPS, refer, m);
    if (m->surrogates > 1)
        snn_team_do(m->team, SNN_BIAS_GROUPS, average, m);
    if (!halted(m))
        train(m);
    snn_team_stop(m->team);
    if (atomic_load(&m->stopped))
        return snn_fail(err, SNN_STOPPED, "the measurement was stopped");
    if (atomic_load(&m->diverged))
        return snn_fail(err, SNN_DIVERGED, "a loss of the noisy network is not finite");
    return SNN_OK;
}

enum snn_code snn_meter_report(const struct snn_meter *m, struct snn_bias_report *out,
                               struct snn_error *err)
{
    double mean = 0, squares = 0;
    *out = (struct snn_bias_report){.samples = m->samples,
                                    .repeats = m->draws * SNN_BIAS_GROUPS,
                                    .sigma = m->sigma,
                                    .loss = m->own_loss,
                                    .explained = m->explained};
    for (size_t i = 0; i < SNN_BIAS_GROUPS; i++)
        mean += m->group_loss[i] / SNN_BIAS_GROUPS;
    for (size_t i = 0; i < SNN_BIAS_GROUPS; i++)
        squares += (m->group_loss[i] - mean) * (m->group_loss[i] - mean);
    out->expected_loss = mean;
    out->expected_loss_error =
        SNN_BIAS_GROUPS_T * sqrt(squares / SNN_BIAS_GROUPS / (SNN_BIAS_GROUPS - 1));
    return snn_meter_compare(m, out, err);
}

enum snn_code snn_bias(struct snn_bias_report *out, const struct snn_spec *spec,
                       const struct snn_data *data, const struct snn_model *model,
                       const struct snn_bias_options *options, struct snn_error *err)
{
    struct snn_meter *m = calloc(1, sizeof *m);
    if (!m)
        return snn_fail(err, SNN_NOMEM, "no memory to measure gradients");
    enum snn_code rc = snn_meter_begin(m, spec, data, model, options, err);
    if (rc == SNN_OK)
        rc = snn_meter_measure(m, err);
    if (rc == SNN_OK)
        rc = snn_meter_report(m, out, err);
    snn_arena_free(&m->arena);
    free(m);
    return rc;
}
