/* SPDX-License-Identifier: MIT */
/* What every reader of samples promises, held to it with any bytes as its file, plain or gzip. */
#ifndef TESTS_FUZZ_SAMPLES_H
#define TESTS_FUZZ_SAMPLES_H

#include "core/data/csv.h"

/* Read or refused with a message; a file that is only checked gets the same verdict as one that is
 * kept; what is kept is whole: finite values or events in order, of units and labels that there
 * are. Aborts where it is not. */
void samples_fuzz(enum snn_code (*read)(struct snn_samples *out, struct snn_source *source,
                                        bool keep, struct snn_error *err),
                  const uint8_t *bytes, size_t n);

#endif
