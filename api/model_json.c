/* SPDX-License-Identifier: MIT */
/* The model as JSON: small parts as a tree, the tensors as text. */
#include <stdlib.h>
#include <string.h>

#include "api/model.h"
#include "api/network_json.h"
#include "api/text.h"

/* ,"name":{...}; takes the object; false where memory ended. */
static bool write_object(FILE *to, const char *name, json_t *object)
{
    bool ok;

    fprintf(to, ",\"%s\":", name);
    ok = object && json_dumpf(object, to, JSON_COMPACT | JSON_REAL_PRECISION(15)) == 0;
    json_decref(object);
    return ok;
}

/* How samples come in and what is read of the last layer. */
static bool write_ends(FILE *to, const struct snn_spec *spec)
{
    if (!spec) {
        fputs(",\"encoding\":null,\"readout\":null", to);
        return true;
    }
    return write_object(to, "encoding", api_encoding_json(spec)) &&
           write_object(to, "readout", api_readout_json(spec));
}

static void write_tensor(FILE *to, const struct snn_tensor *t)
{
    api_text_string(to, t->role);
    fputs(":{\"shape\":[", to);
    for (size_t i = 0; i < t->rank; i++)
        fprintf(to, "%s%zu", i ? "," : "", t->shape[i]);
    fputs("],\"data\":[", to);
    for (size_t i = 0; i < t->count && !ferror(to); i++) {
        if (i)
            fputc(',', to);
        api_text_float(to, t->data[i]);
    }
    fputs("]}", to);
}

static void write_parameters(FILE *to, const struct snn_model *model, size_t layer)
{
    const char *separator = "";

    fputs(",\"parameters\":{", to);
    for (size_t i = 0; i < snn_model_count(model); i++) {
        const struct snn_tensor *t = snn_model_tensor(model, i);
        if (t->layer != layer)
            continue;
        fputs(separator, to);
        write_tensor(to, t);
        separator = ",";
    }
    fputs("}}", to);
}

/* A layer's name where there is no spec: that of its tensors, without their role. */
static void write_tensor_layer(FILE *to, const struct snn_model *model, size_t layer)
{
    char name[sizeof((struct snn_tensor *)0)->name] = "";

    for (size_t i = 0; i < snn_model_count(model) && !name[0]; i++) {
        const struct snn_tensor *t = snn_model_tensor(model, i);
        const char *dot = strrchr(t->name, '.');
        if (t->layer == layer && dot)
            snprintf(name, sizeof name, "%.*s", (int)(dot - t->name), t->name);
    }
    api_text_string(to, name);
    fputs(",\"kind\":null", to);
}

static size_t layer_count(const struct api_model *m)
{
    size_t n = m->spec ? m->spec->n_layers : 0;

    for (size_t i = 0; i < snn_model_count(m->model); i++) {
        size_t layer = snn_model_tensor(m->model, i)->layer;
        n = layer >= n ? layer + 1 : n;
    }
    return n;
}

/* The layer as a job describes it, up to its closing brace. */
static bool write_description(FILE *to, const struct snn_layer_spec *layer)
{
    json_t *o = api_layer_json(layer);
    char *text = o ? json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;

    json_decref(o);
    if (text)
        fprintf(to, "%.*s", (int)strlen(text) - 1, text);
    free(text);
    return text != NULL;
}

static bool write_layer(FILE *to, const struct api_model *m, size_t i)
{
    fputs(i ? ",\n" : "\n", to);
    if (m->spec && i < m->spec->n_layers) {
        if (!write_description(to, &m->spec->layers[i]))
            return false;
    } else {
        fputs("{\"name\":", to);
        write_tensor_layer(to, m->model, i);
        fputs(",\"neuron\":null", to);
    }
    write_parameters(to, m->model, i);
    return true;
}

bool api_model_json(FILE *to, const struct api_model *m)
{
    size_t layers = layer_count(m);

    fputs("{\"object\":\"model\",\"job\":", to);
    api_text_string(to, m->job->id);
    fprintf(to, ",\"sha256\":\"%s\",\"step\":%zu,\"which\":\"%s\"", m->sha256,
            snn_model_step(m->model), m->which);
    if (!write_ends(to, m->spec))
        return false;
    fputs(",\"layers\":[", to);
    for (size_t i = 0; i < layers; i++)
        if (!write_layer(to, m, i))
            return false;
    fputs("]}\n", to);
    return true;
}
