/* SPDX-License-Identifier: MIT */
#include "core/check/checker.h"

#include "core/data/data.h"

static void place_layer(struct snn_checker *k, size_t i)
{
    struct snn_arena *a = &k->arena;
    const struct snn_layer *l = &k->net.layer[i];
    struct snn_layer_tangents *d = &k->layer[i];
    const size_t n = l->out, steps = k->net.time_steps, wide = n * sizeof(double);
    *d = (struct snn_layer_tangents){.current = snn_arena_take(a, 1, wide),
                                     .s = snn_arena_take(a, steps, wide)};
    if (!l->has_neuron)
        return;
    d->u = snn_arena_take(a, steps, wide);
    d->v = snn_arena_take(a, steps + 1, wide);
    d->f = snn_arena_take(a, steps, wide);
    d->aux = snn_arena_take(a, 1, wide);
    d->c.r = snn_arena_take(a, 1, wide);
    d->c.threshold = snn_arena_take(a, 1, wide);
    d->c.beta = snn_arena_take(a, 1, wide);
    d->c.alpha_syn = snn_arena_take(a, 1, wide);
    d->c.w = snn_arena_take(a, l->cell.table.lags + 1, sizeof(double));
}

static enum snn_code lay_out(struct snn_checker *k, const struct snn_spec *spec,
                             struct snn_error *err)
{
    struct snn_arena *a = &k->arena;
    const struct snn_work_size size = {
        .shard = k->samples, .block = k->samples, .gradients = true, .record = true};
    const struct snn_net_options whole = {.segment = spec->time_steps};
    enum snn_code rc = snn_net_init(&k->net, a, spec,
                                    snn_net_input(spec, snn_data_describe(k->data)), &whole, err);
    if (rc == SNN_OK)
        rc = snn_loss_tangent_check(&k->net, err);
    if (rc != SNN_OK)
        return rc;
    snn_work_place(&k->work, a, &k->net, &size);
    k->widest = k->net.features;
    for (size_t i = 0; i < k->net.n_layers; i++) {
        k->widest = k->net.layer[i].out > k->widest ? k->net.layer[i].out : k->widest;
        if (!k->net.layer[i].is_view)
            place_layer(k, i);
    }
    k->params = snn_arena_take(a, k->net.n_params, sizeof(real));
    k->grads = snn_arena_take(a, k->net.n_params, sizeof(real));
    k->weights = snn_arena_take(a, k->net.n_params, sizeof(double));
    k->direction = snn_arena_take(a, k->net.n_params, sizeof(double));
    k->in = snn_arena_take(a, k->widest, sizeof(double));
    k->moved = snn_arena_take(a, k->widest, sizeof(double));
    k->y = snn_arena_take(a, k->net.time_steps, k->net.classes * sizeof(double));
    k->dy = snn_arena_take(a, k->net.time_steps, k->net.classes * sizeof(double));
    k->membrane = snn_arena_take(a, k->net.outputs, sizeof(real));
    k->index = snn_arena_take(a, k->samples, sizeof(uint32_t));
    if (a->failed)
        return snn_fail(err, SNN_LIMIT, "the arrays are larger than can be addressed");
    return SNN_OK;
}

enum snn_code snn_checker_build(struct snn_checker *k, const struct snn_spec *spec,
                                struct snn_error *err)
{
    enum snn_code rc = lay_out(k, spec, err);
    if (rc == SNN_OK && !snn_arena_build(&k->arena))
        rc = snn_fail(err, SNN_NOMEM, "no memory to check gradients: %zu bytes", k->arena.used);
    return rc == SNN_OK ? lay_out(k, spec, err) : rc;
}
