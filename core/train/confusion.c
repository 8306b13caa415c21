/* SPDX-License-Identifier: MIT */
/* How the test samples were told apart: the final evaluation's answers, counted. */
#include <string.h>

#include "core/train/run.h"

void snn_run_place_confusion(struct snn_run *r)
{
    struct snn_arena *a = &r->arena;
    const size_t n = r->net.classes;
    r->predicted = snn_arena_take(a, r->info.test, sizeof *r->predicted);
    r->class_samples = snn_arena_take(a, n, sizeof *r->class_samples);
    r->class_correct = snn_arena_take(a, n, sizeof *r->class_correct);
    if (n <= SNN_CONFUSION_CLASSES)
        r->confusion = snn_arena_take(a, n * n, sizeof *r->confusion);
}

void snn_run_count_confusion(struct snn_run *r)
{
    const size_t n = r->net.classes;
    memset(r->class_samples, 0, n * sizeof *r->class_samples);
    memset(r->class_correct, 0, n * sizeof *r->class_correct);
    if (r->confusion)
        memset(r->confusion, 0, n * n * sizeof *r->confusion);
    for (size_t i = 0; i < r->info.test; i++) {
        const uint32_t label = snn_data_label(r->data, true, r->test_index[i]);
        r->class_samples[label]++;
        r->class_correct[label] += r->predicted[i] == label;
        if (r->confusion)
            r->confusion[label * n + r->predicted[i]]++;
    }
    r->counted = true;
}

bool snn_run_confusion(const struct snn_run *r, struct snn_confusion *out)
{
    if (!r->counted)
        return false;
    *out = (struct snn_confusion){.classes = r->net.classes,
                                  .samples = r->class_samples,
                                  .correct = r->class_correct,
                                  .matrix = r->confusion};
    return true;
}
