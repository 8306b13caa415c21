/* SPDX-License-Identifier: MIT */
/* A world with a trained job in it. A failure of these functions fails the running test. */
#ifndef TESTS_API_TRAINED_H
#define TESTS_API_TRAINED_H

#include "tests/api/world.h"

#define TRAINED_CONFIG                                                                             \
    "{\"seed\":3,\"dataset\":{\"name\":\"digits\"},\"encoding\":{\"kind\":\"constant\","           \
    "\"time_steps\":2},\"neuron\":{\"tau\":3.5,\"surrogate\":\"arctan\",\"reset\":\"zero\"},"      \
    "\"layers\":[{\"kind\":\"dense\",\"units\":6},{\"kind\":\"dense\",\"units\":10,"               \
    "\"name\":\"out\",\"neuron\":{\"surrogate\":\"sigmoid\",\"surrogate_scale\":7}}],"             \
    "\"training\":{\"epochs\":1,\"batch_size\":256}}"

struct trained {
    struct world *world;
    char job[SRV_ID_SIZE];
    char checkpoint[SRV_ID_SIZE];
    double accuracy; /* of the run, on the test set */
};

/* A job trained to its end, with its checkpoint recorded as a worker would; on digits, where there
 * is no such data set any more. */
void trained_train(struct trained *t, const char *dataset, const char *config);
/* Around each test: *state is a struct trained with the job of TRAINED_CONFIG. */
int trained_setup(void **state);
int trained_teardown(void **state);
/* GET of the job's weights. */
struct world *trained_get(struct trained *t, struct world_request r, int status);

#endif
