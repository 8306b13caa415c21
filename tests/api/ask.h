/* SPDX-License-Identifier: MIT */
/* Requests through the whole app, as http would bring them: begin, finish, release, without a
 * socket. */
#ifndef TESTS_API_ASK_H
#define TESTS_API_ASK_H

#include "tests/api/world.h"

struct ask {
    const char *method;
    const char *target; /* path and query, nothing percent-encoded */
    const char *body;   /* NULL = none */
    const char *type;   /* Content-Type; NULL = application/json where there is a body, "" = none */
    struct srv_pair headers[4]; /* more, up to the first without a name */
    bool may_wait;              /* http can put the answer off */
    uint64_t content_length;    /* where not 0: what the header claims */
};

/* The answer is in *w; returns its status. */
int ask(struct world *w, const struct ask *a);

/* Short forms. */
int ask_get(struct world *w, const char *target);
int ask_post(struct world *w, const char *target, const char *body);

/* A path of a route's pattern: that job, a sweep that is not there, and `word` for all else. */
void ask_fill(char *path, size_t size, const char *pattern, const char *job, const char *word);

/* The value at a path of the answer's object like "progress.steps" or "data.0.id"; NULL if there is
 * none. */
json_t *ask_at(const struct world *w, const char *path);
/* The same by type: fails where it is no integer; "" where it is no string; whether it is null. */
int64_t ask_integer_at(const struct world *w, const char *path);
const char *ask_text_at(const struct world *w, const char *path);
bool ask_null_at(const struct world *w, const char *path);
/* Whether the answer's errors have one at that pointer (or parameter) with that code. */
bool ask_has_error(const struct world *w, const char *pointer, const char *code);

#endif
