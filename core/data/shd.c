/* SPDX-License-Identifier: MIT */
#include "core/data/shd.h"

#include "core/data/csv.h"
#include "core/data/events.h"
#include "core/data/h5.h"
#include "core/data/lines.h"

#include <math.h>
#include <stdlib.h>

#define FIRST_ROOM ((size_t)1 << 20)

enum { TIMES, UNITS, LABELS, SETS };

/* A data set, and its elements as they are in the file. */
struct column {
    struct snn_h5_set set;
    unsigned char *mine; /* to be freed */
    const unsigned char *at;
};

struct reader {
    struct snn_h5 file;
    struct column column[SETS];
    size_t limit, count, n_events;
    struct snn_samples rows;
    size_t units;
};

/* ------------------------------------------------------------------------------------- bytes -- */

static bool grow(unsigned char **bytes, size_t *room, size_t most)
{
    const size_t want = *room == 0 ? FIRST_ROOM : *room < SIZE_MAX / 2 ? *room * 2 : SIZE_MAX;
    const size_t size = want < most ? want : most;
    unsigned char *more = size > *room ? realloc(*bytes, size) : NULL;

    if (!more)
        return false;
    *bytes = more;
    *room = size;
    return true;
}

/* The whole source in memory. */
static enum snn_code read_all(struct snn_source *source, unsigned char **bytes, size_t *n,
                              struct snn_error *err)
{
    const size_t most = snn_source_at_most(source), one = most < SIZE_MAX ? most + 1 : most;
    size_t room = 0, got = 0;
    enum snn_code rc = SNN_OK;

    do {
        if (!grow(bytes, &room, source->gzip ? SIZE_MAX : one))
            return snn_fail(err, SNN_NOMEM, "%s: no memory for more than %zu bytes of it",
                            source->name, room);
        rc = snn_source_read(source, *bytes + *n, room - *n, &got, err);
        *n += got;
    } while (rc == SNN_OK && *n == room);
    return rc;
}

/* ----------------------------------------------------------------------------------- columns -- */

static enum snn_code check_type(const struct reader *r, const struct column *c, bool lists,
                                bool floats, struct snn_error *err)
{
    static const char *const words[2][2] = {{"whole numbers", "floats"},
                                            {"lists of whole numbers", "lists of floats"}};

    if (c->set.lists == lists && c->set.type.is_float == floats)
        return SNN_OK;
    return snn_fail(err, SNN_FORMAT, "%s: \"%s\" is of %s, want %s", r->file.name, c->set.path,
                    words[c->set.lists][c->set.type.is_float], words[lists][floats]);
}

static enum snn_code read_columns(struct reader *r, struct snn_error *err)
{
    static const struct {
        const char *path;
        bool lists, floats;
    } want[SETS] = {[TIMES] = {"spikes/times", true, true},
                    [UNITS] = {"spikes/units", true, false},
                    [LABELS] = {"labels", false, false}};
    enum snn_code rc = SNN_OK;

    for (size_t i = 0; i < SETS && rc == SNN_OK; i++) {
        struct column *c = &r->column[i];

        rc = snn_h5_find(&r->file, &c->set, want[i].path, err);
        if (rc == SNN_OK)
            rc = check_type(r, c, want[i].lists, want[i].floats, err);
        if (rc == SNN_OK && i > 0 && c->set.count != r->count)
            rc = snn_fail(err, SNN_FORMAT, "%s: \"%s\" has %zu samples, want %zu as \"%s\" has",
                          r->file.name, c->set.path, c->set.count, r->count, want[0].path);
        if (rc == SNN_OK)
            rc = snn_h5_read(&r->file, &c->set, r->limit, &c->mine, &c->at, err);
        r->count = c->set.count;
    }
    return rc;
}

static enum snn_code list_of(struct reader *r, size_t which, size_t sample,
                             const unsigned char **numbers, size_t *n, struct snn_error *err)
{
    struct column *c = &r->column[which];

    return snn_h5_list(&r->file, &c->set, c->at + sample * c->set.element, numbers, n, err);
}

/* All spikes, before there is room for them: lists may overlap, and take more than the file. */
static enum snn_code count_events(struct reader *r, struct snn_error *err)
{
    const size_t most = r->limit / (sizeof *r->rows.times + sizeof *r->rows.units);

    for (size_t i = 0; i < r->count; i++) {
        const unsigned char *times, *units;
        size_t n, as_many;
        enum snn_code rc = list_of(r, TIMES, i, &times, &n, err);

        if (rc == SNN_OK)
            rc = list_of(r, UNITS, i, &units, &as_many, err);
        if (rc != SNN_OK)
            return rc;
        if (n != as_many)
            return snn_fail(err, SNN_FORMAT,
                            "%s: sample %zu (from 0) has %zu times and %zu units, want as many of "
                            "both",
                            r->file.name, i, n, as_many);
        if (n > most - r->n_events)
            return snn_fail(err, SNN_LIMIT,
                            "%s: more than %zu spikes, which would take more than the %zu bytes "
                            "allowed",
                            r->file.name, most, r->limit);
        r->n_events += n;
    }
    if (r->n_events == 0)
        return snn_fail(err, SNN_FORMAT, "%s: no spikes, want at least one", r->file.name);
    return SNN_OK;
}

/* ------------------------------------------------------------------------------------ spikes -- */

static enum snn_code take_room(struct reader *r, struct snn_error *err)
{
    struct snn_samples *s = &r->rows;

    s->labels = calloc(r->count, sizeof *s->labels);
    s->first = calloc(r->count + 1, sizeof *s->first);
    s->times = calloc(r->n_events, sizeof *s->times);
    s->units = calloc(r->n_events, sizeof *s->units);
    if (s->labels && s->first && s->times && s->units)
        return SNN_OK;
    return snn_fail(err, SNN_NOMEM, "%s: no memory for %zu samples of %zu spikes", r->file.name,
                    r->count, r->n_events);
}

static enum snn_code wrong(const struct reader *r, size_t which, size_t sample, size_t spike,
                           double found, const char *want, struct snn_error *err)
{
    return snn_fail(err, SNN_FORMAT,
                    "%s: sample %zu, spike %zu (from 0) in \"%s\": found %g, want %s", r->file.name,
                    sample, spike, r->column[which].set.path, found, want);
}

/* Sample i's spikes, from the place of its first on. */
static enum snn_code read_sample(struct reader *r, size_t i, size_t *place, bool keep,
                                 struct snn_error *err)
{
    const struct snn_h5_type *of_time = &r->column[TIMES].set.type;
    const struct snn_h5_type *of_unit = &r->column[UNITS].set.type;
    const unsigned char *times, *units;
    size_t n;
    enum snn_code rc = list_of(r, TIMES, i, &times, &n, err);

    if (rc == SNN_OK)
        rc = list_of(r, UNITS, i, &units, &n, err);
    for (size_t k = 0; k < n && rc == SNN_OK; k++, ++*place) {
        const double time = snn_h5_number(of_time, times + k * of_time->size);
        const double unit = snn_h5_number(of_unit, units + k * of_unit->size);
        const double tick = floor(time * SNN_SHD_TICKS + 0.5);

        if (!(time >= 0 && tick <= SNN_EVENTS_MAX_TIME))
            rc = wrong(r, TIMES, i, k, time, "seconds from 0 to 4294.967295", err);
        else if (!(unit >= 0 && unit <= SNN_EVENTS_MAX_UNIT))
            rc = wrong(r, UNITS, i, k, unit, "a unit from 0 to 65535", err);
        else if (unit >= (double)r->units)
            r->units = (size_t)unit + 1;
        if (rc != SNN_OK || !keep)
            continue;
        r->rows.times[*place] = (uint32_t)tick;
        r->rows.units[*place] = (uint16_t)unit;
    }
    return rc;
}

static enum snn_code read_samples(struct reader *r, bool keep, struct snn_error *err)
{
    const struct column *labels = &r->column[LABELS];
    size_t place = 0;
    enum snn_code rc = SNN_OK;

    for (size_t i = 0; i < r->count && rc == SNN_OK; i++) {
        const double label = snn_h5_number(&labels->set.type, labels->at + i * labels->set.element);

        if (!(label >= 0 && label <= SNN_CSV_MAX_LABEL))
            return snn_fail(err, SNN_FORMAT, "%s: sample %zu (from 0) has label %g, want 0 to %d",
                            r->file.name, i, label, SNN_CSV_MAX_LABEL);
        rc = read_sample(r, i, &place, keep, err);
        if (!keep)
            continue;
        r->rows.labels[i] = (uint32_t)label;
        r->rows.first[i + 1] = place;
    }
    r->rows.count = r->count;
    r->rows.rank = 1;
    r->rows.shape[0] = r->units;
    return rc;
}

enum snn_code snn_shd_read(struct snn_samples *out, struct snn_source *source, bool keep,
                           struct snn_error *err)
{
    struct reader r = {.limit = source->limit};
    unsigned char *bytes = NULL;
    size_t n = 0;
    enum snn_code rc = read_all(source, &bytes, &n, err);

    if (rc == SNN_OK)
        rc = snn_h5_open(&r.file, source->name, bytes, n, err);
    if (rc == SNN_OK)
        rc = read_columns(&r, err);
    if (rc == SNN_OK)
        rc = count_events(&r, err);
    if (rc == SNN_OK && keep)
        rc = take_room(&r, err);
    if (rc == SNN_OK)
        rc = read_samples(&r, keep, err);
    if (rc == SNN_OK && keep) {
        *out = r.rows;
        r.rows = (struct snn_samples){0};
    }
    for (size_t i = 0; i < SETS; i++)
        free(r.column[i].mine);
    snn_samples_clear(&r.rows);
    free(bytes);
    return rc;
}

enum snn_code snn_shd_open(struct snn_data *data, const char *const *paths, size_t max_bytes,
                           struct snn_error *err)
{
    enum snn_code rc = snn_lines_file(&data->train, paths[0], max_bytes, true, snn_shd_read, err);

    if (rc == SNN_OK)
        rc = snn_lines_file(&data->test, paths[1], max_bytes, true, snn_shd_read, err);
    if (rc == SNN_OK)
        snn_events_join(data);
    return rc;
}

enum snn_code snn_shd_check(size_t part, const char *path, size_t max_bytes, struct snn_error *err)
{
    (void)part; /* both are alike */
    return snn_lines_file(NULL, path, max_bytes, false, snn_shd_read, err);
}
