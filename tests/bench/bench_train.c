/* SPDX-License-Identifier: MIT */
/*
 * Times training steps:
 *
 *   bench_train --workload NAME [--surrogate NAME] [--threads N] [--time-steps N] [--event-rate R]
 *               [--hidden-rate R] [--exponentials M] [--quick] [--json]
 *
 * A step is forward, loss, backward and Adam on one fixed batch, from the same weights each time,
 * so that the layers fire as the workload says. Told is the lowest of three rounds' medians: of the
 * thread's CPU time for one thread, of wall time for more. A workload's steps and densities can be
 * others than its own; --quick only shows that it runs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "core/math/gemm.h"
#include "tests/bench/floor.h"
#include "tests/bench/workload.h"

#define ROUNDS 3
#define STEPS 25 /* timed, in a round */
#define WARM_UP 3

struct options {
    const char *workload, *surrogate;
    double threads, time_steps, event_rate, hidden_rate, exponentials; /* 0 = the workload's own */
    bool json, quick;
};

struct measured {
    double ms, learning_ms, look_ms, encode_ms, rss_mb, sgemm, same_shape;
    char path[256];
};

static double now(size_t threads)
{
    struct timespec t;
    clock_gettime(threads > 1 ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *seconds, size_t n)
{
    qsort(seconds, n, sizeof *seconds, ascending);
    return seconds[n / 2];
}

/* `learning`: a round's steps go on from each other's weights. */
static enum snn_code time_steps(struct bench *b, const struct options *o, bool learning,
                                enum snn_code (*step)(struct bench *, struct snn_error *),
                                double *ms, struct snn_error *err)
{
    const size_t steps = o->quick ? 1 : STEPS, threads = (size_t)o->threads;
    double best = 0, seconds[STEPS];

    for (size_t round = 0; round < (o->quick ? 1 : ROUNDS); round++) {
        for (size_t i = 0; i < WARM_UP + steps; i++) {
            if (!learning || i == 0)
                bench_restart(b);
            double start = now(threads);
            enum snn_code rc = step(b, err);
            if (rc != SNN_OK)
                return rc;
            if (i >= WARM_UP)
                seconds[i - WARM_UP] = now(threads) - start;
        }
        double m = median(seconds, steps);
        best = round == 0 || m < best ? m : best;
    }
    *ms = 1e3 * best;
    return SNN_OK;
}

static double time_encoding(struct bench *b)
{
    double seconds[STEPS];

    for (size_t i = 0; i < STEPS; i++) {
        double start = now(1);
        bench_encode(b);
        seconds[i] = now(1) - start;
    }
    return 1e3 * median(seconds, STEPS);
}

/* The machine's rate of dense products [m, k] x [k, n], on one thread. */
static double product_gflops(size_t m, size_t n, size_t k)
{
    enum { TIMES = 10 };
    real *a = calloc(m * k + k * n + m * n, sizeof *a);
    double seconds[TIMES];

    if (!a)
        return 0;
    for (size_t i = 0; i < m * k + k * n; i++)
        a[i] = (real)((double)(i % 17) / 16);
    for (size_t i = 0; i < TIMES; i++) {
        double start = now(1);
        snn_gemm_nt(a + m * k + k * n, a, a + m * k, m, n, k, 0);
        seconds[i] = now(1) - start;
    }
    free(a);
    return 2.0 * (double)m * (double)n * (double)k / median(seconds, TIMES) * 1e-9;
}

/* The largest product of a step, as the layer with the most weights would have it. */
static double same_shape_gflops(const struct bench *b)
{
    const struct snn_net *net = &b->run->net;
    const struct snn_layer *l = &net->layer[net->first];

    for (size_t i = net->first; i < net->n_layers; i++)
        if (net->layer[i].tensor[0].count > l->tensor[0].count)
            l = &net->layer[i];
    return product_gflops(b->w->batch * (l->static_input ? 1 : net->segment), l->tensor[0].shape[0],
                          l->tensor[0].count / l->tensor[0].shape[0]);
}

static void print_list(const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        printf("%s%.4f", i ? ", " : "", values[i]);
}

/* How each layer's products were done, of all blocks that the run has seen. */
static void tell_paths(const struct bench *b, char *text, size_t size)
{
    struct snn_plan_layer plan[SNN_MAX_LAYERS];
    const size_t n = snn_run_plan(b->run, plan);
    FILE *to = fmemopen(text, size, "w");

    for (size_t i = 0; to && i < n; i++) {
        const struct snn_plan_product *in = &plan[i].input, *back = &plan[i].back;
        fprintf(to, "%s%s %s", i ? ", " : "", plan[i].layer, snn_path_name(in->path));
        if (in->listed)
            fprintf(to, " %.0f%%", 100 * (double)in->listed / (double)in->blocks);
        if (back->listed)
            fprintf(to, ", back lists %.0f%%", 100 * (double)back->listed / (double)back->blocks);
    }
    if (to)
        (void)fclose(to);
}

static double most_memory_mb(void)
{
    struct rusage usage;

    return getrusage(RUSAGE_SELF, &usage) == 0 ? (double)usage.ru_maxrss / 1024 : 0;
}

/* The time that diagnostics take, where they are due as often as a job has them unless told. */
#define DIAGNOSTICS ((size_t)50)

static double diagnostics_share(const struct measured *m)
{
    return (m->look_ms - m->ms) / ((double)DIAGNOSTICS * m->ms);
}

static void print_text(const struct bench *b, const struct options *o, const struct measured *m)
{
    const double floor = floor_ms(b, m->sgemm);

    printf("%s, %s, %g thread(s), %s (BLAS: %s): %.2f ms a batch of %zu, %.0f samples/s\n",
           b->w->name, o->surrogate, o->threads, snn_isa(), snn_blas(), m->ms, b->w->batch,
           1e3 * (double)b->w->batch / m->ms);
    printf("  %.2f where steps go on from each other's weights\n", m->learning_ms);
    printf("  of it the input: %.2f ms on one thread; %.0f MB; sgemm %.1f GFLOP/s, of its shape "
           "%.1f\n",
           m->encode_ms, m->rss_mb, m->sgemm, m->same_shape);
    printf("  a diagnostic step: %.2f ms; every %zu steps that is %.1f%% of the time\n", m->look_ms,
           DIAGNOSTICS, 100 * diagnostics_share(m));
    printf("  dense it were %.1f GFLOP/s; the least would be %.2f ms on one thread (%.0f%%)\n",
           1e3 * dense_gflop(b) / m->ms, floor, 100 * floor / m->ms / o->threads);
    printf("  firing rates by layer: ");
    print_list(b->rate, b->n_rates);
    printf("; |u - threshold| <= 0.5: ");
    print_list(b->active, b->n_rates);
    printf("\n  products: %s\n", m->path);
}

static void print_json(const struct bench *b, const struct options *o, const struct measured *m)
{
    const double floor = floor_ms(b, m->sgemm);

    printf("{\"workload\": \"%s\", \"surrogate\": \"%s\", \"path\": \"%s\", \"threads\": %g, "
           "\"isa\": \"%s\", \"blas\": \"%s\", \"time_steps\": %zu, \"event_rate\": %g, "
           "\"hidden_rate\": %g, \"ms_per_batch\": %.3f, \"samples_per_second\": %.0f, "
           "\"learning_ms\": %.3f, \"rss_mb\": %.1f, \"rates\": [",
           b->w->name, o->surrogate, m->path, o->threads, snn_isa(), snn_blas(), b->w->time_steps,
           b->w->event_rate, b->w->hidden_rate, m->ms, 1e3 * (double)b->w->batch / m->ms,
           m->learning_ms, m->rss_mb);
    print_list(b->rate, b->n_rates);
    printf("], \"active\": [");
    print_list(b->active, b->n_rates);
    printf("], \"input_ms\": %.3f, \"diagnostic_ms\": %.3f, \"sgemm_gflops\": %.1f, "
           "\"same_shape_gflops\": %.1f, "
           "\"gflops\": %.1f, \"floor_ms\": %.3f, \"floor_share\": %.3f}\n",
           m->encode_ms, m->look_ms, m->sgemm, m->same_shape, 1e3 * dense_gflop(b) / m->ms, floor,
           floor / m->ms / o->threads);
}

static int usage(const char *what)
{
    char names[256];

    workload_names(names, sizeof names);
    fprintf(stderr,
            "bench_train: %s\n"
            "usage: bench_train --workload NAME [--surrogate NAME] [--threads N] [--time-steps N]\n"
            "                   [--event-rate R] [--hidden-rate R] [--exponentials M] [--quick]\n"
            "                   [--json]\n"
            "workloads: %s\n",
            what, names);
    return 2;
}

/* NULL, or what is wrong. */
static const char *parse_number(struct options *o, const char *flag, const char *value)
{
    const struct {
        const char *flag, *wrong;
        double *into, most;
        bool whole;
    } rows[] = {
        {"--threads", "--threads wants a number from 1 to 64", &o->threads, 64, true},
        {"--time-steps", "--time-steps wants a number from 1 to 100000", &o->time_steps, 1e5, true},
        {"--event-rate", "--event-rate wants a number above 0, up to 1", &o->event_rate, 1, false},
        {"--hidden-rate", "--hidden-rate wants a number above 0, up to 1", &o->hidden_rate, 1,
         false},
        {"--exponentials", "--exponentials wants a number from 4 to 24", &o->exponentials,
         SNN_MAX_EXPONENTIALS, true},
    };
    char *end = NULL;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(flag, rows[i].flag) != 0)
            continue;
        *rows[i].into = strtod(value, &end);
        const double v = *rows[i].into;
        const bool right = v > 0 && v <= rows[i].most && !(rows[i].whole && v != (double)(size_t)v);
        return *end || end == value || !right ? rows[i].wrong : NULL;
    }
    return "a flag is not known";
}

/* NULL, or what is wrong. */
static const char *parse(struct options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL, *wrong = NULL;

        if (strcmp(argv[i], "--json") == 0) {
            o->json = true;
            continue;
        }
        if (strcmp(argv[i], "--quick") == 0) {
            o->quick = true;
            continue;
        }
        if (!value)
            return "a flag is not known or lacks its value";
        if (strcmp(argv[i], "--workload") == 0)
            o->workload = value;
        else if (strcmp(argv[i], "--surrogate") == 0)
            o->surrogate = value;
        else
            wrong = parse_number(o, argv[i], value);
        if (wrong)
            return wrong;
        i++;
    }
    return o->workload ? NULL : "--workload is missing";
}

/* The workload with what was asked to be other. */
static struct workload changed(const struct workload *w, const struct options *o)
{
    struct workload now = *w;

    if (o->time_steps > 0)
        now.time_steps = (size_t)o->time_steps;
    if (o->event_rate > 0)
        now.event_rate = o->event_rate;
    if (o->hidden_rate > 0)
        now.hidden_rate = o->hidden_rate;
    now.exponentials = (size_t)o->exponentials;
    return now;
}

int main(int argc, char **argv)
{
    struct options o = {.surrogate = "arctan", .threads = 1};
    struct snn_error err = {0};
    struct measured m = {0};
    struct bench b, looking = {.w = NULL};
    const char *wrong = parse(&o, argc, argv);
    const struct workload *w = wrong ? NULL : workload_find(o.workload);

    if (!w)
        return usage(wrong ? wrong : "no workload of that name");
    const struct workload now = changed(w, &o);
    const size_t threads = (size_t)o.threads;
    enum snn_code rc = bench_open(&b, &now, o.surrogate, threads, false, &err);
    if (rc == SNN_OK)
        rc = time_steps(&b, &o, false, bench_step, &m.ms, &err);
    if (rc == SNN_OK) {
        tell_paths(&b, m.path, sizeof m.path);
        rc = time_steps(&b, &o, true, bench_step, &m.learning_ms, &err);
    }
    if (rc == SNN_OK) {
        m.encode_ms = time_encoding(&b);
        m.rss_mb = most_memory_mb(); /* before what no step has */
        rc = bench_open(&looking, &now, o.surrogate, threads, true, &err);
    }
    if (rc == SNN_OK)
        rc = time_steps(&looking, &o, false, bench_look, &m.look_ms, &err);
    if (rc == SNN_OK) {
        m.sgemm = product_gflops(512, 512, 512);
        m.same_shape = same_shape_gflops(&b);
        (o.json ? print_json : print_text)(&b, &o, &m);
    } else
        fprintf(stderr, "bench_train: %s\n", err.message);
    bench_free(&b);
    bench_free(&looking);
    return rc == SNN_OK ? 0 : 1;
}
