/* SPDX-License-Identifier: MIT */
#include "server/log_json.h"

#include <jansson.h>
#include <string.h>

#include "tests/support/test.h"

static void json__pairs__become_members(void **state)
{
    static const struct {
        const char *line, *want;
    } rows[] = {
        {"", "{}"},
        {"a=1", "{\"a\":1}"},
        {"a=-12 b=0 c=00 d=1.5 e=-", "{\"a\":-12,\"b\":0,\"c\":\"00\",\"d\":\"1.5\",\"e\":\"-\"}"},
        {"a=1234567890123456", "{\"a\":\"1234567890123456\"}"}, /* a double would round it */
        {"a=word b=\"two words\"", "{\"a\":\"word\",\"b\":\"two words\"}"},
        {"a=\"\" b=", "{\"a\":\"\",\"b\":\"\"}"},
        {"a=\"x=1 y=2\"", "{\"a\":\"x=1 y=2\"}"},
        {"a=\"q\\\"q\\\\ \\n\\t\"", "{\"a\":\"q\\\"q\\\\ \\n\\t\"}"},
        {"a=\"\\xc3\\x00\" b=\\x1b", "{\"a\":\"\\\\xc3\\\\x00\",\"b\":\"\\\\x1b\"}"},
        {"a=\"never ends", "{\"a\":\"\\\"never ends\"}"},
        {"a=\"ends in \\", "{\"a\":\"\\\"ends in \\\\\"}"},
        {"a=b\"c word  b=2", "{\"a\":\"b\\\"c\",\"b\":2}"},
        {"=x a=1", "{\"a\":1}"},
    };
    char out[256];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = srv_log_json(out, sizeof out, rows[i].line);

        out[n] = '\0';
        assert_string_equal(out, rows[i].want);
    }
}

static void json__little_room__is_an_object_all_the_same(void **state)
{
    static const char line[] = "time=2026 level=info text=\"a \\\"b\\\" \\x00\" n=12 last=x";

    (void)state;
    for (size_t room = 2; room < 100; room++) {
        char out[100];
        size_t n = srv_log_json(out, room, line);
        json_t *value;

        assert_true(n <= room);
        value = json_loadb(out, n, JSON_REJECT_DUPLICATES, NULL);
        assert_true(json_is_object(value));
        json_decref(value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json__pairs__become_members),
        cmocka_unit_test(json__little_room__is_an_object_all_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
