/* SPDX-License-Identifier: MIT */
#include "tests/api/trained.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

void trained_train(struct trained *t, const char *dataset, const char *config)
{
    struct world *w = t->world;
    const struct snn_data *data = NULL;
    struct snn_error err = {.code = SNN_OK};
    struct snn_run *run = NULL;
    struct srv_checkpoint mark = {.step = 6, .epoch = 1};
    struct snn_spec spec;
    char path[1200], **dropped = NULL;
    size_t n = 0;

    world_job(w, dataset, config, t->job);
    const bool gone = srv_datasets_acquire(w->datasets, dataset, &data, NULL) != SNN_OK;
    if ((gone && srv_datasets_acquire(w->datasets, "digits", &data, &err) != SNN_OK) ||
        api_compile(config, snn_data_describe(data), &spec, &err) != SNN_OK ||
        snn_run_new(&run, &spec, data, 1, &err) != SNN_OK ||
        snn_run_train(run, &(struct snn_hooks){.user = NULL}, &err) != SNN_OK)
        fail_msg("%s: %s", err.pointer, err.message);
    snprintf(mark.path, sizeof mark.path, "%s.ckpt", t->job);
    snprintf(path, sizeof path, "%s/%s", w->dir, mark.path);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(snn_run_save(run, f, &err), SNN_OK);
    mark.bytes = ftell(f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(snn_digest_file(path, mark.sha256, &err), SNN_OK);
    assert_int_equal(srv_store_checkpoint_add(w->store, t->job, &mark, 2, &dropped, &n, &err),
                     SNN_OK);
    assert_int_equal(n, 0);
    free(dropped);
    snprintf(t->checkpoint, sizeof t->checkpoint, "%s", mark.id);
    t->accuracy = snn_run_progress(run).metrics.test_accuracy;
    snn_run_free(run);
    srv_datasets_release(w->datasets, data);
}

int trained_setup(void **state)
{
    struct trained *t = calloc(1, sizeof *t);
    void *world = NULL;

    assert_non_null(t);
    world_setup(&world);
    t->world = world;
    trained_train(t, "builtin:digits", TRAINED_CONFIG);
    *state = t;
    return 0;
}

int trained_teardown(void **state)
{
    struct trained *t = *state;
    void *world = t->world;

    world_teardown(&world);
    free(t);
    return 0;
}

struct world *trained_get(struct trained *t, struct world_request r, int status)
{
    r.param[0] = r.param[0] ? r.param[0] : t->job;
    world_call(t->world, api_jobs_weights, &r);
    if (t->world->res.status != status)
        fail_msg("status %d, want %d: %s", t->world->res.status, status, t->world->text);
    return t->world;
}
