/* SPDX-License-Identifier: MIT */
/* The jobs in a table that is drawn anew as they go on: what is in it, and how it looks. */
#ifndef SPIKED_CTL_TOP_H
#define SPIKED_CTL_TOP_H

#include "server/ctl/ctl.h"

#define CTL_TOP_ROWS 100 /* that are asked for at once: the most there may be */
#define CTL_TOP_POINTS 12

/* One job. NaN = not known. */
struct ctl_top_row {
    char id[40], status[16], name[200];
    double fraction, epoch, epochs, eta, accuracy;
    const char *of; /* what the accuracy is of: "test", "val", "train", "" */
    int64_t created;
    double curve[CTL_TOP_POINTS]; /* of the accuracy */
    size_t n_curve;
    double curve_epoch; /* when that was looked at; NaN = not yet */
};

/* Of a job's JSON. */
void ctl_top_read(struct ctl_top_row *row, const json_t *job);

/* The table's head, and a row; one column less than the terminal has, no line break. */
void ctl_top_draw_head(const struct ctl *c, struct ctl_text *t);
void ctl_top_draw_row(const struct ctl *c, struct ctl_text *t, const struct ctl_top_row *row,
                      bool chosen);

/* Appends `text` in exactly `width` columns: cut, or with blanks before (`right`) or after it. */
void ctl_top_draw_cell(struct ctl_text *t, const char *text, size_t width, bool right, bool utf8);

#endif
