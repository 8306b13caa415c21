/* SPDX-License-Identifier: MIT */
/*
 * The functions whose loops are worth an instruction set of their own. Their files (KERNEL_SRC of
 * the Makefile) are compiled once per instruction set, each time with these names given the set's
 * suffix; under their plain names stand the calls of core/kernel/dispatch.c, which go to the set
 * chosen at start. So a kernel is written, declared and called like any other function: to add one,
 * add its row here. A row's first macro tells whether it returns something; the Makefile reads the
 * names, so each stands on the line of its macro.
 */
#ifndef SPIKED_CORE_KERNEL_KERNELS_H
#define SPIKED_CORE_KERNEL_KERNELS_H

#include "core/diag/gather.h"
#include "core/math/spikes.h"
#include "core/math/vec.h"
#include "core/math/window.h"
#include "core/neuron/neuron.h"
#include "core/optim/rows.h"
#include "core/surrogate/surrogate.h"

#define FORWARD (const struct snn_cell *c, const struct snn_cell_forward *f)
#define BACKWARD (const struct snn_cell *c, const struct snn_cell_backward *b)
#define MEMBRANE (const struct snn_cell *c, const struct snn_cell_trace *k, size_t t, real *out)
#define UPDATE                                                                                     \
    (real * p, const real *g, real *const slot[SNN_MAX_SLOTS], size_t n, size_t t,                 \
     const struct snn_choice *c)

/* V(name, (parameters), (arguments)) returns nothing; F(type, name, ...) does. */
/* clang-format off */
#define SNN_KERNELS(V, F)                                                                          \
    V(snn_rows_fill, (real *c, const real *row, size_t m, size_t n), (c, row, m, n))               \
    V(snn_rows_sum, (real *sum, const real *a, size_t m, size_t n), (sum, a, m, n))                \
    V(snn_add, (real *a, const real *b, size_t n), (a, b, n))                                      \
    V(snn_steps_of, (real *s, const real *x, size_t n), (s, x, n))                                 \
    V(snn_transpose, (real *a, const real *b, size_t ldb, size_t m, size_t n), (a, b, ldb, m, n)) \
    V(snn_add_transposed, (real *a, const real *b, size_t ldb, size_t m, size_t n), (a, b, ldb, m, n)) \
    F(size_t, snn_sparse_scan,                                                                     \
      (uint32_t * index, real * value, bool *ones, const real *row, size_t n),                     \
      (index, value, ones, row, n))                                                                \
    V(snn_sparse_product,                                                                          \
      (real *out, struct snn_rows out_rows, const real *table, struct snn_rows table_rows, const struct snn_sparse *l, size_t width, const real *bias, real *room),  \
      (out, out_rows, table, table_rows, l, width, bias, room))                                    \
    V(snn_sparse_scatter,  \
      (real *table, const real *x, const struct snn_sparse *l, size_t width), (table, x, l, width)) \
    V(snn_pool_max, (real *out, const real *image, const struct snn_window *w), (out, image, w))   \
    V(snn_pool_mean, (real *out, const real *image, const struct snn_window *w), (out, image, w))  \
    V(snn_pool_max_back, (real *d_image, const real *image, const real *g, const struct snn_window *w), \
      (d_image, image, g, w))                                                                      \
    V(snn_pool_mean_back, (real *d_image, const real *g, const struct snn_window *w), (d_image, g, w)) \
    V(snn_panels_fill, (real *panels, const real *weight, size_t out, size_t in), (panels, weight, out, in)) \
    V(snn_panels_settle, (real *weight, const real *panels, size_t out, size_t in, bool add), (weight, panels, out, in, add)) \
    V(snn_slide_currents,                                                                          \
      (real *out, const real *weight, const struct snn_sparse *events, const struct snn_slide *s), \
      (out, weight, events, s))                                                                    \
    V(snn_slide_weights,                                                                           \
      (real *d_weight, const real *d, const struct snn_sparse *events, const struct snn_slide *s), \
      (d_weight, d, events, s))                                                                    \
    V(snn_window_add, (real *image, const real *rows, size_t stride, const struct snn_window *w, size_t tap), \
      (image, rows, stride, w, tap))                                                               \
    F(bool, snn_squares_finite, (const real *a, size_t n), (a, n))                                 \
    V(snn_exp_sums, (double *sum, real *e, const real *z, const real *top, size_t rows, size_t n), \
      (sum, e, z, top, rows, n))                                                                   \
    F(double, snn_sum_squares, (const real *a, size_t n), (a, n))                                  \
    V(snn_histogram_add, (struct snn_histogram *h, const real *values, size_t n), (h, values, n))  \
    F(size_t, snn_count_from, (const real *a, real least, size_t n), (a, least, n))              \
    V(snn_count_spikes, (uint64_t *count, const real *s, size_t n), (count, s, n))                 \
    V(snn_surrogate_gradient,                                                                      \
      (size_t row, real *out, const real *g, const real *x, const real *s, size_t n, real k),      \
      (row, out, g, x, s, n, k))                                                                   \
    V(snn_spike_training,                                                                          \
      (const struct snn_surrogate *row, real *s, const real *x, size_t n, real k),                 \
      (row, s, x, n, k))                                                                           \
    V(snn_euler_forward, FORWARD, (c, f))                                                             \
    V(snn_euler_backward, BACKWARD, (c, b))                                                           \
    V(snn_leak_back, (const struct snn_cell *c, real *x, real *lambda, size_t n), (c, x, lambda, n)) \
    V(snn_fractional_forward, FORWARD, (c, f))                                                        \
    V(snn_fractional_backward, BACKWARD, (c, b))                                                      \
    V(snn_cuba_forward, FORWARD, (c, f))                                                              \
    V(snn_cuba_backward, BACKWARD, (c, b))                                                            \
    V(snn_alif_forward, FORWARD, (c, f))                                                              \
    V(snn_alif_backward, BACKWARD, (c, b))                                                            \
    V(snn_alif_membrane, MEMBRANE, (c, k, t, out))                                                            \
    V(snn_snntorch_forward, FORWARD, (c, f))                                                          \
    V(snn_snntorch_backward, BACKWARD, (c, b))                                                        \
    V(snn_snntorch_membrane, MEMBRANE, (c, k, t, out))                                                        \
    V(snn_adam_update, UPDATE, (p, g, slot, n, t, c))                                                                     \
    V(snn_adamw_update, UPDATE, (p, g, slot, n, t, c))                                                                    \
    V(snn_sgd_update, UPDATE, (p, g, slot, n, t, c))
/* clang-format on */

#define SNN_KERNEL_V(name, parameters, arguments) void(*run_##name) parameters;
#define SNN_KERNEL_F(type, name, parameters, arguments) type(*run_##name) parameters;

/* All kernels, compiled for one instruction set. */
struct snn_kernels {
    const char *isa;
    SNN_KERNELS(SNN_KERNEL_V, SNN_KERNEL_F)
};

extern const struct snn_kernels snn_kernel_table;

#endif
