/* SPDX-License-Identifier: MIT */
/* The catalog is the core's tables; the curves are the core's surrogates. */
#include <math.h>
#include <string.h>

#include "tests/api/ask.h"
#include "tests/support/test.h"

static const char *text_of(json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static void catalog__every_row_and_parameter__is_there(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask_get(w, "/v1/catalog"), 200);
    assert_string_equal(world_text(w, "object"), "catalog");
    for (size_t r = 0; snn_registries[r]; r++) {
        json_t *rows = json_object_get(w->json, snn_registries[r]->name);

        assert_int_equal(json_array_size(rows), snn_registries[r]->count);
        for (size_t i = 0; i < snn_registries[r]->count; i++) {
            const struct snn_kind *kind = snn_registry_at(snn_registries[r], i);
            json_t *row = json_array_get(rows, i), *params = json_object_get(row, "params");

            assert_string_equal(text_of(row, "name"), kind->name);
            assert_string_equal(text_of(row, "doc"), kind->doc);
            assert_int_equal(json_array_size(params), kind->n_params);
            for (size_t k = 0; k < kind->n_params; k++)
                assert_string_equal(text_of(json_array_get(params, k), "name"),
                                    kind->params[k].name);
        }
    }
}

/* The row called `name` in the array at `path`. */
static json_t *row_of(const struct world *w, const char *path, const char *name)
{
    json_t *row;
    size_t i;

    json_array_foreach(ask_at(w, path), i,
                       row) if (strcmp(text_of(row, "name"), name) == 0) return row;
    fail_msg("%s has no %s", path, name);
    return NULL;
}

static void catalog__what_a_job_need_not_name__has_one_default(void **state)
{
    static const struct {
        const char *registry, *name;
    } rows[] = {{"neurons", "lif"},          {"surrogates", "sigmoid"},
                {"resets", "scaled"},        {"readouts", "membrane_mean"},
                {"optimizers", "adam"},      {"encoders", "constant"},
                {"initialisers", "uniform"}, {"layers", NULL}};
    struct world *w = *state;
    json_t *row;
    size_t k;

    assert_int_equal(ask_get(w, "/v1/catalog"), 200);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_array_foreach(ask_at(w, rows[i].registry), k, row)
        {
            bool want = rows[i].name && strcmp(text_of(row, "name"), rows[i].name) == 0;
            assert_int_equal(json_is_true(json_object_get(row, "default")), want);
        }
    }
}

static void catalog__parameters__have_type_range_and_default(void **state)
{
    struct world *w = *state;
    json_t *scale, *units, *detach;

    assert_int_equal(ask_get(w, "/v1/catalog"), 200);
    scale = json_array_get(json_object_get(row_of(w, "surrogates", "arctan"), "params"), 0);
    assert_string_equal(text_of(scale, "type"), "number");
    assert_near(json_real_value(json_object_get(scale, "default")), 2, 0);
    assert_near(json_real_value(json_object_get(scale, "min")), 0, 0);
    assert_true(json_is_true(json_object_get(scale, "min_exclusive")));
    assert_true(json_is_false(json_object_get(scale, "required")));
    units = json_array_get(json_object_get(row_of(w, "layers", "dense"), "params"), 0);
    assert_string_equal(text_of(units, "type"), "integer");
    assert_true(json_is_null(json_object_get(units, "default")));
    assert_true(json_is_true(json_object_get(units, "required")));
    assert_int_equal(json_integer_value(json_object_get(units, "min")), 1);
    assert_true(json_is_true(json_object_get(row_of(w, "layers", "conv2d"), "carries_neuron")));
    assert_true(json_is_false(json_object_get(row_of(w, "layers", "dropout"), "carries_neuron")));
    detach = json_array_get(json_object_get(row_of(w, "neurons", "lif"), "params"), 3);
    assert_string_equal(text_of(detach, "type"), "boolean");
    assert_true(json_is_true(json_object_get(detach, "default")));
    assert_true(json_is_null(json_object_get(detach, "min")));
}

static void catalog__limits_and_parts__are_there(void **state)
{
    struct world *w = *state;
    json_t *parts;

    assert_int_equal(ask_get(w, "/v1/catalog"), 200);
    for (size_t i = 0; i < snn_spec_limit_count; i++)
        assert_non_null(row_of(w, "limits", snn_spec_limits[i].name));
    for (size_t i = 0; i < snn_neuron_limit_count; i++)
        assert_non_null(row_of(w, "limits", snn_neuron_limits[i].name));
    assert_int_equal(json_integer_value(json_object_get(row_of(w, "limits", "seed"), "max")),
                     INT64_MAX);
    assert_int_equal(
        json_integer_value(json_object_get(row_of(w, "limits", "layers"), "max_items")),
        SNN_MAX_LAYERS);
    assert_int_equal(
        json_integer_value(json_object_get(row_of(w, "limits", "metadata"), "max_items")),
        SRV_MAX_METADATA);
    parts = json_object_get(row_of(w, "formats", "idx"), "parts");
    assert_int_equal(json_array_size(parts), 4);
    assert_string_equal(json_string_value(json_array_get(parts, 0)), "train-images");
}

static void catalog__dynamics__has_solvers_and_what_is_learned(void **state)
{
    static const char *const solvers[] = {"euler", "gl", "l1", "trap", "pred"};
    static const struct {
        const char *name;
        size_t ways;
    } learnables[] = {{"tau", 2}, {"threshold", 2}, {"alpha", 1}, {"coefficients", 1}};
    struct world *w = *state;
    json_t *memory, *alpha;

    assert_int_equal(ask_get(w, "/v1/catalog"), 200);
    for (size_t i = 0; i < sizeof solvers / sizeof solvers[0]; i++)
        assert_non_null(row_of(w, "solvers", solvers[i]));
    for (size_t i = 0; i < sizeof learnables / sizeof learnables[0]; i++) {
        json_t *per = json_object_get(row_of(w, "learnables", learnables[i].name), "per");

        assert_int_equal(json_array_size(per), learnables[i].ways);
        assert_string_equal(json_string_value(json_array_get(per, 0)), "layer");
    }
    alpha = row_of(w, "limits", "alpha");
    assert_near(json_number_value(json_object_get(alpha, "default")), 1, 0);
    assert_true(json_is_true(json_object_get(alpha, "min_exclusive")));
    memory = row_of(w, "limits", "memory");
    assert_true(json_is_null(json_object_get(memory, "default"))); /* all */
    assert_int_equal(json_integer_value(json_object_get(memory, "min")), 0);
}

/* Each entry says where in a job it goes, so that a form can be made of the catalog alone. */
static void catalog__entries__say_their_field(void **state)
{
    static const struct {
        const char *list, *name, *field, *param; /* param: of its first parameter */
    } rows[] = {
        {"neurons", "lif", "neuron.model", "neuron.tau"},
        {"surrogates", "arctan", "neuron.surrogate", "neuron.surrogate_scale"},
        {"resets", "zero", "neuron.reset", NULL},
        {"encoders", "rate", "encoding.kind", "encoding.gain"},
        {"layers", "dense", "layers[].kind", "layers[].units"},
        {"readouts", "spike_mean", "readout.kind", NULL},
        {"losses", "cross_entropy", "training.loss.kind", NULL},
        {"optimizers", "adam", "training.optimizer.kind", "training.optimizer.learning_rate"},
        {"limits", "time_steps", "encoding.time_steps", NULL},
        {"limits", "every_steps", "diagnostics.every_steps", NULL},
        {"limits", "shards", "training.shards", NULL},
        {"limits", "metadata", "metadata", NULL},
    };
    struct world *w = *state;

    assert_int_equal(ask_get(w, "/v1/catalog"), 200);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *row = row_of(w, rows[i].list, rows[i].name);

        assert_string_equal(text_of(row, "field"), rows[i].field);
        if (rows[i].param)
            assert_string_equal(text_of(json_array_get(json_object_get(row, "params"), 0), "field"),
                                rows[i].param);
    }
    assert_true(json_is_null(json_object_get(row_of(w, "formats", "csv"), "field")));
    assert_string_equal(text_of(row_of(w, "limits", "metadata"), "type"), "object");
    assert_string_equal(text_of(row_of(w, "limits", "layers"), "type"), "array");
}

static double at(const struct world *w, const char *series, size_t i)
{
    return json_number_value(json_array_get(json_object_get(w->json, series), i));
}

static void curve__defaults__are_121_points_from_minus_3_to_3(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask_get(w, "/v1/surrogates/arctan"), 200);
    assert_string_equal(world_text(w, "object"), "surrogate_curve");
    assert_string_equal(world_text(w, "name"), "arctan");
    assert_near(json_real_value(json_object_get(w->json, "scale")), 2, 0);
    assert_int_equal(json_array_size(json_object_get(w->json, "x")), 121);
    assert_int_equal(json_array_size(json_object_get(w->json, "spike")), 121);
    assert_int_equal(json_array_size(json_object_get(w->json, "derivative")), 121);
    assert_near(at(w, "x", 0), -3, 0);
    assert_near(at(w, "x", 60), 0, 0);
    assert_near(at(w, "x", 120), 3, 0);
    assert_near(at(w, "spike", 59), 0, 0);
    assert_near(at(w, "spike", 60), 1, 0);
    /* (k/2) / (1 + (pi/2 k x)^2) */
    assert_near(at(w, "derivative", 60), 1, 1e-6);
    assert_near(at(w, "derivative", 120), 1 / (1 + 9 * M_PI * M_PI), 1e-6);
}

static void curve__query__is_obeyed(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask_get(w, "/v1/surrogates/linear?scale=0.5&from=0&to=1&points=3"), 200);
    assert_int_equal(json_array_size(json_object_get(w->json, "x")), 3);
    assert_near(json_real_value(json_object_get(w->json, "scale")), 0.5, 0);
    assert_near(at(w, "x", 1), 0.5, 0);
    assert_near(at(w, "derivative", 0), 1, 1e-6); /* 1/(2g) */
    assert_near(at(w, "derivative", 2), 0, 0);    /* outside of g */
}

static void curve__wrong_query__is_422_that_names_it(void **state)
{
    static const struct {
        const char *query, *name, *code;
    } rows[] = {
        {"scale=0", "scale", "out_of_range"},     {"scale=-1", "scale", "out_of_range"},
        {"scale=x", "scale", "out_of_range"},     {"scale=nan", "scale", "out_of_range"},
        {"points=1", "points", "out_of_range"},   {"points=2002", "points", "out_of_range"},
        {"points=3.5", "points", "out_of_range"}, {"from=1&to=1", "to", "out_of_range"},
        {"from=4", "to", "out_of_range"},         {"from=-inf", "from", "out_of_range"},
        {"scal=1", "scal", "unknown_field"},      {"to=1&to=2", "to", "invalid"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char target[100];

        snprintf(target, sizeof target, "/v1/surrogates/arctan?%s", rows[i].query);
        assert_int_equal(ask_get(w, target), 422);
        if (!ask_has_error(w, rows[i].name, rows[i].code))
            fail_msg("%s: %s", rows[i].query, w->text);
        assert_string_equal(world_text(w, "param"), rows[i].name);
    }
}

static void curve__unknown_name__is_404_with_the_names(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask_get(w, "/v1/surrogates/heaviside"), 404);
    for (size_t i = 0; i < snn_surrogates.count; i++)
        assert_contains(world_text(w, "detail"), snn_registry_at(&snn_surrogates, i)->name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(catalog__what_a_job_need_not_name__has_one_default),
        cmocka_unit_test(catalog__every_row_and_parameter__is_there),
        cmocka_unit_test(catalog__parameters__have_type_range_and_default),
        cmocka_unit_test(catalog__limits_and_parts__are_there),
        cmocka_unit_test(catalog__dynamics__has_solvers_and_what_is_learned),
        cmocka_unit_test(catalog__entries__say_their_field),
        cmocka_unit_test(curve__defaults__are_121_points_from_minus_3_to_3),
        cmocka_unit_test(curve__query__is_obeyed),
        cmocka_unit_test(curve__wrong_query__is_422_that_names_it),
        cmocka_unit_test(curve__unknown_name__is_404_with_the_names),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
