/* SPDX-License-Identifier: MIT */
/* Whole commands: what they print, and their exit status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/ctl/ctl.h"
#include "server/ctl/download.h"
#include "tests/server/ctl/throwaway.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

/* ---------------------------------------------------------------------------------- commands -- */

/* What a command said, and its exit status. */
struct run {
    enum ctl_exit exit;
    char *out, *err;
};

static struct run run(const char *url, const char *const *words)
{
    struct run r = {.exit = CTL_LOCAL};
    size_t n_out, n_err;
    struct ctl c = {.width = 80, .height = 24, .version = "0", .revision = ""};
    char *argv[16] = {(char[]){"spikectl"}}, why[512];
    int argc = 1;

    for (; words[argc - 1]; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    assert_true(
        ctl_args_parse(&c.args, ctl_commands, ctl_command_count, argc, argv, why, sizeof why));
    c.json = ctl_value(&c, "json") != NULL;
    c.timeout = ctl_value(&c, "timeout") ? strtod(ctl_value(&c, "timeout"), NULL) : 0;
    c.in = fopen("/dev/null", "r");
    c.out = open_memstream(&r.out, &n_out);
    c.err = open_memstream(&r.err, &n_err);
    assert_true(c.in && c.out && c.err);
    assert_true(ctl_client_new(&c.client, url, why));
    r.exit = c.args.command->run(&c);
    ctl_client_free(c.client);
    fclose(c.in);
    fclose(c.out);
    fclose(c.err);
    return r;
}

static struct run run_against(struct throwaway *s, const char *const *answers,
                              const char *const *words)
{
    struct run r;

    throwaway_start(s, answers);
    r = run(s->url, words);
    throwaway_stop(s);
    return r;
}

static void run_free(struct run *r)
{
    free(r->out);
    free(r->err);
}

#define PROBLEM                                                                                    \
    "{\"title\":\"Unprocessable Content\",\"status\":422,\"code\":\"invalid\",\"detail\":\"two "   \
    "things\",\"errors\":[{\"pointer\":\"/layers/0/units\",\"detail\":\"units is -1\"},"           \
    "{\"pointer\":\"\",\"detail\":\"no\\u001b[31m\"}]}"
#define REFUSAL "HTTP/1.1 422 X\r\nContent-Type: application/problem+json\r\n\r\n" PROBLEM

static void command__refused__prints_every_pointer_and_no_control_character(void **state)
{
    struct run r = run_against(*state, WORDS(REFUSAL), WORDS("show", "job_1"));

    assert_int_equal(r.exit, CTL_REFUSED);
    assert_string_equal(r.out, "");
    assert_contains(r.err, "422 Unprocessable Content (invalid): two things\n");
    assert_contains(r.err, "  /layers/0/units: units is -1\n");
    assert_contains(r.err, "  (the whole): no?[31m\n");
    run_free(&r);
    r = run_against(*state, WORDS(REFUSAL), WORDS("show", "job_1", "--json"));
    assert_int_equal(r.exit, CTL_REFUSED);
    assert_string_equal(r.err, PROBLEM "\n");
    run_free(&r);
}

#define NOT_IN_NIR                                                                                 \
    "HTTP/1.1 422 X\r\nContent-Type: application/problem+json\r\n\r\n"                             \
    "{\"title\":\"Unprocessable "                                                                  \
    "Content\",\"status\":422,\"code\":\"not_in_nir\",\"detail\":\"not "                           \
    "all\",\"reasons\":[\"reset is scaled\",\"solver is \\u001bgl\",7]}"

static void command__refused_with_reasons__prints_each_and_what_to_do(void **state)
{
    struct run r = run_against(*state, WORDS(NOT_IN_NIR), WORDS("show", "job_1"));

    assert_int_equal(r.exit, CTL_REFUSED);
    assert_contains(r.err, "422 Unprocessable Content (not_in_nir): not all\n"
                           "  reset is scaled\n"
                           "  solver is ?gl\n");
    assert_contains(r.err, "--approximate");
    run_free(&r);
    r = run_against(*state, WORDS(REFUSAL), WORDS("show", "job_1"));
    assert_null(strstr(r.err, "--approximate"));
    run_free(&r);
}

static void command__server_in_trouble__is_not_the_users_fault(void **state)
{
    static const char *const answers[] = {
        "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 X\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<html",
        "",
    };

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct run r = run_against(*state, WORDS(answers[i]), WORDS("list"));

        assert_int_equal(r.exit, CTL_UNREACHABLE);
        assert_true(r.err[0] != '\0');
        assert_string_equal(r.out, "");
        run_free(&r);
    }
}

static void command__id_that_is_none__asks_nobody(void **state)
{
    static const char *const ids[] = {"../../livez", "a b", "", "job_1?x=1", "a%2Fb"};

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct run r = run("http://127.0.0.1:1", WORDS("cancel", ids[i]));

        assert_int_equal(r.exit, CTL_USAGE);
        assert_contains(r.err, "cannot be the id of a job");
        run_free(&r);
    }
}

static void command__json__prints_the_answer_as_it_came(void **state)
{
    struct run r = run_against(*state, WORDS("HTTP/1.1 200 OK\r\n\r\n{ \"id\":\n 0.10, \"b\":1}"),
                               WORDS("show", "job_1", "-j"));

    assert_int_equal(r.exit, CTL_OK);
    assert_string_equal(r.out, "{ \"id\":\n 0.10, \"b\":1}\n");
    run_free(&r);
}

/* -------------------------------------------------------------------------------------- watch --
 */

#define JOB(status, rest)                                                                          \
    "HTTP/1.1 200 OK\r\n\r\n{\"id\":\"job_1\",\"status\":\"" status                                \
    "\",\n\"progress\":{\"epoch\":1,\"epochs\":2,\"fraction\":0.5}" rest "}"

static void watch__server_away_for_a_moment__goes_on_to_the_end(void **state)
{
    struct run r = run_against(*state,
                               WORDS(JOB("running", ""), "", "HTTP/1.1 503 X\r\n\r\n",
                                     JOB("succeeded", ",\"metrics\":{\"test_accuracy\":0.9721}")),
                               WORDS("watch", "job_1"));

    assert_int_equal(r.exit, CTL_OK);
    assert_contains(r.out, "[##########..........] 50% epoch 1/2\n");
    assert_contains(r.out, "succeeded after 1 of 2 epochs, test accuracy 97.2%\n");
    assert_contains(r.err, "trying again");
    run_free(&r);
}

static void watch__job_that_ends_otherwise__has_its_own_exit_status(void **state)
{
    struct run r = run_against(
        *state,
        WORDS(JOB("failed", ",\"error\":{\"code\":\"diverged\",\"message\":\"the loss is\"}")),
        WORDS("watch", "job_1"));

    assert_int_equal(r.exit, CTL_JOB_FAILED);
    assert_contains(r.out, "failed after 1 of 2 epochs\n");
    assert_contains(r.err, "job_1 failed (diverged): the loss is\n");
    run_free(&r);
    r = run_against(*state, WORDS(JOB("cancelled", "")), WORDS("watch", "job_1"));
    assert_int_equal(r.exit, CTL_JOB_CANCELLED);
    run_free(&r);
    r = run_against(*state, WORDS("HTTP/1.1 404 X\r\n\r\n"), WORDS("watch", "job_1"));
    assert_int_equal(r.exit, CTL_REFUSED);
    run_free(&r);
}

static void watch__json__is_a_line_for_each_update(void **state)
{
    struct run r =
        run_against(*state, WORDS(JOB("running", ""), JOB("running", ""), JOB("succeeded", "")),
                    WORDS("watch", "job_1", "--json"));

    assert_int_equal(r.exit, CTL_OK);
    assert_string_equal(
        r.out, "{\"id\":\"job_1\",\"status\":\"running\", \"progress\":{\"epoch\":1,\"epochs\":2,"
               "\"fraction\":0.5}}\n"
               "{\"id\":\"job_1\",\"status\":\"succeeded\", \"progress\":{\"epoch\":1,\"epochs\":2,"
               "\"fraction\":0.5}}\n");
    run_free(&r);
}

static void watch__timeout_before_the_end__says_that_the_job_goes_on(void **state)
{
    struct run r =
        run_against(*state, WORDS(JOB("running", "")), WORDS("watch", "job_1", "--timeout", "0.2"));

    assert_int_equal(r.exit, CTL_UNREACHABLE);
    assert_contains(r.err, "job_1 goes on");
    run_free(&r);
}

/* ------------------------------------------------------------------------------------ weights --
 */

#define ABC_SHA256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC(etag) "HTTP/1.1 200 OK\r\nETag: \"" etag "\"\r\nContent-Length: 3\r\n\r\nabc"

static void weights__digest__decides_whether_the_file_appears(void **state)
{
    struct throwaway *s = *state;
    char *dir = tmpdir_create(), path[512], part[520];
    struct run r;

    snprintf(path, sizeof path, "%s/w", dir);
    snprintf(part, sizeof part, "%s.part", path);
    r = run_against(s, WORDS(ABC("00" ABC_SHA256)), WORDS("weights", "job_1", "-o", path));
    assert_int_equal(r.exit, CTL_OK); /* a tag that is no digest says nothing */
    run_free(&r);
    assert_int_equal(unlink(path), 0);
    r = run_against(s,
                    WORDS(ABC("0000000000000000000000000000000000000000000000000000000000000000")),
                    WORDS("weights", "job_1", "-o", path));
    assert_int_equal(r.exit, CTL_UNREACHABLE);
    assert_contains(r.err, "damaged");
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_not_equal(access(part, F_OK), 0);
    run_free(&r);
    r = run_against(s, WORDS(ABC(ABC_SHA256)), WORDS("weights", "job_1", "-o", path));
    assert_int_equal(r.exit, CTL_OK);
    assert_contains(r.out, "3 B\nfile sha256   " ABC_SHA256);
    assert_contains(s->request[0], "/v1/jobs/job_1/weights?format=safetensors ");
    assert_int_equal(access(path, F_OK), 0);
    assert_int_not_equal(access(part, F_OK), 0);
    run_free(&r);
    tmpdir_remove(dir);
}

static void weights__standard_output__is_nothing_but_the_file(void **state)
{
    struct run r =
        run_against(*state, WORDS(ABC(ABC_SHA256)), WORDS("weights", "job_1", "-o", "-"));

    assert_int_equal(r.exit, CTL_OK);
    assert_string_equal(r.out, "abc");
    assert_contains(r.err, ABC_SHA256);
    run_free(&r);
}

/* A header of two bytes, then "abc": its digest is the model's, wherever the bytes are cut. */
static void weights__safetensors__tells_the_digest_of_the_tensors(void **state)
{
    unsigned char file[13] = {2, 0, 0, 0, 0, 0, 0, 0, '{', '}', 'a', 'b', 'c'};

    (void)state;
    for (size_t cut = 1; cut < sizeof file; cut++) {
        struct ctl_tensors p;
        char hex[65];

        ctl_tensors_init(&p);
        ctl_tensors_add(&p, file, cut);
        ctl_tensors_add(&p, file + cut, sizeof file - cut);
        ctl_sha256_hex(&p.digest, hex);
        assert_string_equal(hex, ABC_SHA256);
    }
}

/* -------------------------------------------------------------------------------------- lists --
 */

#define OK "HTTP/1.1 200 OK\r\n\r\n"

static void list__more_follow__the_hint_keeps_every_option(void **state)
{
    struct throwaway *s = *state;
    struct run r = run_against(s,
                               WORDS(OK "{\"data\":[{\"id\":\"job_2\",\"status\":\"failed\"}],"
                                        "\"last_id\":\"job_2\",\"has_more\":true}"),
                               WORDS("list", "--status", "failed", "-n", "1", "--after", "job_9",
                                     "-m", "who=it's me", "-m", "k=v"));

    assert_int_equal(r.exit, CTL_OK);
    assert_contains(s->request[0], "?status=failed&limit=1&after=job_9&metadata%5Bwho%5D=it%27s%20"
                                   "me&metadata%5Bk%5D=v ");
    assert_string_equal(r.err, "more: spikectl list --status failed --limit 1 --metadata "
                               "'who=it'\\''s me' --metadata k=v --after job_2\n");
    run_free(&r);
}

#define EVENT(seq) "{\"seq\":" seq ",\"at\":1,\"type\":\"epoch\",\"message\":\"m" seq "\"}"

static void events__several_pages__are_all_read(void **state)
{
    static const char first[] = OK "{\"data\":[" EVENT("1") "," EVENT("2") "],\"has_more\":true}";
    static const char second[] = OK "{\"data\":[" EVENT("3") "],\"has_more\":false}";
    struct throwaway *s = *state;
    struct run r = run_against(s, WORDS(first, second), WORDS("events", "job_1"));

    assert_int_equal(r.exit, CTL_OK);
    assert_contains(s->request[0], "/v1/jobs/job_1/events?limit=1000 ");
    assert_contains(s->request[1], "/v1/jobs/job_1/events?after=2&limit=1000 ");
    assert_contains(r.out, "m1\n");
    assert_contains(r.out, "m3\n");
    assert_string_equal(r.err, "");
    run_free(&r);
    r = run_against(s, WORDS(first), WORDS("events", "job_1", "-n", "2"));
    assert_int_equal(r.exit, CTL_OK);
    assert_contains(r.err, "--after 2");
    run_free(&r);
}

static void metrics__job_without_points__says_so(void **state)
{
    struct run r =
        run_against(*state, WORDS(OK "{\"series\":{},\"missing\":[]}"), WORDS("metrics", "job_1"));

    assert_int_equal(r.exit, CTL_REFUSED);
    assert_contains(r.err, "no points (yet)");
    run_free(&r);
}

/* ----------------------------------------------------------------------------------- uploads -- */

#define TAKEN                                                                                      \
    "HTTP/1.1 409 X\r\n\r\n{\"title\":\"Conflict\",\"code\":\"name_taken\",\"detail\":\"x\"}"
#define SET(status, missing)                                                                       \
    OK "{\"id\":\"ds_1\",\"origin\":\"upload\",\"format\":\"csv\",\"status\":\"" status            \
       "\",\"missing_parts\":[" missing "]}"

static void upload__set_that_lacks_parts__is_gone_on_with(void **state)
{
    struct throwaway *s = *state;
    char *dir = tmpdir_create(), part[512];
    struct run r;
    FILE *f;

    snprintf(part, sizeof part, "test=%s/f", dir);
    f = fopen(part + 5, "w");
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
    r = run_against(
        s, WORDS(TAKEN, SET("incomplete", "\"train\",\"test\""), SET("incomplete", "\"train\"")),
        WORDS("dataset", "upload", "mine", "--format", "csv", part));
    assert_int_equal(r.exit, CTL_OK);
    assert_contains(s->request[1], "GET /v1/datasets/mine ");
    assert_contains(s->request[2], "PUT /v1/datasets/ds_1/files/test ");
    assert_contains(r.err, "cannot be used yet: train is missing\n");
    assert_contains(r.err, "spikectl dataset upload mine --format csv train=FILE\n");
    run_free(&r);
    r = run_against(s, WORDS(TAKEN, SET("ready", "")),
                    WORDS("dataset", "upload", "mine", "--format", "csv", part));
    assert_int_equal(r.exit, CTL_REFUSED);
    assert_contains(r.err, "409 Conflict (name_taken)");
    run_free(&r);
    tmpdir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command__refused__prints_every_pointer_and_no_control_character),
        cmocka_unit_test(command__refused_with_reasons__prints_each_and_what_to_do),
        cmocka_unit_test(command__server_in_trouble__is_not_the_users_fault),
        cmocka_unit_test(command__id_that_is_none__asks_nobody),
        cmocka_unit_test(command__json__prints_the_answer_as_it_came),
        cmocka_unit_test(watch__server_away_for_a_moment__goes_on_to_the_end),
        cmocka_unit_test(watch__job_that_ends_otherwise__has_its_own_exit_status),
        cmocka_unit_test(watch__json__is_a_line_for_each_update),
        cmocka_unit_test(watch__timeout_before_the_end__says_that_the_job_goes_on),
        cmocka_unit_test(weights__digest__decides_whether_the_file_appears),
        cmocka_unit_test(weights__standard_output__is_nothing_but_the_file),
        cmocka_unit_test(weights__safetensors__tells_the_digest_of_the_tensors),
        cmocka_unit_test(list__more_follow__the_hint_keeps_every_option),
        cmocka_unit_test(events__several_pages__are_all_read),
        cmocka_unit_test(metrics__job_without_points__says_so),
        cmocka_unit_test(upload__set_that_lacks_parts__is_gone_on_with),
    };

    return cmocka_run_group_tests(tests, throwaway_setup, throwaway_teardown);
}
