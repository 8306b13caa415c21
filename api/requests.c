/* SPDX-License-Identifier: MIT */
#include "api/requests.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "api/call.h"

/* More different statuses of one route than there are; further ones go to the last. */
#define STATUSES 16

struct answers {
    atomic_int status; /* 0 = not in use */
    struct srv_histogram times;
};

struct api_requests {
    struct answers (*routes)[STATUSES]; /* [api_route_count + 1] */
};

struct api_requests *api_requests_new(void)
{
    struct api_requests *r = calloc(1, sizeof *r);

    if (!r)
        return NULL;
    r->routes = calloc(api_route_count + 1, sizeof *r->routes);
    if (r->routes)
        return r;
    free(r);
    return NULL;
}

void api_requests_free(struct api_requests *r)
{
    if (!r)
        return;
    free(r->routes);
    free(r);
}

/* A place once taken is that status's for good. */
static struct answers *find(struct answers row[STATUSES], int status)
{
    for (size_t i = 0; i < STATUSES; i++) {
        int found = 0;

        if (atomic_compare_exchange_strong(&row[i].status, &found, status) || found == status)
            return &row[i];
    }
    return &row[STATUSES - 1];
}

void api_requests_note(struct api_requests *r, size_t route, int status, int64_t microseconds)
{
    if (r && status)
        srv_histogram_add(
            &find(r->routes[route < api_route_count ? route : api_route_count], status)->times,
            srv_moments, microseconds);
}

void api_requests_each(struct api_requests *r,
                       void (*each)(void *user, const char *method, const char *pattern, int status,
                                    const struct srv_histogram *h),
                       void *user)
{
    for (size_t i = 0; r && i <= api_route_count; i++) {
        const char *method = i < api_route_count ? api_routes[i].method : "";
        const char *pattern = i < api_route_count ? api_routes[i].pattern : "";

        for (size_t k = 0; k < STATUSES && atomic_load(&r->routes[i][k].status); k++)
            each(user, method, pattern, atomic_load(&r->routes[i][k].status),
                 &r->routes[i][k].times);
    }
}
