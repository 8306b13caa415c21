/* SPDX-License-Identifier: MIT */
/* Layers initialised to a firing rate. From the first to the last, each one's weights are
 * multiplied by the factor at which its neurons fire as often as wanted on the first samples of the
 * run: the factor is doubled or halved until the rate is passed, then found between the two by
 * bisection. Spikes are counted, in evaluation mode: no thread and no order leaves a trace. */
#include <math.h>
#include <string.h>

#include "core/math/vec.h"
#include "core/train/initialise.h"
#include "core/train/run.h"

#define SAMPLES ((size_t)128) /* at least, where there are as many */
#define FARTHEST 30           /* doublings or halvings */
#define BISECTIONS 20
#define CLOSE 0.005 /* of the target: near enough */
#define FAR 0.1     /* of the target: worth a warning */

/* The layer with the neurons that fire by the weights of layer i: itself, or one above it with
 * nothing but layers without weights between. net->n_layers where there is none. */
static size_t fired_by(const struct snn_net *net, size_t i)
{
    size_t k = i;
    while (k < net->n_layers && !net->layer[k].has_neuron) {
        k++;
        if (k < net->n_layers && net->layer[k].type->carries_neuron)
            return net->n_layers;
    }
    return k;
}

struct search {
    struct snn_run *run;
    size_t weights, neurons; /* layers */
    double target;
    double factor, rate; /* the best so far; a NaN rate is the worst */
};

/* The layer's weights, times the factor, from where they were saved in grads[0]. */
static void apply(struct snn_run *r, size_t layer, double factor)
{
    const struct snn_layer *l = &r->net.layer[layer];
    for (size_t i = 0; i < l->n_tensors; i++) {
        const struct snn_tensor_place *t = &l->tensor[i];
        const real *from = r->grads[0] + t->offset;
        if (t->fan_in > 0 && !t->is_bias)
            for (size_t k = 0; k < t->count; k++)
                r->params[t->offset + k] = (real)(factor * (double)from[k]);
    }
}

static double measure(struct search *s, double factor)
{
    struct snn_run *r = s->run;
    const size_t most = SAMPLES > r->spec.batch_size ? SAMPLES : r->spec.batch_size;
    double rate[SNN_MAX_LAYERS];
    apply(r, s->weights, factor);
    snn_run_rates(r, r->order, r->train < most ? r->train : most, rate);
    if (isnan(s->rate) || fabs(rate[s->neurons] - s->target) < fabs(s->rate - s->target)) {
        s->factor = factor;
        s->rate = rate[s->neurons];
    }
    return rate[s->neurons];
}

static bool is_close(const struct search *s)
{
    return fabs(s->rate - s->target) <= CLOSE * s->target;
}

/* Where the rate rises with the factor, as it does but for resets, this finds it. */
static void find(struct search *s)
{
    double low = 1, high = 1;
    const bool is_low = measure(s, 1) < s->target;
    bool passed = false;
    for (int i = 0; i < FARTHEST && !passed && !is_close(s); i++) {
        low = is_low ? high : high / 2;
        high = is_low ? 2 * low : low;
        passed = (measure(s, high) < s->target) != is_low;
        if (!is_low)
            high = passed ? 2 * low : low;
    }
    for (int i = 0; i < BISECTIONS && passed && !is_close(s); i++) {
        const double middle = sqrt(low * high);
        *(measure(s, middle) < s->target ? &low : &high) = middle;
    }
}

static void tell(const struct search *s, const struct snn_hooks *hooks)
{
    struct snn_run *r = s->run;
    const char *name = r->net.layer[s->neurons].name;
    struct snn_error why = {.code = SNN_INVALID};
    if (!hooks->warn || fabs(s->rate - s->target) <= FAR * s->target)
        return;
    (void)snprintf(why.pointer, sizeof why.pointer, "/layers/%zu/initialisation", s->weights);
    (void)snprintf(why.message, sizeof why.message,
                   "%s fires %.3g spikes per neuron and step on the first batch, want %.3g: no "
                   "factor of its weights comes nearer",
                   name, s->rate, s->target);
    hooks->warn(hooks->user, &why);
}

void snn_run_reach_rates(struct snn_run *r, const struct snn_hooks *hooks)
{
    static const struct snn_hooks none;
    size_t found = 0;
    hooks = hooks ? hooks : &none;
    snn_run_shuffle(r);
    for (size_t i = 0; i < r->net.n_layers; i++) {
        const struct snn_layer *l = &r->net.layer[i];
        struct search s = {
            .run = r, .weights = i, .neurons = fired_by(&r->net, i), .rate = (double)NAN};
        if (!l->type->carries_neuron || !snn_initialiser_of(&l->initialiser)->to_rate ||
            s.neurons == r->net.n_layers)
            continue;
        s.target = l->initialiser.value[SNN_INITIALISER_TARGET];
        memcpy(r->grads[0], r->params, r->net.n_params * sizeof(real));
        find(&s);
        apply(r, i, s.factor);
        tell(&s, hooks);
        struct snn_point *p = &r->points[found];
        r->values[found] = s.rate;
        (void)snprintf(p->name, sizeof p->name, "initial_rate/%s", r->net.layer[s.neurons].name);
        p->values = &r->values[found++];
        p->n = 1;
    }
    if (found)
        snn_run_measure_weights(r);
    if (found && hooks->points)
        hooks->points(hooks->user, 0, 0, r->points, found);
}
