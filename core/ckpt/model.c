/* SPDX-License-Identifier: MIT */
/* The trained tensors of a saved run, for whoever writes them out: constants that were learned as
 * themselves, not as the numbers that the optimizer moved. */
#include <stdlib.h>
#include <string.h>

#include "core/ckpt/format.h"

/* The i-th of an unaligned array of numbers of that size. */
static double number_at(const void *array, size_t i, size_t real_size)
{
    const unsigned char *at = (const unsigned char *)array + i * real_size;
    float narrow;
    double wide;
    if (real_size == sizeof wide) {
        memcpy(&wide, at, sizeof wide);
        return wide;
    }
    memcpy(&narrow, at, sizeof narrow);
    return (double)narrow;
}

/* All tensors, one after the other. */
static void take_values(struct snn_model *m, const void *params, const struct snn_ckpt_head *h)
{
    size_t at = 0;
    for (size_t i = 0; i < h->n_tensors; i++) {
        const struct snn_transform *f = h->tensor[i].transform;
        for (size_t k = 0; k < h->tensor[i].count; k++, at++) {
            double v = number_at(params, at, (size_t)h->real_size);
            m->params[at] = (real)v;
            if (f)
                v = f->value(v, number_at(h->tensor[i].initial, k, sizeof v), h->tensor[i].low);
            m->data[at] = (float)v;
        }
    }
}

static void describe(struct snn_model *m, const struct snn_ckpt_head *h)
{
    size_t offset = 0;
    m->n = h->n_tensors;
    for (size_t i = 0; i < m->n; i++) {
        struct snn_tensor *t = &m->tensor[i];
        memcpy(t->name, h->tensor[i].name, sizeof t->name);
        memcpy(m->role[i], h->tensor[i].role, sizeof m->role[i]);
        memcpy(t->shape, h->tensor[i].shape, sizeof t->shape);
        t->role = m->role[i];
        t->layer = h->tensor[i].layer;
        t->rank = h->tensor[i].rank;
        t->count = h->tensor[i].count;
        t->data = m->data + offset;
        offset += t->count;
    }
}

static enum snn_code fill(struct snn_model *m, struct snn_reader *r, const struct snn_ckpt_head *h,
                          enum snn_weights which, const char *path, struct snn_error *err)
{
    const size_t size = (size_t)h->real_size;
    (void)snn_read_array(r, h->n_tensors, sizeof(double));
    const void *params = snn_read_array(r, h->n_params, size);
    m->step = (size_t)h->at.step;
    if (snn_read_u(r) && which == SNN_BEST) {
        params = snn_read_array(r, h->n_params, size);
        m->step = (size_t)h->at.best_step;
    }
    if (r->failed || !params)
        return snn_fail(err, SNN_FORMAT, "%s: its vectors do not fit its header", path);
    m->data = malloc((h->n_params ? h->n_params : 1) * sizeof *m->data);
    m->params = malloc((h->n_params ? h->n_params : 1) * sizeof *m->params);
    if (!m->data || !m->params)
        return snn_fail(err, SNN_NOMEM, "%s: no memory for %zu parameters", path, h->n_params);
    take_values(m, params, h);
    describe(m, h);
    return SNN_OK;
}

enum snn_code snn_model_open(struct snn_model **out, const char *path, enum snn_weights which,
                             struct snn_error *err)
{
    struct snn_reader r;
    struct snn_ckpt_head *h = malloc(sizeof *h);
    struct snn_model *m = calloc(1, sizeof *m);
    enum snn_code rc = snn_reader_open(&r, path, err);
    if (rc == SNN_OK && (!h || !m))
        rc = snn_fail(err, SNN_NOMEM, "%s: no memory for its header", path);
    if (rc == SNN_OK)
        rc = snn_ckpt_read_head(h, &r, path, err);
    if (rc == SNN_OK)
        rc = fill(m, &r, h, which, path, err);
    if (rc == SNN_OK) {
        *out = m;
        m = NULL;
    }
    snn_reader_close(&r);
    free(h);
    snn_model_free(m);
    return rc;
}

void snn_model_free(struct snn_model *model)
{
    if (!model)
        return;
    free(model->data);
    free(model->params);
    free(model);
}

size_t snn_model_count(const struct snn_model *model)
{
    return model->n;
}

const struct snn_tensor *snn_model_tensor(const struct snn_model *model, size_t i)
{
    return &model->tensor[i];
}

size_t snn_model_step(const struct snn_model *model)
{
    return model->step;
}

void snn_model_sha256(const struct snn_model *model, char hex[SNN_SHA256_HEX])
{
    struct snn_digest d;
    snn_digest_init(&d);
    for (size_t i = 0; i < model->n; i++)
        snn_digest_add(&d, model->tensor[i].data, model->tensor[i].count * sizeof(float));
    snn_digest_hex(&d, hex);
}
