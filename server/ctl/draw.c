/* SPDX-License-Identifier: MIT */
/* Bars, progress and sparklines. */
#include "server/ctl/draw.h"

#include <math.h>

#include "server/ctl/format.h"

/* Cells of the bar of a progress line. */
#define LONG_BAR 20
#define SHORT_BAR 10
#define SHORTEST_BAR 4

static double within(double v, double low, double high)
{
    return v >= low ? fmin(v, high) : low; /* NaN is low */
}

void ctl_draw_bar(struct ctl_text *t, double fraction, size_t cells)
{
    size_t full = (size_t)(within(fraction, 0, 1) * (double)cells + 1e-9);

    ctl_text_add(t, "[");
    ctl_text_repeat(t, '#', full);
    ctl_text_repeat(t, '.', cells - full);
    ctl_text_add(t, "]");
}

static void add_part(struct ctl_text *t, double v, const char *before, struct ctl_word word,
                     const char *after)
{
    if (isfinite(v))
        ctl_text_add(t, " %s%s%s", before, word.s, after);
}

static void add_words(struct ctl_text *t, const struct ctl_progress *p, const char *rate_unit)
{
    /* Rounded down: 100% is said of what is finished. */
    ctl_text_add(t, " %.0f%%", floor(100 * within(p->fraction, 0, 1) + 1e-9));
    if (isfinite(p->epoch) && isfinite(p->epochs))
        ctl_text_add(t, " epoch %.0f/%.0f", p->epoch, p->epochs);
    add_part(t, p->loss, "loss ", ctl_number(p->loss), "");
    add_part(t, p->accuracy, "acc ", ctl_percent(p->accuracy), "");
    add_part(t, p->validation, "val ", ctl_percent(p->validation), "");
    add_part(t, p->rate, "", ctl_count(p->rate), rate_unit);
    add_part(t, p->eta, "ETA ", ctl_duration(p->eta), "");
}

void ctl_draw_progress(struct ctl_text *t, const struct ctl_progress *p, size_t width)
{
    struct ctl_text words = {0}, line = {0};
    size_t cells;

    add_words(&words, p, " samples/s");
    if (words.n + 2 + SHORT_BAR > width) {
        ctl_text_free(&words);
        add_words(&words, p, "/s");
    }
    /* The bar takes what the words leave, within reason. */
    cells = width > words.n + 2 ? width - words.n - 2 : 0;
    cells = cells < SHORTEST_BAR ? SHORTEST_BAR : (cells > LONG_BAR ? LONG_BAR : cells);
    ctl_draw_bar(&line, p->fraction, cells);
    ctl_text_bytes(&line, ctl_text_of(&words), words.n);
    ctl_text_clip(&line, width);
    ctl_text_bytes(t, ctl_text_of(&line), line.n);
    t->failed = t->failed || words.failed || line.failed;
    ctl_text_free(&words);
    ctl_text_free(&line);
}

/* ------------------------------------------------------------------------------- sparklines -- */

#define LEVELS 9

static const char *const levels[2][LEVELS] = {
    {" ", ".", ":", "-", "=", "+", "*", "%", "#"},
    {" ", "\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588"},
};

const char *ctl_draw_level(double share, bool utf8)
{
    size_t i = share > 0 ? (size_t)ceil(within(share, 0, 1) * (LEVELS - 1)) : 0;

    return levels[utf8][i];
}

void ctl_draw_spark(struct ctl_text *t, const double *v, size_t n, bool utf8)
{
    double most = 0;

    for (size_t i = 0; i < n; i++)
        most = isfinite(v[i]) ? fmax(most, v[i]) : most;
    for (size_t i = 0; i < n; i++)
        ctl_text_add(t, "%s", ctl_draw_level(isfinite(v[i]) && most > 0 ? v[i] / most : 0, utf8));
}

void ctl_draw_series(struct ctl_text *t, const double *v, size_t n, size_t width, bool utf8)
{
    double low = INFINITY, high = -INFINITY;
    size_t shown = n < width ? n : width;

    for (size_t i = 0; i < n; i++) {
        if (!isfinite(v[i]))
            continue;
        low = fmin(low, v[i]);
        high = fmax(high, v[i]);
    }
    for (size_t i = 0; i < shown; i++) {
        double x = v[shown > 1 ? i * (n - 1) / (shown - 1) : 0];
        /* Upwards from the lowest block; a series that does not move is in the middle. */
        double share =
            high > low ? (1 + (LEVELS - 2) * ((x - low) / (high - low))) / (LEVELS - 1) : 0.5;

        /* Down by less than a level, so that ceil() cannot lift a value that is exactly one. */
        ctl_text_add(t, "%s", isfinite(x) ? ctl_draw_level(share - 1e-9, utf8) : " ");
    }
}
