/* SPDX-License-Identifier: MIT */
/* Writing and reading the packed forms. */
#include "server/pack.h"

#include <stdlib.h>
#include <string.h>

#define POINTS_VERSION 1
#define HISTOGRAM_VERSION 1
#define CONFUSION_VERSION 1

/* ------------------------------------------------------------------------------------ pack -- */

void srv_bytes_add(struct srv_bytes *to, const void *data, size_t n)
{
    if (!to->failed && to->cap - to->n < n) {
        size_t cap = 2 * to->cap > to->n + n ? 2 * to->cap : to->n + n + 64;
        unsigned char *grown = realloc(to->data, cap);

        if (grown) {
            to->data = grown;
            to->cap = cap;
        }
        to->failed = !grown;
    }
    if (to->failed || n == 0)
        return;
    memcpy(to->data + to->n, data, n);
    to->n += n;
}

static void add_number(struct srv_bytes *to, uint64_t v)
{
    unsigned char digits[10];
    size_t n = 0;

    do {
        digits[n++] = (unsigned char)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
        v >>= 7;
    } while (v);
    srv_bytes_add(to, digits, n);
}

static void add_real(struct srv_bytes *to, double v)
{
    unsigned char bytes[8];
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    for (size_t i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(bits >> (8 * i));
    srv_bytes_add(to, bytes, sizeof bytes);
}

void srv_pack_points(struct srv_bytes *to, const struct snn_point *p, size_t n)
{
    add_number(to, POINTS_VERSION);
    add_number(to, n);
    for (size_t i = 0; i < n; i++) {
        size_t length = strnlen(p[i].name, sizeof p[i].name - 1);

        add_number(to, length);
        srv_bytes_add(to, p[i].name, length);
        add_number(to, p[i].n);
        for (size_t j = 0; j < p[i].n; j++)
            add_real(to, p[i].values[j]);
    }
}

void srv_pack_histogram(struct srv_bytes *to, const struct snn_histogram *h)
{
    size_t filled = 0, last = SIZE_MAX; /* -1 */

    add_number(to, HISTOGRAM_VERSION);
    add_number(to, h->count);
    add_number(to, h->zeros);
    add_number(to, h->nan);
    add_number(to, h->inf);
    add_real(to, h->min);
    add_real(to, h->max);
    add_real(to, h->sum);
    add_real(to, h->sum_squares);
    add_number(to, -(SNN_HIST_EXP_MIN));
    add_number(to, SNN_HIST_EXP_MAX);
    for (size_t i = 0; i < SNN_HIST_BINS; i++)
        filled += h->bins[i] != 0;
    add_number(to, filled);
    for (size_t i = 0; i < SNN_HIST_BINS; i++) {
        if (!h->bins[i])
            continue;
        add_number(to, i - last);
        add_number(to, h->bins[i]);
        last = i;
    }
}

static void add_counts(struct srv_bytes *to, const uint32_t *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        add_number(to, v[i]);
}

void srv_pack_confusion(struct srv_bytes *to, const struct snn_confusion *c)
{
    add_number(to, CONFUSION_VERSION);
    add_number(to, c->classes);
    add_number(to, c->matrix != NULL);
    add_counts(to, c->samples, c->classes);
    add_counts(to, c->correct, c->classes);
    if (c->matrix)
        add_counts(to, c->matrix, c->classes * c->classes);
}

/* ---------------------------------------------------------------------------------- unpack -- */

struct reader {
    const unsigned char *at;
    size_t left;
    bool bad; /* the bytes ended early, or hold what cannot be */
};

static uint64_t take_number(struct reader *r)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 64 && r->left > 0; shift += 7) {
        unsigned char byte = *r->at++;

        r->left--;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return v;
    }
    r->bad = true;
    return 0;
}

static double take_real(struct reader *r)
{
    uint64_t bits = 0;
    double v;

    if (r->left < 8) {
        r->bad = true;
        return 0;
    }
    for (size_t i = 0; i < 8; i++)
        bits |= (uint64_t)r->at[i] << (8 * i);
    r->at += 8;
    r->left -= 8;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static enum snn_code damaged(const char *what, struct snn_error *err)
{
    return snn_fail(err, SNN_FORMAT, "database: a row of %s is damaged", what);
}

/* Makes room for `want` items of `size` in *array, of which there is room for *cap. */
static bool reserve(void **array, size_t *cap, size_t want, size_t size)
{
    void *grown;

    if (want <= *cap)
        return true;
    grown = realloc(*array, want * size);
    if (!grown)
        return false;
    *array = grown;
    *cap = want;
    return true;
}

static void take_point(struct reader *r, struct srv_points *out)
{
    struct snn_point *p = &out->points[out->n++];
    uint64_t length = take_number(r);

    memset(p->name, 0, sizeof p->name);
    if (length >= sizeof p->name || length > r->left) {
        r->bad = true;
        return;
    }
    memcpy(p->name, r->at, (size_t)length);
    r->at += length;
    r->left -= (size_t)length;
    p->n = (size_t)take_number(r);
    if (p->n > r->left / 8) {
        r->bad = true;
        return;
    }
    p->values = out->values + out->n_values;
    for (size_t i = 0; i < p->n; i++)
        out->values[out->n_values++] = take_real(r);
}

enum snn_code srv_unpack_points(struct srv_points *out, const unsigned char *bytes, size_t n,
                                struct snn_error *err)
{
    struct reader r = {bytes, n, false};
    uint64_t version = take_number(&r), count = take_number(&r);
    void *points = out->points, *values = out->values;
    bool room;

    out->n = out->n_values = 0;
    if (r.bad || version != POINTS_VERSION || count > r.left / 2)
        return damaged("points", err);
    room = reserve(&points, &out->cap, (size_t)count, sizeof *out->points);
    out->points = points;
    room = reserve(&values, &out->cap_values, r.left / 8 + 1, sizeof *out->values) && room;
    out->values = values;
    if (!room)
        return snn_fail(err, SNN_NOMEM, "no memory for %zu bytes of points", n);
    for (uint64_t i = 0; i < count && !r.bad; i++)
        take_point(&r, out);
    return r.bad || r.left > 0 ? damaged("points", err) : SNN_OK;
}

void srv_points_free(struct srv_points *p)
{
    free(p->points);
    free(p->values);
    *p = (struct srv_points){0};
}

enum snn_code srv_unpack_histogram(struct snn_histogram *out, const unsigned char *bytes, size_t n,
                                   struct snn_error *err)
{
    struct reader r = {bytes, n, false};
    uint64_t version = take_number(&r), filled;
    uint64_t at = UINT64_MAX; /* -1 */
    bool same_bins;

    out->count = take_number(&r);
    out->zeros = take_number(&r);
    out->nan = take_number(&r);
    out->inf = take_number(&r);
    out->min = take_real(&r);
    out->max = take_real(&r);
    out->sum = take_real(&r);
    out->sum_squares = take_real(&r);
    same_bins = take_number(&r) == -(SNN_HIST_EXP_MIN);
    same_bins = take_number(&r) == SNN_HIST_EXP_MAX && same_bins;
    filled = take_number(&r);
    memset(out->bins, 0, sizeof out->bins);
    if (version != HISTOGRAM_VERSION || !same_bins)
        return damaged("histograms", err);
    for (uint64_t i = 0; i < filled && !r.bad; i++) {
        uint64_t step = take_number(&r), value = take_number(&r);

        at += step;
        if (step == 0 || step > SNN_HIST_BINS || at >= SNN_HIST_BINS)
            r.bad = true;
        else
            out->bins[at] = value;
    }
    return r.bad || r.left > 0 ? damaged("histograms", err) : SNN_OK;
}

enum snn_code srv_unpack_confusion(struct snn_confusion *out, uint32_t **counts,
                                   const unsigned char *bytes, size_t n, struct snn_error *err)
{
    struct reader r = {bytes, n, false};
    uint64_t version = take_number(&r), classes = take_number(&r), with = take_number(&r);
    size_t total;
    uint32_t *v;

    /* A count takes a byte at least. */
    if (r.bad || version != CONFUSION_VERSION || with > 1 || classes > r.left ||
        (with && classes > SNN_CONFUSION_CLASSES))
        return damaged("confusions", err);
    total = (size_t)(2 * classes + with * classes * classes);
    v = calloc(total ? total : 1, sizeof *v);
    if (!v)
        return snn_fail(err, SNN_NOMEM, "no memory for a confusion matrix");
    for (size_t i = 0; i < total && !r.bad; i++) {
        uint64_t count = take_number(&r);

        r.bad = r.bad || count > UINT32_MAX;
        v[i] = (uint32_t)count;
    }
    if (r.bad || r.left > 0) {
        free(v);
        return damaged("confusions", err);
    }
    *out = (struct snn_confusion){.classes = (size_t)classes,
                                  .samples = v,
                                  .correct = v + classes,
                                  .matrix = with ? v + 2 * classes : NULL};
    *counts = v;
    return SNN_OK;
}
