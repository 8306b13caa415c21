/* SPDX-License-Identifier: MIT */
/* Any bytes as a CSV file, plain or gzip: read or refused with a message, and a file that is only
 * checked gets the same verdict as one that is kept. */
#include "core/data/csv.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static enum snn_code read_csv(struct snn_samples *out, bool keep, const uint8_t *bytes, size_t n)
{
    struct snn_error err = {0};
    struct snn_source source;
    enum snn_code rc = snn_source_memory(&source, "fuzz", bytes, n, (size_t)1 << 16, &err);

    if (rc == SNN_OK) {
        rc = snn_csv_read(out, &source, keep, &err);
        snn_source_close(&source);
    }
    if (rc != err.code || (rc != SNN_OK && !err.message[0]))
        abort();
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct snn_samples s = {0};
    enum snn_code rc = read_csv(&s, true, bytes, n);

    if (rc != read_csv(NULL, false, bytes, n) || (rc == SNN_OK) != (s.values && s.labels))
        abort();
    for (size_t i = 0; i < s.count * snn_samples_features(&s); i++)
        if (!isfinite(s.values[i]))
            abort();
    for (size_t i = 0; i < s.count; i++)
        if (s.labels[i] > SNN_CSV_MAX_LABEL)
            abort();
    snn_samples_clear(&s);
    return 0;
}
