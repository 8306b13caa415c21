/* SPDX-License-Identifier: MIT */
/* The part of core/snn.h about why a run learns or does not: evidence is gathered from the points
 * that the run tells, and judged by rules (core/diagnose/README.md). Included through it. */
#ifndef SPIKED_CORE_SNN_VERDICT_H
#define SPIKED_CORE_SNN_VERDICT_H

#include "core/snn.h"

/* The shares at which `membrane_quantiles/` and `membrane_distance/` tell a distribution. */
#define SNN_QUANTILES 7
#define SNN_DISTANCES 5
extern const double snn_quantile_share[SNN_QUANTILES], snn_distance_share[SNN_DISTANCES];

/* What a finding means for the run; in ascending order. */
#define SNN_SEVERITIES(X)                                                                          \
    X(warning)  /* it learns, and worse or more slowly than it could */                            \
    X(critical) /* as it is it cannot learn what it should */
#define SNN_SEVERITY_ENUM(name) SNN_SEVERITY_##name,
enum snn_severity { SNN_SEVERITIES(SNN_SEVERITY_ENUM) SNN_SEVERITY_COUNT };
#undef SNN_SEVERITY_ENUM
const char *snn_severity_name(enum snn_severity s);

#define SNN_MAX_FINDINGS 12
#define SNN_MAX_FACTS 6

struct snn_fact {
    const char *name; /* "silent_share"; lives as long as the program */
    double value;
};

/* The knob to turn: one value of the job. */
struct snn_change {
    char pointer[64];       /* of the job's JSON; "" = there is none */
    bool is_word;           /* the words count, else the numbers */
    double from, to;        /* from: as the job has it, be it by default */
    char was[32], word[32]; /* the same of words */
    char why[224];          /* one sentence */
};

struct snn_finding {
    const char *rule; /* its name */
    enum snn_severity severity;
    char layer[SNN_NAME_SIZE]; /* "" = of the run as a whole */
    unsigned rank;             /* how near to the root it is: a lower one explains a higher */
    const char *because;       /* the rule whose finding explains this one; NULL = none does */
    char sentence[256];        /* the evidence in words, with its numbers */
    struct snn_fact facts[SNN_MAX_FACTS];
    size_t n_facts;
    struct snn_change change;
};

struct snn_verdict {
    bool known;                                    /* there was something to judge */
    uint64_t step;                                 /* of the record that was judged */
    struct snn_finding findings[SNN_MAX_FINDINGS]; /* causes before what they explain */
    size_t n;                                      /* 0 = healthy, as far as the rules see */
};

/* The rules, in the order in which they judge: name, what it looks at. */
struct snn_rule_text {
    const char *name, *doc;
};
extern const struct snn_rule_text snn_rules[];
extern const size_t snn_rule_count;

struct snn_evidence;

/* Of a run that has not told anything yet, or whose points are given again. `run` is only looked at
 * here. */
enum snn_code snn_evidence_new(struct snn_evidence **out, const struct snn_run *run,
                               struct snn_error *err);
void snn_evidence_free(struct snn_evidence *e);
/* Takes in the points of a step, in the order of the steps; as the hook `points` has them. */
void snn_evidence_add(struct snn_evidence *e, size_t step, size_t epoch, const struct snn_point *p,
                      size_t n);
/* The run is over: trained to its end (SNN_OK), given up (SNN_DIVERGED), or ended otherwise. */
void snn_evidence_end(struct snn_evidence *e, enum snn_code how, const struct snn_metrics *m);
void snn_judge(struct snn_verdict *out, const struct snn_evidence *e);

#endif
