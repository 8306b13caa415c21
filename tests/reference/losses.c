/* SPDX-License-Identifier: MIT */
/* losses.json: the last layer's course is given. It is put where a layer leaves it, so that the
 * readout, the populations and the loss are those of a training step. */
#include <string.h>

#include "core/train/pass.h"
#include "tests/reference/snntorch.h"

/* A parameter of ours and the file's name of it, with what it is where the file does not say. */
struct setting {
    const char *ours, *theirs;
    double otherwise;
};

static const struct row {
    const char *name, *readout, *loss;
    bool summed; /* over the batch, in place of the mean */
    struct setting setting[2];
} rows[] = {
    {"ce_mean", "spike_mean", "cross_entropy", false, {{0}}},
    {"ce_mean_sum", "spike_mean", "cross_entropy", true, {{0}}},
    {"ce_count_loss", "spike_count", "cross_entropy", false, {{0}}},
    {"ce_rate_loss", "spike_mean", "cross_entropy_per_step", false, {{0}}},
    {"ce_max_membrane_loss", "membrane_max", "cross_entropy", false, {{0}}},
    {"mse_count_loss",
     "spike_count",
     "mse_count",
     false,
     {{"correct_rate", "correct_rate", 1}, {"incorrect_rate", "incorrect_rate", 0}}},
    {"mse_membrane_loss",
     "membrane_mean",
     "mse_membrane",
     false,
     {{"on_target", "on_target", 1}, {"off_target", "off_target", 0}}},
};

struct losses {
    const struct row *row;
    struct ref_array out, labels;
    size_t T, B, C, population;
    struct snn_spec spec;
    struct snn_net net;
    struct snn_work work;
    struct snn_arena arena;
};

static bool choose(struct ref_case *c, struct snn_choice *choice, const struct snn_registry *r,
                   const char *name)
{
    const struct snn_kind *kind = snn_registry_find(r, name);

    if (kind)
        *choice = snn_choice_of(kind);
    else
        ref_fail(c, "no %s is called %s", r->noun, name);
    return kind;
}

static void set(struct ref_case *c, struct snn_choice *choice, const char *name, double value)
{
    for (size_t i = 0; i < choice->kind->n_params; i++)
        if (strcmp(choice->kind->params[i].name, name) == 0) {
            choice->value[i] = value;
            return;
        }
    ref_fail(c, "%s has no parameter %s", choice->kind->name, name);
}

static const struct row *row_of(struct ref_case *c)
{
    const char *name = ref_text(c, c->parameters, "loss");

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    ref_fail(c, "loss %s is not known", name);
    return NULL;
}

bool ref_choose_loss(struct ref_case *c, struct snn_choice *readout, struct snn_choice *loss)
{
    const struct row *row = row_of(c);

    if (!row || !choose(c, readout, &snn_readouts, row->readout) ||
        !choose(c, loss, &snn_losses, row->loss))
        return false;
    for (size_t i = 0; i < 2 && row->setting[i].ours; i++)
        set(c, loss, row->setting[i].ours,
            ref_number_or(c, c->parameters, row->setting[i].theirs, row->setting[i].otherwise));
    return !c->failed;
}

static bool read_case(struct ref_case *c, struct losses *k)
{
    k->row = row_of(c);
    if (!k->row)
        return false;
    if (!ref_any_array(c, &k->out, c->inputs, "out"))
        return false;
    if (k->out.rank != 3 || k->out.count == 0) {
        ref_fail(c, "out has rank %zu and %zu entries, want [T, B, C]", k->out.rank, k->out.count);
        return false;
    }
    k->T = k->out.shape[0];
    k->B = k->out.shape[1];
    k->C = k->out.shape[2];
    k->population = 1;
    if (ref_number_or(c, c->parameters, "population_code", 0) != 0) {
        size_t classes = (size_t)ref_number(c, c->parameters, "num_classes");
        k->population = classes ? k->C / classes : 0;
        if (k->population * classes != k->C)
            ref_fail(c, "%zu outputs are no populations of %zu classes", k->C, classes);
    }
    return ref_array(c, &k->labels, c->inputs, "labels", k->B) && !c->failed;
}

static bool describe(struct ref_case *c, struct losses *k)
{
    struct snn_layer_spec *l = &k->spec.layers[0];

    k->spec = snn_spec_default();
    k->spec.time_steps = k->T;
    k->spec.n_layers = 1;
    l->neuron = snn_neuron_spec_default();
    l->neuron.model.value[SNN_NEURON_THRESHOLD] = 0; /* what lies above it is the membrane */
    if (!choose(c, &l->kind, &snn_layers, "dense") ||
        !ref_choose_loss(c, &k->spec.readout, &k->spec.loss))
        return false;
    set(c, &l->kind, "units", (double)k->C);
    set(c, &k->spec.readout, "population", (double)k->population);
    return !c->failed;
}

static bool lay_out(struct ref_case *c, struct losses *k)
{
    const struct snn_work_size size = {.shard = k->B, .block = k->B, .gradients = true};
    struct snn_error err = {0};

    for (int pass = 0; pass < 2; pass++) {
        if (snn_net_init(&k->net, &k->arena, &k->spec, snn_shape_flat(1), NULL, &err) != SNN_OK) {
            ref_fail(c, "%s", err.message);
            return false;
        }
        snn_work_place(&k->work, &k->arena, &k->net, &size);
        if (pass == 0 && !snn_arena_build(&k->arena)) {
            ref_fail(c, "no memory");
            return false;
        }
    }
    snn_net_prepare(&k->net, ref_take(&c->pool, k->net.n_params, sizeof(real)));
    return true;
}

static void run(struct ref_case *c, struct losses *k)
{
    struct snn_layer_work *last = &k->work.layer[0];
    const bool membrane = snn_readout_of(&k->spec.readout)->reads_membrane;
    const struct snn_block b = {.n = k->B, .training = true, .backward = true};
    const double scale = k->row->summed ? 1 : 1 / (double)k->B;
    uint32_t *labels = ref_take(&c->pool, k->B, sizeof *labels);
    double *grad = ref_take(&c->pool, k->out.count, sizeof *grad);
    struct snn_tally tally = {0};

    /* ours [B, T, C], the file's [T, B, C] */
    for (size_t t = 0; t < k->T; t++)
        for (size_t i = 0; i < k->B * k->C; i++)
            (membrane ? last->x : last->s)[(i / k->C * k->T + t) * k->C + i % k->C] =
                (real)k->out.data[t * k->B * k->C + i];
    for (size_t i = 0; i < k->B; i++) {
        labels[i] = (uint32_t)k->labels.data[i];
        if (labels[i] >= k->net.classes) {
            ref_fail(c, "label %u, want less than %zu", labels[i], k->net.classes);
            return;
        }
    }
    snn_block_loss(&k->net, &k->work, &b, labels, scale, &tally);
    for (size_t t = 0; t < k->T; t++)
        for (size_t i = 0; i < k->B * k->C; i++)
            grad[t * k->B * k->C + i] =
                (double)(membrane ? last->g_membrane
                                  : last->g)[(i / k->C * k->T + t) * k->C + i % k->C];
    ref_compare(c, "loss", &(double){tally.loss * scale}, 1, REF_NEAR);
    ref_compare(c, "dL_dout", grad, k->out.count, REF_NEAR);
}

void ref_run_loss(struct ref_case *c)
{
    struct losses k = {0};

    if (read_case(c, &k) && describe(c, &k) && lay_out(c, &k))
        run(c, &k);
    snn_arena_free(&k.arena);
}
