/* SPDX-License-Identifier: MIT */
#include "tests/core/bias/measure.h"

#include "tests/support/test.h"

struct snn_bias_report report;
struct snn_meter meter;

void measure(const struct snn_spec *spec, const struct snn_data *data,
             const struct snn_bias_options *o, const char *what)
{
    struct snn_error err = {0};
    if (snn_meter_begin(&meter, spec, data, NULL, o, &err) != SNN_OK ||
        snn_meter_measure(&meter, &err) != SNN_OK ||
        snn_meter_report(&meter, &report, &err) != SNN_OK)
        fail_msg("%s: %s", what, err.message);
}

void measure_end(void)
{
    snn_arena_free(&meter.arena);
}
