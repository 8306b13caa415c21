/* SPDX-License-Identifier: MIT */
/* Losses, readouts, schedules and what else a job says of its training, recurrent layers too. */
#include "tests/api/forms.h"
#include "tests/support/test.h"

static void job__every_field_of_training__is_taken(void **state)
{
    struct snn_spec s = form_compile(
        "{\"dataset\":{\"name\":\"digits\"},"
        "\"layers\":[{\"kind\":\"recurrent\",\"units\":20,\"recurrent_bias\":true}],"
        "\"readout\":{\"kind\":\"spike_count\",\"population\":2},"
        "\"training\":{\"loss\":{\"kind\":\"mse_count\",\"correct_rate\":0.9,"
        "\"incorrect_rate\":0.1},\"schedule\":{\"kind\":\"step\",\"warmup_steps\":7,"
        "\"every_epochs\":3,\"gamma\":0.5},\"clip_norm\":2,\"clip_value\":0.5,\"patience\":4,"
        "\"validation_fraction\":0.1,\"sampling\":\"balanced\",\"rate_penalty\":0.25,\"rate_"
        "below\":0.02,"
        "\"rate_above\":0.4}}");

    (void)state;
    assert_string_equal(s.layers[0].kind.kind->name, "recurrent");
    assert_near(snn_choice_value(&s.layers[0].kind, "recurrent_bias", -1), 1, 0);
    assert_near(snn_choice_value(&s.readout, "population", -1), 2, 0);
    assert_string_equal(s.loss.kind->name, "mse_count");
    assert_near(snn_choice_value(&s.loss, "correct_rate", -1), 0.9, 0);
    assert_near(snn_choice_value(&s.loss, "incorrect_rate", -1), 0.1, 0);
    assert_string_equal(s.schedule.kind->name, "step");
    assert_near(snn_choice_value(&s.schedule, "warmup_steps", -1), 7, 0);
    assert_near(snn_choice_value(&s.schedule, "every_epochs", -1), 3, 0);
    assert_near(snn_choice_value(&s.schedule, "gamma", -1), 0.5, 0);
    assert_string_equal(s.sampling.kind->name, "balanced");
    assert_near(s.clip_norm, 2, 0);
    assert_near(s.clip_value, 0.5, 0);
    assert_int_equal(s.patience, 4);
    assert_near(s.rate_penalty, 0.25, 0);
    assert_near(s.rate_below, 0.02, 0);
    assert_near(s.rate_above, 0.4, 0);
}

static const struct {
    const char *job, *pointer, *code;
} wrong[] = {
    {JOB(",\"training\":{\"loss\":{\"label_smoothing\":1}}"), "/training/loss/label_smoothing",
     "out_of_range"},
    {JOB(",\"training\":{\"loss\":{\"kind\":\"mse_count\"}}"), "/training/loss/kind", "invalid"},
    {JOB(",\"readout\":{\"kind\":\"spike_mean\"},\"training\":{\"loss\":{\"kind\":"
         "\"mse_membrane\"}}"),
     "/training/loss/kind", "invalid"},
    {JOB(",\"training\":{\"loss\":{\"kind\":\"mse_membrane\",\"correct_rate\":1}}"),
     "/training/loss/correct_rate", "unknown_field"},
    {JOB(",\"readout\":{\"population\":0}"), "/readout/population", "out_of_range"},
    {JOB(",\"readout\":{\"population\":2}"), "/layers/0/units", "invalid"},
    {"{\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":\"dense\",\"units\":31}],"
     "\"readout\":{\"population\":3}}",
     "/layers/0/units", "invalid"},
    {JOB(",\"training\":{\"schedule\":\"cosine\"}"), "/training/schedule", "wrong_type"},
    {JOB(",\"training\":{\"schedule\":{\"kind\":\"linear\"}}"), "/training/schedule/kind",
     "unknown_name"},
    {JOB(",\"training\":{\"schedule\":{\"gamma\":0.5}}"), "/training/schedule/gamma",
     "unknown_field"},
    {JOB(",\"training\":{\"schedule\":{\"kind\":\"step\",\"gamma\":0}}"),
     "/training/schedule/gamma", "out_of_range"},
    {JOB(",\"training\":{\"schedule\":{\"warmup_steps\":-1}}"), "/training/schedule/warmup_steps",
     "out_of_range"},
    {JOB(",\"training\":{\"sampling\":\"stratified\"}"), "/training/sampling", "unknown_name"},
    {JOB(",\"training\":{\"clip_norm\":-1}"), "/training/clip_norm", "out_of_range"},
    {JOB(",\"training\":{\"clip_value\":\"1\"}"), "/training/clip_value", "wrong_type"},
    {JOB(",\"training\":{\"patience\":2}"), "/training/patience", "invalid"},
    {JOB(",\"training\":{\"patience\":1.5}"), "/training/patience", "wrong_type"},
    {JOB(",\"training\":{\"rate_penalty\":-1}"), "/training/rate_penalty", "out_of_range"},
    {JOB(",\"training\":{\"rate_above\":2}"), "/training/rate_above", "out_of_range"},
    {JOB(",\"training\":{\"rate_below\":0.5,\"rate_above\":0.25}"), "/training/rate_below",
     "invalid"},
    {LAYERS("{\"kind\":\"recurrent\",\"units\":10,\"recurrent_bias\":1}"),
     "/layers/0/recurrent_bias", "wrong_type"},
    {LAYERS("{\"kind\":\"recurrent\"}"), "/layers/0/units", "missing_field"},
};

static void training__one_thing_wrong__is_the_one_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct api_errors e = {0};
        struct api_form form;

        form_judge(&form, wrong[i].job, &e);
        if (!form_has(&e, wrong[i].pointer, wrong[i].code) || api_errors_count(&e) != 1) {
            form_print(&e);
            fail_msg("%s: want one error, %s at %s", wrong[i].job, wrong[i].code, wrong[i].pointer);
        }
        api_errors_clear(&e);
    }
}

static void message__names_what_does_not_go_together(void **state)
{
    static const struct {
        const char *job, *want;
    } rows[] = {
        {JOB(",\"training\":{\"patience\":2}"), "patience is 2, but nothing is held out to "
                                                "validate on: want a validation_fraction above 0"},
        {JOB(",\"training\":{\"loss\":{\"kind\":\"mse_count\"}}"),
         "mse_count is of spikes, but readout membrane_mean reads the membrane: want spike_count "
         "or "
         "spike_mean"},
        {JOB(",\"readout\":{\"kind\":\"spike_count\"},\"training\":{\"loss\":{\"kind\":"
             "\"mse_membrane\"}}"),
         "mse_membrane is of the membrane, but readout spike_count reads spikes: want "
         "membrane_mean, membrane_max or membrane_last"},
        {JOB(",\"readout\":{\"population\":3}"),
         "the last layer has 10 units, but the labels go up to 9: want at least 30"},
        {"{\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":\"dense\",\"units\":31}],"
         "\"readout\":{\"population\":3}}",
         "the last layer has 31 units, want a multiple of readout.population 3"},
        {JOB(",\"training\":{\"rate_below\":0.5,\"rate_above\":0.25}"),
         "rate_below is 0.5, want at most rate_above, 0.25"},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(job__every_field_of_training__is_taken),
        cmocka_unit_test(training__one_thing_wrong__is_the_one_error),
        cmocka_unit_test(message__names_what_does_not_go_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
