/* SPDX-License-Identifier: MIT */
/* Every route there is. */
#include "api/call.h"

#define KIB 1024u
#define MIB (1024u * KIB)

/* A job is text of a person or a script; what acts on a resource that is named needs no body but
 * may have an empty object; the files of data sets are streamed, and config's max_upload_bytes is
 * their limit. */
#define JOB_BODY MIB
#define SMALL_BODY (64 * KIB)
#define SAMPLES_BODY (16 * MIB)

/* clang-format off */
const struct api_route api_routes[] = {
    {.method = "POST", .pattern = "/v1/jobs", .access = API_WRITE, .handle = api_jobs_create, .body_limit = JOB_BODY,
     .doc = "queue a job"},
    {.method = "POST", .pattern = "/v1/jobs/validate", .access = API_READ, .handle = api_jobs_validate, .body_limit = JOB_BODY,
     .doc = "what is wrong with a job, and what it would need; nothing is stored"},
    {.method = "GET", .pattern = "/v1/jobs", .access = API_READ, .handle = api_jobs_list, .doc = "jobs, newest first"},
    {.method = "GET", .pattern = "/v1/jobs/{job}", .access = API_READ, .handle = api_jobs_get, .doc = "one job"},
    {.method = "DELETE", .pattern = "/v1/jobs/{job}", .access = API_WRITE, .handle = api_jobs_delete,
     .doc = "remove a job with all it left; one that runs is cancelled first"},
    {.method = "POST", .pattern = "/v1/jobs/{job}/cancel", .access = API_WRITE, .handle = api_jobs_cancel, .body_limit = SMALL_BODY,
     .doc = "stop a job that is not over"},
    {.method = "POST", .pattern = "/v1/jobs/{job}/pause", .access = API_WRITE, .handle = api_jobs_pause, .body_limit = SMALL_BODY,
     .doc = "save a job and let it wait until it is resumed"},
    {.method = "POST", .pattern = "/v1/jobs/{job}/resume", .access = API_WRITE, .handle = api_jobs_resume, .body_limit = SMALL_BODY,
     .doc = "put a paused job back into the queue"},
    {.method = "GET", .pattern = "/v1/jobs/{job}/config", .access = API_READ, .handle = api_jobs_config,
     .doc = "the job as it was sent"},
    {.method = "GET", .pattern = "/v1/jobs/{job}/events", .access = API_READ, .handle = api_jobs_events,
     .doc = "what happened to a job"},
    {.method = "GET", .pattern = "/v1/events", .access = API_READ, .handle = api_events_all,
     .doc = "what happened to jobs, to all or those given"},
    {.method = "GET", .pattern = "/v1/jobs/{job}/metrics", .access = API_READ, .handle = api_jobs_metrics,
     .doc = "series of losses, accuracies, rates and norms"},
    {.method = "GET", .pattern = "/v1/jobs/{job}/histograms", .access = API_READ, .handle = api_jobs_histograms,
     .doc = "histograms of gradients, weights, activity and membranes"},
    {.method = "GET", .pattern = "/v1/jobs/{job}/confusion", .access = API_READ, .handle = api_jobs_confusion,
     .doc = "how the test set was told apart: confusion matrix and accuracy per class"},
    {.method = "POST", .pattern = "/v1/jobs/{job}/predict", .access = API_READ, .handle = api_jobs_predict,
     .body_limit = SAMPLES_BODY, .doc = "what the trained model says of samples"},
    {.method = "POST", .pattern = "/v1/jobs/{job}/gradcheck", .access = API_READ, .handle = api_jobs_gradcheck,
     .body_limit = SMALL_BODY, .doc = "a trained job's gradients, backwards against forwards"},
    {.method = "POST", .pattern = "/v1/gradcheck", .access = API_READ, .handle = api_gradcheck, .body_limit = JOB_BODY,
     .doc = "the same of a job that is sent, with its initial weights; nothing is stored"},
    {.method = "GET", .pattern = "/v1/jobs/{job}/checkpoints", .access = API_READ, .handle = api_jobs_checkpoints,
     .doc = "the checkpoints kept"},
    {.method = "GET", .pattern = "/v1/jobs/{job}/weights", .access = API_READ, .handle = api_jobs_weights,
     .doc = "the trained model"},
    {.method = "POST", .pattern = "/v1/sweeps", .access = API_WRITE, .handle = api_sweeps_create, .body_limit = JOB_BODY,
     .doc = "queue a job for each combination of what differs"},
    {.method = "GET", .pattern = "/v1/sweeps", .access = API_READ, .handle = api_sweeps_list, .doc = "sweeps, newest first"},
    {.method = "GET", .pattern = "/v1/sweeps/{sweep}", .access = API_READ, .handle = api_sweeps_get,
     .doc = "one sweep: how many jobs are where, and the combinations by their metric"},
    {.method = "GET", .pattern = "/v1/sweeps/{sweep}/results", .access = API_READ, .handle = api_sweeps_results,
     .doc = "its jobs, a row each"},
    {.method = "POST", .pattern = "/v1/sweeps/{sweep}/cancel", .access = API_WRITE, .handle = api_sweeps_cancel,
     .body_limit = SMALL_BODY, .doc = "stop all its jobs that are not over"},
    {.method = "DELETE", .pattern = "/v1/sweeps/{sweep}", .access = API_WRITE, .handle = api_sweeps_delete,
     .doc = "remove it with all its jobs; those that run are cancelled first"},
    {.method = "POST", .pattern = "/v1/datasets", .access = API_WRITE, .handle = api_datasets_create, .body_limit = SMALL_BODY,
     .doc = "a new, empty data set"},
    {.method = "GET", .pattern = "/v1/datasets", .access = API_READ, .handle = api_datasets_list, .doc = "the data sets"},
    {.method = "GET", .pattern = "/v1/datasets/{dataset}", .access = API_READ, .handle = api_datasets_get, .doc = "one data set"},
    {.method = "DELETE", .pattern = "/v1/datasets/{dataset}", .access = API_WRITE, .handle = api_datasets_delete,
     .doc = "remove an uploaded data set"},
    {.method = "PUT", .pattern = "/v1/datasets/{dataset}/files/{part}", .access = API_WRITE, .handle = api_datasets_put,
     .open = api_datasets_put_open, .close = api_datasets_put_close, .doc = "upload one file of a data set"},
    {.method = "GET", .pattern = "/v1/catalog", .access = API_READ, .handle = api_catalog_get,
     .doc = "everything that can be chosen, with parameters, ranges and defaults"},
    {.method = "GET", .pattern = "/v1/surrogates/{name}", .access = API_READ, .handle = api_surrogates_curve,
     .doc = "the curve of a surrogate"},
    {.method = "GET", .pattern = "/v1/system", .access = API_READ, .handle = api_system_get,
     .doc = "the daemon: version, instruction sets, workers, memory, queue, disk"},
    {.method = "GET", .pattern = "/v1/backup", .access = API_ADMIN, .handle = api_backup,
     .doc = "all that is kept, as of one moment: a tar archive"},
    {.method = "GET", .pattern = "/metrics", .access = API_READ, .handle = api_prometheus,
     .doc = "counters, gauges and times for Prometheus"},
    {.method = "GET", .pattern = "/", .access = API_OPEN, .handle = api_web, .doc = "the dashboard"},
    {.method = "GET", .pattern = "/web/{file}", .access = API_OPEN, .handle = api_web, .doc = "a file of the dashboard"},
    {.method = "GET", .pattern = "/web/{file}/{file}", .access = API_OPEN, .handle = api_web, .doc = "a file of the dashboard"},
    {.method = "GET", .pattern = "/web/{file}/{file}/{file}", .access = API_OPEN, .handle = api_web,
     .doc = "a file of the dashboard"},
    {.method = "GET", .pattern = "/livez", .access = API_OPEN, .handle = api_livez, .doc = "the process answers"},
    {.method = "GET", .pattern = "/healthz", .access = API_OPEN, .handle = api_livez, .doc = "the process answers"},
    {.method = "GET", .pattern = "/readyz", .access = API_OPEN, .handle = api_readyz, .doc = "jobs can be accepted"},
};
/* clang-format on */
const size_t api_route_count = sizeof api_routes / sizeof api_routes[0];
