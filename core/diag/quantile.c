/* SPDX-License-Identifier: MIT */
/* Quantiles of what is in a histogram: the bin that the share falls into, and within it as if its
 * values were spread evenly. A bin is a factor of two wide, so a quantile is off by less than that.
 */
#include <math.h>

#include "core/diag/quantile.h"

const double snn_quantile_share[SNN_QUANTILES] = {0, 0.05, 0.25, 0.5, 0.75, 0.95, 1};
const double snn_distance_share[SNN_DISTANCES] = {0.05, 0.25, 0.5, 0.75, 0.95};

/* A stretch of values and how many there are. */
struct stretch {
    double left, right;
    uint64_t n;
};

static double clamp(double v, double low, double high)
{
    return v < low ? low : v > high ? high : v;
}

/* Stretches in ascending order hold `all` values; the one at that share. */
static double find(const struct stretch *s, size_t n, uint64_t all, double share)
{
    const double rank = share * (double)all;
    double before = 0;
    for (size_t i = 0; i < n; i++) {
        const double in = (double)s[i].n;
        if (s[i].n > 0 && before + in >= rank)
            return s[i].left + (s[i].right - s[i].left) * clamp((rank - before) / in, 0, 1);
        before += in;
    }
    return (double)NAN;
}

/* Bin i without what is beyond the extremes. */
static struct stretch stretch_of(const struct snn_histogram *h, size_t i)
{
    double left, right;
    snn_histogram_edges(i, &left, &right);
    return (struct stretch){clamp(left, h->min, h->max), clamp(right, h->min, h->max), h->bins[i]};
}

double snn_histogram_quantile(const struct snn_histogram *h, double share)
{
    struct stretch s[SNN_HIST_BINS + 1];
    size_t n = 0;
    for (size_t i = 0; i < SNN_HIST_BINS; i++) {
        if (i == SNN_HIST_SIDE)
            s[n++] = (struct stretch){0, 0, h->zeros};
        s[n++] = stretch_of(h, i);
    }
    return find(s, n, h->count - h->nan - h->inf, share);
}

double snn_histogram_distance(const struct snn_histogram *h, double share)
{
    const double most = fmax(fabs(h->min), fabs(h->max));
    struct stretch s[SNN_HIST_SIDE + 1] = {{0, 0, h->zeros}};
    for (size_t i = 0; i < SNN_HIST_SIDE; i++) {
        double left, right;
        snn_histogram_edges(SNN_HIST_SIDE + i, &left, &right);
        s[i + 1] = (struct stretch){fmin(left, most), fmin(right, most),
                                    h->bins[SNN_HIST_SIDE + i] + h->bins[SNN_HIST_SIDE - 1 - i]};
    }
    return find(s, SNN_HIST_SIDE + 1, h->count - h->nan - h->inf, share);
}
