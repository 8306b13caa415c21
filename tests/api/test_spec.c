/* SPDX-License-Identifier: MIT */
/* Jobs as JSON: the defaults, and every way to be wrong with its pointer and code. */
#include <stdio.h>
#include <string.h>

#include "tests/api/forms.h"
#include "tests/support/test.h"

/* -------------------------------------------------------------------------------- defaults -- */

static void job__least__has_the_documented_defaults(void **state)
{
    struct snn_spec s = form_compile(JOB(""));
    const struct snn_layer_spec *l = &s.layers[0];

    (void)state;
    assert_int_equal(s.seed, 0);
    assert_string_equal(s.encoding.kind->name, "constant");
    assert_int_equal(s.time_steps, 16);
    assert_near(snn_choice_value(&s.encoding, "gain", -1), 1, 0);
    assert_int_equal(s.n_layers, 1);
    assert_string_equal(l->name, "layer1");
    assert_near(snn_choice_value(&l->kind, "units", -1), 10, 0);
    assert_string_equal(l->neuron.model.kind->name, "lif");
    assert_near(snn_choice_value(&l->neuron.model, "tau", -1), 2, 0);
    assert_near(snn_choice_value(&l->neuron.model, "threshold", -1), 1, 0);
    assert_near(snn_choice_value(&l->neuron.model, "step", -1), 1, 0);
    assert_near(snn_choice_value(&l->neuron.model, "detach_reset", -1), 1, 0);
    assert_string_equal(l->neuron.reset.kind->name, "scaled");
    assert_string_equal(l->neuron.surrogate.kind->name, "sigmoid");
    assert_near(snn_choice_value(&l->neuron.surrogate, "scale", -1), 5, 0);
    assert_string_equal(s.readout.kind->name, "membrane_mean");
    assert_string_equal(s.loss.kind->name, "cross_entropy");
    assert_string_equal(s.optimizer.kind->name, "adam");
    assert_near(snn_choice_value(&s.optimizer, "learning_rate", -1), 1e-3, 0);
    assert_int_equal(s.epochs, 10);
    assert_int_equal(s.batch_size, 64);
    assert_int_equal(s.shards, 4);
    assert_near(s.validation_fraction, 0, 0);
    assert_string_equal(s.schedule.kind->name, "constant");
    assert_string_equal(s.sampling.kind->name, "shuffled");
    assert_near(snn_choice_value(&s.schedule, "warmup_steps", -1), 0, 0);
    assert_near(snn_choice_value(&s.loss, "label_smoothing", -1), 0, 0);
    assert_near(snn_choice_value(&s.readout, "population", -1), 1, 0);
    assert_near(s.clip_norm, 0, 0);
    assert_near(s.clip_value, 0, 0);
    assert_int_equal(s.patience, 0);
    assert_near(s.rate_penalty, 0, 0);
    assert_near(s.rate_below, 0, 0);
    assert_near(s.rate_above, 1, 0);
    assert_int_equal(s.diagnostics_every, 50);
}

static void job__every_field__is_taken(void **state)
{
    struct snn_spec s = form_compile(
        "{\"name\":\"n\",\"seed\":9223372036854775807,\"priority\":-100,\"metadata\":{\"a\":\"b\"},"
        "\"dataset\":{\"id\":\"builtin:digits\"},"
        "\"encoding\":{\"kind\":\"rate\",\"time_steps\":25,\"gain\":0.5},"
        "\"neuron\":{\"model\":\"lif\",\"tau\":3,\"threshold\":0.5,\"step\":0.25,"
        "\"detach_reset\":false,\"reset\":\"zero\",\"surrogate\":\"arctan\",\"surrogate_scale\":4},"
        "\"layers\":[{\"kind\":\"dense\",\"units\":128,\"name\":\"hidden-1\"}," OUT "],"
        "\"readout\":{\"kind\":\"spike_mean\"},"
        "\"training\":{\"epochs\":20,\"batch_size\":32,\"loss\":{\"kind\":\"cross_entropy\"},"
        "\"optimizer\":{\"kind\":\"sgd\",\"learning_rate\":0.5},\"shards\":2,"
        "\"validation_fraction\":0.25},\"diagnostics\":{\"every_steps\":0}}");
    const struct snn_neuron_spec *n = &s.layers[1].neuron;

    (void)state;
    assert_true(s.seed == INT64_MAX);
    assert_string_equal(s.encoding.kind->name, "rate");
    assert_int_equal(s.time_steps, 25);
    assert_near(snn_choice_value(&s.encoding, "gain", -1), 0.5, 0);
    assert_near(snn_choice_value(&n->model, "tau", -1), 3, 0);
    assert_near(snn_choice_value(&n->model, "threshold", -1), 0.5, 0);
    assert_near(snn_choice_value(&n->model, "step", -1), 0.25, 0);
    assert_near(snn_choice_value(&n->model, "detach_reset", -1), 0, 0);
    assert_string_equal(n->reset.kind->name, "zero");
    assert_string_equal(n->surrogate.kind->name, "arctan");
    assert_near(snn_choice_value(&n->surrogate, "scale", -1), 4, 0);
    assert_string_equal(s.layers[0].name, "hidden-1");
    assert_string_equal(s.layers[1].name, "layer2");
    assert_near(snn_choice_value(&s.layers[0].kind, "units", -1), 128, 0);
    assert_string_equal(s.readout.kind->name, "spike_mean");
    assert_int_equal(s.epochs, 20);
    assert_int_equal(s.batch_size, 32);
    assert_string_equal(s.optimizer.kind->name, "sgd");
    assert_near(snn_choice_value(&s.optimizer, "learning_rate", -1), 0.5, 0);
    assert_int_equal(s.shards, 2);
    assert_near(s.validation_fraction, 0.25, 0);
    assert_int_equal(s.diagnostics_every, 0);
}

static void surrogate__scale_left_out__is_the_surrogates_own(void **state)
{
    static const struct {
        const char *name;
        double scale;
    } rows[] = {{"sigmoid", 5}, {"arctan", 2}, {"linear", 1}, {"gaussian", 1}, {"noisy", 5}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[300];
        struct snn_spec s;

        snprintf(text, sizeof text, JOB(",\"neuron\":{\"surrogate\":\"%s\"}"), rows[i].name);
        s = form_compile(text);
        assert_near(snn_choice_value(&s.layers[0].neuron.surrogate, "scale", -1), rows[i].scale, 0);
    }
}

/* ------------------------------------------------------------------------------------ wrong -- */

#define LONG64 "0123456789012345678901234567890123456789012345678901234567890123"

static const struct {
    const char *job, *pointer, *code;
} wrong[] = {
    {JOB(",\"nmae\":\"x\""), "/nmae", "unknown_field"},
    {JOB(",\"a/b~c\":1"), "/a~1b~0c", "unknown_field"},
    {JOB(",\"name\":5"), "/name", "wrong_type"},
    {JOB(",\"name\":\"" LONG64 LONG64 "x\""), "/name", "out_of_range"},
    {JOB(",\"seed\":-1"), "/seed", "out_of_range"},
    {JOB(",\"seed\":1.5"), "/seed", "wrong_type"},
    {JOB(",\"seed\":\"1\""), "/seed", "wrong_type"},
    {JOB(",\"seed\":null"), "/seed", "wrong_type"},
    {JOB(",\"priority\":101"), "/priority", "out_of_range"},
    {JOB(",\"priority\":-101"), "/priority", "out_of_range"},
    {JOB(",\"metadata\":[]"), "/metadata", "wrong_type"},
    {JOB(",\"metadata\":{\"k\":1}"), "/metadata/k", "wrong_type"},
    {JOB(",\"metadata\":{\"\":\"v\"}"), "/metadata/", "out_of_range"},
    {JOB(",\"metadata\":{\"" LONG64 "x\":\"v\"}"), "/metadata/" LONG64 "x", "out_of_range"},
    {"{\"layers\":[" OUT "]}", "/dataset", "missing_field"},
    {"{\"dataset\":{},\"layers\":[" OUT "]}", "/dataset", "missing_field"},
    {"{\"dataset\":\"digits\",\"layers\":[" OUT "]}", "/dataset", "wrong_type"},
    {"{\"dataset\":{\"name\":\"a\",\"id\":\"b\"},\"layers\":[" OUT "]}", "/dataset", "invalid"},
    {"{\"dataset\":{\"name\":\"\"},\"layers\":[" OUT "]}", "/dataset/name", "out_of_range"},
    {"{\"dataset\":{\"name\":7},\"layers\":[" OUT "]}", "/dataset/name", "wrong_type"},
    {JOB(",\"encoding\":{\"kind\":\"rte\"}"), "/encoding/kind", "unknown_name"},
    {JOB(",\"encoding\":{\"kind\":3}"), "/encoding/kind", "wrong_type"},
    {JOB(",\"encoding\":{\"time_steps\":0}"), "/encoding/time_steps", "out_of_range"},
    {JOB(",\"encoding\":{\"time_steps\":2.5}"), "/encoding/time_steps", "wrong_type"},
    {JOB(",\"encoding\":{\"time_steps\":true}"), "/encoding/time_steps", "wrong_type"},
    {JOB(",\"encoding\":{\"gain\":\"1\"}"), "/encoding/gain", "wrong_type"},
    {JOB(",\"encoding\":{\"latency_tau\":1}"), "/encoding/latency_tau", "unknown_field"},
    {JOB(",\"encoding\":[]"), "/encoding", "wrong_type"},
    {JOB(",\"neuron\":{\"model\":\"lfi\"}"), "/neuron/model", "unknown_name"},
    {JOB(",\"neuron\":{\"tau\":0}"), "/neuron/tau", "out_of_range"},
    {JOB(",\"neuron\":{\"tau\":[]}"), "/neuron/tau", "wrong_type"},
    {JOB(",\"neuron\":{\"detach_reset\":1}"), "/neuron/detach_reset", "wrong_type"},
    {JOB(",\"neuron\":{\"reset\":\"hard\"}"), "/neuron/reset", "unknown_name"},
    {JOB(",\"neuron\":{\"surrogate\":\"heaviside\"}"), "/neuron/surrogate", "unknown_name"},
    {JOB(",\"neuron\":{\"surrogate_scale\":0}"), "/neuron/surrogate_scale", "out_of_range"},
    {JOB(",\"neuron\":{\"scale\":1}"), "/neuron/scale", "unknown_field"},
    {"{\"dataset\":{\"name\":\"digits\"}}", "/layers", "missing_field"},
    {LAYERS(""), "/layers", "out_of_range"},
    {"{\"dataset\":{\"name\":\"digits\"},\"layers\":{}}", "/layers", "wrong_type"},
    {LAYERS("5"), "/layers/0", "wrong_type"},
    {LAYERS("{\"units\":10}"), "/layers/0/kind", "missing_field"},
    {LAYERS("{\"kind\":\"dnse\",\"units\":10}"), "/layers/0/kind", "unknown_name"},
    {LAYERS("{\"kind\":\"dense\"}"), "/layers/0/units", "missing_field"},
    {LAYERS("{\"kind\":\"dense\",\"units\":0}," OUT), "/layers/0/units", "out_of_range"},
    {LAYERS("{\"kind\":\"dense\",\"units\":1e30}," OUT), "/layers/0/units", "out_of_range"},
    {LAYERS("{\"kind\":\"dense\",\"units\":9}"), "/layers/0/units", "invalid"},
    {LAYERS(OUT ",{\"kind\":\"dense\",\"units\":10,\"bias\":true}"), "/layers/1/bias",
     "unknown_field"},
    {LAYERS("{\"kind\":\"dense\",\"units\":10,\"name\":\"a b\"}"), "/layers/0/name", "invalid"},
    {LAYERS("{\"kind\":\"dense\",\"units\":10,\"name\":\"\"}"), "/layers/0/name", "invalid"},
    {LAYERS("{\"kind\":\"dense\",\"units\":10,\"name\":\"" LONG64 "\"}"), "/layers/0/name",
     "out_of_range"},
    {LAYERS("{\"kind\":\"dense\",\"units\":10,\"name\":\"layer2\"}," OUT), "/layers/1/name",
     "invalid"},
    {LAYERS("{\"kind\":\"dense\",\"units\":10,\"neuron\":{\"taau\":1}}"), "/layers/0/neuron/taau",
     "unknown_field"},
    {LAYERS("{\"kind\":\"dense\",\"units\":10,\"neuron\":7}"), "/layers/0/neuron", "wrong_type"},
    {JOB(",\"readout\":{\"kind\":\"membrane\"}"), "/readout/kind", "unknown_name"},
    {JOB(",\"readout\":{\"top\":1}"), "/readout/top", "unknown_field"},
    {JOB(",\"training\":{\"epochs\":0}"), "/training/epochs", "out_of_range"},
    {JOB(",\"training\":{\"batch_size\":-1}"), "/training/batch_size", "out_of_range"},
    {JOB(",\"training\":{\"shards\":0}"), "/training/shards", "out_of_range"},
    {JOB(",\"training\":{\"validation_fraction\":1}"), "/training/validation_fraction",
     "out_of_range"},
    {JOB(",\"training\":{\"validation_fraction\":0.0001}"), "/training/validation_fraction",
     "invalid"},
    {JOB(",\"training\":{\"loss\":\"mse\"}"), "/training/loss", "wrong_type"},
    {JOB(",\"training\":{\"loss\":{\"kind\":\"mse\"}}"), "/training/loss/kind", "unknown_name"},
    {JOB(",\"training\":{\"optimizer\":{\"kind\":\"adm\"}}"), "/training/optimizer/kind",
     "unknown_name"},
    {JOB(",\"training\":{\"optimizer\":{\"learning_rate\":-1}}"),
     "/training/optimizer/learning_rate", "out_of_range"},
    {JOB(",\"training\":{\"optimizer\":{\"momentum\":0.9}}"), "/training/optimizer/momentum",
     "unknown_field"},
    {JOB(",\"diagnostics\":{\"every_steps\":-1}"), "/diagnostics/every_steps", "out_of_range"},
};

static void job__one_thing_wrong__is_the_one_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct api_errors e = {0};
        struct api_form form;
        bool found;

        form_judge(&form, wrong[i].job, &e);
        found = form_has(&e, wrong[i].pointer, wrong[i].code);
        if (!found || api_errors_count(&e) != 1) {
            form_print(&e);
            fail_msg("%s: want one error, %s at %s", wrong[i].job, wrong[i].code, wrong[i].pointer);
        }
        api_errors_clear(&e);
    }
}

static void job__many_things_wrong__are_all_told(void **state)
{
    struct api_errors e = {0};
    struct api_form form;

    (void)state;
    form_judge(&form,
               "{\"dataset\":{\"name\":\"digits\",\"path\":\"/"
               "etc\"},\"sede\":1,\"encoding\":{\"kind\":\"rate\","
               "\"time_steps\":-4,\"gian\":1},\"neuron\":{\"surrogate\":\"bogus\",\"tau\":\"x\"},"
               "\"layers\":[{\"kind\":\"dense\"},{\"kind\":\"dense\",\"units\":-1},{\"kind\":5},"
               "{\"kind\":\"dense\",\"units\":3}],\"training\":{\"optimizer\":{\"kind\":\"adam\","
               "\"learning_rate\":0}}}",
               &e);
    assert_int_equal(api_errors_count(&e), 10);
    assert_true(form_has(&e, "/dataset/path", "unknown_field"));
    assert_true(form_has(&e, "/training/optimizer/learning_rate", "out_of_range"));
    assert_true(form_has(&e, "/sede", "unknown_field"));
    assert_true(form_has(&e, "/encoding/time_steps", "out_of_range"));
    assert_true(form_has(&e, "/encoding/gian", "unknown_field"));
    assert_true(form_has(&e, "/neuron/surrogate", "unknown_name"));
    assert_true(form_has(&e, "/neuron/tau", "wrong_type"));
    assert_true(form_has(&e, "/layers/0/units", "missing_field"));
    assert_true(form_has(&e, "/layers/1/units", "out_of_range"));
    assert_true(form_has(&e, "/layers/2/kind", "wrong_type"));
    api_errors_clear(&e);
}

static void job__unknown_kind__leaves_the_fields_of_any_kind_alone(void **state)
{
    struct api_errors e = {0};
    struct api_form form;

    (void)state;
    form_judge(&form, JOB(",\"encoding\":{\"kind\":\"ltency\",\"latency_tau\":3,\"nothing\":1}"),
               &e);
    assert_int_equal(api_errors_count(&e), 2);
    assert_true(form_has(&e, "/encoding/kind", "unknown_name"));
    assert_true(form_has(&e, "/encoding/nothing", "unknown_field"));
    api_errors_clear(&e);
}

static void message__names_what_was_found_and_wanted(void **state)
{
    static const struct {
        const char *job, *want;
    } rows[] = {
        {JOB(",\"neuron\":{\"surrogate\":\"heaviside\"}"),
         "surrogate is \"heaviside\", want one of: sigmoid, arctan"},
        {JOB(",\"training\":{\"epohcs\":1}"), "there is no field \"epohcs\" in training, want one "
                                              "of: sampling, epochs, batch_size, loss, "
                                              "optimizer, "},
        {JOB(",\"neuron\":{\"x\":1}"), "want one of: model, solver, reset, surrogate, alpha, "
                                       "coefficients, memory, exponentials, learn, "
                                       "learning_rate, tau, "
                                       "threshold, step, detach_reset, surrogate_scale"},
        {JOB(",\"neuron\":{\"surrogate_scale\":-2}"), "surrogate_scale is -2, want a number > 0"},
        {JOB(",\"encoding\":{\"time_steps\":\"ten\"}"), "time_steps is \"ten\", want an integer"},
        {JOB(",\"neuron\":{\"tau\":{}}"), "tau is an object, want a number"},
        {JOB(",\"seed\":-3"), "seed is -3, want an integer >= 0 and <= 9223372036854775807"},
        {LAYERS(OUT ",5"), "layers[1] is 5, want an object"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct api_errors e = {0};
        struct api_form form;

        form_judge(&form, rows[i].job, &e);
        assert_int_equal(api_errors_count(&e), 1);
        assert_contains(form_detail(&e, 0), rows[i].want);
        api_errors_clear(&e);
    }
}

static void form__what_is_no_spec__is_kept_too(void **state)
{
    struct api_errors e = {0};
    struct api_form form;

    (void)state;
    form_judge(&form,
               JOB(",\"name\":\"d\xc3\xa9j\xc3\xa0\",\"priority\":7,\"seed\":5,\"metadata\":{\"k\":"
                   "\"v\",\"l\":\"\"}"),
               &e);
    assert_int_equal(api_errors_count(&e), 0);
    assert_string_equal(form.name, "d\xc3\xa9j\xc3\xa0");
    assert_int_equal(form.priority, 7);
    assert_int_equal(form.seed, 5);
    assert_int_equal(form.n_metadata, 2);
    assert_string_equal(form.metadata[0].key, "k");
    assert_string_equal(form.metadata[0].value, "v");
    assert_string_equal(form.metadata[1].key, "l");
    assert_string_equal(form.metadata[1].value, "");
    assert_string_equal(form.dataset, "digits");
    assert_string_equal(form.dataset_at, "/dataset/name");
}

static void compile__wrong_job__fails_with_the_first_error(void **state)
{
    struct snn_error err = {0};
    struct snn_spec spec = {.epochs = 77};

    (void)state;
    assert_int_equal(api_compile(JOB(",\"neuron\":{\"tau\":-1}"), &form_digits, &spec, &err),
                     SNN_INVALID);
    assert_string_equal(err.pointer, "/neuron/tau");
    assert_contains(err.message, "tau is -1");
    assert_int_equal(spec.epochs, 77);

    err = (struct snn_error){0};
    assert_int_equal(api_compile("{", &form_digits, &spec, &err), SNN_FORMAT);
    assert_contains(err.message, "line 1");
    err = (struct snn_error){0};
    assert_int_equal(api_compile("[]", &form_digits, &spec, &err), SNN_INVALID);
    assert_int_equal(api_compile("[]", &form_digits, &spec, NULL), SNN_INVALID);
}

/* A limit that no row has would make its field useless. */
static void limits__every_row__is_a_field_of_a_job(void **state)
{
    static const char *const parts[] = {"encoding", "training", "diagnostics"};

    (void)state;
    for (size_t i = 0; i < snn_spec_limit_count; i++) {
        bool found = false;

        for (size_t k = 0; k < 3 && !found; k++) {
            struct api_errors e = {0};
            struct api_form form;
            char text[300], at[100];

            snprintf(text, sizeof text, JOB(",\"%s\":{\"%s\":-1}"), parts[k],
                     snn_spec_limits[i].name);
            snprintf(at, sizeof at, "/%s/%s", parts[k], snn_spec_limits[i].name);
            form_judge(&form, text, &e);
            found = form_has(&e, at, "out_of_range");
            api_errors_clear(&e);
        }
        if (!found)
            fail_msg("the limit %s is no field", snn_spec_limits[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(job__least__has_the_documented_defaults),
        cmocka_unit_test(job__every_field__is_taken),
        cmocka_unit_test(surrogate__scale_left_out__is_the_surrogates_own),
        cmocka_unit_test(job__one_thing_wrong__is_the_one_error),
        cmocka_unit_test(job__many_things_wrong__are_all_told),
        cmocka_unit_test(job__unknown_kind__leaves_the_fields_of_any_kind_alone),
        cmocka_unit_test(message__names_what_was_found_and_wanted),
        cmocka_unit_test(form__what_is_no_spec__is_kept_too),
        cmocka_unit_test(compile__wrong_job__fails_with_the_first_error),
        cmocka_unit_test(limits__every_row__is_a_field_of_a_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
