/* SPDX-License-Identifier: MIT */
/* The dashboard's files come out of the program whole, and are asked for again only when changed.
 */
#include "api/web.h"

#include <string.h>
#include <zlib.h>

#include "tests/api/ask.h"
#include "tests/support/test.h"

static const struct api_web_file *file_at(const char *path)
{
    for (size_t i = 0; i < api_web_file_count; i++)
        if (strcmp(api_web_files[i].path, path) == 0)
            return &api_web_files[i];
    fail_msg("there is no %s", path);
    return NULL;
}

static void web__root__is_the_page_under_a_strict_policy(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask_get(w, "/"), 200);
    assert_string_equal(world_header(w, "Content-Type"), "text/html; charset=utf-8");
    assert_contains(w->text, "<!doctype html>");
    const char *policy = world_header(w, "Content-Security-Policy");
    assert_contains(policy, "default-src 'none'; script-src 'self'; style-src 'self'");
    assert_contains(policy, "frame-ancestors 'none'"); /* the end: nothing was cut off */
    assert_null(strstr(policy, "unsafe"));
}

static void web__every_file__comes_whole_with_its_type(void **state)
{
    static const struct {
        const char *suffix, *type;
    } types[] = {{".js", "text/javascript; charset=utf-8"},
                 {".css", "text/css; charset=utf-8"},
                 {".html", "text/html; charset=utf-8"},
                 {".svg", "image/svg+xml"},
                 {".json", "application/json"}};
    struct world *w = *state;

    assert_true(api_web_file_count > 20);
    for (size_t i = 0; i < api_web_file_count; i++) {
        const struct api_web_file *f = &api_web_files[i];
        const char *type = "";

        for (size_t k = 0; k < sizeof types / sizeof types[0]; k++)
            if (strcmp(strrchr(f->path, '.'), types[k].suffix) == 0)
                type = types[k].type;
        assert_int_equal(ask_get(w, f->path), 200);
        assert_string_equal(world_header(w, "Content-Type"), type);
        assert_int_equal(w->size, f->plain.end - f->plain.from);
        assert_memory_equal(w->text, f->plain.from, w->size);
    }
}

/* Whether the gzipped bytes are those of the file. */
static void check_gzip(const struct api_web_file *f, const char *bytes, size_t size)
{
    const size_t want = (size_t)(f->plain.end - f->plain.from);
    unsigned char out[256];
    z_stream z = {.next_in = (unsigned char *)(uintptr_t)bytes, .avail_in = (unsigned)size};
    size_t at = 0;
    int rc;

    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    do {
        z.next_out = out;
        z.avail_out = sizeof out;
        rc = inflate(&z, Z_NO_FLUSH);
        assert_true(rc == Z_OK || rc == Z_STREAM_END);
        size_t n = sizeof out - z.avail_out;
        assert_true(at + n <= want);
        assert_memory_equal(out, f->plain.from + at, n);
        at += n;
    } while (rc == Z_OK);
    assert_int_equal(at, want);
    inflateEnd(&z);
}

static void web__client_that_takes_gzip__gets_it(void **state)
{
    static const char *const takes[] = {"gzip", "deflate, gzip;q=0.5", "br, gzip, zstd"};
    static const char *const refuses[] = {"", "br", "gzip;q=0", "identity, gzip;q=0.0"};
    struct world *w = *state;

    for (size_t i = 0; i < sizeof takes / sizeof takes[0]; i++) {
        struct ask a = {"GET", "/web/js/app.js", .headers = {{"Accept-Encoding", takes[i]}}};
        assert_int_equal(ask(w, &a), 200);
        assert_string_equal(world_header(w, "Content-Encoding"), "gzip");
        assert_string_equal(world_header(w, "Vary"), "Accept-Encoding");
        check_gzip(file_at("/web/js/app.js"), w->text, w->size);
    }
    for (size_t i = 0; i < sizeof refuses / sizeof refuses[0]; i++) {
        struct ask a = {"GET", "/web/js/app.js", .headers = {{"Accept-Encoding", refuses[i]}}};
        assert_int_equal(ask(w, &a), 200);
        assert_null(world_header(w, "Content-Encoding"));
    }
}

static void web__file_the_client_has__is_304_by_encoding(void **state)
{
    struct world *w = *state;
    struct ask a = {.method = "GET", .target = "/web/css/base.css"};
    char tag[80];

    assert_int_equal(ask(w, &a), 200);
    snprintf(tag, sizeof tag, "%s", world_header(w, "ETag"));
    a.headers[0] = (struct srv_pair){"If-None-Match", tag};
    assert_int_equal(ask(w, &a), 304);
    assert_string_equal(world_header(w, "Cache-Control"), "no-cache");
    a.headers[1] = (struct srv_pair){"Accept-Encoding", "gzip"};
    assert_int_equal(ask(w, &a), 200); /* other bytes, another tag */
}

static void web__unknown_files__are_404(void **state)
{
    static const char *const paths[] = {"/web/none.js", "/web/../api.h", "/web/js/pages/none.js",
                                        "/web",         "/web/js",       "/index.html"};
    struct world *w = *state;

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_int_equal(ask_get(w, paths[i]), 404);
        assert_string_equal(world_text(w, "code"), "not_found");
    }
    assert_int_equal(ask_post(w, "/", "{}"), 405);
}

static void web__examples__are_listed_and_valid(void **state)
{
    struct world *w = *state;
    char names[16][64], path[100];
    size_t n;

    assert_int_equal(ask_get(w, "/web/examples/index.json"), 200);
    n = json_array_size(w->json);
    assert_true(n > 0 && n <= 16);
    for (size_t i = 0; i < n; i++)
        snprintf(names[i], sizeof names[i], "%s", json_string_value(json_array_get(w->json, i)));
    for (size_t i = 0; i < n; i++) {
        snprintf(path, sizeof path, "/web/examples/%s", names[i]);
        assert_int_equal(ask_get(w, path), 200);
        assert_non_null(w->json);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(web__root__is_the_page_under_a_strict_policy),
        TEST(web__every_file__comes_whole_with_its_type),
        TEST(web__client_that_takes_gzip__gets_it),
        TEST(web__file_the_client_has__is_304_by_encoding),
        TEST(web__unknown_files__are_404),
        TEST(web__examples__are_listed_and_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
