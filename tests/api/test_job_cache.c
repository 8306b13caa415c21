/* SPDX-License-Identifier: MIT */
#include "api/job_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/api/ask.h"
#include "tests/support/test.h"

static void get__other_job_or_version__is_nothing(void **state)
{
    struct api_job_cache *cache = api_job_cache_new();
    size_t size = 0;
    char *text;

    (void)state;
    assert_null(api_job_cache_get(cache, 1, 1, &size));
    api_job_cache_put(cache, 1, 1, "first", 5);
    text = api_job_cache_get(cache, 1, 1, &size);
    assert_string_equal(text, "first");
    assert_int_equal(size, 5);
    free(text);
    assert_null(api_job_cache_get(cache, 1, 2, &size));
    assert_null(api_job_cache_get(cache, 2, 1, &size));
    assert_null(api_job_cache_get(cache, 257, 1, &size)); /* the same place */
    api_job_cache_put(cache, 257, 1, "other", 5);
    assert_null(api_job_cache_get(cache, 1, 1, &size));
    api_job_cache_free(cache);
    api_job_cache_put(NULL, 1, 1, "none", 4);
    assert_null(api_job_cache_get(NULL, 1, 1, &size));
}

static void put__long_text__is_not_kept(void **state)
{
    struct api_job_cache *cache = api_job_cache_new();
    char *text = calloc(1, 100000);
    size_t size;

    (void)state;
    memset(text, 'x', 99999);
    api_job_cache_put(cache, 1, 1, text, 99999);
    assert_null(api_job_cache_get(cache, 1, 1, &size));
    free(text);
    api_job_cache_free(cache);
}

static void job__asked_again__is_the_same_until_it_changes(void **state)
{
    struct world *w = *state;
    char path[64], *first;

    w->api.job_cache = api_job_cache_new();
    snprintf(path, sizeof path, "/v1/jobs/%s", w->job);
    assert_int_equal(ask_get(w, path), 200);
    first = strdup(w->text);
    assert_int_equal(ask_get(w, path), 200);
    assert_string_equal(w->text, first);
    assert_string_equal(world_header(w, "Content-Type"), "application/json");
    snprintf(path, sizeof path, "/v1/jobs/%s/cancel", w->job);
    assert_int_equal(ask_post(w, path, "{}"), 202);
    snprintf(path, sizeof path, "/v1/jobs/%s", w->job);
    assert_int_equal(ask_get(w, path), 200);
    assert_string_not_equal(w->text, first);
    assert_string_equal(world_text(w, "status"), "cancelled");
    free(first);
    api_job_cache_free(w->api.job_cache);
    w->api.job_cache = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get__other_job_or_version__is_nothing),
        cmocka_unit_test(put__long_text__is_not_kept),
        cmocka_unit_test_setup_teardown(job__asked_again__is_the_same_until_it_changes, world_setup,
                                        world_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
