/* SPDX-License-Identifier: MIT */
/* What goes into the first layer in a step: encoding and samples together decide it. */
#include <string.h>

#include "core/encode/encode.h"
#include "core/train/net.h"
#include "core/train/spec.h"

/* Features of a step of a sequence; 0 where the samples have but one dimension, and nobody said. */
static size_t step_features(const struct snn_spec *spec, const struct snn_data_info *data)
{
    const size_t said = (size_t)snn_choice_value(&spec->encoding, "step_features", 0);
    return said || data->rank < 2 ? said : data->features / data->shape[0];
}

struct snn_shape snn_net_input(const struct snn_spec *spec, const struct snn_data_info *data)
{
    struct snn_shape s = snn_shape_of(data);
    if (!snn_encoder_of(&spec->encoding)->is_sequence)
        return s;
    const size_t n = step_features(spec, data);
    if (s.rank < 2 || n != data->features / s.size[0])
        return snn_shape_flat(n);
    s.rank--;
    memmove(s.size, s.size + 1, s.rank * sizeof *s.size);
    return s;
}

static bool check_sequence(struct snn_check *r, const struct snn_spec *spec,
                           const struct snn_data_info *data)
{
    const size_t n = step_features(spec, data);
    if (n == 0 || data->features % n != 0) {
        snn_wrong(r, "/encoding/step_features",
                  "step_features is %zu, but a sample is %zu features in %s: want how many of them "
                  "are a step's, a divisor of %zu",
                  n, data->features, data->rank < 2 ? "one row" : "rows of another length",
                  data->features);
        return false;
    }
    const size_t steps = data->features / n;
    if (steps == spec->time_steps)
        return true;
    snn_wrong(
        r, "/encoding/time_steps",
        "time_steps is %zu, but a sample is %zu step%s of %zu feature%s: want %zu, or another "
        "encoding.step_features",
        spec->time_steps, steps, steps == 1 ? "" : "s", n, n == 1 ? "" : "s", steps);
    return false;
}

bool snn_check_input(struct snn_check *r, const struct snn_spec *spec,
                     const struct snn_data_info *data)
{
    const struct snn_encoder *encoder = snn_encoder_of(&spec->encoding);
    const bool takes_events = encoder->encode_events != NULL;
    if (takes_events && !data->events)
        snn_wrong(r, "/encoding/kind",
                  "encoding %s is for lists of events, but the data set's samples are features",
                  spec->encoding.kind->name);
    else if (!takes_events && data->events)
        snn_wrong(r, "/encoding/kind",
                  "encoding %s is for features, but the data set's samples are lists of events: "
                  "want events",
                  spec->encoding.kind->name);
    return !encoder->is_sequence || (!data->events && check_sequence(r, spec, data));
}
