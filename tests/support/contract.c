/* SPDX-License-Identifier: MIT */
#include "tests/support/contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/schema.h"
#include "tests/support/test.h"

#define DOCUMENT "api/openapi.json"

static json_t *document;
static json_t *seen; /* {"get /v1/jobs 200": true}: what tests of this program were answered */

static void forget(void)
{
    json_decref(document);
    json_decref(seen);
}

const json_t *contract_document(void)
{
    json_error_t error;

    if (document)
        return document;
    document = json_load_file(DOCUMENT, 0, &error);
    seen = json_object();
    if (!document || !seen)
        fail_msg("%s: %s (line %d); tests run in the repository's root", DOCUMENT, error.text,
                 error.line);
    atexit(forget);
    return document;
}

/* A segment in braces fits any. */
static bool fits(const char *pattern, const char *path)
{
    while (*pattern && *path) {
        if (*pattern == '{') {
            pattern += strcspn(pattern, "}") + 1;
            path += strcspn(path, "/?");
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *pattern == '\0' && (*path == '\0' || *path == '?');
}

const char *contract_path(const char *path)
{
    const char *pattern, *found = NULL;
    json_t *value;

    json_object_foreach(json_object_get(contract_document(), "paths"), pattern, value)
    {
        if (strcmp(pattern, path) == 0)
            return pattern;
        if (fits(pattern, path) && (!found || strchr(found, '{')))
            found = pattern;
    }
    return found;
}

/* What the document says of that operation's status, or what any operation may answer. */
static const json_t *said(const char *method, const char *path, long status)
{
    const json_t *paths = json_object_get(contract_document(), "paths"), *answers, *found;
    const char *pattern = contract_path(path);
    char name[16] = "", key[8], all[200];

    for (size_t i = 0; method[i] && i < sizeof name - 1; i++)
        name[i] = (char)(method[i] | 0x20);
    snprintf(key, sizeof key, "%ld", status);
    answers = json_object_get(
        json_object_get(pattern ? json_object_get(paths, pattern) : NULL, name), "responses");
    found = json_object_get(answers, key);
    if (!found && json_object_get(json_object_get(contract_document(), "x-any-operation"), key))
        found = json_object_get(answers, "default");
    snprintf(all, sizeof all, "%s %s %s", name, pattern ? pattern : "", key);
    if (found)
        json_object_set_new(seen, all, json_true());
    return found;
}

static const json_t *resolve(const json_t *answer)
{
    const json_t *components = json_object_get(contract_document(), "components");
    const char *ref = json_string_value(json_object_get(answer, "$ref"));

    return ref ? json_object_get(json_object_get(components, "responses"), strrchr(ref, '/') + 1)
               : answer;
}

void contract_check(const char *method, const char *path, const struct contract_answer *answer)
{
    const json_t *rule, *content, *schema;
    char type[64] = "", why[600];

    if (strcmp(method, "OPTIONS") == 0 || strcmp(method, "HEAD") == 0 || answer->status == 405)
        return;
    if (!contract_path(path))
        return; /* no route of that name */
    rule = resolve(said(method, path, answer->status));
    if (!rule)
        fail_msg("%s %s: %ld is not in %s", method, path, answer->status, DOCUMENT);
    content = json_object_get(rule, "content");
    if (answer->type)
        snprintf(type, sizeof type, "%.*s", (int)strcspn(answer->type, ";"), answer->type);
    if (!content || !type[0])
        return;
    schema = json_object_get(content, type);
    if (!schema)
        fail_msg("%s %s: %ld comes as %s, which is not in %s", method, path, answer->status, type,
                 DOCUMENT);
    schema = json_object_get(schema, "schema");
    if (schema && answer->json &&
        !schema_allows(contract_document(), schema, answer->json, why, sizeof why))
        fail_msg("%s %s: %ld: %s", method, path, answer->status, why);
}

bool contract_seen(const char *method, const char *pattern, const char *status)
{
    char key[200];

    snprintf(key, sizeof key, "%s %s %s", method, pattern, status);
    return json_object_get(seen, key) != NULL;
}
