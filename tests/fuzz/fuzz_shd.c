/* SPDX-License-Identifier: MIT */
/* Any bytes as an HDF5 file of spikes, plain or gzip: read or refused with a message, and a file
 * that is only checked gets the same verdict as one that is kept. */
#include "core/data/csv.h"
#include "core/data/shd.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static enum snn_code read_spikes(struct snn_samples *out, bool keep, const uint8_t *bytes, size_t n)
{
    struct snn_error err = {0};
    struct snn_source source;
    enum snn_code rc = snn_source_memory(&source, "fuzz", bytes, n, (size_t)1 << 16, &err);

    if (rc == SNN_OK) {
        rc = snn_shd_read(out, &source, keep, &err);
        snn_source_close(&source);
    }
    if (rc != err.code || (rc != SNN_OK && !err.message[0]))
        abort();
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct snn_samples s = {0};
    enum snn_code rc = read_spikes(&s, true, bytes, n);

    if (rc != read_spikes(NULL, false, bytes, n) || (rc == SNN_OK) != (s.times && s.units))
        abort();
    for (size_t i = 0; i < s.count; i++)
        if (s.labels[i] > SNN_CSV_MAX_LABEL || s.first[i] > s.first[i + 1])
            abort();
    for (size_t i = 0; s.count && i < s.first[s.count]; i++)
        if (s.units[i] >= s.shape[0])
            abort();
    snn_samples_clear(&s);
    return 0;
}
