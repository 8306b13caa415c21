/* SPDX-License-Identifier: MIT */
/* The layers of a job, each with the job's neuron and what it changes of it. */
#include <stdio.h>
#include <string.h>

#include "api/spec.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Names go into metric names and file formats: letters, digits, _ and -. */
static void read_name(struct api_errors *e, const struct api_field *f, const char *at,
                      json_t *value, void *member)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_-";
    const char *name = json_string_value(value);

    if (name && (name[0] == '\0' || name[strspn(name, allowed)] != '\0'))
        api_errors_add(e, at, "invalid", "name is \"%.60s\", want letters, digits, _ and -", name);
    else
        api_read_text(e, f, at, value, member);
}

/* null: the layer has no neurons, and passes on what it computes. An object, be it empty: it has
 * some, whatever its kind has by itself. */
static void read_neuron(struct api_errors *e, const struct api_field *f, const char *at,
                        json_t *value, void *member)
{
    struct snn_layer_spec *layer = member;

    layer->neurons = json_is_null(value) ? SNN_ABSENT : SNN_PRESENT;
    if (layer->neurons == SNN_PRESENT)
        api_read(e, f->shape, at, value, &layer->neuron);
}

static const struct api_slot initialisation_slots[] = {
    {.key = "kind", .prefix = "", .registry = &snn_initialisers}};
const struct api_shape api_initialisation_shape = {
    .noun = "an initialisation", .slots = initialisation_slots, .n_slots = 1};

static void read_initialisation(struct api_errors *e, const struct api_field *f, const char *at,
                                json_t *value, void *member)
{
    struct snn_layer_spec *layer = member;
    const struct snn_layer_spec plain = {.kind = layer->kind};

    /* kinds with weights are those that have neurons by themselves */
    if (layer->kind.kind && !snn_layer_has_neuron(&plain))
        api_errors_add(e, at, "invalid",
                       "a layer of kind %s has no weights: leave initialisation out",
                       layer->kind.kind->name);
    else
        api_read(e, f->shape, at, value, &layer->initialiser);
}

static const struct api_field layer_fields[] = {
    {.name = "name",
     .read = read_name,
     .offset = offsetof(struct snn_layer_spec, name),
     .size = SNN_NAME_SIZE},
    {.name = "neuron",
     .read = read_neuron, /* of the whole layer */
     .shape = &api_neuron_shape,
     .schema =
         "{\"anyOf\":[{\"$ref\":\"#/components/schemas/NeuronConfig\"},{\"type\":\"null\"}]}"},
    {.name = "initialisation", .read = read_initialisation, .shape = &api_initialisation_shape},
};
static const struct api_slot layer_slots[] = {{.key = "kind",
                                               .prefix = "",
                                               .registry = &snn_layers,
                                               .offset = offsetof(struct snn_layer_spec, kind),
                                               .required = true}};
const struct api_shape api_layer_shape = {"a layer", layer_fields, COUNT(layer_fields), layer_slots,
                                          COUNT(layer_slots)};

/* The i-th layer's name is one that an earlier layer has. The default names count too. */
static void refuse_same_name(struct api_errors *e, const char *at, const struct snn_spec *spec,
                             size_t i)
{
    char place[API_POINTER_SIZE], layer[API_POINTER_SIZE];

    for (size_t k = 0; k < i; k++) {
        if (strcmp(spec->layers[k].name, spec->layers[i].name) != 0)
            continue;
        api_at(place, api_at_index(layer, at, i), "name");
        api_errors_add(e, place, "invalid", "layer %zu is called \"%s\" already, want another name",
                       k, spec->layers[i].name);
        return;
    }
}

void api_read_layers(struct api_errors *e, const struct api_field *f, const char *at, json_t *value,
                     void *member)
{
    struct api_form *form = member;
    struct snn_spec *spec = &form->spec;
    size_t n = json_array_size(value);
    char place[API_POINTER_SIZE];

    if (!json_is_array(value)) {
        api_wrong_type(e, at, value, "an array");
        return;
    }
    if ((int64_t)n < f->min || (int64_t)n > f->max) {
        api_errors_add(e, at, "out_of_range", "%zu layers, want %d to %d", n, (int)f->min,
                       (int)f->max);
        return;
    }
    spec->n_layers = n;
    for (size_t i = 0; i < n; i++) {
        struct snn_layer_spec *layer = &spec->layers[i];

        snprintf(layer->name, sizeof layer->name, "layer%zu", i + 1);
        layer->neuron = form->neuron;
        layer->neurons = SNN_BY_KIND;
        layer->initialiser = form->initialiser;
        api_read(e, &api_layer_shape, api_at_index(place, at, i), json_array_get(value, i), layer);
    }
    for (size_t i = 1; i < n; i++)
        refuse_same_name(e, at, spec, i);
}
