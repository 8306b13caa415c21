/* SPDX-License-Identifier: MIT */
/* Any bytes as a CSV file. */
#include "tests/fuzz/samples.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    samples_fuzz(snn_csv_read, bytes, n);
    return 0;
}
