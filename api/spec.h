/* SPDX-License-Identifier: MIT */
/* The JSON of a job, read. */
#ifndef SPIKED_API_SPEC_H
#define SPIKED_API_SPEC_H

#include "api/spec_neuron.h"

/* What a job's JSON says. */
struct api_form {
    char name[129];
    int64_t seed, priority;
    struct srv_meta metadata[SRV_MAX_METADATA];
    size_t n_metadata;
    char dataset[SRV_ID_SIZE + 128]; /* its name or id; "" = none given */
    const char *dataset_at;          /* "/dataset/name" or "/dataset/id" */
    struct snn_neuron_spec neuron;   /* the defaults of all layers */
    struct snn_choice initialiser;
    char init_job[SRV_ID_SIZE];                /* "" = none */
    char init_checkpoint[8];                   /* "best" or "last" */
    char webhook_url[512], webhook_events[40]; /* "" = none; " succeeded failed " */
    struct snn_spec spec;
};

/* Reads a job into *form, with the defaults where it says nothing, and adds to e all that is wrong.
 */
void api_form_read(struct api_form *form, json_t *job, struct api_errors *e);
/* Adds what is wrong with the form for that data, but nothing about a place that has an error
 * already. */
void api_form_check(const struct api_form *form, const struct snn_data_info *data,
                    struct api_errors *e);

/* The fields at the top of a job, for the catalog's limits. */
extern const struct api_shape api_job_shape;

/* A layer: fills a struct snn_layer_spec. spec_layers.c */
extern const struct api_shape api_layer_shape, api_initialisation_shape;
/* The array of layers; the member is the whole struct api_form. spec_layers.c */
void api_read_layers(struct api_errors *e, const struct api_field *f, const char *at, json_t *value,
                     void *form);

#endif
