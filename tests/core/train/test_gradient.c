/* SPDX-License-Identifier: MIT */
/*
 * That the backward pass is the derivative of the forward pass. Where spikes are soft the network
 * is smooth, and the proof is by differences of the loss; `make gradcheck` runs it in double. Where
 * they are hard, it is by a second implementation, whose own reverse the soft cases prove as well.
 */
#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "tests/core/layer/stack.h"
#include "tests/core/train/runs.h"
#include "tests/core/train/small.h"
#include "tests/support/test.h"

#ifdef SNN_DOUBLE
#define DIFFERENCE_TOLERANCE 1e-7
#define PLAIN_TOLERANCE 1e-11
#else
#define DIFFERENCE_TOLERANCE 1e-4
#define PLAIN_TOLERANCE 1e-4
#endif

static void as_doubles(double *to, const real *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (double)from[i];
}

/* The differences of the core's own loss; in a float build, of the plain one. */
static void compare_with_differences(struct small *s)
{
    double core[SMALL_PARAMS], plain[SMALL_PARAMS], want[SMALL_PARAMS];
    const bool by_core = sizeof(real) == sizeof(double) && !s->c.detach_reset;

    assert_near(small_core(s, true), small_plain(s, plain), PLAIN_TOLERANCE);
    as_doubles(core, s->grads, s->net.n_params);
    if (s->c.detach_reset)
        small_freeze(s); /* the spikes in the resets are constants */
    for (size_t i = 0; i < s->net.n_params; i++)
        want[i] = small_difference(s, i, by_core ? small_core_loss : small_plain_loss);
    small_compare(s, plain, want, 1e-7);
    small_compare(s, core, want, DIFFERENCE_TOLERANCE);
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

static const char *name_of(const struct snn_registry *r, size_t i)
{
    return snn_registry_at(r, i)->name;
}

/* A surrogate whose spikes in training are a smooth function: the i-th, round and round. Only one
 * that draws noise keeps the steps' membranes apart, as readout membrane_max has to have them. */
static const char *smooth_surrogate(size_t i, const char *readout)
{
    const bool draws = strcmp(readout, "membrane_max") == 0;
    size_t found[8], n = 0;

    for (size_t k = 0; k < snn_surrogates.count && n < SNN_COUNT(found); k++) {
        const struct snn_choice c = snn_choice_of(snn_registry_at(&snn_surrogates, k));
        const enum snn_spike spike = snn_surrogate_of(&c)->training;

        if (spike == SNN_SPIKE_SOFT || (spike == SNN_SPIKE_MEAN && !draws))
            found[n++] = k;
    }
    assert_true(n > 0);
    return name_of(&snn_surrogates, found[i % n]);
}

/* Solvers with the terms and the memory that make a difference to them. */
struct dynamics {
    const char *solver;
    size_t terms, memory;
};

static size_t all_dynamics(struct dynamics out[64])
{
    static const size_t memories[] = {SNN_ALL_STATES, 2, 0};
    size_t n = 0;

    for (size_t i = 0; i < snn_solvers.count; i++) {
        const struct snn_choice c = snn_choice_of(snn_registry_at(&snn_solvers, i));
        const size_t most_terms = snn_solver_of(&c)->many_terms ? PLAIN_TERMS : 1;
        const size_t ways = snn_solver_of(&c)->has_history ? SNN_COUNT(memories) : 1;

        for (size_t terms = 1; terms <= most_terms; terms += PLAIN_TERMS - 1)
            for (size_t k = 0; k < ways; k++) {
                assert_true(n < 64);
                out[n++] = (struct dynamics){c.kind->name, terms, memories[k]};
            }
    }
    return n;
}

/* Layers that leave their input as it is: with the neurons behind them instead of in the dense
 * layers, the network is the same. A dropout of the small network drops nothing. */
static const char *const behind[] = {NULL, "flatten", NULL, "dropout", NULL};

/* Every solver, neuron, reset and readout, detached and not. What is learned, the kind of input,
 * which layers have the neurons and which of the soft surrogates it is go round with the rest. */
static void backward__soft_spikes__is_the_derivative_of_the_loss(void **state)
{
    struct dynamics d[64];
    const size_t n = all_dynamics(d);
    size_t turn = 0;

    (void)state;
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < solver_stepped() * snn_resets.count * snn_readouts.count * 2; i++) {
            const size_t kind = i / 2, resets = kind / solver_stepped();
            const char *readout = name_of(&snn_readouts, resets / snn_resets.count);
            struct small s;

            turn++;
            small_build(&s, &(struct small_case){
                                .solver = d[k].solver,
                                .terms = d[k].terms,
                                .memory = d[k].memory,
                                .neuron = name_of(&snn_neurons, kind % solver_stepped()),
                                .reset = name_of(&snn_resets, resets % snn_resets.count),
                                .readout = name_of(&snn_readouts, resets / snn_resets.count),
                                .detach_reset = i & 1,
                                .surrogate = smooth_surrogate(turn / 3, readout),
                                .learns = (enum snn_learn)(turn % 3),
                                .behind = behind[turn / 2 % SNN_COUNT(behind)],
                                .is_static = turn / 5 % 3 == 0,
                                .masked = turn / 5 % 3 == 1,
                                .block = 2,
                            });
            compare_with_differences(&s);
            small_free(&s);
        }
}

/* How much of a run is worth comparing: some spikes, not all. */
static double firing(const struct small *s)
{
    double spikes = 0, places = 0;

    for (size_t i = 0; i < SMALL_SAMPLES; i++)
        for (size_t k = 0; k < s->plain.n_layers; k++)
            for (size_t n = 0; n < s->plain.time_steps; n++)
                for (size_t j = 0; j < s->plain.layer[k].out; j++) {
                    spikes += s->trace[i].s[k][n][j];
                    places++;
                }
    return spikes / places;
}

/* Lets each of got have what roundings of the parameters alone, to float's precision, change of
 * want, once for each step, which rounds anew: where soft spikes are reset to zero step after step,
 * that is many times a rounding. */
static void forgive_roundings(struct small *s, double *got, const double *want)
{
    double exact[SMALL_PARAMS], moved[SMALL_PARAMS], spread[SMALL_PARAMS] = {0};
    const size_t n = s->net.n_params, bytes = n * sizeof *exact;

    memcpy(exact, s->p, bytes);
    for (uint32_t turn = 1; turn <= 8; turn++) {
        for (size_t i = 0; i < n; i++)
            s->p[i] = exact[i] * (1 + (i * 2654435761u * turn & 1u << 16 ? 1 : -1) * 0x1p-24);
        small_plain(s, moved);
        for (size_t i = 0; i < n; i++)
            spread[i] = fmax(spread[i], fabs(moved[i] - want[i]));
    }
    memcpy(s->p, exact, bytes);
    for (size_t i = 0; i < n; i++) {
        const double off = got[i] - want[i];
        got[i] -= copysign(fmin(fabs(off), (double)s->plain.time_steps * spread[i]), off);
    }
}

static void compare_with_plain(struct small *s)
{
    const struct snn_surrogate *surrogate = s->net.layer[small_neurons(s, 0)].cell.surrogate;
    double core[SMALL_PARAMS], want[SMALL_PARAMS];
    double loss = small_core(s, true), plain = small_plain(s, want), rate = firing(s);

    assert_near(loss, plain, PLAIN_TOLERANCE);
    assert_true(rate > 0.05 && rate < 0.95);
    as_doubles(core, s->grads, s->net.n_params);
    if (sizeof(real) != sizeof(double) && surrogate->training != SNN_SPIKE_HARD &&
        surrogate->training != SNN_SPIKE_NOISY)
        forgive_roundings(s, core, want);
    small_compare(s, core, want, PLAIN_TOLERANCE);
}

/* Every surrogate, neuron, reset and readout; blocks of 1, 2 and all 5 samples; the flags. */
static void backward__every_surrogate__is_that_of_plain_loops(void **state)
{
    static const size_t blocks[] = {1, 2, SMALL_SAMPLES};

    (void)state;
    for (size_t f = 0; f < snn_surrogates.count; f++)
        for (size_t n = 0; n < solver_stepped(); n++)
            for (size_t i = 0; i < snn_resets.count * snn_readouts.count * 8; i++) {
                const size_t kind = i / 8;
                struct small s;

                small_build(&s, &(struct small_case){
                                    .surrogate = name_of(&snn_surrogates, f),
                                    .neuron = name_of(&snn_neurons, n),
                                    .reset = name_of(&snn_resets, kind % snn_resets.count),
                                    .readout = name_of(&snn_readouts, kind / snn_resets.count),
                                    .detach_reset = i & 1,
                                    .behind = behind[(i + kind) % SNN_COUNT(behind)],
                                    .learns = i & 2 ? SNN_PER_LAYER : SNN_FIXED,
                                    .is_static = i & 4,
                                    .masked = i % 8 == 3,
                                    .block = blocks[(i + kind) % SNN_COUNT(blocks)],
                                    .exact = true,
                                });
                compare_with_plain(&s);
                small_free(&s);
            }
}

#ifdef SNN_DOUBLE
/* Hard spikes by every solver: in float, a rounding could turn one over. */
static void backward__every_solver__is_that_of_plain_loops(void **state)
{
    struct dynamics d[64];
    const size_t n = all_dynamics(d);
    size_t turn = 0;
    double rate = 0;

    (void)state;
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < solver_stepped() * snn_resets.count * 2; i++) {
            double core[SMALL_PARAMS], want[SMALL_PARAMS];
            struct small s;

            turn++;
            small_build(&s, &(struct small_case){
                                .solver = d[k].solver,
                                .terms = d[k].terms,
                                .memory = d[k].memory,
                                .neuron = name_of(&snn_neurons, i / 2 % solver_stepped()),
                                .reset = name_of(&snn_resets, i / 2 / solver_stepped()),
                                .readout = turn % 2 ? "spike_count" : "membrane_mean",
                                .detach_reset = i & 1,
                                .surrogate = "sigmoid",
                                .learns = (enum snn_learn)(turn % 3),
                                .behind = behind[turn / 2 % SNN_COUNT(behind)],
                                .is_static = turn / 5 % 3 == 0,
                                .masked = turn / 5 % 3 == 1,
                                .block = 2,
                            });
            assert_near(small_core(&s, true), small_plain(&s, want), PLAIN_TOLERANCE);
            as_doubles(core, s.grads, s.net.n_params);
            small_compare(&s, core, want, PLAIN_TOLERANCE);
            rate += firing(&s) / (double)turn - rate / (double)turn;
            small_free(&s);
        }
    assert_true(rate > 0.1 && rate < 0.9);
}
#endif

static void build_order_1(struct stack *s, const char *solver, const char *neuron,
                          const char *reset)
{
    struct snn_neuron_spec n = snn_neuron_spec_default();
    const struct stack_case c = {
        .in = {.rank = 1, .size = {5}},
        .layer = {{"dense", {{"units", 6}}, SNN_BY_KIND}, {"dense", {{"units", 2}}, SNN_BY_KIND}},
        .neuron = &n,
        .time_steps = 9};

    n.model = runs_choice(&snn_neurons, neuron);
    n.solver = runs_choice(&snn_solvers, solver);
    n.reset = runs_choice(&snn_resets, reset);
    n.surrogate = runs_choice(&snn_surrogates, "noisy"); /* a rounding turns nothing over */
    n.learn[SNN_LEARN_threshold] = SNN_PER_NEURON;
    stack_build(s, &c);
}

/* Of order 1 and with the whole past, every solver's gradient is Euler's: spikeDE's l1 and trap
 * forget the state there. */
static void backward__order_1__is_eulers(void **state)
{
    double want[SMALL_PARAMS];
    size_t compared = 0;

    (void)state;
    for (size_t i = 0; i < snn_solvers.count * snn_resets.count * solver_stepped(); i++) {
        const char *neuron = name_of(&snn_neurons, i / snn_solvers.count / snn_resets.count);
        const char *reset = name_of(&snn_resets, i / snn_solvers.count % snn_resets.count);
        struct stack euler, other;

        build_order_1(&euler, "euler", neuron, reset);
        build_order_1(&other, name_of(&snn_solvers, i % snn_solvers.count), neuron, reset);
        assert_near(stack_run(&euler), stack_run(&other), PLAIN_TOLERANCE);
        assert_int_equal(euler.net.n_params, other.net.n_params);
        assert_true(euler.net.n_params <= SMALL_PARAMS);
        as_doubles(want, euler.grads, euler.net.n_params);
        stack_compare("gradient", other.grads, want, euler.net.n_params);
        for (size_t k = 0; k < euler.net.n_params; k++)
            compared += fabs(want[k]) > 1e-4;
        stack_free(&euler);
        stack_free(&other);
    }
    assert_true(compared > 100);
}

static void backward__gradients_there_before__are_added_to(void **state)
{
    struct small s;
    struct snn_tally tally = {0};

    (void)state;
    small_build(&s, &(struct small_case){.surrogate = "arctan",
                                         .neuron = "lif",
                                         .reset = "scaled",
                                         .readout = "spike_mean",
                                         .block = 2,
                                         .exact = true});
    small_core(&s, true);
    real once[SMALL_PARAMS];
    for (size_t i = 0; i < s.net.n_params; i++)
        once[i] = s.grads[i];
    snn_shard_run(&s.net, &s.work, s.params, s.grads, &s.shard, &tally, NULL);
    for (size_t i = 0; i < s.net.n_params; i++)
        assert_near(s.grads[i], 2 * once[i], 1e-6);
    small_free(&s);
}

static void shard_run__no_samples__does_nothing(void **state)
{
    struct small s;
    struct snn_tally tally = {0};

    (void)state;
    small_build(&s, &(struct small_case){.surrogate = "arctan",
                                         .neuron = "lif",
                                         .reset = "scaled",
                                         .readout = "spike_mean",
                                         .block = 2,
                                         .is_static = true});
    s.shard.n = 0;
    s.grads[0] = 3;
    snn_shard_run(&s.net, &s.work, s.params, s.grads, &s.shard, &tally, NULL);
    assert_int_equal(tally.samples, 0);
    assert_near(s.grads[0], 3, 0);
    small_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backward__soft_spikes__is_the_derivative_of_the_loss),
        cmocka_unit_test(backward__every_surrogate__is_that_of_plain_loops),
#ifdef SNN_DOUBLE
        cmocka_unit_test(backward__every_solver__is_that_of_plain_loops),
#endif
        cmocka_unit_test(backward__order_1__is_eulers),
        cmocka_unit_test(backward__gradients_there_before__are_added_to),
        cmocka_unit_test(shard_run__no_samples__does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
