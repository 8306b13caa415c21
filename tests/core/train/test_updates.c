/* SPDX-License-Identifier: MIT */
/* What is told of an update is what the parameters before and after it say. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/core/train/runs.h"
#include "tests/support/test.h"

#define EVERY 3

struct heard {
    size_t step; /* of the points below */
    struct {
        char name[2 * SNN_NAME_SIZE];
        double value;
    } point[64];
    size_t n;
};

static void hear_points(void *user, size_t step, size_t epoch, const struct snn_point *p, size_t n)
{
    struct heard *h = user;

    (void)epoch;
    if (step != EVERY)
        return;
    assert_true(n <= 64);
    h->step = step;
    h->n = n;
    for (size_t i = 0; i < n; i++) {
        memcpy(h->point[i].name, p[i].name, sizeof p[i].name);
        h->point[i].value = p[i].values[0];
    }
}

static double value(const struct heard *h, const char *prefix, const char *tensor)
{
    char name[3 * SNN_NAME_SIZE];

    (void)snprintf(name, sizeof name, "%s/%s", prefix, tensor);
    for (size_t i = 0; i < h->n; i++)
        if (strcmp(h->point[i].name, name) == 0)
            return h->point[i].value;
    fail_msg("step %zu tells no %s", h->step, name);
    return (double)NAN;
}

/* The run that tells, and one like it that stands before that step and then after it. */
static void check(const struct snn_spec *spec)
{
    struct heard heard = {.step = 0};
    const struct snn_hooks hooks = {.user = &heard, .points = hear_points};
    struct snn_data *data = runs_data(45, 20, 1);
    struct snn_run *tells = runs_new(spec, data, 2), *run = runs_new(spec, data, 1);
    real *before = malloc(run->net.n_params * sizeof *before);

    assert_non_null(before);
    assert_int_equal(snn_run_train(tells, &hooks, NULL), SNN_OK);
    runs_train(run, EVERY - 1);
    memcpy(before, run->params, run->net.n_params * sizeof *before);
    runs_train(run, EVERY);
    for (size_t i = 0; i < run->net.n_tensors; i++) {
        const struct snn_tensor_place *t = snn_net_tensor(&run->net, i);
        double moved = 0, was = 0, is = 0;
        char tensor[2 * SNN_NAME_SIZE];

        for (size_t k = t->offset; k < t->offset + t->count; k++) {
            const double w = (double)run->params[k], b = (double)before[k];
            moved += (w - b) * (w - b);
            was += b * b;
            is += w * w;
        }
        is = sqrt(is / (double)t->count);
        snn_net_tensor_name(&run->net, t, tensor);
        assert_true(moved > 0);
        assert_near(value(&heard, "update_ratio", tensor), sqrt(moved / was), 1e-5);
        if (t->is_bias)
            continue;
        assert_near(value(&heard, "weight_growth", tensor), is / run->initial_rms[i], 1e-6);
        assert_near(value(&heard, "weight_size", tensor), is * sqrt(3 * (double)t->fan_in), 1e-6);
    }
    free(before);
    snn_run_free(run);
    snn_run_free(tells);
    snn_data_free(data);
}

static void update__told__is_that_of_the_parameters(void **state)
{
    struct snn_spec spec = runs_spec();

    (void)state;
    spec.diagnostics_every = EVERY;
    check(&spec);
    spec.shards = 1; /* where the parameters of before have room of their own */
    check(&spec);
}

/* Whether the step is looked into leaves no trace in what is learned. */
static void update__looked_into__has_the_same_bits(void **state)
{
    struct snn_data *data = runs_data(45, 20, 1);
    struct snn_spec spec = runs_spec();
    char with[SNN_SHA256_HEX], without[SNN_SHA256_HEX];

    (void)state;
    spec.diagnostics_every = 1;
    runs_result(&spec, data, 2, with);
    spec.diagnostics_every = 0;
    runs_result(&spec, data, 2, without);
    assert_string_equal(with, without);
    snn_data_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(update__told__is_that_of_the_parameters),
        cmocka_unit_test(update__looked_into__has_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
