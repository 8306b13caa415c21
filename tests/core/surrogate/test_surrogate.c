/* SPDX-License-Identifier: MIT */
#include "core/surrogate/surrogate.h"

#include <float.h>
#include <math.h>

#include "core/base/param.h"
#include "tests/support/test.h"

#include <string.h>

/* Of a derivative's peak: what a few roundings may cost. */
#define TOLERANCE (sizeof(real) == sizeof(double) ? 1e-14 : 1e-6)

static const struct {
    const char *name;
    double scale, x;
    int spike;
    double derivative;
} vectors[] = {
#include "tests/vectors/surrogate.inc"
};

static struct snn_choice choose(const char *name, double scale)
{
    const struct snn_kind *kind = snn_registry_find(&snn_surrogates, name);

    assert_non_null(kind);
    struct snn_choice c = snn_choice_of(kind);
    c.value[0] = scale;
    return c;
}

static struct snn_choice row(size_t i)
{
    return snn_choice_of(snn_registry_at(&snn_surrogates, i));
}

static double derivative(const struct snn_choice *c, double x)
{
    double spike, d;

    snn_surrogate_curve(c, &x, 1, &spike, &d);
    return d;
}

static void vectors__each_surrogate__has_one_at_its_default_scale(void **state)
{
    (void)state;
    for (size_t i = 0; i < snn_surrogates.count; i++) {
        struct snn_choice c = row(i);
        size_t found = 0;

        for (size_t k = 0; k < SNN_COUNT(vectors); k++)
            found += strcmp(vectors[k].name, c.kind->name) == 0 && vectors[k].scale == c.value[0];
        if (found < 5)
            fail_msg("surrogate '%s' has %zu rows of its default scale %g in "
                     "tests/vectors/surrogate.inc, want at least 5",
                     c.kind->name, found, c.value[0]);
    }
}

static void curve__each_vector__is_met(void **state)
{
    (void)state;
    for (size_t k = 0; k < SNN_COUNT(vectors); k++) {
        struct snn_choice c = choose(vectors[k].name, vectors[k].scale);
        double spike, d;

        snn_surrogate_curve(&c, &vectors[k].x, 1, &spike, &d);
        assert_near(spike, vectors[k].spike, 0);
        assert_near(d, vectors[k].derivative, TOLERANCE * derivative(&c, 0));
    }
}

static void curve__around_zero__fires_from_equality_on(void **state)
{
    const double x[] = {0, -0.0, DBL_MIN, -DBL_MIN, -DBL_TRUE_MIN, -1e-300, HUGE_VAL, -HUGE_VAL};
    const double want[] = {1, 1, 1, 0, 0, 0, 1, 0};
    double spike[SNN_COUNT(x)], d[SNN_COUNT(x)];

    (void)state;
    for (size_t i = 0; i < snn_surrogates.count; i++) {
        struct snn_choice c = row(i);

        snn_surrogate_curve(&c, x, SNN_COUNT(x), spike, d);
        for (size_t k = 0; k < SNN_COUNT(x); k++)
            assert_near(spike[k], want[k], 0);
    }
}

static void derivative__every_surrogate__is_even_and_falls_from_its_peak_at_zero(void **state)
{
    (void)state;
    for (size_t i = 0; i < snn_surrogates.count; i++) {
        struct snn_choice c = row(i);
        double peak = derivative(&c, 0), before = peak;

        for (double x = 0; x < 4; x += 0.03125) {
            double d = derivative(&c, x);

            assert_near(derivative(&c, -x), d, TOLERANCE * peak);
            assert_true(d >= 0 && d <= before + TOLERANCE * peak);
            before = d;
        }
    }
}

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* The area from -reach to reach. Most stand in for a step of height one and have area 1, but for
 * the tails left out (arctan's are 2 / (pi^2 k x) each); the peers' fast sigmoids have 2/k, less
 * tails of 1 / (k (1 + k x)) each. */
static double area_of(const struct snn_choice *c, double reach)
{
    const char *name = c->kind->name;
    const double k = c->value[0];

    if (is(name, "fast_sigmoid") || is(name, "superspike"))
        return 2 / k * (1 - 1 / (1 + k * reach));
    if (is(name, "straight_through"))
        return 2 * k * reach;
    return is(name, "arctan") || is(name, "atan") ? 1 - 4 / (9.8696 * 2 * reach) : 1;
}

static void derivative__every_surrogate__has_its_area(void **state)
{
    const double reach = 64, step = 1.0 / 4096;

    (void)state;
    for (size_t i = 0; i < snn_surrogates.count; i++) {
        struct snn_choice c = row(i);
        double area = 0;

        for (double x = -reach + step / 2; x < reach; x += step)
            area += derivative(&c, x) * step;
        assert_near(area, area_of(&c, reach), 1e-5);
    }
}

static void linear__edge_of_the_window__belongs_to_it(void **state)
{
    struct snn_choice c = choose("linear", 0.5);

    (void)state;
    assert_near(derivative(&c, 0.5), 1, 0);
    assert_near(derivative(&c, -0.5), 1, 0);
    assert_near(derivative(&c, 0.5 + 1e-6), 0, 0);
    assert_near(derivative(&c, -0.5 - 1e-6), 0, 0);
}

static void derivative__far_from_the_threshold__vanishes_and_stays_a_number(void **state)
{
    const double far[] = {1e4, -1e4, 3e30, -3e30, HUGE_VAL, -HUGE_VAL};
    const double scales[] = {1e-6, 1, 1e3, 1e6};

    (void)state;
    for (size_t i = 0; i < snn_surrogates.count; i++)
        for (size_t s = 0; s < SNN_COUNT(scales); s++)
            for (size_t k = 0; k < SNN_COUNT(far); k++) {
                struct snn_choice c = row(i);
                double peak, d;

                c.value[0] = scales[s];
                peak = derivative(&c, 0);
                d = derivative(&c, far[k]);
                assert_true(isfinite(peak) && peak > 0);
                assert_true(isfinite(d) && d >= 0 && d <= peak);
                if (scales[s] == 1 && !is(c.kind->name, "straight_through"))
                    assert_near(d, 0, 1e-7);
            }
}

#define N 37 /* no multiple of a vector */

static void gradient__each_row__multiplies_what_comes_in_also_in_place(void **state)
{
    real x[N], s[N], one[N], g[N], d[N], out[N];

    (void)state;
    for (size_t i = 0; i < N; i++) {
        x[i] = (real)((double)i / 8 - 2.25);
        g[i] = (real)((double)i - 17);
        one[i] = 1;
    }
    for (size_t i = 0; i < snn_surrogates.count; i++) {
        struct snn_choice c = row(i);
        const struct snn_surrogate *surrogate = snn_surrogate_of(&c);
        real k = (real)c.value[0];

        for (size_t j = 0; j < N; j++)
            s[j] = (real)(1 / (1 + exp(-c.value[0] * (double)x[j])));
        surrogate->gradient(d, one, x, s, N, k);
        surrogate->gradient(out, g, x, s, N, k);
        for (size_t j = 0; j < N; j++)
            assert_true(out[j] == g[j] * d[j]);
        memcpy(out, g, sizeof g);
        surrogate->gradient(out, out, x, s, N, k);
        for (size_t j = 0; j < N; j++)
            assert_true(out[j] == g[j] * d[j]);
    }
}

static void soft__of_any_kind__derives_through_the_spike_it_emitted(void **state)
{
    size_t soft = 0;

    (void)state;
    for (size_t i = 0; i < snn_surrogates.count; i++) {
        struct snn_choice c = row(i);
        const enum snn_spike emits = snn_surrogate_of(&c)->training;
        real one = 1, x = 3, s = 0.25, d;

        if (emits != SNN_SPIKE_SOFT && emits != SNN_SPIKE_MEAN)
            continue;
        snn_surrogate_of(&c)->gradient(&d, &one, &x, &s, 1, 4);
        assert_near(d, 4 * 0.25 * 0.75, 0);
        soft++;
    }
    assert_int_equal(soft, 2);
}

static struct snn_choice named(const char *name)
{
    const struct snn_kind *kind = snn_registry_find(&snn_surrogates, name);

    assert_non_null(kind);
    return snn_choice_of(kind);
}

static void spike_training__noise_in_place__is_what_the_row_emits(void **state)
{
    const struct snn_choice soft = named("noisy"), hard = named("noisy_hard");
    real x[N], e[N], s[N], h[N];

    (void)state;
    for (size_t i = 0; i < N; i++) {
        x[i] = (real)((double)i / 8 - 2.25);
        e[i] = s[i] = h[i] = (real)(5 * sin((double)i));
    }
    snn_spike_training(snn_surrogate_of(&soft), s, x, N, 5);
    snn_spike_training(snn_surrogate_of(&hard), h, x, N, 5);
    for (size_t i = 0; i < N; i++) {
        const double z = 5 * (double)x[i] + (double)e[i];
        assert_near(s[i], 1 / (1 + exp(-z)), TOLERANCE);
        assert_near(h[i], z >= 0, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors__each_surrogate__has_one_at_its_default_scale),
        cmocka_unit_test(curve__each_vector__is_met),
        cmocka_unit_test(curve__around_zero__fires_from_equality_on),
        cmocka_unit_test(derivative__every_surrogate__is_even_and_falls_from_its_peak_at_zero),
        cmocka_unit_test(derivative__every_surrogate__has_its_area),
        cmocka_unit_test(linear__edge_of_the_window__belongs_to_it),
        cmocka_unit_test(derivative__far_from_the_threshold__vanishes_and_stays_a_number),
        cmocka_unit_test(gradient__each_row__multiplies_what_comes_in_also_in_place),
        cmocka_unit_test(soft__of_any_kind__derives_through_the_spike_it_emitted),
        cmocka_unit_test(spike_training__noise_in_place__is_what_the_row_emits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
