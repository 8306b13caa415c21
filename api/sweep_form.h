/* SPDX-License-Identifier: MIT */
/* A sweep as it is asked for, and the combinations it comes to. */
#ifndef SPIKED_API_SWEEP_FORM_H
#define SPIKED_API_SWEEP_FORM_H

#include "api/schema.h"

#define API_MAX_AXES 16
#define API_MAX_SEEDS 256
#define API_MAX_SWEEP_JOBS 4096

struct api_distribution;

/* A field of the job that differs, and what it may be. */
struct api_axis {
    const char *pointer;                         /* borrowed from the JSON, as the values are */
    json_t *values;                              /* of the grid, or of a choice */
    const struct api_distribution *distribution; /* of random ones */
    double min, max;
};

struct api_sweep_form {
    char name[129];
    json_t *base; /* borrowed */
    struct api_axis grid[API_MAX_AXES], random[API_MAX_AXES];
    size_t n_grid, n_random;
    int64_t samples, random_seed;
    int64_t seeds[API_MAX_SEEDS];
    size_t n_seeds; /* 0 = the base's own */
    int64_t max_jobs;
    char metric[24];                  /* "" = not given */
    char goal[12];                    /* "maximize" or "minimize"; "" = not given */
    int64_t rung_epochs, rung_factor; /* 0 = no early stopping */
};

/* Reads the body into *form, which borrows from it; adds to e all that is wrong but for the jobs
 * themselves. */
void api_sweep_form_read(struct api_sweep_form *form, json_t *body, struct api_errors *e);

/* How many combinations there are, at most `most` + 1. */
size_t api_sweep_count(const struct api_sweep_form *form, size_t most);
/* {pointer: value} of the i-th: the last field of the grid varies first, then the samples. A random
 * value follows from the seed, the sample's number and the pointer alone. NULL: no memory. */
json_t *api_sweep_parameters(const struct api_sweep_form *form, size_t i);
/* The place in the request that gave the combination its value at a place of the job: an element of
 * the grid, a distribution, or the base. */
void api_sweep_place(const struct api_sweep_form *form, size_t i, const char *pointer,
                     char out[API_POINTER_SIZE]);

#endif
