/* SPDX-License-Identifier: MIT */
#include "server/plan.h"

#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

/* A layer whose past is exponentials, and one that has none. */
static struct snn_spec fractional(void)
{
    struct snn_spec spec = runs_spec();

    spec.time_steps = 40;
    spec.layers[0].neuron.solver = runs_choice(&snn_solvers, "gl");
    spec.layers[0].neuron.alpha[0] = 0.5;
    spec.layers[0].neuron.exponentials = 8;
    return spec;
}

/* What is written of a run is read back as what the run says. */
static void write__a_trained_run__reads_back(void **state)
{
    struct snn_data *data = runs_data(40, 5, 1);
    const struct snn_spec spec = fractional();
    struct snn_run *run = runs_new(&spec, data, 1);
    struct snn_plan_layer plan[SNN_MAX_LAYERS];
    struct srv_plan_layer l;
    char text[SRV_PLAN_SIZE];
    const char *at = text;

    (void)state;
    runs_train(run, 2);
    srv_plan_write(text, run);
    const size_t n = snn_run_plan(run, plan);
    assert_int_equal(n, 2);
    for (size_t i = 0; i < n; i++) {
        assert_true(srv_plan_read(&at, &l));
        assert_string_equal(l.layer, plan[i].layer);
        assert_string_equal(l.input.path, snn_path_name(plan[i].input.path));
        assert_int_equal(l.input.blocks, plan[i].input.blocks);
        assert_int_equal(l.input.listed, plan[i].input.listed);
        assert_true(isnan(l.back.crossover) == isnan(plan[i].back.crossover));
        assert_string_equal(l.back.path, snn_path_name(plan[i].back.path));
        assert_string_equal(l.history.way, i == 0 ? "exponentials" : "none");
        assert_int_equal(l.history.count, plan[i].history.exponentials);
        assert_near(l.history.error, plan[i].history.error, 0.005 * plan[i].history.error);
    }
    assert_false(srv_plan_read(&at, &l));
    snn_run_free(run);
    snn_data_free(data);
}

static void read__what_is_no_line_of_ours__is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "layer1",
        "layer1\tlists\t1\t1\t0.5\t0.25",
        "layer1\tlists\t1\t1\t0.5\t0.25\tnone\t0\t0\tnan\tnan\tsums\t0\n",
        "layer1\tlists\t1\t1\t\t0.25\tnone\t0\t0\tnan\tnan\n",
        ("a-name-that-is-longer-than-any-layer-of-a-job-can-"
         "have\tonce\t1\t1\t1\t1\tnone\t0\t0\t1\t1\n"),
    };
    struct srv_plan_layer l;

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(texts); i++) {
        const char *at = texts[i];
        assert_false(srv_plan_read(&at, &l));
    }
}

/* As a program wrote them that did not tell of the past. */
static void read__lines_without_a_history__are_taken(void **state)
{
    const char *at = "layer1\tlists\t1\t1\t0.5\t0.25\tnone\t0\t0\tnan\tnan\n"
                     "layer2\tlists\t1\t1\t0.5\t0.25\tnone\t0\t0\tnan\tnan\tsums\t0\t0\n";
    struct srv_plan_layer l;

    (void)state;
    assert_true(srv_plan_read(&at, &l));
    assert_string_equal(l.history.way, "none");
    assert_true(srv_plan_read(&at, &l));
    assert_string_equal(l.layer, "layer2");
    assert_string_equal(l.history.way, "sums");
    assert_false(srv_plan_read(&at, &l));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write__a_trained_run__reads_back),
        cmocka_unit_test(read__lines_without_a_history__are_taken),
        cmocka_unit_test(read__what_is_no_line_of_ours__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
