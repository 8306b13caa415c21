/* SPDX-License-Identifier: MIT */
/* The confusion matrix of a job as a table: a row a class, a column an answer. */
#include <inttypes.h>

#include "server/ctl/ctl.h"
#include "server/ctl/format.h"

static int digits_of(int64_t v)
{
    int n = 1;

    for (; v > 9; v /= 10)
        n++;
    return n;
}

/* Wide enough for the largest number in it. */
static int width_of(const json_t *matrix, const json_t *labels)
{
    int width = digits_of((int64_t)json_array_size(labels));
    const json_t *row, *v;
    size_t i, k;

    json_array_foreach(matrix, i, row) json_array_foreach(row, k, v)
    {
        int n = digits_of(json_integer_value(v));

        width = n > width ? n : width;
    }
    return width + 1;
}

static void add_row(struct ctl *c, struct ctl_text *t, const json_t *page, size_t i, int width)
{
    const json_t *row = json_array_get(ctl_at(page, "matrix"), i), *v;
    const json_t *accuracy = json_array_get(ctl_at(page, "per_class_accuracy"), i);
    size_t k;

    ctl_text_add(t, "%6" PRId64 " %9" PRId64 " %7s ",
                 (int64_t)json_integer_value(json_array_get(ctl_at(page, "labels"), i)),
                 (int64_t)json_integer_value(json_array_get(ctl_at(page, "samples"), i)),
                 json_is_number(accuracy) ? ctl_percent(json_number_value(accuracy)).s : "-");
    json_array_foreach(row, k, v)
        ctl_text_add(t, "%s%*" PRId64 "%s", k == i ? ctl_color(c, CTL_BOLD) : "", width,
                     (int64_t)json_integer_value(v), k == i ? ctl_color(c, CTL_PLAIN) : "");
    ctl_text_add(t, "\n");
}

enum ctl_exit ctl_confusion(struct ctl *c)
{
    struct ctl_text path = {0}, t = {0};
    const json_t *labels, *label;
    json_t *page;
    enum ctl_exit rc = ctl_job_path(c, &path, ctl_operand(c, 0), "/confusion");
    size_t i;
    int width;

    if (rc != CTL_OK)
        return rc;
    rc = ctl_fetch(c, "GET", &path, &page);
    if (rc == CTL_OK && !c->json) {
        labels = ctl_at(page, "labels");
        width = width_of(ctl_at(page, "matrix"), labels);
        ctl_text_add(&t, "%s%6s %9s %7s ", ctl_color(c, CTL_BOLD), "CLASS", "SAMPLES", "RIGHT");
        if (json_is_array(ctl_at(page, "matrix")))
            json_array_foreach(labels, i, label)
                ctl_text_add(&t, "%*" PRId64, width, (int64_t)json_integer_value(label));
        ctl_text_add(&t, "%s\n", ctl_color(c, CTL_PLAIN));
        json_array_foreach(labels, i, label) add_row(c, &t, page, i, width);
        rc = ctl_print(c, &t);
    }
    json_decref(page);
    return rc;
}
