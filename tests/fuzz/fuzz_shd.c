/* SPDX-License-Identifier: MIT */
/* Any bytes as an HDF5 file of spikes. */
#include "core/data/shd.h"
#include "tests/fuzz/samples.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    samples_fuzz(snn_shd_read, bytes, n);
    return 0;
}
