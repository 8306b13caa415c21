/* SPDX-License-Identifier: MIT */
/* L. Kriener, J. Goeltz, M. A. Petrovici: The Yin-Yang dataset (NICE 2022, arXiv:2102.08211). A
 * disc of radius 1/2 about (1/2, 1/2), parted into yin, yang and the two dots. */
#include "core/data/generated.h"

#include "core/base/rng.h"

#include <stdlib.h>

#define FEATURES 4
#define CLASSES 3
#define TRAIN 5000
#define TEST 1000
#define SEED 42

/* Coordinates are whole multiples of 2^-24. The dots' radius is 1/10, which is none: squares are
 * compared in units of 1/100. (100 * 2 * 2^48 fits 64 bits.) */
#define ONE ((int64_t)1 << 24)
#define TENTHS(n) ((n) * (n)*ONE * ONE)

enum { YIN, YANG, DOT, OUTSIDE };

/* A hundred times the squared distance to (cx, 1/2). */
static int64_t distance(int64_t x, int64_t y, int64_t cx)
{
    int64_t dx = x - cx, dy = y - ONE / 2;

    return 100 * (dx * dx + dy * dy);
}

static int region(int64_t x, int64_t y)
{
    const int64_t left = distance(x, y, ONE / 4), right = distance(x, y, ONE * 3 / 4);
    const int64_t quarter = TENTHS(5) / 4; /* (10/4)^2: the half discs' radius is 1/4 */

    if (distance(x, y, ONE / 2) > TENTHS(5))
        return OUTSIDE;
    if (left < TENTHS(1) || right < TENTHS(1))
        return DOT;
    /* The half disc of the left belongs to one side, that of the right to the other. */
    return left <= quarter || (y > ONE / 2 && right > quarter) ? YANG : YIN;
}

static float coordinate(int64_t v)
{
    return (float)v / (float)ONE; /* both exact, and a division by a power of two */
}

/* A class, then points of the square until one is of that class: each class is as likely. */
static void draw(struct snn_samples *s, size_t i, bool test)
{
    struct snn_rng_key key = {
        .seed = SEED, .stream = SNN_STREAM_DATA, .epoch = test, .sample = (uint32_t)i};
    const size_t label = snn_rng_below(CLASSES, 0, &key);
    float *to = s->values + i * FEATURES;
    int64_t x, y;

    do {
        uint32_t bits[2];

        key.step++;
        snn_rng_bits(bits, 0, 2, &key);
        x = bits[0] >> 8;
        y = bits[1] >> 8;
    } while (region(x, y) != (int)label);
    to[0] = coordinate(x);
    to[1] = coordinate(y);
    to[2] = coordinate(ONE - x);
    to[3] = coordinate(ONE - y);
    s->labels[i] = (uint32_t)label;
}

static enum snn_code fill(struct snn_samples *s, size_t count, bool test, struct snn_error *err)
{
    s->values = malloc(count * FEATURES * sizeof *s->values);
    s->labels = malloc(count * sizeof *s->labels);
    if (!s->values || !s->labels)
        return snn_fail(err, SNN_NOMEM, "yinyang: no memory for %zu samples", count);
    s->count = count;
    s->shape[0] = FEATURES;
    s->rank = 1;
    for (size_t i = 0; i < count; i++)
        draw(s, i, test);
    return SNN_OK;
}

enum snn_code snn_yinyang_open(struct snn_data *data, const char *const *paths, size_t max_bytes,
                               struct snn_error *err)
{
    enum snn_code rc = fill(&data->train, TRAIN, false, err);

    (void)paths;
    (void)max_bytes;
    return rc == SNN_OK ? fill(&data->test, TEST, true, err) : rc;
}
