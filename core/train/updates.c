/* SPDX-License-Identifier: MIT */
/* How far an update moves the parameters, by their own size: what tells a learning rate that is too
 * high or too low. Only at diagnostic steps, on one thread: two passes over the parameters. */
#include <math.h>
#include <string.h>

#include "core/math/vec.h"
#include "core/train/run.h"

void snn_run_place_update(struct snn_run *r)
{
    struct snn_arena *a = &r->arena;
    /* A shard's gradient has been added to the first one's by then. */
    r->before = r->shards > 1 ? r->grads[1] : snn_arena_take(a, r->net.n_params, sizeof(real));
    r->update_ratio = snn_arena_take(a, r->net.n_tensors, sizeof(double));
}

void snn_run_keep_params(struct snn_run *r)
{
    memcpy(r->before, r->params, r->net.n_params * sizeof(real));
}

void snn_run_measure_update(struct snn_run *r)
{
    for (size_t i = 0; i < r->net.n_tensors; i++) {
        const struct snn_tensor_place *t = snn_net_tensor(&r->net, i);
        real *before = r->before + t->offset;
        const double was = snn_sum_squares(before, t->count);
        for (size_t k = 0; k < t->count; k++)
            before[k] = r->params[t->offset + k] - before[k];
        r->update_ratio[i] = sqrt(snn_sum_squares(before, t->count) / was);
    }
}
