/* SPDX-License-Identifier: MIT */
/* How strong a run's input is. */
#ifndef SPIKED_CORE_DIAGNOSE_INPUT_H
#define SPIKED_CORE_DIAGNOSE_INPUT_H

#include "core/snn.h"

/* Root mean square of the encoded input, over units, some steps and some training samples. */
enum snn_code snn_input_strength(double *out, const struct snn_run *run, struct snn_error *err);

#endif
