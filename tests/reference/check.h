/* SPDX-License-Identifier: MIT */
/* Comparing the core with one case of a reference file, and counting what came of it. */
#ifndef TESTS_REFERENCE_CHECK_H
#define TESTS_REFERENCE_CHECK_H

#include "core/snn.h"
#include "tests/reference/json.h"

/* |a - b| <= REF_TOLERANCE max(1, max |b|), over an array */
#ifdef SNN_DOUBLE
#define REF_TOLERANCE 1e-10
#else
#define REF_TOLERANCE 1e-4
#endif

struct ref_tally {
    size_t cases, passed;
    double worst; /* largest |a - b| / max(1, max |b|) of all arrays */
};

struct ref_case {
    const char *file, *name;
    const json_t *shared;     /* the file's `inputs` */
    const json_t *parameters; /* the case's own */
    const json_t *inputs;
    json_t *expected; /* what is compared is taken out: at the end nothing may be left */
    struct ref_pool pool;
    struct ref_tally *tally;
    bool failed;
};

/* Says why the case fails; it goes on where it can. */
void ref_fail(struct ref_case *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A number or boolean of an object; fails the case where it is missing or something else. */
double ref_number(struct ref_case *c, const json_t *from, const char *key);
/* The same, `otherwise` where it is missing or null. */
double ref_number_or(struct ref_case *c, const json_t *from, const char *key, double otherwise);
/* A text; "" with the case failed where it is missing. */
const char *ref_text(struct ref_case *c, const json_t *from, const char *key);
/* An array of that many items; false with the case failed where it is missing or of another size.
 */
bool ref_array(struct ref_case *c, struct ref_array *out, const json_t *from, const char *key,
               size_t count);
/* The same of any size. */
bool ref_any_array(struct ref_case *c, struct ref_array *out, const json_t *from, const char *key);

enum ref_how { REF_NEAR, REF_EXACT };

/* Compares expected[key] with got [count]; does nothing where the case has no such key. skip
 * [count] marks entries to leave out, NULL = none. */
void ref_compare(struct ref_case *c, const char *key, const double *got, size_t count,
                 enum ref_how how);
void ref_compare_some(struct ref_case *c, const char *key, const double *got, const bool *skip,
                      size_t count);
/* The same against numbers at hand; `what` is for the message. */
void ref_compare_with(struct ref_case *c, const char *what, const double *want, const double *got,
                      const bool *skip, size_t count, enum ref_how how);

/* reals to doubles and back, in the case's pool */
double *ref_doubles(struct ref_case *c, const real *from, size_t n);
real *ref_reals(struct ref_case *c, const double *from, size_t n);

/* One file: each case through `run`. */
void ref_run_cases(const char *file, const json_t *root, void (*run)(struct ref_case *c),
                   struct ref_tally *tally);

/* The runners, one for each kind of file. */
void ref_run_surrogate(struct ref_case *c);
void ref_run_steps(struct ref_case *c);
void ref_run_bptt(struct ref_case *c);
void ref_run_fractional(struct ref_case *c);
void ref_run_optimizer(struct ref_case *c);
void ref_run_loss(struct ref_case *c);
void ref_run_snntorch(struct ref_case *c);

#endif
