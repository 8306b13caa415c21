/* SPDX-License-Identifier: MIT */
/* Signed log2-magnitude histograms: empty ones, sums of them, and where their bins are. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/snn.h"

#define SIDE SNN_HIST_SIDE

void snn_histogram_clear(struct snn_histogram *h)
{
    h->count = h->zeros = h->nan = h->inf = 0;
    h->sum = h->sum_squares = 0;
    h->min = HUGE_VAL;
    h->max = -HUGE_VAL;
    memset(h->bins, 0, sizeof h->bins);
}

void snn_histogram_merge(struct snn_histogram *into, const struct snn_histogram *from)
{
    into->count += from->count;
    into->zeros += from->zeros;
    into->nan += from->nan;
    into->inf += from->inf;
    into->sum += from->sum;
    into->sum_squares += from->sum_squares;
    into->min = from->min < into->min ? from->min : into->min;
    into->max = from->max > into->max ? from->max : into->max;
    for (size_t i = 0; i < SNN_HIST_BINS; i++)
        into->bins[i] += from->bins[i];
}

/* Lower edge of the magnitudes of rank 0 (below the smallest bin) to SIDE - 1 (above the largest).
 */
static double lower_edge(size_t rank)
{
    if (rank == SIDE)
        return HUGE_VAL;
    return rank == 0 ? 0 : ldexp(1, SNN_HIST_EXP_MIN + (int)rank - 1);
}

void snn_histogram_edges(size_t i, double *left, double *right)
{
    assert(i < SNN_HIST_BINS);
    if (i < SIDE) {
        *left = 0 - lower_edge(SIDE - i);
        *right = 0 - lower_edge(SIDE - 1 - i);
    } else {
        *left = lower_edge(i - SIDE);
        *right = lower_edge(i - SIDE + 1);
    }
}
