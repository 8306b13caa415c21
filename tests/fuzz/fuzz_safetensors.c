/* SPDX-License-Identifier: MIT */
/* Any weights that open, of a job of any text, as a safetensors file: a header that is JSON, of
 * tensors that lie one behind the other to the file's end and hold the very numbers. The first byte
 * says how many of the next are the job's text; the rest is the saved run. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/model.h"
#include "tests/fuzz/saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

#define TEXT_SIZE 256

static uint64_t read_length(const unsigned char *at)
{
    uint64_t n = 0;

    for (int i = 7; i >= 0; i--)
        n = n << 8 | at[i];
    return n;
}

/* The entry of a tensor, which starts where the one before ended; returns its end. */
static size_t check_tensor(const json_t *header, const struct snn_tensor *t,
                           const unsigned char *data, size_t begin, size_t size)
{
    const json_t *entry = json_object_get(header, t->name);
    const json_t *shape = json_object_get(entry, "shape");
    const json_t *offsets = json_object_get(entry, "data_offsets");
    size_t end = begin + t->count * sizeof t->data[0], count = 1;

    for (size_t i = 0; i < t->rank; i++)
        count *= (size_t)json_integer_value(json_array_get(shape, i));
    if (json_array_size(shape) != t->rank || count != t->count || end > size ||
        json_integer_value(json_array_get(offsets, 0)) != (json_int_t)begin ||
        json_integer_value(json_array_get(offsets, 1)) != (json_int_t)end ||
        memcmp(data + begin, t->data, end - begin) != 0)
        abort();
    return end;
}

static void check_file(const unsigned char *file, size_t size, const struct snn_model *model)
{
    uint64_t length = size > 8 ? read_length(file) : 0;
    size_t at = 0;
    json_t *header;

    if (length < 2 || length % 8 != 0 || length > size - 8)
        abort();
    header = json_loadb((const char *)file + 8, length, JSON_REJECT_DUPLICATES, NULL);
    if (!header || json_object_size(header) != snn_model_count(model) + 1 ||
        !json_is_object(json_object_get(header, "__metadata__")))
        abort();
    for (size_t i = 0; i < snn_model_count(model); i++)
        at = check_tensor(header, snn_model_tensor(model, i), file + 8 + length, at,
                          size - 8 - length);
    if (at != size - 8 - length)
        abort();
    json_decref(header);
}

static void write_model(const struct snn_model *model, char *config)
{
    struct srv_job job = {.id = "job_00000000000000000000000000", .config = config};
    struct api_model m = {.job = &job, .model = model, .which = "best"};
    char *file = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&file, &size);

    if (!to)
        return;
    snn_model_sha256(model, m.sha256);
    if (!api_model_safetensors(to, &m))
        abort();
    fclose(to);
    check_file((const unsigned char *)file, size, model);
    free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char path[SAVED_PATH], config[TEXT_SIZE] = "";
    size_t k = n ? bytes[0] : 0, size;
    struct snn_model *model = NULL;
    unsigned char *copy;

    if (n < k + 1)
        return 0;
    memcpy(config, bytes + 1, k);
    copy = saved_sign(bytes + 1 + k, n - 1 - k, &size);
    saved_write(path, copy, size);
    if (snn_model_open(&model, path, SNN_BEST, NULL) == SNN_OK)
        write_model(model, config);
    snn_model_free(model);
    unlink(path);
    free(copy);
    return 0;
}
