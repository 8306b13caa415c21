/* SPDX-License-Identifier: MIT */
/* The table of the daemon's options. To add one: a field in struct srv_config and a row in
 * config_table.c. */
#ifndef SPIKED_SERVER_CONFIG_TABLE_H
#define SPIKED_SERVER_CONFIG_TABLE_H

#include <stdint.h>

#include "server/config.h"

struct srv_option;

struct srv_option_type {
    /* What is wanted of a value, for messages: "a whole number". */
    const char *wanted;
    bool is_switch; /* a flag alone means true */
    bool is_list;   /* may be given more than once */
    bool is_number; /* min and max count */
    /* Puts the value of `text` into `config`; false when it is none, or out of range. */
    bool (*set)(struct srv_config *config, const struct srv_option *option, const char *text);
};

struct srv_option {
    const char *name; /* "data-dir": --data-dir, SPIKED_DATA_DIR, data-dir = */
    const struct srv_option_type *type;
    size_t offset, capacity; /* of the field; bytes it has */
    const char *fallback;    /* the default, as it would be written */
    uint64_t min, max;       /* of numbers and sizes */
    const char *value;       /* what stands for the value in the help: "DIR" */
    const char *help;
    /* A second look at a text; NULL for none. */
    enum snn_code (*check)(const char *text, struct snn_error *err);
};

extern const struct srv_option srv_options[];
extern const size_t srv_option_count;

#define SRV_VARIABLE_SIZE 64
/* "SPIKED_DATA_DIR" */
void srv_option_variable(char out[SRV_VARIABLE_SIZE], const struct srv_option *option);

/* Sources, the weakest first. */
enum srv_source { SRV_DEFAULT, SRV_FILE, SRV_VARIABLE, SRV_FLAG };

#define SRV_MAX_OPTIONS 48

struct srv_loading {
    struct srv_config config;
    enum srv_source last[SRV_MAX_OPTIONS]; /* by option: the source that gave it last */
};

/* The index of the option called name[0..size), srv_option_count if there is none. */
size_t srv_option_find(const char *name, size_t size);
/* Sets the option from `text`, of a source not weaker than those before it. What a stronger source
 * says of a list takes the place of a weaker one's words; within one source they add up. The
 * message of a failure begins with `where` ("--workers", "spiked.conf:3: workers"). */
enum snn_code srv_loading_set(struct srv_loading *l, size_t option, enum srv_source source,
                              const char *text, const char *where, struct snn_error *err);
/* Sets what the file says: lines of `name = value`, empty ones and # comments. */
enum snn_code srv_loading_read(struct srv_loading *l, const char *path, struct snn_error *err);

#define SRV_LIST_SIZE 336
/* Adds prefix and name to a list of names for a message; ", ..." where it is full. */
void srv_list_add(char list[SRV_LIST_SIZE], const char *prefix, const char *name);

#endif
