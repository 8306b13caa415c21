/* SPDX-License-Identifier: MIT */
/* Requests one after the other, each with the status that is wanted, and paths made of the routes'
 * patterns. */
#ifndef TESTS_API_STEPS_H
#define TESTS_API_STEPS_H

#include "tests/api/ask.h"

/* What stands for {job}, {sweep}, {dataset}, and for anything else in braces. */
struct step_names {
    const char *job, *sweep, *dataset, *word;
};

/* The pattern with those names in it. */
void steps_fill(char *path, size_t size, const char *pattern, const struct step_names *names);

/* A request and what comes; {job}, {sweep} and {dataset} in the target are filled in. */
struct step {
    const char *method, *target, *body;
    int status;
    struct srv_pair header;
};

void steps_walk(struct world *w, const struct step_names *names, const struct step *steps,
                size_t n);
#define WALK(w, names, steps) steps_walk(w, names, steps, sizeof(steps) / sizeof *(steps))

/* Fails the test where the last answer has another status. */
void steps_want(struct world *w, const char *method, const char *path, int status);
/* {"200": ...}: what the document says that the route answers. */
const json_t *steps_said(const struct api_route *r);

#endif
