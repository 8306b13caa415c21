/* SPDX-License-Identifier: MIT */
/* Any bytes as a saved run: the header is read, and both sets of weights, to the last number. */
#include "tests/fuzz/saved.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static enum snn_code read_head(unsigned char *bytes, size_t size)
{
    static struct snn_ckpt_head h;
    struct snn_error err = {0};
    struct snn_reader r;
    enum snn_code rc = snn_reader_take(&r, bytes, size, "fuzz", &err);

    if (rc != SNN_OK)
        abort(); /* magic and digest are right */
    rc = snn_ckpt_read_head(&h, &r, "fuzz", &err);
    if (rc != err.code || (rc != SNN_OK && !err.message[0]) || r.at > r.size)
        abort();
    for (size_t i = 0; rc == SNN_OK && i < h.n_tensors; i++)
        if (h.tensor[i].rank > SNN_MAX_RANK || h.tensor[i].layer >= SNN_MAX_LAYERS ||
            memchr(h.tensor[i].name, 0, sizeof h.tensor[i].name) == NULL)
            abort();
    snn_reader_close(&r);
    return rc;
}

static void read_model(const char *path, enum snn_weights which, enum snn_code head)
{
    struct snn_error err = {0};
    struct snn_model *m = NULL;
    enum snn_code rc = snn_model_open(&m, path, which, &err);
    char hex[SNN_SHA256_HEX];

    if (rc != err.code || (rc == SNN_OK) != (m != NULL) || (head != SNN_OK && rc == SNN_OK))
        abort();
    if (m)
        snn_model_sha256(m, hex);
    snn_model_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char path[SAVED_PATH];
    size_t size;
    unsigned char *copy = saved_sign(bytes, n, &size);

    saved_write(path, copy, size);
    enum snn_code head = read_head(copy, size); /* frees the copy */
    read_model(path, SNN_BEST, head);
    read_model(path, SNN_LAST, head);
    unlink(path);
    return 0;
}
