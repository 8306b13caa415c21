/* SPDX-License-Identifier: MIT */
/* surrogates.json: derivatives and spikes at given distances from the threshold. */
#include "core/surrogate/surrogate.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "core/neuron/neuron.h"
#include "tests/reference/check.h"

static const bool is_double = sizeof(real) == sizeof(double);

/* The file calls the one parameter by what it is. */
static double scale_of(struct ref_case *c)
{
    static const char *const names[] = {"scale", "gamma", "sigma"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (json_object_get(c->parameters, names[i]))
            return ref_number(c, c->parameters, names[i]);
    ref_fail(c, "has no scale, gamma or sigma");
    return 1;
}

/* In float: what cannot be told from 0, and what may be on the other side of the window's edge. */
static bool *left_out(struct ref_case *c, const struct ref_array *x)
{
    bool *skip = ref_take(&c->pool, x->count, sizeof *skip);
    double edge = ref_number_or(c, c->parameters, "gamma", HUGE_VAL);

    for (size_t i = 0; i < x->count && !is_double; i++) {
        double size = fabs(x->data[i]);
        skip[i] = size != 0 && size < 1e-30;
        skip[i] |= fabs(size - edge) <= 4 * (double)FLT_EPSILON * edge && isfinite(edge);
    }
    return skip;
}

static real *ones(struct ref_case *c, size_t n)
{
    real *one = ref_take(&c->pool, n, sizeof *one);

    for (size_t i = 0; i < n; i++)
        one[i] = 1;
    return one;
}

/* What a neuron emits that stands at x: unit tau, threshold 0, the input alone charges it. */
static double *spikes_at(struct ref_case *c, const struct snn_choice *choice, const real *x,
                         size_t n)
{
    const struct snn_choice model = snn_choice_of(snn_registry_find(&snn_neurons, "lif"));
    const struct snn_choice reset = snn_choice_of(snn_registry_find(&snn_resets, "none"));
    const struct snn_choice solver = snn_choice_of(snn_registry_find(&snn_solvers, "euler"));
    real h = 1, *r = ones(c, n), *threshold = ref_take(&c->pool, n, sizeof(real));
    const struct snn_cell cell = {
        .neuron = snn_neuron_of(&model),
        .solver = snn_solver_of(&solver),
        .surrogate = snn_surrogate_of(choice),
        .reset = snn_reset_of(&reset),
        .r = r,
        .threshold = threshold,
        .scale = (real)choice->value[0],
        .detach_reset = true,
        .h = &h,
        .n = n,
        .time_steps = 1,
    };
    const struct snn_cell_forward f = {
        .to = 1,
        .current = x,
        .current_stride = n,
        .x = ref_take(&c->pool, n, sizeof(real)),
        .s = ref_take(&c->pool, n, sizeof(real)),
        .state = ref_take(&c->pool, n, sizeof(real)),
    };
    snn_cell_forward(&cell, &f);
    return ref_doubles(c, f.s, n);
}

struct points {
    const struct snn_choice *choice;
    const struct snn_surrogate *surrogate;
    const struct ref_array *given; /* x as the file has it */
    const real *x;
    const bool *skip;
    size_t n;
    real scale;
};

static double *gradient(struct ref_case *c, const struct points *p, const real *upstream,
                        const real *s)
{
    real *out = ref_take(&c->pool, p->n, sizeof *out);

    p->surrogate->gradient(out, upstream, p->x, s, p->n, p->scale);
    return ref_doubles(c, out, p->n);
}

/* The curve that is plotted, against the same numbers as the kernel. */
static void check_curve(struct ref_case *c, const struct points *p, const char *derivative_key,
                        const char *spike_key)
{
    double *spike = ref_take(&c->pool, p->n, sizeof *spike);
    double *derivative = ref_take(&c->pool, p->n, sizeof *derivative);
    struct ref_array want;

    snn_surrogate_curve(p->choice, p->given->data, p->n, spike, derivative);
    if (ref_array(c, &want, c->expected, derivative_key, p->n))
        ref_compare_with(c, "derivative of the curve", want.data, derivative, p->skip, p->n,
                         REF_NEAR);
    if (ref_array(c, &want, c->expected, spike_key, p->n))
        ref_compare_with(c, "spike of the curve", want.data, spike, p->skip, p->n, REF_EXACT);
}

static void check_spikes(struct ref_case *c, const struct points *p, const char *key)
{
    struct ref_array want;

    if (ref_array(c, &want, c->expected, key, p->n))
        ref_compare_with(c, key, want.data, spikes_at(c, p->choice, p->x, p->n), p->skip, p->n,
                         REF_EXACT);
    json_object_del(c->expected, key);
}

static void check_hard(struct ref_case *c, const struct points *p)
{
    struct ref_array upstream;

    check_curve(c, p, "derivative", "spike");
    check_spikes(c, p, "spike");
    const real *s = ref_take(&c->pool, p->n, sizeof *s);
    ref_compare_some(c, "derivative", gradient(c, p, ones(c, p->n), s), p->skip, p->n);
    if (json_object_get(c->expected, "grad_for_upstream") &&
        ref_array(c, &upstream, c->inputs, "upstream", p->n))
        ref_compare_some(c, "grad_for_upstream",
                         gradient(c, p, ref_reals(c, upstream.data, p->n), s), p->skip, p->n);
}

static void check_soft_at(struct ref_case *c, const struct points *p, const double *noise,
                          const char *spike_key, const char *derivative_key)
{
    real *s = ref_reals(c, noise, p->n);

    snn_spike_training(p->surrogate, s, p->x, p->n, p->scale);
    ref_compare_some(c, spike_key, ref_doubles(c, s, p->n), p->skip, p->n);
    ref_compare_some(c, derivative_key, gradient(c, p, ones(c, p->n), s), p->skip, p->n);
}

static void check_soft(struct ref_case *c, const struct points *p)
{
    struct ref_array u, bounds = {.data = (double[]){1e-6, 1 - 1e-6}};
    double *clamped = ref_take(&c->pool, p->n, sizeof *clamped);
    double *noise = ref_take(&c->pool, p->n, sizeof *noise);
    double *none = ref_take(&c->pool, p->n, sizeof *none);

    if (!ref_array(c, &u, c->inputs, "u", p->n))
        return;
    if (json_object_get(c->parameters, "u_clamp") &&
        !ref_array(c, &bounds, c->parameters, "u_clamp", 2))
        return;
    for (size_t i = 0; i < p->n; i++) {
        clamped[i] = fmin(fmax(u.data[i], bounds.data[0]), bounds.data[1]);
        noise[i] = log(clamped[i]) - log1p(-clamped[i]);
    }
    ref_compare(c, "u_clamped", clamped, p->n, REF_NEAR);
    ref_compare(c, "eps", noise, p->n, REF_NEAR);
    check_curve(c, p, "meanfield_derivative", "eval_spike");
    check_spikes(c, p, "eval_spike");
    check_soft_at(c, p, noise, "soft_spike", "soft_derivative");
    check_soft_at(c, p, none, "meanfield", "meanfield_derivative");
}

void ref_run_surrogate(struct ref_case *c)
{
    const char *name = ref_text(c, c->parameters, "surrogate");
    const struct snn_kind *kind = snn_registry_find(&snn_surrogates, name);
    struct ref_array x;
    double scale = scale_of(c);

    if (!kind)
        ref_fail(c, "surrogate %s is not known", name);
    if (c->failed || !ref_any_array(c, &x, c->inputs, "x"))
        return;
    struct snn_choice choice = snn_choice_of(kind);
    if (ref_number_or(c, c->parameters, "is_default", 0) != 0 && choice.value[0] != scale)
        ref_fail(c, "the default scale is %g, want %g", choice.value[0], scale);
    choice.value[0] = scale;
    const struct points p = {
        .choice = &choice,
        .surrogate = snn_surrogate_of(&choice),
        .given = &x,
        .x = ref_reals(c, x.data, x.count),
        .skip = left_out(c, &x),
        .n = x.count,
        .scale = (real)scale,
    };
    if (p.surrogate->training == SNN_SPIKE_SOFT)
        check_soft(c, &p);
    else
        check_hard(c, &p);
}
