/* SPDX-License-Identifier: MIT */
/* The synapses in plain loops: linear maps, so that a tangent goes through them as a value does. */
#include "core/check/check.h"
#include "core/layer/pool2d.h"

static void weigh_dense(const double *w, const double *x, size_t out, size_t in, double *to)
{
    for (size_t o = 0; o < out; o++) {
        double sum = 0;
        for (size_t i = 0; i < in; i++)
            sum += w[o * in + i] * x[i];
        to[o] += sum;
    }
}

/* What one window of filter w sees of plane by plane x. */
static double see(const struct snn_window *win, const double *w, const double *x, size_t row,
                  size_t column)
{
    double sum = 0;
    for (size_t c = 0; c < win->channels; c++)
        for (size_t i = 0; i < win->kernel[0]; i++)
            for (size_t j = 0; j < win->kernel[1]; j++) {
                const size_t y = row * win->stride + i, z = column * win->stride + j;
                const size_t tap = (c * win->kernel[0] + i) * win->kernel[1] + j;
                if (y >= win->padding && y < win->padding + win->in[0] && z >= win->padding &&
                    z < win->padding + win->in[1])
                    sum += w[tap] *
                           x[(c * win->in[0] + y - win->padding) * win->in[1] + z - win->padding];
            }
    return sum;
}

static void weigh_planes(const struct snn_layer *l, const double *w, const double *x, double *to)
{
    const struct snn_window *win = &l->window;
    const size_t taps = win->channels * win->kernel[0] * win->kernel[1];
    for (size_t f = 0; f < l->out_shape.size[0]; f++)
        for (size_t y = 0; y < win->out[0]; y++)
            for (size_t z = 0; z < win->out[1]; z++)
                to[(f * win->out[0] + y) * win->out[1] + z] += see(win, w + f * taps, x, y, z);
}

void snn_weigh(const struct snn_layer *l, const double *w, const double *x, bool bias, double *out)
{
    const size_t each = l->out / l->tensor[1].count; /* neurons that share a bias */
    const double *b = w + (l->tensor[1].offset - l->tensor[0].offset);
    if (l->tensor[0].rank == 2)
        weigh_dense(w, x, l->out, l->in, out);
    else
        weigh_planes(l, w, x, out);
    for (size_t o = 0; bias && o < l->out; o++)
        out[o] += b[o / each];
}

void snn_weigh_own(const struct snn_layer *l, const double *w, const double *x, bool bias,
                   double *out)
{
    const struct snn_tensor_place *own = &l->tensor[2];
    const double *v = w + (own->offset - l->tensor[0].offset), *b = v + own->count;
    if (own->rank == 2)
        weigh_dense(v, x, l->out, l->out, out);
    for (size_t o = 0; own->rank == 1 && o < l->out; o++)
        out[o] += v[o] * x[o];
    for (size_t o = 0; bias && l->recurrent_bias && o < l->out; o++)
        out[o] += b[o];
}

/* Row by row, the first of the largest in the window; the plane's values lie `step` apart. */
static size_t largest(const struct snn_window *w, const real *in, size_t step, size_t y, size_t x)
{
    size_t best = y * w->stride * w->in[1] + x * w->stride;
    for (size_t i = 0; i < w->kernel[0]; i++)
        for (size_t j = 0; j < w->kernel[1]; j++) {
            const size_t at = (y * w->stride + i) * w->in[1] + x * w->stride + j;
            if (in[at * step] > in[best * step])
                best = at;
        }
    return best;
}

static double mean(const struct snn_window *w, const double *d, size_t y, size_t x)
{
    double sum = 0;
    for (size_t i = 0; i < w->kernel[0]; i++)
        for (size_t j = 0; j < w->kernel[1]; j++)
            sum += d[(y * w->stride + i) * w->in[1] + x * w->stride + j];
    return sum / (double)(w->kernel[0] * w->kernel[1]);
}

void snn_pass_tangent(const struct snn_layer *l, const real *in, const real *mask, const double *d,
                      double *out)
{
    const struct snn_window *w = &l->window;
    const bool takes_largest = l->type->forward == snn_max_pool2d_forward;
    const size_t plane = w->in[0] * w->in[1], positions = snn_window_positions(w);
    const size_t step = l->planes_last ? w->channels : 1; /* of d the channels come first */
    for (size_t k = 0; k < l->out; k++) {
        if (w->channels == 0) {
            out[k] = mask ? d[k] * (double)mask[k] : d[k];
            continue;
        }
        const size_t c = k / positions, y = k % positions / w->out[1], x = k % w->out[1];
        const real *from = in + (l->planes_last ? c : c * plane);
        out[k] = takes_largest ? d[c * plane + largest(w, from, step, y, x)]
                               : mean(w, d + c * plane, y, x);
    }
}
