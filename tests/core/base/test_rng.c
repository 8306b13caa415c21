/* SPDX-License-Identifier: MIT */
#include "core/base/rng.h"

#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "tests/support/test.h"

/* The counter words a key and a unit stand for: unit / 4, step, sample, epoch | layer | stream. */
static struct snn_rng_key key_of(const uint32_t counter[4], const uint32_t key[2])
{
    return (struct snn_rng_key){
        .seed = (uint64_t)key[1] << 32 | key[0],
        .step = counter[1],
        .sample = counter[2],
        .epoch = counter[3] >> 12,
        .layer = counter[3] >> 4 & 0xff,
        .stream = (enum snn_stream)(counter[3] & 0xf),
    };
}

/* Random123's kat_vectors, philox4x32 with 10 rounds. */
static void bits__published_vectors__are_reproduced(void **state)
{
    const struct {
        uint32_t counter[4], key[2], want[4];
    } rows[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(rows); i++) {
        struct snn_rng_key key = key_of(rows[i].counter, rows[i].key);
        uint32_t got[4];

        snn_rng_bits(got, (size_t)rows[i].counter[0] * 4, 4, &key);
        assert_memory_equal(got, rows[i].want, sizeof got);
    }
}

#define MANY 1003

static const struct snn_rng_key some_key = {
    .seed = 42, .stream = SNN_STREAM_ENCODE, .layer = 2, .epoch = 3, .sample = 4, .step = 5};

static void bits__any_split__are_the_bits_of_the_whole(void **state)
{
    uint32_t whole[MANY], part[MANY];
    const size_t splits[] = {4, 8, 28, 32, 36, 400, 1000};

    (void)state;
    snn_rng_bits(whole, 0, MANY, &some_key);
    for (size_t i = 0; i < SNN_COUNT(splits); i++) {
        snn_rng_bits(part, 0, splits[i], &some_key);
        snn_rng_bits(part + splits[i], splits[i], MANY - splits[i], &some_key);
        assert_memory_equal(part, whole, sizeof whole);
    }
}

static void bits__n_not_a_multiple_of_four__writes_no_more(void **state)
{
    (void)state;
    for (size_t n = 0; n < 40; n++) {
        uint32_t got[41];
        memset(got, 0x5a, sizeof got);
        snn_rng_bits(got, 0, n, &some_key);
        assert_int_equal(got[n], 0x5a5a5a5a);
    }
}

static void bits__any_field_of_the_key_changed__are_others(void **state)
{
    struct snn_rng_key keys[8];
    uint32_t bits[SNN_COUNT(keys)][4];

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(keys); i++)
        keys[i] = some_key;
    keys[1].seed ^= 1;
    keys[2].seed ^= (uint64_t)1 << 32;
    keys[3].stream = SNN_STREAM_NOISE;
    keys[4].layer++;
    keys[5].epoch++;
    keys[6].sample++;
    keys[7].step++;
    for (size_t i = 0; i < SNN_COUNT(keys); i++) {
        snn_rng_bits(bits[i], 0, 4, &keys[i]);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(bits[i], bits[j], sizeof bits[i]);
    }
}

static void uniform__each_draw__is_its_bits_scaled(void **state)
{
    static uint32_t bits[MANY];
    static real u[MANY];

    (void)state;
    snn_rng_bits(bits, 0, MANY, &some_key);
    snn_rng_uniform(u, MANY, &some_key);
    for (size_t i = 0; i < MANY; i++) {
        assert_near(u[i], ldexp(bits[i] >> 8, -24), 0); /* so float and double agree */
        assert_true(u[i] >= 0 && u[i] < 1);
    }
}

#define DRAWS 100000

/* Four standard errors of a fixed seed's mean: 4 / sqrt(12 n), and of the share in each tenth. */
static void uniform__many_draws__fill_the_interval_evenly(void **state)
{
    static real u[DRAWS];
    double sum = 0;
    size_t tenth[10] = {0};

    (void)state;
    snn_rng_uniform(u, DRAWS, &some_key);
    for (size_t i = 0; i < DRAWS; i++) {
        sum += (double)u[i];
        tenth[(size_t)(u[i] * 10)]++;
    }
    assert_near(sum / DRAWS, 0.5, 4 / sqrt(12.0 * DRAWS));
    for (size_t i = 0; i < 10; i++)
        assert_near(tenth[i], DRAWS / 10.0, 4 * sqrt(DRAWS * 0.1 * 0.9));
}

static void logistic__each_draw__is_the_log_odds_of_its_bits(void **state)
{
    static uint32_t bits[DRAWS];
    static real e[DRAWS];
    const double limit = 13.815509557963774;

    (void)state;
    snn_rng_bits(bits, 0, DRAWS, &some_key);
    snn_rng_logistic(e, DRAWS, &some_key);
    for (size_t i = 0; i < DRAWS; i++) {
        double a = (bits[i] >> 9) + 0.5;
        double want = log(a) - log(8388608 - a);
        want = fmax(-limit, fmin(limit, want));
        assert_near(e[i], want, sizeof(real) == sizeof(double) ? 1e-13 : 8e-6);
        assert_true(fabs((double)e[i]) <= (double)(real)limit);
    }
}

/* Mean 0, variance pi^2 / 3, and its tails: P(|e| > 5) = 2 / (1 + e^5). */
static void logistic__many_draws__have_its_moments_and_tails(void **state)
{
    static real e[DRAWS];
    double sum = 0, squares = 0, share = 2 / (1 + exp(5)), variance = M_PI * M_PI / 3;
    size_t low = 0, high = 0;

    (void)state;
    snn_rng_logistic(e, DRAWS, &some_key);
    for (size_t i = 0; i < DRAWS; i++) {
        sum += (double)e[i];
        squares += (double)e[i] * (double)e[i];
        low += e[i] < -5;
        high += e[i] > 5;
    }
    assert_near(sum / DRAWS, 0, 4 * sqrt(variance / DRAWS));
    /* var(e^2) = E e^4 - (E e^2)^2 = (7/15 - 1/9) pi^4 */
    assert_near(squares / DRAWS, variance, 4 * sqrt(16.0 / 45 * pow(M_PI, 4) / DRAWS));
    assert_near(low, DRAWS * share / 2, 4 * sqrt(DRAWS * share / 2));
    assert_near(high, DRAWS * share / 2, 4 * sqrt(DRAWS * share / 2));
}

static void below__small_n__is_each_value_equally_often(void **state)
{
    size_t seen[7] = {0};

    (void)state;
    for (size_t i = 0; i < 70000; i++) {
        size_t x = snn_rng_below(7, i, &some_key);
        assert_true(x < 7);
        seen[x]++;
    }
    for (size_t i = 0; i < 7; i++)
        assert_near(seen[i], 10000, 4 * sqrt(70000.0 / 7 * 6 / 7));
    assert_int_equal(snn_rng_below(1, 0, &some_key), 0);
}

static void below__large_n__is_the_high_half_of_the_product(void **state)
{
    const size_t ns[] = {2, 1000003, 0xffffffff, (size_t)1 << 32, 0x123456789abcdef1, SIZE_MAX};

    (void)state;
    for (size_t i = 0; i < SNN_COUNT(ns); i++) {
        uint32_t word[2];
        snn_rng_bits(word, i * 4, 2, &some_key);
        uint64_t x = (uint64_t)word[1] << 32 | word[0];
        __extension__ unsigned __int128 product = (unsigned __int128)x * ns[i];
        assert_true(snn_rng_below(ns[i], i, &some_key) == (size_t)(product >> 64));
    }
}

static void shuffle__any_key__is_a_permutation_of_its_own(void **state)
{
    uint32_t order[2][MANY];
    uint32_t seen[MANY] = {0};
    struct snn_rng_key key = some_key;
    size_t fixed = 0;

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        for (uint32_t i = 0; i < MANY; i++)
            order[k][i] = i;
        key.epoch = (uint32_t)k;
        snn_rng_shuffle(order[k], MANY, &key);
    }
    for (size_t i = 0; i < MANY; i++) {
        seen[order[0][i]]++;
        fixed += order[0][i] == i;
    }
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(seen[i], 1);
    assert_true(fixed < 10); /* one is expected */
    assert_memory_not_equal(order[0], order[1], sizeof order[0]);
}

/* All six orders of three, 1000 each expected: Fisher-Yates and not the naive exchange, which is
 * off by up to 111. */
static void shuffle__many_keys__gives_every_order_equally_often(void **state)
{
    size_t seen[27] = {0};
    struct snn_rng_key key = some_key;

    (void)state;
    for (key.sample = 0; key.sample < 6000; key.sample++) {
        uint32_t order[3] = {0, 1, 2};
        snn_rng_shuffle(order, 3, &key);
        seen[order[0] * 9 + order[1] * 3 + order[2]]++;
    }
    const size_t orders[] = {5, 7, 11, 15, 19, 21}; /* 012 021 102 120 201 210 in base 3 */
    for (size_t i = 0; i < 6; i++)
        assert_near(seen[orders[i]], 1000, 4 * sqrt(6000.0 / 6 * 5 / 6) - 20);
    uint32_t none = 7;
    snn_rng_shuffle(&none, 0, &key);
    snn_rng_shuffle(&none, 1, &key);
    assert_int_equal(none, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits__published_vectors__are_reproduced),
        cmocka_unit_test(bits__any_split__are_the_bits_of_the_whole),
        cmocka_unit_test(bits__n_not_a_multiple_of_four__writes_no_more),
        cmocka_unit_test(bits__any_field_of_the_key_changed__are_others),
        cmocka_unit_test(uniform__each_draw__is_its_bits_scaled),
        cmocka_unit_test(uniform__many_draws__fill_the_interval_evenly),
        cmocka_unit_test(logistic__each_draw__is_the_log_odds_of_its_bits),
        cmocka_unit_test(logistic__many_draws__have_its_moments_and_tails),
        cmocka_unit_test(below__small_n__is_each_value_equally_often),
        cmocka_unit_test(below__large_n__is_the_high_half_of_the_product),
        cmocka_unit_test(shuffle__any_key__is_a_permutation_of_its_own),
        cmocka_unit_test(shuffle__many_keys__gives_every_order_equally_often),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
