/* SPDX-License-Identifier: MIT */
/* Query parameters. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/problem.h"

/* strtol and strtod skip blanks and take signs and words that no number here may have. */
static bool plain_start(const char *text)
{
    return text[0] != '\0' && strchr("-.0123456789", text[0]);
}

bool api_query_integer(struct api_call *c, const char *name, int64_t min, int64_t max,
                       int64_t otherwise, int64_t *out)
{
    const char *text = srv_request_query(c->req, name);
    char *end;
    long long v;

    if (!text) {
        *out = otherwise;
        return true;
    }
    errno = 0;
    v = strtoll(text, &end, 10);
    if (plain_start(text) && *end == '\0' && errno == 0 && v >= min && v <= max) {
        *out = v;
        return true;
    }
    api_refuse_query(c, name, "out_of_range",
                     "%s is \"%.40s\", want an integer from %" PRId64 " to %" PRId64, name, text,
                     min, max);
    return false;
}

bool api_query_number(struct api_call *c, const char *name, double min, double max,
                      double otherwise, double *out)
{
    const char *text = srv_request_query(c->req, name);
    char *end;
    double v;

    if (!text) {
        *out = otherwise;
        return true;
    }
    v = strtod(text, &end);
    if (plain_start(text) && *end == '\0' && isfinite(v) && v >= min && v <= max) {
        *out = v;
        return true;
    }
    api_refuse_query(c, name, "out_of_range", "%s is \"%.40s\", want a number from %g to %g", name,
                     text, min, max);
    return false;
}

bool api_query_order(struct api_call *c, bool otherwise_ascending, bool *ascending)
{
    const char *order = srv_request_query(c->req, "order");

    *ascending = order ? strcmp(order, "asc") == 0 : otherwise_ascending;
    if (!order || *ascending || strcmp(order, "desc") == 0)
        return true;
    api_refuse_query(c, "order", "unknown_name", "order is \"%.40s\", want asc or desc", order);
    return false;
}

/* "metadata[" in the list stands for "metadata[anything]". */
static bool fits(const char *known, const char *name)
{
    size_t n = strlen(known);

    if (n && known[n - 1] == '[')
        return strncmp(known, name, n) == 0 && name[strlen(name) - 1] == ']';
    return strcmp(known, name) == 0;
}

static bool is_known(const char *const names[], const char *name)
{
    for (size_t i = 0; names[i]; i++)
        if (fits(names[i], name))
            return true;
    return false;
}

static bool is_repeated(const struct srv_request *req, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (strcmp(req->query[i].name, req->query[j].name) == 0)
            return true;
    return false;
}

/* "limit, after, metadata[...]" */
static void list_names(char *text, size_t size, const char *const names[])
{
    size_t used = 0;

    snprintf(text, size, "none");
    for (size_t i = 0; names[i] && used < size; i++) {
        size_t n = strlen(names[i]);
        int wrote = snprintf(text + used, size - used, "%s%s%s", i ? ", " : "", names[i],
                             n && names[i][n - 1] == '[' ? "...]" : "");

        used += wrote > 0 ? (size_t)wrote : 0;
    }
}

bool api_query_known(struct api_call *c, const char *const names[])
{
    char list[300];

    for (size_t i = 0; i < c->req->n_query; i++) {
        const char *name = c->req->query[i].name;

        if (!is_known(names, name)) {
            list_names(list, sizeof list, names);
            api_refuse_query(c, name, "unknown_field", "there is no parameter \"%.60s\", only: %s",
                             name, list);
            return false;
        }
        if (is_repeated(c->req, i)) {
            api_refuse_query(c, name, "invalid", "%.60s is given more than once", name);
            return false;
        }
    }
    return true;
}
