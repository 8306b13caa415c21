/* SPDX-License-Identifier: MIT */
/* The table of surrogates, made of core/surrogate/rows.h. */
#include "core/surrogate/surrogate.h"

#include "core/base/param.h"
#include "core/math/approx.h"
#include "core/surrogate/rows.h"

#define PLACE(name, scale, emits, reach, derivative, what, formula) name##_place,
enum { SURROGATES(PLACE) };

#define PARAMS(name, scale, emits, reach, derivative, what, formula)                               \
    static void name##_gradient(real *out, const real *g, const real *x, const real *s, size_t n,  \
                                real k)                                                            \
    {                                                                                              \
        snn_surrogate_gradient(name##_place, out, g, x, s, n, k);                                  \
    }                                                                                              \
    static const struct snn_param name##_params[] = {                                              \
        {"scale", what, SNN_REAL, scale, 0, 1e6, true, false, false},                              \
    };
SURROGATES(PARAMS)

#define TABLE_ROW(name, scale, emits, reach, derivative, what, formula)                            \
    {{#name, formula, SNN_PARAMS(name##_params)},                                                  \
     SNN_SPIKE_##emits,                                                                            \
     SNN_REACH_##reach,                                                                            \
     name##_place,                                                                                 \
     name##_gradient},
static const struct snn_surrogate rows[] = {SURROGATES(TABLE_ROW)};

const struct snn_registry snn_surrogates = SNN_REGISTRY(rows, "surrogates", "surrogate");

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
