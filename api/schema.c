/* SPDX-License-Identifier: MIT */
/* Objects by table: fields, registry choices, and what is left over. */
#include "api/schema.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/pointer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MAX_SLOTS 4

/* Where a member is in the struct that is being filled. */
static void *member_of(void *out, size_t offset)
{
    return (char *)out + offset;
}

/* ---------------------------------------------------------------------------------- places -- */

const char *api_at(char buf[API_POINTER_SIZE], const char *at, const char *key)
{
    size_t n = (size_t)snprintf(buf, API_POINTER_SIZE, "%s/", at);

    for (; *key && n + 2 < API_POINTER_SIZE; key++) {
        if (*key == '~' || *key == '/') {
            buf[n++] = '~';
            buf[n++] = *key == '~' ? '0' : '1';
        } else {
            buf[n++] = *key;
        }
    }
    buf[n < API_POINTER_SIZE ? n : API_POINTER_SIZE - 1] = '\0';
    return buf;
}

const char *api_at_index(char buf[API_POINTER_SIZE], const char *at, size_t i)
{
    snprintf(buf, API_POINTER_SIZE, "%s/%zu", at, i);
    return buf;
}

/* ---------------------------------------------------------------------------------- values -- */

/* What was found, for a message. */
static const char *found(char buf[64], json_t *value)
{
    if (json_is_string(value))
        snprintf(buf, 64, "\"%.40s\"", json_string_value(value));
    else if (json_is_integer(value))
        snprintf(buf, 64, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        snprintf(buf, 64, "%g", json_real_value(value));
    else
        snprintf(buf, 64, "%s",
                 json_is_object(value)  ? "an object"
                 : json_is_array(value) ? "an array"
                 : json_is_true(value)  ? "true"
                 : json_is_false(value) ? "false"
                                        : "null");
    return buf;
}

void api_wrong_type(struct api_errors *e, const char *at, json_t *value, const char *wanted)
{
    char buf[64], name[API_POINTER_SIZE];

    api_errors_add(e, at, "wrong_type", "%s is %s, want %s",
                   api_pointer_name(name, sizeof name, at), found(buf, value), wanted);
}

void api_read_param(struct api_errors *e, const struct snn_param *p, const char *name,
                    const char *at, json_t *value, double *out)
{
    static const char *const wanted[] = {
        [SNN_REAL] = "a number", [SNN_INTEGER] = "an integer", [SNN_BOOLEAN] = "true or false"};
    struct snn_param named = *p;
    struct snn_error err = {0};
    double v = json_is_true(value) ? 1 : json_number_value(value);
    bool fits = p->type == SNN_BOOLEAN ? json_is_boolean(value) : json_is_number(value);

    if (!fits || (p->type == SNN_INTEGER && v != floor(v))) {
        api_wrong_type(e, at, value, wanted[p->type]);
        return;
    }
    named.name = name;
    if (snn_param_check(&named, v, &err) != SNN_OK)
        api_errors_add(e, at, "out_of_range", "%s", err.message);
    else
        *out = v;
}

void api_read_shape(struct api_errors *e, const struct api_field *f, const char *at, json_t *value,
                    void *member)
{
    api_read(e, f->shape, at, value, member);
}

void api_read_text(struct api_errors *e, const struct api_field *f, const char *at, json_t *value,
                   void *member)
{
    size_t n = json_string_length(value);

    if (!json_is_string(value))
        api_wrong_type(e, at, value, "a string");
    else if (n >= f->size)
        api_errors_add(e, at, "out_of_range", "%s has %zu bytes, want at most %zu", f->name, n,
                       f->size - 1);
    else
        memcpy(member, json_string_value(value), n + 1);
}

void api_read_integer(struct api_errors *e, const struct api_field *f, const char *at,
                      json_t *value, void *member)
{
    int64_t v = json_integer_value(value);

    if (!json_is_integer(value))
        api_wrong_type(e, at, value, "an integer");
    else if (v < f->min || v > f->max)
        api_errors_add(e, at, "out_of_range",
                       "%s is %" PRId64 ", want an integer >= %" PRId64 " and <= %" PRId64, f->name,
                       v, f->min, f->max);
    else
        memcpy(member, &v, sizeof v);
}

const struct snn_param *api_limit(const char *name)
{
    for (size_t i = 0; i < snn_spec_limit_count; i++)
        if (strcmp(snn_spec_limits[i].name, name) == 0)
            return &snn_spec_limits[i];
    return NULL;
}

void api_read_limit(struct api_errors *e, const struct api_field *f, const char *at, json_t *value,
                    void *member)
{
    const struct snn_param *limit = api_limit(f->name);
    double v = NAN;
    size_t whole;

    if (!limit) {
        api_errors_add(e, at, "internal", "there is no limit for %s", f->name);
        return;
    }
    api_read_param(e, limit, f->name, at, value, &v);
    if (isnan(v))
        return;
    whole = (size_t)v;
    if (limit->type == SNN_INTEGER)
        memcpy(member, &whole, sizeof whole);
    else
        memcpy(member, &v, sizeof v);
}

/* ----------------------------------------------------------------------------------- slots -- */

/* Another row: its own defaults, and where the slot carries, what differs from the old row's
 * defaults. */
static struct snn_choice changed(const struct api_slot *slot, const struct snn_choice *before,
                                 const struct snn_kind *kind)
{
    struct snn_choice c = snn_choice_of(kind);
    const struct snn_kind *old = before->kind;

    for (size_t i = 0; slot->carry && old && i < old->n_params; i++)
        for (size_t k = 0; k < kind->n_params; k++)
            if (before->value[i] != old->params[i].value &&
                strcmp(old->params[i].name, kind->params[k].name) == 0)
                c.value[k] = before->value[i];
    return c;
}

/* False where which row is meant is not known. */
static bool read_kind(struct api_errors *e, const struct api_slot *slot, const char *at,
                      json_t *object, struct snn_choice *choice)
{
    json_t *value = json_object_get(object, slot->key);
    char place[API_POINTER_SIZE];
    struct snn_error err = {0};
    const struct snn_kind *kind;

    api_at(place, at, slot->key);
    if (!value) {
        if (slot->required)
            api_errors_add(e, place, "missing_field", "%s is missing, want the name of a %s",
                           slot->key, slot->registry->noun);
        return !slot->required;
    }
    if (!json_is_string(value)) {
        api_wrong_type(e, place, value, "a string");
        return false;
    }
    if (snn_registry_get(&kind, slot->registry, json_string_value(value), &err) != SNN_OK) {
        api_errors_add(e, place, "unknown_name", "%s", err.message);
        return false;
    }
    if (kind != choice->kind)
        *choice = changed(slot, choice, kind);
    return true;
}

static const char *field_of(char buf[64], const struct api_slot *slot, const struct snn_param *p)
{
    snprintf(buf, 64, "%s%s", slot->prefix, p->name);
    return buf;
}

static void read_params(struct api_errors *e, const struct api_slot *slot, const char *at,
                        json_t *object, struct snn_choice *choice)
{
    for (size_t i = 0; i < choice->kind->n_params; i++) {
        const struct snn_param *p = &choice->kind->params[i];
        char name[64], place[API_POINTER_SIZE];
        json_t *value = json_object_get(object, field_of(name, slot, p));

        api_at(place, at, name);
        if (value)
            api_read_param(e, p, name, place, value, &choice->value[i]);
        else if (p->required)
            api_errors_add(e, place, "missing_field", "%s is missing: %s", name, p->doc);
    }
}

/* Whether the row has a parameter of that field name. */
static bool has_param(const struct api_slot *slot, const struct snn_kind *kind, const char *key)
{
    char name[64];

    for (size_t i = 0; i < kind->n_params; i++)
        if (strcmp(field_of(name, slot, &kind->params[i]), key) == 0)
            return true;
    return false;
}

static bool any_row_has(const struct api_slot *slot, const char *key)
{
    for (size_t i = 0; i < slot->registry->count; i++)
        if (has_param(slot, snn_registry_at(slot->registry, i), key))
            return true;
    return false;
}

/* --------------------------------------------------------------------------------- objects -- */

/* What an object may have: its shape, and the rows that were chosen (NULL where that is not known).
 */
struct allowed {
    const struct api_shape *shape;
    const struct snn_kind *kind[MAX_SLOTS];
};

static bool is_allowed(const struct allowed *a, const char *key)
{
    for (size_t i = 0; i < a->shape->n_fields; i++)
        if (strcmp(a->shape->fields[i].name, key) == 0)
            return true;
    for (size_t i = 0; i < a->shape->n_slots; i++) {
        const struct api_slot *slot = &a->shape->slots[i];

        if (strcmp(slot->key, key) == 0)
            return true;
        if (a->kind[i] ? has_param(slot, a->kind[i], key) : any_row_has(slot, key))
            return true;
    }
    return false;
}

struct list {
    char text[512];
    size_t used;
};

static void list_add(struct list *l, const char *prefix, const char *name)
{
    int n;

    if (l->used >= sizeof l->text)
        return;
    n = snprintf(l->text + l->used, sizeof l->text - l->used, "%s%s%s", l->used ? ", " : "", prefix,
                 name);
    l->used += n > 0 ? (size_t)n : 0;
}

/* The fields there are, as a message lists them. */
static void list_allowed(struct list *l, const struct allowed *a)
{
    for (size_t i = 0; i < a->shape->n_slots; i++)
        list_add(l, "", a->shape->slots[i].key);
    for (size_t i = 0; i < a->shape->n_fields; i++)
        list_add(l, "", a->shape->fields[i].name);
    for (size_t i = 0; i < a->shape->n_slots; i++)
        for (size_t k = 0; a->kind[i] && k < a->kind[i]->n_params; k++)
            list_add(l, a->shape->slots[i].prefix, a->kind[i]->params[k].name);
}

static void refuse_unknown(struct api_errors *e, const struct allowed *a, const char *at,
                           json_t *object)
{
    struct list l = {.used = 0};
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        char place[API_POINTER_SIZE];

        if (is_allowed(a, key))
            continue;
        if (l.used == 0)
            list_allowed(&l, a);
        api_errors_add(e, api_at(place, at, key), "unknown_field",
                       "there is no field \"%.60s\" in %s, want one of: %s", key, a->shape->noun,
                       l.text);
    }
}

void api_read(struct api_errors *e, const struct api_shape *shape, const char *at, json_t *value,
              void *out)
{
    struct allowed a = {.shape = shape};
    char place[API_POINTER_SIZE];

    if (!json_is_object(value)) {
        api_wrong_type(e, at, value, "an object");
        return;
    }
    for (size_t i = 0; i < shape->n_slots && i < MAX_SLOTS; i++) {
        const struct api_slot *slot = &shape->slots[i];
        struct snn_choice *choice = member_of(out, slot->offset);
        const struct snn_kind *before = choice->kind;

        if (!read_kind(e, slot, at, value, choice))
            continue;
        a.kind[i] = choice->kind;
        if (slot->changed && choice->kind != before)
            slot->changed(out);
        read_params(e, slot, at, value, choice);
    }
    for (size_t i = 0; i < shape->n_fields; i++) {
        const struct api_field *f = &shape->fields[i];
        json_t *member = json_object_get(value, f->name);

        api_at(place, at, f->name);
        if (member)
            f->read(e, f, place, member, member_of(out, f->offset));
        else if (f->required)
            api_errors_add(e, place, "missing_field", "%s is missing from %s", f->name,
                           shape->noun);
    }
    refuse_unknown(e, &a, at, value);
}

/* ---------------------------------------------------------------------------------- write -- */

/* One parameter of a registry row under `prefix` + its name. */
static int set_param(json_t *to, const char *prefix, const struct snn_param *p, double v)
{
    char key[64];
    json_t *value = p->type == SNN_BOOLEAN   ? json_boolean(v != 0)
                    : p->type == SNN_INTEGER ? json_integer((json_int_t)v)
                                             : json_real(v);

    snprintf(key, sizeof key, "%s%s", prefix, p->name);
    return json_object_set_new(to, key, value);
}

bool api_set_choice(json_t *to, const char *key, const char *prefix,
                    const struct snn_choice *choice)
{
    if (json_object_set_new(to, key, json_string(choice->kind->name)) != 0)
        return false;
    for (size_t i = 0; i < choice->kind->n_params; i++)
        if (set_param(to, prefix, &choice->kind->params[i], choice->value[i]) != 0)
            return false;
    return true;
}
