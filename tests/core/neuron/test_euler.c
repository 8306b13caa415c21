/* SPDX-License-Identifier: MIT */
/* The forward recursion. Its reverse is proved in tests/core/train/test_gradient.c. */
#include "core/neuron/neuron.h"

#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "tests/support/test.h"

#define T 10
#define TOLERANCE (sizeof(real) == sizeof(double) ? 1e-11 : 2e-6) /* digits given; roundings */

static const struct vector {
    const char *neuron, *reset;
    double tau, threshold, step;
    const char *spikes;
    double v[T]; /* after each step */
} vectors[] = {
#include "tests/vectors/neuron.inc"
};

/* What cells point to: the same for all neurons and steps of a test. */
#define MOST 64
static real steps[MOST], rs[MOST], thresholds[MOST];

static struct snn_cell cell_of(const struct vector *row, size_t n, size_t time_steps)
{
    struct snn_neuron_spec spec = snn_neuron_spec_default();
    const struct snn_kind *neuron = snn_registry_find(&snn_neurons, row->neuron);
    const struct snn_kind *reset = snn_registry_find(&snn_resets, row->reset);

    assert_non_null(neuron);
    assert_non_null(reset);
    assert_true(time_steps <= MOST && n <= MOST);
    spec.model = snn_choice_of(neuron);
    spec.reset = snn_choice_of(reset);
    for (size_t i = 0; i < MOST; i++) {
        steps[i] = (real)row->step;
        rs[i] = (real)(1 / row->tau);
        thresholds[i] = (real)row->threshold;
    }
    return (struct snn_cell){
        .neuron = snn_neuron_of(&spec.model),
        .solver = snn_solver_of(&spec.solver),
        .surrogate = snn_surrogate_of(&spec.surrogate),
        .reset = snn_reset_of(&spec.reset),
        .r = rs,
        .threshold = thresholds,
        .scale = 5,
        .h = steps,
        .n = n,
        .time_steps = time_steps,
    };
}

static void golden_input(real current[T])
{
    for (size_t t = 0; t < T; t++)
        current[t] = (real)(1.3 + sin((double)t));
}

/* The first rows: neurons whose membrane the solver steps. The others have tests of their own. */
static size_t solver_stepped(void)
{
    size_t n = 0;

    while (n < snn_neurons.count) {
        const struct snn_choice c = {.kind = snn_registry_at(&snn_neurons, n)};
        if (snn_neuron_of(&c)->forward)
            break;
        n++;
    }
    return n;
}

static void vectors__each_neuron_and_reset__has_one_of_unit_step_and_one_of_another(void **state)
{
    (void)state;
    for (size_t i = 0; i < solver_stepped(); i++)
        for (size_t k = 0; k < snn_resets.count; k++) {
            const char *neuron = snn_registry_at(&snn_neurons, i)->name;
            const char *reset = snn_registry_at(&snn_resets, k)->name;
            size_t unit = 0, other = 0;

            for (size_t j = 0; j < SNN_COUNT(vectors); j++)
                if (!strcmp(vectors[j].neuron, neuron) && !strcmp(vectors[j].reset, reset))
                    *(vectors[j].step == 1 ? &unit : &other) += 1;
            if (!unit || !other)
                fail_msg("'%s' with reset '%s' lacks rows in tests/vectors/neuron.inc", neuron,
                         reset);
        }
}

static void forward__each_vector__is_met(void **state)
{
    real current[T], x[T], s[T], v[T];

    (void)state;
    golden_input(current);
    for (size_t k = 0; k < SNN_COUNT(vectors); k++) {
        const struct vector *row = &vectors[k];
        const struct snn_cell c = cell_of(row, 1, T);
        real membrane = 0;
        const struct snn_cell_forward f = {.to = T,
                                           .current = current,
                                           .current_stride = 1,
                                           .x = x,
                                           .s = s,
                                           .v = v,
                                           .state = &membrane};

        snn_cell_forward(&c, &f);
        for (size_t t = 0; t < T; t++) {
            double before = t ? row->v[t - 1] : 0, leak = strcmp(row->neuron, "lif") == 0;
            double u = before + ((double)current[t] - leak * before) / row->tau;

            assert_near(v[t], before, TOLERANCE * fmax(1, fabs(before)));
            assert_near(x[t], u - row->threshold, 2 * TOLERANCE * fmax(1, fabs(u)));
            assert_near(s[t], row->spikes[t] - '0', 0);
        }
        assert_near(membrane, row->v[T - 1], TOLERANCE * fmax(1, fabs(row->v[T - 1])));
    }
}

/* spikeDE's Euler solver (step 1/2) and its LIFNeuron_OrderOne, tau 2, threshold 1: the published
 * digits of its own run. */
static void forward__spikedes_golden_run__is_reproduced(void **state)
{
    static const struct vector rows[] = {
        {"lif",
         "scaled",
         2,
         1,
         0.5,
         "0111000111",
         {.325, .529118, .699163, .634652, .611788, .54411, .663229, .736668, .874841, .83416}},
        {"lif",
         "subtract",
         2,
         1,
         1,
         "0110000111",
         {.65, .395735, .302516, .871818, .707508, .524292, .772438, .364712, .327035, .019577}},
    };
    real current[T], x[T], s[T], v[T];

    (void)state;
    golden_input(current);
    for (size_t k = 0; k < SNN_COUNT(rows); k++) {
        const struct snn_cell c = cell_of(&rows[k], 1, T);
        real membrane = 0;
        const struct snn_cell_forward f = {.to = T,
                                           .current = current,
                                           .current_stride = 1,
                                           .x = x,
                                           .s = s,
                                           .v = v,
                                           .state = &membrane};

        snn_cell_forward(&c, &f);
        for (size_t t = 0; t < T; t++) {
            assert_near(t + 1 < T ? v[t + 1] : membrane, rows[k].v[t], 1e-6);
            assert_near(s[t], rows[k].spikes[t] - '0', 0);
        }
    }
}

/* tau 2, input 2: u = 1 exactly at the first step; every number is a short binary fraction. */
static void forward__charge_equals_the_threshold__fires(void **state)
{
    const real current[2] = {2, 2};
    static const struct {
        const char *reset;
        double after, second; /* v', then the second step's u - 1 */
    } rows[] = {{"scaled", 0.5, 0.25}, {"subtract", 0, 0}, {"zero", 0, 0}, {"none", 1, 0.5}};

    (void)state;
    for (size_t k = 0; k < SNN_COUNT(rows); k++) {
        const struct vector row = {"lif", rows[k].reset, 2, 1, 1, "", {0}};
        const struct snn_cell c = cell_of(&row, 1, 2);
        real x[2], s[2], v[2], membrane = 0;
        const struct snn_cell_forward f = {.to = 2,
                                           .current = current,
                                           .current_stride = 1,
                                           .x = x,
                                           .s = s,
                                           .v = v,
                                           .state = &membrane};

        snn_cell_forward(&c, &f);
        assert_near(x[0], 0, 0);
        assert_near(s[0], 1, 0);
        assert_near(v[1], rows[k].after, 0);
        assert_near(x[1], rows[k].second, 0);
        assert_near(s[1], 1, 0);
    }
}

static void forward__a_breath_below_the_threshold__does_not_fire(void **state)
{
    const struct vector row = {"if", "none", 1, 1, 1, "", {0}};
    const struct snn_cell c = cell_of(&row, 2, 1);
    const real below = (real)(1 - (sizeof(real) == sizeof(double) ? 0x1p-53 : 0x1p-24));
    const real current[2] = {below, 1};
    real x[2], s[2], membrane[2] = {0};
    const struct snn_cell_forward f = {
        .to = 1, .current = current, .current_stride = 2, .x = x, .s = s, .state = membrane};

    (void)state;
    snn_cell_forward(&c, &f);
    assert_near(s[0], 0, 0);
    assert_near(s[1], 1, 0);
}

#define N 19

static void forward__many_neurons__are_each_what_one_alone_is(void **state)
{
    real current[T * N], x[T * N], s[T * N], membrane[N] = {0};

    (void)state;
    for (size_t i = 0; i < T * N; i++)
        current[i] = (real)(1 + 2 * sin((double)(i * i)));
    for (size_t k = 0; k < SNN_COUNT(vectors); k++) {
        const struct snn_cell all = cell_of(&vectors[k], N, T), one = cell_of(&vectors[k], 1, T);
        const struct snn_cell_forward f = {
            .to = T, .current = current, .current_stride = N, .x = x, .s = s, .state = membrane};

        memset(membrane, 0, sizeof membrane);
        snn_cell_forward(&all, &f);
        for (size_t i = 0; i < N; i++) {
            real alone[T], xi[T], si[T], v = 0;
            const struct snn_cell_forward g = {
                .to = T, .current = alone, .current_stride = 1, .x = xi, .s = si, .state = &v};

            for (size_t t = 0; t < T; t++)
                alone[t] = current[t * N + i];
            snn_cell_forward(&one, &g);
            for (size_t t = 0; t < T; t++) {
                assert_near(s[t * N + i], si[t], 0);
                assert_near(x[t * N + i], xi[t], TOLERANCE);
            }
            assert_near(membrane[i], v, TOLERANCE);
        }
    }
}

static void forward__stride_zero__shows_the_same_current_at_every_step(void **state)
{
    const struct snn_cell c = cell_of(&vectors[0], N, T);
    real row[N], rows[T * N], x[2][T * N], s[2][T * N], v[2][N] = {{0}};

    (void)state;
    for (size_t i = 0; i < N; i++)
        row[i] = (real)(0.3 * (double)i - 1);
    for (size_t t = 0; t < T; t++)
        memcpy(rows + t * N, row, sizeof row);
    snn_cell_forward(&c, &(struct snn_cell_forward){
                             .to = T, .current = row, .x = x[0], .s = s[0], .state = v[0]});
    snn_cell_forward(
        &c,
        &(struct snn_cell_forward){
            .to = T, .current = rows, .current_stride = N, .x = x[1], .s = s[1], .state = v[1]});
    assert_memory_equal(x[0], x[1], sizeof x[0]);
    assert_memory_equal(s[0], s[1], sizeof s[0]);
    assert_memory_equal(v[0], v[1], sizeof v[0]);
}

/* v' = v + h (f - s theta / tau) or v + h f - s theta, f = (I - v) / tau, by every step's own h. */
static void forward__steps_of_other_lengths__are_each_taken(void **state)
{
    real current[T], x[T], s[T], v[T];

    (void)state;
    golden_input(current);
    for (int whole = 0; whole < 2; whole++) {
        const struct vector row = {"lif", whole ? "subtract" : "scaled", 2, 1, 0.5, "", {0}};
        const struct snn_cell c = cell_of(&row, 1, T);
        real membrane = 0;
        double want = 0, fired = 0;

        for (size_t t = 0; t < T; t++)
            steps[t] = (real)(0.25 + 0.125 * (double)(t * 3 % 7));
        snn_cell_forward(&c, &(struct snn_cell_forward){.to = T,
                                                        .current = current,
                                                        .current_stride = 1,
                                                        .x = x,
                                                        .s = s,
                                                        .v = v,
                                                        .state = &membrane});
        for (size_t t = 0; t < T; t++) {
            const double f = ((double)current[t] - want) / 2, spike = want + f >= 1;

            assert_near(v[t], want, TOLERANCE);
            assert_near(s[t], spike, 0);
            want += (double)steps[t] * (f - (whole ? 0 : spike / 2)) - whole * spike;
            fired += spike;
        }
        assert_near(membrane, want, TOLERANCE);
        assert_true(fired > 1 && fired < T);
    }
}

static void forward__cut_in_two__goes_on_from_the_state(void **state)
{
    real current[T], x[2][T], s[2][T];

    (void)state;
    golden_input(current);
    for (size_t k = 0; k < SNN_COUNT(vectors); k++) {
        const struct snn_cell c = cell_of(&vectors[k], 1, T);
        real whole = 0, cut = 0;
        struct snn_cell_forward f = {.to = T,
                                     .current = current,
                                     .current_stride = 1,
                                     .x = x[0],
                                     .s = s[0],
                                     .state = &whole};

        snn_cell_forward(&c, &f);
        f.x = x[1];
        f.s = s[1];
        f.state = &cut;
        for (f.from = 0; f.from < T; f.from = f.to) {
            f.to = f.from + 5;
            snn_cell_forward(&c, &f);
        }
        assert_memory_equal(x[0], x[1], sizeof x[0]);
        assert_memory_equal(s[0], s[1], sizeof s[0]);
        assert_true(whole == cut);
    }
}

/* One step from rest, noise e: s = 1 / (1 + exp(-(k x + e))), and the reset takes its share s. */
static void forward__soft__resets_by_the_share_of_the_spike(void **state)
{
    static const struct {
        const char *reset;
        double a, b;
    } rows[] = {{"scaled", 0.5 * 0.5, 0}, {"subtract", 1, 0}, {"zero", 0, 1}, {"none", 0, 0}};

    (void)state;
    for (size_t k = 0; k < SNN_COUNT(rows); k++) {
        const struct vector row = {"lif", rows[k].reset, 2, 1, 0.5, "", {0}};
        const struct snn_cell c = cell_of(&row, 1, 1);
        real current = 1.5, x, s = (real)0.75, v = 0; /* s is the noise on entry */

        snn_cell_forward(
            &c, &(struct snn_cell_forward){
                    .to = 1, .current = &current, .soft = true, .x = &x, .s = &s, .state = &v});
        double want = 1 / (1 + exp(-(5 * -0.25 + 0.75))), w = 0.5 * 0.75;
        assert_near(x, -0.25, 0);
        assert_near(s, want, 1e-7);
        assert_near(v, w - want * (rows[k].a + rows[k].b * w), 1e-7);
    }
}

static void keeps_v__each_case__is_asked_for_where_backward_reads_it(void **state)
{
    struct snn_cell zero = cell_of(&(struct vector){"lif", "zero", 2, 1, 1, "", {0}}, 1, 1);
    struct snn_cell scaled = cell_of(&(struct vector){"lif", "scaled", 2, 1, 1, "", {0}}, 1, 1);

    (void)state;
    zero.detach_reset = scaled.detach_reset = true;
    assert_false(snn_cell_keeps_v(&zero, true));
    assert_false(snn_cell_keeps_v(&scaled, true));
    zero.detach_reset = scaled.detach_reset = false;
    assert_true(snn_cell_keeps_v(&zero, true));
    assert_false(snn_cell_keeps_v(&scaled, true));
    assert_false(snn_cell_keeps_v(&zero, false));
    for (enum snn_learnable i = 0; i < SNN_LEARNABLE_COUNT; i++) {
        memset(scaled.learns, 0, sizeof scaled.learns);
        scaled.learns[i] = true;
        assert_int_equal(snn_cell_keeps_v(&scaled, true),
                         i == SNN_LEARN_tau || i == SNN_LEARN_alpha || i == SNN_LEARN_coefficients);
        assert_false(snn_cell_keeps_v(&scaled, false));
        assert_false(snn_cell_keeps_f(&zero, true));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors__each_neuron_and_reset__has_one_of_unit_step_and_one_of_another),
        cmocka_unit_test(forward__each_vector__is_met),
        cmocka_unit_test(forward__spikedes_golden_run__is_reproduced),
        cmocka_unit_test(forward__charge_equals_the_threshold__fires),
        cmocka_unit_test(forward__a_breath_below_the_threshold__does_not_fire),
        cmocka_unit_test(forward__many_neurons__are_each_what_one_alone_is),
        cmocka_unit_test(forward__stride_zero__shows_the_same_current_at_every_step),
        cmocka_unit_test(forward__steps_of_other_lengths__are_each_taken),
        cmocka_unit_test(forward__cut_in_two__goes_on_from_the_state),
        cmocka_unit_test(forward__soft__resets_by_the_share_of_the_spike),
        cmocka_unit_test(keeps_v__each_case__is_asked_for_where_backward_reads_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
