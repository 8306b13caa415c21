/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/api/world.h"
#include "tests/support/test.h"

static void fill(struct snn_histogram *h, const char *name, const real *values, size_t n)
{
    snprintf(h->name, sizeof h->name, "%s", name);
    snn_histogram_clear(h);
    snn_histogram_add(h, values, n);
}

static void post(struct world *w, size_t step, const char *name, const real *values, size_t n)
{
    struct snn_histogram h;

    fill(&h, name, values, n);
    assert_int_equal(srv_store_histograms_post(w->store, w->job, step, step / 10, &h, 1), SNN_OK);
}

static json_t *get(struct world *w, struct world_request r, int status)
{
    r.param[0] = r.param[0] ? r.param[0] : w->job;
    world_call(w, api_jobs_histograms, &r);
    assert_int_equal(w->res.status, status);
    assert_non_null(w->json);
    return json_object_get(w->json, "data");
}

static void get_csv(struct world *w, struct world_request r)
{
    r.param[0] = w->job;
    world_call(w, api_jobs_histograms, &r);
    assert_int_equal(w->res.status, 200);
    assert_string_equal(world_header(w, "Content-Type"), "text/csv; charset=utf-8");
}

static void histograms__tiny__is_exactly_this_text(void **state)
{
    struct world *w = *state;
    const real values[] = {0, 2, -6, 9, (real)NAN, (real)INFINITY};
    const real large[] = {2000, -3000, 0, 6000};
    char want[1024];

    post(w, 20, "gradients/layer1.weight", values, 6);
    post(w, 30, "membrane/layer1", large, 4);
    world_flush(w);
    get(w, (struct world_request){.body = NULL}, 200);
    snprintf(want, sizeof want,
             "{\"object\":\"histograms\",\"job\":\"%s\",\"data\":[\n"
             "{\"step\":20,\"epoch\":2,\"name\":\"gradients/layer1.weight\",\"count\":6,"
             "\"zeros\":1,\"nan\":1,\"inf\":1,\"min\":-6,\"max\":9,\"mean\":1.25,"
             "\"norm\":11,\"bins\":[[-8,-4,1],[2,4,1],[8,16,1]]},\n"
             "{\"step\":30,\"epoch\":3,\"name\":\"membrane/layer1\",\"count\":4,"
             "\"zeros\":1,\"nan\":0,\"inf\":0,\"min\":-3000,\"max\":6000,\"mean\":1250,"
             "\"norm\":7000,\"bins\":[[null,-1024,1],[1024,null,2]]}"
             "],\"missing\":[]}\n",
             w->job);
    assert_string_equal(w->text, want);
}

static void histograms__tiny_as_csv__is_exactly_this_text(void **state)
{
    struct world *w = *state;
    const real values[] = {0, 2, -6, 9, (real)NAN, (real)INFINITY, -6};
    const real large[] = {2000, -3000, 0, 6000, 0}, negative[] = {0, (real)-0.5};
    const real odd[] = {(real)NAN};

    post(w, 20, "gradients/layer1.weight", values, 7);
    post(w, 30, "membrane/layer1", large, 5);
    post(w, 35, "membrane/a, \"b\"", negative, 2);
    post(w, 40, "membrane/layer1", odd, 1);
    world_flush(w);
    get_csv(w, (struct world_request){.query = {{"format", "csv"}}});
    assert_string_equal(w->text, "step,epoch,name,left,right,count\n"
                                 "20,2,gradients/layer1.weight,-8,-4,2\n"
                                 "20,2,gradients/layer1.weight,0,0,1\n"
                                 "20,2,gradients/layer1.weight,2,4,1\n"
                                 "20,2,gradients/layer1.weight,8,16,1\n"
                                 "30,3,membrane/layer1,-3000,-1024,1\n"
                                 "30,3,membrane/layer1,0,0,2\n"
                                 "30,3,membrane/layer1,1024,6000,2\n"
                                 "35,3,\"membrane/a, \"\"b\"\"\",-1,-0.5,1\n"
                                 "35,3,\"membrane/a, \"\"b\"\"\",0,0,1\n");
}

static void histograms__nothing_finite__has_null_statistics(void **state)
{
    const real values[] = {(real)NAN, (real)-INFINITY};
    static const char *const keys[] = {"min", "max", "mean", "norm"};
    struct world *w = *state;

    post(w, 0, "gradients/layer1.bias", values, 2);
    world_flush(w);
    json_t *entry = json_array_get(get(w, (struct world_request){.body = NULL}, 200), 0);
    for (size_t i = 0; i < 4; i++)
        assert_true(json_is_null(json_object_get(entry, keys[i])));
    assert_int_equal(json_array_size(json_object_get(entry, "bins")), 0);
    assert_int_equal(json_integer_value(json_object_get(entry, "count")), 2);
}

/* Three steps of four histograms, of values of every magnitude. */
static void post_many(struct world *w)
{
    static const char *const names[] = {"gradients/layer1.weight", "gradients/layer1.bias",
                                        "weights/layer1.weight", "activity/layer1"};
    static struct snn_histogram h[4];
    uint32_t x = 12345;
    real values[500];

    for (size_t step = 0; step < 30; step += 10) {
        for (size_t k = 0; k < 4; k++) {
            for (size_t i = 0; i < 500; i++) {
                x = x * 1664525u + 1013904223u;
                values[i] =
                    (real)ldexp((double)(int32_t)x / 2147483648.0, (int)(x >> 8 & 127) - 80);
                values[i] = i % 50 == 0 ? 0 : i % 77 == 0 ? (real)NAN : values[i];
            }
            fill(&h[k], names[k], values, 500);
        }
        assert_int_equal(srv_store_histograms_post(w->store, w->job, step, step / 10, h, 4),
                         SNN_OK);
    }
    world_flush(w);
}

static void histograms__every_entry__adds_up_to_its_count(void **state)
{
    json_int_t bin_values = 0;
    struct world *w = *state;

    post_many(w);
    json_t *data = get(w, (struct world_request){.body = NULL}, 200), *entry, *bin;
    size_t i, k;
    assert_int_equal(json_array_size(data), 12);
    json_array_foreach(data, i, entry)
    {
        json_int_t sum = 0;
        double last = -HUGE_VAL;
        json_array_foreach(json_object_get(entry, "bins"), k, bin)
        {
            json_t *left = json_array_get(bin, 0);
            double edge = json_is_null(left) ? -HUGE_VAL : json_number_value(left);
            assert_true(k == 0 || edge >= last);
            last = json_number_value(json_array_get(bin, 1));
            sum += json_integer_value(json_array_get(bin, 2));
            assert_true(json_integer_value(json_array_get(bin, 2)) > 0);
        }
        bin_values += sum;
        sum += json_integer_value(json_object_get(entry, "zeros")) +
               json_integer_value(json_object_get(entry, "nan")) +
               json_integer_value(json_object_get(entry, "inf"));
        assert_int_equal(sum, json_integer_value(json_object_get(entry, "count")));
        assert_int_equal(sum, 500);
    }
    assert_true(bin_values > 12 * 450);
}

/* Takes the row from the text; fails where it is another one. */
static void expect_row(const char **text, const json_t *entry, double left, double right,
                       json_int_t count)
{
    char name[64];
    long long step, epoch, n;
    double from, to;
    int read = 0;

    if (sscanf(*text, "%lld,%lld,%63[^,],%lf,%lf,%lld\n%n", &step, &epoch, name, &from, &to, &n,
               &read) != 6)
        fail_msg("no row: %.80s", *text);
    *text += read;
    assert_int_equal(step, json_integer_value(json_object_get(entry, "step")));
    assert_int_equal(epoch, json_integer_value(json_object_get(entry, "epoch")));
    assert_string_equal(name, json_string_value(json_object_get(entry, "name")));
    assert_true(from == left && to == right);
    assert_int_equal(n, count);
}

static void expect_rows(const char **text, const json_t *entry)
{
    json_int_t zeros = json_integer_value(json_object_get(entry, "zeros"));
    json_t *bin;
    size_t i;

    json_array_foreach(json_object_get(entry, "bins"), i, bin)
    {
        json_t *left = json_array_get(bin, 0), *right = json_array_get(bin, 1);

        if (zeros && json_is_number(left) && json_number_value(left) >= 0) {
            expect_row(text, entry, 0, 0, zeros);
            zeros = 0;
        }
        left = json_is_null(left) ? json_object_get(entry, "min") : left;
        right = json_is_null(right) ? json_object_get(entry, "max") : right;
        expect_row(text, entry, json_number_value(left), json_number_value(right),
                   json_integer_value(json_array_get(bin, 2)));
    }
    if (zeros)
        expect_row(text, entry, 0, 0, zeros);
}

static void histograms__csv__has_the_numbers_of_the_json(void **state)
{
    static const struct srv_pair queries[][3] = {
        {{NULL, NULL}},
        {{"name", "gradients/*,activity/layer1"}, {"from_step", "5"}},
        {{"name", "weights/layer1.weight"}, {"order", "desc"}, {"max_steps", "2"}},
        {{"max_points", "2"}, {"to_step", "25"}},
        {{"from_step", "21"}},
    };
    static const size_t entries[] = {12, 6, 2, 8, 0};
    struct world *w = *state;

    post_many(w);
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        struct world_request r = {.body = NULL};
        const char *text;
        json_t *data, *entry;
        size_t k;

        memcpy(r.query, queries[i], sizeof queries[i]);
        data = json_incref(get(w, r, 200));
        assert_int_equal(json_array_size(data), entries[i]);
        for (k = 0; r.query[k].name; k++)
            ;
        r.query[k] = (struct srv_pair){"format", "csv"};
        get_csv(w, r);
        text = strchr(w->text, '\n') + 1;
        json_array_foreach(data, k, entry) expect_rows(&text, entry);
        assert_string_equal(text, "");
        json_decref(data);
    }
}

static void histograms__query__selects_names_and_steps(void **state)
{
    struct world *w = *state;

    post_many(w);
    static const struct {
        struct srv_pair query[3];
        size_t n;
    } cases[] = {
        {{{"name", "gradients/layer1.bias"}}, 3},
        {{{"name", "gradients/layer1.bias,activity/layer1"}}, 6},
        {{{"name", "gradients/*"}}, 6},
        {{{"from_step", "10"}}, 8},
        {{{"from_step", "5"}, {"max_steps", "1"}}, 4},
        {{{"max_steps", "2"}, {"name", "activity/layer1"}}, 2},
        {{{"from_step", "21"}}, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world_request r = {.body = NULL};
        memcpy(r.query, cases[i].query, sizeof cases[i].query);
        assert_int_equal(json_array_size(get(w, r, 200)), cases[i].n);
    }
    json_t *data = get(w, (struct world_request){.query = {{"name", "nope,weights/*"}}}, 200);
    assert_int_equal(json_array_size(data), 3);
    data = json_object_get(w->json, "missing");
    assert_int_equal(json_array_size(data), 1);
    assert_string_equal(json_string_value(json_array_get(data, 0)), "nope");
}

static void histograms__newest_first__has_the_latest_in_one_request(void **state)
{
    struct world *w = *state;
    json_t *data;

    post_many(w);
    data = get(w, (struct world_request){.query = {{"order", "desc"}, {"max_steps", "1"}}}, 200);
    assert_int_equal(json_array_size(data), 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(json_integer_value(json_object_get(json_array_get(data, i), "step")), 20);
    assert_string_equal(json_string_value(json_object_get(json_array_get(data, 0), "name")),
                        "gradients/layer1.weight"); /* as posted, whatever the steps' order */
    data = get(w,
               (struct world_request){
                   .query = {{"order", "desc"}, {"name", "activity/layer1"}, {"max_steps", "2"}}},
               200);
    assert_int_equal(json_array_size(data), 2);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(data, 0), "step")), 20);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(data, 1), "step")), 10);
    get(w, (struct world_request){.query = {{"order", "down"}}}, 422);
}

/* The steps of what was answered, as text. */
static void expect_steps(struct world *w, struct world_request r, const char *want)
{
    char got[200] = "";
    json_t *entry;
    size_t i;

    json_array_foreach(get(w, r, 200), i, entry)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%lld ",
                 (long long)json_integer_value(json_object_get(entry, "step")));
    assert_string_equal(got, want);
}

static void histograms__thinned__are_even_with_the_first_and_the_last(void **state)
{
    struct world *w = *state;
    const real value = 1;

    for (size_t i = 0; i < 11; i++) {
        post(w, 10 * i, "activity/layer1", &value, 1);
        post(w, 10 * i + 1, "activity/layer2", &value, 1);
    }
    world_flush(w);
#define ONE {"name", "activity/layer1"}
#define ASK(...)                                                                                   \
    (struct world_request)                                                                         \
    {                                                                                              \
        .query = { __VA_ARGS__ }                                                                   \
    }
    expect_steps(w, ASK(ONE, {"max_points", "2"}), "0 100 ");
    expect_steps(w, ASK(ONE, {"max_points", "3"}), "0 50 100 ");
    expect_steps(w, ASK(ONE, {"max_points", "6"}), "0 20 40 60 80 100 ");
    expect_steps(w, ASK(ONE, {"max_points", "4"}), "0 30 60 100 ");
    expect_steps(w, ASK(ONE, {"max_points", "3"}, {"order", "desc"}), "100 50 0 ");
    expect_steps(w, ASK(ONE, {"max_points", "11"}, {"from_step", "75"}), "80 90 100 ");
    expect_steps(w, ASK(ONE, {"max_points", "3"}, {"from_step", "20"}, {"to_step", "40"}),
                 "20 30 40 ");
    expect_steps(w, ASK(ONE, {"max_points", "2"}, {"from_step", "45"}, {"to_step", "55"}), "50 ");
    expect_steps(w, ASK(ONE, {"max_points", "2"}, {"from_step", "50"}, {"to_step", "49"}), "");
    expect_steps(w, ASK({"to_step", "11"}), "0 1 10 11 "); /* also without thinning, of all names */
    expect_steps(w, ASK({"max_points", "3"}), "0 50 101 ");
    get(w, ASK({"max_points", "1"}), 422);
    get(w, ASK({"max_points", "3"}, {"max_steps", "3"}), 422);
#undef ASK
#undef ONE
}

static void histograms__wrong_requests__are_refused(void **state)
{
    struct world *w = *state;

    get(w, (struct world_request){.param = {"job_01HZZZZZZZZZZZZZZZZZZZZZZZ"}}, 404);
    get(w, (struct world_request){.query = {{"names", "x"}}}, 422);
    get(w, (struct world_request){.query = {{"name", ""}}}, 422);
    get(w, (struct world_request){.query = {{"max_steps", "all"}}}, 422);
    get(w, (struct world_request){.query = {{"format", "xml"}}}, 422);
    assert_contains(world_text(w, "detail"), "format is \"xml\", want json or csv");
}

static void histograms__no_memory__is_an_error_not_the_end(void **state)
{
    struct world *w = *state;

    post_many(w);
    struct world_request r = {.param = {w->job}, .query = {{"name", "weights/*"}}};
    world_starve(w, api_jobs_histograms, &r);
    r.query[1] = (struct srv_pair){"format", "csv"};
    world_starve(w, api_jobs_histograms, &r);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(histograms__tiny__is_exactly_this_text),
        TEST(histograms__tiny_as_csv__is_exactly_this_text),
        TEST(histograms__nothing_finite__has_null_statistics),
        TEST(histograms__every_entry__adds_up_to_its_count),
        TEST(histograms__csv__has_the_numbers_of_the_json),
        TEST(histograms__query__selects_names_and_steps),
        TEST(histograms__newest_first__has_the_latest_in_one_request),
        TEST(histograms__thinned__are_even_with_the_first_and_the_last),
        TEST(histograms__wrong_requests__are_refused),
        TEST(histograms__no_memory__is_an_error_not_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
