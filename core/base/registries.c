/* SPDX-License-Identifier: MIT */
/* The list of all registries: apart from param.c, so that a program that looks up one registry does
 * not link the rows of the others. */
#include "core/snn.h"

const struct snn_registry *const snn_registries[] = {
    &snn_neurons,   &snn_solvers,    &snn_surrogates,   &snn_resets,     &snn_encoders,
    &snn_layers,    &snn_readouts,   &snn_losses,       &snn_optimizers, &snn_schedules,
    &snn_samplings, &snn_learnables, &snn_initialisers, &snn_formats,    NULL,
};
