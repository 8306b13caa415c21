/* SPDX-License-Identifier: MIT */
/* Answers against the committed OpenAPI document, api/openapi.json: every test that asks the API
 * holds it to what it promises. */
#ifndef TESTS_SUPPORT_CONTRACT_H
#define TESTS_SUPPORT_CONTRACT_H

#include <jansson.h>
#include <stdbool.h>

/* The document; fails the test where there is none. Borrowed. */
const json_t *contract_document(void);

/* The path of the document that fits ("/v1/jobs/{job}"), NULL if none does. */
const char *contract_path(const char *path);

struct contract_answer {
    long status;
    const char *type;   /* Content-Type, "" or NULL where there is none */
    const json_t *json; /* NULL where the body is no JSON */
};

/* Fails the test where the answer is not one that the document has. `path` may have a query. */
void contract_check(const char *method, const char *path, const struct contract_answer *answer);

/* Whether an answer of that status was checked in this program; the method in small letters, the
 * path as the document has it. */
bool contract_seen(const char *method, const char *pattern, const char *status);

#endif
