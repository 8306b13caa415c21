/* SPDX-License-Identifier: MIT */
/* A dense network of a reference file: what bptt_dense.json and fractional.json have in common. */
#ifndef TESTS_REFERENCE_NETWORK_H
#define TESTS_REFERENCE_NETWORK_H

#include "core/train/net.h"
#include "tests/reference/neurons.h"

struct ref_network {
    size_t T, B, n_layers, in;
    const json_t *set; /* x, labels, W1, b1, ... */
    struct ref_neuron neuron[SNN_MAX_LAYERS];
    double *dt;   /* [T] */
    double *leak; /* [T]: share 1 - r of sample k-1 in the input of step k; 0 where x[k] itself is
                     used */
    double *x;    /* [B, T, in], as the network sees it */
    uint32_t *labels; /* [B] */
};

/* "W" and 1 give "W2": layers count from 1 in the files. */
const char *ref_numbered(char text[32], const char *name, size_t layer);
/* [T, B, n] of the file to [B, T, n] of the core, or back with the sizes exchanged. */
double *ref_transposed(struct ref_case *c, const double *from, size_t rows, size_t columns,
                       size_t n);

/* Layers, grid and input; false with the case failed where something is missing. */
bool ref_network_read(struct ref_case *c, struct ref_network *w);
/* Builds it, runs it both ways and compares all that the case expects. */
void ref_network_run(struct ref_case *c, const struct ref_network *w);

#endif
