/* SPDX-License-Identifier: MIT */
#include "tests/core/diagnose/judged.h"

#include <string.h>

#include "core/base/param.h"
#include "core/neuron/neuron.h"
#include "tests/core/train/runs.h"
#include "tests/support/test.h"

struct snn_data *judged_data(void)
{
    const struct snn_data_source source = {.format = snn_registry_find(&snn_formats, "digits")};
    struct snn_data *data = NULL;

    assert_int_equal(snn_data_open(&data, &source, NULL), SNN_OK);
    return data;
}

void judged_set(struct snn_choice *c, const char *param, double value)
{
    for (size_t i = 0; i < c->kind->n_params; i++)
        if (strcmp(c->kind->params[i].name, param) == 0) {
            c->value[i] = value;
            return;
        }
    fail_msg("%s has no %s", c->kind->name, param);
}

void judged_surrogate(struct snn_spec *spec, const char *name, double scale)
{
    for (size_t i = 0; i < spec->n_layers; i++) {
        spec->layers[i].neuron.surrogate = runs_choice(&snn_surrogates, name);
        spec->layers[i].neuron.surrogate.value[0] = scale;
    }
}

void judged_depth(struct snn_spec *spec, size_t hidden)
{
    spec->n_layers = hidden + 1;
    for (size_t i = 0; i <= hidden; i++) {
        struct snn_layer_spec *l = &spec->layers[i];

        (void)snprintf(l->name, sizeof l->name, "layer%zu", i + 1);
        l->kind = runs_choice(&snn_layers, "dense");
        judged_set(&l->kind, "units", i < hidden ? 32 : 10);
        l->neuron = snn_neuron_spec_default();
        l->initialiser = runs_choice(&snn_initialisers, "uniform");
    }
    judged_surrogate(spec, "arctan", 2);
}

struct snn_spec judged_spec(void)
{
    struct snn_spec spec = snn_spec_default();

    spec.seed = 1;
    spec.time_steps = 8;
    spec.epochs = 6;
    spec.batch_size = 64;
    spec.diagnostics_every = 10;
    judged_set(&spec.optimizer, "learning_rate", 0.005);
    judged_depth(&spec, 1);
    return spec;
}

static void on_points(void *user, size_t step, size_t epoch, const struct snn_point *p, size_t n)
{
    snn_evidence_add(user, step, epoch, p, n);
}

double judged_train(struct snn_verdict *out, const struct snn_spec *spec,
                    const struct snn_data *data)
{
    struct snn_evidence *e = NULL;
    struct snn_run *run = runs_new(spec, data, 2);
    struct snn_progress p;
    enum snn_code rc;

    assert_int_equal(snn_evidence_new(&e, run, NULL), SNN_OK);
    rc = snn_run_train(run, &(struct snn_hooks){.user = e, .points = on_points}, NULL);
    assert_true(rc == SNN_OK || rc == SNN_DIVERGED);
    p = snn_run_progress(run);
    snn_evidence_end(e, rc, &p.metrics);
    snn_judge(out, e);
    snn_evidence_free(e);
    snn_run_free(run);
    return p.metrics.test_accuracy;
}

void judged_fail(const struct snn_verdict *v, const char *why)
{
    char text[4096] = "";
    size_t n = 0;

    for (size_t i = 0; i < v->n; i++) {
        const struct snn_finding *f = &v->findings[i];

        n += (size_t)snprintf(text + n, sizeof text - n, "\n  %s %s (%s) %.200s -> %s %g",
                              snn_severity_name(f->severity), f->rule, f->because ? f->because : "",
                              f->sentence, f->change.pointer, f->change.to);
        if (n >= sizeof text)
            break;
    }
    fail_msg("%s; found:%s", why, text);
}
