/* SPDX-License-Identifier: MIT */
/* GET /metrics: the text format of Prometheus, version 0.0.4. Base units, no label that grows with
 * the data. What is counted as it happens is server/meter.h's; what is looked at now is here. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "api/call.h"
#include "api/requests.h"
#include "server/files.h"
#include "server/keeper.h"
#include "server/machine.h"
#include "server/version.h"

#define TYPE "text/plain; version=0.0.4; charset=utf-8"

/* ------------------------------------------------------------------------------------ lines -- */

static void head(FILE *to, const char *family, const char *type, const char *help)
{
    fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", family, help, family, type);
}

static void gauge(FILE *to, const char *family, const char *help, double value)
{
    head(to, family, "gauge", help);
    fprintf(to, "%s %.17g\n", family, value);
}

/* The series of one histogram; cumulative, as the format wants them. */
static void histogram(FILE *to, const char *family, const char *labels, const double *bounds,
                      const struct srv_histogram *h)
{
    const char *comma = labels[0] ? "," : "", *open = labels[0] ? "{" : "",
               *close = labels[0] ? "}" : "";
    uint64_t n = 0;

    for (size_t i = 0; i < SRV_BUCKETS; i++) {
        n += atomic_load_explicit(&h->counts[i], memory_order_relaxed);
        fprintf(to, "%s_bucket{%s%sle=\"%g\"} %llu\n", family, labels, comma, bounds[i],
                (unsigned long long)n);
    }
    n += atomic_load_explicit(&h->counts[SRV_BUCKETS], memory_order_relaxed);
    fprintf(to, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", family, labels, comma, (unsigned long long)n);
    fprintf(to, "%s_sum%s%s%s %.6f\n", family, open, labels, close,
            (double)atomic_load_explicit(&h->microseconds, memory_order_relaxed) / 1e6);
    fprintf(to, "%s_count%s%s%s %llu\n", family, open, labels, close, (unsigned long long)n);
}

/* --------------------------------------------------------------------------------- families -- */

static void counters(FILE *to)
{
    for (size_t i = 0; i < SRV_COUNTER_COUNT; i++) {
        const struct srv_meter_row *r = &srv_counter_rows[i];

        if (!i || strcmp(r->family, srv_counter_rows[i - 1].family) != 0)
            head(to, r->family, "counter", r->help);
        fprintf(to, r->labels[0] ? "%s{%s} %llu\n" : "%s%s %llu\n", r->family, r->labels,
                (unsigned long long)srv_counted((enum srv_counter)i));
    }
}

static void timers(FILE *to)
{
    for (size_t i = 0; i < SRV_TIMER_COUNT; i++) {
        const struct srv_meter_row *r = &srv_timer_rows[i];

        if (!i || strcmp(r->family, srv_timer_rows[i - 1].family) != 0)
            head(to, r->family, "histogram", r->help);
        histogram(to, r->family, r->labels, r->bounds, srv_timed((enum srv_timer)i));
    }
}

#define DURATION "spiked_http_request_duration_seconds"

static void request(void *user, const char *method, const char *pattern, int status,
                    const struct srv_histogram *h)
{
    char labels[200];

    snprintf(labels, sizeof labels, "method=\"%s\",route=\"%s\",status=\"%d\"", method, pattern,
             status);
    histogram(user, DURATION, labels, srv_moments, h);
}

static void requests(FILE *to, const struct api *api)
{
    head(to, DURATION, "histogram", "From a request's first line to the end of its answer.");
    api_requests_each(api->requests, request, to);
}

static void build(FILE *to, const struct api_options *o)
{
    head(to, "spiked_build_info", "gauge", "What serves; 1.");
    fprintf(to, "spiked_build_info{version=\"%s\",revision=\"%s\",isa=\"%s\",blas=\"%s\"} 1\n",
            o->version, srv_revision(), snn_isa(), snn_blas());
}

static void jobs(FILE *to, const struct srv_store_gauges *g, int64_t now)
{
    head(to, "spiked_jobs", "gauge", "Jobs there are, by status.");
    for (int i = 0; i < SRV_JOB_STATUS_COUNT; i++)
        fprintf(to, "spiked_jobs{status=\"%s\"} %lld\n",
                srv_job_status_name((enum srv_job_status)i), (long long)g->jobs[i]);
    gauge(to, "spiked_queue_oldest_seconds", "Age of the job that waits for longest; 0: none does.",
          g->oldest_queued_at ? (double)(now - g->oldest_queued_at) : 0);
    gauge(to, "spiked_artifact_bytes", "Of checkpoints and uploaded data sets.",
          (double)g->file_bytes);
}

static void workers(FILE *to, const struct srv_pool_use *use)
{
    head(to, "spiked_workers", "gauge", "Workers, by what they do.");
    fprintf(to, "spiked_workers{state=\"busy\"} %zu\nspiked_workers{state=\"idle\"} %zu\n",
            use->busy, use->workers - use->busy);
    gauge(to, "spiked_jobs_memory_bytes", "Set aside for the jobs that run.",
          (double)use->memory_bytes);
}

static double file_size(const struct api_options *o, const char *name)
{
    char path[SRV_PATH_SIZE];
    struct stat st;

    return srv_path(path, NULL, "%s/%s", o->config->data_dir, name) == SNN_OK &&
                   stat(path, &st) == 0
               ? (double)st.st_size
               : 0;
}

static void disk(FILE *to, const struct api_options *o)
{
    gauge(to, "spiked_sqlite_db_bytes", "Of the database's file.", file_size(o, "spiked.db"));
    gauge(to, "spiked_sqlite_wal_bytes", "Of its log.", file_size(o, "spiked.db-wal"));
    gauge(to, "spiked_disk_free_bytes", "Left on the disk of the data.",
          (double)srv_disk_free(o->config->data_dir));
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* Under the names that every Prometheus client has. */
static void process(FILE *to, const struct api *api)
{
    struct rusage use = {0};

    getrusage(RUSAGE_SELF, &use);
    head(to, "process_cpu_seconds_total", "counter", "User and system time.");
    fprintf(to, "process_cpu_seconds_total %.6f\n", seconds(use.ru_utime) + seconds(use.ru_stime));
    gauge(to, "process_start_time_seconds", "Unix time.", (double)api->started_at);
    gauge(to, "process_resident_memory_bytes", "Memory in use.", (double)srv_machine_resident(""));
    gauge(to, "process_open_fds", "Descriptors that are open.", (double)srv_machine_open_files());
}

/* --------------------------------------------------------------------------------- together -- */

static void write_all(FILE *to, struct api *api, const struct srv_store_gauges *g)
{
    const struct api_options *o = &api->options;
    const struct srv_pool_use use =
        o->pool ? srv_pool_look(o->pool) : (struct srv_pool_use){.workers = o->config->workers};

    const struct srv_store_health health = srv_store_health(o->store);

    build(to, o);
    jobs(to, g, o->clock->wall_seconds());
    workers(to, &use);
    counters(to);
    timers(to);
    requests(to, api);
    gauge(to, "spiked_http_connections", "Connections that are open.",
          (double)(srv_counted(SRV_COUNTER_connections_opened) -
                   srv_counted(SRV_COUNTER_connections_closed)));
    gauge(to, "spiked_sse_streams", "Event streams that are open.",
          (double)atomic_load(&api->streams));
    gauge(to, "spiked_last_backup_timestamp_seconds",
          "Unix time of the last backup that was sent whole; 0: none since the start.",
          (double)atomic_load(&api->last_backup_at));
    gauge(to, "spiked_last_integrity_check_timestamp_seconds",
          "Unix time of the last look at all of the database; 0: not yet.",
          (double)health.checked_at);
    gauge(to, "spiked_database_damaged", "1: by that look, it is.", health.damaged);
    disk(to, o);
    process(to, api);
}

void api_prometheus(struct api_call *c)
{
    struct srv_store_gauges gauges = {0};
    struct snn_error err = {0};
    char *text = NULL;
    size_t size = 0;
    FILE *to;
    bool whole;

    if (srv_store_look(c->api->options.store, &gauges, &err) != SNN_OK) {
        api_error(c, &err);
        return;
    }
    to = open_memstream(&text, &size);
    if (to)
        write_all(to, c->api, &gauges);
    whole = to && !ferror(to);
    if (to && fclose(to) != 0)
        whole = false;
    if (whole) {
        srv_response_body(c->res, 200, TYPE, text, size);
        return;
    }
    free(text);
    api_problem(c, 503, "out_of_memory", "no memory for the metrics");
}
