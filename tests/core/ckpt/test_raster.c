/* SPDX-License-Identifier: MIT */
/* A saved model looked at on single samples: the spikes are those that its answers come from. */
#include <stdlib.h>
#include <string.h>

#include "tests/core/train/runs.h"
#include "tests/support/oom.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#define TEST 20
#define FEATURES 6

struct bench {
    char *dir;
    struct snn_data *data;
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);

    assert_non_null(b);
    b->dir = tmpdir_create();
    b->data = runs_data(60, TEST, 5);
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

static struct snn_run *train(const struct bench *b, const struct snn_spec *spec,
                             struct snn_model **model)
{
    struct snn_run *run = runs_new(spec, b->data, 1);
    struct snn_error err = {0};
    char *path;

    runs_train(run, 0);
    path = runs_save(run, b->dir, "run.ckpt");
    if (snn_model_open(model, path, SNN_BEST, &err) != SNN_OK)
        fail_msg("%s", err.message);
    free(path);
    return run;
}

static size_t spikes_of(const struct snn_spikes *s, size_t time_steps, uint32_t unit)
{
    size_t n = 0;

    for (size_t i = 0; i < s->start[time_steps]; i++)
        n += s->unit[i] == unit;
    return n;
}

/* Every step's spikes lie within the units, each unit once, in order. */
static void check_form(const struct snn_spikes *s, size_t time_steps)
{
    assert_int_equal(s->start[0], 0);
    for (size_t t = 0; t < time_steps; t++)
        for (size_t i = s->start[t]; i < s->start[t + 1]; i++) {
            assert_true(s->unit[i] < s->units);
            assert_true(i == s->start[t] || s->unit[i] > s->unit[i - 1]);
        }
}

/* With the readout spike_mean a score is the share of steps in which the output fired. A run of
 * 5,000 steps is cut in time, a raster is not. */
static void raster__test_samples__fire_as_they_are_answered(void **state)
{
    static const struct {
        const char *name;
        size_t time_steps;
    } encoders[] = {
        {"constant", 0}, {"rate", 0}, {"latency", 0}, {"delta", FEATURES}, {"rate", 5000}};
    const struct bench *b = *state;
    size_t hidden = 0, output = 0;

    for (size_t e = 0; e < 5; e++) {
        struct snn_spec spec = runs_spec();
        struct snn_model *model = NULL;
        struct snn_error err = {0};

        spec.readout = runs_choice(&snn_readouts, "spike_mean");
        spec.encoding = runs_choice(&snn_encoders, encoders[e].name);
        if (encoders[e].time_steps == FEATURES)
            spec.encoding.value[3] = 1; /* a feature a step */
        if (encoders[e].time_steps)
            spec.time_steps = encoders[e].time_steps;
        struct snn_run *run = train(b, &spec, &model);
        for (size_t i = 0; i < TEST; i++) {
            struct snn_raster r = {0};

            if (snn_raster_run(&r, model, &spec, b->data, true, i, &err) != SNN_OK)
                fail_msg("%s", err.message);
            assert_int_equal(r.time_steps, spec.time_steps);
            assert_int_equal(r.n_layers, 2);
            assert_int_equal(r.label, snn_data_label(b->data, true, i));
            assert_int_equal(r.said, run->predicted[i]);
            assert_int_equal(r.layers[0].units, 8);
            check_form(&r.layers[0], r.time_steps);
            check_form(&r.layers[1], r.time_steps);
            hidden += r.layers[0].start[r.time_steps];
            output += r.layers[1].start[r.time_steps];
            for (uint32_t k = 0; k < 3; k++)
                assert_near(r.scores[k],
                            (double)spikes_of(&r.layers[1], r.time_steps, k) / (double)r.time_steps,
                            1e-6);
            snn_raster_clear(&r);
        }
        snn_model_free(model);
        snn_run_free(run);
    }
    assert_true(hidden > 0 && output > 0);
}

static void raster__input__is_what_the_encoder_made(void **state)
{
    const struct bench *b = *state;
    struct snn_spec spec = runs_spec();
    struct snn_sample sample = {0};
    struct snn_raster r = {0};
    struct snn_model *model = NULL;

    spec.encoding = runs_choice(&snn_encoders, "constant");
    struct snn_run *run = train(b, &spec, &model);
    assert_int_equal(snn_raster_run(&r, model, &spec, b->data, false, 7, NULL), SNN_OK);
    assert_int_equal(snn_data_sample(&sample, b->data, false, 7, NULL), SNN_OK);
    assert_null(r.input.start);
    assert_int_equal(r.input.units, FEATURES);
    for (size_t k = 0; k < FEATURES; k++)
        assert_near(r.constant[k], sample.values[k], 1e-6);
    assert_int_equal(r.label, sample.label);
    snn_raster_clear(&r);
    snn_model_free(model);
    snn_run_free(run);

    spec.encoding = runs_choice(&snn_encoders, "latency");
    run = train(b, &spec, &model);
    assert_int_equal(snn_raster_run(&r, model, &spec, b->data, false, 7, NULL), SNN_OK);
    assert_null(r.constant);
    check_form(&r.input, r.time_steps);
    for (uint32_t k = 0; k < FEATURES; k++) /* one spike at most, the earlier the larger */
        assert_true(spikes_of(&r.input, r.time_steps, k) <= 1);
    snn_raster_clear(&r);
    snn_sample_clear(&sample);
    snn_model_free(model);
    snn_run_free(run);
}

static void raster__layer_without_neurons__has_no_spikes(void **state)
{
    const struct bench *b = *state;
    struct snn_spec spec = runs_spec();
    struct snn_raster r = {0};
    struct snn_model *model = NULL;

    spec.layers[1].neurons = SNN_ABSENT;
    struct snn_run *run = train(b, &spec, &model);
    assert_int_equal(snn_raster_run(&r, model, &spec, b->data, true, 0, NULL), SNN_OK);
    assert_int_equal(r.n_layers, 2);
    assert_int_equal(r.layers[1].units, 0);
    assert_null(r.layers[1].start);
    snn_raster_clear(&r);
    snn_model_free(model);
    snn_run_free(run);
}

static void raster__sample_or_network_that_is_not__is_refused(void **state)
{
    const struct bench *b = *state;
    struct snn_spec spec = runs_spec(), other = spec;
    struct snn_model *model = NULL;
    struct snn_sample sample;
    struct snn_raster r;
    struct snn_error err = {0};
    struct snn_run *run = train(b, &spec, &model);

    assert_int_equal(snn_raster_run(&r, model, &spec, b->data, true, TEST, &err), SNN_NOT_FOUND);
    assert_contains(err.message, "no test sample 20, want one below 20");
    err = (struct snn_error){0};
    assert_int_equal(snn_data_sample(&sample, b->data, false, 60, &err), SNN_NOT_FOUND);
    assert_contains(err.message, "no training sample 60, want one below 60");
    other.layers[0].kind.value[0] = 9;
    err = (struct snn_error){0};
    assert_int_equal(snn_raster_run(&r, model, &other, b->data, true, 0, &err), SNN_INVALID);
    assert_contains(err.message, "layer1.weight is 8 x 6, want 9 x 6");
    snn_model_free(model);
    snn_run_free(run);
}

static void raster__no_memory__is_an_error_and_leaks_nothing(void **state)
{
    const struct bench *b = *state;
    struct snn_spec spec = runs_spec();
    struct snn_model *model = NULL;
    struct snn_run *run = train(b, &spec, &model);
    struct snn_raster r = {0};
    enum snn_code rc;

    for (unsigned long n = 0;; n++) {
        oom_fail_at(n);
        rc = snn_raster_run(&r, model, &spec, b->data, true, 0, NULL);
        if (!oom_off())
            break;
        assert_int_equal(rc, SNN_NOMEM);
    }
    assert_int_equal(rc, SNN_OK);
    snn_raster_clear(&r);
    snn_model_free(model);
    snn_run_free(run);
}

int main(void)
{
#define TEST_CASE(f) cmocka_unit_test(f)
    const struct CMUnitTest tests[] = {
        TEST_CASE(raster__test_samples__fire_as_they_are_answered),
        TEST_CASE(raster__input__is_what_the_encoder_made),
        TEST_CASE(raster__layer_without_neurons__has_no_spikes),
        TEST_CASE(raster__sample_or_network_that_is_not__is_refused),
        TEST_CASE(raster__no_memory__is_an_error_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
