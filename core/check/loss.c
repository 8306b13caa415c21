/* SPDX-License-Identifier: MIT */
/* Tangents of readouts and losses, by the rows' names: formulas of their own, so that those of the
 * backward passes are checked by them. */
#include <math.h>
#include <string.h>

#include "core/check/check.h"

/* What a sample's output did, [T, classes], and how it moves. */
struct course {
    const double *y, *d;
    size_t time_steps, classes, population, label;
    const struct snn_choice *loss;
};

/* -------------------------------------------------------------------------------- readouts -- */

static void mean(const struct course *c, size_t class, double *z, double *d_z, double weight)
{
    *z = *d_z = 0;
    for (size_t t = 0; t < c->time_steps; t++) {
        *z += weight * c->y[t * c->classes + class];
        *d_z += weight * c->d[t * c->classes + class];
    }
}

static void of_mean(const struct course *c, size_t class, double *z, double *d_z)
{
    mean(c, class, z, d_z, 1 / (double)c->time_steps);
}

static void of_sum(const struct course *c, size_t class, double *z, double *d_z)
{
    mean(c, class, z, d_z, 1);
}

static void at_step(const struct course *c, size_t class, size_t t, double *z, double *d_z)
{
    *z = c->y[t * c->classes + class];
    *d_z = c->d[t * c->classes + class];
}

static void of_largest(const struct course *c, size_t class, double *z, double *d_z)
{
    size_t best = 0;
    for (size_t t = 1; t < c->time_steps; t++)
        if (c->y[t * c->classes + class] > c->y[best * c->classes + class])
            best = t;
    at_step(c, class, best, z, d_z);
}

static void of_last(const struct course *c, size_t class, double *z, double *d_z)
{
    at_step(c, class, c->time_steps - 1, z, d_z);
}

static const struct {
    const char *name;
    void (*read)(const struct course *c, size_t class, double *z, double *d_z);
} readouts[] = {{"spike_mean", of_mean},
                {"spike_count", of_sum},
                {"membrane_mean", of_mean},
                {"membrane_max", of_largest},
                {"membrane_last", of_last}};

/* ---------------------------------------------------------------------------------- losses -- */

/* Of cross-entropy at one point: sum over classes of softmax (dz - the target's dz), which keeps
 * its digits where softmax is nearly 1; twice through, for the largest and the target first. `pick`
 * gives z and dz of a class. */
struct point {
    const struct course *c;
    void (*read)(const struct course *c, size_t class, double *z, double *d_z);
    size_t t; /* where read is NULL: of that step */
};

static void pick(const struct point *p, size_t class, double *z, double *d_z)
{
    if (p->read)
        p->read(p->c, class, z, d_z);
    else
        at_step(p->c, class, p->t, z, d_z);
}

static double entropy_tangent(const struct point *p)
{
    const double smoothing = p->c->loss->value[0];
    const size_t classes = p->c->classes;
    double z, d_z, top = -HUGE_VAL, sum = 0, moved = 0, target = 0;
    for (size_t k = 0; k < classes; k++) {
        pick(p, k, &z, &d_z);
        top = fmax(top, z);
        target += ((k == p->c->label ? 1 - smoothing : 0) + smoothing / (double)classes) * d_z;
    }
    for (size_t k = 0; k < classes; k++) {
        pick(p, k, &z, &d_z);
        sum += exp(z - top);
        moved += exp(z - top) * (d_z - target);
    }
    return moved / sum;
}

static double per_step(const struct course *c)
{
    double sum = 0;
    for (size_t t = 0; t < c->time_steps; t++)
        sum += entropy_tangent(&(struct point){.c = c, .t = t});
    return sum / (double)c->time_steps;
}

/* What the others should reach is at least 0 while the label's is more. */
static double wanted(const struct course *c, size_t class, double label, double other)
{
    return class == c->label ? label : label > other && other < 0 ? 0 : other;
}

static double mse_count(const struct course *c)
{
    const double steps = (double)c->time_steps, neurons = (double)c->population;
    double sum = 0;
    for (size_t k = 0; k < c->classes; k++) {
        double count, d_count;
        of_sum(c, k, &count, &d_count);
        sum += 2 * d_count *
               (count - wanted(c, k, trunc(steps * c->loss->value[0] * neurons),
                               trunc(steps * c->loss->value[1] * neurons)));
    }
    return sum / (steps * (double)c->classes);
}

static double mse_membrane(const struct course *c)
{
    double sum = 0;
    for (size_t t = 0; t < c->time_steps; t++)
        for (size_t k = 0; k < c->classes; k++)
            sum += 2 * c->d[t * c->classes + k] *
                   (c->y[t * c->classes + k] - wanted(c, k, c->loss->value[0], c->loss->value[1]));
    return sum / (double)(c->time_steps * c->classes);
}

static const struct {
    const char *name;
    double (*tangent)(const struct course *c); /* NULL: cross-entropy of what the readout reads */
} losses[] = {{"cross_entropy", NULL},
              {"cross_entropy_per_step", per_step},
              {"mse_count", mse_count},
              {"mse_membrane", mse_membrane}};

/* --------------------------------------------------------------------------------- look-up -- */

static size_t readout_of(const struct snn_net *net)
{
    size_t i = 0;
    while (i < sizeof readouts / sizeof *readouts &&
           strcmp(readouts[i].name, net->readout.kind->name) != 0)
        i++;
    return i;
}

static size_t loss_of(const struct snn_net *net)
{
    size_t i = 0;
    while (i < sizeof losses / sizeof *losses && strcmp(losses[i].name, net->loss.kind->name) != 0)
        i++;
    return i;
}

enum snn_code snn_loss_tangent_check(const struct snn_net *net, struct snn_error *err)
{
    if (readout_of(net) == sizeof readouts / sizeof *readouts)
        return snn_fail_at(err, "/readout/kind", SNN_INVALID,
                           "readout '%s' has no tangent to check gradients with",
                           net->readout.kind->name);
    if (loss_of(net) == sizeof losses / sizeof *losses)
        return snn_fail_at(err, "/training/loss/kind", SNN_INVALID,
                           "loss '%s' has no tangent to check gradients with",
                           net->loss.kind->name);
    return SNN_OK;
}

double snn_loss_tangent(const struct snn_net *net, const double *y, const double *dy, size_t steps,
                        size_t label)
{
    const struct course c = {.y = y,
                             .d = dy,
                             .time_steps = steps,
                             .classes = net->classes,
                             .population = net->population,
                             .label = label,
                             .loss = &net->loss};
    const size_t loss = loss_of(net);
    if (losses[loss].tangent)
        return losses[loss].tangent(&c);
    return entropy_tangent(&(struct point){.c = &c, .read = readouts[readout_of(net)].read});
}

double snn_penalty_tangent(const struct snn_penalty *p, const real *s, const double *ds,
                           size_t time_steps, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double rate = 0, moved = 0;
        for (size_t t = 0; t < time_steps; t++) {
            rate += (double)s[t * n + i] / (double)time_steps;
            moved += ds[t * n + i] / (double)time_steps;
        }
        sum += 2 * moved * (fmax(0, rate - p->above) - fmax(0, p->below - rate));
    }
    return p->strength * sum / (double)n;
}
