/* SPDX-License-Identifier: MIT */
#include "core/data/digits.h"

#include "core/data/csv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PIXELS 64
#define SIDE 8
#define LEVELS 16 /* a pixel is 0..16 */
#define FOLDS 5   /* of so many rows the last is a test row */

/* core/data/digits_blob.S */
extern const unsigned char snn_digits_gz[];
extern const uint64_t snn_digits_gz_size;

static enum snn_code allocate(struct snn_samples *s, size_t count, struct snn_error *err)
{
    s->values = malloc(count * PIXELS * sizeof *s->values);
    s->labels = malloc(count * sizeof *s->labels);
    if (!s->values || !s->labels)
        return snn_fail(err, SNN_NOMEM, "digits: no memory for %zu samples", count);
    memcpy(s->shape, (size_t[]){1, SIDE, SIDE}, 3 * sizeof s->shape[0]);
    s->rank = 3;
    return SNN_OK;
}

static void append(struct snn_samples *to, const struct snn_samples *from, size_t row)
{
    for (size_t i = 0; i < PIXELS; i++)
        to->values[to->count * PIXELS + i] = from->values[row * PIXELS + i] / LEVELS;
    to->labels[to->count++] = from->labels[row];
}

static enum snn_code split(struct snn_data *data, const struct snn_samples *all,
                           struct snn_error *err)
{
    size_t test = all->count / FOLDS;
    enum snn_code rc = allocate(&data->train, all->count - test, err);

    if (rc == SNN_OK)
        rc = allocate(&data->test, test, err);
    for (size_t row = 0; rc == SNN_OK && row < all->count; row++)
        append(row % FOLDS == FOLDS - 1 ? &data->test : &data->train, all, row);
    return rc;
}

enum snn_code snn_digits_open(struct snn_data *data, const char *const *paths, size_t max_bytes,
                              struct snn_error *err)
{
    struct snn_samples all = {0};
    struct snn_source source;
    enum snn_code rc = snn_source_memory(&source, "digits", snn_digits_gz,
                                         (size_t)snn_digits_gz_size, SNN_DATA_MAX_BYTES, err);

    (void)paths;
    (void)max_bytes;
    if (rc != SNN_OK)
        return rc;
    rc = snn_csv_read(&all, &source, true, err);
    snn_source_close(&source);
    if (rc == SNN_OK) {
        assert(all.shape[0] == PIXELS);
        rc = split(data, &all, err);
    }
    snn_samples_clear(&all);
    return rc;
}

enum snn_code snn_digits_check(size_t part, const char *path, size_t max_bytes,
                               struct snn_error *err)
{
    (void)path;
    (void)max_bytes;
    return snn_fail(err, SNN_INVALID, "digits: there is no part %zu, the set is built in", part);
}
