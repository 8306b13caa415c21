/* SPDX-License-Identifier: MIT */
#include "core/data/data.h"

#include "core/base/param.h"
#include "core/data/csv.h"
#include "core/data/digits.h"
#include "core/data/events.h"
#include "core/data/generated.h"
#include "core/data/idx.h"
#include "core/data/shd.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const struct snn_format formats[] = {
    {.kind = {.name = "digits",
              .doc =
                  "built in: 1,797 handwritten digits of 8x8 pixels (UCI), every 5th for the test"},
     .open = snn_digits_open,
     .check = snn_digits_check},
    {.kind = {.name = "yinyang",
              .doc =
                  "computed: 6,000 points of the yin-yang figure as x, y, 1-x, 1-y; yin, yang or "
                  "dot (Kriener 2022)"},
     .open = snn_yinyang_open},
    {.kind = {.name = "randman",
              .doc =
                  "computed: 6,000 x 100 spike times in [0, 1) on 10 smooth random curves (Zenke "
                  "2021), for the encoding time"},
     .open = snn_randman_open},
    {.kind = {.name = "idx", .doc = "IDX files of unsigned bytes (MNIST and its kin), gzip or not"},
     .parts = {"train-images", "train-labels", "test-images", "test-labels"},
     .open = snn_idx_open,
     .check = snn_idx_check},
    {.kind = {.name = "csv",
              .doc = "numbers separated by commas, the label in the last column, gzip or not"},
     .parts = {"train", "test"},
     .open = snn_csv_open,
     .check = snn_csv_check},
    {.kind = {.name = "events",
              .doc = "lists of spikes: lines sample,label each followed by its sample,time,unit, "
                     "gzip or not; for the encoding events"},
     .parts = {"train", "test"},
     .open = snn_events_open,
     .check = snn_events_check},
    {.kind = {.name = "hdf5",
              .doc = "HDF5 files of spikes as the Heidelberg sets (SHD, SSC) have them, gzip or "
                     "not: spikes/times in seconds, spikes/units, labels; for the encoding events"},
     .parts = {"train", "test"},
     .open = snn_shd_open,
     .check = snn_shd_check},
};

const struct snn_registry snn_formats = SNN_REGISTRY(formats, "formats", "format");

size_t snn_samples_features(const struct snn_samples *s)
{
    size_t n = 1;

    for (size_t i = 0; i < s->rank; i++)
        n *= s->shape[i];
    return n;
}

void snn_samples_clear(struct snn_samples *s)
{
    free(s->bytes);
    free(s->values);
    free(s->labels);
    free(s->first);
    free(s->times);
    free(s->units);
    *s = (struct snn_samples){0};
}

static const struct snn_samples *half(const struct snn_data *data, bool test)
{
    return test ? &data->test : &data->train;
}

void snn_data_features(const struct snn_data *data, bool test, size_t i, real *out)
{
    const struct snn_samples *s = half(data, test);
    size_t n = data->info.features;

    assert(i < s->count && !s->times);
    if (s->bytes) {
        const unsigned char *from = s->bytes + i * n;
        for (size_t k = 0; k < n; k++)
            out[k] = data->of_byte[from[k]];
    } else {
        const float *from = s->values + i * n;
        for (size_t k = 0; k < n; k++)
            out[k] = (real)from[k];
    }
}

struct snn_events snn_data_events(const struct snn_data *data, bool test, size_t i)
{
    const struct snn_samples *s = half(data, test);

    assert(i < s->count && s->times);
    return (struct snn_events){.times = s->times + s->first[i],
                               .units = s->units + s->first[i],
                               .n = s->first[i + 1] - s->first[i],
                               .duration = data->info.duration};
}

uint32_t snn_data_label(const struct snn_data *data, bool test, size_t i)
{
    assert(i < half(data, test)->count);
    return half(data, test)->labels[i];
}

static void shape_text(char *out, size_t size, const struct snn_samples *s)
{
    int n = 0;

    for (size_t i = 0; i < s->rank && n >= 0 && (size_t)n < size; i++)
        n += snprintf(out + n, size - (size_t)n, i ? "x%zu" : "%zu", s->shape[i]);
}

static enum snn_code check_shapes(const struct snn_data *data, struct snn_error *err)
{
    const struct snn_samples *a = &data->train, *b = &data->test;
    char want[96], found[96];

    if (a->rank == b->rank && memcmp(a->shape, b->shape, a->rank * sizeof a->shape[0]) == 0)
        return SNN_OK;
    shape_text(want, sizeof want, a);
    shape_text(found, sizeof found, b);
    return snn_fail(err, SNN_FORMAT,
                    "test set: samples of %s features, want %s as in the training set", found,
                    want);
}

/* The classes are those of the training set: a test label beyond them could never be right. */
static enum snn_code check_labels(struct snn_data *data, struct snn_error *err)
{
    size_t classes = 0;

    for (size_t i = 0; i < data->train.count; i++)
        if (data->train.labels[i] >= classes)
            classes = (size_t)data->train.labels[i] + 1;
    for (size_t i = 0; i < data->test.count; i++)
        if (data->test.labels[i] >= classes)
            return snn_fail(err, SNN_FORMAT,
                            "test set: sample %zu (from 0) has label %lu, want 0 to %zu as in the "
                            "training set",
                            i, (unsigned long)data->test.labels[i], classes - 1);
    data->info.classes = classes;
    return SNN_OK;
}

static void add_number(struct snn_digest *d, uint64_t v)
{
    unsigned char bytes[8];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(v >> 8 * i);
    snn_digest_add(d, bytes, sizeof bytes);
}

/* n 32-bit words, least significant byte first on every machine. */
static void add_words(struct snn_digest *d, const void *words, size_t n)
{
    unsigned char chunk[4096];
    const unsigned char *from = words;

    while (n > 0) {
        size_t now = n < sizeof chunk / 4 ? n : sizeof chunk / 4;

        for (size_t i = 0; i < now; i++) {
            uint32_t w;

            memcpy(&w, from + 4 * i, 4);
            for (size_t b = 0; b < 4; b++)
                chunk[4 * i + b] = (unsigned char)(w >> 8 * b);
        }
        snn_digest_add(d, chunk, 4 * now);
        from += 4 * now;
        n -= now;
    }
}

static void add_events(struct snn_digest *d, const struct snn_samples *s)
{
    const size_t n = s->first[s->count];

    for (size_t i = 1; i <= s->count; i++)
        add_number(d, s->first[i]);
    add_words(d, s->times, n);
    for (size_t i = 0; i < n; i++) {
        const unsigned char unit[] = {(unsigned char)(s->units[i] & 0xff),
                                      (unsigned char)(s->units[i] >> 8)};
        snn_digest_add(d, unit, sizeof unit);
    }
}

static void add_samples(struct snn_digest *d, const struct snn_samples *s, size_t features)
{
    add_number(d, s->count);
    if (s->times)
        add_events(d, s);
    else if (s->bytes)
        snn_digest_add(d, s->bytes, s->count * features);
    else
        add_words(d, s->values, s->count * features);
    add_words(d, s->labels, s->count);
}

/* The canonical form that info.sha256 is of; numbers are 64 bits, everything is little-endian:
 * "spiked-data 1\n", what divides a feature (255 for bytes, 1 for floats), the rank, the shape,
 * then for the training and for the test set: the number of samples, their features (a byte each,
 * or a 32-bit IEEE float each), their labels (32 bits each). Of events, what divides is 0, and in
 * the features' place are for each sample the number of events up to its end, then the events'
 * times (32 bits each) and units (16 bits each). */
static void digest(struct snn_data *data)
{
    static const char tag[] = "spiked-data 1\n";
    struct snn_digest d;

    snn_digest_init(&d);
    snn_digest_add(&d, tag, sizeof tag - 1);
    add_number(&d, data->info.events ? 0 : data->train.bytes ? data->unit : 1);
    add_number(&d, data->info.rank);
    for (size_t i = 0; i < data->info.rank; i++)
        add_number(&d, data->info.shape[i]);
    add_samples(&d, &data->train, data->info.features);
    add_samples(&d, &data->test, data->info.features);
    snn_digest_hex(&d, data->info.sha256);
}

/* Cannot overflow: all of it is allocated. */
static size_t memory(const struct snn_samples *s, size_t features)
{
    size_t value = s->bytes ? sizeof *s->bytes : sizeof *s->values;

    if (s->times)
        return s->count * (sizeof *s->labels + sizeof *s->first) + sizeof *s->first +
               s->first[s->count] * (sizeof *s->times + sizeof *s->units);
    return s->count * (features * value + sizeof *s->labels);
}

static enum snn_code finish(struct snn_data *data, const char *sha256, struct snn_error *err)
{
    struct snn_data_info *info = &data->info;
    enum snn_code rc = check_shapes(data, err);

    if (rc == SNN_OK)
        rc = check_labels(data, err);
    if (rc != SNN_OK)
        return rc;
    info->train = data->train.count;
    info->test = data->test.count;
    info->rank = data->train.rank;
    memcpy(info->shape, data->train.shape, sizeof info->shape);
    info->features = snn_samples_features(&data->train);
    info->events = data->train.times != NULL;
    for (unsigned i = 0; data->train.bytes && i < 256; i++)
        data->of_byte[i] = (real)i / (real)data->unit;
    info->bytes =
        sizeof *data + memory(&data->train, info->features) + memory(&data->test, info->features);
    if (sha256)
        snprintf(info->sha256, sizeof info->sha256, "%s", sha256);
    else
        digest(data);
    return SNN_OK;
}

/* A kind of snn_formats is the first member of its row. */
static const struct snn_format *row_of(const struct snn_kind *kind)
{
    return (const struct snn_format *)kind;
}

static size_t limit_of(size_t max_bytes)
{
    return max_bytes ? max_bytes : SNN_DATA_MAX_BYTES;
}

const char *const *snn_format_parts(const struct snn_kind *format)
{
    return row_of(format)->parts;
}

static enum snn_code check_source(const struct snn_data_source *source, struct snn_error *err)
{
    if (!source->format)
        return snn_fail(err, SNN_INVALID, "data set: no format given");
    for (size_t i = 0; row_of(source->format)->parts[i]; i++)
        if (!source->paths[i])
            return snn_fail(err, SNN_INVALID, "data set: no file for %s, format %s wants one",
                            row_of(source->format)->parts[i], source->format->name);
    return SNN_OK;
}

enum snn_code snn_data_open(struct snn_data **out, const struct snn_data_source *source,
                            struct snn_error *err)
{
    enum snn_code rc = check_source(source, err);
    struct snn_data *data;

    if (rc != SNN_OK)
        return rc;
    data = calloc(1, sizeof *data);
    if (!data)
        return snn_fail(err, SNN_NOMEM, "data set: no memory to describe it");
    rc = row_of(source->format)->open(data, source->paths, limit_of(source->max_bytes), err);
    if (rc == SNN_OK)
        rc = finish(data, source->sha256, err);
    if (rc != SNN_OK)
        goto out;
    *out = data;
    data = NULL; /* now the caller's */
out:
    snn_data_free(data);
    return rc;
}

enum snn_code snn_data_check_part(const struct snn_kind *format, size_t part, const char *path,
                                  size_t max_bytes, struct snn_error *err)
{
    size_t parts = 0;

    while (snn_format_parts(format)[parts])
        parts++;
    if (part >= parts)
        return snn_fail(err, SNN_INVALID, "data set: part %zu, format %s has %zu", part,
                        format->name, parts);
    return row_of(format)->check(part, path, limit_of(max_bytes), err);
}

void snn_data_free(struct snn_data *data)
{
    if (!data)
        return;
    snn_samples_clear(&data->train);
    snn_samples_clear(&data->test);
    free(data);
}

const struct snn_data_info *snn_data_describe(const struct snn_data *data)
{
    return &data->info;
}
