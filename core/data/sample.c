/* SPDX-License-Identifier: MIT */
/* One sample of a data set, for whoever wants to see it. */
#include <stdlib.h>
#include <string.h>

#include "core/data/data.h"

void snn_sample_clear(struct snn_sample *s)
{
    free(s->values);
    free(s->times);
    free(s->units);
    *s = (struct snn_sample){0};
}

static bool copy_values(struct snn_sample *s, const struct snn_data *data, bool test, size_t i)
{
    real *x = calloc(s->n, sizeof *x);

    s->values = calloc(s->n, sizeof *s->values);
    if (x && s->values) {
        snn_data_features(data, test, i, x);
        for (size_t k = 0; k < s->n; k++)
            s->values[k] = (float)x[k];
    }
    free(x);
    return x && s->values;
}

static bool copy_events(struct snn_sample *s, const struct snn_data *data, bool test, size_t i)
{
    const struct snn_events e = snn_data_events(data, test, i);

    s->n = e.n;
    s->times = calloc(e.n ? e.n : 1, sizeof *s->times);
    s->units = calloc(e.n ? e.n : 1, sizeof *s->units);
    if (!s->times || !s->units)
        return false;
    for (size_t k = 0; k < e.n; k++) {
        s->times[k] = e.times[k];
        s->units[k] = e.units[k];
    }
    return true;
}

enum snn_code snn_data_sample(struct snn_sample *out, const struct snn_data *data, bool test,
                              size_t i, struct snn_error *err)
{
    const struct snn_data_info *info = snn_data_describe(data);
    const size_t count = test ? info->test : info->train;
    struct snn_sample s = {.n = info->features};

    if (i >= count)
        return snn_fail(err, SNN_NOT_FOUND, "there is no %s sample %zu, want one below %zu",
                        test ? "test" : "training", i, count);
    if (!(info->events ? copy_events(&s, data, test, i) : copy_values(&s, data, test, i))) {
        snn_sample_clear(&s);
        return snn_fail(err, SNN_NOMEM, "no memory for a sample of %zu values", s.n);
    }
    s.label = snn_data_label(data, test, i);
    *out = s;
    return SNN_OK;
}
