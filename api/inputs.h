/* SPDX-License-Identifier: MIT */
/* Samples in a request: features, or lists of events. */
#ifndef SPIKED_API_INPUTS_H
#define SPIKED_API_INPUTS_H

#include "api/schema.h"
#include "core/snn.h"

struct api_inputs {
    struct snn_inputs inputs; /* points to what follows */
    float *values;
    size_t *first;
    uint32_t *times;
    uint16_t *units;
};

/* `list`, the value at /inputs, as samples of such data: [[value, ...], ...], or of events
 * [[[time, unit], ...], ...]. What is wrong goes to `e`, with its place; false where there is no
 * memory. Clear it in the end. */
bool api_inputs_read(struct api_errors *e, struct api_inputs *out, const struct snn_data_info *info,
                     json_t *list);
void api_inputs_clear(struct api_inputs *s);

#endif
