/* SPDX-License-Identifier: MIT */
#include "api/job_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PLACES 256
/* Longer ones are made anew: all places together stay below 4 MiB. */
#define MAX_BYTES ((size_t)16 * 1024)

struct api_job_cache {
    pthread_mutex_t lock; /* guards all below */
    struct {
        int64_t seq, version; /* seq 0: nothing is kept here */
        char *text;
        size_t size;
    } places[PLACES];
};

struct api_job_cache *api_job_cache_new(void)
{
    struct api_job_cache *cache = calloc(1, sizeof *cache);

    if (cache)
        pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

void api_job_cache_free(struct api_job_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < PLACES; i++)
        free(cache->places[i].text);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

static char *copy_of(const char *text, size_t size)
{
    char *copy = malloc(size + 1);

    if (!copy)
        return NULL;
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

char *api_job_cache_get(struct api_job_cache *cache, int64_t seq, int64_t version, size_t *size)
{
    size_t at = (uint64_t)seq % PLACES;
    char *copy = NULL;

    if (!cache)
        return NULL;
    pthread_mutex_lock(&cache->lock);
    if (cache->places[at].seq == seq && cache->places[at].version == version &&
        cache->places[at].text) {
        *size = cache->places[at].size;
        copy = copy_of(cache->places[at].text, *size);
    }
    pthread_mutex_unlock(&cache->lock);
    return copy;
}

void api_job_cache_put(struct api_job_cache *cache, int64_t seq, int64_t version, const char *text,
                       size_t size)
{
    char *copy = cache && size <= MAX_BYTES ? copy_of(text, size) : NULL, *old;
    size_t at = (uint64_t)seq % PLACES;

    if (!copy)
        return;
    pthread_mutex_lock(&cache->lock);
    old = cache->places[at].text;
    cache->places[at].seq = seq;
    cache->places[at].version = version;
    cache->places[at].text = copy;
    cache->places[at].size = size;
    pthread_mutex_unlock(&cache->lock);
    free(old);
}
