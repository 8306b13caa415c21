/* SPDX-License-Identifier: MIT */
/* What /v1/jobs/validate says of each example shipped is what its run takes. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/api/ask.h"
#include "tests/support/oom.h"
#include "tests/support/test.h"

/* The Debian package dataset-fashion-mnist, where it is installed. */
#define FASHION "/usr/share/datasets/fashion-mnist"

struct taken {
    size_t bytes, parameters;
};

/* Values in the tensors of the run's checkpoint. */
static size_t values_in_file(const struct world *w, const struct snn_run *run)
{
    struct snn_error err = {.code = SNN_OK};
    struct snn_model *model = NULL;
    char path[1200];
    size_t n = 0;

    snprintf(path, sizeof path, "%s/run.ckpt", w->dir);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(snn_run_save(run, f, &err), SNN_OK);
    assert_int_equal(fclose(f), 0);
    if (snn_model_open(&model, path, SNN_LAST, &err) != SNN_OK)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < snn_model_count(model); i++)
        n += snn_model_tensor(model, i)->count;
    snn_model_free(model);
    return n;
}

static bool stop(void *user, struct snn_run *run, const struct snn_progress *p)
{
    (void)user;
    (void)run;
    return p->step < 2;
}

/* Of the job's run, made and trained for two steps. */
static struct taken run_job(struct world *w, const char *job, const char *dataset)
{
    struct snn_error err = {.code = SNN_OK};
    const struct snn_data *data;
    struct snn_run *run = NULL;
    struct taken t = {0};
    struct snn_spec spec;

    if (srv_datasets_acquire(w->datasets, dataset, &data, &err) != SNN_OK ||
        api_compile(job, snn_data_describe(data), &spec, &err) != SNN_OK)
        fail_msg("%s: %s", err.pointer, err.message);
    const struct snn_data_info *info = snn_data_describe(data);
    const size_t before = oom_asked();
    if (snn_run_new(&run, &spec, data, (size_t)w->config.threads_per_job, &err) != SNN_OK)
        fail_msg("%s", err.message);
    assert_int_equal(snn_run_train(run, &(struct snn_hooks){.progress = stop}, &err), SNN_STOPPED);
    /* but for what the held-out samples are drawn from, which is given back at once */
    t.bytes = oom_asked() - before - info->train * sizeof(uint32_t) + info->bytes;
    t.parameters = values_in_file(w, run);
    snn_run_free(run);
    srv_datasets_release(w->datasets, data);
    return t;
}

static void check(struct world *w, const char *path)
{
    json_t *job = json_load_file(path, 0, NULL);
    char *text = json_dumps(job, 0);

    assert_non_null(text);
    if (ask_post(w, "/v1/jobs/validate", text) != 200 || !json_is_true(ask_at(w, "valid")))
        fail_msg("%s: %s", path, w->text);
    const struct taken said = {.bytes = (size_t)ask_integer_at(w, "memory_bytes"),
                               .parameters = (size_t)ask_integer_at(w, "parameters")};
    const char *dataset =
        json_string_value(json_object_get(json_object_get(job, "dataset"), "name"));
    assert_non_null(dataset);
    const struct taken is = run_job(w, text, dataset);
    if (said.bytes != is.bytes || said.parameters != is.parameters)
        fail_msg("%s: said %zu bytes and %zu parameters, took %zu and %zu", path, said.bytes,
                 said.parameters, is.bytes, is.parameters);
    free(text);
    json_decref(job);
}

static void validate__each_example_shipped__says_what_its_run_takes(void **state)
{
    struct world *w = *state;
    glob_t files;

    w->config.memory_limit = 0;
    w->config.threads_per_job = 2;
    assert_int_equal(glob("api/examples/*.json", 0, NULL, &files), 0);
    assert_true(files.gl_pathc >= 6);
    for (size_t i = 0; i < files.gl_pathc; i++)
        if (!strstr(files.gl_pathv[i], "fashion") || access(FASHION, R_OK) == 0)
            check(w, files.gl_pathv[i]);
    globfree(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(validate__each_example_shipped__says_what_its_run_takes,
                                        world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
