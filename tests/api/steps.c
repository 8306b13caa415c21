/* SPDX-License-Identifier: MIT */
#include "tests/api/steps.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/support/contract.h"
#include "tests/support/test.h"

void steps_fill(char *path, size_t size, const char *pattern, const struct step_names *names)
{
    const struct {
        const char *hole, *name;
    } rows[] = {{"{job}", names->job},
                {"{sweep}", names->sweep},
                {"{dataset}", names->dataset},
                {"{webhook}", names->webhook ? names->webhook : "evt_00000000000000000000000000"},
                {"{", names->word}};
    size_t n = 0;

    while (*pattern && n + 1 < size) {
        if (*pattern != '{') {
            path[n++] = *pattern++;
            continue;
        }
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            if (strncmp(pattern, rows[i].hole, strlen(rows[i].hole)) != 0)
                continue;
            n += (size_t)snprintf(path + n, size - n, "%s", rows[i].name);
            break;
        }
        pattern += strcspn(pattern, "}") + 1;
    }
    path[n < size ? n : size - 1] = '\0';
}

const json_t *steps_said(const struct api_route *r)
{
    const json_t *paths = json_object_get(contract_document(), "paths");
    char method[16] = "";

    for (size_t k = 0; r->method[k]; k++)
        method[k] = (char)(r->method[k] | 0x20);
    return json_object_get(json_object_get(json_object_get(paths, r->pattern), method),
                           "responses");
}

void steps_want(struct world *w, const char *method, const char *path, int status)
{
    if (w->res.status != status)
        fail_msg("%s %s: %d, want %d: %s", method, path, w->res.status, status, w->text);
}

void steps_claim(struct world *w, struct srv_job *out)
{
    bool found = false;

    assert_int_equal(srv_store_job_claim(w->store, "boot", INT64_MAX, out, &found, NULL), SNN_OK);
    assert_true(found);
}

void steps_release(struct world *w, struct srv_job *job, enum srv_job_status status)
{
    bool deleted;

    job->status = status;
    assert_int_equal(srv_store_job_release(w->store, job, &deleted, NULL), SNN_OK);
    srv_job_clear(job);
}

void steps_walk(struct world *w, const struct step_names *names, const struct step *steps, size_t n)
{
    char path[300];

    for (size_t i = 0; i < n; i++) {
        struct ask a = {.method = steps[i].method,
                        .target = path,
                        .body = steps[i].body,
                        .headers = {steps[i].header}};

        steps_fill(path, sizeof path, steps[i].target, names);
        ask(w, &a);
        steps_want(w, a.method, path, steps[i].status);
    }
}

static bool is_asked(const struct provocation *p, const struct api_route *r)
{
    char key[8];

    snprintf(key, sizeof key, "%d", p->status);
    return json_object_get(steps_said(r), key) && (!p->readers || r->body_limit);
}

void steps_provoke(struct world *w, const struct provocation *p)
{
    size_t asked = 0;

    for (size_t i = 0; i < api_route_count; i++) {
        const struct api_route *r = &api_routes[i];
        bool sent = p->body && (p->readers ? r->body_limit > 0 : r->body != NULL);
        struct ask a = {.method = r->method,
                        .body = sent ? p->body : NULL,
                        .type = sent ? p->type : "",
                        .headers = {p->header},
                        .content_length = p->length};
        char path[300];

        if (!is_asked(p, r))
            continue;
        steps_fill(path, sizeof path, r->pattern, &p->names);
        strncat(path, p->query ? p->query : "", sizeof path - strlen(path) - 1);
        a.target = path;
        ask(w, &a);
        steps_want(w, r->method, path, p->status);
        asked++;
    }
    assert_true(asked > 0);
}

static void hold(void *user, const struct srv_errand *errand)
{
    atomic_store((atomic_bool *)user, true);
    while (srv_errand_wanted(errand))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void let_be(void *user)
{
    (void)user;
}

void steps_crowd(struct world *w, struct step_crowd *crowd, size_t n)
{
    const struct srv_errand_work work = {.user = &crowd->begun, .run = hold, .free = let_be};
    struct srv_aside **aside = &w->api.options.aside;

    if (!*aside) {
        crowd->n = 0;
        atomic_init(&crowd->begun, false);
        assert_int_equal(srv_aside_start(aside, NULL), SNN_OK);
    }
    /* The last may be refused: what an earlier request left waits as well. */
    while (crowd->n < n && srv_aside_ask(*aside, &crowd->errand[crowd->n], &work, NULL) == SNN_OK)
        crowd->n++;
    while (!atomic_load(&crowd->begun))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

void steps_crowd_end(struct world *w, struct step_crowd *crowd)
{
    while (crowd->n > 0)
        srv_errand_drop(crowd->errand[--crowd->n]);
    srv_aside_stop(w->api.options.aside);
    w->api.options.aside = NULL;
}
