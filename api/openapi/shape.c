/* SPDX-License-Identifier: MIT */
/* Tables of fields as JSON schemas. A choice allows the parameters of all its rows, since which row
 * it is may be said by another layer; POST /v1/jobs/validate knows the rest. */
#include "api/openapi/openapi.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/schema.h"

#define NAME_SIZE 64
#define PREFIX "#/components/schemas/"

/* "a job" is JobConfig, "training" TrainingConfig. */
static void name_of(char name[NAME_SIZE], const struct api_shape *shape)
{
    const char *blank = strrchr(shape->noun, ' ');

    snprintf(name, NAME_SIZE, "%sConfig", blank ? blank + 1 : shape->noun);
    name[0] = (char)toupper((unsigned char)name[0]);
}

static json_t *reference(const struct api_shape *shape)
{
    char name[NAME_SIZE];

    name_of(name, shape);
    return json_pack("{s:s+}", "$ref", PREFIX, name);
}

static void set_bound(json_t *schema, const char *key, const struct snn_param *p, double v)
{
    if (p->type == SNN_BOOLEAN || fabs(v) > 9e15)
        return;
    json_object_set_new(schema, key,
                        p->type == SNN_INTEGER ? json_integer((json_int_t)v) : json_real(v));
}

static json_t *param_schema(const struct snn_param *p)
{
    static const char *const types[] = {
        [SNN_REAL] = "number", [SNN_INTEGER] = "integer", [SNN_BOOLEAN] = "boolean"};
    json_t *schema = json_pack("{s:s, s:s}", "type", types[p->type], "description", p->doc);

    if (!schema)
        return NULL;
    set_bound(schema, p->min_open ? "exclusiveMinimum" : "minimum", p, p->min);
    set_bound(schema, p->max_open ? "exclusiveMaximum" : "maximum", p, p->max);
    if (!p->required && p->type == SNN_BOOLEAN)
        json_object_set_new(schema, "default", json_boolean(p->value != 0));
    else if (!p->required)
        set_bound(schema, "default", p, p->value);
    return schema;
}

/* Of a parameter that another row has too: what either allows. */
static void widen(json_t *schema, const json_t *other)
{
    static const char *const bounds[] = {"minimum", "exclusiveMinimum", "maximum",
                                         "exclusiveMaximum"};

    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++)
        if (!json_equal(json_object_get(schema, bounds[i]), json_object_get(other, bounds[i])))
            json_object_del(schema, bounds[i]);
    if (!json_equal(json_object_get(schema, "default"), json_object_get(other, "default")))
        json_object_del(schema, "default");
}

static bool add_param(json_t *properties, const char *prefix, const struct snn_param *p)
{
    char name[2 * NAME_SIZE];
    json_t *schema = param_schema(p), *known;

    snprintf(name, sizeof name, "%s%s", prefix, p->name);
    known = json_object_get(properties, name);
    if (!known)
        return schema && json_object_set_new(properties, name, schema) == 0;
    widen(known, schema);
    json_decref(schema);
    return true;
}

static bool add_slot(json_t *properties, const struct api_slot *slot)
{
    json_t *names = json_array();
    bool ok = names != NULL;

    for (size_t i = 0; ok && i < slot->registry->count; i++) {
        const struct snn_kind *kind = snn_registry_at(slot->registry, i);

        ok = json_array_append_new(names, json_string(kind->name)) == 0;
        for (size_t k = 0; ok && k < kind->n_params; k++)
            ok = add_param(properties, slot->prefix, &kind->params[k]);
    }
    return json_object_set_new(properties, slot->key, json_pack("{s:o}", "enum", names)) == 0 && ok;
}

static json_t *integer_schema(const struct api_field *f)
{
    json_t *schema = json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)f->min,
                               "maximum", (json_int_t)f->max);

    if (schema && f->doc)
        json_object_set_new(schema, "description", json_string(f->doc));
    return schema;
}

static json_t *field_schema(const struct api_field *f)
{
    if (f->schema)
        return json_loads(f->schema, JSON_DECODE_ANY, NULL);
    if (f->items)
        return json_pack("{s:s, s:I, s:I, s:o}", "type", "array", "minItems", (json_int_t)f->min,
                         "maxItems", (json_int_t)f->max, "items", reference(f->items));
    if (f->shape)
        return reference(f->shape);
    if (f->read == api_read_limit)
        return param_schema(api_limit(f->name));
    if (f->read == api_read_integer)
        return integer_schema(f);
    return json_pack("{s:s, s:I}", "type", "string", "maxLength", (json_int_t)f->size - 1);
}

static bool add_required(json_t *required, const char *name, bool wanted)
{
    return !wanted || json_array_append_new(required, json_string(name)) == 0;
}

bool api_openapi_shape(json_t *schemas, const struct api_shape *shape)
{
    json_t *properties = json_object(), *required = json_array();
    char name[NAME_SIZE];
    bool ok = properties && required;
    json_t *schema;

    name_of(name, shape);
    if (json_object_get(schemas, name)) {
        json_decref(properties);
        json_decref(required);
        return true;
    }
    for (size_t i = 0; ok && i < shape->n_slots; i++)
        ok = add_slot(properties, &shape->slots[i]) &&
             add_required(required, shape->slots[i].key, shape->slots[i].required);
    for (size_t i = 0; ok && i < shape->n_fields; i++) {
        const struct api_field *f = &shape->fields[i];

        ok = json_object_set_new(properties, f->name, field_schema(f)) == 0 &&
             add_required(required, f->name, f->required);
    }
    schema = json_pack("{s:s, s:b, s:o, s:o}", "type", "object", "additionalProperties", 0,
                       "properties", properties, "required", required);
    ok = json_object_set_new(schemas, name, schema) == 0 && ok;
    for (size_t i = 0; ok && i < shape->n_fields; i++) {
        const struct api_field *f = &shape->fields[i];

        ok = (!f->shape || api_openapi_shape(schemas, f->shape)) &&
             (!f->items || api_openapi_shape(schemas, f->items));
    }
    return ok;
}
