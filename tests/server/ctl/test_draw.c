/* SPDX-License-Identifier: MIT */
/* Pictures made of characters, and the numbers in them. */
#include <math.h>
#include <string.h>

#include "server/ctl/draw.h"
#include "server/ctl/format.h"
#include "server/ctl/sha256.h"
#include "tests/support/oom.h"
#include "tests/support/test.h"

static void expect(struct ctl_text *t, const char *want)
{
    assert_string_equal(ctl_text_of(t), want);
    ctl_text_free(t);
}

/* ---------------------------------------------------------------------------------- numbers -- */

static void format__number_of_any_size__is_short(void **state)
{
    (void)state;
    assert_string_equal(ctl_count(131072).s, "131k");
    assert_string_equal(ctl_count(9610).s, "9610");
    assert_string_equal(ctl_count(77800).s, "77.8k");
    assert_string_equal(ctl_count(999600).s, "1.00M");
    assert_string_equal(ctl_count(0).s, "0");
    assert_string_equal(ctl_count((double)NAN).s, "-");
    assert_string_equal(ctl_bytes(512).s, "512 B");
    assert_string_equal(ctl_bytes(1536).s, "1.50 KiB");
    assert_string_equal(ctl_bytes(1024.0 * 1024 * 200).s, "200 MiB");
    assert_string_equal(ctl_percent(0.972).s, "97.2%");
    assert_string_equal(ctl_number(0.12345).s, "0.1235");
    assert_string_equal(ctl_number(-7).s, "-7");
    assert_string_equal(ctl_number(1e-7).s, "1.000e-07");
    assert_string_equal(ctl_number((double)INFINITY).s, "-");
}

static void duration__seconds_before_the_next_unit__are_carried(void **state)
{
    (void)state;
    assert_string_equal(ctl_duration(0.25).s, "0.2s");
    assert_string_equal(ctl_duration(3).s, "3s");
    assert_string_equal(ctl_duration(59.4).s, "59s");
    assert_string_equal(ctl_duration(59.7).s, "1m00s");
    assert_string_equal(ctl_duration(65).s, "1m05s");
    assert_string_equal(ctl_duration(119.7).s, "2m00s");
    assert_string_equal(ctl_duration(7380).s, "2h03m");
    assert_string_equal(ctl_duration(86400 * 3 + 3600 * 4).s, "3d04h");
    assert_string_equal(ctl_duration(-1).s, "-");
}

/* ------------------------------------------------------------------------------------- text -- */

static void safe__control_characters__become_question_marks(void **state)
{
    struct ctl_text t = {0};

    (void)state;
    ctl_text_safe(&t, "a\033[31mb\r\n\x7f\xc2\x9b"
                      "5m \xc3\xa9");
    expect(&t, "a?[31mb?????5m \xc3\xa9");
}

static void path__segment_with_slashes__stays_one_segment(void **state)
{
    struct ctl_text t = {0};

    (void)state;
    ctl_text_add(&t, "/v1/datasets");
    assert_true(ctl_path_add(&t, "a/../b?c#d e"));
    ctl_query_add(&t, "name", "x&y=z");
    ctl_query_add(&t, "none", NULL);
    ctl_query_add(&t, "metadata[k]", "1");
    expect(&t, "/v1/datasets/a%2F..%2Fb%3Fc%23d%20e?name=x%26y%3Dz&metadata%5Bk%5D=1");
}

static void path__segment_that_names_another_path__is_refused(void **state)
{
    struct ctl_text t = {0};

    (void)state;
    assert_false(ctl_path_add(&t, ""));
    assert_false(ctl_path_add(&t, "."));
    assert_false(ctl_path_add(&t, ".."));
    assert_true(ctl_path_add(&t, "..."));
    expect(&t, "/...");
}

static void text__no_memory__is_remembered(void **state)
{
    struct ctl_text t = {0};

    (void)state;
    oom_fail_at(0);
    ctl_text_add(&t, "%d", 1);
    assert_true(oom_off());
    ctl_text_add(&t, "%d", 2);
    assert_true(t.failed);
    expect(&t, "");
}

/* ------------------------------------------------------------------------- bars and progress -- */

static void bar__fraction__fills_so_many_cells(void **state)
{
    struct ctl_text t = {0};

    (void)state;
    ctl_draw_bar(&t, 0.5, 10);
    ctl_draw_bar(&t, 0, 4);
    ctl_draw_bar(&t, 1, 4);
    ctl_draw_bar(&t, 7, 4);
    ctl_draw_bar(&t, (double)NAN, 4);
    ctl_draw_bar(&t, 0.999, 4);
    expect(&t, "[#####.....][....][####][####][....][###.]");
}

static struct ctl_progress running(void)
{
    return (struct ctl_progress){.fraction = 0.455,
                                 .epoch = 18,
                                 .epochs = 40,
                                 .loss = 0.1234,
                                 .accuracy = 0.972,
                                 .validation = 0.961,
                                 .rate = 131072,
                                 .eta = 3};
}

static void progress__all_known__is_one_line(void **state)
{
    struct ctl_progress p = running();
    struct ctl_text t = {0};

    (void)state;
    ctl_draw_progress(&t, &p, 82);
    expect(&t,
           "[####......] 45% epoch 18/40 loss 0.1234 acc 97.2% val 96.1% 131k samples/s ETA 3s");
}

static void progress__what_is_not_known__is_left_out(void **state)
{
    struct ctl_progress p = {.fraction = 0,
                             .epoch = 0,
                             .epochs = 40,
                             .loss = (double)NAN,
                             .accuracy = (double)NAN,
                             .validation = (double)NAN,
                             .rate = (double)NAN,
                             .eta = (double)NAN};
    struct ctl_text t = {0};

    (void)state;
    ctl_draw_progress(&t, &p, 200);
    expect(&t, "[....................] 0% epoch 0/40");
}

static void progress__narrow_terminal__is_never_wider_and_keeps_the_eta(void **state)
{
    struct ctl_progress p = running();
    struct ctl_text t = {0};

    (void)state;
    ctl_draw_progress(&t, &p, 79);
    assert_true(t.n <= 79);
    assert_contains(ctl_text_of(&t), "131k/s ETA 3s");
    ctl_text_free(&t);
    for (size_t width = 0; width < 90; width++) {
        ctl_draw_progress(&t, &p, width);
        assert_true(t.n <= width);
        ctl_text_free(&t);
    }
}

/* -------------------------------------------------------------------------------- sparklines -- */

static void spark__values__have_heights_in_proportion(void **state)
{
    static const double v[] = {0, 1, 4, 8, NAN, 0.001};
    struct ctl_text t = {0};

    (void)state;
    ctl_draw_spark(&t, v, 6, false);
    expect(&t, " .=# .");
    ctl_draw_spark(&t, v, 4, true);
    expect(&t, " \u2581\u2584\u2588");
}

static void series__range_that_crosses_zero__goes_from_lowest_to_highest(void **state)
{
    static const double v[] = {-4, -4, 3, NAN, 3}, still[] = {2, 2, 2};
    struct ctl_text t = {0};

    (void)state;
    ctl_draw_series(&t, v, 5, 10, false);
    expect(&t, "..# #");
    ctl_draw_series(&t, v, 5, 2, false);
    expect(&t, ".#");
    ctl_draw_series(&t, still, 3, 10, false);
    expect(&t, "===");
}

/* -------------------------------------------------------------------------------- histograms -- */

static const struct ctl_bin bins[] = {
    {-INFINITY, -1024, 1}, {-4, -2, 5},     {-0.5, -0.25, 7},
    {0, 0x1p-40, 3},       {0.25, 0.5, 11}, {1, 2, 2},
};
#define N_BINS (sizeof bins / sizeof *bins)

static void merge__any_room__loses_no_value(void **state)
{
    struct ctl_bin rows[64];

    (void)state;
    for (size_t room = CTL_MIN_ROWS; room <= 64; room++) {
        size_t n = ctl_bins_merge(rows, room, bins, N_BINS, 4);
        double sum = 0;

        assert_in_range(n, 1, room);
        for (size_t i = 0; i < n; i++) {
            sum += rows[i].n;
            assert_true(rows[i].left <= rows[i].right);
            assert_true(i == 0 || rows[i].left >= rows[i - 1].right);
            /* Beside the zeros is what is nearer to zero than any bin. */
            if (i > 0 && rows[i].left * rows[i - 1].right > 0)
                assert_near(rows[i].left, rows[i - 1].right, 0);
        }
        assert_near(sum, 33, 0);
    }
}

static void merge__few_bins__keeps_each_its_own_row(void **state)
{
    struct ctl_bin rows[16];
    size_t n = ctl_bins_merge(rows, 16, bins + 4, 2, 9);

    (void)state;
    assert_int_equal(n, 4); /* zero, two bins and the empty one between them */
    assert_near(rows[0].n, 9, 0);
    assert_near(rows[1].n, 11, 0);
    assert_near(rows[2].left, 0.5, 0);
    assert_near(rows[2].n, 0, 0);
    assert_near(rows[3].right, 2, 0);
    assert_near(rows[3].n, 2, 0);
}

static void merge__only_zeros__is_one_row(void **state)
{
    struct ctl_bin rows[CTL_MIN_ROWS];

    (void)state;
    assert_int_equal(ctl_bins_merge(rows, CTL_MIN_ROWS, NULL, 0, 5), 1);
    assert_near(rows[0].n, 5, 0);
}

static void bins__drawn__show_edges_counts_and_shares(void **state)
{
    static const struct ctl_bin some[] = {{-4, -2, 5}, {0.25, 0.5, 10}};
    struct ctl_bin rows[8];
    struct ctl_text t = {0};
    size_t n = ctl_bins_merge(rows, 8, some, 2, 5);

    (void)state;
    ctl_draw_bins(&t, rows, n, 20, 46);
    expect(&t, "   -2^2 ..    -2^1 |#####            5  25.0%\n"
               "                 0 |#####            5  25.0%\n"
               "   2^-2 ..    2^-1 |##########      10  50.0%\n");
    ctl_draw_bins_spark(&t, rows, n, false);
    expect(&t, "=|#");
}

static void bins__without_end__are_drawn_as_such(void **state)
{
    struct ctl_bin rows[CTL_MIN_ROWS];
    struct ctl_text t = {0};
    size_t n = ctl_bins_merge(rows, CTL_MIN_ROWS, bins, N_BINS, 0);

    (void)state;
    assert_int_equal(n, 3);
    ctl_draw_bins(&t, rows, n, 29, 46);
    assert_contains(ctl_text_of(&t), "   -inf ..       0 |########");
    assert_contains(ctl_text_of(&t), "      0 ..     inf |##########      16  55.2%");
    ctl_text_free(&t);
}

/* ------------------------------------------------------------------------------------ curves -- */

static void curve__step__is_drawn_with_its_axes(void **state)
{
    static const double x[] = {-1, -0.01, 0, 1}, y[] = {0, 0, 1, 1};
    struct ctl_text t = {0};

    (void)state;
    ctl_draw_curve(&t, x, y, 4, 32, 4);
    expect(&t, "        1 |          ***********\n"
               "          |          *\n"
               "          |          *\n"
               "        0 |**********-----------\n"
               "          +---------------------\n"
               "           -1        0         1\n");
}

static void curve__no_finite_value_or_no_memory__is_no_crash(void **state)
{
    static const double x[] = {0, 0}, y[] = {NAN, INFINITY};
    struct ctl_text t = {0};

    (void)state;
    ctl_draw_curve(&t, x, y, 2, 0, 0);
    assert_contains(ctl_text_of(&t), "+--");
    ctl_text_free(&t);
    oom_fail_at(0);
    ctl_draw_curve(&t, x, y, 2, 40, 5);
    assert_true(oom_off());
    assert_true(t.failed);
    ctl_text_free(&t);
}

/* ------------------------------------------------------------------------------------ digest -- */

/* FIPS 180-4's examples, and a length at which the padding takes a block of its own. */
static void sha256__known_texts__have_their_digests(void **state)
{
    static const struct {
        const char *text, *hex;
    } rows[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    struct ctl_sha256 d;
    char hex[65];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ctl_sha256_init(&d);
        for (const char *p = rows[i].text; *p; p++)
            ctl_sha256_add(&d, p, 1);
        ctl_sha256_hex(&d, hex);
        assert_string_equal(hex, rows[i].hex);
    }
    ctl_sha256_init(&d);
    for (size_t i = 0; i < 1000; i++)
        ctl_sha256_add(&d, memset((char[1000]){0}, 'a', 1000), 1000);
    ctl_sha256_hex(&d, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format__number_of_any_size__is_short),
        cmocka_unit_test(duration__seconds_before_the_next_unit__are_carried),
        cmocka_unit_test(safe__control_characters__become_question_marks),
        cmocka_unit_test(path__segment_with_slashes__stays_one_segment),
        cmocka_unit_test(path__segment_that_names_another_path__is_refused),
        cmocka_unit_test(text__no_memory__is_remembered),
        cmocka_unit_test(bar__fraction__fills_so_many_cells),
        cmocka_unit_test(progress__all_known__is_one_line),
        cmocka_unit_test(progress__what_is_not_known__is_left_out),
        cmocka_unit_test(progress__narrow_terminal__is_never_wider_and_keeps_the_eta),
        cmocka_unit_test(spark__values__have_heights_in_proportion),
        cmocka_unit_test(series__range_that_crosses_zero__goes_from_lowest_to_highest),
        cmocka_unit_test(merge__any_room__loses_no_value),
        cmocka_unit_test(merge__few_bins__keeps_each_its_own_row),
        cmocka_unit_test(merge__only_zeros__is_one_row),
        cmocka_unit_test(bins__drawn__show_edges_counts_and_shares),
        cmocka_unit_test(bins__without_end__are_drawn_as_such),
        cmocka_unit_test(curve__step__is_drawn_with_its_axes),
        cmocka_unit_test(curve__no_finite_value_or_no_memory__is_no_crash),
        cmocka_unit_test(sha256__known_texts__have_their_digests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
