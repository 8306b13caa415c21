/* SPDX-License-Identifier: MIT */
/*
 * JSON objects by table. A shape is the fields an object may have: rows of {name, reader, member},
 * and choices whose fields are those of the chosen registry row. Everything that is wrong is
 * reported, each error with its JSON pointer; what is right goes into the struct. Members that are
 * wrong or not given are left as they were.
 */
#ifndef SPIKED_API_SCHEMA_H
#define SPIKED_API_SCHEMA_H

#include "api/call.h"

/* Room for a pointer into a job; longer ones are cut. */
#define API_POINTER_SIZE 160

struct api_field {
    const char *name;
    /* Reads `value`, which stands at pointer `at`, into *member. Reports to e. */
    void (*read)(struct api_errors *e, const struct api_field *f, const char *at, json_t *value,
                 void *member);
    size_t offset;                 /* of the member in the struct that the shape fills */
    size_t size;                   /* of a text member: at most size - 1 bytes go in */
    int64_t min, max;              /* of an integer */
    const struct api_shape *shape; /* of a nested object; it fills the struct at `offset` */
    const struct api_shape *items; /* of an array's objects, for the catalog */
    bool required;
    const char *doc;    /* for the catalog's limits; NULL = not a limit */
    const char *type;   /* for the same: "object" and "array" hold min to max; NULL = integer */
    const char *schema; /* its JSON schema, of fields with a reader of their own; NULL = as the rest
                           says */
};

/* `"kind": "adam", "learning_rate": 0.002`: a row of a registry and its parameters, into a struct
 * snn_choice. */
struct api_slot {
    const char *key;    /* the field with the row's name */
    const char *prefix; /* before the parameters' names: "" or "surrogate_" */
    const struct snn_registry *registry;
    size_t offset; /* of the struct snn_choice */
    bool required; /* must be named: the struct holds none to start from */
    /* Another row than the one before keeps what was set under the same parameter names. */
    bool carry;
    /* Called with the struct being filled when another row than before was chosen; NULL = no more
     * to do. */
    void (*changed)(void *out);
};

struct api_shape {
    const char *noun;               /* "optimizer", as in "there is no field ... in an optimizer" */
    const struct api_field *fields; /* read in this order */
    size_t n_fields;
    const struct api_slot *slots;
    size_t n_slots;
};

/* Reads an object of that shape into *out. `at` is its pointer, "" at the top. */
void api_read(struct api_errors *e, const struct api_shape *shape, const char *at, json_t *value,
              void *out);

/* A number into *out, held to p's type and range; `name` as the message shall call it. */
void api_read_param(struct api_errors *e, const struct snn_param *p, const char *name,
                    const char *at, json_t *value, double *out);

/* The reverse of a slot: the row's name under `key`, its parameters under prefix + their names.
 * False where memory ends. */
bool api_set_choice(json_t *to, const char *key, const char *prefix,
                    const struct snn_choice *choice);

/* Readers for rows of fields. */
void api_read_shape(struct api_errors *e, const struct api_field *f, const char *at, json_t *value,
                    void *member); /* f->shape */
void api_read_text(struct api_errors *e, const struct api_field *f, const char *at, json_t *value,
                   void *member); /* char[f->size] */
void api_read_integer(struct api_errors *e, const struct api_field *f, const char *at,
                      json_t *value, void *member); /* int64_t, f->min..f->max */
/* size_t or double, by the row of snn_spec_limits that has the field's name. */
void api_read_limit(struct api_errors *e, const struct api_field *f, const char *at, json_t *value,
                    void *member);

/* "is \"ten\", want <wanted>" at that place. */
void api_wrong_type(struct api_errors *e, const char *at, json_t *value, const char *wanted);
/* at + "/" + key, with the key escaped as RFC 6901 says; returns buf. */
const char *api_at(char buf[API_POINTER_SIZE], const char *at, const char *key);
const char *api_at_index(char buf[API_POINTER_SIZE], const char *at, size_t i);

/* The limit of that name, NULL if there is none. */
const struct snn_param *api_limit(const char *name);

#endif
