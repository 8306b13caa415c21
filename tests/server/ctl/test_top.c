/* SPDX-License-Identifier: MIT */
/* The table of jobs at any width, and what keys are. */
#include <locale.h>
#include <math.h>
#include <string.h>

#include "server/ctl/screen.h"
#include "server/ctl/top.h"
#include "tests/support/test.h"

static void expect(struct ctl_text *t, const char *want)
{
    assert_string_equal(ctl_text_of(t), want);
    ctl_text_free(t);
}

static void cell__any_text__takes_exactly_its_columns(void **state)
{
    struct ctl_text t = {0};

    (void)state;
    ctl_top_draw_cell(&t, "abc", 5, false, true);
    expect(&t, "abc  ");
    ctl_top_draw_cell(&t, "abc", 5, true, true);
    expect(&t, "  abc");
    ctl_top_draw_cell(&t, "abcdefg", 5, true, true);
    expect(&t, "abcde");
    ctl_top_draw_cell(&t, "\u65e5\u672c\u8a9e", 5, false, true); /* two columns each */
    expect(&t, "\u65e5\u672c ");
    ctl_top_draw_cell(&t, "e\u0301e", 2, false, true); /* an accent takes none */
    expect(&t, "e\u0301e");
    ctl_top_draw_cell(&t, "a\033[2Jb\xff", 9, false, true);
    expect(&t, "a?[2Jb?  ");
    ctl_top_draw_cell(&t, "\u00fc\n", 4, false, false);
    expect(&t, "??? ");
    ctl_top_draw_cell(&t, "abc", 0, false, true);
    expect(&t, "");
}

static void row__any_width__is_one_column_less(void **state)
{
    json_error_t why;
    json_t *job = json_loads("{\"id\":\"job_01ABCDEFGHJKMNPQRSTVWXYZ01\",\"status\":\"cancelling\","
                             "\"name\":\"\",\"created_at\":1700000000,"
                             "\"progress\":{\"fraction\":0.999,\"epoch\":99999,\"epochs\":123456,"
                             "\"eta_seconds\":1e6},"
                             "\"metrics\":{\"test_accuracy\":null,\"train_accuracy\":1}}",
                             0, &why);
    struct ctl c = {.utf8 = true};
    struct ctl_top_row row;

    (void)state;
    assert_non_null(job);
    ctl_top_read(&row, job);
    assert_string_equal(row.name, row.id); /* one without a name */
    assert_string_equal(row.of, "train");
    row.n_curve = CTL_TOP_POINTS;
    for (c.width = 24; c.width < 220; c.width++) {
        struct ctl_text head = {0}, t = {0};

        c.utf8 = false; /* a byte a column */
        ctl_top_draw_head(&c, &head);
        ctl_top_draw_row(&c, &t, &row, c.width % 2);
        assert_int_equal(head.n, c.width - 1);
        assert_int_equal(t.n, c.width - 1);
        assert_contains(ctl_text_of(&t), "cancelling");
        assert_contains(ctl_text_of(&t), c.width < 32 ? "job_01" : " 99%");
        ctl_text_free(&head);
        ctl_text_free(&t);
    }
    json_decref(job);
}

static void row__of_nothing__is_dashes(void **state)
{
    struct ctl c = {.width = 100};
    struct ctl_top_row row;
    struct ctl_text t = {0};
    json_t *job = json_object();

    (void)state;
    ctl_top_read(&row, job);
    assert_true(isnan(row.accuracy) && isnan(row.fraction));
    ctl_top_draw_row(&c, &t, &row, true);
    assert_int_equal(t.n, 99);
    assert_int_equal(strncmp(ctl_text_of(&t), "> ", 2), 0);
    ctl_text_free(&t);
    json_decref(job);
}

static void keys__sequences__are_keys_and_unknown_ones_are_swallowed(void **state)
{
    static const struct {
        const char *bytes;
        int key;
        size_t used;
    } rows[] = {
        {"\033[A", CTL_KEY_UP, 3},        {"\033OBx", CTL_KEY_DOWN, 3},
        {"\033[5~q", CTL_KEY_PAGE_UP, 4}, {"q\033[A", 'q', 1},
        {"\033", CTL_KEY_ESCAPE, 1},      {"\033[1;5Cq", CTL_KEY_OTHER, 6},
        {"\033[200", CTL_KEY_OTHER, 5},   {"\303\274", 0xc3, 1},
        {"\033q", CTL_KEY_ESCAPE, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t used = 0;

        assert_int_equal(ctl_key_read(rows[i].bytes, strlen(rows[i].bytes), &used), rows[i].key);
        assert_int_equal(used, rows[i].used);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cell__any_text__takes_exactly_its_columns),
        cmocka_unit_test(row__any_width__is_one_column_less),
        cmocka_unit_test(row__of_nothing__is_dashes),
        cmocka_unit_test(keys__sequences__are_keys_and_unknown_ones_are_swallowed),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
