/* SPDX-License-Identifier: MIT */
/* Tangents and gradients agree for whatever a job can say; and where a gradient is wrong, it shows.
 */
#include "core/snn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/core/train/runs.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#define TOLERANCE (sizeof(real) == sizeof(double) ? 1e-9 : 1e-4)

static struct snn_data *data; /* 6 features, as 2 x 3 pixels */

static int setup(void **state)
{
    (void)state;
    data = runs_data(24, 4, 3);
    data->info.rank = 3;
    data->info.shape[0] = 1;
    data->info.shape[1] = 2;
    data->info.shape[2] = 3;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    snn_data_free(data);
    return 0;
}

static const char *name_of(const struct snn_registry *r, size_t i)
{
    return snn_registry_at(r, i % r->count)->name;
}

/* Checks it and fails where it does not agree, saying what of. */
static double check(const struct snn_spec *spec, const char *what)
{
    static struct snn_gradcheck_report found;
    struct snn_error err = {0};
    const struct snn_gradcheck_options o = {.samples = 6, .entries = 3};
    if (snn_gradcheck(&found, spec, data, NULL, &o, &err) != SNN_OK)
        fail_msg("%s: %s", what, err.message);
    double moved = 0;
    for (size_t i = 0; i < found.n; i++) {
        moved = fmax(moved, found.row[i].norm);
        if (!(found.row[i].error <= TOLERANCE))
            fail_msg("%s: %s is off by %g: %.9g backwards, %.9g forwards", what, found.row[i].name,
                     found.row[i].error, found.row[i].reverse, found.row[i].forward);
    }
    return moved;
}

/* Two layers of that neuron, so that gradients go through a whole layer and its past. */
static struct snn_spec spec_of(const char *model, const char *solver, const char *reset,
                               const char *surrogate)
{
    struct snn_spec spec = runs_spec();
    spec.time_steps = 9;
    spec.encoding = runs_choice(&snn_encoders, "rate");
    for (size_t i = 0; i < spec.n_layers; i++) {
        struct snn_neuron_spec *n = &spec.layers[i].neuron;
        n->model = runs_choice(&snn_neurons, model);
        n->solver = runs_choice(&snn_solvers, solver);
        n->reset = runs_choice(&snn_resets, reset);
        n->surrogate = runs_choice(&snn_surrogates, surrogate);
        n->alpha[0] = strcmp(solver, "euler") == 0 ? 1 : 0.6;
    }
    return spec;
}

static bool own_steps(const char *model)
{
    return strcmp(model, "leaky") == 0 || strcmp(model, "synaptic") == 0;
}

/* Sets detach_reset where the model has it. */
static void set(struct snn_neuron_spec *n, const char *parameter, double value)
{
    for (size_t i = 0; i < n->model.kind->n_params; i++)
        if (strcmp(n->model.kind->params[i].name, parameter) == 0)
            n->model.value[i] = value;
}

static void learn_all(struct snn_neuron_spec *n, bool per_neuron)
{
    for (enum snn_learnable w = 0; w < SNN_LEARNABLE_COUNT; w++) {
        const enum snn_learn how =
            per_neuron && snn_learnable_allows(w, SNN_PER_NEURON) ? SNN_PER_NEURON : SNN_PER_LAYER;
        struct snn_spec probe = runs_spec();
        probe.layers[0].neuron = *n;
        probe.layers[0].neuron.learn[w] = how;
        if (snn_spec_check(&probe, snn_data_describe(data), NULL, NULL) == SNN_OK)
            n->learn[w] = how;
    }
}

/* Every neuron with every solver and reset; surrogates, readouts, losses and the rest go round. */
static void gradcheck__every_neuron_solver_and_reset__agrees(void **state)
{
    size_t turn = 0, alive = 0;
    (void)state;
    for (size_t m = 0; m < snn_neurons.count; m++)
        for (size_t s = 0; s < snn_solvers.count; s++)
            for (size_t r = 0; r < snn_resets.count * 2; r++, turn++) {
                const char *model = name_of(&snn_neurons, m), *solver = name_of(&snn_solvers, s);
                struct snn_spec spec = spec_of(model, solver, name_of(&snn_resets, r / 2),
                                               name_of(&snn_surrogates, turn));
                char what[160];
                if (own_steps(model) && strcmp(solver, "euler") != 0)
                    continue;
                for (size_t i = 0; i < spec.n_layers; i++) {
                    set(&spec.layers[i].neuron, "detach_reset", r % 2 == 0);
                    set(&spec.layers[i].neuron, "reset_delay", r % 2 == 0);
                    if (turn % 3)
                        learn_all(&spec.layers[i].neuron, turn % 3 == 1);
                }
                spec.readout = runs_choice(&snn_readouts, name_of(&snn_readouts, turn));
                spec.loss = runs_choice(&snn_losses, name_of(&snn_losses, turn / 2));
                spec.rate_penalty = turn % 4 == 0 ? 0.5 : 0;
                spec.rate_above = 0.1;
                if (turn % 5 == 0)
                    spec.encoding = runs_choice(&snn_encoders, "constant");
                snprintf(what, sizeof what, "%s, %s, %s, %s, %s, %s, %zu", model, solver,
                         name_of(&snn_resets, r / 2), spec.layers[0].neuron.surrogate.kind->name,
                         spec.readout.kind->name, spec.loss.kind->name, r % 2);
                alive += check(&spec, what) > 0;
            }
    assert_true(alive * 10 > turn * 6); /* most have a gradient at all */
}

static void gradcheck__several_terms__agree(void **state)
{
    struct snn_spec spec = spec_of("lif", "gl", "subtract", "sigmoid");
    (void)state;
    for (size_t i = 0; i < spec.n_layers; i++) {
        struct snn_neuron_spec *n = &spec.layers[i].neuron;
        n->n_terms = 2;
        n->alpha[1] = 0.3;
        n->coefficients[0] = 1;
        n->coefficients[1] = 0.5;
        n->memory = 4;
        learn_all(n, false);
    }
    assert_true(check(&spec, "two terms") > 0);
}

static struct snn_layer_spec *add(struct snn_spec *spec, const char *kind)
{
    struct snn_layer_spec *l = &spec->layers[spec->n_layers++];
    *l = spec->layers[0];
    (void)snprintf(l->name, sizeof l->name, "layer%zu", spec->n_layers);
    l->kind = runs_choice(&snn_layers, kind);
    return l;
}

/* Convolution, both pools, dropout, recurrence; each with neurons and
 * without. */
static void gradcheck__every_layer_kind__agrees(void **state)
{
    (void)state;
    for (size_t turn = 0; turn < 8; turn++) {
        struct snn_spec spec = spec_of("lif", turn & 1 ? "gl" : "euler", "subtract", "arctan");
        struct snn_layer_spec *l;
        char what[40];
        spec.n_layers = 0;
        if (turn & 4) {
            spec.encoding = runs_choice(&snn_encoders, "constant");
            spec.encoding.value[0] = 4;
        }
        l = add(&spec, "conv2d");
        l->kind.value[0] = 3;
        l->kind.value[1] = 2;
        l->kind.value[5] = 1;
        l->neurons = (turn & 2) ? SNN_PRESENT : SNN_ABSENT;
        l = add(&spec, turn & 1 ? "max_pool2d" : "avg_pool2d");
        l->kind.value[0] = 2;
        l->kind.value[1] = 1;
        l->neurons = (!(turn & 2)) ? SNN_PRESENT : SNN_ABSENT;
        l = add(&spec, "dropout");
        l->neurons = SNN_ABSENT;
        l = add(&spec, "flatten");
        l->neurons = turn & 4 ? SNN_PRESENT : SNN_ABSENT;
        l = add(&spec, "recurrent");
        l->kind.value[0] = 7;
        l->kind.value[1] = (double)(turn & 1);
        l->kind.value[3] = turn & 2 ? 1 : 0; /* one_to_one */
        l = add(&spec, "dense");
        l->kind.value[0] = 3;
        l->neurons = (turn & 2) ? SNN_PRESENT : SNN_ABSENT;
        snprintf(what, sizeof what, "layers, turn %zu", turn);
        assert_true(check(&spec, what) > 0);
    }
}

static void gradcheck__another_ones_weights__are_told_as_wrong(void **state)
{
    struct snn_spec spec = spec_of("lif", "euler", "subtract", "sigmoid");
    struct snn_spec wider = spec;
    struct snn_model *model = NULL;
    struct snn_error err = {0};
    static struct snn_gradcheck_report found;
    const struct snn_gradcheck_options o = {.samples = 2};
    (void)state;
    wider.layers[0].kind.value[0] += 1;
    struct snn_run *run = runs_new(&wider, data, 1);
    char *dir = tmpdir_create(), *path = runs_save(run, dir, "run");
    assert_int_equal(snn_model_open(&model, path, SNN_LAST, &err), SNN_OK);
    assert_int_equal(snn_gradcheck(&found, &spec, data, model, &o, &err), SNN_INVALID);
    assert_contains(err.message, "layer1.weight");
    assert_int_equal(snn_gradcheck(&found, &wider, data, model, &o, NULL), SNN_OK);
    assert_true(found.error <= TOLERANCE);
    snn_model_free(model);
    free(path);
    tmpdir_remove(dir);
    snn_run_free(run);
}

static void gradcheck__too_much_work__looks_at_less_or_refuses(void **state)
{
    const struct snn_spec spec = spec_of("lif", "euler", "subtract", "sigmoid");
    static struct snn_gradcheck_report found;
    struct snn_error err = {0};
    struct snn_gradcheck_options o = {.samples = 8, .entries = 4, .most = 3e4};
    (void)state;
    assert_int_equal(snn_gradcheck(&found, &spec, data, NULL, &o, &err), SNN_OK);
    assert_true(found.samples < 8 && found.samples >= 1);
    o.most = 10;
    assert_int_equal(snn_gradcheck(&found, &spec, data, NULL, &o, &err), SNN_LIMIT);
    assert_contains(err.message, "want at most 10");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradcheck__every_neuron_solver_and_reset__agrees),
        cmocka_unit_test(gradcheck__several_terms__agree),
        cmocka_unit_test(gradcheck__every_layer_kind__agrees),
        cmocka_unit_test(gradcheck__another_ones_weights__are_told_as_wrong),
        cmocka_unit_test(gradcheck__too_much_work__looks_at_less_or_refuses),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
