/* SPDX-License-Identifier: MIT */
/* Long answers, made short where the client asks for it. */
#include "api/gzip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "api/file.h"
#include "tests/api/ask.h"
#include "tests/support/oom.h"
#include "tests/support/test.h"

#define LONG 100000

/* The gzipped bytes are those. */
static void check(const char *bytes, size_t size, const char *plain, size_t want)
{
    unsigned char *out = malloc(want + 1);
    z_stream z = {.next_in = (unsigned char *)(uintptr_t)bytes,
                  .avail_in = (unsigned)size,
                  .next_out = out,
                  .avail_out = (unsigned)want + 1};

    assert_non_null(out);
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.total_out, want);
    assert_int_equal(z.avail_in, 0);
    assert_memory_equal(out, plain, want);
    inflateEnd(&z);
    free(out);
}

static void wanted__by_weights__is_what_the_client_likes_better(void **state)
{
    static const struct {
        const char *accept;
        bool wanted;
    } rows[] = {
        {NULL, false},
        {"", false},
        {"gzip", true},
        {"GZIP", true},
        {"x-gzip", true},
        {"deflate, gzip;q=0.5", true},
        {"br , gzip ; q=1.0 , zstd", true},
        {"gzip;q=0", false},
        {"gzip;q=0.000", false},
        {"identity, gzip;q=0.0", false},
        {"identity;q=1, gzip;q=0.5", false},
        {"identity;q=0.5, gzip;q=0.5", true},
        {"identity;q=0, *", true},
        {"*", true},
        {"*;q=0", false},
        {"*;q=0, gzip", true},
        {"gzip;q=0, *", false},
        {"br, deflate", false},
        {"notgzip", false},
        {"gzipped", false},
        {"gzip;level=9;q=0", false},
        {",,gzip", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct srv_pair header = {"accept-encoding", rows[i].accept};
        const struct srv_request req = {.headers = &header, .n_headers = rows[i].accept ? 1 : 0};

        if (api_gzip_wanted(&req) != rows[i].wanted)
            fail_msg("\"%s\": want %d", rows[i].accept, rows[i].wanted);
    }
}

static void answer__long__comes_as_it_was_asked_for(void **state)
{
    struct world *w = *state;
    const struct ask wants = {"GET", "/v1/catalog", .headers = {{"Accept-Encoding", "gzip"}}};
    const struct ask head = {"HEAD", "/v1/catalog", .headers = {{"Accept-Encoding", "gzip"}}};
    char *plain;
    size_t size, packed;

    assert_int_equal(ask_get(w, "/v1/catalog"), 200);
    assert_null(world_header(w, "Content-Encoding"));
    assert_string_equal(world_header(w, "Vary"), "Accept-Encoding");
    size = w->size;
    assert_true(size >= API_GZIP_BYTES);
    plain = malloc(size);
    assert_non_null(plain);
    memcpy(plain, w->text, size);
    assert_int_equal(ask(w, &wants), 200);
    assert_string_equal(world_header(w, "Content-Encoding"), "gzip");
    assert_string_equal(world_header(w, "Vary"), "Accept-Encoding");
    assert_string_equal(world_header(w, "Content-Type"), "application/json");
    packed = w->size;
    assert_true(packed < size / 2);
    check(w->text, packed, plain, size);
    assert_int_equal(ask(w, &head), 200); /* the header of what a GET would bring */
    assert_string_equal(world_header(w, "Content-Encoding"), "gzip");
    assert_int_equal(w->size, packed);
    free(plain);
}

static void answer__short__stays_as_it_is(void **state)
{
    struct world *w = *state;
    const struct ask wants = {"GET", "/livez", .headers = {{"Accept-Encoding", "gzip"}}};

    assert_int_equal(ask(w, &wants), 200);
    assert_null(world_header(w, "Content-Encoding"));
    assert_null(world_header(w, "Vary"));
    assert_true(json_is_object(w->json));
}

/* An answer made by hand: `file` or memory, with those headers; gzip is wanted. */
struct made {
    struct srv_response res;
    char *plain;
};

static void make(struct made *m, const struct world *w, const char *type, size_t size, bool file)
{
    FILE *f;

    memset(m, 0, sizeof *m);
    m->plain = malloc(size);
    assert_non_null(m->plain);
    for (size_t i = 0; i < size; i++)
        m->plain[i] = (char)('0' + i * i % 10);
    m->res.status = 200;
    srv_response_header(&m->res, "Content-Type", "%s", type);
    m->res.size = size;
    if (!file) {
        m->res.body = malloc(size);
        memcpy(m->res.body, m->plain, size);
        return;
    }
    f = api_file_open(&(struct api_call){.api = (struct api *)(uintptr_t)&w->api, .res = &m->res});
    assert_non_null(f);
    assert_int_equal(fwrite(m->plain, 1, size, f), size);
    assert_int_equal(fflush(f), 0);
    m->res.fd = dup(fileno(f));
    fclose(f);
}

static void pack(struct made *m, struct world *w)
{
    const struct srv_pair header = {"Accept-Encoding", "gzip"};
    const struct srv_request req = {.method = "GET", .headers = &header, .n_headers = 1};
    struct api_call c = {.api = &w->api, .req = &req, .res = &m->res};

    api_gzip(&c);
}

static const char *header_of(const struct made *m, const char *name)
{
    for (size_t i = 0; i < m->res.n_headers; i++)
        if (strcmp(m->res.headers[i].name, name) == 0)
            return m->res.headers[i].value;
    return "";
}

static void undo(struct made *m)
{
    srv_response_clear(&m->res);
    free(m->plain);
}

static void file__long__becomes_another_file(void **state)
{
    char bytes[LONG];
    struct made m;

    make(&m, *state, "text/csv; charset=utf-8", LONG, true);
    pack(&m, *state);
    assert_string_equal(header_of(&m, "Content-Encoding"), "gzip");
    assert_true(m.res.fd > 0 && m.res.size < LONG / 2);
    assert_int_equal(pread(m.res.fd, bytes, sizeof bytes, 0), (ssize_t)m.res.size);
    check(bytes, m.res.size, m.plain, LONG);
    undo(&m);
}

/* What is asked about by ETag is not byte for byte what it was. */
static void etag__of_what_is_packed__is_weak(void **state)
{
    struct made m;

    make(&m, *state, "application/json", LONG, false);
    srv_response_header(&m.res, "ETag", "\"7-3\"");
    pack(&m, *state);
    assert_string_equal(header_of(&m, "ETag"), "W/\"7-3\"");
    undo(&m);
}

static void answer__of_which_there_are_parts_or_of_another_kind__stays_as_it_is(void **state)
{
    struct made m;

    make(&m, *state, "application/json", LONG, true);
    srv_response_header(&m.res, "Accept-Ranges", "bytes");
    pack(&m, *state);
    assert_int_equal(m.res.size, LONG);
    assert_string_equal(header_of(&m, "Content-Encoding"), "");
    assert_string_equal(header_of(&m, "Vary"), "");
    undo(&m);
    make(&m, *state, "application/octet-stream", LONG, false);
    pack(&m, *state);
    assert_int_equal(m.res.size, LONG);
    undo(&m);
    make(&m, *state, "application/json", API_GZIP_BYTES - 1, false);
    pack(&m, *state);
    assert_int_equal(m.res.size, API_GZIP_BYTES - 1);
    undo(&m);
}

static void answer__allocation_refused__is_whole_all_the_same(void **state)
{
    bool refused = true;

    for (unsigned long n = 0; refused; n++) {
        struct made m;

        make(&m, *state, "application/json", LONG, n % 2 == 1);
        oom_fail_at(n / 2);
        pack(&m, *state);
        refused = oom_off() || n < 2;
        if (!header_of(&m, "Content-Encoding")[0])
            assert_int_equal(m.res.size, LONG);
        assert_true(m.res.body || m.res.fd > 0);
        undo(&m);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(wanted__by_weights__is_what_the_client_likes_better),
        TEST(answer__long__comes_as_it_was_asked_for),
        TEST(answer__short__stays_as_it_is),
        TEST(file__long__becomes_another_file),
        TEST(etag__of_what_is_packed__is_weak),
        TEST(answer__of_which_there_are_parts_or_of_another_kind__stays_as_it_is),
        TEST(answer__allocation_refused__is_whole_all_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
