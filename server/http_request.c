/* SPDX-License-Identifier: MIT */
#include "server/http_request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FIRST_CAPACITY 4096

const char *srv_request_header(const struct srv_request *req, const char *name)
{
    for (size_t i = 0; i < req->n_headers; i++)
        if (strcasecmp(req->headers[i].name, name) == 0)
            return req->headers[i].value;
    return NULL;
}

const char *srv_request_query(const struct srv_request *req, const char *name)
{
    for (size_t i = 0; i < req->n_query; i++)
        if (strcmp(req->query[i].name, name) == 0)
            return req->query[i].value;
    return NULL;
}

bool srv_pairs_reserve(struct srv_pairs *pairs, size_t n)
{
    if (!n)
        return true;
    pairs->rows = calloc(n, sizeof *pairs->rows);
    pairs->capacity = pairs->rows ? n : 0;
    return pairs->rows != NULL;
}

bool srv_pairs_add(struct srv_pairs *pairs, const char *name, const char *value)
{
    if (pairs->count == pairs->capacity)
        return false;
    pairs->rows[pairs->count++] = (struct srv_pair){name, value};
    return true;
}

void srv_pairs_free(struct srv_pairs *pairs)
{
    free(pairs->rows);
    *pairs = (struct srv_pairs){0};
}

/* Room for `size` bytes and the end, doubling, but never beyond the limit: a client that sends
 * little costs little, whatever it announced. */
static bool grow(struct srv_body *body, size_t size, uint64_t limit)
{
    size_t most = limit < SIZE_MAX ? (size_t)limit + 1 : SIZE_MAX;
    size_t capacity = body->capacity ? body->capacity : FIRST_CAPACITY;
    char *bytes;

    if (size < body->capacity)
        return true;
    while (capacity <= size && capacity <= most / 2)
        capacity *= 2;
    if (capacity <= size || capacity > most)
        capacity = most;
    bytes = realloc(body->bytes, capacity);
    if (!bytes)
        return false;
    body->bytes = bytes;
    body->capacity = capacity;
    return true;
}

static void keep(struct srv_body *body, struct srv_request *req, const void *bytes, size_t n)
{
    if (!grow(body, req->body_size + n, req->body_limit)) {
        body->no_memory = body->dropped = true;
        return;
    }
    memcpy(body->bytes + req->body_size, bytes, n);
    body->bytes[req->body_size + n] = '\0';
    req->body = body->bytes;
}

void srv_body_take(struct srv_body *body, struct srv_request *req, const void *bytes, size_t n)
{
    if (body->over || n > req->body_limit - req->body_size) {
        body->over = true;
        srv_body_free(body);
        req->body = "";
        return;
    }
    if (req->sink.write && !body->dropped)
        body->dropped = !req->sink.write(req->sink.user, bytes, n);
    else if (!body->dropped)
        keep(body, req, bytes, n);
    req->body_size += n;
}

void srv_body_free(struct srv_body *body)
{
    free(body->bytes);
    body->bytes = NULL;
    body->capacity = 0;
}
