/* SPDX-License-Identifier: MIT */
#include "core/diag/probe.h"

#include <math.h>

#include "core/train/net.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

/* The net of runs_spec: 8 and 3 neurons, 5 steps. */
#define N 3
#define T 5

static struct {
    struct snn_arena arena;
    struct snn_spec spec;
    struct snn_net net;
    struct snn_probe probe[2];
} all;

static int setup(void **state)
{
    (void)state;
    all.spec = runs_spec();
    for (int pass = 0; pass < 2; pass++) {
        assert_int_equal(
            snn_net_init(&all.net, &all.arena, &all.spec, snn_shape_flat(6), NULL, NULL), SNN_OK);
        for (size_t i = 0; i < 2; i++)
            snn_probe_place(&all.probe[i], &all.arena, &all.net);
        if (pass == 0)
            assert_true(snn_arena_build(&all.arena));
    }
    return all.arena.failed ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    snn_arena_free(&all.arena);
    return 0;
}

static struct snn_probe_layer *fresh(size_t probe)
{
    snn_probe_clear(&all.probe[probe]);
    return &all.probe[probe].layer[1];
}

static struct snn_cell cell_with(const char *surrogate)
{
    static struct snn_choice choice;
    struct snn_cell c = all.net.layer[1].cell;

    choice = runs_choice(&snn_surrogates, surrogate);
    c.surrogate = snn_surrogate_of(&choice);
    c.scale = (real)choice.value[0];
    return c;
}

static void place__each_layer__has_its_sizes(void **state)
{
    (void)state;
    assert_int_equal(all.probe[0].n_layers, 2);
    assert_int_equal(all.probe[0].layer[0].n, 8);
    assert_int_equal(all.probe[0].layer[1].n, N);
    assert_int_equal(all.probe[0].layer[1].time_steps, T);
}

/* Neuron 0 fires at every step, 1 never, 2 at step 3 of the second sample alone. */
static void look__spikes__are_counted_by_neuron(void **state)
{
    const struct snn_cell c = cell_with("linear");
    real x[2 * T * N] = {0}, s[2 * T * N] = {0}, d[2 * T * N] = {0};
    struct snn_probe_layer *p = fresh(0);

    (void)state;
    for (size_t r = 0; r < 2 * T; r++)
        s[r * N] = 1;
    s[(T + 3) * N + 2] = 1;
    snn_probe_look(p, &c, x, s, d, 2, 0);
    assert_int_equal(p->samples, 2);
    assert_int_equal(p->spikes[0], 2 * T);
    assert_int_equal(p->spikes[1], 0);
    assert_int_equal(p->spikes[2], 1);
    snn_probe_look(p, &c, x, s, d, 1, 0); /* blocks add up */
    assert_int_equal(p->samples, 3);
    assert_int_equal(p->spikes[0], 3 * T);
}

static void look__soft_spike__counts_from_a_half(void **state)
{
    const struct snn_cell c = cell_with("noisy");
    real x[T * N] = {0}, s[T * N] = {0}, d[T * N] = {0};
    struct snn_probe_layer *p = fresh(0);

    (void)state;
    s[0] = (real)0.5;
    s[1] = (real)0.499;
    s[2] = (real)0.999;
    snn_probe_look(p, &c, x, s, d, 1, 0);
    assert_int_equal(p->spikes[0], 1);
    assert_int_equal(p->spikes[1], 0);
    assert_int_equal(p->spikes[2], 1);
}

/* The slope is 1% of its peak at: linear |x| = g; sigmoid s(1-s) = 1/400, x = ln(398)/k about
 * 1.197; arctan x = 2 sqrt(99) / (pi k); gaussian x = sqrt(2 ln 100). */
static void look__surrogate__is_active_down_to_a_hundredth_of_its_peak(void **state)
{
    const struct {
        const char *name;
        double edge;
    } rows[] = {{"linear", 1},
                {"sigmoid", 1.1972},
                {"arctan", sqrt(99) / 3.14159265358979},
                {"gaussian", sqrt(2 * log(100))}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct snn_cell c = cell_with(rows[i].name);
        real x[T * N], s[T * N] = {0}, d[T * N] = {0};
        struct snn_probe_layer *p = fresh(0);

        for (size_t k = 0; k < T * N; k++)
            x[k] = (real)(rows[i].edge * 1.001 * (k % 2 ? 1 : -1));
        x[4] = (real)(rows[i].edge * 0.999);
        x[7] = (real)(rows[i].edge * -0.999);
        x[9] = 0;
        snn_probe_look(p, &c, x, s, d, 1, 0);
        assert_int_equal(p->active, 3);
    }
}

static void look__gradients_and_membranes__are_kept_by_step_and_as_histograms(void **state)
{
    const struct snn_cell c = cell_with("linear");
    real x[2 * T * N], s[2 * T * N] = {0}, d[2 * T * N];
    struct snn_probe_layer *p = fresh(0);

    (void)state;
    for (size_t i = 0; i < 2 * T * N; i++) {
        x[i] = (real)((double)i - 3);
        d[i] = (real)(i / N % T); /* its step */
    }
    snn_probe_look(p, &c, x, s, d, 2, 0);
    for (size_t t = 0; t < T; t++)
        assert_near(p->squares[t], 2 * N * (double)(t * t), 0);
    assert_int_equal(p->gradient.count, 2 * T * N);
    assert_int_equal(p->gradient.zeros, 2 * N);
    assert_near(p->gradient.max, T - 1, 0);
    assert_int_equal(p->membrane.count, 2 * T * N);
    assert_int_equal(p->membrane.zeros, 1);
    assert_near(p->membrane.min, -3, 0);
}

static void merge__two_probes__are_as_one_that_saw_both(void **state)
{
    const struct snn_cell c = cell_with("sigmoid");
    real x[2 * T * N], s[2 * T * N], d[2 * T * N];
    const size_t half = T * N;

    (void)state;
    for (size_t i = 0; i < 2 * T * N; i++) {
        x[i] = (real)(2 * sin((double)i));
        s[i] = x[i] >= 0;
        d[i] = (real)(i % 5);
    }
    snn_probe_look(fresh(0), &c, x, s, d, 2, 0);
    struct snn_probe_layer *p = &all.probe[0].layer[1];
    const double square = p->squares[3], sum = p->membrane.sum_squares;
    const uint64_t spikes = p->spikes[1], active = p->active;
    const uint64_t zeros = p->gradient.zeros;
    assert_true(spikes > 0 && active > 0 && zeros > 0);

    snn_probe_look(fresh(0), &c, x, s, d, 1, 0);
    snn_probe_look(fresh(1), &c, x + half, s + half, d + half, 1, 0);
    snn_probe_merge(&all.probe[0], &all.probe[1]);
    assert_int_equal(p->samples, 2);
    assert_near(p->squares[3], square, 0);
    assert_near(p->membrane.sum_squares, sum, 1e-12);
    assert_int_equal(p->spikes[1], spikes);
    assert_int_equal(p->active, active);
    assert_int_equal(p->gradient.zeros, zeros);
    assert_int_equal(p->gradient.count, 2 * T * N);
    snn_probe_clear(&all.probe[0]);
    assert_int_equal(p->samples + p->active + p->spikes[1] + p->gradient.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(place__each_layer__has_its_sizes),
        cmocka_unit_test(look__spikes__are_counted_by_neuron),
        cmocka_unit_test(look__soft_spike__counts_from_a_half),
        cmocka_unit_test(look__surrogate__is_active_down_to_a_hundredth_of_its_peak),
        cmocka_unit_test(look__gradients_and_membranes__are_kept_by_step_and_as_histograms),
        cmocka_unit_test(merge__two_probes__are_as_one_that_saw_both),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
