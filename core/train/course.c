/* SPDX-License-Identifier: MIT */
/* From what the last layer does over the time of a sample to its loss, and back. */
#include <string.h>

#include "core/train/pass.h"

/* The readout reads the last layer's membranes; without neurons it reads what comes out. */
static bool reads_membrane(const struct snn_net *net)
{
    return net->layer[net->n_layers - 1].has_neuron &&
           snn_readout_of(&net->readout)->reads_membrane;
}

/* What the readout reads of sample i in the arrays' steps into y [T, classes]: the spikes, or the
 * membrane, of each class's neurons. */
static void read_course(const struct snn_net *net, struct snn_work *w, size_t i, real *into)
{
    const struct snn_cell *c = &net->layer[net->n_layers - 1].cell;
    const struct snn_layer_work *last = &w->layer[net->n_layers - 1];
    const bool membrane = reads_membrane(net);
    const size_t n = net->outputs, p = net->population, at = i * net->time_steps * n;
    const struct snn_cell_trace trace = {.x = membrane ? last->x + at : NULL,
                                         .s = last->s + at,
                                         .v = last->v ? last->v + at : NULL,
                                         .aux = last->aux ? last->aux + at : NULL};
    for (size_t t = 0; t < net->time_steps; t++) {
        const real *from = membrane ? last->scratch : trace.s + t * n;
        if (membrane)
            snn_cell_membrane(c, &trace, t, last->scratch);
        real *y = into + t * net->classes;
        if (p == 1) {
            memcpy(y, from, n * sizeof *y);
            continue;
        }
        for (size_t k = 0; k < net->classes; k++) {
            real sum = 0;
            for (size_t j = k * p; j < (k + 1) * p; j++)
                sum += from[j];
            y[k] = sum;
        }
    }
}

/* Spikes of the last layer's neurons in the steps of sample i of the block that are read. */
static void count_spikes(const struct snn_net *net, const struct snn_work *w, size_t i,
                         const struct snn_block *b, const struct snn_tally *tally)
{
    const real *s = w->layer[net->n_layers - 1].s + i * net->time_steps * net->outputs;
    uint32_t *to = tally->answers.spikes + (tally->samples + i) * net->outputs;
    const size_t steps = snn_work_steps(w, net, i);
    if (b->from == 0)
        memset(to, 0, net->outputs * sizeof *to);
    for (size_t t = 0; t < net->time_steps && b->from + t < steps; t++)
        for (size_t j = 0; j < net->outputs; j++)
            to[j] += s[t * net->outputs + j] > 0;
}

/* dL/dy to every neuron of its class. */
static void spread_course(const struct snn_net *net, const real *dy, real *into)
{
    if (net->population == 1) {
        memcpy(into, dy, net->time_steps * net->outputs * sizeof *into);
        return;
    }
    for (size_t t = 0; t < net->time_steps; t++)
        for (size_t j = 0; j < net->outputs; j++) {
            const size_t class = j / net->population;
            into[t * net->outputs + j] = class < net->classes ? dy[t * net->classes + class] : 0;
        }
}

/* Logits and loss of sample i, of its steps that are read; with a backward pass to follow, also its
 * dy. */
static void sample_loss(const struct snn_net *net, struct snn_work *w, size_t i, bool backward,
                        uint32_t label, double scale, struct snn_tally *tally)
{
    const struct snn_readout *readout = snn_readout_of(&net->readout);
    const struct snn_loss *loss = snn_loss_of(&net->loss);
    const size_t steps = snn_work_steps(w, net, i);
    const struct snn_course shape = {steps, net->classes, net->population};
    const size_t at = i * net->all_steps * net->classes;
    const real *y = w->y + at;
    real *dy = w->dy + at;

    readout->forward(w->logits, y, steps, net->classes);
    const double value =
        loss->course ? loss->course(backward ? dy : NULL, y, &shape, label, scale, &net->loss)
                     : loss->value(backward ? w->d_logits : NULL, w->logits, net->classes, label,
                                   scale, &net->loss);
    tally->loss += value;
    if (tally->answers.losses)
        tally->answers.losses[tally->samples] = value;
    const size_t said = snn_argmax(w->logits, net->classes);
    if (tally->answers.class)
        tally->answers.class[tally->samples] = (uint32_t)said;
    for (size_t k = 0; tally->answers.scores && k < net->classes; k++)
        tally->answers.scores[tally->samples * net->classes + k] = (double)w->logits[k];
    tally->correct += said == label;
    tally->samples++;
    if (backward && !loss->course)
        readout->backward(dy, w->d_logits, y, steps, net->classes);
    if (backward && steps < net->all_steps)
        memset(dy + steps * net->classes, 0, (net->all_steps - steps) * net->classes * sizeof *dy);
}

/* Where the block's first step of sample i stands in y and dy. */
static size_t course_at(const struct snn_net *net, const struct snn_block *b, size_t i)
{
    return (i * net->all_steps + b->from) * net->classes;
}

void snn_block_read(const struct snn_net *net, struct snn_work *w, const struct snn_block *b,
                    const struct snn_tally *tally)
{
    for (size_t i = 0; i < b->n; i++) {
        read_course(net, w, i, w->y + course_at(net, b, i));
        if (tally->answers.spikes)
            count_spikes(net, w, i, b, tally);
    }
}

void snn_block_judge(const struct snn_net *net, struct snn_work *w, const struct snn_block *b,
                     const uint32_t *labels, double scale, struct snn_tally *tally)
{
    for (size_t i = 0; i < b->n; i++)
        sample_loss(net, w, i, b->backward, labels[i], scale, tally);
}

void snn_block_spread(const struct snn_net *net, struct snn_work *w, const struct snn_block *b)
{
    struct snn_layer_work *last = &w->layer[net->n_layers - 1];
    const bool membrane = reads_membrane(net);
    const size_t size = net->time_steps * net->outputs;

    for (size_t i = 0; i < b->n; i++)
        spread_course(net, w->dy + course_at(net, b, i),
                      (membrane ? last->g_membrane : last->g) + i * size);
    if (membrane)
        memset(last->g, 0, b->n * size * sizeof *last->g);
}

void snn_block_loss(const struct snn_net *net, struct snn_work *w, const struct snn_block *b,
                    const uint32_t *labels, double scale, struct snn_tally *tally)
{
    snn_block_read(net, w, b, tally);
    snn_block_judge(net, w, b, labels, scale, tally);
    if (b->backward)
        snn_block_spread(net, w, b);
}
