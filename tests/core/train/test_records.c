/* SPDX-License-Identifier: MIT */
/* What a run tells while it trains. */
#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

#define TRAIN 45
#define TEST 20
#define STEPS 21 /* 3 epochs of 7 */
#define EVERY 3

#define MAX_NAMES 40

struct record {
    size_t step, epoch, n;
    struct {
        char name[2 * SNN_NAME_SIZE];
        size_t n;
        double values[8];
    } point[MAX_NAMES];
};

static struct heard {
    struct record points[STEPS + 1];
    size_t n_points, n_histograms, progress_calls, points_calls_of_step;
    struct snn_progress progress[STEPS + 1];
    struct snn_histogram histogram[MAX_NAMES]; /* of the last call */
    size_t n_last, last_step;
    struct snn_run *run;
} heard;

static bool hear_progress(void *user, struct snn_run *run, const struct snn_progress *p)
{
    struct heard *h = user;

    (void)run;
    assert_true(h->progress_calls < STEPS);
    h->progress[h->progress_calls++] = *p;
    return true;
}

static void hear_points(void *user, size_t step, size_t epoch, const struct snn_point *p, size_t n)
{
    struct heard *h = user;
    struct record *r = &h->points[h->n_points++];

    assert_true(h->n_points <= STEPS && n <= MAX_NAMES);
    *r = (struct record){.step = step, .epoch = epoch, .n = n};
    for (size_t i = 0; i < n; i++) {
        assert_true(p[i].n <= SNN_COUNT(r->point[i].values));
        memcpy(r->point[i].name, p[i].name, sizeof p[i].name);
        memcpy(r->point[i].values, p[i].values, p[i].n * sizeof(double));
        r->point[i].n = p[i].n;
    }
}

static void hear_histograms(void *user, size_t step, size_t epoch, const struct snn_histogram *g,
                            size_t n)
{
    struct heard *h = user;

    (void)epoch;
    assert_true(n <= MAX_NAMES);
    h->n_histograms++;
    h->last_step = step;
    h->n_last = n;
    memcpy(h->histogram, g, n * sizeof *g);
    for (size_t i = 0; i < n; i++) {
        uint64_t sum = g[i].zeros + g[i].nan + g[i].inf;
        for (size_t k = 0; k < SNN_HIST_BINS; k++)
            sum += g[i].bins[k];
        assert_int_equal(sum, g[i].count);
    }
}

static struct snn_data *data;

/* One run that is listened to, for all tests. */
static int setup(void **state)
{
    const struct snn_hooks hooks = {.user = &heard,
                                    .progress = hear_progress,
                                    .points = hear_points,
                                    .histograms = hear_histograms};
    struct snn_spec spec = runs_spec();

    (void)state;
    data = runs_data(TRAIN, TEST, 1);
    spec.validation_fraction = 0.1; /* 4 or 5 of 45; 40 left: 6 batches */
    spec.diagnostics_every = EVERY;
    heard.run = runs_new(&spec, data, 2);
    return snn_run_train(heard.run, &hooks, NULL) == SNN_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    snn_run_free(heard.run);
    snn_data_free(data);
    return 0;
}

static size_t steps_per_epoch(void)
{
    return snn_run_steps_per_epoch(heard.run);
}

static const double *find(const struct record *r, const char *name, size_t n)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->point[i].name, name) == 0) {
            assert_int_equal(r->point[i].n, n);
            return r->point[i].values;
        }
    return NULL;
}

static double value(const struct record *r, const char *name)
{
    const double *v = find(r, name, 1);

    if (!v)
        fail_msg("step %zu tells no %s", r->step, name);
    return *v;
}

static const struct record *last_record(void)
{
    return &heard.points[heard.n_points - 1];
}

static void progress__each_step__is_told_once_in_order(void **state)
{
    const size_t per_epoch = steps_per_epoch(), steps = 3 * per_epoch;

    (void)state;
    assert_int_equal(heard.progress_calls, steps);
    for (size_t i = 0; i < steps; i++) {
        const struct snn_progress *p = &heard.progress[i];
        assert_int_equal(p->step, i + 1);
        assert_int_equal(p->steps, steps);
        assert_int_equal(p->epochs, 3);
        assert_int_equal(p->epoch, (i + 1) / per_epoch);
        assert_int_equal(p->epoch_end, (i + 1) % per_epoch == 0);
        assert_int_equal(isnan(p->metrics.validation_loss), i + 1 < per_epoch);
        assert_true(isnan(p->metrics.test_loss));
        assert_true(p->metrics.train_loss > 0);
    }
    assert_int_equal(heard.progress[per_epoch - 1].samples, heard.run->train);
    assert_int_equal(heard.progress[steps - 1].samples, 3 * heard.run->train);
}

static void points__diagnostic_steps_and_epoch_ends__are_told_once_each(void **state)
{
    const size_t per_epoch = steps_per_epoch(), steps = 3 * per_epoch;
    size_t at = 0, probed = 0;

    (void)state;
    for (size_t step = 1; step <= steps; step++) {
        bool look = step % EVERY == 0 || step == steps, end = step % per_epoch == 0;

        probed += look;
        if (!look && !end)
            continue;
        assert_true(at < heard.n_points);
        const struct record *r = &heard.points[at++];
        assert_int_equal(r->step, step);
        assert_int_equal(r->epoch, step / per_epoch);
        assert_int_equal(find(r, "validation_loss", 1) != NULL, end);
        assert_int_equal(find(r, "spike_rate/layer1", 1) != NULL, look);
        assert_non_null(find(r, "train_loss", 1));
    }
    assert_int_equal(at, heard.n_points);
    assert_int_equal(heard.n_histograms, probed);
    assert_int_equal(heard.last_step, steps);
}

static void points__a_diagnostic_step_at_an_epochs_end__has_the_documented_names(void **state)
{
    static const char *const names[] = {
        "train_loss",
        "train_accuracy",
        "learning_rate",
        "validation_loss",
        "validation_accuracy",
        "gradient_norm/layer1.weight",
        "gradient_norm/layer1.bias",
        "gradient_norm/layer2.weight",
        "gradient_norm/layer2.bias",
        "update_ratio/layer1.weight",
        "update_ratio/layer1.bias",
        "update_ratio/layer2.weight",
        "update_ratio/layer2.bias",
        "weight_growth/layer1.weight",
        "weight_growth/layer2.weight",
        "weight_size/layer1.weight",
        "weight_size/layer2.weight",
        "spike_rate/layer1",
        "silent/layer1",
        "saturated/layer1",
        "surrogate_active/layer1",
        "spike_rate/layer2",
        "silent/layer2",
        "saturated/layer2",
        "surrogate_active/layer2",
    };
    const struct record *r = last_record();

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(names); i++)
        (void)value(r, names[i]);
    assert_non_null(find(r, "gradient_norm_by_step/layer1", 5));
    assert_non_null(find(r, "gradient_norm_by_step/layer2", 5));
    for (size_t i = 1; i <= 2; i++) {
        char name[40];
        (void)snprintf(name, sizeof name, "membrane_quantiles/layer%zu", i);
        assert_non_null(find(r, name, SNN_QUANTILES));
        (void)snprintf(name, sizeof name, "membrane_distance/layer%zu", i);
        assert_non_null(find(r, name, SNN_DISTANCES));
    }
    assert_int_equal(r->n, SNN_COUNT(names) + 6);
}

static void histograms__last_step__have_the_documented_names_and_sizes(void **state)
{
    /* The last batch: what is left of the training samples; 5 steps; 8 and 3 neurons. */
    const size_t batch = heard.run->train - (steps_per_epoch() - 1) * 7;
    const struct {
        const char *name;
        size_t count;
    } want[] = {
        {"gradients/layer1.weight", 48},
        {"gradients/layer1.bias", 8},
        {"gradients/layer2.weight", 24},
        {"gradients/layer2.bias", 3},
        {"weights/layer1.weight", 48},
        {"weights/layer1.bias", 8},
        {"weights/layer2.weight", 24},
        {"weights/layer2.bias", 3},
        {"gradients/layer1.membrane", batch * 40},
        {"gradients/layer2.membrane", batch * 15},
        {"membrane/layer1", batch * 40},
        {"membrane/layer2", batch * 15},
        {"activity/layer1", 8},
        {"activity/layer2", 3},
    };

    (void)state;
    assert_int_equal(heard.n_last, SNN_COUNT(want));
    for (size_t i = 0; i < SNN_COUNT(want); i++) {
        size_t found = 0;

        for (size_t k = 0; k < heard.n_last; k++)
            if (strcmp(heard.histogram[k].name, want[i].name) == 0) {
                assert_int_equal(heard.histogram[k].count, want[i].count);
                found++;
            }
        if (found != 1)
            fail_msg("%s was told %zu times, want once", want[i].name, found);
    }
}

static const struct snn_histogram *histogram(const char *name)
{
    for (size_t k = 0; k < heard.n_last; k++)
        if (strcmp(heard.histogram[k].name, name) == 0)
            return &heard.histogram[k];
    fail_msg("there is no %s", name);
    return NULL;
}

/* The same thing told twice agrees. */
static void points__and_histograms__agree(void **state)
{
    const struct record *r = last_record();
    const char *const layers[] = {"layer1", "layer2"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char name[80];
        double squares = 0;
        const double *by_step;

        (void)snprintf(name, sizeof name, "activity/%s", layers[i]);
        const struct snn_histogram *activity = histogram(name);
        (void)snprintf(name, sizeof name, "spike_rate/%s", layers[i]);
        assert_near(value(r, name), activity->sum / (double)activity->count, 1e-7);
        assert_true(value(r, name) > 0 && value(r, name) < 1);
        (void)snprintf(name, sizeof name, "silent/%s", layers[i]);
        assert_near(value(r, name), (double)activity->zeros / (double)activity->count, 0);
        (void)snprintf(name, sizeof name, "surrogate_active/%s", layers[i]);
        assert_true(value(r, name) > 0 && value(r, name) <= 1);

        (void)snprintf(name, sizeof name, "gradient_norm_by_step/%s", layers[i]);
        by_step = find(r, name, 5);
        for (size_t t = 0; t < 5; t++)
            squares += by_step[t] * by_step[t];
        (void)snprintf(name, sizeof name, "gradients/%s.membrane", layers[i]);
        assert_near(histogram(name)->sum_squares, squares, 1e-9);
        (void)snprintf(name, sizeof name, "gradient_norm/%s.weight", layers[i]);
        double norm = value(r, name);
        (void)snprintf(name, sizeof name, "gradients/%s.weight", layers[i]);
        assert_near(histogram(name)->sum_squares, norm * norm, 1e-9);
        assert_true(norm > 0);
    }
    assert_near(value(r, "learning_rate"), 0.02, 0);
    assert_near(value(r, "validation_loss"), heard.run->at.metrics.validation_loss, 0);
}

/* The weights told are those the run has now: mean square over the tensor. */
static void histograms__of_weights__are_of_those_after_the_step(void **state)
{
    const struct snn_tensor_place *t = snn_net_tensor(&heard.run->net, 0);
    double sum = 0;

    (void)state;
    for (size_t i = 0; i < t->count; i++)
        sum += (double)heard.run->params[t->offset + i];
    assert_near(histogram("weights/layer1.weight")->sum, sum, 1e-9);
}

/* A record says of the training what the progress of its step says: the mean over the epoch so far,
 * at its end over the whole. */
static void points__train_loss_and_accuracy__are_those_of_the_progress(void **state)
{
    (void)state;
    for (size_t i = 0; i < heard.n_points; i++) {
        const struct record *r = &heard.points[i];
        const struct snn_metrics *m = &heard.progress[r->step - 1].metrics;

        assert_near(value(r, "train_loss"), m->train_loss, 0);
        assert_near(value(r, "train_accuracy"), m->train_accuracy, 0);
    }
}

static void points__without_diagnostics__are_told_at_epoch_ends_only(void **state)
{
    static struct heard other;
    const struct snn_hooks hooks = {
        .user = &other, .points = hear_points, .histograms = hear_histograms};
    struct snn_spec spec = runs_spec();
    struct snn_run *run;

    (void)state;
    spec.diagnostics_every = 0;
    run = runs_new(&spec, data, 1);
    assert_int_equal(snn_run_train(run, &hooks, NULL), SNN_OK);
    assert_int_equal(other.n_histograms, 0);
    assert_int_equal(other.n_points, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(other.points[i].step, 7 * (i + 1));
        assert_int_equal(other.points[i].n, 3);
    }
    snn_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(progress__each_step__is_told_once_in_order),
        cmocka_unit_test(points__diagnostic_steps_and_epoch_ends__are_told_once_each),
        cmocka_unit_test(points__a_diagnostic_step_at_an_epochs_end__has_the_documented_names),
        cmocka_unit_test(histograms__last_step__have_the_documented_names_and_sizes),
        cmocka_unit_test(points__and_histograms__agree),
        cmocka_unit_test(histograms__of_weights__are_of_those_after_the_step),
        cmocka_unit_test(points__train_loss_and_accuracy__are_those_of_the_progress),
        cmocka_unit_test(points__without_diagnostics__are_told_at_epoch_ends_only),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
