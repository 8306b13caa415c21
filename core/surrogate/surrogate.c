/* SPDX-License-Identifier: MIT */
/* The surrogates: a row each. The row's expression is the whole definition; its loop, its lookup,
 * its place in the catalog and the completeness check of the tests follow from it. Sources:
 * core/README.md. */
#include "core/surrogate/surrogate.h"

#include "core/base/param.h"
#include "core/math/approx.h"

#define PI ((real)3.14159265358979323846)

static inline real sq(real x)
{
    return x * x;
}

/* k s (1 - s), with s = s(kx): 1 - s is written out, so the tail at large x underflows as the
 * reference's does. */
static inline real logistic_slope(real k, real s)
{
    return k * s * (1 - s);
}

static inline real magnitude(real x)
{
    return x < 0 ? -x : x;
}

#define ARCTAN (k / 2 / (1 + sq(PI / 2 * k * x)))
#define WINDOW ((x >= -k && x <= k) ? 1 / (2 * k) : 0)
#define FAST (1 / sq(1 + k * magnitude(x)))
#define MEAN_SLOPE logistic_slope(k, snn_sigmoid(k *x))

/* In a row: x is membrane - threshold, s the spike emitted, k the scale. */
/* clang-format off */
#define SURROGATES(ROW)                                                                                           \
    /*  name      scale training derivative                       what scale is             formula */            \
    ROW(sigmoid,  5,    HARD,    MEAN_SLOPE,                      "steepness k",                                  \
        "k s(kx) (1 - s(kx)), s the logistic function")                                                           \
    ROW(arctan,   2,    HARD,    ARCTAN,                          "steepness k",                                  \
        "(k/2) / (1 + (pi/2 k x)^2)")                                                                             \
    ROW(linear,   1,    HARD,    WINDOW,                          "half-width g of the window",                   \
        "1/(2g) for |x| <= g, else 0")                                                                            \
    ROW(gaussian, 1,    HARD,    snn_exp(-sq(x / k) / 2) / (k * (real)2.50662827463100050242), "standard deviation", \
        "exp(-x^2 / (2 sd^2)) / (sd sqrt(2 pi))")                                                                 \
    ROW(noisy,    5,    SOFT,    logistic_slope(k, s),            "steepness k; noise is Logistic(0, 1/k)",       \
        "training emits S = s(kx + e), e ~ Logistic(0,1), differentiated exactly; evaluation is the hard step")   \
    ROW(noisy_mean_field, 5, MEAN, logistic_slope(k, s),          "steepness k",                                  \
        "training emits S = s(kx), differentiated exactly; evaluation is the hard step")                          \
    ROW(noisy_hard, 5,  NOISY,   MEAN_SLOPE,                      "steepness k; noise is Logistic(0, 1/k)",       \
        "training emits the step of kx + e, e ~ Logistic(0,1); derivative k s(kx) (1 - s(kx)), straight through the noise") \
    ROW(fast_sigmoid, 25, HARD,  FAST,                            "slope k",                                      \
        "1 / (1 + k |x|)^2 (snnTorch's)")                                                                         \
    ROW(superspike, 100, HARD,   FAST,                            "slope k",                                      \
        "1 / (1 + k |x|)^2 (Norse's)")                                                                            \
    ROW(triangular, 1,  HARD,    (magnitude(x) < k ? (1 - magnitude(x) / k) / k : 0), "half-width g",             \
        "max(0, 1 - |x|/g) / g")                                                                                  \
    ROW(straight_through, 1, HARD, k,                             "the derivative itself",                        \
        "scale, everywhere")                                                                                      \
    ROW(atan,     2,    HARD,    ARCTAN,                          "steepness k",                                  \
        "arctan by its other name")                                                                               \
    ROW(boxcar,   1,    HARD,    WINDOW,                          "half-width g of the window",                   \
        "linear by its other name")
/* clang-format on */

#define KERNEL(name, scale, emits, derivative, what, formula)                                      \
    static void name##_gradient(real *out, const real *g, const real *xs, const real *ss,          \
                                size_t n, real k)                                                  \
    {                                                                                              \
        for (size_t i = 0; i < n; i++) {                                                           \
            real x = xs[i], s = ss[i];                                                             \
            (void)x;                                                                               \
            (void)s;                                                                               \
            out[i] = g[i] * (derivative);                                                          \
        }                                                                                          \
    }                                                                                              \
    static const struct snn_param name##_params[] = {                                              \
        {"scale", what, SNN_REAL, scale, 0, 1e6, true, false, false},                              \
    };
SURROGATES(KERNEL)

#define TABLE_ROW(name, scale, emits, derivative, what, formula)                                   \
    {{#name, formula, SNN_PARAMS(name##_params)}, SNN_SPIKE_##emits, name##_gradient},
static const struct snn_surrogate rows[] = {SURROGATES(TABLE_ROW)};

const struct snn_registry snn_surrogates = SNN_REGISTRY(rows, "surrogates", "surrogate");

void snn_spike_training(const struct snn_surrogate *row, real *s, const real *x, size_t n, real k)
{
    if (row->training == SNN_SPIKE_NOISY)
        for (size_t i = 0; i < n; i++)
            s[i] = k * x[i] + s[i] >= 0 ? 1 : 0;
    else
        for (size_t i = 0; i < n; i++)
            s[i] = snn_sigmoid(k * x[i] + s[i]);
}

void snn_surrogate_curve(const struct snn_choice *surrogate, const double *x, size_t n,
                         double *spike, double *derivative)
{
    const struct snn_surrogate *row = snn_surrogate_of(surrogate);
    real k = (real)surrogate->value[0];
    for (size_t i = 0; i < n; i++) {
        real xi = (real)x[i], one = 1, s = snn_sigmoid(k * xi), d = 0;
        row->gradient(&d, &one, &xi, &s, 1, k);
        spike[i] = x[i] >= 0;
        derivative[i] = (double)d;
    }
}
