/* SPDX-License-Identifier: MIT */
/* Histograms over signed powers of two. A bin is known by its sign and by the power of two at its
 * edge nearer to zero. */
#include <math.h>
#include <stdio.h>

#include "server/ctl/draw.h"
#include "server/ctl/format.h"

/* What is to be drawn of one sign. */
struct side {
    int low, high; /* exponents that occur; low > high: none */
};

struct layout {
    struct side side[2];  /* negative, positive */
    int base, top;        /* the least and the greatest exponent of all */
    bool to_zero, no_end; /* the lowest bin begins at 0; the highest one never ends */
    int merge;            /* exponents in a row */
};

static double near_edge(const struct ctl_bin *b)
{
    return fmin(fabs(b->left), fabs(b->right));
}

static double far_edge(const struct ctl_bin *b)
{
    return fmax(fabs(b->left), fabs(b->right));
}

static bool is_positive(const struct ctl_bin *b)
{
    return b->right > 0;
}

static int exponent(const struct ctl_bin *b)
{
    return near_edge(b) > 0 ? ilogb(near_edge(b)) : ilogb(far_edge(b)) - 1;
}

static int group(const struct layout *l, int e)
{
    return (e - l->base) / l->merge;
}

static size_t rows_of(const struct layout *l, int side)
{
    const struct side *s = &l->side[side];

    return s->low > s->high ? 0 : (size_t)(group(l, s->high) - group(l, s->low) + 1);
}

static struct layout lay_out(const struct ctl_bin *bins, size_t n, size_t room)
{
    struct layout l = {.side = {{1, 0}, {1, 0}}, .merge = 1};

    for (size_t i = 0; i < n; i++) {
        struct side *s = &l.side[is_positive(&bins[i])];
        int e = exponent(&bins[i]);
        bool first = s->low > s->high;

        s->low = first || e < s->low ? e : s->low;
        s->high = first || e > s->high ? e : s->high;
        l.base = i == 0 || e < l.base ? e : l.base;
        l.top = i == 0 || e > l.top ? e : l.top;
        l.to_zero = l.to_zero || near_edge(&bins[i]) <= 0;
        l.no_end = l.no_end || isinf(far_edge(&bins[i]));
    }
    while (rows_of(&l, 0) + 1 + rows_of(&l, 1) > room && l.merge <= l.top - l.base)
        l.merge++;
    return l;
}

/* The row of a group, with nothing in it yet. */
static struct ctl_bin empty_row(const struct layout *l, int g, bool positive)
{
    int low = l->base + g * l->merge, high = low + l->merge;
    double from, to;

    high = high > l->top + 1 ? l->top + 1 : high;
    from = l->to_zero && low == l->base ? 0 : ldexp(1, low);
    to = l->no_end && high == l->top + 1 ? INFINITY : ldexp(1, high);
    return positive ? (struct ctl_bin){.left = from, .right = to}
                    : (struct ctl_bin){.left = -to, .right = 0 - from};
}

size_t ctl_bins_merge(struct ctl_bin *rows, size_t room, const struct ctl_bin *bins, size_t n,
                      double zeros)
{
    struct layout l = lay_out(bins, n, room);
    size_t negative = rows_of(&l, 0), positive = rows_of(&l, 1);

    for (size_t i = 0; i < negative; i++)
        rows[i] = empty_row(&l, group(&l, l.side[0].high) - (int)i, false);
    rows[negative] = (struct ctl_bin){.n = zeros};
    for (size_t i = 0; i < positive; i++)
        rows[negative + 1 + i] = empty_row(&l, group(&l, l.side[1].low) + (int)i, true);
    for (size_t i = 0; i < n; i++) {
        int g = group(&l, exponent(&bins[i]));
        int at = is_positive(&bins[i]) ? (int)negative + 1 + g - group(&l, l.side[1].low)
                                       : group(&l, l.side[0].high) - g;

        rows[at].n += bins[i].n;
    }
    return negative + 1 + positive;
}

/* ------------------------------------------------------------------------------------ drawn -- */

static bool is_zero_row(const struct ctl_bin *b)
{
    return far_edge(b) <= 0;
}

static struct ctl_word edge(double v)
{
    struct ctl_word w = {"0"};

    if (isinf(v))
        snprintf(w.s, sizeof w.s, "%sinf", v < 0 ? "-" : "");
    else if (fabs(v) > 0)
        snprintf(w.s, sizeof w.s, "%s2^%d", v < 0 ? "-" : "", ilogb(fabs(v)));
    return w;
}

void ctl_draw_bins(struct ctl_text *t, const struct ctl_bin *rows, size_t n, double count,
                   size_t width)
{
    static const size_t words = 18 + 2 + 8 + 8; /* edges, blanks, count, share */
    size_t cells = width > words + 10 ? width - words : 10;
    double most = 0;

    for (size_t i = 0; i < n; i++)
        most = fmax(most, rows[i].n);
    for (size_t i = 0; i < n; i++) {
        double share = most > 0 ? rows[i].n / most : 0;
        size_t full = rows[i].n > 0 ? (size_t)ceil(share * (double)cells - 1e-9) : 0;

        if (is_zero_row(&rows[i]))
            ctl_text_add(t, "%18s ", "0");
        else
            ctl_text_add(t, "%7s .. %7s ", edge(rows[i].left).s, edge(rows[i].right).s);
        ctl_text_add(t, "|");
        ctl_text_repeat(t, '#', full);
        ctl_text_repeat(t, ' ', cells - full);
        ctl_text_add(t, "%8s %6s\n", ctl_count(rows[i].n).s,
                     ctl_percent(count > 0 ? rows[i].n / count : NAN).s);
    }
}

void ctl_draw_bins_spark(struct ctl_text *t, const struct ctl_bin *rows, size_t n, bool utf8)
{
    double most = 0;

    for (size_t i = 0; i < n; i++)
        most = is_zero_row(&rows[i]) ? most : fmax(most, rows[i].n);
    for (size_t i = 0; i < n; i++)
        ctl_text_add(t, "%s",
                     is_zero_row(&rows[i]) ? "|"
                                           : ctl_draw_level(most > 0 ? rows[i].n / most : 0, utf8));
}
