/* SPDX-License-Identifier: MIT */
/* Read whole, written whole: a new file takes the place of the old one. */
#include "server/token_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/files.h"

#define PREFIX "spk_"
#define SECRET_BYTES 32
#define LINE_SIZE 256
#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
#define HEX "0123456789abcdef"

static const char *const scope_names[] = {
#define SCOPE_NAME(name, doc) #name,
    SRV_SCOPES(SCOPE_NAME)
#undef SCOPE_NAME
};

_Static_assert(SRV_TOKEN_SIZE == sizeof PREFIX + 2 * SECRET_BYTES, "a token's digits");

const char *srv_scope_name(enum srv_scope scope)
{
    return (unsigned)scope < SRV_SCOPE_COUNT ? scope_names[scope] : "unknown";
}

enum snn_code srv_scope_find(enum srv_scope *out, const char *name, struct snn_error *err)
{
    char list[64] = "";
    size_t used = 0;

    for (size_t i = 0; i < SRV_SCOPE_COUNT; i++) {
        if (strcmp(name, scope_names[i]) == 0) {
            *out = (enum srv_scope)i;
            return SNN_OK;
        }
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "",
                                 scope_names[i]);
    }
    return snn_fail(err, SNN_INVALID, "'%.32s' is no scope; want one of: %s", name, list);
}

/* ------------------------------------------------------------------------------------ lines -- */

static enum snn_code check_name(const char *name, struct snn_error *err)
{
    size_t n = strspn(name, NAME_LETTERS);

    if (n > 0 && n < SRV_TOKEN_NAME && !name[n])
        return SNN_OK;
    return snn_fail(err, SNN_INVALID,
                    "'%.40s' is no name of a token; want 1 to %d letters, digits, . _ and -", name,
                    SRV_TOKEN_NAME - 1);
}

static enum snn_code check_digest(const char *text, struct snn_error *err)
{
    if (strlen(text) == SNN_SHA256_HEX - 1 && strspn(text, HEX) == SNN_SHA256_HEX - 1)
        return SNN_OK;
    return snn_fail(err, SNN_INVALID, "'%.20s' is no SHA-256; want %d of the digits 0-9a-f", text,
                    SNN_SHA256_HEX - 1);
}

/* name:scope:sha256 */
static enum snn_code parse(struct srv_token *out, char *line, struct snn_error *err)
{
    char *scope = strchr(line, ':'), *digest = scope ? strchr(scope + 1, ':') : NULL;
    enum snn_code rc;

    if (!digest)
        return snn_fail(err, SNN_INVALID, "want name:scope:sha256");
    *scope++ = *digest++ = '\0';
    rc = check_name(line, err);
    if (rc == SNN_OK)
        rc = srv_scope_find(&out->scope, scope, err);
    if (rc == SNN_OK)
        rc = check_digest(digest, err);
    if (rc != SNN_OK)
        return rc;
    memcpy(out->name, line, strlen(line) + 1);
    memcpy(out->sha256, digest, sizeof out->sha256);
    return SNN_OK;
}

static const struct srv_token *find(const struct srv_token *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    return NULL;
}

static enum snn_code read_lines(struct srv_token *list, size_t *n, FILE *f, const char *path,
                                struct snn_error *err)
{
    struct snn_error why = {0};
    char line[LINE_SIZE];

    *n = 0;
    for (size_t number = 1; fgets(line, sizeof line, f); number++) {
        bool whole = strchr(line, '\n') || feof(f);

        line[strcspn(line, "\r\n")] = '\0';
        if (whole && (!line[0] || line[0] == '#'))
            continue;
        if (*n == SRV_MAX_TOKENS)
            return snn_fail(err, SNN_LIMIT, "%.200s: more than %d tokens", path, SRV_MAX_TOKENS);
        if (!whole)
            return snn_fail(err, SNN_FORMAT, "%.200s:%zu: longer than %d bytes", path, number,
                            LINE_SIZE - 2);
        if (parse(&list[*n], line, &why) != SNN_OK)
            return snn_fail(err, SNN_FORMAT, "%.200s:%zu: %s", path, number, why.message);
        if (find(list, *n, list[*n].name))
            return snn_fail(err, SNN_FORMAT, "%.200s:%zu: there is a token %s above", path, number,
                            list[*n].name);
        ++*n;
    }
    return ferror(f) ? srv_fail_io(err, "read", path) : SNN_OK;
}

static enum snn_code check_mode(FILE *f, const char *path, struct snn_error *err)
{
    struct stat st;

    if (fstat(fileno(f), &st) != 0)
        return srv_fail_io(err, "look at", path);
    if (!S_ISREG(st.st_mode))
        return snn_fail(err, SNN_INVALID, "%.200s is no regular file", path);
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return snn_fail(err, SNN_INVALID,
                        "%.200s has mode %04o: others than its owner may write it, and so let "
                        "anyone in; want 0600",
                        path, (unsigned)st.st_mode & 07777);
    return SNN_OK;
}

enum snn_code srv_token_read(struct srv_token **out, size_t *n, const char *path,
                             struct snn_error *err)
{
    FILE *f = fopen(path, "re");
    struct srv_token *list = NULL;
    enum snn_code rc = SNN_OK;

    if (!f && errno == ENOENT) {
        *out = NULL;
        *n = 0;
        return SNN_OK;
    }
    if (!f)
        return srv_fail_io(err, "open", path);
    list = calloc(SRV_MAX_TOKENS, sizeof *list);
    if (!list)
        rc = snn_fail(err, SNN_NOMEM, "%.200s: no memory for the tokens", path);
    if (rc == SNN_OK)
        rc = check_mode(f, path, err);
    if (rc == SNN_OK)
        rc = read_lines(list, n, f, path, err);
    fclose(f);
    if (rc == SNN_OK)
        *out = list;
    else
        free(list);
    return rc;
}

/* ------------------------------------------------------------------------------------ write -- */

static bool write_lines(FILE *f, const struct srv_token *list, size_t n)
{
    fprintf(f, "# Tokens of spiked: name:scope:SHA-256 of the secret. See `spiked token`.\n");
    for (size_t i = 0; i < n; i++)
        fprintf(f, "%s:%s:%s\n", list[i].name, srv_scope_name(list[i].scope), list[i].sha256);
    return !ferror(f) && fflush(f) == 0 && fsync(fileno(f)) == 0;
}

static enum snn_code sync_folder_of(const char *path, struct snn_error *err)
{
    const char *slash = strrchr(path, '/');
    char dir[SRV_PATH_SIZE];
    enum snn_code rc;

    if (!slash)
        return srv_dir_sync(".", err);
    rc = srv_path(dir, err, "%.*s", slash > path ? (int)(slash - path) : 1, path);
    return rc == SNN_OK ? srv_dir_sync(dir, err) : rc;
}

/* root makes tokens for a daemon that runs as somebody else: as whom the folder belongs to. */
static void give_to_owner(int fd, const char *path)
{
    char dir[SRV_PATH_SIZE];
    struct stat st;

    if (srv_path(dir, NULL, "%s", path) == SNN_OK && stat(dirname(dir), &st) == 0)
        (void)!fchown(fd, st.st_uid, st.st_gid);
}

static enum snn_code write_all(const char *path, const struct srv_token *list, size_t n,
                               struct snn_error *err)
{
    char tmp[SRV_PATH_SIZE];
    enum snn_code rc = srv_path(tmp, err, "%s.tmp.%ld", path, (long)getpid());
    FILE *f = NULL;
    int fd;

    if (rc != SNN_OK)
        return rc;
    fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!f)
        rc = srv_fail_io(err, "make", tmp);
    else if (!write_lines(f, list, n))
        rc = srv_fail_io(err, "write", tmp);
    else if (geteuid() == 0)
        give_to_owner(fd, path);
    if (f)
        fclose(f);
    else if (fd >= 0)
        close(fd);
    if (rc == SNN_OK && rename(tmp, path) != 0)
        rc = srv_fail_io(err, "rename", tmp);
    if (rc != SNN_OK)
        unlink(tmp);
    return rc == SNN_OK ? sync_folder_of(path, err) : rc;
}

/* ------------------------------------------------------------------------------ add, remove -- */

/* Nothing but the system's generator will do, so a failure of it is one. */
static enum snn_code make_secret(char secret[SRV_TOKEN_SIZE], struct snn_error *err)
{
    unsigned char bytes[SECRET_BYTES];
    char *to = secret + sizeof PREFIX - 1;

    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return snn_fail(err, SNN_IO, "the system gives no random numbers: %s", strerror(errno));
    memcpy(secret, PREFIX, sizeof PREFIX);
    for (size_t i = 0; i < sizeof bytes; i++) {
        *to++ = HEX[bytes[i] >> 4];
        *to++ = HEX[bytes[i] & 15];
    }
    *to = '\0';
    return SNN_OK;
}

enum snn_code srv_token_add(char secret[SRV_TOKEN_SIZE], const char *path, const char *name,
                            enum srv_scope scope, struct snn_error *err)
{
    struct srv_token *list = NULL, *longer, *new;
    struct snn_digest d;
    size_t n = 0;
    enum snn_code rc = check_name(name, err);

    if (rc == SNN_OK)
        rc = srv_token_read(&list, &n, path, err);
    if (rc == SNN_OK && find(list, n, name))
        rc = snn_fail(err, SNN_INVALID, "there is a token %s already: remove it first", name);
    if (rc == SNN_OK && n == SRV_MAX_TOKENS)
        rc = snn_fail(err, SNN_LIMIT, "there are %d tokens already", SRV_MAX_TOKENS);
    if (rc == SNN_OK)
        rc = make_secret(secret, err);
    if (rc != SNN_OK)
        goto out;
    longer = realloc(list, (n + 1) * sizeof *list);
    if (!longer) {
        rc = snn_fail(err, SNN_NOMEM, "no memory for the tokens");
        goto out;
    }
    list = longer;
    new = &list[n];
    snprintf(new->name, sizeof new->name, "%s", name);
    new->scope = scope;
    snn_digest_init(&d);
    snn_digest_add(&d, secret, strlen(secret));
    snn_digest_hex(&d, new->sha256);
    rc = write_all(path, list, n + 1, err);
out:
    free(list);
    return rc;
}

enum snn_code srv_token_remove(const char *path, const char *name, struct snn_error *err)
{
    struct srv_token *list = NULL;
    const struct srv_token *old;
    size_t n = 0, at;
    enum snn_code rc = srv_token_read(&list, &n, path, err);

    if (rc != SNN_OK)
        return rc;
    old = find(list, n, name);
    if (old) {
        at = (size_t)(old - list);
        memmove(&list[at], &list[at + 1], (n - at - 1) * sizeof *list);
        rc = write_all(path, list, n - 1, err);
    } else {
        rc = snn_fail(err, SNN_NOT_FOUND, "there is no token %.40s in %.200s", name, path);
    }
    free(list);
    return rc;
}
