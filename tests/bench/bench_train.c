/* SPDX-License-Identifier: MIT */
/*
 * Times training steps:
 *
 *   bench_train --workload NAME [--surrogate NAME] [--threads N] [--json]
 *
 * A step is forward, loss, backward and Adam on one fixed batch. Told is the lowest of three
 * rounds' medians: of the thread's CPU time for one thread, of wall time for more.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "core/math/gemm.h"
#include "tests/bench/workload.h"

#define ROUNDS 3
#define STEPS 25 /* timed, in a round */
#define WARM_UP 3

struct options {
    const char *workload, *surrogate;
    size_t threads;
    bool json;
};

struct measured {
    double ms, encode_ms, gflops;
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

static enum snn_code time_steps(struct bench *b, size_t threads, double *ms, struct snn_error *err)
{
    double best = 0, seconds[STEPS];

    for (size_t round = 0; round < ROUNDS; round++) {
        bench_restart(b);
        for (size_t i = 0; i < WARM_UP + STEPS; i++) {
            double start = now(threads);
            enum snn_code rc = bench_step(b, err);
            if (rc != SNN_OK)
                return rc;
            if (i >= WARM_UP)
                seconds[i - WARM_UP] = now(threads) - start;
        }
        double m = median(seconds, STEPS);
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

/* The machine's rate of dense products, on one thread: 512 x 512 x 512. */
static double sgemm_gflops(void)
{
    enum { n = 512, times = 20 };
    real *a = calloc(3 * n * n, sizeof *a);
    double seconds[times];

    if (!a)
        return 0;
    for (size_t i = 0; i < 2 * n * n; i++)
        a[i] = (real)((double)(i % 17) / 16);
    for (size_t i = 0; i < times; i++) {
        double start = now(1);
        snn_gemm_nt(a + 2 * n * n, a, a + n * n, n, n, n, 0);
        seconds[i] = now(1) - start;
    }
    free(a);
    return 2.0 * n * n * n / median(seconds, times) * 1e-9;
}

static void print_list(const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        printf("%s%.4f", i ? ", " : "", values[i]);
}

/* How each layer's products were done, of all blocks that the run has seen. */
static void print_paths(const struct bench *b)
{
    struct snn_plan_layer plan[SNN_MAX_LAYERS];
    const size_t n = snn_run_plan(b->run, plan);
    for (size_t i = 0; i < n; i++) {
        const struct snn_plan_product *in = &plan[i].input, *back = &plan[i].back;
        printf("%s%s %s", i ? ", " : "", plan[i].layer, snn_path_name(in->path));
        if (in->listed)
            printf(" %.0f%%", 100 * (double)in->listed / (double)in->blocks);
        if (back->listed)
            printf(", back lists %.0f%%", 100 * (double)back->listed / (double)back->blocks);
    }
}

static void print(const struct bench *b, const struct options *o, const struct measured *m)
{
    struct rusage usage;
    const size_t batch = b->w->batch;
    double rss_mb = 0;

    if (getrusage(RUSAGE_SELF, &usage) == 0)
        rss_mb = (double)usage.ru_maxrss / 1024;
    if (!o->json) {
        printf("%s, %s, %zu thread(s), %s (BLAS: %s): %.2f ms a batch of %zu, %.0f samples/s\n",
               b->w->name, o->surrogate, o->threads, snn_isa(), snn_blas(), m->ms, batch,
               1e3 * (double)batch / m->ms);
        printf("  of it the input: %.2f ms on one thread; %.0f MB; sgemm %.1f GFLOP/s\n",
               m->encode_ms, rss_mb, m->gflops);
        printf("  firing rates by layer: ");
        print_list(b->rate, b->n_rates);
        printf("; |u - threshold| <= 0.5: ");
        print_list(b->active, b->n_rates);
        printf("\n  products: ");
        print_paths(b);
        printf("\n");
        return;
    }
    printf("{\"workload\": \"%s\", \"surrogate\": \"%s\", \"path\": \"", b->w->name, o->surrogate);
    print_paths(b);
    printf("\", \"threads\": %zu, "
           "\"isa\": \"%s\", \"blas\": \"%s\", \"ms_per_batch\": %.3f, "
           "\"samples_per_second\": %.0f, \"rss_mb\": %.1f, \"rates\": [",
           o->threads, snn_isa(), snn_blas(), m->ms, 1e3 * (double)batch / m->ms, rss_mb);
    print_list(b->rate, b->n_rates);
    printf("], \"active\": [");
    print_list(b->active, b->n_rates);
    printf("], \"input_ms\": %.3f, \"sgemm_gflops\": %.1f}\n", m->encode_ms, m->gflops);
}

static int usage(const char *what)
{
    char names[256];

    workload_names(names, sizeof names);
    fprintf(stderr,
            "bench_train: %s\n"
            "usage: bench_train --workload NAME [--surrogate NAME] [--threads N] [--json]\n"
            "workloads: %s\n",
            what, names);
    return 2;
}

/* NULL, or what is wrong. */
static const char *parse(struct options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        char *end = NULL;

        if (strcmp(argv[i], "--json") == 0) {
            o->json = true;
            continue;
        }
        if (!value)
            return "a flag is not known or lacks its value";
        if (strcmp(argv[i], "--workload") == 0)
            o->workload = value;
        else if (strcmp(argv[i], "--surrogate") == 0)
            o->surrogate = value;
        else if (strcmp(argv[i], "--threads") == 0) {
            unsigned long n = strtoul(value, &end, 10);
            if (*end || n < 1 || n > 64)
                return "--threads wants a number from 1 to 64";
            o->threads = n;
        } else
            return "a flag is not known";
        i++;
    }
    return o->workload ? NULL : "--workload is missing";
}

int main(int argc, char **argv)
{
    struct options o = {.surrogate = "arctan", .threads = 1};
    struct snn_error err = {0};
    struct measured m = {0};
    struct bench b;
    const char *wrong = parse(&o, argc, argv);
    const struct workload *w = wrong ? NULL : workload_find(o.workload);

    if (!w)
        return usage(wrong ? wrong : "no workload of that name");
    enum snn_code rc = bench_open(&b, w, o.surrogate, o.threads, &err);
    if (rc == SNN_OK)
        rc = time_steps(&b, o.threads, &m.ms, &err);
    if (rc == SNN_OK) {
        m.encode_ms = time_encoding(&b);
        m.gflops = sgemm_gflops();
        print(&b, &o, &m);
    } else
        fprintf(stderr, "bench_train: %s\n", err.message);
    bench_free(&b);
    return rc == SNN_OK ? 0 : 1;
}
