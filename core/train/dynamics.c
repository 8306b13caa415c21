/* SPDX-License-Identifier: MIT */
/* What a neuron's orders, memory and learned constants may be, and what is legal and probably not
 * meant. */
#include <complex.h>
#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "core/neuron/neuron.h"
#include "core/train/spec.h"

enum { LIMIT_ALPHA, LIMIT_COEFFICIENTS, LIMIT_MEMORY, LIMIT_EXPONENTIALS, LIMIT_LEARNING_RATE };

const struct snn_param snn_neuron_limits[] = {
    {"alpha", "order of the dynamics: a number, or a list of up to 8 for solver gl", SNN_REAL, 1, 0,
     1, true, false, false},
    {"coefficients", "weight of each order of a list", SNN_REAL, 1, -1e6, 1e6, false, false, false},
    {"memory", "past states kept; null = all", SNN_INTEGER, HUGE_VAL, 0, 1e9, false, false, false},
    {"exponentials",
     "decaying states that stand for the far past of a fractional solver, 4 or more; 0 = the sums "
     "over it are exact",
     SNN_INTEGER, 0, 0, SNN_MAX_EXPONENTIALS, false, false, false},
    {"learning_rate", "of what is learned here, times the schedule; null = the optimizer's",
     SNN_REAL, HUGE_VAL, 0, 1e9, true, false, false},
};
const size_t snn_neuron_limit_count = SNN_COUNT(snn_neuron_limits);

#define PLACE_SIZE 96

/* "gl, l1, trap, pred": those with a history, or only those that take several terms. */
static const char *solver_names(char text[64], bool many_terms)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < snn_solvers.count; i++) {
        const struct snn_choice c = {.kind = snn_registry_at(&snn_solvers, i)};
        const struct snn_solver *s = snn_solver_of(&c);
        if (!s->has_history || (many_terms && !s->many_terms) || used >= 64)
            continue;
        const int n = snprintf(text + used, 64 - used, "%s%s", used ? ", " : "", s->kind.name);
        used += n > 0 ? (size_t)n : 0;
    }
    return text;
}

/* ---------------------------------------------------------------------------------- orders -- */

static void check_number(struct snn_check *c, size_t limit, double v, const char *place)
{
    struct snn_error e = {0};
    if (snn_param_check(&snn_neuron_limits[limit], v, &e) != SNN_OK)
        snn_wrong(c, place, "%s", e.message);
}

/* Euler's step is of order 1 and keeps nothing. */
static void check_euler(struct snn_check *c, const struct snn_neuron_spec *n, const char *place)
{
    char at[PLACE_SIZE], names[64];
    if (n->n_terms != 1 || n->alpha[0] != 1) {
        (void)snprintf(at, sizeof at, "%salpha", place);
        snn_wrong(c, at,
                  "alpha is %g, but solver %s knows order 1 only, want for other orders one of the "
                  "solvers: %s",
                  n->alpha[0], n->solver.kind->name, solver_names(names, false));
    }
    if (n->memory != SNN_ALL_STATES) {
        (void)snprintf(at, sizeof at, "%smemory", place);
        snn_wrong(c, at,
                  "memory is %zu, but solver %s keeps no past states: leave it out, or want one of "
                  "the solvers: %s",
                  n->memory, n->solver.kind->name, solver_names(names, false));
    }
    if (n->exponentials > 0) {
        (void)snprintf(at, sizeof at, "%sexponentials", place);
        snn_wrong(c, at,
                  "exponentials is %zu, but solver %s keeps no past states: leave it out, or want "
                  "one of the solvers: %s",
                  n->exponentials, n->solver.kind->name, solver_names(names, false));
    }
}

/* A past that is cut off is no sum of what decays. */
static void check_exponentials(struct snn_check *c, const struct snn_neuron_spec *n,
                               const char *place)
{
    char at[PLACE_SIZE];
    (void)snprintf(at, sizeof at, "%sexponentials", place);
    if (n->exponentials > SNN_MAX_EXPONENTIALS ||
        (n->exponentials > 0 && n->exponentials < SNN_MIN_EXPONENTIALS))
        snn_wrong(c, at, "exponentials is %zu, want %d to %d, or 0 for exact sums", n->exponentials,
                  SNN_MIN_EXPONENTIALS, SNN_MAX_EXPONENTIALS);
    else if (n->exponentials > 0 && n->memory != SNN_ALL_STATES)
        snn_wrong(c, at,
                  "exponentials is %zu with a memory of %zu past states, which no sum of decaying "
                  "states has: want 0, or memory null",
                  n->exponentials, n->memory);
}

static void check_terms(struct snn_check *c, const struct snn_neuron_spec *n, const char *place)
{
    char at[PLACE_SIZE];
    double sum = 0;
    for (size_t i = 0; i < n->n_terms; i++) {
        (void)snprintf(at, sizeof at, "%salpha/%zu", place, i);
        check_number(c, LIMIT_ALPHA, n->alpha[i], at);
        (void)snprintf(at, sizeof at, "%scoefficients/%zu", place, i);
        check_number(c, LIMIT_COEFFICIENTS, n->coefficients[i], at);
        sum += n->coefficients[i] * pow(n->model.value[SNN_NEURON_STEP], -n->alpha[i]);
    }
    (void)snprintf(at, sizeof at, "%scoefficients", place);
    if (!isfinite(sum) || sum == 0)
        snn_wrong(c, at,
                  "the terms' weights coefficient * step^-alpha add up to %g, want another number "
                  "than 0",
                  sum);
}

static void check_orders(struct snn_check *c, const struct snn_neuron_spec *n, const char *place)
{
    const struct snn_solver *solver = snn_solver_of(&n->solver);
    char at[PLACE_SIZE], names[64];
    (void)snprintf(at, sizeof at, "%salpha", place);
    if (n->n_terms < 1 || n->n_terms > SNN_MAX_TERMS)
        snn_wrong(c, at, "%zu orders, want 1 to %d", n->n_terms, SNN_MAX_TERMS);
    else if (n->n_terms > 1 && !solver->many_terms)
        snn_wrong(c, at, "%zu orders for solver %s, want one, or one of the solvers: %s",
                  n->n_terms, solver->kind.name, solver_names(names, true));
    else if (n->n_terms > 1)
        check_terms(c, n, place);
    else
        check_number(c, LIMIT_ALPHA, n->alpha[0], at);
}

/* --------------------------------------------------------------------------------- learned -- */

static void check_learned(struct snn_check *c, const struct snn_neuron_spec *n,
                          enum snn_learnable which, const char *at)
{
    const char *name = snn_learnable_name(which);
    const bool by_term = snn_learnable_by_term(which);
    const size_t values = by_term ? n->n_terms : 1;
    char names[64];
    if (by_term && !snn_solver_of(&n->solver)->has_history) {
        snn_wrong(c, at, "solver %s has no %s to learn, want one of the solvers: %s",
                  n->solver.kind->name, name, solver_names(names, false));
        return;
    }
    if (isnan(snn_learnable_initial(n, which, 0))) {
        snn_wrong(c, at, "neuron model %s has no %s to learn", n->model.kind->name, name);
        return;
    }
    if (!snn_learnable_allows(which, n->learn[which]))
        snn_wrong(c, at, "%s cannot be learned per neuron, want \"layer\"", name);
    if (which == SNN_LEARN_coefficients && n->n_terms == 1)
        snn_wrong(c, at, "a single order has no coefficient to learn, want a list of alpha");
    for (size_t i = 0; i < values && i < SNN_MAX_TERMS; i++) {
        struct snn_error e = {0};
        if (snn_learnable_check(which, snn_learnable_initial(n, which, i), &e) != SNN_OK)
            snn_wrong(c, at, "%s", e.message);
    }
}

void snn_check_dynamics(struct snn_check *c, const struct snn_neuron_spec *n, const char *place)
{
    char at[PLACE_SIZE];
    if (n->learning_rate != 0) {
        (void)snprintf(at, sizeof at, "%slearning_rate", place);
        check_number(c, LIMIT_LEARNING_RATE, n->learning_rate, at);
    }
    if (snn_neuron_of(&n->model)->own_steps && snn_solver_of(&n->solver)->has_history) {
        (void)snprintf(at, sizeof at, "%ssolver", place);
        snn_wrong(c, at, "solver %s for neuron model %s, whose steps are its own, want euler",
                  n->solver.kind->name, n->model.kind->name);
        return;
    }
    if (snn_solver_of(&n->solver)->has_history) {
        check_orders(c, n, place);
        check_exponentials(c, n, place);
    } else {
        check_euler(c, n, place);
    }
    for (enum snn_learnable which = 0; which < SNN_LEARNABLE_COUNT; which++) {
        (void)snprintf(at, sizeof at, "%slearn/%s", place, snn_learnable_name(which));
        if (n->learn[which] != SNN_FIXED)
            check_learned(c, n, which, at);
    }
}

/* -------------------------------------------------------------------------------- warnings -- */

/* Lags that are looked at; weights further back are small and change no verdict. */
#define KERNEL_LAGS 4096
#define SCANNED_LAGS 512
#define ANGLES 2048 /* several for each swing that SCANNED_LAGS lags can hold */
#define MUCH_LOST 0.05

/* How a solver weighs the past. */
struct kernel {
    double w[KERNEL_LAGS + 1], a;
    size_t lags;
    bool sums_f;
};

static void fill_kernel(struct kernel *k, const struct snn_neuron_spec *n, size_t lags)
{
    struct snn_orders orders = {.n = n->n_terms, .h = n->model.value[SNN_NEURON_STEP]};
    struct snn_weights_table table = {.w = k->w, .lags = lags};
    memcpy(orders.alpha, n->alpha, sizeof orders.alpha);
    memcpy(orders.coefficient, n->coefficients, sizeof orders.coefficient);
    snn_solver_of(&n->solver)->weights(&table, &orders);
    k->a = table.a;
    k->lags = lags;
    k->sums_f = snn_solver_of(&n->solver)->sums_f;
}

/*
 * The tau at which a membrane without input neither grows nor decays: below the largest such, it
 * grows. With f = -y/tau such a state is y_k = z^k, |z| = 1, and with u = 1/z
 *
 *     gl, l1:   tau = -a u / (1 + sum_{d>=1} w_d u^d)      pred:   tau = -sum_{d>=0} w_d u^(d+1)
 *
 * where that is real. With the whole past the largest is at z = -1, (h/2)^alpha for gl; a past that
 * is cut off can swing more slowly, so there all z are looked at.
 */
static double complex tau_at(const struct kernel *k, double angle)
{
    const double complex u = cos(angle) - sin(angle) * (double complex)I;
    double complex sum = 0;
    for (size_t d = k->lags; d > 0; d--)
        sum = (sum + k->w[d]) * u;
    return k->sums_f ? -u * (k->w[0] + sum) : -k->a * u / (1 + sum);
}

static double slowest_tau(const struct kernel *k)
{
    const double pi = acos(-1);
    double complex before = tau_at(k, pi);
    double largest = creal(before);
    for (size_t i = ANGLES - 1; i > 0; i--) {
        const double complex now = tau_at(k, pi * (double)i / ANGLES);
        const double y0 = cimag(before), y1 = cimag(now);
        if (y0 * y1 < 0) /* real in between */
            largest = fmax(largest, (creal(before) * y1 - creal(now) * y0) / (y1 - y0));
        before = now;
    }
    return largest;
}

/* At z = -1, with all states kept: the tail alternates, and its limit is between the last two. */
static double alternating_tau(struct kernel *k)
{
    k->w[k->lags] /= 2;
    return creal(tau_at(k, acos(-1)));
}

static double critical_tau(const struct snn_neuron_spec *n, size_t time_steps)
{
    struct kernel k;
    if (n->memory >= time_steps - 1 || n->memory > SCANNED_LAGS) {
        fill_kernel(&k, n, KERNEL_LAGS);
        return alternating_tau(&k);
    }
    fill_kernel(&k, n, n->memory);
    return slowest_tau(&k);
}

double snn_least_tau(const struct snn_neuron_spec *n, size_t time_steps)
{
    if (snn_neuron_of(&n->model)->leak == 0)
        return 0;
    return snn_solver_of(&n->solver)->has_history ? critical_tau(n, time_steps)
                                                  : n->model.value[SNN_NEURON_STEP] / 2;
}

/* What a state does that is multiplied by such a factor, -1 or less, in each step. */
static const char *swing(double factor)
{
    return factor < -1 ? "and grows" : "without decay";
}

static void warn_stability(struct snn_check *c, const struct snn_neuron_spec *n, size_t time_steps,
                           const char *place)
{
    const double tau = n->model.value[SNN_NEURON_TAU], h = n->model.value[SNN_NEURON_STEP];
    char at[PLACE_SIZE];
    (void)snprintf(at, sizeof at, "%stau", place);
    if (snn_neuron_of(&n->model)->leak == 0)
        return;
    if (!snn_solver_of(&n->solver)->has_history) {
        const double factor = 1 - h / tau;
        if (factor <= -1)
            snn_wrong(c, at,
                      "step/tau is %g: the membrane's factor 1 - step/tau is %g a step, so it "
                      "oscillates %s; want tau above step/2",
                      h / tau, factor, swing(factor));
        return;
    }
    const double least = critical_tau(n, time_steps);
    if (!(tau > least))
        snn_wrong(c, at,
                  "tau is %g: with solver %s, step %g and these orders the membrane oscillates "
                  "%s; want tau above %.4g",
                  tau, n->solver.kind->name, h, swing(tau < least ? -HUGE_VAL : -1), least);
}

/* How much of what the solver takes from the past the memory leaves out. */
static void warn_memory(struct snn_check *c, const struct snn_neuron_spec *n, size_t time_steps,
                        const char *place)
{
    const size_t past = time_steps - 1, all = past < KERNEL_LAGS ? past : KERNEL_LAGS;
    double whole = 0, lost = 0;
    struct kernel k;
    char at[PLACE_SIZE];
    if (n->memory >= all)
        return;
    fill_kernel(&k, n, all);
    for (size_t d = 1; d <= all; d++) {
        whole += fabs(k.w[d]);
        lost += d > n->memory ? fabs(k.w[d]) : 0;
    }
    (void)snprintf(at, sizeof at, "%smemory", place);
    if (lost > MUCH_LOST * whole)
        snn_wrong(c, at,
                  "memory is %zu of %zu past states: it loses %.0f%% of the weight that solver %s "
                  "gives them; want more, or null for all",
                  n->memory, past, 100 * lost / whole, n->solver.kind->name);
}

/* A second state is stepped by Euler, whatever the membrane's solver. */
static void warn_decay(struct snn_check *c, const struct snn_neuron_spec *n, const char *name,
                       const char *place)
{
    const double h = n->model.value[SNN_NEURON_STEP];
    const double tau = snn_choice_value(&n->model, name, HUGE_VAL);
    char at[PLACE_SIZE];
    (void)snprintf(at, sizeof at, "%s%s", place, name);
    const double factor = 1 - h / tau;
    if (factor <= -1)
        snn_wrong(
            c, at,
            "step/%s is %g: the factor 1 - step/%s is %g a step, so it oscillates %s; want %s "
            "above step/2",
            name, h / tau, name, factor, swing(factor), name);
}

/* snnTorch takes any value, and what is outside [0, 1] as the end that is next to it. */
static void warn_clamped(struct snn_check *c, const struct snn_neuron_spec *n, const char *name,
                         const char *place)
{
    const double v = snn_choice_value(&n->model, name, 0);
    char at[PLACE_SIZE];
    (void)snprintf(at, sizeof at, "%s%s", place, name);
    if (v < 0 || v > 1)
        snn_wrong(c, at, "%s is %g and counts as %d, want it in [0, 1]", name, v, v > 1);
}

void snn_warn_dynamics(struct snn_check *c, const struct snn_neuron_spec *n, size_t time_steps,
                       const char *place)
{
    char at[PLACE_SIZE];
    if (snn_neuron_of(&n->model)->own_steps) {
        warn_clamped(c, n, "beta", place);
        warn_clamped(c, n, "alpha_syn", place);
        return;
    }
    warn_decay(c, n, "tau_syn", place);
    warn_decay(c, n, "tau_adapt", place);
    warn_stability(c, n, time_steps, place);
    if (!snn_solver_of(&n->solver)->has_history)
        return;
    warn_memory(c, n, time_steps, place);
    (void)snprintf(at, sizeof at, "%salpha", place);
    if (n->n_terms == 1 && n->alpha[0] == 1)
        snn_wrong(c, at,
                  "alpha is 1, where solver %s is Euler's and only slower; want alpha below 1, or "
                  "solver euler",
                  n->solver.kind->name);
}
