/* SPDX-License-Identifier: MIT */
/* Building registries: a table of rows that start with a struct snn_kind. The lookups are in
 * core/snn.h. */
#ifndef SPIKED_CORE_BASE_PARAM_H
#define SPIKED_CORE_BASE_PARAM_H

#include "core/snn.h"

#define SNN_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SNN_PARAMS(array) .params = (array), .n_params = SNN_COUNT(array)
#define SNN_REGISTRY(table, name_, noun_)                                                          \
    {                                                                                              \
        .name = (name_), .noun = (noun_), .rows = (table), .count = SNN_COUNT(table),              \
        .stride = sizeof((table)[0])                                                               \
    }

#endif
