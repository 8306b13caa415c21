/* SPDX-License-Identifier: MIT */
/* The configuration file. */
#include "server/config_table.h"

#include <errno.h>
#include <string.h>

#define LINE_SIZE 2048

static enum snn_code unknown_key(const char *source, struct snn_error *err)
{
    char list[SRV_LIST_SIZE] = "";

    for (size_t i = 0; i < srv_option_count; i++)
        srv_list_add(list, "", srv_options[i].name);
    return snn_fail(err, SNN_INVALID, "%s: unknown key; there are: %s", source, list);
}

static char *trim(char *text)
{
    size_t size;

    text += strspn(text, " \t\r");
    for (size = strlen(text); size && strchr(" \t\r", text[size - 1]); size--)
        text[size - 1] = '\0';
    return text;
}

/* A comment starts at a # that begins the line or follows a blank: a value may hold others. */
static void cut_comment(char *line)
{
    for (char *at = line; (at = strchr(at, '#')); at++)
        if (at == line || at[-1] == ' ' || at[-1] == '\t') {
            *at = '\0';
            return;
        }
}

static enum snn_code set_line(struct srv_loading *l, char *line, const char *path, size_t number,
                              struct snn_error *err)
{
    char where[256];
    char *key, *equals;
    size_t option;

    cut_comment(line);
    key = trim(line);
    if (!*key)
        return SNN_OK;
    equals = strchr(key, '=');
    if (!equals)
        return snn_fail(err, SNN_INVALID, "%.100s:%zu: '%.64s': want `name = value`", path, number,
                        key);
    *equals = '\0';
    key = trim(key);
    snprintf(where, sizeof where, "%.100s:%zu: %.40s", path, number, key);
    option = srv_option_find(key, strlen(key));
    if (option == srv_option_count)
        return unknown_key(where, err);
    if (l->last[option] == SRV_FILE && !srv_options[option].type->is_list)
        return snn_fail(err, SNN_INVALID, "%s: given a second time", where);
    return srv_loading_set(l, option, SRV_FILE, trim(equals + 1), where, err);
}

enum snn_code srv_loading_read(struct srv_loading *l, const char *path, struct snn_error *err)
{
    enum snn_code rc = SNN_OK;
    char line[LINE_SIZE];
    size_t number = 0;
    FILE *f;

    f = fopen(path, "re");
    if (!f)
        return snn_fail(err, SNN_IO, "%.100s: cannot read it: %s", path, strerror(errno));
    while (rc == SNN_OK && fgets(line, sizeof line, f)) {
        size_t size = strcspn(line, "\n");

        number++;
        if (!line[size] && !feof(f))
            rc = snn_fail(err, SNN_INVALID, "%.100s:%zu: want lines of text, of at most %d bytes",
                          path, number, LINE_SIZE - 2);
        line[size] = '\0';
        if (rc == SNN_OK)
            rc = set_line(l, line, path, number, err);
    }
    if (rc == SNN_OK && ferror(f))
        rc = snn_fail(err, SNN_IO, "%.100s: cannot read it: %s", path, strerror(errno));
    fclose(f);
    return rc;
}
