/* SPDX-License-Identifier: MIT */
#include "server/http_tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "server/files.h"

#define MAX_PEM (1u << 20)

static enum snn_code read_pem(char **out, const char *path, bool secret, struct snn_error *err)
{
    FILE *f = fopen(path, "re");
    char *text = NULL;
    enum snn_code rc = SNN_OK;
    struct stat st;

    if (!f)
        return srv_fail_io(err, "open", path);
    if (fstat(fileno(f), &st) != 0)
        rc = srv_fail_io(err, "look at", path);
    else if (!S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > (off_t)MAX_PEM)
        rc = snn_fail(err, SNN_INVALID, "%.200s is no PEM file of 1 to %u bytes", path, MAX_PEM);
    else if (secret && (st.st_mode & (S_IRWXO | S_IWGRP)))
        rc = snn_fail(err, SNN_INVALID,
                      "%.200s has mode %04o: others could take the server's key; want 0600 or 0640",
                      path, (unsigned)st.st_mode & 07777);
    if (rc == SNN_OK && !(text = calloc(1, (size_t)st.st_size + 1)))
        rc = snn_fail(err, SNN_NOMEM, "%.200s: no memory for it", path);
    if (rc == SNN_OK && fread(text, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
        rc = srv_fail_io(err, "read", path);
    fclose(f);
    if (rc == SNN_OK)
        *out = text;
    else
        free(text);
    return rc;
}

enum snn_code srv_tls_read(struct srv_tls *out, const char *cert, const char *key,
                           struct snn_error *err)
{
    bool has_cert = cert && cert[0], has_key = key && key[0];
    enum snn_code rc = SNN_OK;

    if (has_cert != has_key)
        return snn_fail(err, SNN_INVALID, "only one of tls-cert and tls-key is given, want both");
    if (has_cert)
        rc = read_pem(&out->cert, cert, false, err);
    if (rc == SNN_OK && has_key)
        rc = read_pem(&out->key, key, true, err);
    if (rc != SNN_OK)
        srv_tls_free(out);
    return rc;
}

void srv_tls_free(struct srv_tls *tls)
{
    if (tls->key)
        explicit_bzero(tls->key, strlen(tls->key));
    free(tls->key);
    free(tls->cert);
    *tls = (struct srv_tls){0};
}
