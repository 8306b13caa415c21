/* SPDX-License-Identifier: MIT */
#include "server/ctl/format.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static struct ctl_word none(void)
{
    return (struct ctl_word){"-"};
}

/* Three digits and the unit of the largest power of `base` that leaves at least 1. */
static struct ctl_word scaled(double v, double base, const char *const *units, size_t n)
{
    struct ctl_word w;
    size_t unit = 0;
    double size = fabs(v);

    /* 999.5 would be written as 1000: it is of the next unit. */
    while (unit + 1 < n && size >= base - 0.5) {
        size /= base;
        unit++;
    }
    snprintf(w.s, sizeof w.s, "%s%.*f%s", v < 0 ? "-" : "",
             unit == 0 || size >= 99.95 ? 0 : (size >= 9.995 ? 1 : 2), size, units[unit]);
    return w;
}

struct ctl_word ctl_count(double v)
{
    static const char *const units[] = {"", "k", "M", "G", "T", "P"};
    struct ctl_word w;

    if (!isfinite(v))
        return none();
    if (fabs(v) < 100 && v != floor(v))
        return ctl_number(v);
    if (fabs(v) < 9999.5)
        snprintf(w.s, sizeof w.s, "%.0f", v);
    else
        w = scaled(v, 1000, units, sizeof units / sizeof *units);
    return w;
}

struct ctl_word ctl_bytes(double v)
{
    static const char *const units[] = {" B", " KiB", " MiB", " GiB", " TiB"};

    return isfinite(v) ? scaled(v, 1024, units, sizeof units / sizeof *units) : none();
}

struct ctl_word ctl_duration(double seconds)
{
    static const struct {
        double unit, part;
        char unit_name, part_name;
    } forms[] = {{86400, 3600, 'd', 'h'}, {3600, 60, 'h', 'm'}, {60, 1, 'm', 's'}};
    struct ctl_word w;

    if (!isfinite(seconds) || seconds < 0)
        return none();
    snprintf(w.s, sizeof w.s, "%.*fs", seconds < 9.95 && seconds != floor(seconds), seconds);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        /* Rounded before it is split: 119.7 s are 2m00s. */
        double v = floor(seconds / forms[i].part + 0.5) * forms[i].part;

        if (v < forms[i].unit)
            continue;
        snprintf(w.s, sizeof w.s, "%.0f%c%02.0f%c", floor(v / forms[i].unit), forms[i].unit_name,
                 fmod(v, forms[i].unit) / forms[i].part, forms[i].part_name);
        break;
    }
    return w;
}

struct ctl_word ctl_percent(double share)
{
    struct ctl_word w;

    if (!isfinite(share))
        return none();
    snprintf(w.s, sizeof w.s, "%.1f%%", 100 * share);
    return w;
}

struct ctl_word ctl_number(double v)
{
    struct ctl_word w;
    double size = fabs(v);

    if (!isfinite(v))
        return none();
    if (v == floor(v) && size < 1e6)
        snprintf(w.s, sizeof w.s, "%.0f", v);
    else if (size >= 1e-3 && size < 1e4)
        snprintf(w.s, sizeof w.s, "%.4f", v);
    else
        snprintf(w.s, sizeof w.s, "%.3e", v);
    return w;
}

struct ctl_word ctl_when(int64_t seconds)
{
    struct ctl_word w;
    time_t at = (time_t)seconds;
    struct tm tm;

    if (seconds == 0 || !localtime_r(&at, &tm) ||
        strftime(w.s, sizeof w.s, "%Y-%m-%d %H:%M:%S", &tm) == 0)
        return none();
    return w;
}
