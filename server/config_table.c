/* SPDX-License-Identifier: MIT */
#include "server/config_table.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "server/http_listen.h"
#include "server/log.h"

#define KIB ((uint64_t)1024)
#define GIB (KIB * KIB * KIB)
#define TIB (GIB * KIB)
#define YEAR ((uint64_t)366 * 24 * 3600)

/* ----------------------------------------------------------------------------------- values -- */

/* Digits and nothing else; returns what follows them, NULL when there are none or too many. */
static const char *parse_digits(uint64_t *out, const char *text)
{
    uint64_t n = 0;

    if (!isdigit((unsigned char)*text))
        return NULL;
    for (; isdigit((unsigned char)*text); text++) {
        unsigned digit = (unsigned)(*text - '0');

        if (n > (UINT64_MAX - digit) / 10)
            return NULL;
        n = n * 10 + digit;
    }
    *out = n;
    return text;
}

static bool set_number(struct srv_config *config, const struct srv_option *option, uint64_t n)
{
    size_t value = (size_t)n;

    if (n < option->min || n > option->max || n > SIZE_MAX)
        return false;
    memcpy((char *)config + option->offset, &value, sizeof value);
    return true;
}

static bool set_count(struct srv_config *config, const struct srv_option *option, const char *text)
{
    uint64_t n = 0;
    const char *rest = parse_digits(&n, text);

    return rest && !*rest && set_number(config, option, n);
}

static bool set_size(struct srv_config *config, const struct srv_option *option, const char *text)
{
    static const char suffixes[] = "KMG";
    uint64_t n = 0;
    const char *rest = parse_digits(&n, text);
    const char *suffix = rest && *rest ? strchr(suffixes, toupper((unsigned char)*rest)) : NULL;

    if (!rest || (*rest && (!suffix || rest[1])))
        return false;
    for (const char *s = suffix; s && s >= suffixes; s--) {
        if (n > UINT64_MAX / KIB)
            return false;
        n *= KIB;
    }
    return set_number(config, option, n);
}

static bool put_text(char *field, size_t capacity, const char *text)
{
    size_t size = strlen(text);

    if (!size || size >= capacity)
        return false;
    memcpy(field, text, size + 1);
    return true;
}

static bool set_text(struct srv_config *config, const struct srv_option *option, const char *text)
{
    return put_text((char *)config + option->offset, option->capacity, text);
}

static bool set_switch(struct srv_config *config, const struct srv_option *option, const char *text)
{
    bool value = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;

    if (!value && strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
        return false;
    memcpy((char *)config + option->offset, &value, sizeof value);
    return true;
}

/* The one list there is; another would want the place of its count in the row. */
static bool add_dataset_dir(struct srv_config *config, const struct srv_option *option,
                            const char *text)
{
    if (config->n_datasets_dirs == SRV_MAX_DATASET_DIRS ||
        !put_text(config->datasets_dirs[config->n_datasets_dirs], option->capacity, text))
        return false;
    config->n_datasets_dirs++;
    return true;
}

static enum snn_code check_listen(const char *text, struct snn_error *err)
{
    struct srv_listen at;

    return srv_listen_parse(&at, text, err);
}

static enum snn_code check_log_level(const char *text, struct snn_error *err)
{
    enum srv_log_level level;

    return srv_log_level_parse(&level, text, err);
}

static enum snn_code check_log_format(const char *text, struct snn_error *err)
{
    bool json;

    return srv_log_format_parse(&json, text, err);
}

/* -------------------------------------------------------------------------------- the table -- */

static const struct srv_option_type
    text_type = {.wanted = "a text", .set = set_text},
    count_type = {.wanted = "a whole number", .is_number = true, .set = set_count},
    size_type = {.wanted = "a size, as 512M or 4G,", .is_number = true, .set = set_size},
    switch_type = {.wanted = "true or false", .is_switch = true, .set = set_switch},
    dirs_type = {.wanted = "a folder", .is_list = true, .set = add_dataset_dir};

#define FIELD(name) offsetof(struct srv_config, name), sizeof((struct srv_config *)0)->name

/* clang-format off */
const struct srv_option srv_options[] = {
    {"listen", &text_type, FIELD(listen), "127.0.0.1:8080", 0, 0, "HOST:PORT",
     "where to answer; port 0 is any free one", check_listen},
    {"data-dir", &text_type, FIELD(data_dir), "./spiked-data", 0, 0, "DIR",
     "where jobs, checkpoints and uploads are kept", NULL},
    {"datasets-dir", &dirs_type, FIELD(datasets_dirs[0]), NULL, 0, 0, "DIR",
     "a folder of data sets to offer; may be repeated", NULL},
    {"workers", &count_type, FIELD(workers), "1", 1, 256, "N",
     "jobs that train at the same time", NULL},
    {"threads-per-job", &count_type, FIELD(threads_per_job), "0", 0, 256, "N",
     "threads of one job; 0 shares the processors among the workers", NULL},
    {"memory-limit", &size_type, FIELD(memory_limit), "0", 0, 1024 * TIB, "SIZE",
     "memory for all jobs together; 0 is half of the machine's", NULL},
    {"max-job-seconds", &count_type, FIELD(max_job_seconds), "0", 0, 100 * YEAR, "N",
     "a job that trains longer fails; 0 is no limit", NULL},
    {"checkpoint-seconds", &count_type, FIELD(checkpoint_seconds), "30", 1, 24 * 3600, "N",
     "a running job is saved at least this often", NULL},
    {"max-upload-bytes", &size_type, FIELD(max_upload_bytes), "4G", 1, 1024 * TIB, "SIZE",
     "of one file of a data set", NULL},
    {"max-queued", &count_type, FIELD(max_queued), "10000", 1, 10000000, "N",
     "jobs that may wait", NULL},
    {"allow-host", &text_type, FIELD(allow_host), NULL, 0, 0, "NAMES",
     "names under which it may be asked, divided by commas", NULL},
    {"tokens", &text_type, FIELD(tokens), NULL, 0, 0, "FILE",
     "who may ask for what, see `spiked token`; else DATA-DIR/tokens", NULL},
    {"tls-cert", &text_type, FIELD(tls_cert), NULL, 0, 0, "FILE",
     "HTTPS with the certificates of this PEM file", NULL},
    {"tls-key", &text_type, FIELD(tls_key), NULL, 0, 0, "FILE",
     "the PEM file of its private key, which others may not read", NULL},
    {"rate-limit", &count_type, FIELD(rate_limit), "0", 0, 1000000, "N",
     "requests a second of one address; 0 is no limit", NULL},
    {"retain-days", &count_type, FIELD(retain_days), "0", 0, 36500, "N",
     "days that a job is kept when it is over; 0 is for ever", NULL},
    {"retain-jobs", &count_type, FIELD(retain_jobs), "0", 0, 1000000000, "N",
     "jobs that are over and kept; 0 is all", NULL},
    {"retain-bytes", &size_type, FIELD(retain_bytes), "0", 0, 1024 * TIB, "SIZE",
     "of the files of jobs that are over; 0 is no limit", NULL},
    {"disk-reserve", &size_type, FIELD(disk_reserve), "64M", 0, 1024 * TIB, "SIZE",
     "kept free; with less, nothing new is taken and jobs wait", NULL},
    {"stall-seconds", &count_type, FIELD(stall_seconds), "900", 0, YEAR, "N",
     "a job that stands still so long fails; 0 is never", NULL},
    {"log-level", &text_type, FIELD(log_level), "info", 0, 0, "LEVEL",
     "debug, info, warning or error", check_log_level},
    {"log-format", &text_type, FIELD(log_format), "text", 0, 0, "FORMAT",
     "text (key=value) or json, a line an event", check_log_format},
    {"isa", &text_type, FIELD(isa), "auto", 0, 0, "NAME",
     "instruction set of the kernels; auto is the best there is", NULL},
    {"webhooks", &text_type, FIELD(webhooks), NULL, 0, 0, "HOSTS",
     "where jobs may have their end told, divided by commas; * is anywhere", NULL},
    {"webhooks-local", &switch_type, FIELD(webhooks_local), "false", 0, 0, NULL,
     "also to addresses of this machine and private networks", NULL},
    {"insecure-no-auth", &switch_type, FIELD(insecure_no_auth), "false", 0, 0, NULL,
     "allow an address that other machines can reach", NULL},
};
/* clang-format on */
const size_t srv_option_count = sizeof srv_options / sizeof srv_options[0];
_Static_assert(sizeof srv_options / sizeof srv_options[0] <= SRV_MAX_OPTIONS,
               "struct srv_loading has too little room");

void srv_option_variable(char out[SRV_VARIABLE_SIZE], const struct srv_option *option)
{
    snprintf(out, SRV_VARIABLE_SIZE, "SPIKED_%s", option->name);
    for (; *out; out++)
        *out = *out == '-' ? '_' : (char)toupper((unsigned char)*out);
}

static enum snn_code set_option(struct srv_config *config, const struct srv_option *option,
                                const char *text, const char *source, struct snn_error *err)
{
    struct snn_error reason = {0};

    if (option->check && option->check(text, &reason) != SNN_OK)
        return snn_fail(err, SNN_INVALID, "%s: %s", source, reason.message);
    if (option->type->set(config, option, text))
        return SNN_OK;
    if (option->type->is_number)
        return snn_fail(err, SNN_INVALID, "%s: '%.100s': want %s from %" PRIu64 " to %" PRIu64,
                        source, text, option->type->wanted, option->min, option->max);
    if (option->type->is_list)
        return snn_fail(err, SNN_INVALID, "%s: '%.100s': want %s of 1 to %zu bytes, %d at most",
                        source, text, option->type->wanted, option->capacity - 1,
                        SRV_MAX_DATASET_DIRS);
    if (option->type->is_switch)
        return snn_fail(err, SNN_INVALID, "%s: '%.100s': want %s", source, text,
                        option->type->wanted);
    return snn_fail(err, SNN_INVALID, "%s: '%.100s': want %s of 1 to %zu bytes", source, text,
                    option->type->wanted, option->capacity - 1);
}

size_t srv_option_find(const char *name, size_t size)
{
    size_t i = 0;

    while (i < srv_option_count &&
           (strlen(srv_options[i].name) != size || memcmp(srv_options[i].name, name, size) != 0))
        i++;
    return i;
}

enum snn_code srv_loading_set(struct srv_loading *l, size_t option, enum srv_source source,
                              const char *text, const char *where, struct snn_error *err)
{
    if (srv_options[option].type->is_list && l->last[option] != source)
        l->config.n_datasets_dirs = 0;
    l->last[option] = source;
    return set_option(&l->config, &srv_options[option], text, where, err);
}

void srv_list_add(char list[SRV_LIST_SIZE], const char *prefix, const char *name)
{
    static const char more[] = ", ...";
    size_t used = strlen(list), size = strlen(prefix) + strlen(name);

    if (used + size + 2 * sizeof more < SRV_LIST_SIZE)
        snprintf(list + used, SRV_LIST_SIZE - used, "%s%s%s", used ? ", " : "", prefix, name);
    else if (used < sizeof more || strcmp(list + used + 1 - sizeof more, more) != 0)
        snprintf(list + used, SRV_LIST_SIZE - used, "%s", more);
}
