/* SPDX-License-Identifier: MIT */
/* The surrogates: a row each. The row's expression is the whole definition; its loop, its lookup,
 * its place in the catalog and the completeness check of the tests follow from it. Sources:
 * core/README.md. */
#ifndef SPIKED_CORE_SURROGATE_ROWS_H
#define SPIKED_CORE_SURROGATE_ROWS_H

#include "core/surrogate/surrogate.h"

/* reach: WITHIN where the derivative is 0 beyond |x| = scale. In a row: x is membrane - threshold,
 * s the spike emitted, k the scale. */
/* clang-format off */
#define SURROGATES(ROW)                                                                                           \
    /*  name      scale training reach derivative                       what scale is             formula */            \
    ROW(sigmoid,  5,    HARD,    ALL, MEAN_SLOPE,                      "steepness k",                                  \
        "k s(kx) (1 - s(kx)), s the logistic function")                                                           \
    ROW(arctan,   2,    HARD,    ALL, ARCTAN,                          "steepness k",                                  \
        "(k/2) / (1 + (pi/2 k x)^2)")                                                                             \
    ROW(linear,   1,    HARD,    WITHIN, WINDOW,                          "half-width g of the window",                   \
        "1/(2g) for |x| <= g, else 0")                                                                            \
    ROW(gaussian, 1,    HARD,    ALL, snn_exp(-sq(x / k) / 2) / (k * (real)2.50662827463100050242), "standard deviation", \
        "exp(-x^2 / (2 sd^2)) / (sd sqrt(2 pi))")                                                                 \
    ROW(noisy,    5,    SOFT,    ALL, logistic_slope(k, s),            "steepness k; noise is Logistic(0, 1/k)",       \
        "training emits S = s(kx + e), e ~ Logistic(0,1), differentiated exactly; evaluation is the hard step")   \
    ROW(noisy_mean_field, 5, MEAN, ALL, logistic_slope(k, s),          "steepness k",                                  \
        "training emits S = s(kx), differentiated exactly; evaluation is the hard step")                          \
    ROW(noisy_hard, 5,  NOISY,   ALL, MEAN_SLOPE,                      "steepness k; noise is Logistic(0, 1/k)",       \
        "training emits the step of kx + e, e ~ Logistic(0,1); derivative k s(kx) (1 - s(kx)), straight through the noise") \
    ROW(fast_sigmoid, 25, HARD,  ALL, FAST,                            "slope k",                                      \
        "1 / (1 + k |x|)^2 (snnTorch's)")                                                                         \
    ROW(superspike, 100, HARD,   ALL, FAST,                            "slope k",                                      \
        "1 / (1 + k |x|)^2 (Norse's)")                                                                            \
    ROW(triangular, 1,  HARD,    WITHIN, (magnitude(x) < k ? (1 - magnitude(x) / k) / k : 0), "half-width g",             \
        "max(0, 1 - |x|/g) / g")                                                                                  \
    ROW(straight_through, 1, HARD, ALL, k,                             "the derivative itself",                        \
        "scale, everywhere")                                                                                      \
    ROW(atan,     2,    HARD,    ALL, ARCTAN,                          "steepness k",                                  \
        "arctan by its other name")                                                                               \
    ROW(boxcar,   1,    HARD,    WITHIN, WINDOW,                          "half-width g of the window",                   \
        "linear by its other name")
/* clang-format on */

#endif
