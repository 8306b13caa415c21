/* SPDX-License-Identifier: MIT */
/* The command line, and that the table of commands is whole. */
#include <string.h>

#include "server/ctl/ctl.h"
#include "tests/support/test.h"

static char why[1024];

/* Words, up to NULL, as main() gets them. */
static bool parse(struct ctl_args *out, const char *const *words)
{
    char *argv[CTL_MAX_OPERANDS + 8] = {(char[]){"spikectl"}};
    int argc = 1;

    for (; words[argc - 1]; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    why[0] = '\0';
    return ctl_args_parse(out, ctl_commands, ctl_command_count, argc, argv, why, sizeof why);
}
#define PARSE(out, ...) parse(out, (const char *const[]){__VA_ARGS__, NULL})

static void options__in_every_form_and_place__are_taken(void **state)
{
    struct ctl_args a;

    (void)state;
    assert_true(PARSE(&a, "--server", "http://h:1", "list", "--limit=5", "-j", "-t7"));
    assert_string_equal(a.command->name, "list");
    assert_string_equal(ctl_args_value(&a, "server"), "http://h:1");
    assert_string_equal(ctl_args_value(&a, "limit"), "5");
    assert_string_equal(ctl_args_value(&a, "json"), "");
    assert_string_equal(ctl_args_value(&a, "timeout"), "7");
    assert_null(ctl_args_value(&a, "status"));
    assert_int_equal(a.n, 0);

    assert_true(PARSE(&a, "weights", "job_1", "-o", "-", "--format", "json"));
    assert_string_equal(a.operand[0], "job_1");
    assert_string_equal(ctl_args_value(&a, "output"), "-");

    assert_true(PARSE(&a, "list", "--limit", "1", "--limit", "2"));
    assert_string_equal(ctl_args_value(&a, "limit"), "2");
}

static void operands__dash_and_what_follows_two_dashes__are_no_options(void **state)
{
    struct ctl_args a;

    (void)state;
    assert_true(PARSE(&a, "submit", "-"));
    assert_string_equal(a.operand[0], "-");
    assert_true(PARSE(&a, "submit", "--watch", "--", "--file"));
    assert_string_equal(a.operand[0], "--file");
    assert_non_null(ctl_args_value(&a, "watch"));
}

static void commands__of_two_words__are_found_by_both(void **state)
{
    struct ctl_args a;

    (void)state;
    assert_true(PARSE(&a, "dataset", "upload", "mine", "--format", "csv", "train=a", "test=b"));
    assert_string_equal(a.command->sub, "upload");
    assert_int_equal(a.n, 3);
    assert_string_equal(a.operand[2], "test=b");
    assert_true(PARSE(&a, "dataset", "list"));
    assert_string_equal(a.command->sub, "list");
}

static void command_line__wrong__is_refused_with_what_would_do(void **state)
{
    struct ctl_args a;

    (void)state;
    assert_false(PARSE(&a, "lst"));
    assert_contains(why, "no command lst");
    assert_false(PARSE(&a, "dataset"));
    assert_contains(why, "upload, list, show, delete");
    assert_false(PARSE(&a, "list", "--limt", "3"));
    assert_contains(why, "--limt");
    assert_contains(why, "--limit");
    assert_false(PARSE(&a, "list", "--limit"));
    assert_contains(why, "--limit wants a value: N");
    assert_false(PARSE(&a, "list", "--json=1"));
    assert_contains(why, "takes no value");
    assert_false(PARSE(&a, "--limit", "3", "list"));
    assert_contains(why, "before a command");
    assert_false(PARSE(&a, "show"));
    assert_contains(why, "too few words: want show ID");
    assert_false(PARSE(&a, "show", "a", "b"));
    assert_contains(why, "b is too much");
    assert_false(PARSE(&a, "dataset", "upload", "mine"));
    assert_contains(why, "PART=FILE");
}

static void command_line__too_many_words__is_refused(void **state)
{
    const char *words[CTL_MAX_OPERANDS + 3] = {"metrics"};
    struct ctl_args a;

    (void)state;
    for (size_t i = 0; i < CTL_MAX_OPERANDS; i++)
        words[1 + i] = "x";
    assert_true(parse(&a, words));
    words[1 + CTL_MAX_OPERANDS] = "x";
    assert_false(parse(&a, words));
    assert_contains(why, "more than 64 words");
}

static void help__asked_for__needs_no_operands(void **state)
{
    struct ctl_args a;

    (void)state;
    assert_true(PARSE(&a, "show", "--help"));
    assert_true(PARSE(&a, "-h"));
    assert_null(a.command);
    assert_true(PARSE(&a, "-V"));
}

static void seconds__text__is_a_number_above_zero(void **state)
{
    static const char *const wrong[] = {"", "0", "-1", "nan", "inf", "1s", "1e99"};
    double v = 0;

    (void)state;
    assert_true(ctl_seconds(&v, "0.5"));
    assert_near(v, 0.5, 0);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(ctl_seconds(&v, wrong[i]));
}

static bool unique(const struct ctl_option *list, const struct ctl_option *o)
{
    size_t n = 0;

    for (; list && list->name; list++)
        n += strcmp(list->name, o->name) == 0 || (o->letter && list->letter == o->letter);
    for (const struct ctl_option *g = ctl_global_options; g->name; g++)
        n += strcmp(g->name, o->name) == 0 || (o->letter && g->letter == o->letter);
    return n == 1;
}

static void table__every_row__is_whole_and_its_options_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; i < ctl_command_count; i++) {
        const struct ctl_command *c = &ctl_commands[i];

        assert_non_null(c->run);
        assert_true(c->doc[0] != '\0' && c->min <= c->max && c->max <= CTL_MAX_OPERANDS);
        assert_true((c->operands[0] == '\0') == (c->max == 0));
        for (const struct ctl_option *o = c->options; o && o->name; o++)
            assert_true(unique(c->options, o));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options__in_every_form_and_place__are_taken),
        cmocka_unit_test(operands__dash_and_what_follows_two_dashes__are_no_options),
        cmocka_unit_test(commands__of_two_words__are_found_by_both),
        cmocka_unit_test(command_line__wrong__is_refused_with_what_would_do),
        cmocka_unit_test(command_line__too_many_words__is_refused),
        cmocka_unit_test(help__asked_for__needs_no_operands),
        cmocka_unit_test(seconds__text__is_a_number_above_zero),
        cmocka_unit_test(table__every_row__is_whole_and_its_options_are_unique),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
