/* SPDX-License-Identifier: MIT */
/* Any bytes as a job: compiled or refused with a reason, never a crash. */
#include <stdlib.h>
#include <string.h>

#include "api/api.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct snn_data_info data = {
        .train = 1438, .test = 359, .features = 64, .shape = {8, 8}, .rank = 2, .classes = 10};
    struct snn_error err = {.code = SNN_OK};
    struct snn_estimate estimate;
    struct snn_spec spec;
    char *text = malloc(size + 1);

    if (!text)
        return 0;
    memcpy(text, bytes, size);
    text[size] = '\0';
    if (api_compile(text, &data, &spec, &err) == SNN_OK) {
        /* What was accepted can be measured, or is too large to be. */
        err = (struct snn_error){.code = SNN_OK};
        if (snn_run_estimate(&estimate, &spec, &data, 2, &err) != SNN_OK && !err.message[0])
            abort();
    } else if (!err.message[0]) {
        abort();
    }
    free(text);
    return 0;
}
