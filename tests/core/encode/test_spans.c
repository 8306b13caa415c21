/* SPDX-License-Identifier: MIT */
/* Whatever is encoded a few steps at a time is what is encoded at once. */
#include "core/data/data.h"
#include "core/encode/encode.h"
#include "tests/support/test.h"

enum { STEPS = 41, SPAN = 9, UNITS = 7 };

static const struct snn_rng_key key = {.seed = 3, .stream = SNN_STREAM_ENCODE, .sample = 5};

/* Of all steps, for encoders of sequences; the others read the first row. */
static real features[STEPS * UNITS];
static uint32_t times[STEPS];
static uint16_t units[STEPS];

static void fill(void)
{
    for (size_t i = 0; i < STEPS * UNITS; i++)
        features[i] = (real)(i * 37 % 101) / 50 - (real)0.25;
    for (size_t i = 0; i < STEPS; i++) {
        times[i] = (uint32_t)(i * i % 90);
        units[i] = (uint16_t)(i % UNITS);
    }
}

static void encode(const struct snn_choice *c, real *out, struct snn_steps steps)
{
    const struct snn_encoder *encoder = snn_encoder_of(c);
    const struct snn_events events = {times, units, STEPS, 90};

    if (encoder->encode_events)
        encoder->encode_events(out, &events, UNITS, steps, c, &key);
    else
        encoder->encode(out, features, UNITS, steps, c, &key);
}

static void encode__in_spans__is_the_whole(void **state)
{
    static real whole[STEPS * UNITS], part[(SPAN + 1) * UNITS];
    size_t spikes = 0;

    (void)state;
    fill();
    for (size_t i = 0; i < snn_encoders.count; i++) {
        const struct snn_choice c = snn_choice_of(snn_registry_at(&snn_encoders, i));

        encode(&c, whole, snn_all_steps(STEPS));
        for (size_t k = 0; k < STEPS * UNITS; k++)
            spikes += whole[k] != 0;
        for (size_t from = 0; from < STEPS && !snn_encoder_of(&c)->is_static; from += SPAN) {
            const size_t to = from + SPAN < STEPS ? from + SPAN : STEPS, n = (to - from) * UNITS;

            part[n] = 7;
            encode(&c, part, (struct snn_steps){from, to, STEPS});
            assert_memory_equal(part, whole + from * UNITS, n * sizeof *part);
            assert_near(part[n], 7, 0);
        }
        assert_true(spikes > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(encode__in_spans__is_the_whole)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
