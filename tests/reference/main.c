/* SPDX-License-Identifier: MIT */
/*
 * run_reference DIR: the core against every reference file of a folder. A line for each file:
 *
 *     optimizers.json: 16 cases, 16 passed, worst error 2.2e-16
 *
 * preceded by a line for each thing that is wrong. Fails where a case fails or cannot be run. What
 * the files hold: tests/vectors/reference/README.md.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/reference/check.h"

static const struct {
    const char *file;
    void (*run)(struct ref_case *c);
} runners[] = {
    {"surrogates.json", ref_run_surrogate}, {"lif_step.json", ref_run_steps},
    {"if_step.json", ref_run_steps},        {"bptt_dense.json", ref_run_bptt},
    {"optimizers.json", ref_run_optimizer}, {"fractional.json", ref_run_fractional},
    {"losses.json", ref_run_loss},          {"snntorch_lif.json", ref_run_snntorch},
};
#define RUNNERS (sizeof runners / sizeof runners[0])

static void run_file(const char *directory, size_t which, struct ref_tally *total)
{
    struct ref_tally tally = {0};
    const char *file = runners[which].file;
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", directory, file);
    json_t *root = ref_read_file(path);
    if (root)
        ref_run_cases(file, root, runners[which].run, &tally);
    json_decref(root);
    printf("%s: %zu cases, %zu passed, worst error %.2g\n", file, tally.cases, tally.passed,
           tally.worst);
    total->cases += tally.cases ? tally.cases : 1; /* a file with no case in it is a failure */
    total->passed += tally.passed;
}

static int is_json(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');

    return dot && strcmp(dot, ".json") == 0;
}

static void visit(const char *directory, const char *file, struct ref_tally *total)
{
    for (size_t i = 0; i < RUNNERS; i++)
        if (strcmp(runners[i].file, file) == 0) {
            run_file(directory, i, total);
            return;
        }
    printf("%s: not covered\n", file);
}

int main(int argc, char **argv)
{
    struct ref_tally total = {0};
    struct dirent **entries = NULL;

    if (argc != 2) {
        fprintf(stderr, "usage: %s DIR\n", argv[0]);
        return 2;
    }
    int n = scandir(argv[1], &entries, is_json, alphasort);
    if (n < 0) {
        perror(argv[1]);
        return 2;
    }
    printf("the core in %s, tolerance %g\n", sizeof(real) == sizeof(double) ? "double" : "float",
           REF_TOLERANCE);
    for (int i = 0; i < n; i++) {
        visit(argv[1], entries[i]->d_name, &total);
        free(entries[i]);
    }
    free(entries);
    if (total.cases == 0)
        printf("%s: no reference file that is covered\n", argv[1]);
    printf("%zu passed, %zu failed\n", total.passed, total.cases - total.passed);
    return total.cases > 0 && total.passed == total.cases ? 0 : 1;
}
