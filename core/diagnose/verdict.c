/* SPDX-License-Identifier: MIT */
/* The table of rules, and what becomes of what they find. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/param.h"
#include "core/diagnose/rule.h"

struct rule {
    enum snn_rank rank;
    void (*judge)(struct snn_verdict *v, const struct snn_evidence *e);
};

/* clang-format off */
#define RULES(ROW) \
    ROW(unstable_dynamics,  DYNAMICS,  dynamics,     "step/tau of each layer against what its solver bears, and the membranes' range") \
    ROW(learning_rate_high, RATE_HIGH, rate_high,    "update-to-weight ratio, growth of the weights, and runs given up as diverged") \
    ROW(input_weak,         DRIVE,     input_weak,   "a silent first layer whose input is far smaller than usual") \
    ROW(input_strong,       DRIVE,     input_strong, "a saturated first layer whose input is far larger than usual") \
    ROW(dead_layer,         DRIVE,     dead,         "share of silent neurons, distance to the threshold, size of the weights") \
    ROW(saturated_layer,    DRIVE,     saturated,    "share of neurons that fire at every step, size of the weights, threshold") \
    ROW(surrogate_narrow,   WINDOW,    narrow,       "share of neuron-steps where the surrogate lets gradient through") \
    ROW(surrogate_wide,     WINDOW,    wide,         "the surrogate's half-width against the distribution of |u - threshold|") \
    ROW(learning_rate_low,  RATE_LOW,  rate_low,     "update-to-weight ratio while the loss stays where it began") \
    ROW(exploding_gradient, EXPLODING, exploding,    "dL/du from the last layer to the first and from the last steps to the first where it grows, and bursts of the gradient's norm") \
    ROW(vanishing_gradient, VANISHING, vanishing,    "dL/du from the last layer to the first, and from the last steps to the first") \
    ROW(overfitting,        COURSE,    overfitting,  "validation loss against its minimum while the training loss falls; test against training")
/* clang-format on */

#define TEXT(name, rank, function, doc) {#name, doc},
const struct snn_rule_text snn_rules[] = {RULES(TEXT)};
const size_t snn_rule_count = SNN_COUNT(snn_rules);

#define ROW(name, rank, function, doc) {SNN_RANK_##rank, snn_rule_##function},
static const struct rule rules[] = {RULES(ROW)};

const char *snn_severity_name(enum snn_severity s)
{
#define NAME(name) #name,
    static const char *const names[] = {SNN_SEVERITIES(NAME)};
#undef NAME
    return s < SNN_SEVERITY_COUNT ? names[s] : "unknown";
}

/* ---------------------------------------------------------------------------- of a finding -- */

struct snn_finding *snn_find(struct snn_verdict *v, const char *rule, enum snn_severity severity,
                             const char *layer)
{
    /* The last place is where what has none is written. */
    struct snn_finding *f = &v->findings[v->n < SNN_MAX_FINDINGS ? v->n : SNN_MAX_FINDINGS - 1];
    v->n += v->n < SNN_MAX_FINDINGS;
    *f = (struct snn_finding){.rule = rule, .severity = severity};
    (void)snprintf(f->layer, sizeof f->layer, "%s", layer);
    return f;
}

void snn_say(struct snn_finding *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(f->sentence, sizeof f->sentence, format, args);
    va_end(args);
}

void snn_fact_add(struct snn_finding *f, const char *name, double value)
{
    if (f->n_facts < SNN_MAX_FACTS)
        f->facts[f->n_facts++] = (struct snn_fact){name, value};
}

/* To two digits: what is suggested is a magnitude, and is to be read. */
static double rounded(double v)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%.1e", v);
    return strtod(text, NULL);
}

void snn_suggest(struct snn_finding *f, double from, double to, const char *pointer,
                 const char *format, ...)
{
    struct snn_change *c = &f->change;
    va_list args;
    if (!isfinite(to) || rounded(to) == from)
        return;
    *c = (struct snn_change){.from = from, .to = rounded(to)};
    (void)snprintf(c->pointer, sizeof c->pointer, "%s", pointer);
    va_start(args, format);
    (void)vsnprintf(c->why, sizeof c->why, format, args);
    va_end(args);
}

void snn_suggest_word(struct snn_finding *f, const char *from, const char *to, const char *pointer,
                      const char *why)
{
    struct snn_change *c = &f->change;
    *c = (struct snn_change){.is_word = true};
    (void)snprintf(c->pointer, sizeof c->pointer, "%s", pointer);
    (void)snprintf(c->was, sizeof c->was, "%s", from);
    (void)snprintf(c->word, sizeof c->word, "%s", to);
    (void)snprintf(c->why, sizeof c->why, "%s", why);
}

/* ---------------------------------------------------------------------------- of the job -- */

/* Whether two neurons have one setting in common: a parameter of the model, or the surrogate. */
static bool same_setting(const struct snn_neuron_spec *a, const struct snn_neuron_spec *b,
                         const char *name)
{
    if (strcmp(name, "surrogate_scale") == 0)
        return a->surrogate.kind == b->surrogate.kind &&
               a->surrogate.value[0] == b->surrogate.value[0];
    return snn_choice_value(&a->model, name, (double)NAN) ==
           snn_choice_value(&b->model, name, (double)NAN);
}

void snn_neuron_place(char pointer[64], const struct snn_evidence *e, size_t i, const char *name)
{
    const struct snn_layer_spec *layer = e->spec.layers;
    bool same = true;
    for (size_t k = 0; k < e->spec.n_layers; k++)
        same = same &&
               (e->layer[k].neurons == 0 || same_setting(&layer[k].neuron, &layer[i].neuron, name));
    if (same)
        (void)snprintf(pointer, 64, "/neuron/%s", name);
    else
        (void)snprintf(pointer, 64, "/layers/%zu/neuron/%s", i, name);
}

bool snn_hardly_learned(const struct snn_evidence *e)
{
    return e->train_loss > (1 - HARDLY_LEARNED) * e->first_loss;
}

bool snn_lasts(const struct snn_evidence *e, size_t records, size_t most)
{
    if (records >= LASTING)
        return true;
    return e->over && (records > 0 || (most >= LASTING && snn_hardly_learned(e)));
}

void snn_suggest_rate(struct snn_finding *f, const struct snn_evidence *e, size_t i)
{
    const size_t k = e->layer[i].weights;
    const char *now = e->spec.layers[k].initialiser.kind->name;
    char pointer[64];
    (void)snprintf(pointer, sizeof pointer, "/layers/%zu/initialisation/kind", k);
    if (strcmp(now, "rate") != 0 && e->layer[k].fan_in)
        snn_suggest_word(f, now, "rate", pointer,
                         "scales the first weights so that the layer's neurons fire a spike in ten "
                         "steps before training begins");
}

/* ---------------------------------------------------------------------------- the verdict -- */

/* Stable: findings of a rank stay in the order of rules and layers. */
static void sort(struct snn_verdict *v)
{
    for (size_t i = 1; i < v->n; i++) {
        const struct snn_finding f = v->findings[i];
        size_t k = i;
        for (; k > 0 && v->findings[k - 1].rank > f.rank; k--)
            v->findings[k] = v->findings[k - 1];
        v->findings[k] = f;
    }
}

/* What another finding explains needs no knob of its own, and no knob is turned twice. */
static void explain(struct snn_verdict *v)
{
    for (size_t i = 0; i < v->n; i++) {
        struct snn_finding *f = &v->findings[i];
        const struct snn_finding *root = &v->findings[0];
        if (f->rank > root->rank && f->rank != SNN_RANK_COURSE) {
            f->because = root->rule;
            f->change.pointer[0] = '\0';
        }
        for (size_t k = 0; k < i; k++)
            if (strcmp(v->findings[k].change.pointer, f->change.pointer) == 0)
                f->change.pointer[0] = '\0';
    }
}

void snn_judge(struct snn_verdict *out, const struct snn_evidence *e)
{
    *out = (struct snn_verdict){.known = e->records > 0 || e->over, .step = e->step};
    for (size_t i = 0; out->known && i < SNN_COUNT(rules); i++) {
        const size_t before = out->n;
        rules[i].judge(out, e);
        for (size_t k = before; k < out->n; k++)
            if (out->findings[k].rank == SNN_RANK_BY_ROW)
                out->findings[k].rank = rules[i].rank;
    }
    sort(out);
    explain(out);
}
