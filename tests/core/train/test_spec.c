/* SPDX-License-Identifier: MIT */
#include "core/train/spec.h"

#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

#define MOST 16

struct told {
    struct snn_error error[MOST];
    size_t n;
};

static void tell(void *user, const struct snn_error *what)
{
    struct told *t = user;

    assert_true(t->n < MOST);
    t->error[t->n++] = *what;
}

/* Classes 3, features 6, 45 samples. */
static const struct snn_data_info info = {
    .train = 45, .test = 20, .features = 6, .shape = {6}, .rank = 1, .classes = 3};

static struct told check(const struct snn_spec *spec, const struct snn_data_info *data)
{
    struct told t = {.n = 0};
    enum snn_code rc = snn_spec_check(spec, data, tell, &t);

    assert_int_equal(rc, t.n ? SNN_INVALID : SNN_OK);
    assert_int_equal(rc, snn_spec_check(spec, data, NULL, NULL));
    for (size_t i = 0; i < t.n; i++)
        assert_int_equal(t.error[i].code, SNN_INVALID);
    return t;
}

static struct told warn(const struct snn_spec *spec)
{
    struct told t = {.n = 0};

    snn_spec_warn(spec, tell, &t);
    return t;
}

static void assert_only(const struct told *t, const char *pointer, const char *message)
{
    if (t->n != 1)
        fail_msg("%zu errors, want one at %s", t->n, pointer);
    assert_string_equal(t->error[0].pointer, pointer);
    assert_contains(t->error[0].message, message);
}

static void default__with_layers__is_valid_without_a_warning(void **state)
{
    struct snn_spec spec = runs_spec();

    (void)state;
    assert_int_equal(check(&spec, &info).n, 0);
    assert_int_equal(warn(&spec).n, 0);
}

static void default__each_value__is_that_documented(void **state)
{
    const struct snn_spec s = snn_spec_default();
    const struct snn_neuron_spec n = snn_neuron_spec_default();

    (void)state;
    assert_int_equal(s.seed, 0);
    assert_string_equal(s.encoding.kind->name, "constant");
    assert_near(s.encoding.value[0], 1, 0);
    assert_int_equal(s.time_steps, 16);
    assert_int_equal(s.n_layers, 0);
    assert_string_equal(s.readout.kind->name, "membrane_mean");
    assert_string_equal(s.loss.kind->name, "cross_entropy");
    assert_string_equal(s.optimizer.kind->name, "adam");
    assert_near(s.optimizer.value[0], 1e-3, 0);
    assert_int_equal(s.epochs, 10);
    assert_int_equal(s.batch_size, 64);
    assert_int_equal(s.shards, 4);
    assert_near(s.validation_fraction, 0, 0);
    assert_int_equal(s.diagnostics_every, 50);
    assert_string_equal(n.model.kind->name, "lif");
    assert_string_equal(n.surrogate.kind->name, "sigmoid");
    assert_string_equal(n.reset.kind->name, "scaled");
    assert_near(snn_choice_value(&n.model, "tau", -1), 2, 0);
    assert_near(snn_choice_value(&n.model, "threshold", -1), 1, 0);
    assert_near(snn_choice_value(&n.model, "step", -1), 1, 0);
    assert_near(snn_choice_value(&n.model, "detach_reset", -1), 1, 0);
    assert_near(snn_choice_value(&n.surrogate, "scale", -1), 5, 0);
}

/* Each number of a spec set out of its range, and the place it is told of. */
static void check__each_number_out_of_range__is_told_with_its_place(void **state)
{
    struct snn_spec s = runs_spec();
    const struct {
        size_t *size;
        double *number;
        double bad;
        const char *pointer;
    } rows[] = {
        {&s.time_steps, NULL, 0, "/encoding/time_steps"},
        {&s.time_steps, NULL, 100001, "/encoding/time_steps"},
        {&s.epochs, NULL, 0, "/training/epochs"},
        {&s.epochs, NULL, 100001, "/training/epochs"},
        {&s.batch_size, NULL, 0, "/training/batch_size"},
        {&s.batch_size, NULL, 65537, "/training/batch_size"},
        {&s.shards, NULL, 0, "/training/shards"},
        {&s.shards, NULL, 65, "/training/shards"},
        {&s.diagnostics_every, NULL, 1000001, "/diagnostics/every_steps"},
        {NULL, &s.validation_fraction, -0.1, "/training/validation_fraction"},
        {NULL, &s.validation_fraction, 0.91, "/training/validation_fraction"},
        {NULL, &s.validation_fraction, 1e300, "/training/validation_fraction"},
        {NULL, &s.validation_fraction, NAN, "/training/validation_fraction"},
        {NULL, &s.encoding.value[0], 0, "/encoding/gain"},
        {NULL, &s.encoding.value[0], INFINITY, "/encoding/gain"},
        {NULL, &s.optimizer.value[0], 0, "/training/optimizer/learning_rate"},
        {NULL, &s.optimizer.value[1], 1, "/training/optimizer/beta1"},
        {NULL, &s.layers[1].kind.value[0], 0, "/layers/1/units"},
        {NULL, &s.layers[1].kind.value[0], 2.5, "/layers/1/units"},
        {NULL, &s.layers[0].kind.value[0], -1, "/layers/0/units"},
        {NULL, &s.layers[0].kind.value[0], 1e30, "/layers/0/units"},
        {NULL, &s.layers[0].kind.value[0], NAN, "/layers/0/units"},
        {NULL, &s.layers[0].neuron.model.value[0], 0, "/layers/0/neuron/tau"},
        {NULL, &s.layers[0].neuron.model.value[1], 1e7, "/layers/0/neuron/threshold"},
        {NULL, &s.layers[0].neuron.model.value[2], -1, "/layers/0/neuron/step"},
        {NULL, &s.layers[1].neuron.model.value[3], 0.5, "/layers/1/neuron/detach_reset"},
        {NULL, &s.layers[1].neuron.surrogate.value[0], 0, "/layers/1/neuron/surrogate_scale"},
    };

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        const struct snn_spec good = s;

        if (rows[i].size)
            *rows[i].size = (size_t)rows[i].bad;
        else
            *rows[i].number = rows[i].bad;
        struct told t = check(&s, &info);
        assert_only(&t, rows[i].pointer, "want ");
        s = good;
    }
}

static void check__last_layer_smaller_than_the_classes__is_told(void **state)
{
    struct snn_spec s = runs_spec();
    struct told t;

    (void)state;
    s.layers[1].kind.value[0] = 2;
    t = check(&s, &info);
    assert_only(&t, "/layers/1/units", "has 2 units, but the labels go up to 2: want at least 3");
    s.layers[1].kind.value[0] = 30;
    assert_int_equal(check(&s, &info).n, 0);
}

static void check__no_layers_or_too_many__is_told(void **state)
{
    struct snn_spec s = runs_spec();
    struct told t;

    (void)state;
    s.n_layers = 0;
    t = check(&s, &info);
    assert_only(&t, "/layers", "0 layers, want 1 to 32");
    s.n_layers = SNN_MAX_LAYERS + 1;
    t = check(&s, &info);
    assert_only(&t, "/layers", "33 layers, want 1 to 32");
}

static void check__two_layers_of_one_name__is_told(void **state)
{
    struct snn_spec s = runs_spec();
    struct told t;

    (void)state;
    memcpy(s.layers[1].name, "layer1", sizeof "layer1");
    t = check(&s, &info);
    assert_only(&t, "/layers/1/name", "layers 0 and 1 are both called \"layer1\"");
}

static void check__settings_that_contradict__are_told(void **state)
{
    struct snn_spec s = runs_spec();
    struct told t;

    (void)state;
    s.optimizer = runs_choice(&snn_optimizers, "sgd");
    assert_string_equal(s.optimizer.kind->params[2].name, "nesterov");
    s.optimizer.value[2] = 1;
    t = check(&s, &info);
    assert_only(&t, "/training/optimizer", "nesterov is true and momentum is 0");
}

static void check__split_that_leaves_a_part_empty__is_told(void **state)
{
    struct snn_spec s = runs_spec();
    struct snn_data_info few = info;
    struct told t;

    (void)state;
    s.validation_fraction = 0.01;
    t = check(&s, &info);
    assert_only(&t, "/training/validation_fraction", "of 45 training samples is none");
    s.validation_fraction = 0.5;
    few.train = 1;
    t = check(&s, &few);
    assert_only(&t, "/training/validation_fraction", "leaves none to train on");
    s.validation_fraction = 0;
    few.train = 0;
    t = check(&s, &few);
    assert_only(&t, "/dataset", "no training samples");
}

static void check__many_things_wrong__are_told_all_at_once(void **state)
{
    struct snn_spec s = runs_spec();

    (void)state;
    s.time_steps = s.epochs = s.batch_size = s.shards = 0;
    s.validation_fraction = 2;
    s.layers[0].kind.value[0] = 0;
    s.layers[0].neuron.model.value[0] = s.layers[1].neuron.model.value[0] = 0;
    s.layers[1].name[0] = '\0';
    s.layers[0].name[0] = '\0';
    assert_int_equal(check(&s, &info).n, 9);
}

static void warn__step_too_long_for_tau__is_told_for_leaky_neurons(void **state)
{
    const struct {
        const char *neuron;
        double tau, step;
        bool warned;
    } rows[] = {
        {"lif", 0.5, 1, true}, {"lif", 0.25, 1, true},     {"lif", 0.51, 1, false},
        {"lif", 1, 2, true},   {"lif", 1e-3, 1e-3, false}, {"if", 0.25, 1, false},
    };

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        struct snn_spec s = runs_spec();
        struct told t;

        s.layers[1].neuron.model = runs_choice(&snn_neurons, rows[i].neuron);
        s.layers[1].neuron.model.value[0] = rows[i].tau;
        s.layers[1].neuron.model.value[2] = rows[i].step;
        assert_int_equal(check(&s, &info).n, 0);
        t = warn(&s);
        assert_int_equal(t.n, rows[i].warned);
        if (t.n)
            assert_only(&t, "/layers/1/neuron/tau", "oscillates");
    }
}

static void warn__threshold_not_above_rest__is_told(void **state)
{
    struct snn_spec s = runs_spec();
    struct told t;

    (void)state;
    s.layers[0].neuron.model.value[1] = 0;
    t = warn(&s);
    assert_only(&t, "/layers/0/neuron/threshold", "fires at every step");
}

static void limits__each_row__holds_its_own_default(void **state)
{
    (void)state;
    assert_int_equal(snn_spec_limit_count, SNN_LIMIT_EVERY_STEPS + 1);
    for (size_t i = 0; i < snn_spec_limit_count; i++)
        assert_int_equal(snn_param_check(&snn_spec_limits[i], snn_spec_limits[i].value, NULL),
                         SNN_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default__with_layers__is_valid_without_a_warning),
        cmocka_unit_test(default__each_value__is_that_documented),
        cmocka_unit_test(check__each_number_out_of_range__is_told_with_its_place),
        cmocka_unit_test(check__last_layer_smaller_than_the_classes__is_told),
        cmocka_unit_test(check__no_layers_or_too_many__is_told),
        cmocka_unit_test(check__two_layers_of_one_name__is_told),
        cmocka_unit_test(check__settings_that_contradict__are_told),
        cmocka_unit_test(check__split_that_leaves_a_part_empty__is_told),
        cmocka_unit_test(check__many_things_wrong__are_told_all_at_once),
        cmocka_unit_test(warn__step_too_long_for_tau__is_told_for_leaky_neurons),
        cmocka_unit_test(warn__threshold_not_above_rest__is_told),
        cmocka_unit_test(limits__each_row__holds_its_own_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
