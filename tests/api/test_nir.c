/* SPDX-License-Identifier: MIT */
/* weights?format=nir: what is sent and what is refused. That others run what is sent:
 * tests/e2e/test_models.sh. */
#include <stdio.h>
#include <string.h>

#include "tests/api/ask.h"
#include "tests/api/trained.h"
#include "tests/support/test.h"

static const char signature[] = "\x89HDF\r\n\x1a\n";

static int get(struct trained *t, const char *query)
{
    char target[160];
    snprintf(target, sizeof target, "/v1/jobs/%s/weights?format=nir%s", t->job, query);
    return ask_get(t->world, target);
}

static void nir__a_readout_of_membranes__is_refused_with_the_reason(void **state)
{
    struct trained *t = *state; /* its neurons, lif reset to zero, NIR can say */
    assert_int_equal(get(t, ""), 422);
    assert_string_equal(ask_text_at(t->world, "code"), "not_in_nir");
    assert_int_equal(json_array_size(ask_at(t->world, "reasons")), 1);
    assert_contains(ask_text_at(t->world, "reasons.0"), "membrane_mean");
}

static void nir__approximate__is_a_hdf5_file(void **state)
{
    struct trained *t = *state;
    trained_get(t, (struct world_request){.query = {{"format", "nir"}, {"allow", "approximate"}}},
                200);
    assert_true(t->world->size > 1000);
    assert_memory_equal(t->world->text, signature, sizeof signature - 1);
    assert_string_equal(world_header(t->world, "Content-Type"), "application/x-hdf5");
    assert_contains(world_header(t->world, "Content-Disposition"), ".nir");
    assert_non_null(world_header(t->world, "ETag"));
}

static void nir__all_that_it_can_say__needs_no_leave(void **state)
{
    struct trained *t = *state;
    static const char config[] =
        "{\"seed\":3,\"dataset\":{\"name\":\"digits\"},\"encoding\":{\"kind\":\"constant\","
        "\"time_steps\":2},\"neuron\":{\"reset\":\"zero\"},\"layers\":[{\"kind\":\"dense\","
        "\"units\":10}],\"readout\":{\"kind\":\"spike_count\"},\"training\":{\"epochs\":1}}";
    trained_train(t, "builtin:digits", config);
    trained_get(t, (struct world_request){.query = {{"format", "nir"}}}, 200);
    assert_memory_equal(t->world->text, signature, sizeof signature - 1);
}

static void nir__every_reason__is_told(void **state)
{
    struct trained *t = *state;
    static const char config[] =
        "{\"seed\":3,\"dataset\":{\"name\":\"digits\"},\"encoding\":{\"kind\":\"constant\","
        "\"time_steps\":2},\"neuron\":{\"solver\":\"gl\",\"alpha\":0.5,\"step\":0.5},\"layers\":["
        "{\"kind\":\"max_pool2d\",\"kernel\":2},{\"kind\":\"dense\",\"units\":10}],"
        "\"readout\":{\"kind\":\"spike_count\"},\"training\":{\"epochs\":1}}";
    static const char *const told[] = {"max_pool2d", "reset is scaled", "solver is gl", "0.5"};
    trained_train(t, "builtin:digits", config);
    assert_int_equal(get(t, ""), 422);
    assert_int_equal(json_array_size(ask_at(t->world, "reasons")), 4);
    for (size_t i = 0; i < 4; i++)
        assert_contains(json_string_value(json_array_get(ask_at(t->world, "reasons"), i)), told[i]);
}

static void nir__another_leave__is_refused(void **state)
{
    struct trained *t = *state;
    assert_int_equal(get(t, "&allow=anything"), 422);
    assert_contains(t->world->text, "want approximate");
}

static void nir__any_allocation_refused__is_no_broken_file(void **state)
{
    struct trained *t = *state;
    const struct world_request r = {.param = {t->job},
                                    .query = {{"format", "nir"}, {"allow", "approximate"}}};
    world_starve(t->world, api_jobs_weights, &r);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, trained_setup, trained_teardown)
    const struct CMUnitTest tests[] = {
        EACH(nir__a_readout_of_membranes__is_refused_with_the_reason),
        EACH(nir__approximate__is_a_hdf5_file),
        EACH(nir__all_that_it_can_say__needs_no_leave),
        EACH(nir__every_reason__is_told),
        EACH(nir__another_leave__is_refused),
        EACH(nir__any_allocation_refused__is_no_broken_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
