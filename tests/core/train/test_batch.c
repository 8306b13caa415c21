/* SPDX-License-Identifier: MIT */
/* A step's gradients are the step's: what lies where they are summed leaves no trace. */
#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

#define SAMPLES 26 /* batches of 7 and one of 5; of 3, fewer than shards, and one of 2 */

static void note_lists(struct runs_lists *met, const struct snn_run *run)
{
    for (size_t i = 0; i < run->net.n_layers; i++) {
        struct snn_lists_count sum = {0};

        for (size_t t = 0; t < run->threads; t++) {
            const struct snn_lists_count *c = &run->work[t].layer[i].heard.rows.count;

            sum.blocks += c->blocks;
            sum.listed += c->listed;
            sum.entries += c->entries;
        }
        runs_note_lists(met, &sum);
    }
}

static bool poison(void *user, struct snn_run *run, const struct snn_progress *p)
{
    (void)p;
    for (size_t s = 0; *(const bool *)user && s < run->shards; s++)
        for (size_t i = 0; i < run->net.n_params; i++)
            run->grads[s][i] = (real)NAN;
    return true;
}

static void train(const struct snn_spec *spec, const struct snn_data *data, bool poisoned,
                  struct runs_lists *met, char hex[SNN_SHA256_HEX])
{
    const struct snn_hooks hooks = {.user = &poisoned, .progress = poison};
    struct snn_run *run = runs_new(spec, data, 2);
    struct snn_error err = {0};

    for (size_t t = 0; t < run->threads; t++)
        run->work[t].size.block = 1; /* a shard of lists and others */
    poison(&poisoned, run, NULL);
    if (snn_run_train(run, &hooks, &err) != SNN_OK)
        fail_msg("%s", err.message);
    note_lists(met, run);
    runs_digest(run, hex);
    snn_run_free(run);
}

static void check(const struct snn_spec *spec, const struct snn_data *data, struct runs_lists *met)
{
    static const size_t batches[] = {7, 3};
    char clean[SNN_SHA256_HEX], poisoned[SNN_SHA256_HEX];

    for (size_t i = 0; i < SNN_COUNT(batches); i++) {
        struct snn_spec s = *spec;

        s.batch_size = batches[i];
        train(&s, data, false, met, clean);
        train(&s, data, true, met, poisoned);
        assert_string_equal(clean, poisoned);
    }
}

static void set_all(struct snn_spec *spec, const char *kind, double threshold)
{
    for (size_t i = 0; i < spec->n_layers; i++) {
        const double units = spec->layers[i].kind.value[0];

        spec->layers[i].kind = runs_choice(&snn_layers, kind);
        spec->layers[i].kind.value[0] = units;
        spec->layers[i].neuron.model.value[SNN_NEURON_THRESHOLD] = threshold;
    }
}

static void step__gradients_there_before__leave_no_trace(void **state)
{
    static const char *const kinds[] = {"dense", "recurrent"};
    static const char *const encodings[] = {"constant", "rate", "latency"};
    struct snn_data *data = runs_data(SAMPLES, 4, 1), *events = runs_events();
    struct runs_lists met = {0};

    (void)state;
    for (size_t k = 0; k < SNN_COUNT(kinds); k++) {
        struct snn_spec spec = runs_spec();

        for (size_t i = 0; i < SNN_COUNT(encodings); i++) {
            spec.encoding = runs_choice(&snn_encoders, encodings[i]);
            set_all(&spec, kinds[k], 0.4);
            check(&spec, data, &met);
            set_all(&spec, kinds[k], 100); /* nothing fires */
            check(&spec, data, &met);
        }
        runs_orders_learned(&spec);
        check(&spec, data, &met);
        spec = runs_spec();
        spec.encoding = runs_choice(&snn_encoders, "events");
        set_all(&spec, kinds[k], 0.4);
        spec.epochs = 1;
        check(&spec, events, &met);
    }
    assert_true(met.all && met.some && met.none && met.silent);
    snn_data_free(events);
    snn_data_free(data);
}

/* One product of the whole batch, and behind it a layer that is hoisted: of each shard its own. */
static void step__static_layers__leave_no_trace(void **state)
{
    struct snn_data *data = runs_data(SAMPLES, 4, 1);
    struct snn_spec spec = runs_spec();
    struct runs_lists met = {0};

    (void)state;
    spec.encoding = runs_choice(&snn_encoders, "constant");
    spec.layers[0].neurons = SNN_ABSENT;
    check(&spec, data, &met);
    snn_data_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(step__gradients_there_before__leave_no_trace),
        cmocka_unit_test(step__static_layers__leave_no_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
