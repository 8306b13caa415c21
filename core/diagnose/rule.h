/* SPDX-License-Identifier: MIT */
/* What a rule is, and what rules share. To add one: a function, a row in verdict.c, a row in
 * README.md, a job that triggers it and one that does not in tests/core/diagnose. */
#ifndef SPIKED_CORE_DIAGNOSE_RULE_H
#define SPIKED_CORE_DIAGNOSE_RULE_H

#include "core/diagnose/evidence.h"
#include "core/diagnose/thresholds.h"
#include "core/neuron/neuron.h"

/* How near to the root: what is found at a rank explains whatever is found at a later one, but for
 * the last, which stands alone. */
enum snn_rank {
    SNN_RANK_BY_ROW, /* as its rule's row says */
    SNN_RANK_DYNAMICS,
    SNN_RANK_RATE_HIGH,
    SNN_RANK_DRIVE,  /* what drives a layer is unusual */
    SNN_RANK_WINDOW, /* the surrogate is elsewhere than the membranes */
    SNN_RANK_RATE_LOW,
    SNN_RANK_EXPLODING,
    SNN_RANK_QUIET, /* a layer without anything unusual about what drives it */
    SNN_RANK_VANISHING,
    SNN_RANK_COURSE
};

/* Adds a finding; one without a place where there is no room. The caller fills it. */
struct snn_finding *snn_find(struct snn_verdict *v, const char *rule, enum snn_severity severity,
                             const char *layer);
void snn_say(struct snn_finding *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
void snn_fact_add(struct snn_finding *f, const char *name, double value);
/* The knob: its place, both values (`to` is rounded to two digits), and why in a sentence. */
void snn_suggest(struct snn_finding *f, double from, double to, const char *pointer,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));
void snn_suggest_word(struct snn_finding *f, const char *from, const char *to, const char *pointer,
                      const char *why);

/* Where a setting of the neurons of layer i stands in the job: with the job's own neuron if all
 * layers have the same, else with the layer's. */
void snn_neuron_place(char pointer[64], const struct snn_evidence *e, size_t i, const char *name);
/* The initial weights of layer i, so scaled that its neurons fire. */
void snn_suggest_rate(struct snn_finding *f, const struct snn_evidence *e, size_t i);

static inline double snn_threshold_of(const struct snn_evidence *e, size_t i)
{
    return e->spec.layers[i].neuron.model.value[SNN_NEURON_THRESHOLD];
}

/* What has looked so in so many records in a row, up to the newest, and at `most`: lastingly, or
 * until the end; or for long, of a run that has hardly learned by its end. */
bool snn_lasts(const struct snn_evidence *e, size_t records, size_t most);
/* The training loss is about what it was at first. */
bool snn_hardly_learned(const struct snn_evidence *e);

/* What the surrogate is worth: |x| where its derivative is half the peak's, HUGE_VAL where it never
 * is; the peak; and the scale of which the half-width would be that. */
double snn_half_width(const struct snn_choice *surrogate);
double snn_peak(const struct snn_choice *surrogate);
double snn_scale_for(const struct snn_choice *surrogate, double half_width);

void snn_rule_dynamics(struct snn_verdict *v, const struct snn_evidence *e);
void snn_rule_rate_high(struct snn_verdict *v, const struct snn_evidence *e);
void snn_rule_input_weak(struct snn_verdict *v, const struct snn_evidence *e);
void snn_rule_input_strong(struct snn_verdict *v, const struct snn_evidence *e);
void snn_rule_dead(struct snn_verdict *v, const struct snn_evidence *e);
void snn_rule_saturated(struct snn_verdict *v, const struct snn_evidence *e);
void snn_rule_narrow(struct snn_verdict *v, const struct snn_evidence *e);
void snn_rule_wide(struct snn_verdict *v, const struct snn_evidence *e);
void snn_rule_rate_low(struct snn_verdict *v, const struct snn_evidence *e);
void snn_rule_vanishing(struct snn_verdict *v, const struct snn_evidence *e);
void snn_rule_exploding(struct snn_verdict *v, const struct snn_evidence *e);
void snn_rule_overfitting(struct snn_verdict *v, const struct snn_evidence *e);

#endif
