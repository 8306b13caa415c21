/* SPDX-License-Identifier: MIT */
/* Samples that somebody asks about have events at any time: those behind the end are left out. */
#include <stdlib.h>

#include "tests/core/train/runs.h"
#include "tests/support/test.h"
#include "tests/support/tmpdir.h"

/* The same samples, each with an event at `late` among its own, which it follows and leads. */
static void check_late(const struct snn_model *model, const struct snn_spec *spec,
                       const struct snn_data_info *info, const struct snn_inputs *in, uint32_t late)
{
    enum { SAMPLES = 64, MOST = 4096 };
    static size_t first[SAMPLES + 1];
    static uint32_t times[MOST];
    static uint16_t units[MOST];
    const struct snn_inputs with = {in->n, NULL, first, times, units};
    struct snn_predictions p = {0}, q = {0};
    size_t n = 0;

    assert_true(in->n <= SAMPLES && in->first[in->n] + 2 * in->n <= MOST);
    for (size_t i = 0; i < in->n; i++) {
        first[i] = n;
        for (size_t k = in->first[i]; k <= in->first[i + 1]; k++) {
            if (k == in->first[i + 1] || (i % 2 && k == in->first[i])) {
                times[n] = late;
                units[n++] = 1;
            }
            if (k < in->first[i + 1]) {
                times[n] = in->times[k];
                units[n++] = in->units[k];
            }
        }
    }
    first[in->n] = n;
    assert_int_equal(snn_predict(&p, model, spec, info, in, 0, NULL), SNN_OK);
    assert_int_equal(snn_predict(&q, model, spec, info, &with, 0, NULL), SNN_OK);
    assert_memory_equal(q.scores, p.scores, p.n * p.classes * sizeof *p.scores);
    snn_predictions_clear(&p);
    snn_predictions_clear(&q);
}

/* By the set's duration, by the job's own, and by that alone, where the set is gone. */
static void predict__events_behind_the_duration__are_left_out(void **state)
{
    struct snn_data *data = runs_events();
    const struct snn_inputs inputs = {.n = data->test.count,
                                      .first = data->test.first,
                                      .times = data->test.times,
                                      .units = data->test.units};
    struct snn_data_info info = *snn_data_describe(data);
    const uint32_t end = (uint32_t)info.duration;
    struct snn_spec spec = runs_spec();
    struct snn_error err = {0};
    struct snn_model *model = NULL;
    char *dir = tmpdir_create();

    (void)state;
    spec.encoding = runs_choice(&snn_encoders, "events");
    spec.time_steps = 10;
    struct snn_run *run = runs_new(&spec, data, 2);
    runs_train(run, 0);
    char *path = runs_save(run, dir, "run.ckpt");
    if (snn_model_open(&model, path, SNN_BEST, &err) != SNN_OK)
        fail_msg("%s", err.message);

    for (int mask = 0; mask < 2; mask++) {
        *runs_parameter(&spec.encoding, "mask") = mask;
        *runs_parameter(&spec.encoding, "duration") = 0;
        check_late(model, &spec, &info, &inputs, end);
        check_late(model, &spec, &info, &inputs, end + end / 10);
        check_late(model, &spec, &info, &inputs, UINT32_MAX);
        *runs_parameter(&spec.encoding, "duration") = 2 * (double)end;
        check_late(model, &spec, &info, &inputs, 2 * end);
        info.duration = 0;
        check_late(model, &spec, &info, &inputs, UINT32_MAX);
        info.duration = end;
    }
    free(path);
    tmpdir_remove(dir);
    snn_model_free(model);
    snn_run_free(run);
    snn_data_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predict__events_behind_the_duration__are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
