/* SPDX-License-Identifier: MIT */
/* F. Zenke, T. P. Vogels: The remarkable robustness of surrogate gradient learning (Neural
 * Computation 33, 2021). Class c has a closed curve in the space of spike times: unit u's is
 *
 *     f(z) = sum over k = 1..32 of a/k^2 sin(2 pi (k b z + p)),  a, b, p uniform on [0, 1)
 *
 * scaled to [0, 1) over the class's samples; a sample is a uniform z on [0, 1). k^-2 is smoothness
 * alpha = 2, and 32 terms are those of at least a thousandth. */
#include "core/data/generated.h"

#include "core/base/rng.h"

#include <stdlib.h>
#include <string.h>

#define UNITS 100
#define CLASSES 10
#define HARMONICS 32
#define TRAIN 500 /* samples of a class */
#define TEST 100
#define SAMPLES (TRAIN + TEST)
#define SEED 42
#define GRID 65536 /* times are multiples of 1/GRID: exact in float, and far above rounding */

struct curve {
    double amplitude[HARMONICS];
    uint32_t frequency[HARMONICS]; /* of 2^24 */
    uint32_t phase[HARMONICS];     /* of 2^32, the whole circle */
};

/* sin(2 pi phase / 2^32) to 1e-9 from sums and products alone: every machine rounds them alike,
 * which the library's sine is free not to. */
static double sine(uint32_t phase)
{
    double x = (double)(int32_t)phase * 0x1p-31; /* half turns, [-1, 1) */
    double square;

    x = x > 0.5 ? 1 - x : x < -0.5 ? -1 - x : x;
    x *= 3.14159265358979323846;
    square = x * x;
    /* Taylor's series: the next term is (pi/2)^15 / 15! = 6.7e-10 at the most */
    return x *
           (1 -
            square / 6 *
                (1 - square / 20 *
                         (1 - square / 42 *
                                  (1 - square / 72 * (1 - square / 110 * (1 - square / 156))))));
}

static void draw_curve(struct curve *curve, uint32_t class, uint32_t unit)
{
    struct snn_rng_key key = {
        .seed = SEED, .stream = SNN_STREAM_DATA, .layer = 1, .sample = class, .step = unit};
    uint32_t bits[3 * HARMONICS];

    snn_rng_bits(bits, 0, 3 * HARMONICS, &key);
    for (uint32_t k = 0; k < HARMONICS; k++) {
        curve->amplitude[k] = (double)bits[3 * k] * 0x1p-32 / (double)((k + 1) * (k + 1));
        curve->frequency[k] = bits[3 * k + 1] >> 8;
        curve->phase[k] = bits[3 * k + 2];
    }
}

/* z is of 2^24. The phase is a whole number of 2^-48 turns, cut to 2^-32. */
static double curve_at(const struct curve *curve, uint32_t z)
{
    double sum = 0;

    for (uint32_t k = 0; k < HARMONICS; k++) {
        uint64_t turns = (uint64_t)(k + 1) * (uint64_t)z * curve->frequency[k];

        sum += curve->amplitude[k] * sine((uint32_t)(turns >> 16) + curve->phase[k]);
    }
    return sum;
}

/* Values of one class and unit to whole multiples of 1/GRID in [0, 1). */
static void to_times(float *out, const double *values)
{
    double low = values[0], high = values[0];

    for (size_t i = 1; i < SAMPLES; i++) {
        low = values[i] < low ? values[i] : low;
        high = values[i] > high ? values[i] : high;
    }
    for (size_t i = 0; i < SAMPLES; i++) {
        double place = high > low ? (values[i] - low) / (high - low) * GRID : 0;

        out[i] = (float)(place < GRID ? (uint32_t)place : GRID - 1) / GRID;
    }
}

static enum snn_code allocate(struct snn_samples *s, size_t count, struct snn_error *err)
{
    s->values = malloc(count * UNITS * sizeof *s->values);
    s->labels = malloc(count * sizeof *s->labels);
    if (!s->values || !s->labels)
        return snn_fail(err, SNN_NOMEM, "randman: no memory for %zu samples", count);
    s->count = count;
    s->shape[0] = UNITS;
    s->rank = 1;
    for (size_t i = 0; i < count; i++)
        s->labels[i] = (uint32_t)(i % CLASSES);
    return SNN_OK;
}

/* Samples 0 .. TRAIN-1 of a class are for training, the others for the test. */
static void fill_class(struct snn_data *data, uint32_t class)
{
    const struct snn_rng_key key = {
        .seed = SEED, .stream = SNN_STREAM_DATA, .layer = 2, .sample = class};
    uint32_t z[SAMPLES];
    double values[SAMPLES];
    float times[SAMPLES];
    struct curve curve;

    snn_rng_bits(z, 0, SAMPLES, &key);
    for (uint32_t u = 0; u < UNITS; u++) {
        draw_curve(&curve, class, u);
        for (size_t i = 0; i < SAMPLES; i++)
            values[i] = curve_at(&curve, z[i] >> 8);
        to_times(times, values);
        for (size_t i = 0; i < TRAIN; i++)
            data->train.values[(i * CLASSES + class) * UNITS + u] = times[i];
        for (size_t i = 0; i < TEST; i++)
            data->test.values[(i * CLASSES + class) * UNITS + u] = times[TRAIN + i];
    }
}

enum snn_code snn_randman_open(struct snn_data *data, const char *const *paths, size_t max_bytes,
                               struct snn_error *err)
{
    enum snn_code rc = allocate(&data->train, (size_t)TRAIN * CLASSES, err);

    (void)paths;
    (void)max_bytes;
    if (rc == SNN_OK)
        rc = allocate(&data->test, (size_t)TEST * CLASSES, err);
    for (uint32_t class = 0; rc == SNN_OK && class < CLASSES; class ++)
        fill_class(data, class);
    return rc;
}
