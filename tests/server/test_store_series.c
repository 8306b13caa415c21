/* SPDX-License-Identifier: MIT */
/* Points and histograms through the database. */
#include "tests/server/store_fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What was seen, as text: "step/epoch name=value,value ..." a line. */
struct seen {
    char text[2048];
    size_t used, calls, stop_after;
};

static void note(struct seen *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(struct seen *s, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    s->used += (size_t)vsnprintf(s->text + s->used, sizeof s->text - s->used, format, args);
    va_end(args);
    assert_true(s->used < sizeof s->text);
}

static bool see_points(void *user, int64_t step, int64_t epoch, const struct snn_point *p, size_t n)
{
    struct seen *s = user;

    note(s, "%lld/%lld", (long long)step, (long long)epoch);
    for (size_t i = 0; i < n; i++) {
        note(s, " %s=", p[i].name);
        for (size_t j = 0; j < p[i].n; j++)
            note(s, j ? ",%g" : "%g", p[i].values[j]);
    }
    note(s, "\n");
    return ++s->calls != s->stop_after;
}

static bool see_histogram(void *user, int64_t step, int64_t epoch, const struct snn_histogram *h)
{
    struct seen *s = user;

    note(s, "%lld/%lld %s %llu\n", (long long)step, (long long)epoch, h->name,
         (unsigned long long)h->count);
    return ++s->calls != s->stop_after;
}

static void check_points(struct fixture *f, const char *id, int64_t from, const char *expected)
{
    struct seen seen = {0};
    struct snn_error err = {0};

    assert_ok(srv_store_ping(f->store, &err), err);
    assert_ok(srv_store_points_each(f->store, id, from, see_points, &seen, &err), err);
    assert_string_equal(seen.text, expected);
}

static void check_histograms(struct fixture *f, const char *id, const char *name, int64_t from,
                             int64_t max_steps, const char *expected)
{
    struct seen seen = {0};
    struct snn_error err = {0};
    const struct srv_histogram_range range = {
        .name = name, .from_step = from, .to_step = INT64_MAX, .max_steps = max_steps};

    assert_ok(srv_store_ping(f->store, &err), err);
    assert_ok(srv_store_histograms_each(f->store, id, &range, see_histogram, &seen, &err), err);
    assert_string_equal(seen.text, expected);
}

static void post_loss(struct fixture *f, const char *id, size_t step, double value)
{
    const struct snn_point p = {.name = "loss", .values = &value, .n = 1};

    assert_int_equal(srv_store_points_post(f->store, id, step, step / 10, &p, 1), SNN_OK);
}

static void post_two(struct fixture *f, const char *id, size_t step, uint64_t count)
{
    struct snn_histogram *h = calloc(2, sizeof *h);

    assert_non_null(h);
    snprintf(h[0].name, sizeof h[0].name, "weights/b");
    snprintf(h[1].name, sizeof h[1].name, "gradients/a");
    h[0].count = h[0].zeros = count;
    h[1].count = h[1].bins[3] = count + 1;
    assert_int_equal(srv_store_histograms_post(f->store, id, step, step / 10, h, 2), SNN_OK);
    free(h);
}

static void points__posted__come_back_in_order_with_nan(void **state)
{
    struct fixture *f = *state;
    double values[] = {1.5, (double)NAN, (double)INFINITY};
    const struct snn_point pair[] = {{.name = "loss", .values = values, .n = 1},
                                     {.name = "by_step", .values = values, .n = 3}};
    char id[SRV_ID_SIZE], other[SRV_ID_SIZE];

    fixture_create(f, 0, 1, id);
    fixture_create(f, 0, 1, other);
    post_loss(f, id, 20, 0.5);
    assert_int_equal(srv_store_points_post(f->store, id, 10, 1, pair, 2), SNN_OK);
    values[0] = 99; /* it was copied */
    post_loss(f, other, 11, 7);
    check_points(f, id, 0, "10/1 loss=1.5 by_step=1.5,nan,inf\n20/2 loss=0.5\n");
    check_points(f, id, 11, "20/2 loss=0.5\n");
    check_points(f, id, 21, "");
    fixture_reopen(f);
    check_points(f, other, 0, "11/1 loss=7\n");
}

static void points__same_step_again__replace(void **state)
{
    struct fixture *f = *state;
    char id[SRV_ID_SIZE];

    fixture_create(f, 0, 1, id);
    post_loss(f, id, 5, 1);
    post_loss(f, id, 5, 2);
    check_points(f, id, 0, "5/0 loss=2\n");
}

static void points_each__false__stops(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.stop_after = 2};
    struct snn_error err = {0};
    char id[SRV_ID_SIZE];

    fixture_create(f, 0, 1, id);
    for (size_t i = 0; i < 5; i++)
        post_loss(f, id, i, 0);
    assert_ok(srv_store_ping(f->store, &err), err);
    assert_ok(srv_store_points_each(f->store, id, 0, see_points, &seen, &err), err);
    assert_int_equal(seen.calls, 2);
    check_points(f, id, 4, "4/0 loss=0\n"); /* the connection is fit for use again */
}

static void histograms__posted__come_back_by_step_and_order(void **state)
{
    struct fixture *f = *state;
    char id[SRV_ID_SIZE];

    fixture_create(f, 0, 1, id);
    post_two(f, id, 10, 100);
    post_two(f, id, 20, 200);
    post_two(f, id, 30, 300);
    check_histograms(f, id, NULL, 0, 0,
                     "10/1 weights/b 100\n10/1 gradients/a 101\n20/2 weights/b 200\n"
                     "20/2 gradients/a 201\n30/3 weights/b 300\n30/3 gradients/a 301\n");
    check_histograms(f, id, NULL, 11, 1, "20/2 weights/b 200\n20/2 gradients/a 201\n");
    check_histograms(f, id, "gradients/a", 0, 2, "10/1 gradients/a 101\n20/2 gradients/a 201\n");
    check_histograms(f, id, "gradients/none", 0, 0, "");
}

static void histograms__same_step_again__replace_all_of_it(void **state)
{
    struct fixture *f = *state;
    struct snn_histogram *h = calloc(1, sizeof *h);
    char id[SRV_ID_SIZE];

    assert_non_null(h);
    fixture_create(f, 0, 1, id);
    post_two(f, id, 10, 1);
    snprintf(h->name, sizeof h->name, "gradients/a");
    assert_int_equal(srv_store_histograms_post(f->store, id, 10, 4, h, 1), SNN_OK);
    check_histograms(f, id, NULL, 0, 0, "10/4 gradients/a 0\n");
    free(h);
}

static void rewind__to_a_step__removes_what_is_beyond(void **state)
{
    struct fixture *f = *state;
    struct snn_error err = {0};
    char id[SRV_ID_SIZE], other[SRV_ID_SIZE];

    fixture_create(f, 0, 1, id);
    fixture_create(f, 0, 1, other);
    for (size_t step = 10; step <= 30; step += 10) {
        post_loss(f, id, step, 1);
        post_two(f, id, step, step);
    }
    post_loss(f, other, 30, 1);
    assert_ok(srv_store_rewind(f->store, id, 20, &err), err);
    check_points(f, id, 0, "10/1 loss=1\n20/2 loss=1\n");
    check_histograms(f, id, "weights/b", 0, 0, "10/1 weights/b 10\n20/2 weights/b 20\n");
    check_points(f, other, 0, "30/3 loss=1\n");
    assert_int_equal(srv_store_rewind(f->store, "job_X", 0, &err), SNN_NOT_FOUND);
}

static void posts__job_gone__write_nothing_and_are_no_failure(void **state)
{
    struct fixture *f = *state;
    struct srv_event e = {.type = "epoch"};
    struct seen seen = {0};
    struct snn_error err = {0};

    post_loss(f, "job_GONE", 1, 1);
    post_two(f, "job_GONE", 1, 1);
    assert_int_equal(srv_store_event_post(f->store, "job_GONE", &e), SNN_OK);
    assert_ok(srv_store_ping(f->store, &err), err);
    assert_int_equal(fixture_number(f, "SELECT (SELECT COUNT(*) FROM points) + (SELECT COUNT(*) "
                                       "FROM histograms) + (SELECT COUNT(*) FROM events)"),
                     0);
    assert_int_equal(srv_writer_stats(f->store->writer).posts_failed, 0);
    assert_int_equal(srv_store_points_each(f->store, "job_GONE", 0, see_points, &seen, &err),
                     SNN_NOT_FOUND);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
    const struct CMUnitTest tests[] = {
        TEST(points__posted__come_back_in_order_with_nan),
        TEST(points__same_step_again__replace),
        TEST(points_each__false__stops),
        TEST(histograms__posted__come_back_by_step_and_order),
        TEST(histograms__same_step_again__replace_all_of_it),
        TEST(rewind__to_a_step__removes_what_is_beyond),
        TEST(posts__job_gone__write_nothing_and_are_no_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
