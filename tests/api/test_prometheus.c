/* SPDX-License-Identifier: MIT */
/* GET /metrics. Whether its format is right: tests/e2e/test_prometheus.sh. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/requests.h"
#include "tests/api/ask.h"
#include "tests/support/oom.h"
#include "tests/support/test.h"

/* The value of the line that begins with `series`; fails where there is none. */
static double value_of(const struct world *w, const char *series)
{
    const char *line = w->text;

    while (line && strncmp(line, series, strlen(series)) != 0) {
        line = strchr(line, '\n');
        line += line != NULL;
    }
    if (!line)
        fail_msg("no line %s in %s", series, w->text);
    return strtod(line + strlen(series), NULL);
}

static void metrics__jobs__are_counted_by_status(void **state)
{
    struct world *w = *state;
    double before;

    assert_int_equal(ask_get(w, "/metrics"), 200);
    assert_string_equal(world_header(w, "Content-Type"),
                        "text/plain; version=0.0.4; charset=utf-8");
    assert_near(value_of(w, "spiked_jobs{status=\"queued\"} "), 1, 0);
    assert_near(value_of(w, "spiked_jobs{status=\"failed\"} "), 0, 0);
    assert_true(value_of(w, "spiked_queue_oldest_seconds ") >= 0);
    before = value_of(w, "spiked_jobs_submitted_total ");
    assert_true(before >= 1);
    assert_int_equal(ask_post(w, "/v1/jobs",
                              "{\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":"
                              "\"dense\",\"units\":10}]}"),
                     201);
    assert_int_equal(ask_get(w, "/metrics"), 200);
    assert_near(value_of(w, "spiked_jobs_submitted_total "), before + 1, 0);
    assert_near(value_of(w, "spiked_jobs{status=\"queued\"} "), 2, 0);
}

static void metrics__requests__are_counted_by_route_and_status(void **state)
{
    struct world *w = *state;
    size_t route = 0;

    w->api.requests = api_requests_new();
    assert_non_null(w->api.requests);
    while (strcmp(api_routes[route].pattern, "/v1/jobs/{job}") != 0)
        route++;
    api_requests_note(w->api.requests, route, 200, 30000);
    api_requests_note(w->api.requests, route, 200, 2000000);
    api_requests_note(w->api.requests, route, 404, 0);
    api_requests_note(w->api.requests, api_route_count + 9, 404, 0);
    api_requests_note(w->api.requests, route, 0, 0); /* never answered */
    for (int status = 500; status < 599; status++)   /* more than there is room for */
        api_requests_note(w->api.requests, route, status, 0);
    assert_int_equal(ask_get(w, "/metrics"), 200);
#define SERIES(end) "spiked_http_request_duration_seconds" end
#define LABELS(status) "method=\"GET\",route=\"/v1/jobs/{job}\",status=\"" status "\""
    assert_near(value_of(w, SERIES("_bucket{") LABELS("200") ",le=\"0.025\"} "), 0, 0);
    assert_near(value_of(w, SERIES("_bucket{") LABELS("200") ",le=\"0.05\"} "), 1, 0);
    assert_near(value_of(w, SERIES("_bucket{") LABELS("200") ",le=\"+Inf\"} "), 2, 0);
    assert_near(value_of(w, SERIES("_sum{") LABELS("200") "} "), 2.03, 1e-9);
    assert_near(value_of(w, SERIES("_count{") LABELS("404") "} "), 1, 0);
    assert_near(value_of(w, SERIES("_count{method=\"\",route=\"\",status=\"404\"} ")), 1, 0);
    api_requests_free(w->api.requests);
    w->api.requests = NULL;
}

static void metrics__without_memory__are_refused_whole(void **state)
{
    world_starve(*state, api_prometheus, &(struct world_request){.body = NULL});
}

static void histogram__bounds__are_inclusive(void **state)
{
    struct srv_histogram h = {.microseconds = 0};

    (void)state;
    srv_histogram_add(&h, srv_moments, 5000);
    srv_histogram_add(&h, srv_moments, 5001);
    srv_histogram_add(&h, srv_moments, -7); /* a clock that went back */
    srv_histogram_add(&h, srv_moments, 10000001);
    assert_int_equal(h.counts[0], 2);
    assert_int_equal(h.counts[1], 1);
    assert_int_equal(h.counts[SRV_BUCKETS], 1);
    assert_int_equal(h.microseconds, 10010002);
    for (size_t i = 1; i < SRV_BUCKETS; i++) {
        assert_true(srv_moments[i] > srv_moments[i - 1]);
        assert_true(srv_minutes[i] > srv_minutes[i - 1]);
    }
}

static void rows__of_one_family__stand_together_with_its_help_first(void **state)
{
    (void)state;
    for (size_t i = 0; i < SRV_COUNTER_COUNT; i++) {
        const struct srv_meter_row *r = &srv_counter_rows[i];
        bool first = i == 0 || strcmp(r->family, srv_counter_rows[i - 1].family) != 0;

        assert_int_equal(first, r->help[0] != '\0');
        for (size_t k = 0; first && k < i; k++)
            assert_string_not_equal(r->family, srv_counter_rows[k].family);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(metrics__jobs__are_counted_by_status, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(metrics__requests__are_counted_by_route_and_status,
                                        world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(metrics__without_memory__are_refused_whole, world_setup,
                                        world_teardown),
        cmocka_unit_test(histogram__bounds__are_inclusive),
        cmocka_unit_test(rows__of_one_family__stand_together_with_its_help_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
