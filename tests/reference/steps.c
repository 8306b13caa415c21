/* SPDX-License-Identifier: MIT */
/* lif_step.json, if_step.json: one layer of neurons over time, with gradients from outside on every
 * spike and every state. The forward pass runs all steps at once. The backward pass runs them one
 * at a time, so that the gradient of each state can be put in between. */
#include <math.h>
#include <string.h>

#include "tests/reference/neurons.h"

struct steps {
    struct ref_neuron neuron;
    struct snn_cell cell;
    struct ref_array current, v0, g_spike, g_v;
    size_t T, n;
    real *x, *s, *v, *end; /* [T, n], and the state after the last step [n] */
    real *g, *lambda;      /* dL/dI [T, n], dL/dv0 [n] */
    double *d_tau;         /* [n] */
};

static bool read_inputs(struct ref_case *c, struct steps *k)
{
    if (!ref_neuron_of(c, &k->neuron, c->parameters) ||
        !ref_any_array(c, &k->current, c->inputs, "I"))
        return false;
    k->T = k->current.rank ? k->current.shape[0] : 0;
    k->n = k->T ? k->current.count / k->T : 0;
    if (k->n == 0) {
        ref_fail(c, "I has no entries in [T, N]");
        return false;
    }
    return ref_array(c, &k->v0, c->inputs, "v0", k->n) &&
           ref_array(c, &k->g_spike, c->inputs, "g_spike", k->T * k->n) &&
           ref_array(c, &k->g_v, c->inputs, "g_v", k->T * k->n);
}

/* The noise of a soft neuron, where the file has draws. */
static bool place_noise(struct ref_case *c, struct steps *k)
{
    struct ref_array u;

    if (!k->neuron.soft || k->neuron.mean_field)
        return true;
    if (!ref_array(c, &u, c->inputs, "u", k->T * k->n))
        return false;
    ref_noise(k->s, u.data, u.count);
    return true;
}

static void set_up(struct ref_case *c, struct steps *k)
{
    const struct snn_neuron_spec *spec = &k->neuron.spec;
    real *h = ref_take(&c->pool, k->T, sizeof *h);
    /* Order one returns the next state itself, as a step of length one does. */
    double dt = k->neuron.order_one ? 1 : ref_number_or(c, c->parameters, "dt", 1);

    real *r = ref_take(&c->pool, k->n, sizeof *r);
    real *threshold = ref_take(&c->pool, k->n, sizeof *threshold);

    for (size_t t = 0; t < k->T; t++)
        h[t] = (real)dt;
    for (size_t i = 0; i < k->n; i++) {
        r[i] = (real)(1 / k->neuron.tau);
        threshold[i] = (real)spec->model.value[SNN_NEURON_THRESHOLD];
    }
    k->cell = (struct snn_cell){
        .neuron = snn_neuron_of(&spec->model),
        .solver = snn_solver_of(&spec->solver),
        .surrogate = snn_surrogate_of(&spec->surrogate),
        .reset = snn_reset_of(&spec->reset),
        .r = r,
        .threshold = threshold,
        .scale = (real)spec->surrogate.value[0],
        .detach_reset = true,
        .h = h,
        .n = k->n,
        .time_steps = k->T,
    };
    k->x = ref_take(&c->pool, k->T * k->n, sizeof *k->x);
    k->s = ref_take(&c->pool, k->T * k->n, sizeof *k->s);
    k->v = ref_take(&c->pool, k->T * k->n, sizeof *k->v);
    k->end = ref_reals(c, k->v0.data, k->n);
    k->g = ref_reals(c, k->g_spike.data, k->T * k->n);
    k->lambda = ref_take(&c->pool, k->n, sizeof *k->lambda);
    k->d_tau = ref_take(&c->pool, k->n, sizeof *k->d_tau);
}

static void forward(struct ref_case *c, struct steps *k)
{
    const struct snn_cell_forward f = {
        .to = k->T,
        .current = ref_reals(c, k->current.data, k->T * k->n),
        .current_stride = k->n,
        .soft = k->neuron.soft,
        .x = k->x,
        .s = k->s,
        .v = k->v,
        .state = k->end,
    };
    snn_cell_forward(&k->cell, &f);
}

static void backward(struct ref_case *c, struct steps *k)
{
    const size_t n = k->n;
    struct snn_cell_backward b = {
        .x = k->x,
        .s = k->s,
        .v = k->v,
        .g = k->g,
        .lambda = k->lambda,
        .scratch = ref_take(&c->pool, 3 * n, sizeof(real)),
        .d = {.tau = k->d_tau},
    };

    for (size_t t = k->T; t-- > 0;) {
        for (size_t i = 0; i < n; i++)
            k->lambda[i] += (real)k->g_v.data[t * n + i];
        b.from = t;
        b.to = t + 1;
        snn_cell_backward(&k->cell, &b);
    }
}

/* f of the equations: the charge of a unit step, less the reset. */
static double *derivative(struct ref_case *c, const struct steps *k)
{
    double *f = ref_take(&c->pool, k->T * k->n, sizeof *f);
    double threshold = k->neuron.spec.model.value[SNN_NEURON_THRESHOLD];

    for (size_t i = 0; i < k->T * k->n; i++)
        f[i] = (double)k->x[i] + threshold - (double)k->v[i] -
               (double)k->s[i] * threshold / k->neuron.tau;
    return f;
}

static void compare(struct ref_case *c, struct steps *k)
{
    const size_t size = k->T * k->n;
    double *v = ref_take(&c->pool, size + k->n, sizeof *v), loss = 0;
    double *s = ref_doubles(c, k->s, size);
    double d_param = 0, tau = k->neuron.spec.model.value[SNN_NEURON_TAU];
    double slope = snn_transform_of(SNN_LEARN_tau, true)->slope(k->neuron.tau_param, tau, 0);

    memcpy(v, ref_doubles(c, k->v, size), size * sizeof *v);
    memcpy(v + size, ref_doubles(c, k->end, k->n), k->n * sizeof *v);
    for (size_t i = 0; i < size; i++)
        loss += k->g_spike.data[i] * s[i] + k->g_v.data[i] * v[i + k->n];
    for (size_t i = 0; i < k->n; i++)
        d_param += k->d_tau[i] * slope;
    ref_compare(c, "spike", s, size, k->neuron.soft ? REF_NEAR : REF_EXACT);
    ref_compare(c, "v", v, size + k->n, REF_NEAR);
    ref_compare(c, "v_next", v + k->n, size, REF_NEAR);
    ref_compare(c, "dv_dt", derivative(c, k), size, REF_NEAR);
    ref_compare(c, "charge_minus_threshold", ref_doubles(c, k->x, size), size, REF_NEAR);
    ref_compare(c, "loss", &loss, 1, REF_NEAR);
    ref_compare(c, "dL_dI", ref_doubles(c, k->g, size), size, REF_NEAR);
    ref_compare(c, "dL_dv0", ref_doubles(c, k->lambda, k->n), k->n, REF_NEAR);
    ref_compare(c, "dL_dtau_param", &d_param, 1, REF_NEAR);
    ref_compare(c, "tau_effective", &k->neuron.tau, 1, REF_NEAR);
}

void ref_run_steps(struct ref_case *c)
{
    struct steps k = {.T = 0};

    if (!read_inputs(c, &k))
        return;
    set_up(c, &k);
    if (c->failed || !place_noise(c, &k))
        return;
    forward(c, &k);
    backward(c, &k);
    compare(c, &k);
}
