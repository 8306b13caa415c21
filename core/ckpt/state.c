/* SPDX-License-Identifier: MIT */
/* Saving a run and putting a fresh one into a saved state. */
#include <string.h>

#include "core/ckpt/format.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format is written in native order");

/* ------------------------------------------------------------------------------------ spec -- */

static void digest_text(struct snn_digest *d, const char *text)
{
    snn_digest_add(d, text, strlen(text) + 1);
}

static void digest_number(struct snn_digest *d, double v)
{
    char text[40];
    (void)snprintf(text, sizeof text, "%.17g", v);
    digest_text(d, text);
}

static void digest_choice(struct snn_digest *d, const struct snn_choice *c)
{
    digest_text(d, c->kind->name);
    for (size_t i = 0; i < c->kind->n_params; i++) {
        digest_text(d, c->kind->params[i].name);
        digest_number(d, c->value[i]);
    }
}

static void digest_dynamics(struct snn_digest *d, const struct snn_neuron_spec *n)
{
    digest_choice(d, &n->solver);
    digest_number(d, (double)n->memory);
    if (n->exponentials > 0) {
        digest_text(d, "exponentials");
        digest_number(d, (double)n->exponentials);
    }
    digest_number(d, (double)n->n_terms);
    for (size_t i = 0; i < n->n_terms; i++) {
        digest_number(d, n->alpha[i]);
        digest_number(d, n->coefficients[i]);
    }
    for (size_t i = 0; i < SNN_LEARNABLE_COUNT; i++)
        digest_number(d, n->learn[i]);
    if (n->learning_rate > 0)
        digest_number(d, n->learning_rate);
}

void snn_spec_digest(const struct snn_spec *spec, char hex[SNN_SHA256_HEX])
{
    struct snn_digest d;
    char seed[32];
    snn_digest_init(&d);
    (void)snprintf(seed, sizeof seed, "%llu", (unsigned long long)spec->seed);
    digest_text(&d, seed);
    digest_choice(&d, &spec->encoding);
    digest_number(&d, (double)spec->time_steps);
    for (size_t i = 0; i < spec->n_layers; i++) {
        digest_text(&d, spec->layers[i].name);
        digest_choice(&d, &spec->layers[i].kind);
        if (spec->layers[i].initialiser.kind != snn_registry_at(&snn_initialisers, 0))
            digest_choice(&d, &spec->layers[i].initialiser);
        digest_number(&d, snn_layer_has_neuron(&spec->layers[i]));
        if (!snn_layer_has_neuron(&spec->layers[i]))
            continue;
        digest_choice(&d, &spec->layers[i].neuron.model);
        digest_choice(&d, &spec->layers[i].neuron.surrogate);
        digest_choice(&d, &spec->layers[i].neuron.reset);
        digest_dynamics(&d, &spec->layers[i].neuron);
    }
    digest_choice(&d, &spec->readout);
    digest_choice(&d, &spec->loss);
    digest_choice(&d, &spec->optimizer);
    digest_number(&d, (double)spec->epochs);
    digest_number(&d, (double)spec->batch_size);
    digest_number(&d, (double)spec->shards);
    digest_number(&d, spec->validation_fraction);
    digest_choice(&d, &spec->schedule);
    digest_choice(&d, &spec->sampling);
    digest_number(&d, spec->clip_norm);
    digest_number(&d, spec->clip_value);
    digest_number(&d, (double)spec->patience);
    digest_number(&d, spec->rate_penalty);
    digest_number(&d, spec->rate_below);
    digest_number(&d, spec->rate_above);
    digest_number(&d, (double)spec->diagnostics_every); /* decides which steps are told of */
    if (spec->init_sha256[0])
        digest_text(&d, spec->init_sha256);
    snn_digest_hex(&d, hex);
}

/* ----------------------------------------------------------------------------------- write -- */

struct writer {
    FILE *to;
    struct snn_digest digest;
    bool failed;
};

static void put(struct writer *w, const void *bytes, size_t n)
{
    snn_digest_add(&w->digest, bytes, n);
    if (!w->failed && fwrite(bytes, 1, n, w->to) != n)
        w->failed = true;
}

static void put_u(struct writer *w, uint64_t v)
{
    put(w, &v, sizeof v);
}

static void put_d(struct writer *w, double v)
{
    put(w, &v, sizeof v);
}

static void put_text(struct writer *w, const char *text)
{
    put_u(w, strlen(text));
    put(w, text, strlen(text));
}

/* What the tensor's numbers stand for, so that the model can be read without the spec. */
static void put_transform(struct writer *w, const struct snn_net *net,
                          const struct snn_tensor_place *t)
{
    const struct snn_layer *l = &net->layer[t->layer];
    const struct snn_learned *k = snn_learned_of(l, (size_t)(t - l->tensor));
    put_text(w, k ? k->transform->name : "");
    if (!k)
        return;
    put_d(w, k->low);
    for (size_t i = 0; i < t->count; i++)
        put_d(w, snn_learned_initial(k, i));
}

static void put_head(struct writer *w, const struct snn_run *run)
{
    char spec[SNN_SHA256_HEX], name[SNN_NAME_SIZE * 2];
    put(w, SNN_CKPT_MAGIC, sizeof SNN_CKPT_MAGIC - 1);
    put_u(w, SNN_CKPT_VERSION);
    put_u(w, sizeof(real));
    snn_spec_digest(&run->spec, spec);
    put_text(w, spec);
    put_text(w, run->info.sha256);
    put_text(w, snn_isa());
    put_text(w, snn_blas());
    put_u(w, run->net.n_tensors);
    for (size_t i = 0; i < run->net.n_tensors; i++) {
        const struct snn_tensor_place *t = snn_net_tensor(&run->net, i);
        snn_net_tensor_name(&run->net, t, name);
        put_text(w, name);
        put_text(w, t->role);
        put_u(w, t->layer);
        put_u(w, t->rank);
        for (size_t k = 0; k < t->rank; k++)
            put_u(w, t->shape[k]);
        put_transform(w, &run->net, t);
    }
#define PUT(kind, field) put_##kind(w, run->at.field);
    SNN_CURSOR_FIELDS(PUT)
#undef PUT
}

enum snn_code snn_run_save(const struct snn_run *run, FILE *to, struct snn_error *err)
{
    struct writer w = {.to = to};
    const size_t bytes = run->net.n_params * sizeof(real);
    char hex[SNN_SHA256_HEX];
    snn_digest_init(&w.digest);
    put_head(&w, run);
    put(&w, run->initial_rms, run->net.n_tensors * sizeof *run->initial_rms);
    put(&w, run->params, bytes);
    const bool has_best = run->best && run->at.best_epoch;
    put_u(&w, has_best);
    if (has_best)
        put(&w, run->best, bytes);
    put_u(&w, run->n_slots);
    for (size_t i = 0; i < run->n_slots; i++)
        put(&w, run->slot[i], bytes);
    snn_digest_hex(&w.digest, hex);
    if (!w.failed && fwrite(hex, 1, sizeof hex - 1, to) != sizeof hex - 1)
        w.failed = true;
    if (w.failed)
        return snn_fail(err, SNN_IO, "cannot write the checkpoint of step %llu",
                        (unsigned long long)run->at.step);
    return SNN_OK;
}

/* ------------------------------------------------------------------------------------ read -- */

/* The digest says that the file is as it was written, not that this program wrote it: a cursor that
 * no run of this config can have would be read beyond the samples. */
static bool cursor_fits(const struct snn_run *run, const struct snn_cursor *at)
{
    const size_t per_epoch = snn_run_steps_per_epoch(run);
    return at->epoch <= run->spec.epochs && at->epoch_step <= per_epoch &&
           (at->epoch_step < per_epoch || run->validation > 0) &&
           (at->epoch < run->spec.epochs || at->epoch_step == 0) &&
           at->step == at->epoch * per_epoch + at->epoch_step && at->best_epoch <= at->epoch &&
           (at->best_epoch > 0) == (run->best && at->epoch > 0);
}

static enum snn_code check_fits(const struct snn_run *run, const struct snn_ckpt_head *h,
                                const char *path, struct snn_error *err)
{
    char spec[SNN_SHA256_HEX];
    snn_spec_digest(&run->spec, spec);
    if (h->version != SNN_CKPT_VERSION)
        return snn_fail(err, SNN_FORMAT, "%s: version %llu, want %d to train on", path,
                        (unsigned long long)h->version, SNN_CKPT_VERSION);
    if (h->real_size != sizeof(real))
        return snn_fail(err, SNN_FORMAT, "%s: numbers of %llu bytes, want %zu", path,
                        (unsigned long long)h->real_size, sizeof(real));
    if (strcmp(spec, h->spec) != 0)
        return snn_fail(err, SNN_INVALID,
                        "%s: saved by a run of another config (%.12s..., want %.12s...)", path,
                        h->spec, spec);
    if (strcmp(run->info.sha256, h->data) != 0)
        return snn_fail(err, SNN_INVALID,
                        "%s: saved by a run on other data (%.12s..., want %.12s...)", path, h->data,
                        run->info.sha256);
    if (h->n_params != run->net.n_params)
        return snn_fail(err, SNN_FORMAT, "%s: %zu parameters, want %zu", path, h->n_params,
                        run->net.n_params);
    if (!cursor_fits(run, &h->at))
        return snn_fail(err, SNN_FORMAT, "%s: step %llu, epoch %llu is no place in this run", path,
                        (unsigned long long)h->at.step, (unsigned long long)h->at.epoch);
    return SNN_OK;
}

/* Where the vectors are in the file; all found before any is copied, so that a bad file changes
 * nothing. */
struct vectors {
    const void *initial_rms, *params, *best, *slot[SNN_MAX_SLOTS];
};

static bool find_vectors(struct vectors *v, const struct snn_run *run, struct snn_reader *r,
                         const struct snn_cursor *at)
{
    const size_t n = run->net.n_params;
    v->initial_rms = snn_read_array(r, run->net.n_tensors, sizeof(double));
    v->params = snn_read_array(r, n, sizeof(real));
    v->best = snn_read_u(r) ? snn_read_array(r, n, sizeof(real)) : NULL;
    if (snn_read_u(r) != run->n_slots)
        return false;
    for (size_t i = 0; i < run->n_slots; i++)
        v->slot[i] = snn_read_array(r, n, sizeof(real));
    return !r->failed && r->at == r->size && (v->best != NULL) == (at->best_epoch > 0);
}

enum snn_code snn_run_load(struct snn_run *run, const char *path, struct snn_error *err)
{
    struct snn_reader r;
    struct snn_ckpt_head h;
    struct vectors v = {0};
    const size_t bytes = run->net.n_params * sizeof(real);
    enum snn_code rc = snn_reader_open(&r, path, err);
    if (rc == SNN_OK)
        rc = snn_ckpt_read_head(&h, &r, path, err);
    if (rc == SNN_OK)
        rc = check_fits(run, &h, path, err);
    if (rc == SNN_OK && !find_vectors(&v, run, &r, &h.at))
        rc = snn_fail(err, SNN_FORMAT, "%s: its vectors do not fit its header", path);
    if (rc == SNN_OK) {
        run->at = h.at;
        memcpy(run->initial_rms, v.initial_rms, run->net.n_tensors * sizeof *run->initial_rms);
        memcpy(run->params, v.params, bytes);
        if (v.best)
            memcpy(run->best, v.best, bytes);
        for (size_t i = 0; i < run->n_slots; i++)
            memcpy(run->slot[i], v.slot[i], bytes);
    }
    snn_reader_close(&r);
    return rc;
}
