/* SPDX-License-Identifier: MIT */
/* Small whole runs. A failure of these functions fails the running test. */
#ifndef TESTS_CORE_TRAIN_RUNS_H
#define TESTS_CORE_TRAIN_RUNS_H

#include "core/train/run.h"

/* Three classes that can be told apart, 6 features; the caller's to free. `seed` changes the
 * noise. */
struct snn_data *runs_data(size_t train, size_t test, size_t seed);
/* Three classes of lists of events of 6 units, some of which end early; 240 and 60 samples. */
struct snn_data *runs_events(void);
/* 6 - 8 - 3 neurons, 5 steps, 3 epochs of batches of 7, 4 shards; every 3rd step looked into. */
struct snn_spec runs_spec(void);
/* The row of that name. */
struct snn_choice runs_choice(const struct snn_registry *r, const char *name);
/* Where the choice's parameter of that name is; fails the test where there is none. */
double *runs_parameter(struct snn_choice *c, const char *name);
/* The same surrogate or reset in all layers. */
void runs_surrogate(struct snn_spec *spec, const char *name);
void runs_reset(struct snn_spec *spec, const char *name);
/* Dynamics of two orders, with all their constants learned, of each neuron where that can be. */
void runs_orders_learned(struct snn_spec *spec);
/* Solvers pred and l1 in turn, of two past states; tau and alpha learned. */
void runs_short_memories(struct snn_spec *spec);

struct snn_run *runs_new(const struct snn_spec *spec, const struct snn_data *data, size_t threads);
/* Stops after the step with that number; `after` 0: to the end. */
void runs_train(struct snn_run *run, size_t after);
/* What was met of layers that take their input as lists where it is few: all of a layer's blocks
 * were lists, some, none; and lists without an entry. */
struct runs_lists {
    bool all, some, none, silent;
};
void runs_note_lists(struct runs_lists *met, const struct snn_lists_count *layer);
/* SHA-256 over everything a run has learnt: weights, best weights, optimizer state, cursor. */
void runs_digest(const struct snn_run *run, char hex[SNN_SHA256_HEX]);
/* The digest of a run of its own, from start to end. */
void runs_result(const struct snn_spec *spec, const struct snn_data *data, size_t threads,
                 char hex[SNN_SHA256_HEX]);
/* Saves into a new file; its path is the caller's to free. */
char *runs_save(const struct snn_run *run, const char *dir, const char *name);

#endif
