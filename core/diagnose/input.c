/* SPDX-License-Identifier: MIT */
/* How strong what comes in is: the root mean square of the encoded input, over some training
 * samples and steps. Drawn as evaluation draws, so that it says the same at each start of a run. */
#include "core/diagnose/input.h"

#include <math.h>
#include <stdlib.h>

#include "core/math/vec.h"
#include "core/train/run.h"

#define SAMPLES ((size_t)16)
#define STEPS ((size_t)32)

struct look {
    const struct snn_run *run;
    real *features, *input; /* of a sample; of a step */
};

/* One step of a training sample. */
static void encode(const struct look *k, uint32_t index, size_t step)
{
    const struct snn_net *net = &k->run->net;
    const struct snn_encoder *encoder = snn_encoder_of(&net->encoding);
    const struct snn_steps steps = {step, step + 1, net->all_steps};
    const struct snn_rng_key key = {
        .seed = net->seed, .stream = SNN_STREAM_ENCODE_EVAL, .sample = index};
    if (encoder->encode_events) {
        const struct snn_events e = snn_data_events(k->run->data, false, index);
        (void)encoder->encode_events(k->input, &e, net->features, steps, &net->encoding, NULL);
    } else {
        encoder->encode(k->input, k->features, net->features, steps, &net->encoding, &key);
    }
}

static double mean_square(const struct look *k)
{
    const struct snn_run *r = k->run;
    const struct snn_encoder *encoder = snn_encoder_of(&r->net.encoding);
    const size_t all = encoder->is_static ? 1 : r->net.all_steps;
    const size_t samples = r->train < SAMPLES ? r->train : SAMPLES;
    const size_t steps = all < STEPS ? all : STEPS;
    double sum = 0;
    for (size_t i = 0; i < samples; i++) {
        const uint32_t index = r->train_index[i * r->train / samples];
        if (!encoder->encode_events)
            snn_data_features(r->data, false, index, k->features);
        for (size_t t = 0; t < steps; t++) {
            encode(k, index, t * all / steps);
            sum += snn_sum_squares(k->input, r->net.features);
        }
    }
    return sum / ((double)samples * (double)steps * (double)r->net.features);
}

enum snn_code snn_input_strength(double *out, const struct snn_run *run, struct snn_error *err)
{
    struct look k = {.run = run};
    enum snn_code rc = SNN_OK;
    k.features = malloc(run->net.sample_features * sizeof(real));
    k.input = malloc(run->net.features * sizeof(real));
    if (k.features && k.input)
        *out = sqrt(mean_square(&k));
    else
        rc = snn_fail(err, SNN_NOMEM, "no memory to look at samples of %zu features",
                      run->net.sample_features);
    free(k.features);
    free(k.input);
    return rc;
}
