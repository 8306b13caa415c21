/* SPDX-License-Identifier: MIT */
#include "core/data/events.h"

#include "core/data/csv.h"
#include "core/data/lines.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 1024

struct reader {
    struct snn_lines lines;
    struct snn_samples rows;
    size_t n_events, room_samples, room_events;
    bool keep, begun; /* begun: a line has been looked at */
};

/* Twice the room; 0 where that is more than can be addressed. */
static size_t grown(size_t room)
{
    if (room == 0)
        return FIRST_ROOM;
    return room <= SIZE_MAX / 64 ? room * 2 : 0;
}

static enum snn_code no_room(const struct reader *r, size_t n, const char *what,
                             struct snn_error *err)
{
    return snn_fail(err, SNN_NOMEM, "%s: no memory for %zu %s", r->lines.source->name, n, what);
}

static enum snn_code resize_samples(struct reader *r, size_t n, struct snn_error *err)
{
    uint32_t *labels = n ? realloc(r->rows.labels, n * sizeof *labels) : NULL;
    size_t *first = n ? realloc(r->rows.first, (n + 1) * sizeof *first) : NULL;

    r->rows.labels = labels ? labels : r->rows.labels;
    r->rows.first = first ? first : r->rows.first;
    if (!labels || !first)
        return no_room(r, n, "samples", err);
    r->room_samples = n;
    return SNN_OK;
}

static enum snn_code resize_events(struct reader *r, size_t n, struct snn_error *err)
{
    uint16_t *units = n ? realloc(r->rows.units, n * sizeof *units) : NULL;
    uint32_t *times = n ? realloc(r->rows.times, n * sizeof *times) : NULL;

    r->rows.units = units ? units : r->rows.units;
    r->rows.times = times ? times : r->rows.times;
    if (!units || !times)
        return no_room(r, n, "events", err);
    r->room_events = n;
    return SNN_OK;
}

/* fields: sample, label. */
static enum snn_code read_label(struct reader *r, const struct snn_text *field,
                                struct snn_error *err)
{
    char want[64];
    uint64_t sample, label;
    enum snn_code rc = SNN_OK;

    if (!snn_lines_whole(&r->lines, field[0], UINT32_MAX, &sample) || sample != r->rows.count) {
        snprintf(want, sizeof want, "%zu, the number of the next sample", r->rows.count);
        return snn_lines_wrong(&r->lines, 1, field[0], want, err);
    }
    if (!snn_lines_whole(&r->lines, field[1], SNN_CSV_MAX_LABEL, &label))
        return snn_lines_wrong(&r->lines, 2, field[1], SNN_CSV_WANT_LABEL, err);
    if (r->keep && r->rows.count == r->room_samples)
        rc = resize_samples(r, grown(r->room_samples), err);
    if (rc != SNN_OK)
        return rc;
    if (r->keep) {
        r->rows.labels[r->rows.count] = (uint32_t)label;
        r->rows.first[r->rows.count] = r->n_events;
    }
    r->rows.count++;
    return SNN_OK;
}

/* fields: sample, time, unit. */
static enum snn_code read_event(struct reader *r, const struct snn_text *field,
                                struct snn_error *err)
{
    char want[64];
    uint64_t sample, time, unit;
    enum snn_code rc = SNN_OK;

    if (r->rows.count == 0)
        return snn_fail(err, SNN_FORMAT,
                        "%s: line %zu is an event, want a sample and its label before it: 0,LABEL",
                        r->lines.source->name, r->lines.line);
    if (!snn_lines_whole(&r->lines, field[0], UINT32_MAX, &sample) || sample != r->rows.count - 1) {
        snprintf(want, sizeof want, "%zu, the sample begun last", r->rows.count - 1);
        return snn_lines_wrong(&r->lines, 1, field[0], want, err);
    }
    if (!snn_lines_whole(&r->lines, field[1], SNN_EVENTS_MAX_TIME, &time))
        return snn_lines_wrong(&r->lines, 2, field[1],
                               "the time of the event, a whole number from 0 to 4294967295", err);
    if (!snn_lines_whole(&r->lines, field[2], SNN_EVENTS_MAX_UNIT, &unit))
        return snn_lines_wrong(&r->lines, 3, field[2],
                               "the unit of the event, a whole number from 0 to 65535", err);
    if (r->keep && r->n_events == r->room_events)
        rc = resize_events(r, grown(r->room_events), err);
    if (rc != SNN_OK)
        return rc;
    if (r->keep) {
        r->rows.times[r->n_events] = (uint32_t)time;
        r->rows.units[r->n_events] = (uint16_t)unit;
    }
    r->rows.shape[0] = unit >= r->rows.shape[0] ? (size_t)unit + 1 : r->rows.shape[0];
    r->n_events++;
    return SNN_OK;
}

static enum snn_code read_line(void *user, struct snn_text line, struct snn_error *err)
{
    struct reader *r = user;
    struct snn_text field[3];
    size_t n = 0;
    const char *at = line.at, *comma;

    if (!r->begun && snn_lines_is_header(&r->lines, line)) {
        r->begun = true;
        return SNN_OK;
    }
    r->begun = true;
    do {
        comma = memchr(at, ',', (size_t)(line.end - at));
        if (n < 3)
            field[n] = snn_text_trim(at, comma ? comma : line.end);
        n++;
        at = comma ? comma + 1 : at;
    } while (comma);
    if (n != 2 && n != 3)
        return snn_fail(err, SNN_FORMAT,
                        "%s: line %zu has %zu columns, want 2 (sample, label) or 3 (sample, time, "
                        "unit)",
                        r->lines.source->name, r->lines.line, n);
    return n == 2 ? read_label(r, field, err) : read_event(r, field, err);
}

/* Gives back the room that was not used and hands the rows over. */
static enum snn_code finish(struct reader *r, struct snn_samples *out, struct snn_error *err)
{
    enum snn_code rc;

    if (r->rows.count == 0 || r->n_events == 0)
        return snn_fail(err, SNN_FORMAT, "%s: no %s, want at least one", r->lines.source->name,
                        r->rows.count ? "events" : "samples");
    if (!r->keep)
        return SNN_OK;
    rc = resize_samples(r, r->rows.count, err);
    if (rc == SNN_OK)
        rc = resize_events(r, r->n_events, err);
    if (rc != SNN_OK)
        return rc;
    r->rows.first[r->rows.count] = r->n_events;
    r->rows.rank = 1;
    *out = r->rows;
    r->rows = (struct snn_samples){0};
    return SNN_OK;
}

enum snn_code snn_events_read(struct snn_samples *out, struct snn_source *source, bool keep,
                              struct snn_error *err)
{
    struct reader r = {.keep = keep};
    enum snn_code rc = snn_lines_open(&r.lines, source, err);

    if (rc == SNN_OK)
        rc = snn_lines_each(&r.lines, read_line, &r, err);
    if (rc == SNN_OK)
        rc = finish(&r, out, err);
    snn_lines_close(&r.lines);
    snn_samples_clear(&r.rows);
    return rc;
}

static uint32_t last_time(const struct snn_samples *s)
{
    uint32_t last = 0;

    for (size_t i = 0; i < s->first[s->count]; i++)
        last = s->times[i] > last ? s->times[i] : last;
    return last;
}

void snn_events_join(struct snn_data *data)
{
    struct snn_samples *a = &data->train, *b = &data->test;
    const uint32_t last = last_time(a), test_last = last_time(b);

    a->shape[0] = b->shape[0] = a->shape[0] > b->shape[0] ? a->shape[0] : b->shape[0];
    data->info.duration = (uint64_t)(last > test_last ? last : test_last) + 1;
}

enum snn_code snn_events_open(struct snn_data *data, const char *const *paths, size_t max_bytes,
                              struct snn_error *err)
{
    enum snn_code rc =
        snn_lines_file(&data->train, paths[0], max_bytes, true, snn_events_read, err);

    if (rc == SNN_OK)
        rc = snn_lines_file(&data->test, paths[1], max_bytes, true, snn_events_read, err);
    if (rc == SNN_OK)
        snn_events_join(data);
    return rc;
}

enum snn_code snn_events_check(size_t part, const char *path, size_t max_bytes,
                               struct snn_error *err)
{
    (void)part; /* both are alike */
    return snn_lines_file(NULL, path, max_bytes, false, snn_events_read, err);
}
