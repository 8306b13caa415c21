/* SPDX-License-Identifier: MIT */
/* Losses of one sample's logits. The batch's loss is the mean over its samples. */
#ifndef SPIKED_CORE_LOSS_LOSS_H
#define SPIKED_CORE_LOSS_LOSS_H

#include "core/snn.h"

struct snn_loss {
    struct snn_kind kind;
    /* The loss of one sample (in double), and where dlogits is not NULL its gradient [C] times
     * `scale` (1/batch). Not finite where the logits are not. */
    double (*value)(real *dlogits, const real *logits, size_t classes, size_t label, double scale,
                    const struct snn_choice *c);
};

static inline const struct snn_loss *snn_loss_of(const struct snn_choice *c)
{
    return (const struct snn_loss *)(const void *)c->kind;
}

/* Index of the largest logit, the first of equals. */
size_t snn_argmax(const real *logits, size_t classes);

#endif
