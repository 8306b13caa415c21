/* SPDX-License-Identifier: MIT */
/* Tangents and gradients agree for whatever a job can say; and where a gradient is wrong, it shows.
 */
#include "core/snn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/param.h"
#include "core/data/data.h"
#include "tests/core/train/every.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

#define TOLERANCE (sizeof(real) == sizeof(double) ? 1e-9 : 1e-4)

static struct snn_data *data, *every; /* 6 features; what every_spec is for */

static int setup(void **state)
{
    (void)state;
    data = runs_data(24, 4, 3);
    every = every_data_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    snn_data_free(data);
    snn_data_free(every);
    return 0;
}

/* Checks it and fails where it does not agree, saying what of. */
static double check(const struct snn_spec *spec, const struct snn_data *with, const char *what)
{
    static struct snn_gradcheck_report found;
    struct snn_error err = {0};
    const struct snn_gradcheck_options o = {.samples = 3, .entries = 1};
    if (snn_gradcheck(&found, spec, with, NULL, &o, &err) != SNN_OK)
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

/* The first loss and readout from the turn's on that go with the rest of it; false: none does. */
static bool spec_with_any_loss(struct snn_spec *spec, struct every e)
{
    for (size_t i = 0; i < snn_losses.count * snn_readouts.count; i++) {
        e.loss = (e.turn + i) / snn_readouts.count % snn_losses.count;
        e.readout = (e.turn + i) % snn_readouts.count;
        if (every_spec(spec, &e))
            return true;
    }
    return false;
}

/* Every form of a layer with every neuron, solver and reset, detached and not. */
static void gradcheck__whatever_a_job_can_choose__agrees(void **state)
{
    const size_t resets = snn_resets.count * 2;
    const size_t all = every_forms() * snn_neurons.count * snn_solvers.count * resets;
    size_t turn = 0, alive = 0;
    (void)state;
    for (size_t i = 0; i < all; i++) {
        const size_t neuron = i / resets;
        const struct every e = {.form = neuron / (snn_neurons.count * snn_solvers.count),
                                .neuron = neuron / snn_solvers.count % snn_neurons.count,
                                .solver = neuron % snn_solvers.count,
                                .reset = i % resets / 2,
                                .detach_reset = i % 2,
                                .surrogate = turn % snn_surrogates.count,
                                .turn = turn};
        struct snn_spec spec;
        char name[EVERY_NAME];
        if (!spec_with_any_loss(&spec, e))
            continue;
        turn++;
        every_name(name, &spec);
        alive += check(&spec, every, name) > 0;
    }
    assert_true(turn >= every_forms() * every_neuron_and_solver() * resets);
    assert_true(alive * 10 > turn * 9); /* most have a gradient at all */
}

/* A far past of decaying states, whose coefficients are an order's to learn: more steps than for
 * sums alone, so that every weight of the states is used. */
static void gradcheck__exponentials__agree(void **state)
{
    static const char *const solvers[] = {"gl", "l1", "trap", "pred"};
    static const enum snn_learn learned[] = {SNN_FIXED, SNN_PER_LAYER};
    size_t turn = 0;
    (void)state;
    for (size_t i = 0; i < SNN_COUNT(solvers); i++)
        for (size_t k = 0; k < snn_resets.count * 4; k++, turn++) {
            const char *reset = snn_registry_at(&snn_resets, k % snn_resets.count)->name;
            struct snn_spec spec =
                spec_of("lif", solvers[i], reset, turn % 2 ? "arctan" : "sigmoid");
            char what[96];
            spec.time_steps = 33;
            for (size_t l = 0; l < spec.n_layers; l++) {
                struct snn_neuron_spec *n = &spec.layers[l].neuron;
                n->exponentials = 4 + l;
                n->learn[SNN_LEARN_alpha] = learned[k / snn_resets.count % 2];
                n->model.value[SNN_NEURON_DETACH_RESET] = (double)(k / snn_resets.count / 2);
                if (i > 0 || turn % 2 == 0)
                    continue;
                n->n_terms = 2;
                n->alpha[1] = 0.3;
                n->coefficients[1] = 0.5;
                n->learn[SNN_LEARN_coefficients] = n->learn[SNN_LEARN_alpha];
            }
            snprintf(what, sizeof what, "exponentials, %s, %s, %zu", solvers[i], reset, k);
            assert_true(check(&spec, data, what) > 0);
        }
}

static const char *name_of(const struct snn_registry *r, size_t i)
{
    return snn_registry_at(r, i % r->count)->name;
}

/* Samples of 9 steps down to 2, of one tick, 6 units; some spikes in each step. A short one finds
 * what a long one left. */
static struct snn_data *short_samples(void)
{
    static size_t first[9];
    static uint32_t times[8 * 9 * 6], labels[8];
    static uint16_t units[8 * 9 * 6];
    static struct snn_data events;
    size_t n = 0;

    for (size_t i = 0; i < 8; i++) {
        for (size_t k = 0; k < (9 - i) * 6; k++)
            if ((k * 7 + i * 5) % 3 != 1) {
                times[n] = (uint32_t)(k / 6);
                units[n++] = (uint16_t)(k % 6);
            }
        first[i + 1] = n;
        labels[i] = (uint32_t)(i % 3);
    }
    events = (struct snn_data){.info = {.train = 8,
                                        .features = 6,
                                        .shape = {6},
                                        .rank = 1,
                                        .classes = 3,
                                        .events = true,
                                        .duration = 9},
                               .train = {.count = 8,
                                         .shape = {6},
                                         .rank = 1,
                                         .labels = labels,
                                         .first = first,
                                         .times = times,
                                         .units = units}};
    return &events;
}

/* Each is read up to its own last event: every readout, loss and the penalty. */
static void gradcheck__samples_that_end_early__agree(void **state)
{
    const struct snn_data *const early = short_samples();
    size_t alive = 0, turn = 0;
    (void)state;
    for (size_t r = 0; r < snn_readouts.count; r++)
        for (size_t l = 0; l < snn_losses.count; l++, turn++) {
            struct snn_spec spec = spec_of("lif", "euler", name_of(&snn_resets, turn), "arctan");
            char what[96];
            spec.encoding = runs_choice(&snn_encoders, "events");
            assert_string_equal(spec.encoding.kind->params[8].name, "mask");
            spec.encoding.value[8] = 1;
            spec.readout = runs_choice(&snn_readouts, name_of(&snn_readouts, r));
            spec.loss = runs_choice(&snn_losses, name_of(&snn_losses, l));
            spec.rate_penalty = 0.5 * (double)(turn % 2);
            spec.rate_above = 0.1;
            snprintf(what, sizeof what, "masked, %s, %s", spec.readout.kind->name,
                     spec.loss.kind->name);
            alive += check(&spec, early, what) > 0;
        }
    assert_true(alive * 10 > turn * 6);
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
        cmocka_unit_test(gradcheck__whatever_a_job_can_choose__agrees),
        cmocka_unit_test(gradcheck__exponentials__agree),
        cmocka_unit_test(gradcheck__samples_that_end_early__agree),
        cmocka_unit_test(gradcheck__another_ones_weights__are_told_as_wrong),
        cmocka_unit_test(gradcheck__too_much_work__looks_at_less_or_refuses),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
