/* SPDX-License-Identifier: MIT */
/* Which instruction set's kernels run, and the calls that go to them. */
#include <string.h>

#include "core/kernel/kernels.h"

/* The levels that the Makefile built, ascending: X(suffix), base first. */
#define TABLE_OF(level) extern const struct snn_kernels snn_kernel_table_##level;
SNN_KERNEL_LEVELS(TABLE_OF)

static bool has_base(void)
{
    return true; /* what the whole program is compiled for */
}

#if defined(__x86_64__)
#define SOME_BUILDS __attribute__((unused)) /* have one level alone */

SOME_BUILDS static bool has_v2(void)
{
    return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
}

SOME_BUILDS static bool has_v3(void)
{
    return has_v2() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi2");
}

SOME_BUILDS static bool has_v4(void)
{
    return has_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}

#endif

static const struct level {
    const struct snn_kernels *kernels;
    bool (*is_there)(void);
} levels[] = {
#define LEVEL(level) {&snn_kernel_table_##level, has_##level},
    SNN_KERNEL_LEVELS(LEVEL)};

#define LEVELS (sizeof levels / sizeof *levels)

/* Written before main and by snn_isa_select alone, which no kernel may run beside. */
static const struct snn_kernels *chosen;

__attribute__((constructor)) static void choose_the_best(void)
{
    for (size_t i = 0; i < LEVELS; i++)
        if (levels[i].is_there())
            chosen = levels[i].kernels;
}

const char *snn_isa(void)
{
    return chosen->isa;
}

const char *snn_isa_at(size_t i)
{
    for (size_t k = 0; k < LEVELS; k++)
        if (levels[k].is_there() && i-- == 0)
            return levels[k].kernels->isa;
    return NULL;
}

enum snn_code snn_isa_select(const char *name, struct snn_error *err)
{
    char there[128] = "";
    for (size_t i = 0; i < LEVELS; i++) {
        if (!levels[i].is_there())
            continue;
        if (strcmp(levels[i].kernels->isa, name) == 0) {
            chosen = levels[i].kernels;
            return SNN_OK;
        }
        strncat(there, *there ? ", " : "", sizeof there - strlen(there) - 1);
        strncat(there, levels[i].kernels->isa, sizeof there - strlen(there) - 1);
    }
    return snn_fail(err, SNN_NOT_FOUND,
                    "instruction set '%s' is not one of what this build and processor have: %s",
                    name, there);
}

#define CALL_V(name, parameters, arguments)                                                        \
    void name parameters                                                                           \
    {                                                                                              \
        chosen->run_##name arguments;                                                              \
    }
#define CALL_F(type, name, parameters, arguments)                                                  \
    type name parameters                                                                           \
    {                                                                                              \
        return chosen->run_##name arguments;                                                       \
    }
SNN_KERNELS(CALL_V, CALL_F)
