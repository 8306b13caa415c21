/* SPDX-License-Identifier: MIT */
/* Losses of one sample's logits. The batch's loss is the mean over its samples. */
#ifndef SPIKED_CORE_LOSS_LOSS_H
#define SPIKED_CORE_LOSS_LOSS_H

#include "core/snn.h"

/* The course a loss is given: y [time_steps, classes], each the sum of `population` neurons. */
struct snn_course {
    size_t time_steps, classes, population;
};

/* What of the last layer a loss of the course makes sense for. */
enum snn_loss_reads { SNN_READS_EITHER, SNN_READS_SPIKES, SNN_READS_MEMBRANE };

struct snn_loss {
    struct snn_kind kind;
    enum snn_loss_reads reads;
    /* The loss of one sample (in double), and where dlogits is not NULL its gradient [C] times
     * `scale` (1/batch). Not finite where the logits are not. */
    double (*value)(real *dlogits, const real *logits, size_t classes, size_t label, double scale,
                    const struct snn_choice *c);
    /* Instead of `value`, for losses of the whole course y [T, classes] of what the readout reads:
     * the loss, and where dy is not NULL its gradient [T, classes] times `scale`. One of the two is
     * NULL. */
    double (*course)(real *dy, const real *y, const struct snn_course *shape, size_t label,
                     double scale, const struct snn_choice *c);
};

static inline const struct snn_loss *snn_loss_of(const struct snn_choice *c)
{
    return (const struct snn_loss *)(const void *)c->kind;
}

/* Index of the largest logit, the first of equals. */
size_t snn_argmax(const real *logits, size_t classes);

#endif
