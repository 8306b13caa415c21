/* SPDX-License-Identifier: MIT */
/* The part of core/snn.h about trained models: their tensors, their answers, runs that start from
 * them. Included through it. */
#ifndef SPIKED_CORE_SNN_MODEL_H
#define SPIKED_CORE_SNN_MODEL_H

#include "core/snn.h"

struct snn_tensor {
    char name[SNN_NAME_SIZE * 2]; /* "layer1.weight" */
    size_t layer;                 /* index into the spec's layers */
    const char *role;             /* "weight", "bias", ... */
    size_t shape[SNN_MAX_RANK], rank, count;
    const float *data; /* row-major */
};

struct snn_model; /* trained tensors, read from a saved run */

enum snn_weights { SNN_BEST, SNN_LAST };

/* Verifies the file's digest first. `best` is the last where there is no validation split. */
enum snn_code snn_model_open(struct snn_model **out, const char *path, enum snn_weights which,
                             struct snn_error *err);
void snn_model_free(struct snn_model *model);
size_t snn_model_count(const struct snn_model *model);
const struct snn_tensor *snn_model_tensor(const struct snn_model *model, size_t i);
/* Steps trained when these weights were current. */
size_t snn_model_step(const struct snn_model *model);
/* SHA-256 over the tensors' bytes (little-endian float32) in their order. */
void snn_model_sha256(const struct snn_model *model, char hex[SNN_SHA256_HEX]);

/* Whether these are the tensors of that network, by name and shape: SNN_INVALID with the first that
 * is not. */
enum snn_code snn_model_check(const struct snn_model *model, const struct snn_spec *spec,
                              const struct snn_data_info *data, struct snn_error *err);

/* The model as a NIR graph (an HDF5 file), its exact rules in metadata; `config` is kept there.
 * Time constants are in seconds, a step is one millisecond. SNN_INVALID where model and spec do not
 * belong together. @thread any */
enum snn_code snn_nir_write(FILE *to, const struct snn_model *model, const struct snn_spec *spec,
                            const struct snn_data_info *data, const char *config,
                            struct snn_error *err);
/* Calls `report` (may be NULL) with every reason why a reader that knows nothing but the graph's
 * nodes would run another network; returns how many there are. */
size_t snn_nir_reasons(const struct snn_spec *spec, void (*report)(void *user, const char *reason),
                       void *user);

struct snn_predictions {
    size_t n, classes, outputs;
    uint32_t *label;  /* [n] the class of the highest score; of equals the first */
    double *scores;   /* [n, classes] what the readout gives: no probabilities */
    uint32_t *spikes; /* [n, outputs] of each neuron of the last layer; NULL where it has none */
};
/* Samples to ask about: values, or lists of events where the network is one for them. */
struct snn_inputs {
    size_t n;
    const float *values;   /* [n, features] as a data set's are once it is open (bytes / 255, CSV as
                            * written) */
    const size_t *first;   /* [n + 1]: sample i's events are first[i] .. first[i + 1] - 1 */
    const uint32_t *times; /* of each event, in ticks */
    const uint16_t *units; /* of each event, below the data's features */
};
/* Runs the model of a run of that spec on the samples, on the calling thread, a few at a time.
 * Random encodings draw for sample i what they draw for sample i of the test set, and events stay
 * as they are: the test set, asked in its order, gives the answers of the run's evaluation.
 * SNN_INVALID where model, spec and inputs do not belong together or nobody knows the events'
 * duration, SNN_LIMIT where it would take more memory than `most` (0 = any). Clear it in the end.
 * @thread any */
enum snn_code snn_predict(struct snn_predictions *out, const struct snn_model *model,
                          const struct snn_spec *spec, const struct snn_data_info *data,
                          const struct snn_inputs *inputs, size_t most, struct snn_error *err);
void snn_predictions_clear(struct snn_predictions *p);

/* Starts a fresh run from the model instead of its seed: tensors of the same names and shapes;
 * learned constants keep their values. Its digest becomes a part of the run's spec. After a failure
 * the run is not to be used. SNN_INVALID where the tensors are others. */
enum snn_code snn_run_init_from(struct snn_run *run, const struct snn_model *model,
                                struct snn_error *err);

#endif
