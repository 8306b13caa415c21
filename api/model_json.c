/* SPDX-License-Identifier: MIT */
/* The model as JSON: small parts as a tree, the tensors as text. */
#include <string.h>

#include "api/model.h"
#include "api/spec_neuron.h"
#include "api/text.h"

/* ,"name":{...}; null where there is no object. Takes the object; false where memory ends. */
static bool write_object(FILE *to, const char *name, json_t *object, bool whole)
{
    bool ok;

    fprintf(to, ",\"%s\":", name);
    ok = whole && json_dumpf(object, to, JSON_COMPACT | JSON_REAL_PRECISION(15)) == 0;
    json_decref(object);
    return ok;
}

/* Every value a layer's neuron was trained with, under the names that a job gives them. */
static bool write_neuron(FILE *to, const struct snn_neuron_spec *n)
{
    json_t *neuron;

    if (!n || !n->model.kind) {
        fputs(",\"neuron\":null", to);
        return true;
    }
    neuron = api_neuron_json(n);
    return write_object(to, "neuron", neuron, neuron != NULL);
}

/* How samples come in and what is read of the last layer, as a job says it, with the defaults. */
static bool write_ends(FILE *to, const struct snn_spec *spec)
{
    json_t *encoding, *readout;

    if (!spec) {
        fputs(",\"encoding\":null,\"readout\":null", to);
        return true;
    }
    encoding = json_object();
    if (!write_object(to, "encoding", encoding,
                      encoding && api_set_choice(encoding, "kind", "", &spec->encoding) &&
                          json_object_set_new(encoding, "time_steps",
                                              json_integer((json_int_t)spec->time_steps)) == 0))
        return false;
    readout = json_object();
    return write_object(to, "readout", readout,
                        readout && api_set_choice(readout, "kind", "", &spec->readout));
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

static bool write_layer(FILE *to, const struct api_model *m, size_t i)
{
    const struct snn_layer_spec *layer =
        m->spec && i < m->spec->n_layers ? &m->spec->layers[i] : NULL;

    fputs(i ? ",\n{\"name\":" : "\n{\"name\":", to);
    if (layer) {
        api_text_string(to, layer->name);
        fprintf(to, ",\"kind\":\"%s\"", layer->kind.kind->name);
    } else {
        write_tensor_layer(to, m->model, i);
    }
    if (!write_neuron(to, layer && snn_layer_has_neuron(layer) ? &layer->neuron : NULL))
        return false;
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
