/* SPDX-License-Identifier: MIT */
/* The sources in the order in which the later one wins: defaults, file, variables, flags. */
#include "server/config.h"

#include <string.h>

#include "server/config_table.h"
#include "server/machine.h"

#define PREFIX "SPIKED_"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What stands beside the table, because it says where options come from or asks for something else.
 */
enum special { CONFIG, HELP, VERSION };
static const struct {
    const char *flag, *value, *help;
} specials[] = {
    [CONFIG] = {"--config", "FILE", "read options from FILE: lines of `name = value`, # comments"},
    [HELP] = {"--help", NULL, "print this and end"},
    [VERSION] = {"--version", NULL, "print the version and end"},
};

/* Not for the daemon: what spikectl reads, and where scripts find the program. */
static const char *const ignored_variables[] = {"SPIKED_SERVER", "SPIKED_BIN", "SPIKED_TOKEN",
                                                "SPIKED_TOKEN_FILE", "SPIKED_CACERT"};

/* -------------------------------------------------------------------------------- variables -- */

static enum snn_code unknown_variable(const char *name, struct snn_error *err)
{
    char list[SRV_LIST_SIZE] = "", variable[SRV_VARIABLE_SIZE];

    for (size_t i = 0; i < srv_option_count; i++) {
        srv_option_variable(variable, &srv_options[i]);
        srv_list_add(list, "", variable + strlen(PREFIX));
    }
    srv_list_add(list, "", "CONFIG");
    return snn_fail(err, SNN_INVALID, "unknown variable %.64s; behind " PREFIX " there are: %s",
                    name, list);
}

/* A variable's list is divided by colons, as PATH is. */
static enum snn_code set_list(struct srv_loading *l, size_t option, const char *text,
                              const char *where, struct snn_error *err)
{
    enum snn_code rc = SNN_OK;
    char one[2048];

    for (const char *end; rc == SNN_OK && *text; text = *end ? end + 1 : end) {
        end = text + strcspn(text, ":");
        if (end == text)
            continue;
        snprintf(one, sizeof one, "%.*s", (int)(end - text), text);
        rc = srv_loading_set(l, option, SRV_VARIABLE, one, where, err);
    }
    return rc;
}

static enum snn_code set_variable(struct srv_loading *l, const char *entry, struct snn_error *err)
{
    size_t size = strcspn(entry, "=");
    const char *value = entry[size] ? entry + size + 1 : "";
    char name[SRV_VARIABLE_SIZE], variable[SRV_VARIABLE_SIZE];

    snprintf(name, sizeof name, "%.*s", (int)size, entry);
    for (size_t i = 0; i < COUNT(ignored_variables); i++)
        if (strcmp(name, ignored_variables[i]) == 0)
            return SNN_OK;
    if (strcmp(name, PREFIX "CONFIG") == 0)
        return SNN_OK; /* read already */
    for (size_t i = 0; i < srv_option_count; i++) {
        srv_option_variable(variable, &srv_options[i]);
        if (strcmp(name, variable) != 0)
            continue;
        if (srv_options[i].type->is_list)
            return set_list(l, i, value, name, err);
        return srv_loading_set(l, i, SRV_VARIABLE, value, name, err);
    }
    return unknown_variable(name, err);
}

static enum snn_code set_from_variables(struct srv_loading *l, char *const env[],
                                        struct snn_error *err)
{
    enum snn_code rc = SNN_OK;

    for (; rc == SNN_OK && *env; env++)
        if (strncmp(*env, PREFIX, strlen(PREFIX)) == 0)
            rc = set_variable(l, *env, err);
    return rc;
}

/* ------------------------------------------------------------------------------------ flags -- */

static enum snn_code unknown_flag(const char *arg, struct snn_error *err)
{
    char list[SRV_LIST_SIZE] = "";

    for (size_t i = 0; i < COUNT(specials); i++)
        srv_list_add(list, "", specials[i].flag + strlen("--"));
    for (size_t i = 0; i < srv_option_count; i++)
        srv_list_add(list, "", srv_options[i].name);
    return snn_fail(err, SNN_INVALID, "unknown option '%.64s'; behind -- there are: %s", arg, list);
}

struct flag {
    size_t option;     /* of the table; srv_option_count where it is a special one */
    size_t special;    /* COUNT(specials) where it is of the table */
    const char *value; /* NULL where there is none */
};

static size_t find_special(const char *flag, size_t size)
{
    size_t i = 0;

    while (i < COUNT(specials) &&
           (strlen(specials[i].flag) != size || memcmp(specials[i].flag, flag, size) != 0))
        i++;
    return i;
}

/* Reads the flag at argv[*at], and its value, and steps over them. */
static enum snn_code next_flag(struct flag *out, int *at, int argc, char *const argv[],
                               struct snn_error *err)
{
    const char *arg = argv[(*at)++];
    size_t size = strcspn(arg, "=");
    struct flag f = {.option = srv_option_count, .special = find_special(arg, size)};
    bool alone;

    if (strncmp(arg, "--", 2) == 0)
        f.option = srv_option_find(arg + 2, size - 2);
    if (f.option == srv_option_count && f.special == COUNT(specials))
        return unknown_flag(arg, err);
    if (f.special < COUNT(specials) && !specials[f.special].value && arg[size])
        return snn_fail(err, SNN_INVALID, "%.64s: %s takes no value", arg,
                        specials[f.special].flag);
    alone = f.option < srv_option_count ? srv_options[f.option].type->is_switch
                                        : !specials[f.special].value;
    if (arg[size])
        f.value = arg + size + 1;
    else if (!alone && *at == argc)
        return snn_fail(err, SNN_INVALID, "%.64s: want a value after it", arg);
    else if (!alone)
        f.value = argv[(*at)++];
    *out = f;
    return SNN_OK;
}

/* What the special flags ask for. */
static enum snn_code read_specials(const char **file, enum srv_config_action *action, int argc,
                                   char *const argv[], struct snn_error *err)
{
    enum snn_code rc = SNN_OK;
    struct flag f;

    for (int at = 1; at < argc;) {
        rc = next_flag(&f, &at, argc, argv, err);
        if (rc != SNN_OK)
            return rc;
        if (f.special == CONFIG)
            *file = f.value;
        else if (f.special < COUNT(specials) && *action == SRV_CONFIG_RUN)
            *action = f.special == HELP ? SRV_CONFIG_HELP : SRV_CONFIG_VERSION;
    }
    return rc;
}

static enum snn_code set_from_flags(struct srv_loading *l, int argc, char *const argv[],
                                    struct snn_error *err)
{
    enum snn_code rc = SNN_OK;
    char where[SRV_VARIABLE_SIZE];
    struct flag f;

    for (int at = 1; at < argc && rc == SNN_OK;) {
        rc = next_flag(&f, &at, argc, argv, err);
        if (rc != SNN_OK || f.option == srv_option_count)
            continue;
        snprintf(where, sizeof where, "--%s", srv_options[f.option].name);
        rc = srv_loading_set(l, f.option, SRV_FLAG, f.value ? f.value : "true", where, err);
    }
    return rc;
}

/* --------------------------------------------------------------------------------- together -- */

static enum snn_code set_defaults(struct srv_loading *l, struct snn_error *err)
{
    enum snn_code rc = SNN_OK;

    for (size_t i = 0; i < srv_option_count && rc == SNN_OK; i++)
        if (srv_options[i].fallback)
            rc = srv_loading_set(l, i, SRV_DEFAULT, srv_options[i].fallback, srv_options[i].name,
                                 err);
    return rc;
}

static const char *config_variable(char *const env[])
{
    for (; *env; env++)
        if (strncmp(*env, PREFIX "CONFIG=", strlen(PREFIX "CONFIG=")) == 0)
            return *env + strlen(PREFIX "CONFIG=");
    return NULL;
}

/* What is left to the machine. */
static enum snn_code ask_machine(struct srv_config *config, struct snn_error *err)
{
    const size_t share = srv_machine_processors("") / config->workers;

    if (!config->threads_per_job)
        config->threads_per_job = share ? share : 1;
    if (!config->memory_limit)
        config->memory_limit = srv_machine_memory("") / 2;
    if (!config->memory_limit)
        return snn_fail(err, SNN_IO,
                        "memory-limit: the machine does not say how much memory it "
                        "has; want a size");
    return SNN_OK;
}

enum snn_code srv_config_load(struct srv_config *out, enum srv_config_action *action, int argc,
                              char *const argv[], char *const env[], struct snn_error *err)
{
    struct srv_loading l = {0};
    enum srv_config_action asked = SRV_CONFIG_RUN;
    const char *file = config_variable(env);
    enum snn_code rc = read_specials(&file, &asked, argc, argv, err);

    if (rc == SNN_OK)
        rc = set_defaults(&l, err);
    if (asked == SRV_CONFIG_RUN) {
        if (rc == SNN_OK && file)
            rc = srv_loading_read(&l, file, err);
        if (rc == SNN_OK)
            rc = set_from_variables(&l, env, err);
        if (rc == SNN_OK)
            rc = set_from_flags(&l, argc, argv, err);
    }
    if (rc == SNN_OK)
        rc = ask_machine(&l.config, err);
    if (rc != SNN_OK)
        return rc;
    l.config.tokens_given = l.config.tokens[0];
    if (!l.config.tokens_given)
        snprintf(l.config.tokens, sizeof l.config.tokens, "%s/tokens", l.config.data_dir);
    *out = l.config;
    *action = asked;
    return SNN_OK;
}

static void help_row(FILE *to, const char *flag, const char *value, const char *help,
                     const char *fallback)
{
    char left[128];

    snprintf(left, sizeof left, "%s%s%s", flag, value ? " " : "", value ? value : "");
    fprintf(to, "  %-26s %s", left, help);
    if (fallback)
        fprintf(to, " (%s)", fallback);
    fputc('\n', to);
}

void srv_config_help(FILE *to)
{
    char flag[SRV_VARIABLE_SIZE];

    fprintf(to, "Usage: spiked [OPTION]...\n       spiked COMMAND [OPTION]...\n\n");
    for (size_t i = 0; i < srv_option_count; i++) {
        snprintf(flag, sizeof flag, "--%s", srv_options[i].name);
        help_row(to, flag, srv_options[i].value, srv_options[i].help, srv_options[i].fallback);
    }
    for (size_t i = 0; i < COUNT(specials); i++)
        help_row(to, specials[i].flag, specials[i].value, specials[i].help, NULL);
    fprintf(to, "\nEvery option is also a variable (--data-dir is " PREFIX "DATA_DIR; a list is "
                "divided by colons)\nand a key of the file (data-dir = ...). Flags beat "
                "variables, variables beat the file.\nSizes may end in K, M or G.\n");
}
