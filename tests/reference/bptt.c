/* SPDX-License-Identifier: MIT */
/* bptt_dense.json: dense networks by Euler steps. */
#include <string.h>

#include "tests/reference/network.h"

/* What the core computes is Euler steps of a rate of change, and unit steps of a neuron that
 * returns its next state; spikeDE's integrators can also be given the wrong kind. */
static bool check_integrator(struct ref_case *c, const struct ref_network *w)
{
    const char *integrator = ref_text(c, c->parameters, "integrator");
    bool memory = strcmp(integrator, "odeint_mem") == 0;

    if (!memory && strcmp(integrator, "odeint") != 0)
        ref_fail(c, "integrator %s is not known", integrator);
    if (!memory && strcmp(ref_text(c, c->parameters, "method"), "euler") != 0)
        ref_fail(c, "method %s is not known", ref_text(c, c->parameters, "method"));
    for (size_t i = 0; i < w->n_layers; i++)
        if (w->neuron[i].order_one != memory)
            ref_fail(c, "the neuron of layer %zu is not made for integrator %s", i + 1, integrator);
    return !c->failed;
}

void ref_run_bptt(struct ref_case *c)
{
    struct ref_network *w = ref_take(&c->pool, 1, sizeof *w);

    if (ref_network_read(c, w) && check_integrator(c, w))
        ref_network_run(c, w);
}
