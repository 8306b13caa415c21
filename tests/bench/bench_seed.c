/* SPDX-License-Identifier: MIT */
/*
 * Fills an empty data directory with jobs that are over and their metrics, to look at pages with:
 *
 *     bench_seed DIR JOBS POINTS      1000 jobs, 100 points of each of two series: bench_seed DIR
 * 1000 100
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store.h"

#define CONFIG "{\"dataset\":{\"name\":\"digits\"},\"layers\":[{\"kind\":\"dense\",\"units\":10}]}"

/* A loss that falls and an accuracy that rises, another for each job. */
static enum snn_code add_points(struct srv_store *store, const char *id, size_t job, size_t points)
{
    enum snn_code rc = SNN_OK;

    for (size_t i = 0; i < points && rc == SNN_OK; i++) {
        const double at = (double)(i + 1) / (double)points;
        const double loss = exp(-at * (double)(1 + job % 5)), accuracy = 1 - loss / 2;
        const struct snn_point p[] = {{"train_loss", &loss, 1}, {"train_accuracy", &accuracy, 1}};

        rc = srv_store_points_post(store, id, i + 1, i + 1, p, 2);
    }
    return rc;
}

static enum snn_code add_job(struct srv_store *store, size_t k, size_t points,
                             struct snn_error *err)
{
    struct srv_job job = {.epochs = (int64_t)points, .steps = (int64_t)points, .threads = 1};
    bool found = false, deleted = false;
    enum snn_code rc;

    snprintf(job.name, sizeof job.name, "seeded %zu", k);
    snprintf(job.dataset, sizeof job.dataset, "builtin:digits");
    job.samples_per_second = job.eta_seconds = -1;
    job.config = strdup(CONFIG);
    rc = job.config ? srv_store_job_create(store, &job, SIZE_MAX, err) : SNN_NOMEM;
    srv_job_clear(&job);
    if (rc == SNN_OK)
        rc = srv_store_job_claim(store, "seed", INT64_MAX, &job, &found, err);
    if (rc == SNN_OK)
        rc = add_points(store, job.id, k, points);
    if (rc == SNN_OK) {
        job.status = SRV_JOB_succeeded;
        job.epoch = job.step = (int64_t)points;
        job.metrics.train_accuracy = job.metrics.test_accuracy = 0.9;
        rc = srv_store_job_release(store, &job, &deleted, err);
        srv_job_clear(&job);
    }
    return rc;
}

int main(int argc, char **argv)
{
    struct srv_store *store = NULL;
    struct snn_error err = {.code = SNN_OK};
    enum snn_code rc;

    if (argc != 4) {
        fprintf(stderr, "bench_seed DIR JOBS POINTS\n");
        return 2;
    }
    rc = srv_store_open(&store, argv[1], &srv_system_clock, &err);
    for (size_t k = 0; rc == SNN_OK && k < strtoul(argv[2], NULL, 10); k++)
        rc = add_job(store, k, strtoul(argv[3], NULL, 10), &err);
    srv_store_close(store);
    if (rc != SNN_OK)
        fprintf(stderr, "%s\n", err.message);
    return rc != SNN_OK;
}
