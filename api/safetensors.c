/* SPDX-License-Identifier: MIT */
/* The model as a safetensors file (huggingface/safetensors, "Format"). */
#include <assert.h>
#include <stdlib.h>

#include "api/model.h"
#include "api/network_json.h"
#include "api/text.h"

#define ALIGNMENT 8

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "floats are written as they are in memory");

static bool write_metadata(FILE *to, const struct api_model *m)
{
    char step[24];
    bool ok = true;
    const char *const entries[][2] = {
        {"format", "spiked"}, {"job", m->job->id}, {"sha256", m->sha256},
        {"step", step},       {"which", m->which}, {"config", m->job->config ? m->job->config : ""},
    };

    snprintf(step, sizeof step, "%zu", snn_model_step(m->model));
    fputs("\"__metadata__\":{", to);
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        fprintf(to, "%s\"%s\":", i ? "," : "", entries[i][0]);
        api_text_string(to, entries[i][1]);
    }
    /* All that it takes to run the network, as JSON: the config leaves its defaults out. */
    if (m->spec) {
        json_t *network = api_network_json(m->spec, m->info);
        char *text = network ? json_dumps(network, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
        fputs(",\"network\":", to);
        api_text_string(to, text ? text : "");
        ok = text != NULL;
        free(text);
        json_decref(network);
    }
    fputc('}', to);
    return ok;
}

static bool write_header(FILE *to, const struct api_model *m)
{
    size_t offset = 0;

    fputc('{', to);
    bool ok = write_metadata(to, m);
    for (size_t i = 0; i < snn_model_count(m->model); i++) {
        const struct snn_tensor *t = snn_model_tensor(m->model, i);
        size_t end = offset + t->count * sizeof t->data[0];

        fputc(',', to);
        api_text_string(to, t->name);
        fputs(":{\"dtype\":\"F32\",\"shape\":[", to);
        for (size_t k = 0; k < t->rank; k++)
            fprintf(to, "%s%zu", k ? "," : "", t->shape[k]);
        fprintf(to, "],\"data_offsets\":[%zu,%zu]}", offset, end);
        offset = end;
    }
    fputc('}', to);
    return ok;
}

static void write_length(FILE *to, size_t n)
{
    for (int shift = 0; shift < 64; shift += 8)
        fputc((int)((uint64_t)n >> shift & 0xff), to);
}

bool api_model_safetensors(FILE *to, const struct api_model *m)
{
    char *header = NULL;
    size_t size = 0;
    FILE *text = open_memstream(&header, &size);
    bool ok = text != NULL;

    if (text) {
        ok = write_header(text, m) && !ferror(text);
        ok = fclose(text) == 0 && ok;
    }
    if (ok) {
        size_t padding = (ALIGNMENT - size % ALIGNMENT) % ALIGNMENT;
        write_length(to, size + padding);
        fwrite(header, 1, size, to);
        fprintf(to, "%*s", (int)padding, "");
        for (size_t i = 0; i < snn_model_count(m->model); i++) {
            const struct snn_tensor *t = snn_model_tensor(m->model, i);
            fwrite(t->data, sizeof t->data[0], t->count, to);
        }
    }
    free(header);
    return ok;
}
