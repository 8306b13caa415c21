/* SPDX-License-Identifier: MIT */
/* A query parameter that is a list of names. */
#include "api/names.h"

#include <stdlib.h>
#include <string.h>

#include "api/problem.h"

bool api_names_parse(struct api_call *c, const char *parameter, struct api_names *out)
{
    const char *given = srv_request_query(c->req, parameter);
    char *rest;

    memset(out, 0, sizeof *out);
    if (!given)
        return true;
    out->text = strdup(given);
    if (!out->text) {
        api_problem(c, 500, "out_of_memory", "no memory for the list of names");
        return false;
    }
    rest = out->text;
    for (char *item; (item = strsep(&rest, ","));) {
        size_t length = strlen(item);
        if (length == 0 || out->n == API_MAX_NAMES) {
            api_refuse_query(c, parameter, "invalid",
                             "%s: want 1 to %d names with commas between, found %s", parameter,
                             API_MAX_NAMES, length ? "more" : "an empty one");
            api_names_clear(out);
            return false;
        }
        out->prefix[out->n] = item[length - 1] == '*';
        out->length[out->n] = length - out->prefix[out->n];
        out->item[out->n++] = item;
    }
    return true;
}

bool api_names_match(struct api_names *names, const char *name)
{
    bool any = names->n == 0;

    for (size_t i = 0; i < names->n; i++) {
        bool same = strncmp(name, names->item[i], names->length[i]) == 0 &&
                    (names->prefix[i] || name[names->length[i]] == '\0');
        names->found[i] = names->found[i] || same;
        any = any || same;
    }
    return any;
}

json_t *api_names_missing(const struct api_names *names)
{
    json_t *list = json_array();

    for (size_t i = 0; i < names->n; i++) {
        if (names->found[i])
            continue;
        if (json_array_append_new(list, api_text(names->item[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

void api_names_clear(struct api_names *names)
{
    free(names->text);
    memset(names, 0, sizeof *names);
}
