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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layer__neuron__overrides_single_keys),
        cmocka_unit_test(layer__other_surrogate__goes_back_to_its_own_scale),
        cmocka_unit_test(layer__other_model__keeps_what_was_set),
        cmocka_unit_test(layer__override__does_not_reach_its_neighbours),
        cmocka_unit_test(layers__count__at_most_what_the_core_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
