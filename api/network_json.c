/* SPDX-License-Identifier: MIT */
#include "api/network_json.h"

#include "api/schema.h"
#include "api/spec_neuron.h"

/* The object where `ok`, else nothing. */
static json_t *whole(json_t *object, bool ok)
{
    if (object && ok)
        return object;
    json_decref(object);
    return NULL;
}

json_t *api_layer_json(const struct snn_layer_spec *layer)
{
    json_t *o = json_object();
    bool ok = o && json_object_set_new(o, "name", json_string(layer->name)) == 0 &&
              api_set_choice(o, "kind", "", &layer->kind) &&
              json_object_set_new(o, "neuron",
                                  snn_layer_has_neuron(layer) ? api_neuron_json(&layer->neuron)
                                                              : json_null()) == 0;

    return whole(o, ok);
}

json_t *api_encoding_json(const struct snn_spec *spec)
{
    json_t *o = json_object();
    bool ok = o && api_set_choice(o, "kind", "", &spec->encoding) &&
              json_object_set_new(o, "time_steps", json_integer((json_int_t)spec->time_steps)) == 0;

    return whole(o, ok);
}

json_t *api_readout_json(const struct snn_spec *spec)
{
    json_t *o = json_object();

    return whole(o, o && api_set_choice(o, "kind", "", &spec->readout));
}

json_t *api_network_json(const struct snn_spec *spec, const struct snn_data_info *info)
{
    json_t *layers = json_array(), *input = json_array();
    bool ok = layers && input;

    for (size_t i = 0; ok && i < spec->n_layers; i++)
        ok = json_array_append_new(layers, api_layer_json(&spec->layers[i])) == 0;
    for (size_t i = 0; ok && i < info->rank; i++)
        ok = json_array_append_new(input, json_integer((json_int_t)info->shape[i])) == 0;
    if (ok)
        return json_pack("{s:o, s:o, s:o, s:o}", "input", input, "encoding",
                         api_encoding_json(spec), "layers", layers, "readout",
                         api_readout_json(spec));
    json_decref(layers);
    json_decref(input);
    return NULL;
}
