/* SPDX-License-Identifier: MIT */
/* A static input, once for all steps. It stays static through layers without neurons: their
 * currents are each other's input, and their summed gradients come back the same way. */
#include "core/train/pass.h"

/* The layer below that is no view, whose currents are what a static layer is given. */
static size_t giver(const struct snn_net *net, size_t i)
{
    while (i > 0 && net->layer[i - 1].is_view)
        i--;
    return i;
}

const real *snn_static_input(const struct snn_net *net, const struct snn_work *w, size_t i)
{
    const size_t from = giver(net, i);
    return from ? w->layer[from - 1].current : w->input;
}

void snn_static_begin(const struct snn_net *net, struct snn_work *w, const real *params,
                      size_t first, size_t n)
{
    for (size_t i = first; i < net->n_layers; i++)
        if (net->layer[i].static_input)
            net->layer[i].type->begin_shard(&net->layer[i], &w->layer[i], params,
                                            snn_static_input(net, w, i), n);
}

void snn_static_end(const struct snn_net *net, struct snn_work *w, const real *params, real *grads,
                    size_t first, size_t n)
{
    for (size_t i = net->n_layers; i-- > first;) {
        const size_t from = giver(net, i);
        if (net->layer[i].static_input)
            net->layer[i].type->end_shard(&net->layer[i], &w->layer[i], params, grads,
                                          snn_static_input(net, w, i),
                                          from ? w->layer[from - 1].current_sum : NULL, n);
    }
}
