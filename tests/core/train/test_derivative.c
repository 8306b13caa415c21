/* SPDX-License-Identifier: MIT */
/*
 * That back-propagation is the derivative of the loss for whatever a job can choose, by differences
 * where spikes are soft (`make gradcheck` runs it in double). Hard spikes and
 * detached resets: tests/core/check/test_check.c.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/param.h"
#include "tests/core/layer/stack.h"
#include "tests/core/train/every.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

static struct stack_case case_of(const struct snn_spec *spec, size_t variant)
{
    return (struct stack_case){.in = PLANES(1, 3, 3), .spec = spec, .variant = variant, .block = 2};
}

#define TOLERANCE 1e-7
#define IS_DOUBLE (sizeof(real) == sizeof(double))
#define VARIANTS 40
#define PARAMS 256
#define ROUNDING 0x1p-36 /* of a difference of losses near 1, divided by its distance */

/* A surrogate whose spikes in training are a smooth function. Only one that draws noise keeps
 * steps apart that have the same input, as readout membrane_max has to have them. */
static size_t smooth_surrogate(size_t turn, size_t readout)
{
    const bool must_draw =
        strcmp(snn_registry_at(&snn_readouts, readout)->name, "membrane_max") == 0;
    size_t found[16], n = 0;
    for (size_t k = 0; k < snn_surrogates.count && n < SNN_COUNT(found); k++) {
        const struct snn_choice c = snn_choice_of(snn_registry_at(&snn_surrogates, k));
        const enum snn_spike spike = snn_surrogate_of(&c)->training;
        if (spike == SNN_SPIKE_SOFT || (spike == SNN_SPIKE_MEAN && !must_draw))
            found[n++] = k;
    }
    assert_true(n > 0);
    return found[turn % n];
}

/* The loss along a direction through all of a tensor, h away. */
static double loss_at(struct stack *s, const struct snn_tensor_place *t, const double *direction,
                      const real *middle, double h)
{
    for (size_t i = 0; i < t->count; i++)
        s->params[t->offset + i] = (real)((double)middle[i] + h * direction[i]);
    return stack_loss(s);
}

/* From five points each: at a distance, and at half of it. */
struct slope {
    double far, near;
};

static struct slope slope_of(struct stack *s, const struct snn_tensor_place *t,
                             const double *direction)
{
    static const double at[] = {-2, -1, -0.5, 0.5, 1, 2};
    const double h = 0x1p-12;
    const size_t bytes = t->count * sizeof(real);
    real middle[PARAMS];
    double y[SNN_COUNT(at)];
    memcpy(middle, s->params + t->offset, bytes);
    for (size_t k = 0; k < SNN_COUNT(at); k++)
        y[k] = loss_at(s, t, direction, middle, at[k] * h);
    memcpy(s->params + t->offset, middle, bytes);
    return (struct slope){.far = (y[0] - 8 * y[1] + 8 * y[4] - y[5]) / (12 * h),
                          .near = (y[1] - 8 * y[2] + 8 * y[3] - y[4]) / (6 * h)};
}

static double norm_of(const real *g, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)g[i] * (double)g[i];
    return sqrt(sum);
}

/* A direction of length 1, its gradient, and the slope that differences find. */
static struct slope along(struct stack *s, const real *g, const struct snn_tensor_place *t,
                          double *gradient)
{
    double direction[PARAMS], length = 0;
    *gradient = 0;
    for (size_t i = 0; i < t->count; i++) {
        direction[i] = stack_number(5 * i + t->offset) - 0.5;
        length += direction[i] * direction[i];
    }
    for (size_t i = 0; i < t->count; i++) {
        direction[i] /= sqrt(length);
        *gradient += (double)g[t->offset + i] * direction[i];
    }
    return slope_of(s, t, direction);
}

/* False where two differences of one slope do not agree: a kink or a jump is nearby (another
 * window's maximum, another step's, snnTorch's hard reset), and says nothing of the gradient. */
static bool agrees(const struct snn_spec *spec, size_t variant)
{
    const struct stack_case c = case_of(spec, variant);
    struct stack s;
    bool smooth;
    stack_build(&s, &c);
    (void)stack_run(&s);
    const size_t n = s.net.n_params;
    real g[PARAMS];
    assert_true(n <= PARAMS);
    memcpy(g, s.grads, n * sizeof *g);
    const double all = norm_of(g, n);
    smooth = all > 1e-3; /* or there is little to see */
    for (size_t k = 0; k < s.net.n_tensors && smooth; k++) {
        const struct snn_tensor_place *t = snn_net_tensor(&s.net, k);
        const double most = fmax(norm_of(g + t->offset, t->count), all / 100);
        double got;
        const struct slope want = along(&s, g, t, &got);
        smooth = fabs(want.far - want.near) <= TOLERANCE / 20 * most + ROUNDING;
        if (smooth && !(fabs(got - want.near) <= TOLERANCE * most + ROUNDING)) {
            char name[EVERY_NAME];
            every_name(name, spec);
            fail_msg("%s of layer %zu is off by %g of %g: %s", t->role, t->layer + 1,
                     got - want.near, most, name);
        }
    }
    stack_free(&s);
    return smooth;
}

/* In float, whose differences say nothing: that it is the same whatever the blocks, but for
 * rounding. False where a rounding turned a hard reset over. */
static bool blocks_agree(const struct snn_spec *spec, size_t variant)
{
    real g[2][PARAMS];
    double off = 0;
    size_t n = 0;
    for (size_t i = 0; i < 2; i++) {
        struct stack_case c = case_of(spec, variant);
        struct stack s;
        c.block = i ? 1 : 3;
        stack_build(&s, &c);
        (void)stack_run(&s);
        n = s.net.n_params;
        assert_true(n <= PARAMS);
        memcpy(g[i], s.grads, n * sizeof(real));
        stack_free(&s);
    }
    for (size_t i = 0; i < n; i++)
        off = fmax(off, fabs((double)g[0][i] - (double)g[1][i]));
    return off <= 1e-3 * norm_of(g[1], n);
}

/* Of a shard and of an empty one: whatever was there, a gradient that is cleared for it is what it
 * adds to zeros. */
static void check_cleared(const struct snn_spec *spec, size_t block, bool fires,
                          struct runs_lists *met)
{
    struct stack_case c = case_of(spec, 0);
    struct stack s;
    real want[PARAMS];
    c.block = block;
    stack_build(&s, &c);
    for (size_t i = 0; !fires && i < s.net.n_params; i++)
        s.params[i] = -1;
    (void)stack_run(&s);
    const size_t n = s.net.n_params;
    assert_true(n <= PARAMS);
    memcpy(want, s.grads, n * sizeof *want);
    for (size_t empty = 0; empty < 2; empty++) {
        struct snn_tally tally = {0};
        memset(s.grads, 0xff, n * sizeof *s.grads); /* NaN */
        s.shard.n = empty ? 0 : STACK_SAMPLES;
        snn_shard_clear(&s.net, &s.work, s.grads);
        snn_shard_run(&s.net, &s.work, s.params, s.grads, &s.shard, &tally, NULL);
        for (size_t i = 0; i < n; i++)
            assert_near(s.grads[i], empty ? 0 : (double)want[i], 1e-6 * norm_of(want, n));
    }
    for (size_t i = 0; i < s.net.n_layers; i++)
        runs_note_lists(met, &s.work.layer[i].heard.rows.count);
    stack_free(&s);
}

static void clear__whatever_a_job_can_choose__leaves_nothing(void **state)
{
    struct runs_lists met = {0};
    (void)state;
    for (size_t turn = 0; turn < 6 * every_forms(); turn++) {
        const struct every e = {.form = turn % every_forms(),
                                .neuron = turn / 5 % snn_neurons.count,
                                .surrogate = turn / 3 % snn_surrogates.count,
                                .turn = turn};
        struct snn_spec spec;
        if (!every_spec(&spec, &e))
            continue;
        for (size_t block = 1; block <= STACK_SAMPLES; block += STACK_SAMPLES - 1) {
            check_cleared(&spec, block, true, &met);
            check_cleared(&spec, block, false, &met);
        }
    }
    assert_true(met.all && met.some && met.none && met.silent);
}

/* What was met of a neuron. */
struct met {
    bool reset[16], learns[SNN_LEARNABLE_COUNT][3];
};

static void note(struct met *m, const struct every *e, const struct snn_spec *spec)
{
    m->reset[e->reset] = true;
    for (size_t i = 0; i < spec->n_layers; i++)
        for (size_t w = 0; w < SNN_LEARNABLE_COUNT && snn_layer_has_neuron(&spec->layers[i]); w++)
            m->learns[w][spec->layers[i].neuron.learn[w]] = true;
}

/* Every reset, and whatever the neuron has to learn, each way that it can be. */
static void check_met(const struct met *m, size_t neuron)
{
    struct snn_neuron_spec n = snn_neuron_spec_default();
    n.model = snn_choice_of(snn_registry_at(&snn_neurons, neuron));
    for (size_t i = 0; i < snn_resets.count; i++)
        assert_true(m->reset[i]);
    for (enum snn_learnable w = 0; w < SNN_LEARNABLE_COUNT; w++)
        for (enum snn_learn how = SNN_PER_LAYER; how <= SNN_PER_NEURON; how++) {
            const bool has = snn_learnable_by_term(w) ? !snn_neuron_of(&n.model)->own_steps
                                                      : !isnan(snn_learnable_initial(&n, w, 0));
            if (has && snn_learnable_allows(w, how) && !m->learns[w][how])
                fail_msg("%s never learned its %s", n.model.kind->name, snn_learnable_name(w));
        }
}

/* Every form of a layer with every neuron, solver, loss and readout; the rest goes round. */
static void backward__whatever_a_job_can_choose__is_the_derivative(void **state)
{
    static struct met met[16];
    const size_t pairs = snn_losses.count * snn_readouts.count;
    const size_t all = every_forms() * snn_neurons.count * snn_solvers.count * pairs;
    size_t turn = 0, redrawn = 0;
    (void)state;
    for (size_t i = 0; i < all; i++) {
        const size_t loss = i % pairs, neuron = i / pairs;
        struct every e = {.form = neuron / (snn_neurons.count * snn_solvers.count),
                          .neuron = neuron / snn_solvers.count % snn_neurons.count,
                          .solver = neuron % snn_solvers.count,
                          .loss = loss / snn_readouts.count,
                          .readout = loss % snn_readouts.count,
                          .reset = turn / 3 % snn_resets.count,
                          .turn = turn};
        struct snn_spec spec;
        size_t variant = 0;
        e.surrogate = smooth_surrogate(turn, e.readout);
        if (!every_spec(&spec, &e))
            continue;
        while (!(IS_DOUBLE ? agrees : blocks_agree)(&spec, variant) && ++variant < VARIANTS)
            redrawn++;
        assert_true(variant < VARIANTS);
        note(&met[e.neuron], &e, &spec);
        turn++;
    }
    assert_true(turn >=
                every_neutral_forms() * every_neuron_and_solver() * every_loss_and_readout());
    assert_true(redrawn * 50 < turn);
    for (size_t i = 0; i < snn_neurons.count; i++)
        check_met(&met[i], i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clear__whatever_a_job_can_choose__leaves_nothing),
        cmocka_unit_test(backward__whatever_a_job_can_choose__is_the_derivative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
