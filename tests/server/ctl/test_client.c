/* SPDX-License-Identifier: MIT */
/* What the client sends, and what it makes of answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/ctl/client.h"
#include "tests/server/ctl/throwaway.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

static struct ctl_client *client_of(const char *url)
{
    struct ctl_client *client = NULL;
    char why[CTL_WHY];

    assert_true(ctl_client_new(&client, url, why));
    return client;
}

/* One request to a server that gives one answer. */
static struct ctl_reply ask(struct throwaway *s, const char *answer, struct ctl_request request)
{
    struct ctl_client *client;
    struct ctl_reply reply;

    throwaway_start(s, WORDS(answer));
    client = client_of(s->url);
    ctl_client_send(client, &request, &reply);
    ctl_client_free(client);
    throwaway_stop(s);
    return reply;
}

static void send__get__asks_for_the_path_and_keeps_the_answer(void **state)
{
    struct throwaway *s = *state;
    struct ctl_reply r =
        ask(s, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nETag: \"abc\"\r\n\r\n{\"a\":1}",
            (struct ctl_request){.path = "/v1/jobs/a%2Fb?limit=1"});

    assert_int_equal(r.status, 200);
    assert_string_equal(ctl_text_of(&r.body), "{\"a\":1}");
    assert_string_equal(r.etag, "abc");
    assert_true(strncmp(s->request[0], "GET /v1/jobs/a%2Fb?limit=1 HTTP/1.1\r\n", 37) == 0);
    assert_contains(s->request[0], "\r\nUser-Agent: spikectl/");
    ctl_reply_clear(&r);
}

static void send__post__has_its_type_and_body(void **state)
{
    struct throwaway *s = *state;
    struct ctl_reply r = ask(s, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
                             (struct ctl_request){.method = "POST",
                                                  .path = "/v1/jobs",
                                                  .type = "application/json",
                                                  .body = "{}",
                                                  .size = 2});

    assert_int_equal(r.status, 201);
    assert_true(strncmp(s->request[0], "POST /v1/jobs HTTP/1.1\r\n", 24) == 0);
    assert_contains(s->request[0], "\r\nContent-Type: application/json\r\n");
    assert_contains(s->request[0], "\r\n\r\n{}");
    ctl_reply_clear(&r);
}

static void send__post_without_body__says_so_and_no_type(void **state)
{
    struct throwaway *s = *state;
    struct ctl_reply r = ask(s, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
                             (struct ctl_request){.method = "POST", .path = "/x"});

    assert_int_equal(r.status, 202);
    assert_contains(s->request[0], "\r\nContent-Length: 0\r\n");
    assert_null(strcasestr(s->request[0], "Content-Type"));
    ctl_reply_clear(&r);
}

static void send__put__streams_the_file(void **state)
{
    struct throwaway *s = *state;
    char *dir = tmpdir_create(), *path = tmpdir_write(dir, "part", "0123456789", 10);
    FILE *f = fopen(path, "rb");
    struct ctl_reply r;

    assert_non_null(f);
    r = ask(s, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            (struct ctl_request){.method = "PUT", .path = "/f", .upload = f, .upload_size = 10});
    assert_int_equal(r.status, 200);
    assert_contains(s->request[0], "PUT /f HTTP/1.1\r\n");
    assert_contains(s->request[0], "\r\nContent-Type: application/octet-stream\r\n");
    assert_contains(s->request[0], "\r\n\r\n0123456789");
    ctl_reply_clear(&r);
    fclose(f);
    free(path);
    tmpdir_remove(dir);
}

static void send__redirect__is_not_followed(void **state)
{
    struct throwaway *s = *state;
    struct ctl_reply r = ask(s,
                             "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                             "Content-Length: 0\r\n\r\n",
                             (struct ctl_request){.path = "/"});

    assert_int_equal(r.status, 302);
    ctl_reply_clear(&r);
}

static void send__answer_cut_short__is_no_answer(void **state)
{
    struct throwaway *s = *state;
    struct ctl_reply r = ask(s, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":",
                             (struct ctl_request){.path = "/"});

    assert_int_equal(r.status, 0);
    assert_true(r.why[0] != '\0');
    ctl_reply_clear(&r);
    r = ask(s, "", (struct ctl_request){.path = "/"});
    assert_int_equal(r.status, 0);
    ctl_reply_clear(&r);
}

struct sink {
    struct ctl_text got;
    bool full;
};

static bool take(void *user, const void *bytes, size_t n)
{
    struct sink *k = user;

    ctl_text_bytes(&k->got, bytes, n);
    return !k->full;
}

static void sink__success_or_refusal__gets_only_the_success(void **state)
{
    struct throwaway *s = *state;
    struct sink k = {.full = false};
    struct ctl_request request = {.path = "/", .sink = take, .user = &k};
    struct ctl_reply r = ask(s, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", request);

    assert_int_equal(r.status, 200);
    assert_string_equal(ctl_text_of(&k.got), "abc");
    assert_int_equal(r.body.n, 0);
    ctl_reply_clear(&r);
    r = ask(s, "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nxyz", request);
    assert_int_equal(r.status, 404);
    assert_string_equal(ctl_text_of(&r.body), "xyz");
    assert_string_equal(ctl_text_of(&k.got), "abc");
    ctl_reply_clear(&r);
    k.full = true;
    r = ask(s, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", request);
    assert_int_equal(r.status, 0);
    assert_true(r.sink_failed);
    ctl_reply_clear(&r);
    ctl_text_free(&k.got);
}

static void server__written_in_any_way__is_understood_or_refused(void **state)
{
    static const char *const wrong[] = {"ftp://h",       "file:///etc/passwd", "http://",
                                        "http://h/?q=1", "http://h/#f",        "",
                                        "http://h:99999"};
    struct ctl_client *client = client_of("localhost:1234/");
    char why[CTL_WHY];

    (void)state;
    assert_string_equal(ctl_client_server(client), "http://localhost:1234");
    ctl_client_free(client);
    client = client_of("https://user:secret@[::1]/base//");
    assert_string_equal(ctl_client_server(client), "https://[::1]:443");
    ctl_client_free(client);
    client = NULL;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(ctl_client_new(&client, wrong[i], why));
        assert_contains(why, "want http");
        assert_null(client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(send__get__asks_for_the_path_and_keeps_the_answer),
        cmocka_unit_test(send__post__has_its_type_and_body),
        cmocka_unit_test(send__post_without_body__says_so_and_no_type),
        cmocka_unit_test(send__put__streams_the_file),
        cmocka_unit_test(send__redirect__is_not_followed),
        cmocka_unit_test(send__answer_cut_short__is_no_answer),
        cmocka_unit_test(sink__success_or_refusal__gets_only_the_success),
        cmocka_unit_test(server__written_in_any_way__is_understood_or_refused),
    };

    return cmocka_run_group_tests(tests, throwaway_setup, throwaway_teardown);
}
