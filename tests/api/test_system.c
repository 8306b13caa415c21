/* SPDX-License-Identifier: MIT */
/* GET /v1/system: what serves. */
#include <string.h>
#include <unistd.h>

#include "server/machine.h"
#include "server/migrate.h"
#include "server/version.h"
#include "tests/api/ask.h"
#include "tests/support/test.h"

static json_int_t integer(const struct world *w, const char *object, const char *key)
{
    const json_t *in = object ? json_object_get(w->json, object) : w->json;
    const json_t *value = json_object_get(in, key);

    if (!json_is_integer(value))
        fail_msg("%s is no whole number in %s", key, w->text);
    return json_integer_value(value);
}

static int64_t wall = 1000, monotonic = 5000;

static int64_t wall_seconds(void)
{
    return wall;
}

static int64_t monotonic_ms(void)
{
    return monotonic;
}

static void system__asked__names_the_program_and_its_kernels(void **state)
{
    struct world *w = *state;
    const json_t *sets;

    assert_int_equal(ask_get(w, "/v1/system"), 200);
    assert_string_equal(world_text(w, "object"), "system");
    assert_string_equal(world_text(w, "version"), "0.0.0");
    assert_string_equal(world_text(w, "revision"), srv_revision());
    assert_string_equal(world_text(w, "instruction_set"), snn_isa());
    assert_string_equal(world_text(w, "blas"), snn_blas());
    assert_string_equal(world_header(w, "Cache-Control"), "no-store");
    sets = json_object_get(w->json, "instruction_sets");
    for (size_t i = 0; i == 0 || snn_isa_at(i - 1); i++) {
        const char *name = json_string_value(json_array_get(sets, i));

        assert_true((name == NULL) == (snn_isa_at(i) == NULL));
        assert_true(!name || strcmp(name, snn_isa_at(i)) == 0);
    }
    assert_int_equal(integer(w, NULL, "schema_version"), srv_migration_count);
}

static void system__asked__tells_what_there_is_and_what_is_used(void **state)
{
    struct world *w = *state;

    w->config.workers = 3;
    w->config.threads_per_job = 2;
    w->config.disk_reserve = 4096;
    assert_int_equal(ask_get(w, "/v1/system"), 200);
    assert_int_equal(integer(w, "workers", "count"), 3);
    assert_int_equal(integer(w, "workers", "busy"), 0);
    assert_int_equal(integer(w, "workers", "threads_per_job"), 2);
    assert_int_equal(integer(w, NULL, "processors"), srv_machine_processors(""));
    assert_int_equal(integer(w, "memory", "limit_bytes"), w->config.memory_limit);
    assert_int_equal(integer(w, "memory", "reserved_bytes"), 0);
    assert_true(integer(w, "memory", "resident_bytes") > 1 << 20);
    assert_int_equal(integer(w, "disk", "reserve_bytes"), 4096);
    assert_true(integer(w, "disk", "free_bytes") > 0);
}

static void system__jobs__are_counted_by_status(void **state)
{
    struct world *w = *state;
    struct srv_job job;
    char id[SRV_ID_SIZE];

    world_job(w, "builtin:digits", "{}", id);
    assert_int_equal(srv_store_job_cancel(w->store, id, false, &job, NULL), SNN_OK);
    srv_job_clear(&job);
    assert_int_equal(ask_get(w, "/v1/system"), 200);
    assert_int_equal(integer(w, "jobs", "queued"), 1);
    assert_int_equal(integer(w, "jobs", "cancelled"), 1);
    assert_int_equal(integer(w, "jobs", "running"), 0);
    assert_int_equal(integer(w, NULL, "max_queued"), 1000);
}

static void system__time_passes__uptime_counts_from_the_start(void **state)
{
    struct world *w = *state;
    const struct srv_clock clock = {wall_seconds, monotonic_ms};
    struct api_options options = w->api.options;
    struct api *api = NULL;

    options.clock = &clock;
    assert_int_equal(api_new(&api, &options, NULL), SNN_OK);
    w->api.options.clock = &clock;
    w->api.started_at = api->started_at;
    w->api.started_ms = api->started_ms;
    api_free(api);
    wall += 500; /* somebody sets the clock */
    monotonic += 61999;
    assert_int_equal(ask_get(w, "/v1/system"), 200);
    assert_int_equal(integer(w, NULL, "started_at"), 1000);
    assert_int_equal(integer(w, NULL, "uptime_seconds"), 61);
    w->api.options.clock = &srv_system_clock;
}

static void system__no_memory__is_a_clean_refusal(void **state)
{
    world_starve(*state, api_system_get, &(struct world_request){0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(system__asked__names_the_program_and_its_kernels,
                                        world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(system__asked__tells_what_there_is_and_what_is_used,
                                        world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(system__jobs__are_counted_by_status, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(system__time_passes__uptime_counts_from_the_start,
                                        world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(system__no_memory__is_a_clean_refusal, world_setup,
                                        world_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
