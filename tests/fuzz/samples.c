/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/samples.h"

#include <math.h>
#include <stdlib.h>

static enum snn_code read_all(enum snn_code (*read)(struct snn_samples *out,
                                                    struct snn_source *source, bool keep,
                                                    struct snn_error *err),
                              struct snn_samples *out, bool keep, const uint8_t *bytes, size_t n)
{
    struct snn_error err = {0};
    struct snn_source source;
    enum snn_code rc = snn_source_memory(&source, "fuzz", bytes, n, (size_t)1 << 16, &err);

    if (rc == SNN_OK) {
        rc = read(out, &source, keep, &err);
        snn_source_close(&source);
    }
    if (rc != err.code || (rc != SNN_OK && !err.message[0]))
        abort();
    return rc;
}

/* Samples have a number a feature, or events one after another. */
static void check_values(const struct snn_samples *s)
{
    for (size_t i = 0; s->values && i < s->count * snn_samples_features(s); i++)
        if (!isfinite(s->values[i]))
            abort();
    for (size_t i = 0; s->first && i < s->count; i++)
        if (s->first[i] > s->first[i + 1])
            abort();
    for (size_t i = 0; s->first && s->count && i < s->first[s->count]; i++)
        if (s->units[i] >= s->shape[0])
            abort();
}

void samples_fuzz(enum snn_code (*read)(struct snn_samples *out, struct snn_source *source,
                                        bool keep, struct snn_error *err),
                  const uint8_t *bytes, size_t n)
{
    struct snn_samples s = {0};
    enum snn_code rc = read_all(read, &s, true, bytes, n);

    if (rc != read_all(read, NULL, false, bytes, n) ||
        (rc == SNN_OK) != (s.labels && (s.values || (s.first && s.times && s.units))))
        abort();
    check_values(&s);
    for (size_t i = 0; i < s.count; i++)
        if (s.labels[i] > SNN_CSV_MAX_LABEL)
            abort();
    snn_samples_clear(&s);
}
