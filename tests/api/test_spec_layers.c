/* SPDX-License-Identifier: MIT */
/* Layers: what they take over from the job, and what they change. */
#include <stdio.h>
#include <string.h>

#include "tests/api/forms.h"
#include "tests/support/test.h"

/* ------------------------------------------------------------------------------- overrides -- */

#define WITH_NEURON(neuron, layer)                                                                 \
    "{\"dataset\":{\"name\":\"digits\"},\"neuron\":" neuron                                        \
    ",\"layers\":[{\"kind\":\"dense\",\"units\":10,\"neuron\":" layer "}]}"

static void layer__neuron__overrides_single_keys(void **state)
{
    struct snn_spec s = form_compile(
        WITH_NEURON("{\"tau\":3,\"threshold\":0.5,\"surrogate\":\"arctan\",\"surrogate_scale\":7}",
                    "{\"threshold\":2}"));
    const struct snn_neuron_spec *n = &s.layers[0].neuron;

    (void)state;
    assert_near(snn_choice_value(&n->model, "tau", -1), 3, 0);
    assert_near(snn_choice_value(&n->model, "threshold", -1), 2, 0);
    assert_string_equal(n->surrogate.kind->name, "arctan");
    assert_near(snn_choice_value(&n->surrogate, "scale", -1), 7, 0);
}

static void layer__other_surrogate__goes_back_to_its_own_scale(void **state)
{
    static const struct {
        const char *text;
        double scale;
    } rows[] = {
        {WITH_NEURON("{\"surrogate\":\"arctan\",\"surrogate_scale\":7}",
                     "{\"surrogate\":\"sigmoid\"}"),
         5},
        {WITH_NEURON("{\"surrogate\":\"arctan\",\"surrogate_scale\":7}",
                     "{\"surrogate\":\"sigmoid\",\"surrogate_scale\":3}"),
         3},
        /* the same one again is no change */
        {WITH_NEURON("{\"surrogate\":\"arctan\",\"surrogate_scale\":7}",
                     "{\"surrogate\":\"arctan\"}"),
         7},
        {WITH_NEURON("{\"surrogate\":\"arctan\",\"surrogate_scale\":7}", "{\"surrogate_scale\":9}"),
         9},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct snn_spec s = form_compile(rows[i].text);

        assert_near(snn_choice_value(&s.layers[0].neuron.surrogate, "scale", -1), rows[i].scale, 0);
    }
}

static void layer__other_model__keeps_what_was_set(void **state)
{
    struct snn_spec s =
        form_compile(WITH_NEURON("{\"model\":\"lif\",\"threshold\":0.75}", "{\"model\":\"if\"}"));
    const struct snn_neuron_spec *n = &s.layers[0].neuron;

    (void)state;
    assert_string_equal(n->model.kind->name, "if");
    assert_near(snn_choice_value(&n->model, "threshold", -1), 0.75, 0);
}

static void layer__override__does_not_reach_its_neighbours(void **state)
{
    struct snn_spec s =
        form_compile(LAYERS("{\"kind\":\"dense\",\"units\":7,\"neuron\":{\"tau\":9}}," OUT));

    (void)state;
    assert_near(snn_choice_value(&s.layers[0].neuron.model, "tau", -1), 9, 0);
    assert_near(snn_choice_value(&s.layers[1].neuron.model, "tau", -1), 2, 0);
}

static void layers__count__at_most_what_the_core_holds(void **state)
{
    char text[4096] = "{\"dataset\":{\"name\":\"digits\"},\"layers\":[";
    struct api_errors e = {0};
    struct api_form form;
    struct snn_spec s;

    (void)state;
    for (int i = 0; i < SNN_MAX_LAYERS; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s" OUT, i ? "," : "");
    snprintf(text + strlen(text), sizeof text - strlen(text), "]}");
    s = form_compile(text);
    assert_int_equal(s.n_layers, SNN_MAX_LAYERS);
    snprintf(text + strlen(text) - 2, sizeof text - strlen(text), "," OUT "]}");
    form_judge(&form, text, &e);
    assert_true(form_has(&e, "/layers", "out_of_range"));
    assert_contains(form_detail(&e, 0), "33 layers, want 1 to 32");
    api_errors_clear(&e);
}

/* --------------------------------------------------------------------------------- no neuron */

static void layer__neuron_null__has_none(void **state)
{
    struct snn_spec s = form_compile(
        LAYERS("{\"kind\":\"conv2d\",\"filters\":2,\"kernel\":3,\"neuron\":null},"
               "{\"kind\":\"max_pool2d\",\"kernel\":2},{\"kind\":\"avg_pool2d\",\"kernel\":1,"
               "\"neuron\":null},{\"kind\":\"flatten\"},{\"kind\":\"dropout\",\"rate\":0.25},"
               "{\"kind\":\"recurrent\",\"units\":9}," OUT));
    static const bool want[] = {false, false, false, false, false, true, true};

    (void)state;
    assert_int_equal(s.n_layers, 7);
    for (size_t i = 0; i < s.n_layers; i++)
        assert_int_equal(snn_layer_has_neuron(&s.layers[i]), want[i]);
    assert_near(snn_choice_value(&s.layers[0].kind, "weight_scale", -1), 1, 0);
    assert_near(snn_choice_value(&s.layers[1].kind, "stride", -1), 0, 0);
}

static void layer__neuron_given_to_a_kind_without__is_the_jobs_with_its_own_keys(void **state)
{
    struct snn_spec s = form_compile(
        "{\"dataset\":{\"name\":\"digits\"},\"neuron\":{\"threshold\":0.75},\"layers\":["
        "{\"kind\":\"max_pool2d\",\"kernel\":2,\"neuron\":{}},"
        "{\"kind\":\"avg_pool2d\",\"kernel\":1,\"neuron\":{\"tau\":9}},"
        "{\"kind\":\"flatten\",\"neuron\":{}},{\"kind\":\"dropout\",\"neuron\":{}}," OUT "]}");

    (void)state;
    assert_int_equal(s.n_layers, 5);
    for (size_t i = 0; i < s.n_layers; i++) {
        assert_true(snn_layer_has_neuron(&s.layers[i]));
        assert_near(snn_choice_value(&s.layers[i].neuron.model, "threshold", -1), 0.75, 0);
        assert_near(snn_choice_value(&s.layers[i].neuron.model, "tau", -1), i == 1 ? 9 : 2, 0);
    }
}

static void layer__initialisation__is_the_jobs_or_its_own(void **state)
{
    struct snn_spec s = form_compile(
        "{\"dataset\":{\"name\":\"digits\"},"
        "\"initialisation\":{\"kind\":\"rate\",\"target\":0.25},\"layers\":["
        "{\"kind\":\"dense\",\"units\":9},"
        "{\"kind\":\"dense\",\"units\":9,\"initialisation\":{\"target\":0.5}},"
        "{\"kind\":\"dense\",\"units\":10,\"initialisation\":{\"kind\":\"xavier_normal\"}}]}");

    (void)state;
    assert_string_equal(s.layers[0].initialiser.kind->name, "rate");
    assert_near(snn_choice_value(&s.layers[0].initialiser, "target", -1), 0.25, 0);
    assert_near(snn_choice_value(&s.layers[1].initialiser, "target", -1), 0.5, 0);
    assert_string_equal(s.layers[2].initialiser.kind->name, "xavier_normal");
    s = form_compile(LAYERS(OUT));
    assert_string_equal(s.layers[0].initialiser.kind->name, "uniform");
}

static void layer__what_does_not_suit_it__is_said_where_it_is(void **state)
{
    static const struct {
        const char *job, *pointer, *code, *detail;
    } rows[] = {
        {LAYERS("{\"kind\":\"max_pool2d\",\"kernel\":2,\"neuron\":{\"tau\":-3}}," OUT),
         "/layers/0/neuron/tau", "out_of_range", "tau is -3"},
        {LAYERS("{\"kind\":\"dropout\",\"rate\":0.5,\"neuron\":7}," OUT), "/layers/0/neuron",
         "wrong_type", "want an object"},
        {LAYERS("{\"kind\":\"dense\",\"units\":10,\"neuron\":false}"), "/layers/0/neuron",
         "wrong_type", "want an object"},
        {LAYERS("{\"kind\":\"dropout\",\"initialisation\":{\"kind\":\"rate\"}}," OUT),
         "/layers/0/initialisation", "invalid", "a layer of kind dropout has no weights"},
        {LAYERS("{\"kind\":\"dense\",\"units\":10,\"initialisation\":{\"kind\":\"rate\","
                "\"target\":1}}"),
         "/layers/0/initialisation/target", "out_of_range", "target is 1"},
        {LAYERS("{\"kind\":\"dense\",\"units\":10,\"initialisation\":{\"kind\":\"zeros\"}}"),
         "/layers/0/initialisation/kind", "unknown_name", "kaiming_normal"},
        {LAYERS("{\"kind\":\"conv2d\",\"kernel\":2}," OUT), "/layers/0/filters", "missing_field",
         "filters is missing"},
        {LAYERS("{\"kind\":\"conv2d\",\"filters\":2}," OUT), "/layers/0", "invalid",
         "conv2d is not told its kernel: want kernel, or kernel_height and kernel_width"},
        {LAYERS(
             "{\"kind\":\"conv2d\",\"filters\":2,\"kernel\":3,\"kernel_height\":5,\"kernel_width\":"
             "5}," OUT),
         "/layers/0", "invalid", "kernel 3, but kernel_height 5 and kernel_width 5: want kernel"},
        {LAYERS(
             "{\"kind\":\"conv2d\",\"filters\":2,\"kernel\":3,\"kernel_height\":3,\"kernel_width\":"
             "5}," OUT),
         "/layers/0", "invalid", "kernel 3, but kernel_height 3 and kernel_width 5: want kernel"},
        {LAYERS("{\"kind\":\"flatten\"},{\"kind\":\"conv2d\",\"filters\":2,\"kernel\":2}," OUT),
         "/layers/1", "invalid", "but what comes in is 64 values without a shape"},
        {LAYERS("{\"kind\":\"conv2d\",\"filters\":2,\"kernel\":2,\"stride\":0}," OUT),
         "/layers/0/stride", "out_of_range", "stride is 0"},
        {LAYERS("{\"kind\":\"flatten\"}"), "/layers", "invalid", "no layer has weights"},
        {"{\"dataset\":{\"name\":\"digits\"},\"readout\":{\"kind\":\"spike_count\"},\"layers\":["
         "{\"kind\":\"dense\",\"units\":10,\"neuron\":null}]}",
         "/readout/kind", "invalid", "the last layer has no neurons"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct api_errors e = {0};
        struct api_form form;
        bool is_told = false;

        form_judge(&form, rows[i].job, &e);
        if (!form_has(&e, rows[i].pointer, rows[i].code)) {
            form_print(&e);
            fail_msg("%s: no %s at %s", rows[i].job, rows[i].code, rows[i].pointer);
        }
        for (size_t k = 0; k < json_array_size(e.list); k++)
            is_told = is_told || strstr(form_detail(&e, k), rows[i].detail);
        assert_true(is_told);
        api_errors_clear(&e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layer__neuron__overrides_single_keys),
        cmocka_unit_test(layer__other_surrogate__goes_back_to_its_own_scale),
        cmocka_unit_test(layer__other_model__keeps_what_was_set),
        cmocka_unit_test(layer__override__does_not_reach_its_neighbours),
        cmocka_unit_test(layers__count__at_most_what_the_core_holds),
        cmocka_unit_test(layer__neuron_null__has_none),
        cmocka_unit_test(layer__neuron_given_to_a_kind_without__is_the_jobs_with_its_own_keys),
        cmocka_unit_test(layer__initialisation__is_the_jobs_or_its_own),
        cmocka_unit_test(layer__what_does_not_suit_it__is_said_where_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
