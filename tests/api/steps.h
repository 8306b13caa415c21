/* SPDX-License-Identifier: MIT */
/* Requests one after the other, each with the status that is wanted, and paths made of the routes'
 * patterns. */
#ifndef TESTS_API_STEPS_H
#define TESTS_API_STEPS_H

#include "tests/api/ask.h"

/* What stands for {job}, {sweep}, {dataset}, {webhook}, and (word) for anything else in braces. */
struct step_names {
    const char *job, *sweep, *dataset, *word, *webhook;
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

/* Calculations aside that are never done: the first `n` are asked for, the world's aside begun with
 * the first of all; steps_crowd_end ends them and it. */
#define STEPS_CROWD 9 /* one is made, and no more wait */
struct step_crowd {
    struct srv_errand *errand[STEPS_CROWD];
    size_t n;
    atomic_bool begun;
};
void steps_crowd(struct world *w, struct step_crowd *crowd, size_t n);
void steps_crowd_end(struct world *w, struct step_crowd *crowd);

/* A worker takes the next job, and lets it go; this clears it. */
void steps_claim(struct world *w, struct srv_job *out);
void steps_release(struct world *w, struct srv_job *job, enum srv_job_status status);

/* Fails the test where the last answer has another status. */
void steps_want(struct world *w, const char *method, const char *path, int status);
/* {"200": ...}: what the document says that the route answers. */
const json_t *steps_said(const struct api_route *r);

struct provocation {
    int status;
    struct step_names names;
    const char *query, *body, *type; /* body: sent to those that read JSON */
    bool readers;                    /* those alone that read JSON */
    struct srv_pair header;
    uint64_t length; /* claimed */
};
/* Asks every route that has the status in the document. */
void steps_provoke(struct world *w, const struct provocation *p);

#endif
