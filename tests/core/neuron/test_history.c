/* SPDX-License-Identifier: MIT */
/* Fractional order over a past of several blocks of steps and tiles of neurons: what comes out
 * obeys the equations sum by sum, and has the same bits however its steps are cut into calls, by
 * the kernels of every instruction set. */
#include <math.h>
#include <string.h>

#include "core/base/param.h"
#include "core/neuron/neuron.h"
#include "tests/support/test.h"

#define T 45
#define STATES 9 /* the most exponentials */
#define N 83     /* a tile, a vector and some */
#define TOLERANCE (sizeof(real) == sizeof(double) ? 1e-12 : 2e-5)
#define K 0.7 /* of the surrogate straight_through: the derivative */

/* What a run asks for. */
struct wants {
    size_t at_once;      /* steps a call */
    bool forgets;        /* what the forward pass makes, but spikes and x */
    bool learns_nothing; /* and so backward needs nothing step by step */
    bool looks;          /* at dL/du */
    bool sums;           /* dL/dI */
};

struct history {
    struct snn_cell cell;
    real r[N], threshold[N], h[T], past[T + SNN_HISTORY_STEPS], scratch[4 * N];
    real tile[(2 * T + SNN_HISTORY_LAGS + SNN_HISTORY_STEPS + 4 + STATES) * SNN_TILE];
    real current[T * N], x[T * N], s[T * N], v[T * N], f[T * N], solved[T * N], state[N];
    real upstream[T * N], g[T * N], d_state[T * N], lambda[N];
    real g_membrane[T * N], d_membrane[T * N], sum[N];
    double w[T], d_w[T], d_c[STATES], d_a, d_tau[N], d_threshold[N];
};

struct way {
    const char *solver, *reset;
    size_t memory, exponentials;
    bool soft;
};

/* Both signs, no two rows alike. */
static real mixed(size_t i)
{
    return (real)sin((double)(i * i % 10007));
}

/* A test at a time: its arrays are those of the table before. */
static void approximate(struct history *l, const struct snn_orders *orders, size_t count)
{
    static unsigned char room[(size_t)1 << 16] __attribute__((aligned(64)));
    struct snn_arena arena = {.base = room, .capacity = sizeof room};

    snn_weights_approximate(&l->cell.table, &arena, l->cell.solver, orders, count, false);
    assert_false(arena.failed);
    assert_int_equal(l->cell.table.exponentials.count, count);
}

static void build(struct history *l, const struct way *way)
{
    const struct snn_choice neuron = {.kind = snn_registry_find(&snn_neurons, "lif")};
    const struct snn_choice reset = {.kind = snn_registry_find(&snn_resets, way->reset)};
    const struct snn_choice solver = {.kind = snn_registry_find(&snn_solvers, way->solver)};
    const struct snn_choice surrogate = {
        .kind = snn_registry_find(&snn_surrogates, way->soft ? "noisy" : "straight_through")};
    const struct snn_orders orders = {.alpha = {0.6}, .coefficient = {1}, .n = 1, .h = 1};

    memset(l, 0, sizeof *l);
    l->cell = (struct snn_cell){.neuron = snn_neuron_of(&neuron),
                                .solver = snn_solver_of(&solver),
                                .reset = snn_reset_of(&reset),
                                .surrogate = snn_surrogate_of(&surrogate),
                                .r = l->r,
                                .threshold = l->threshold,
                                .h = l->h,
                                .scale = (real)K,
                                .n = N,
                                .time_steps = T};
    l->cell.learns[SNN_LEARN_alpha] = true;
    for (size_t i = 0; i < N; i++) {
        l->r[i] = (real)(1 / (2 + 0.01 * (double)i));
        l->threshold[i] = (real)(1 - 0.002 * (double)i);
    }
    for (size_t i = 0; i < T * N; i++) {
        l->current[i] = 1 + 2 * mixed(i);
        l->upstream[i] = mixed(i + 5);
        l->s[i] = 2 * mixed(i + 7); /* noise */
    }
    memcpy(l->g, l->upstream, sizeof l->g);
    l->cell.table = (struct snn_weights_table){
        .w = l->w, .past = l->past, .lags = snn_solver_lags(way->memory, T, false)};
    approximate(l, &orders, way->exponentials);
    snn_weights_fill(&l->cell.table, l->cell.solver, &orders);
    assert_true(snn_cell_tile(&l->cell) * sizeof(real) <= sizeof l->tile);
}

static void run_as(struct history *l, struct wants wants)
{
    const struct snn_cell_gradient all = {
        .tau = l->d_tau, .threshold = l->d_threshold, .a = &l->d_a, .w = l->d_w, .c = l->d_c};
    struct snn_cell_forward f = {.current = l->current,
                                 .current_stride = N,
                                 .soft = l->cell.surrogate->training != SNN_SPIKE_HARD,
                                 .x = l->x,
                                 .s = l->s,
                                 .v = wants.forgets ? NULL : l->v,
                                 .f = wants.forgets ? NULL : l->f,
                                 .solved = wants.forgets ? NULL : l->solved,
                                 .state = l->state,
                                 .scratch = l->scratch,
                                 .tile = l->tile};
    struct snn_cell_backward b = {.x = l->x,
                                  .s = l->s,
                                  .v = f.v,
                                  .f = f.f,
                                  .solved = f.solved,
                                  .g = l->g,
                                  .g_membrane = l->g_membrane,
                                  .d_membrane = wants.looks ? l->d_membrane : NULL,
                                  .d_current_sum = wants.sums ? l->sum : NULL,
                                  .lambda = l->lambda,
                                  .scratch = l->scratch,
                                  .tile = l->tile,
                                  .d_state = l->d_state};

    if (!wants.learns_nothing)
        b.d = all;
    for (f.from = 0; f.from < T; f.from = f.to) {
        f.to = f.from + wants.at_once < T ? f.from + wants.at_once : T;
        snn_cell_forward(&l->cell, &f);
    }
    for (b.to = T; b.to > 0; b.to = b.from) {
        b.from = b.to > wants.at_once ? b.to - wants.at_once : 0;
        snn_cell_backward(&l->cell, &b);
    }
}

/* Forward, then backward, so many steps a call. */
static void run(struct history *l, size_t at_once)
{
    run_as(l, (struct wants){.at_once = at_once});
}

static const struct way ways[] = {
    {"gl", "scaled", SNN_ALL_STATES, 0, false},
    {"gl", "zero", SNN_ALL_STATES, 0, false},
    {"gl", "subtract", 9, 0, false},
    {"gl", "scaled", 3, 0, false},
    {"l1", "scaled", 20, 0, false},
    {"pred", "scaled", SNN_ALL_STATES, 0, false},
    {"pred", "zero", 9, 0, false},
    {"pred", "subtract", 2, 0, false},
    {"gl", "none", 0, 0, false},
    {"pred", "none", 0, 0, false},
    {"gl", "scaled", SNN_ALL_STATES, 4, false},
    {"gl", "none", SNN_ALL_STATES, STATES, false},
    {"l1", "zero", SNN_ALL_STATES, 6, false},
    {"pred", "none", SNN_ALL_STATES, 5, false},
    {"pred", "scaled", SNN_ALL_STATES, STATES, false},
    {"pred", "zero", SNN_ALL_STATES, 7, false},
    {"gl", "scaled", SNN_ALL_STATES, 0, true},
    {"pred", "zero", 9, 0, true},
};

/* w = a f - sum_d w_d v_{t+1-d}, or sum_d w_d F_{t-d} with F of earlier steps as it was kept. */
static double solved(const struct history *l, size_t t, size_t i)
{
    const struct snn_weights_table *w = &l->cell.table;
    const size_t lags = w->lags < t ? w->lags : t;
    const bool sums_f = l->cell.solver->sums_f;
    const double u = (double)l->x[t * N + i] + (double)l->threshold[i];
    const double f =
        u - (double)l->v[t * N + i] -
        (double)(l->s[t * N + i] * l->threshold[i] * l->r[i] * l->cell.reset->per_step);
    double sum = sums_f ? w->w[0] * f : w->a * f;

    for (size_t d = 1; d <= lags; d++)
        sum += w->w[d] * (double)(sums_f ? l->f[(t - d) * N + i] : -l->v[(t + 1 - d) * N + i]);
    return sum;
}

static double spike(const struct history *l, size_t i)
{
    if (l->cell.surrogate->training == SNN_SPIKE_HARD)
        return l->x[i] >= 0;
    return 1 / (1 + exp(-K * (double)l->x[i] - 2 * (double)mixed(i + 7)));
}

static void forward__long_past__is_the_weighted_sum(void **state)
{
    static struct history l;

    (void)state;
    for (size_t k = 0; k < SNN_COUNT(ways); k++) {
        build(&l, &ways[k]);
        run(&l, T);
        for (size_t t = 0; t < T; t++)
            for (size_t i = 0; i < N; i++)
                assert_near(l.solved[t * N + i], solved(&l, t, i), 10 * TOLERANCE);
        for (size_t i = 0; i < T * N; i++)
            assert_near(l.s[i], spike(&l, i), TOLERANCE);
    }
}

/* dL/d of the table, by all of its weights; a coefficient has its share of each behind the near. */
static void assert_weights(const struct history *l, const double *want)
{
    const struct snn_weights_table *w = &l->cell.table;
    const struct snn_exponentials *e = &w->exponentials;

    for (size_t d = 0; d <= (e->count ? SNN_NEAR : w->lags); d++)
        assert_near(l->d_w[d], want[d], 500 * TOLERANCE);
    for (size_t m = 0; m < e->count; m++) {
        double sum = 0;

        for (size_t d = SNN_NEAR + 1; d <= w->lags; d++)
            sum += want[d] * pow(e->lambda[m], (double)(d - SNN_NEAR - 1));
        assert_near(l->d_c[m], sum, 500 * TOLERANCE);
    }
    for (size_t d = SNN_NEAR + 1; e->count && d <= w->lags; d++)
        assert_near(l->d_w[d], 0, 0);
}

/* With a detached reset that takes nothing of the state, dL/dw can be had from dL/dI alone. */
static void backward__long_past__is_the_weighted_sum(void **state)
{
    static struct history l;
    static double dw[T + 1][N], du[T + 1][N];

    (void)state;
    for (size_t k = 0; k < SNN_COUNT(ways); k++) {
        build(&l, &ways[k]);
        const struct snn_weights_table *w = &l.cell.table;
        const bool sums_f = l.cell.solver->sums_f;
        if (l.cell.reset->b != 0 || l.cell.reset->whole != 0 || ways[k].soft)
            continue;
        l.cell.detach_reset = true;
        run(&l, T);
        double want[T] = {0};
        for (size_t i = 0; i < N; i++) {
            double lambda = 0;
            for (size_t t = T; t-- > 0;) {
                const size_t left = T - 1 - t, lags = w->lags < left ? w->lags : left;
                double sum = 0;

                for (size_t d = 1; d <= lags; d++)
                    sum += w->w[d] * dw[t + d][i];
                dw[t][i] = sums_f ? lambda : lambda - sum;
                du[t][i] = K * (double)l.upstream[t * N + i];
                const double df = sums_f ? w->w[0] * dw[t][i] + sum : w->a * dw[t][i];
                assert_near(l.g[t * N + i], (du[t][i] + df) * (double)l.r[i], 10 * TOLERANCE);
                lambda = du[t][i] - (double)l.g[t * N + i];
                for (size_t d = !sums_f; d <= w->lags && d <= t; d++)
                    want[d] += dw[t][i] *
                               (double)(sums_f ? l.f[(t - d) * N + i] : -l.v[(t + 1 - d) * N + i]);
            }
        }
        assert_weights(&l, want);
    }
}

/* Calls of some steps sum the weights that the exponentials make, calls of all keep states. */
static void assert_states_are_sums(const struct history *states, const struct history *sums)
{
    for (size_t i = 0; i < T * N; i++) {
        assert_near(states->x[i], sums->x[i], 10 * TOLERANCE);
        assert_near(states->solved[i], sums->solved[i], 10 * TOLERANCE);
        assert_near(states->g[i], sums->g[i], 20 * TOLERANCE);
    }
    assert_memory_equal(states->s, sums->s, sizeof sums->s);
    assert_weights(states, sums->d_w);
}

static void calls__any_number_of_steps__have_the_same_bits(void **state)
{
    static struct history whole, cut;
    static const size_t lengths[] = {1, 2, 6, 7, 20, 44};

    (void)state;
    for (size_t k = 0; k < SNN_COUNT(ways) * SNN_COUNT(lengths); k++) {
        build(&whole, &ways[k % SNN_COUNT(ways)]);
        build(&cut, &ways[k % SNN_COUNT(ways)]);
        run(&whole, T);
        run(&cut, lengths[k / SNN_COUNT(ways)]);
        if (ways[k % SNN_COUNT(ways)].exponentials) {
            assert_states_are_sums(&whole, &cut);
            continue;
        }
        assert_memory_equal(whole.x, cut.x, sizeof cut.x);
        assert_memory_equal(whole.s, cut.s, sizeof cut.s);
        assert_memory_equal(whole.solved, cut.solved, sizeof cut.solved);
        assert_memory_equal(whole.state, cut.state, sizeof cut.state);
        assert_memory_equal(whole.g, cut.g, sizeof cut.g);
        assert_memory_equal(whole.lambda, cut.lambda, sizeof cut.lambda);
        for (size_t d = 0; d <= cut.cell.table.lags; d++)
            assert_near(whole.d_w[d], cut.d_w[d], 500 * TOLERANCE);
        for (size_t i = 0; i < N; i++)
            assert_near(whole.d_tau[i], cut.d_tau[i], 0);
    }
}

static void forward__nothing_is_kept__has_the_same_bits(void **state)
{
    static struct history keeps, forgets;

    (void)state;
    for (size_t k = 0; k < SNN_COUNT(ways); k++) {
        build(&keeps, &ways[k]);
        build(&forgets, &ways[k]);
        forgets.cell.detach_reset = true;
        run(&keeps, T);
        run_as(&forgets, (struct wants){.at_once = T, .forgets = true, .learns_nothing = true});
        assert_memory_equal(forgets.x, keeps.x, sizeof keeps.x);
        assert_memory_equal(forgets.s, keeps.s, sizeof keeps.s);
        assert_memory_equal(forgets.state, keeps.state, sizeof keeps.state);
    }
}

static void build_detached(struct history *l, const struct way *way)
{
    build(l, way);
    l->cell.detach_reset = true;
    for (size_t i = 0; i < T * N; i++)
        l->g_membrane[i] = mixed(i + 3);
}

/* A detached reset and nothing learned is another way back: alike to rounding. */
static void backward__nothing_is_learned__is_the_same(void **state)
{
    static struct history learns, not, sums;

    (void)state;
    for (size_t k = 0; k < SNN_COUNT(ways); k++) {
        build_detached(&learns, &ways[k]);
        build_detached(&not, &ways[k]);
        build_detached(&sums, &ways[k]);
        run_as(&learns, (struct wants){.at_once = T, .looks = true});
        run_as(&not, (struct wants){.at_once = T, .learns_nothing = true, .looks = true});
        run_as(&sums, (struct wants){.at_once = T, .learns_nothing = true, .sums = true});
        for (size_t i = 0; i < T * N; i++) {
            assert_near(not .g[i], learns.g[i], 20 * TOLERANCE);
            assert_near(not .d_membrane[i], learns.d_membrane[i], 20 * TOLERANCE);
        }
        for (size_t i = 0; i < N; i++) {
            double sum = 0;

            for (size_t t = 0; t < T; t++)
                sum += (double)not .g[t * N + i];
            assert_near(not .lambda[i], learns.lambda[i], 20 * TOLERANCE);
            assert_near(sums.sum[i], sum, 20 * TOLERANCE);
        }
        assert_memory_equal(sums.lambda, not .lambda, sizeof not .lambda);
    }
}

static void backward__looked_at_or_cut__has_the_same_bits(void **state)
{
    static struct history seen, unseen, cut;
    static const size_t lengths[] = {1, 2, 6, 7, 20, 44};

    (void)state;
    for (size_t k = 0; k < SNN_COUNT(ways) * SNN_COUNT(lengths); k++) {
        const struct way *way = &ways[k % SNN_COUNT(ways)];
        const size_t at_once = lengths[k / SNN_COUNT(ways)];
        build_detached(&seen, way);
        build_detached(&unseen, way);
        build_detached(&cut, way);
        run_as(&seen, (struct wants){.at_once = T, .learns_nothing = true, .looks = true});
        run_as(&unseen, (struct wants){.at_once = T, .learns_nothing = true});
        run_as(&cut, (struct wants){.at_once = at_once, .learns_nothing = true});
        assert_memory_equal(seen.g, unseen.g, sizeof unseen.g);
        assert_memory_equal(seen.lambda, unseen.lambda, sizeof unseen.lambda);
        if (way->exponentials)
            continue;
        assert_memory_equal(cut.g, unseen.g, sizeof unseen.g);
        assert_memory_equal(cut.lambda, unseen.lambda, sizeof unseen.lambda);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward__long_past__is_the_weighted_sum),
        cmocka_unit_test(backward__long_past__is_the_weighted_sum),
        cmocka_unit_test(calls__any_number_of_steps__have_the_same_bits),
        cmocka_unit_test(forward__nothing_is_kept__has_the_same_bits),
        cmocka_unit_test(backward__nothing_is_learned__is_the_same),
        cmocka_unit_test(backward__looked_at_or_cut__has_the_same_bits),
    };
    struct snn_error err = {0};
    int failed = 0;

    for (size_t i = 0; snn_isa_at(i); i++)
        failed += snn_isa_select(snn_isa_at(i), &err) != SNN_OK ||
                  cmocka_run_group_tests_name(snn_isa(), tests, NULL, NULL) != 0;
    return failed;
}
