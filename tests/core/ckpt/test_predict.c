/* SPDX-License-Identifier: MIT */
/* Saved models asked about samples: the answers of the run that was saved. */
#include <stdlib.h>
#include <string.h>

#include "tests/core/train/runs.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#define TEST 75 /* more than two shards */
#define FEATURES 6

struct bench {
    char *dir;
    struct snn_data *data;
    float inputs[TEST * FEATURES];
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    real x[FEATURES];

    assert_non_null(b);
    b->dir = tmpdir_create();
    b->data = runs_data(60, TEST, 5);
    for (size_t i = 0; i < TEST; i++) {
        snn_data_features(b->data, true, i, x);
        for (size_t k = 0; k < FEATURES; k++)
            b->inputs[i * FEATURES + k] = (float)x[k];
    }
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    tmpdir_remove(b->dir);
    snn_data_free(b->data);
    free(b);
    return 0;
}

/* Trains, saves, and opens what was saved. */
static struct snn_run *train(const struct bench *b, const struct snn_data *data,
                             const struct snn_spec *spec, struct snn_model **model)
{
    struct snn_run *run = runs_new(spec, data, 2);
    struct snn_error err = {0};
    char *path;

    runs_train(run, 0);
    path = runs_save(run, b->dir, "run.ckpt");
    if (snn_model_open(model, path, SNN_BEST, &err) != SNN_OK)
        fail_msg("%s", err.message);
    free(path);
    return run;
}

static struct snn_inputs inputs_of(const struct bench *b, size_t n)
{
    return (struct snn_inputs){.n = n, .values = b->inputs};
}

/* The run's own answers to the test set, and as many right ones as its accuracy says. */
static void check_answers(const struct snn_run *run, const struct snn_predictions *p)
{
    size_t right = 0;

    assert_int_equal(p->n, run->info.test);
    assert_int_equal(p->classes, 3);
    assert_memory_equal(p->label, run->predicted, sizeof(uint32_t) * p->n);
    for (size_t i = 0; i < p->n; i++) {
        right += p->label[i] == snn_data_label(run->data, true, i);
        for (size_t k = 0; k < 3; k++)
            assert_true(p->scores[i * 3 + k] <= p->scores[i * 3 + p->label[i]]);
    }
    assert_near((double)right / (double)p->n, snn_run_progress(run).metrics.test_accuracy, 0);
}

static void check_same_of(const struct bench *b, const struct snn_data *data,
                          const struct snn_inputs *inputs, const struct snn_spec *spec)
{
    struct snn_predictions p = {0};
    struct snn_model *model = NULL;
    struct snn_error err = {0};
    struct snn_run *run = train(b, data, spec, &model);

    if (snn_predict(&p, model, spec, snn_data_describe(data), inputs, 0, &err) != SNN_OK)
        fail_msg("%s", err.message);
    check_answers(run, &p);
    snn_predictions_clear(&p);
    snn_model_free(model);
    snn_run_free(run);
}

static void check_same(const struct bench *b, const struct snn_spec *spec)
{
    const struct snn_inputs inputs = inputs_of(b, TEST);

    check_same_of(b, b->data, &inputs, spec);
}

static void predict__test_set__gives_the_answers_of_the_run(void **state)
{
    static const char *const encoders[] = {"constant", "rate", "latency"};
    struct snn_spec spec = runs_spec();

    for (size_t i = 0; i < 3; i++) {
        spec.encoding = runs_choice(&snn_encoders, encoders[i]);
        check_same(*state, &spec);
    }
    spec.encoding = runs_choice(&snn_encoders, "delta");
    spec.encoding.value[3] = 1; /* a feature a step */
    spec.time_steps = FEATURES;
    check_same(*state, &spec);
}

static void predict__best_epoch_and_learned_constants__are_those_tested(void **state)
{
    struct snn_spec spec = runs_spec();

    spec.validation_fraction = 0.25;
    spec.optimizer.value[0] = 0.05;
    for (size_t i = 0; i < spec.n_layers; i++) {
        spec.layers[i].neuron.learn[SNN_LEARN_tau] = SNN_PER_NEURON;
        spec.layers[i].neuron.learn[SNN_LEARN_threshold] = SNN_PER_LAYER;
    }
    check_same(*state, &spec);
}

/* With this readout a score is the share of steps in which the neuron fired. */
static void predict__spike_mean__is_the_spikes_counted(void **state)
{
    const struct bench *b = *state;
    const struct snn_inputs inputs = inputs_of(b, TEST);
    struct snn_spec spec = runs_spec();
    struct snn_predictions p = {0};
    struct snn_model *model = NULL;
    struct snn_run *run;
    size_t spikes = 0;

    spec.readout = runs_choice(&snn_readouts, "spike_mean");
    run = train(b, b->data, &spec, &model);
    assert_int_equal(snn_predict(&p, model, &spec, snn_data_describe(b->data), &inputs, 0, NULL),
                     SNN_OK);
    assert_int_equal(p.outputs, 3);
    for (size_t i = 0; i < TEST * 3; i++) {
        assert_near(p.scores[i], p.spikes[i] / (double)spec.time_steps, 1e-6);
        spikes += p.spikes[i];
    }
    assert_true(spikes > 0);
    snn_predictions_clear(&p);
    snn_model_free(model);
    snn_run_free(run);
}

static void predict__last_layer_without_neurons__has_no_spikes(void **state)
{
    const struct bench *b = *state;
    const struct snn_inputs inputs = inputs_of(b, TEST);
    struct snn_spec spec = runs_spec();
    struct snn_predictions p = {0};
    struct snn_model *model = NULL;
    struct snn_run *run;

    spec.layers[1].neurons = SNN_ABSENT;
    run = train(b, b->data, &spec, &model);
    assert_int_equal(snn_predict(&p, model, &spec, snn_data_describe(b->data), &inputs, 0, NULL),
                     SNN_OK);
    assert_null(p.spikes);
    assert_memory_equal(p.label, run->predicted, sizeof(uint32_t) * TEST);
    snn_predictions_clear(&p);
    snn_model_free(model);
    snn_run_free(run);
}

static void predict__more_memory_than_allowed__is_refused(void **state)
{
    const struct bench *b = *state;
    const struct snn_inputs inputs = inputs_of(b, TEST);
    const struct snn_spec spec = runs_spec();
    struct snn_model *model = NULL;
    struct snn_run *run = train(b, b->data, &spec, &model);
    struct snn_predictions p;
    struct snn_error err = {0};

    assert_int_equal(snn_predict(&p, model, &spec, snn_data_describe(b->data), &inputs, 100, &err),
                     SNN_LIMIT);
    assert_contains(err.message, "want at most 100");
    assert_int_equal(
        snn_predict(&p, model, &spec, snn_data_describe(b->data), &inputs, (size_t)1 << 30, NULL),
        SNN_OK);
    snn_predictions_clear(&p);
    snn_model_free(model);
    snn_run_free(run);
}

static void refuse(const struct snn_model *m, const struct snn_spec *spec, const struct bench *b,
                   const char *why)
{
    const struct snn_inputs inputs = inputs_of(b, 1);
    struct snn_predictions p;
    struct snn_error err = {0}, same = {0};

    assert_int_equal(snn_predict(&p, m, spec, snn_data_describe(b->data), &inputs, 0, &err),
                     SNN_INVALID);
    assert_non_null(strstr(err.message, why));
    assert_int_equal(snn_model_check(m, spec, snn_data_describe(b->data), &same), SNN_INVALID);
    assert_string_equal(same.message, err.message);
}

static void predict__model_of_another_network__says_what_differs(void **state)
{
    const struct bench *b = *state;
    const struct snn_inputs inputs = inputs_of(b, 1);
    struct snn_spec spec = runs_spec(), other = spec;
    struct snn_model *model = NULL;
    struct snn_run *run = train(b, b->data, &spec, &model);

    assert_int_equal(snn_model_check(model, &spec, snn_data_describe(b->data), NULL), SNN_OK);
    other.layers[0].kind.value[0] = 9;
    refuse(model, &other, b, "layer1.weight is 8 x 6, want 9 x 6");
    struct snn_data_info events = *snn_data_describe(b->data);
    struct snn_predictions p;
    struct snn_error err = {0};
    events.events = true;
    assert_int_equal(snn_predict(&p, model, &spec, &events, &inputs, 0, &err), SNN_INVALID);
    assert_non_null(strstr(err.message, "one for lists of events"));
    other = spec;
    snprintf(other.layers[1].name, sizeof other.layers[1].name, "out");
    refuse(model, &other, b, "want out.weight");
    other = spec;
    other.layers[1].neuron.learn[SNN_LEARN_tau] = SNN_PER_LAYER;
    refuse(model, &other, b, "is not there, want layer2.tau");
    other = spec;
    other.n_layers = 1;
    refuse(model, &other, b, "layer2.weight");
    snn_model_free(model);
    snn_run_free(run);
}

/* -------------------------------------------------------------------------- lists of events -- */

#define EVENTS_TEST 60

static struct snn_inputs events_of(const struct snn_data *data)
{
    return (struct snn_inputs){.n = data->test.count,
                               .first = data->test.first,
                               .times = data->test.times,
                               .units = data->test.units};
}

static struct snn_spec events_spec(void)
{
    struct snn_spec spec = runs_spec();

    spec.encoding = runs_choice(&snn_encoders, "events");
    spec.time_steps = 10;
    return spec;
}

/* As they are, masked, changed in training, and cut at a duration of the job's own. */
static void predict__lists_of_events__gives_the_answers_of_the_run(void **state)
{
    static const struct {
        const char *name;
        double value;
    } settings[] = {
        {"gain", 1}, {"mask", 1}, {"drop", 0.3}, {"time_jitter", 40}, {"duration", 700}};
    struct snn_data *data = runs_events();
    const struct snn_inputs inputs = events_of(data);
    struct snn_spec spec = events_spec();

    assert_int_equal(inputs.n, EVENTS_TEST);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) { /* each beside the others */
        *runs_parameter(&spec.encoding, settings[i].name) = settings[i].value;
        check_same_of(*state, data, &inputs, &spec);
    }
    snn_data_free(data);
}

/* Without events no neuron gets any current but its bias; with none at all there is no array. */
static void predict__samples_without_events__are_answered(void **state)
{
    static const size_t first[] = {0, 0, 0};
    const struct snn_inputs inputs = {.n = 2, .first = first};
    const struct snn_spec spec = events_spec();
    struct snn_data *data = runs_events();
    struct snn_predictions p = {0};
    struct snn_model *model = NULL;
    struct snn_run *run = train(*state, data, &spec, &model);

    assert_int_equal(snn_predict(&p, model, &spec, snn_data_describe(data), &inputs, 0, NULL),
                     SNN_OK);
    assert_int_equal(p.n, 2);
    assert_memory_equal(p.scores, p.scores + 3, 3 * sizeof *p.scores);
    snn_predictions_clear(&p);
    snn_model_free(model);
    snn_run_free(run);
    snn_data_free(data);
}

static void refuse_events(const struct snn_model *model, const struct snn_spec *spec,
                          const struct snn_data_info *info, const struct snn_inputs *inputs,
                          const char *why)
{
    struct snn_predictions p;
    struct snn_error err = {0};

    assert_int_equal(snn_predict(&p, model, spec, info, inputs, 0, &err), SNN_INVALID);
    assert_contains(err.message, why);
}

static void predict__events_that_do_not_fit__are_refused(void **state)
{
    struct snn_data *data = runs_events();
    struct snn_inputs inputs = events_of(data);
    struct snn_data_info info = *snn_data_describe(data);
    struct snn_spec spec = events_spec();
    struct snn_predictions p = {0};
    struct snn_model *model = NULL;
    struct snn_run *run = train(*state, data, &spec, &model);

    info.duration = 0; /* as of a set that is gone */
    refuse_events(model, &spec, &info, &inputs, "want a job with encoding.duration set");
    *runs_parameter(&spec.encoding, "duration") = (double)snn_data_describe(data)->duration;
    assert_int_equal(snn_predict(&p, model, &spec, &info, &inputs, 0, NULL), SNN_OK);
    check_answers(run, &p);
    snn_predictions_clear(&p);
    info.events = false;
    refuse_events(model, &spec, &info, &inputs, "the inputs are lists of events");
    info.events = true;
    data->test.units[3] = 6;
    refuse_events(model, &spec, &info, &inputs, "sample 0 has an event of unit 6, want 0 to 5");
    inputs.n = 0;
    refuse_events(model, &spec, &info, &inputs, "no samples");
    snn_model_free(model);
    snn_run_free(run);
    snn_data_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predict__test_set__gives_the_answers_of_the_run),
        cmocka_unit_test(predict__best_epoch_and_learned_constants__are_those_tested),
        cmocka_unit_test(predict__spike_mean__is_the_spikes_counted),
        cmocka_unit_test(predict__last_layer_without_neurons__has_no_spikes),
        cmocka_unit_test(predict__more_memory_than_allowed__is_refused),
        cmocka_unit_test(predict__model_of_another_network__says_what_differs),
        cmocka_unit_test(predict__lists_of_events__gives_the_answers_of_the_run),
        cmocka_unit_test(predict__samples_without_events__are_answered),
        cmocka_unit_test(predict__events_that_do_not_fit__are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
