/* SPDX-License-Identifier: MIT */
/* Matching paths against the route table. Exact: no case folding, no trailing slash, no empty
 * segment. */
#include "api/route.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PARAM_SIZE sizeof(((struct api_call *)0)->param[0])

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define CROCKFORD DIGITS "ABCDEFGHJKMNPQRSTVWXYZ"
#define ULID_LENGTH 26

static bool is_id(const char *s, const char *prefix)
{
    size_t n = strlen(prefix);

    return strncmp(s, prefix, n) == 0 && strlen(s + n) == ULID_LENGTH &&
           strspn(s + n, CROCKFORD) == ULID_LENGTH;
}

static bool is_job(const char *s)
{
    return is_id(s, "job_");
}

static bool is_sweep(const char *s)
{
    return is_id(s, "swp_");
}

static bool is_webhook(const char *s)
{
    return is_id(s, "evt_");
}

static bool is_dataset(const char *s)
{
    return s[0] && s[strspn(s, LOWER UPPER DIGITS "._:-")] == '\0';
}

static bool is_word(const char *s)
{
    return s[0] && s[strspn(s, LOWER UPPER DIGITS "_-")] == '\0';
}

static const struct class
{
    const char *name; /* as it stands in a pattern */
    bool (*fits)(const char *segment);
    const char *noun, *wanted; /* for a message */
} classes[] = {
    {"{job}", is_job, "id of a job", "job_ and 26 characters, 0-9 and A-Z without I L O U"},
    {"{sweep}", is_sweep, "id of a sweep", "swp_ and 26 characters, 0-9 and A-Z without I L O U"},
    {"{webhook}", is_webhook, "id of a webhook",
     "evt_ and 26 characters, 0-9 and A-Z without I L O U"},
    {"{dataset}", is_dataset, "id or name of a data set", "letters, digits and . _ : -"},
    {"{name}", is_word, "name", "letters, digits, _ and -"},
    {"{file}", is_dataset, "name of a file", "letters, digits and . _ : -"},
    {"{part}", is_word, "name of a part", "letters, digits, _ and -"},
};

static const struct class *find_class(const char *name, size_t n)
{
    for (size_t i = 0; i < COUNT(classes); i++)
        if (strlen(classes[i].name) == n && memcmp(classes[i].name, name, n) == 0)
            return &classes[i];
    return NULL;
}

/* One segment, without its slash. */
static bool segment_fits(const char *want, size_t n_want, const char *got, size_t n_got,
                         char param[API_MAX_PATH_PARAMS][72], size_t *n_params)
{
    char *p = param[*n_params < API_MAX_PATH_PARAMS ? *n_params : 0];
    const struct class *class;

    if (n_want == 0 || want[0] != '{')
        return n_want == n_got && memcmp(want, got, n_got) == 0;
    if (*n_params >= API_MAX_PATH_PARAMS || n_got >= PARAM_SIZE)
        return false;
    memcpy(p, got, n_got);
    p[n_got] = '\0';
    ++*n_params;
    class = find_class(want, n_want);
    return class && class->fits(p);
}

bool api_route_match(const char *pattern, const char *path, char param[API_MAX_PATH_PARAMS][72],
                     size_t *n_params)
{
    *n_params = 0;
    while (*pattern == '/' && *path == '/') {
        size_t n_want = strcspn(++pattern, "/"), n_got = strcspn(++path, "/");

        if (!segment_fits(pattern, n_want, path, n_got, param, n_params))
            return false;
        pattern += n_want;
        path += n_got;
    }
    return *pattern == '\0' && *path == '\0';
}

/* Whether the path has as many segments as the pattern, and the same where that has no {...};
 * *wrong: the first segment that is not of its class. */
static bool same_form(const char *pattern, const char *path, const char **wrong, size_t *n_wrong,
                      const struct class **wanted)
{
    char param[API_MAX_PATH_PARAMS][72];

    *wrong = NULL;
    while (*pattern == '/' && *path == '/') {
        size_t n_want = strcspn(++pattern, "/"), n_got = strcspn(++path, "/"), n = 0;

        if (!segment_fits(pattern, n_want, path, n_got, param, &n)) {
            const struct class *class = find_class(pattern, n_want);

            if (!class || n_got == 0)
                return false;
            if (!*wrong) {
                *wrong = path;
                *n_wrong = n_got;
                *wanted = class;
            }
        }
        pattern += n_want;
        path += n_got;
    }
    return *pattern == '\0' && *path == '\0';
}

bool api_route_explain(const char *path, char *text, size_t size)
{
    const struct class *wanted = NULL;
    const char *wrong = NULL;
    size_t n = 0;

    for (size_t i = 0; i < api_route_count; i++) {
        if (!same_form(api_routes[i].pattern, path, &wrong, &n, &wanted) || !wrong)
            continue;
        snprintf(text, size, "\"%.*s\" is no %s, want %s", (int)(n < 60 ? n : 60), wrong,
                 wanted->noun, wanted->wanted);
        return true;
    }
    return false;
}

static void add_method(char *allow, size_t size, const char *method)
{
    size_t used = strlen(allow);

    if (used + 2 < size)
        snprintf(allow + used, size - used, "%s%s%s", used ? ", " : "", method,
                 strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

const struct api_route *api_route_find(struct api_call *c, char *allow, size_t size,
                                       bool *path_known)
{
    const char *method = strcmp(c->req->method, "HEAD") == 0 ? "GET" : c->req->method;

    allow[0] = '\0';
    *path_known = false;
    for (size_t i = 0; i < api_route_count; i++) {
        const struct api_route *r = &api_routes[i];

        if (!api_route_match(r->pattern, c->req->path, c->param, &c->n_params))
            continue;
        if (strcmp(r->method, method) == 0)
            return r;
        *path_known = true;
        add_method(allow, size, r->method);
    }
    return NULL;
}
