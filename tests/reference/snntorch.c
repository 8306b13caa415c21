/* SPDX-License-Identifier: MIT */
/* snntorch_lif.json: snnTorch's cells with gradients from outside on every spike and every
 * membrane, and small networks of them (snntorch_net.c). The samples of a cell's batch are so many
 * more neurons. A step at a time: a recurrent cell's own spikes and the membranes' gradients come
 * in between. */
#include "tests/reference/snntorch.h"

#include <string.h>

#include "core/layer/recurrent.h"

static const struct {
    const char *cell, *model;
    bool recurrent;
} cells[] = {
    {"Leaky", "leaky", false},
    {"RLeaky", "leaky", true},
    {"Synaptic", "synaptic", false},
    {"RSynaptic", "synaptic", true},
};

static const struct {
    const char *name, *scale;
} surrogates[] = {{"atan", "alpha_surrogate"}, {"fast_sigmoid", "slope"}, {"sigmoid", "slope"}};

struct cell {
    struct snn_neuron_spec spec;
    struct snn_cell c;
    bool recurrent;
    size_t T, B, N, n; /* n = B N */
    struct ref_array current, g_spk, g_mem, mem0, syn0, spk0;
    struct ref_array weight, bias;     /* no data: not there */
    double *d_weight, *d_bias, *d_spk; /* d_spk [n]: of the spikes before a step */
    real *v_own, *d_own;               /* [n] where each neuron hears itself alone; else NULL */
    real *I, *x, *s, *v, *aux, *state, *aux_state, *scratch;
    real *g, *lambda, *aux_lambda, *mem;
    struct snn_cell_gradient d;
};

/* ------------------------------------------------------------------------------ reading -- */

bool ref_snntorch_neuron(struct ref_case *c, struct snn_neuron_spec *n, const char *model)
{
    const char *surrogate = ref_text(c, c->parameters, "surrogate"), *scale = NULL;
    const char *reset = ref_text(c, c->parameters, "reset_mechanism");

    *n = snn_neuron_spec_default();
    for (size_t i = 0; i < sizeof surrogates / sizeof *surrogates; i++)
        if (strcmp(surrogates[i].name, surrogate) == 0)
            scale = surrogates[i].scale;
    if (!scale)
        ref_fail(c, "surrogate %s is not known", surrogate);
    if (strcmp(reset, "subtract") != 0 && strcmp(reset, "zero") != 0 && strcmp(reset, "none") != 0)
        ref_fail(c, "reset_mechanism %s is not known", reset);
    if (c->failed)
        return false;
    n->model = snn_choice_of(snn_registry_find(&snn_neurons, model));
    n->surrogate = snn_choice_of(snn_registry_find(&snn_surrogates, surrogate));
    n->reset = snn_choice_of(snn_registry_find(&snn_resets, reset));
    n->surrogate.value[0] = ref_number(c, c->parameters, scale);
    return !c->failed;
}

static bool choose(struct ref_case *c, struct cell *k)
{
    const char *name = ref_text(c, c->parameters, "cell");

    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        if (strcmp(cells[i].cell, name) == 0) {
            k->recurrent = cells[i].recurrent;
            return ref_snntorch_neuron(c, &k->spec, cells[i].model);
        }
    ref_fail(c, "cell %s is not known", name);
    return false;
}

/* A constant of each neuron, from a number or a list of N. */
static real *constant(struct ref_case *c, const struct cell *k, const char *key, bool wanted)
{
    real *out = ref_take(&c->pool, k->n, sizeof *out);
    struct ref_array a;

    if (!wanted || !ref_any_array(c, &a, c->parameters, key))
        return out;
    if (a.count != 1 && a.count != k->N)
        ref_fail(c, "%s has %zu entries, want 1 or %zu", key, a.count, k->N);
    for (size_t i = 0; !c->failed && i < k->n; i++)
        out[i] = (real)a.data[a.count == 1 ? 0 : i % k->N];
    return out;
}

static void read_recurrence(struct ref_case *c, struct cell *k)
{
    k->d_spk = ref_take(&c->pool, k->n, sizeof *k->d_spk);
    ref_array(c, &k->spk0, c->inputs, "spk0", k->n);
    if (ref_number_or(c, c->parameters, "all_to_all", 1) == 0) {
        k->v_own = constant(c, k, "V", true);
        k->d_own = ref_take(&c->pool, k->n, sizeof *k->d_own);
        return;
    }
    ref_array(c, &k->weight, c->inputs, "W_rec", k->N * k->N);
    if (json_object_get(c->inputs, "b_rec"))
        ref_array(c, &k->bias, c->inputs, "b_rec", k->N);
    k->d_weight = ref_take(&c->pool, k->N * k->N, sizeof *k->d_weight);
    k->d_bias = ref_take(&c->pool, k->N, sizeof *k->d_bias);
}

static bool read_inputs(struct ref_case *c, struct cell *k)
{
    if (!ref_any_array(c, &k->current, c->inputs, "I"))
        return false;
    if (k->current.rank != 3 || k->current.count == 0) {
        ref_fail(c, "I is not [T, B, N]");
        return false;
    }
    k->T = k->current.shape[0];
    k->B = k->current.shape[1];
    k->N = k->current.shape[2];
    k->n = k->B * k->N;
    ref_array(c, &k->g_spk, c->inputs, "g_spk", k->T * k->n);
    ref_array(c, &k->g_mem, c->inputs, "g_mem", k->T * k->n);
    ref_array(c, &k->mem0, c->inputs, "mem0", k->n);
    if (snn_neuron_of(&k->spec.model)->has_aux)
        ref_array(c, &k->syn0, c->inputs, "syn0", k->n);
    if (k->recurrent)
        read_recurrence(c, k);
    return !c->failed;
}

static bool set_up(struct ref_case *c, struct cell *k)
{
    const struct snn_neuron *neuron = snn_neuron_of(&k->spec.model);
    const size_t size = k->T * k->n;
    real **arrays[] = {&k->I, &k->x, &k->s, &k->v, &k->aux, &k->g, &k->mem};
    double **sums[] = {&k->d.threshold, &k->d.beta, &k->d.alpha_syn, &k->d.now};

    k->c = (struct snn_cell){
        .neuron = neuron,
        .solver = snn_solver_of(&k->spec.solver),
        .surrogate = snn_surrogate_of(&k->spec.surrogate),
        .reset = snn_reset_of(&k->spec.reset),
        .threshold = constant(c, k, "threshold", true),
        .beta = constant(c, k, "beta", true),
        .alpha_syn = constant(c, k, "alpha", neuron->has_aux),
        .scale = (real)k->spec.surrogate.value[0],
        .detach_reset = true,
        .reset_delay = ref_number(c, c->parameters, "reset_delay") != 0,
        .loses_input = neuron->loses_input || k->recurrent,
        .n = k->n,
        .time_steps = k->T,
    };
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        *arrays[i] = ref_take(&c->pool, size, sizeof(real));
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        *sums[i] = ref_take(&c->pool, k->n, sizeof(double));
    k->state = ref_reals(c, k->mem0.data, k->n);
    k->aux_state = ref_take(&c->pool, k->n, sizeof *k->aux_state);
    for (size_t i = 0; neuron->has_aux && i < k->n; i++)
        k->aux_state[i] = (real)k->syn0.data[i];
    k->lambda = ref_take(&c->pool, k->n, sizeof *k->lambda);
    k->aux_lambda = ref_take(&c->pool, k->n, sizeof *k->aux_lambda);
    k->scratch = ref_take(&c->pool, 4 * k->n, sizeof *k->scratch);
    return !c->failed;
}

/* ------------------------------------------------------------------------------ running -- */

static double spike_before(const struct cell *k, size_t t, size_t i)
{
    return t ? (double)k->s[(t - 1) * k->n + i] : k->spk0.data[i];
}

/* What the spikes before step t add to neuron j of sample b. */
static double heard(const struct cell *k, size_t t, size_t b, size_t j)
{
    double sum = k->bias.data ? k->bias.data[j] : 0;

    for (size_t i = 0; i < k->N; i++)
        sum += k->weight.data[j * k->N + i] * spike_before(k, t, b * k->N + i);
    return sum;
}

/* The spikes before step t, [n]. */
static const real *spikes_before(struct ref_case *c, const struct cell *k, size_t t)
{
    return t ? k->s + (t - 1) * k->n : ref_reals(c, k->spk0.data, k->n);
}

static void forward(struct ref_case *c, struct cell *k)
{
    for (size_t t = 0; t < k->T; t++) {
        const struct snn_cell_forward f = {
            .from = t,
            .to = t + 1,
            .current = k->I,
            .current_stride = k->n,
            .x = k->x,
            .s = k->s,
            .v = k->v,
            .state = k->state,
            .aux = k->aux,
            .aux_state = k->aux_state,
            .scratch = k->scratch,
        };
        const bool all = k->recurrent && !k->v_own;
        for (size_t i = 0; i < k->n; i++)
            k->I[t * k->n + i] =
                (real)(k->current.data[t * k->n + i] + (all ? heard(k, t, i / k->N, i % k->N) : 0));
        if (k->v_own)
            snn_one_to_one(k->I + t * k->n, k->v_own, spikes_before(c, k, t), k->n);
        snn_cell_forward(&k->c, &f);
        const struct snn_cell_trace trace = {.x = k->x, .s = k->s, .v = k->v, .aux = k->aux};
        snn_cell_membrane(&k->c, &trace, t, k->mem + t * k->n);
    }
}

/* From dL/dI of step t to the recurrent weights and to the spikes before it. */
static void hear_back(struct ref_case *c, struct cell *k, size_t t)
{
    real *d_before = ref_take(&c->pool, k->n, sizeof *d_before);

    memset(k->d_spk, 0, k->n * sizeof *k->d_spk);
    if (k->v_own) {
        snn_one_to_one_back(d_before, k->d_own, k->g + t * k->n, k->v_own, spikes_before(c, k, t),
                            k->n);
        for (size_t i = 0; i < k->n; i++)
            k->d_spk[i] = (double)d_before[i];
        return;
    }
    for (size_t i = 0; i < k->n; i++) {
        const size_t b = i / k->N, j = i % k->N;
        const double d = (double)k->g[t * k->n + i];

        k->d_bias[j] += d;
        for (size_t m = 0; m < k->N; m++) {
            k->d_weight[j * k->N + m] += d * spike_before(k, t, b * k->N + m);
            k->d_spk[b * k->N + m] += d * k->weight.data[j * k->N + m];
        }
    }
}

static void backward(struct ref_case *c, struct cell *k)
{
    const real *g_mem = ref_reals(c, k->g_mem.data, k->T * k->n);

    for (size_t t = k->T; t-- > 0;) {
        const struct snn_cell_backward b = {
            .from = t,
            .to = t + 1,
            .x = k->x,
            .s = k->s,
            .v = k->v,
            .aux = k->aux,
            .g = k->g,
            .g_membrane = g_mem,
            .lambda = k->lambda,
            .aux_lambda = k->aux_lambda,
            .scratch = k->scratch,
            .d = k->d,
        };
        for (size_t i = 0; i < k->n; i++)
            k->g[t * k->n + i] =
                (real)(k->g_spk.data[t * k->n + i] + (k->recurrent ? k->d_spk[i] : 0));
        snn_cell_backward(&k->c, &b);
        if (k->recurrent)
            hear_back(c, k, t);
    }
}

/* ---------------------------------------------------------------------------- comparing -- */

/* The gradient of a constant: of each neuron, or their sum where the file has one number. */
static void compare_constant(struct ref_case *c, const struct cell *k, const char *key,
                             const char *parameter, const double *d)
{
    const size_t count = json_is_number(json_object_get(c->parameters, parameter)) ? 1 : k->N;
    double *sum = ref_take(&c->pool, k->N, sizeof *sum);

    for (size_t i = 0; i < k->n; i++)
        sum[count == 1 ? 0 : i % k->N] += d[i];
    ref_compare(c, key, sum, count, REF_NEAR);
}

static void compare(struct ref_case *c, const struct cell *k)
{
    const size_t n = k->n, size = k->T * n;
    const bool has_aux = k->c.neuron->has_aux;
    const double *s = ref_doubles(c, k->s, size), *mem = ref_doubles(c, k->mem, size);
    double *syn = ref_take(&c->pool, size, sizeof *syn), loss = 0;

    for (size_t i = 0; i < size; i++)
        loss += k->g_spk.data[i] * s[i] + k->g_mem.data[i] * mem[i];
    for (size_t i = 0; has_aux && i < size; i++) /* aux is what was before each step */
        syn[i] = (double)(i + n < size ? k->aux[i + n] : k->aux_state[i + n - size]);
    ref_compare(c, "spk", s, size, REF_EXACT);
    ref_compare(c, "mem", mem, size, REF_NEAR);
    if (has_aux)
        ref_compare(c, "syn", syn, size, REF_NEAR);
    ref_compare(c, "loss", &loss, 1, REF_NEAR);
    ref_compare(c, "dL_dI", ref_doubles(c, k->g, size), size, REF_NEAR);
    ref_compare(c, "dL_dmem0", ref_doubles(c, k->lambda, n), n, REF_NEAR);
    if (has_aux)
        ref_compare(c, "dL_dsyn0", ref_doubles(c, k->aux_lambda, n), n, REF_NEAR);
    compare_constant(c, k, "dL_dthreshold", "threshold", k->d.threshold);
    compare_constant(c, k, "dL_dbeta", "beta", k->d.beta);
    compare_constant(c, k, "dL_dalpha", "alpha", k->d.alpha_syn);
    if (!k->recurrent)
        return;
    ref_compare(c, "dL_dspk0", k->d_spk, n, REF_NEAR);
    if (k->v_own) {
        compare_constant(c, k, "dL_dV", "V", ref_doubles(c, k->d_own, n));
        return;
    }
    ref_compare(c, "dL_dW_rec", k->d_weight, k->N * k->N, REF_NEAR);
    ref_compare(c, "dL_db_rec", k->d_bias, k->N, REF_NEAR);
}

void ref_run_snntorch(struct ref_case *c)
{
    struct cell k = {.T = 0};

    if (json_is_true(json_object_get(c->inputs, "network"))) {
        ref_run_snntorch_net(c);
        return;
    }
    if (!choose(c, &k) || !read_inputs(c, &k) || !set_up(c, &k))
        return;
    forward(c, &k);
    backward(c, &k);
    compare(c, &k);
}
