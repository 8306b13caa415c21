/* SPDX-License-Identifier: MIT */
#include "server/log.h"

#include "tests/support/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* What the log wrote since `capture_begin`, the caller's to free. */
struct capture {
    char *text;
    size_t size;
    FILE *file;
};

static void capture_begin(struct capture *c, enum srv_log_level level)
{
    *c = (struct capture){0};
    c->file = open_memstream(&c->text, &c->size);
    assert_non_null(c->file);
    srv_log_start(level, c->file);
}

static void capture_end(struct capture *c)
{
    srv_log_start(SRV_LOG_info, stderr);
    fclose(c->file);
}

static void log__event_with_pairs__is_one_line_of_keys(void **state)
{
    struct capture c;
    int used = 0;

    (void)state;
    capture_begin(&c, SRV_LOG_info);
    srv_log(SRV_LOG_info, "job_started", "job=%s threads=%d", "job_1", 2);
    capture_end(&c);
    assert_int_equal(
        sscanf(c.text, "time=%*4d-%*2d-%*2dT%*2d:%*2d:%*2d.%*3dZ level=info event=%n", &used), 0);
    assert_int_equal(used, strlen("time=2000-01-01T00:00:00.000Z level=info event="));
    assert_string_equal(c.text + used, "job_started job=job_1 threads=2\n");
    free(c.text);
}

static void log__no_pairs__ends_with_the_event(void **state)
{
    struct capture c;

    (void)state;
    capture_begin(&c, SRV_LOG_info);
    srv_log(SRV_LOG_error, "stopped", NULL);
    capture_end(&c);
    assert_contains(c.text, "level=error event=stopped\n");
    free(c.text);
}

static void log__level_below_the_threshold__is_dropped(void **state)
{
    struct capture c;

    (void)state;
    capture_begin(&c, SRV_LOG_warning);
    srv_log(SRV_LOG_debug, "a", NULL);
    srv_log(SRV_LOG_info, "b", NULL);
    srv_log(SRV_LOG_warning, "c", NULL);
    srv_log(SRV_LOG_error, "d", NULL);
    capture_end(&c);
    assert_null(strstr(c.text, "event=a"));
    assert_null(strstr(c.text, "event=b"));
    assert_contains(c.text, "level=warning event=c\n");
    assert_contains(c.text, "level=error event=d\n");
    free(c.text);
}

static void log__control_characters__cannot_forge_a_line(void **state)
{
    struct capture c;

    (void)state;
    capture_begin(&c, SRV_LOG_info);
    srv_log(SRV_LOG_info, "x", "name=%s", "a\nlevel=error\r\t\x1b[2J\x7f\xc3\xa9");
    capture_end(&c);
    assert_contains(c.text, " name=a\\nlevel=error\\r\\t\\x1b[2J\\x7f\\xc3\\xa9\n");
    assert_int_equal(strcspn(c.text, "\n"), c.size - 1);
    free(c.text);
}

static void log__text_longer_than_a_line__is_cut_and_ended(void **state)
{
    struct capture c;
    char *text = malloc(100000);

    (void)state;
    assert_non_null(text);
    memset(text, '\n', 99999);
    text[99999] = '\0';
    capture_begin(&c, SRV_LOG_info);
    srv_log(SRV_LOG_info, "long", "text=%s", text);
    srv_log(SRV_LOG_info, "next", NULL);
    capture_end(&c);
    assert_in_range(strcspn(c.text, "\n"), 1000, 4000);
    assert_contains(c.text, "\\n\\n\ntime=");
    assert_contains(c.text, "event=next\n");
    free(c.text);
    free(text);
}

#define THREADS 4
#define LINES 200

static void *log_many(void *name)
{
    for (int i = 0; i < LINES; i++)
        srv_log(SRV_LOG_info, "many", "who=%s end=%s", (const char *)name, (const char *)name);
    return NULL;
}

static void log__many_threads__lines_do_not_mix(void **state)
{
    static char names[THREADS][8] = {"aaaa", "bbbb", "cccc", "dddd"};
    pthread_t threads[THREADS];
    struct capture c;
    size_t lines = 0;

    (void)state;
    capture_begin(&c, SRV_LOG_info);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, names[i]), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    capture_end(&c);
    for (char *line = c.text, *end; (end = strchr(line, '\n')); line = end + 1, lines++) {
        char who[8], again[8];

        *end = '\0';
        assert_memory_equal(line, "time=", 5);
        assert_int_equal(sscanf(strstr(line, "who="), "who=%4s end=%7s", who, again), 2);
        assert_string_equal(who, again);
    }
    assert_int_equal(lines, THREADS * LINES);
    free(c.text);
}

static void log_quote__text__is_quoted_and_escaped(void **state)
{
    static const struct {
        const char *text, *want;
        size_t size;
    } rows[] = {
        {"two words", "\"two words\"", 64},
        {"", "\"\"", 64},
        {"a\"b\\c", "\"a\\\"b\\\\c\"", 64},
        {"a\nb", "\"a\\nb\"", 64},
        {"\x01\xff", "\"\\x01\\xff\"", 64},
        {"abcdef", "\"abcd\"", 7},
        {"abc\n", "\"abc\"", 7}, /* no room for the whole escape */
        {"abc", "\"\"", 3},
        {"abc", "", 2},
    };
    char buf[64];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(buf, '#', sizeof buf);
        assert_ptr_equal(srv_log_quote(buf, rows[i].size, rows[i].text), buf);
        assert_string_equal(buf, rows[i].want);
    }
}

static void log_level_parse__known_name__is_its_level(void **state)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    struct snn_error err = {0};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        enum srv_log_level level = SRV_LOG_LEVEL_COUNT;

        assert_int_equal(srv_log_level_parse(&level, names[i], &err), SNN_OK);
        assert_int_equal(level, i);
    }
}

static void log_level_parse__unknown_name__lists_the_levels(void **state)
{
    struct snn_error err = {0};
    enum srv_log_level level = SRV_LOG_error;

    (void)state;
    assert_int_equal(srv_log_level_parse(&level, "Info", &err), SNN_INVALID);
    assert_int_equal(level, SRV_LOG_error);
    assert_contains(err.message, "'Info'");
    assert_contains(err.message, "debug, info, warning, error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log__event_with_pairs__is_one_line_of_keys),
        cmocka_unit_test(log__no_pairs__ends_with_the_event),
        cmocka_unit_test(log__level_below_the_threshold__is_dropped),
        cmocka_unit_test(log__control_characters__cannot_forge_a_line),
        cmocka_unit_test(log__text_longer_than_a_line__is_cut_and_ended),
        cmocka_unit_test(log__many_threads__lines_do_not_mix),
        cmocka_unit_test(log_quote__text__is_quoted_and_escaped),
        cmocka_unit_test(log_level_parse__known_name__is_its_level),
        cmocka_unit_test(log_level_parse__unknown_name__lists_the_levels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
