/* SPDX-License-Identifier: MIT */
/* A trained model and the formats it is written in. A new format is a writer and a row of the table
 * in weights.c. */
#ifndef SPIKED_API_MODEL_H
#define SPIKED_API_MODEL_H

#include <jansson.h>
#include <stdio.h>

#include "server/job.h"

struct api_call;

struct api_model {
    const struct srv_job *job;
    const struct snn_model *model;
    const struct snn_data_info *info;
    const struct snn_spec *spec; /* NULL where the job's config can no longer be compiled */
    const char *which;           /* "best" or "last" */
    char sha256[SNN_SHA256_HEX]; /* of the tensors */
};

/* Which weights `checkpoint` asks for. */
struct api_model_choice {
    const char *id; /* of a checkpoint; NULL = the newest */
    enum snn_weights which;
};
/* ?checkpoint=best, last or an id. False with the reply made. weights.c */
bool api_model_choose(struct api_call *c, struct api_model_choice *out);
/* The model asked for; NULL with the reply made. weights.c */
struct snn_model *api_model_open(struct api_call *c, const struct srv_job *job,
                                 const struct api_model_choice *choice);
/* What the job was trained as, and on what samples. False where its config cannot be compiled any
 * more. */
bool api_model_spec(struct api_call *c, const struct srv_job *job, const struct snn_model *model,
                    struct snn_spec *spec, struct snn_data_info *info);

struct api_model_format {
    const char *name, *content_type, *extension;
    /* Whether it cannot hold that model: the reply is made then. NULL: it holds all. */
    bool (*refused)(struct api_call *c, const struct api_model *m);
    /* Writes the whole file. Failures of the stream stay in it; false: no memory. */
    bool (*write)(FILE *to, const struct api_model *m);
};

/* {"object":"model","job","sha256","step","which","encoding","readout","layers":[{"name","kind",
 * ...,"neuron","parameters"}]}: all that it takes to run the network. The tensors go to the stream
 * number by number. */
bool api_model_json(FILE *to, const struct api_model *m);
/* safetensors: an 8-byte length, a JSON header padded to 8 bytes, then the tensors as little-endian
 * F32. */
bool api_model_safetensors(FILE *to, const struct api_model *m);
/* A NIR graph, HDF5. */
bool api_model_nir(FILE *to, const struct api_model *m);
bool api_model_nir_refused(struct api_call *c, const struct api_model *m);

#endif
