/* SPDX-License-Identifier: MIT */
/* A measurement under way, and the one block that it works in. Rows of a block are draws of the
 * noise for one sample. */
#ifndef SPIKED_CORE_BIAS_METER_H
#define SPIKED_CORE_BIAS_METER_H

#include "core/train/pass.h"
#include "core/train/team.h"

#define SNN_BIAS_GROUPS_T 2.1314495455597742 /* Student's t, 97.5%, of 15 degrees of freedom */
/* Draws for each sample that find what a spike is worth; and as many that find by how much to trust
 * that, and what the loss is about. */
#define SNN_BIAS_PILOTS 32

/* Numbers of draws begin at; they are keys of the noise. */
enum snn_bias_draw {
    SNN_DRAW_WORTH = 0,
    SNN_DRAW_TRUST = SNN_BIAS_PILOTS,
    SNN_DRAW_REFERENCE = 2 * SNN_BIAS_PILOTS,
    SNN_DRAW_SURROGATE = 1 << 19, /* of surrogates that draw noise themselves */
};

/* A thread's. */
struct snn_meter_hand {
    struct snn_work noisy, own;
    uint32_t *index;             /* [rows]: the sample, again and again */
    double *loss;                /* [rows] */
    double *martingale;          /* [rows, layers] */
    real *score[SNN_MAX_LAYERS]; /* [rows, T, out]: what is put into dL/du */
    real *scratch;               /* [T, widest] */
};

struct snn_meter {
    struct snn_arena arena;
    const struct snn_data *data;
    const struct snn_bias_options *options;
    struct snn_net own;          /* as the spec says */
    struct snn_net noisy;        /* with noisy thresholds, and their logistic slope back */
    struct snn_net frozen;       /* the same with spikes that nothing flows back through */
    struct snn_meter_hand *hand; /* [threads] */
    struct snn_team *team;
    size_t threads, samples, rows; /* rows: draws at a time */
    size_t draws;                  /* of a group, for each sample */
    size_t surrogates; /* vectors of the surrogate's gradient: 1, or one of each group */
    double sigma;
    real *params;
    uint32_t *index;                  /* [samples] of the training set */
    real *surrogate[SNN_BIAS_GROUPS]; /* [n_params] gradients */
    real *reference[SNN_BIAS_GROUPS];
    size_t worths, worth_at[SNN_MAX_LAYERS]; /* of a sample: how many, and each layer's first */
    real *worth;        /* [samples, worths]: dL/ds of each neuron in each step, before the draws */
    double *pilot_loss; /* [samples, SNN_BIAS_PILOTS] */
    double *pilot_martingale;                     /* [samples, SNN_BIAS_PILOTS, layers] */
    double *pilot_mean;                           /* [samples, layers] of that */
    double trust[SNN_MAX_LAYERS];                 /* factors of the layers' martingales */
    double *about;                                /* [samples]: the baseline */
    double group_loss[SNN_BIAS_GROUPS], own_loss; /* summed */
    double explained;
    atomic_bool stopped, diverged;
};

/* Checks, takes the memory, puts weights and samples in place; measures; tells. In the end
 * m->arena is to be freed, whatever happened. */
enum snn_code snn_meter_begin(struct snn_meter *m, const struct snn_spec *spec,
                              const struct snn_data *data, const struct snn_model *model,
                              const struct snn_bias_options *options, struct snn_error *err);
enum snn_code snn_meter_measure(struct snn_meter *m, struct snn_error *err);
enum snn_code snn_meter_report(const struct snn_meter *m, struct snn_bias_report *out,
                               struct snn_error *err);

/* ---- build.c ---- */

/* Takes the memory for m->samples, m->draws and m->sigma: m->arena, the caller's to free. */
enum snn_code snn_meter_build(struct snn_meter *m, const struct snn_spec *spec,
                              struct snn_error *err);

/* ---- draw.c: rows of one sample ---- */

struct snn_draws {
    size_t sample;   /* of the meter's */
    size_t first, n; /* draws */
};
/* The block of those rows, forward through `net` (own or noisy, of w) with their noise. */
void snn_meter_show(const struct snn_meter *m, struct snn_meter_hand *h, const struct snn_net *net,
                    struct snn_work *w, const struct snn_draws *rows);
/* Losses of the rows into h->loss, penalties included; where a gradient is to follow, its way from
 * the loss to the last layer is put in place. */
void snn_meter_judge(struct snn_meter *m, struct snn_meter_hand *h, const struct snn_net *net,
                     struct snn_work *w, const struct snn_draws *rows, double scale, bool backward);
/* sum over the steps of worth (s - p) for each layer into h->martingale. */
void snn_meter_weigh(const struct snn_meter *m, struct snn_meter_hand *h,
                     const struct snn_draws *rows);
/* Back through the noisy network by its slope: dL/ds, over all pilots, is added to m->worth. */
void snn_meter_learn_worth(struct snn_meter *m, struct snn_meter_hand *h, real *sink,
                           const struct snn_draws *rows);
/* Adds the rows' part of the reference to grads. */
void snn_meter_add_reference(const struct snn_meter *m, struct snn_meter_hand *h, real *grads,
                             const struct snn_draws *rows, double scale);

/* ---- agree.c ---- */

/* Fills out's rows from the gradients. */
enum snn_code snn_meter_compare(const struct snn_meter *m, struct snn_bias_report *out,
                                struct snn_error *err);
/* Least squares of y on x [n, k] with a little of a ridge; k <= SNN_MAX_LAYERS. */
void snn_meter_fit(double *factor, const double *x, const double *y, size_t n, size_t k);

#endif
