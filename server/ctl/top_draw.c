/* SPDX-License-Identifier: MIT */
/* How the table of jobs looks at any width. */
#include <math.h>
#include <string.h>
#include <wchar.h>

#include "server/ctl/draw.h"
#include "server/ctl/format.h"
#include "server/ctl/top.h"

#define BAR 10
#define MARK 2       /* columns before the name */
#define LEAST_NAME 8 /* columns */

/* ------------------------------------------------------------------------------------ rows -- */

void ctl_top_read(struct ctl_top_row *row, const json_t *job)
{
    static const struct {
        const char *path, *of;
    } kinds[] = {{"metrics.test_accuracy", "test"},
                 {"metrics.validation_accuracy", "val"},
                 {"metrics.train_accuracy", "train"}};
    const char *name = ctl_string(job, "name");

    *row = (struct ctl_top_row){.of = "", .curve_epoch = (double)NAN};
    snprintf(row->id, sizeof row->id, "%s", ctl_string(job, "id"));
    snprintf(row->status, sizeof row->status, "%s", ctl_string(job, "status"));
    snprintf(row->name, sizeof row->name, "%s", name[0] ? name : row->id);
    row->fraction = ctl_real(job, "progress.fraction");
    row->epoch = ctl_real(job, "progress.epoch");
    row->epochs = ctl_real(job, "progress.epochs");
    row->eta = ctl_real(job, "progress.eta_seconds");
    row->created = ctl_integer(job, "created_at");
    row->accuracy = (double)NAN;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !isfinite(row->accuracy); i++) {
        row->accuracy = ctl_real(job, kinds[i].path);
        row->of = isfinite(row->accuracy) ? kinds[i].of : "";
    }
}

/* ----------------------------------------------------------------------------------- cells -- */

/* The next character: its bytes, and in *columns how wide it is. What cannot be shown is one '?'.
 */
static size_t next_character(const char *text, bool utf8, int *columns, bool *shown)
{
    mbstate_t state = {0};
    wchar_t wide = 0;
    size_t n = utf8 ? mbrtowc(&wide, text, strlen(text), &state) : 1;

    *shown = utf8 ? n != 0 && n < (size_t)-2 && wcwidth(wide) >= 0
                  : (unsigned char)text[0] >= 0x20 && (unsigned char)text[0] < 0x7f;
    *columns = *shown && utf8 ? wcwidth(wide) : 1;
    return *shown && utf8 ? n : 1;
}

void ctl_top_draw_cell(struct ctl_text *t, const char *text, size_t width, bool right, bool utf8)
{
    struct ctl_text kept = {0};
    size_t used = 0;

    while (*text) {
        bool shown;
        int columns;
        size_t n = next_character(text, utf8, &columns, &shown);

        if (used + (size_t)columns > width)
            break;
        ctl_text_bytes(&kept, shown ? text : "?", n);
        used += (size_t)columns;
        text += n;
    }
    ctl_text_repeat(t, ' ', right ? width - used : 0);
    ctl_text_bytes(t, ctl_text_of(&kept), kept.n);
    ctl_text_repeat(t, ' ', right ? 0 : width - used);
    t->failed = t->failed || kept.failed;
    ctl_text_free(&kept);
}

/* --------------------------------------------------------------------------------- columns -- */

static void add_status(struct ctl_text *t, const struct ctl_top_row *row, bool utf8)
{
    (void)utf8;
    ctl_text_safe(t, row->status);
}

static void add_bar(struct ctl_text *t, const struct ctl_top_row *row, bool utf8)
{
    (void)utf8;
    ctl_draw_bar(t, row->fraction, BAR);
}

static void add_done(struct ctl_text *t, const struct ctl_top_row *row, bool utf8)
{
    (void)utf8;
    if (isfinite(row->fraction)) /* rounded down: 100% is said of what is finished */
        ctl_text_add(t, "%.0f%%", floor(100 * fmin(fmax(row->fraction, 0), 1) + 1e-9));
}

static void add_epoch(struct ctl_text *t, const struct ctl_top_row *row, bool utf8)
{
    (void)utf8;
    if (isfinite(row->epoch) && isfinite(row->epochs))
        ctl_text_add(t, "%s/%s", ctl_count(row->epoch).s, ctl_count(row->epochs).s);
}

static void add_eta(struct ctl_text *t, const struct ctl_top_row *row, bool utf8)
{
    (void)utf8;
    ctl_text_add(t, "%s", ctl_duration(row->eta).s);
}

static void add_accuracy(struct ctl_text *t, const struct ctl_top_row *row, bool utf8)
{
    (void)utf8;
    ctl_text_add(t, "%s", ctl_percent(row->accuracy).s);
}

static void add_of(struct ctl_text *t, const struct ctl_top_row *row, bool utf8)
{
    (void)utf8;
    ctl_text_add(t, "%s", row->of);
}

static void add_curve(struct ctl_text *t, const struct ctl_top_row *row, bool utf8)
{
    ctl_draw_series(t, row->curve, row->n_curve, CTL_TOP_POINTS, utf8);
}

static void add_created(struct ctl_text *t, const struct ctl_top_row *row, bool utf8)
{
    (void)utf8;
    ctl_text_add(t, "%s", ctl_when(row->created).s);
}

static void add_id(struct ctl_text *t, const struct ctl_top_row *row, bool utf8)
{
    (void)utf8;
    ctl_text_safe(t, row->id);
}

/* `from`: the least width of the terminal that has the column. The name takes what they leave. */
static const struct column {
    const char *head;
    size_t width, from;
    bool right;
    void (*add)(struct ctl_text *t, const struct ctl_top_row *row, bool utf8);
} columns[] = {
    {"STATUS", 10, 0, false, add_status},
    {"PROGRESS", BAR + 2, 58, false, add_bar},
    {"DONE", 4, 32, true, add_done},
    {"EPOCH", 11, 96, true, add_epoch},
    {"ETA", 6, 66, true, add_eta},
    {"ACC", 6, 40, true, add_accuracy},
    {"", 5, 52, false, add_of},
    {"CURVE", CTL_TOP_POINTS, 80, false, add_curve},
    {"CREATED", 19, 124, false, add_created},
    {"ID", 30, 156, false, add_id},
};
#define COLUMNS (sizeof columns / sizeof *columns)

static size_t name_width(const struct ctl *c)
{
    size_t taken = MARK + 1; /* some terminals go to the next line after the last column */

    for (size_t i = 0; i < COLUMNS; i++)
        taken += c->width >= columns[i].from ? columns[i].width + 1 : 0;
    return c->width > taken + LEAST_NAME ? c->width - taken : LEAST_NAME;
}

void ctl_top_draw_head(const struct ctl *c, struct ctl_text *t)
{
    ctl_text_add(t, "%s", ctl_color(c, CTL_BOLD));
    ctl_text_repeat(t, ' ', MARK);
    ctl_top_draw_cell(t, "NAME", name_width(c), false, c->utf8);
    for (size_t i = 0; i < COLUMNS; i++) {
        if (c->width < columns[i].from)
            continue;
        ctl_text_add(t, " ");
        ctl_top_draw_cell(t, columns[i].head, columns[i].width, columns[i].right, c->utf8);
    }
    ctl_text_add(t, "%s", ctl_color(c, CTL_PLAIN));
}

void ctl_top_draw_row(const struct ctl *c, struct ctl_text *t, const struct ctl_top_row *row,
                      bool chosen)
{
    const char *plain = ctl_color(c, CTL_PLAIN);

    /* A mark, not a colour alone: it is there without colours, too. */
    ctl_text_add(t, "%s%s", chosen ? ctl_color(c, CTL_REVERSE) : "", chosen ? "> " : "  ");
    ctl_top_draw_cell(t, row->name, name_width(c), false, c->utf8);
    for (size_t i = 0; i < COLUMNS; i++) {
        bool colored = columns[i].add == add_status && !chosen;
        struct ctl_text cell = {0};

        if (c->width < columns[i].from)
            continue;
        columns[i].add(&cell, row, c->utf8);
        ctl_text_add(t, " %s", colored ? ctl_color(c, ctl_status_color(row->status)) : "");
        ctl_top_draw_cell(t, ctl_text_of(&cell), columns[i].width, columns[i].right, c->utf8);
        ctl_text_add(t, "%s", colored ? plain : "");
        t->failed = t->failed || cell.failed;
        ctl_text_free(&cell);
    }
    ctl_text_add(t, "%s", chosen ? plain : "");
}
