/* SPDX-License-Identifier: MIT */
/* A curve in a rectangle of characters. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "server/ctl/draw.h"
#include "server/ctl/format.h"

#define LABEL 9 /* characters of a label of the y axis */

struct plane {
    char *cells; /* [height, columns] */
    size_t columns, height;
    double low, high; /* of y */
};

static double value_at(const double *x, const double *y, size_t n, double at)
{
    size_t i = 0;

    while (i + 1 < n && x[i + 1] < at)
        i++;
    if (i + 1 == n || !(x[i + 1] > x[i]))
        return y[i];
    return y[i] + (y[i + 1] - y[i]) * fmax(0, fmin(1, (at - x[i]) / (x[i + 1] - x[i])));
}

/* Counted from above. */
static size_t row_of(const struct plane *p, double v)
{
    double up = p->high > p->low ? (v - p->low) / (p->high - p->low) : 0;

    return (size_t)lround((1 - fmax(0, fmin(1, up))) * (double)(p->height - 1));
}

/* A column's point, and what joins it to the one before. */
static void mark(struct plane *p, size_t column, size_t from, size_t to)
{
    size_t above = from < to ? from : to, below = from < to ? to : from;

    for (size_t r = above; r <= below; r++)
        if (r == to || (r != from && r > above && r < below))
            p->cells[r * p->columns + column] = '*';
}

static void fill(struct plane *p, const double *x, const double *y, size_t n)
{
    size_t zero = row_of(p, 0), last = 0;
    bool any = false;

    memset(p->cells, ' ', p->columns * p->height);
    memset(p->cells + zero * p->columns, '-', p->columns);
    for (size_t c = 0; c < p->columns; c++) {
        double at = x[0] + (x[n - 1] - x[0]) * (double)c / (double)(p->columns - 1);
        double v = value_at(x, y, n, at);
        size_t row;

        if (!isfinite(v))
            continue;
        row = row_of(p, v);
        mark(p, c, any ? last : row, row);
        last = row;
        any = true;
    }
}

static void add_rows(struct ctl_text *t, const struct plane *p)
{
    for (size_t r = 0; r < p->height; r++) {
        const char *row = p->cells + r * p->columns;
        size_t end = p->columns;

        while (end && row[end - 1] == ' ')
            end--;
        if (r == 0)
            ctl_text_add(t, "%*s |", LABEL, ctl_number(p->high).s);
        else if (r + 1 == p->height)
            ctl_text_add(t, "%*s |", LABEL, ctl_number(p->low).s);
        else
            ctl_text_add(t, "%*s |", LABEL, "");
        ctl_text_bytes(t, row, end);
        ctl_text_add(t, "\n");
    }
}

/* The ends and, where it is inside, the middle. */
static void add_axis(struct ctl_text *t, const struct plane *p, double from, double to)
{
    struct ctl_word left = ctl_number(from), right = ctl_number(to), middle;
    double centre = (from + to) / 2;
    size_t line = t->n;

    middle = ctl_number(fabs(centre) < 1e-12 * (to - from) ? 0 : centre);
    ctl_text_add(t, "%*s +", LABEL, "");
    ctl_text_repeat(t, '-', p->columns);
    ctl_text_add(t, "\n");
    line = t->n;
    ctl_text_add(t, "%*s  %s", LABEL, "", left.s);
    if (p->columns / 2 > strlen(left.s) + strlen(middle.s)) {
        while (!t->failed && t->n - line < LABEL + 2 + p->columns / 2 - strlen(middle.s) / 2)
            ctl_text_add(t, " ");
        ctl_text_add(t, "%s", middle.s);
    }
    while (!t->failed && t->n - line < LABEL + 2 + p->columns - strlen(right.s))
        ctl_text_add(t, " ");
    ctl_text_add(t, "%s\n", right.s);
}

void ctl_draw_curve(struct ctl_text *t, const double *x, const double *y, size_t n, size_t width,
                    size_t height)
{
    struct plane p = {.columns = width > LABEL + 2 + 20 ? width - LABEL - 2 : 20,
                      .height = height > 3 ? height : 3};

    for (size_t i = 0; i < n; i++) {
        p.low = isfinite(y[i]) ? fmin(p.low, y[i]) : p.low;
        p.high = isfinite(y[i]) ? fmax(p.high, y[i]) : p.high;
    }
    p.cells = malloc(p.columns * p.height);
    if (!p.cells) {
        t->failed = true;
        return;
    }
    fill(&p, x, y, n);
    add_rows(t, &p);
    add_axis(t, &p, x[0], x[n - 1]);
    free(p.cells);
}
