/* SPDX-License-Identifier: MIT */
/* Any bytes as an IDX file, plain or gzip, of images and of labels: read or refused with a message,
 * and a file that is only checked gets the same verdict as one that is kept. */
#include "core/data/idx.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static enum snn_code read_idx(struct snn_samples *out, bool labels, bool keep, const uint8_t *bytes,
                              size_t n)
{
    struct snn_error err = {0};
    struct snn_source source;
    size_t count = 0;
    enum snn_code rc = snn_source_memory(&source, "fuzz", bytes, n, (size_t)1 << 16, &err);

    if (rc == SNN_OK) {
        rc = labels ? snn_idx_labels(out, &count, &source, keep, &err)
                    : snn_idx_images(out, &source, keep, &err);
        snn_source_close(&source);
    }
    if (rc != err.code || (rc != SNN_OK && !err.message[0]) ||
        (labels && (rc == SNN_OK) != !!count))
        abort();
    if (keep && labels)
        out->count = count;
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    for (int labels = 0; labels < 2; labels++) {
        struct snn_samples s = {0};
        unsigned long sum = 0;
        enum snn_code rc = read_idx(&s, labels, true, bytes, n);

        if (rc != read_idx(NULL, labels, false, bytes, n) ||
            (rc == SNN_OK) != (labels ? s.labels != NULL : s.bytes != NULL))
            abort();
        /* Every value is there to be read, and no label is wider than its byte. */
        for (size_t i = 0; s.bytes && i < s.count * snn_samples_features(&s); i++)
            sum += s.bytes[i];
        for (size_t i = 0; s.labels && i < s.count; i++)
            if (s.labels[i] > 255)
                abort();
        if (sum > 255ul << 16)
            abort();
        snn_samples_clear(&s);
    }
    return 0;
}
