/* SPDX-License-Identifier: MIT */
/* What serves: the program, the processor it uses, and how busy it is. */
#include "api/call.h"
#include "server/keeper.h"
#include "server/machine.h"
#include "server/migrate.h"
#include "server/version.h"

/* NULL when there is no memory. */
static json_t *instruction_sets(void)
{
    json_t *list = json_array();
    bool failed = !list;

    for (size_t i = 0; snn_isa_at(i) && !failed; i++)
        failed = json_array_append_new(list, json_string(snn_isa_at(i))) != 0;
    if (failed) {
        json_decref(list);
        return NULL;
    }
    return list;
}

/* How many jobs there are of each status. NULL when there is no memory. */
static json_t *counts(const int64_t *of)
{
    json_t *jobs = json_object();
    bool failed = !jobs;

    for (int i = 0; i < SRV_JOB_STATUS_COUNT && !failed; i++)
        failed = json_object_set_new(jobs, srv_job_status_name((enum srv_job_status)i),
                                     json_integer(of[i])) != 0;
    if (failed) {
        json_decref(jobs);
        return NULL;
    }
    return jobs;
}

static json_t *workers(const struct srv_config *config, const struct srv_pool_use *use)
{
    return json_pack("{s:I, s:I, s:I}", "count", (json_int_t)use->workers, "busy",
                     (json_int_t)use->busy, "threads_per_job", (json_int_t)config->threads_per_job);
}

static json_t *memory(const struct srv_config *config, const struct srv_pool_use *use)
{
    return json_pack("{s:I, s:I, s:I}", "limit_bytes", (json_int_t)config->memory_limit,
                     "reserved_bytes", (json_int_t)use->memory_bytes, "resident_bytes",
                     (json_int_t)srv_machine_resident(""));
}

static json_t *disk(const struct srv_config *config)
{
    const uint64_t left = srv_disk_free(config->data_dir);

    return json_pack("{s:o, s:I}", "free_bytes",
                     left > INT64_MAX ? json_null() : json_integer((json_int_t)left),
                     "reserve_bytes", (json_int_t)config->disk_reserve);
}

static json_t *database(struct srv_store *store)
{
    const struct srv_store_health health = srv_store_health(store);

    return json_pack("{s:o, s:o}", "checked_at", api_time(health.checked_at), "damaged",
                     health.checked_at ? json_boolean(health.damaged) : json_null());
}

void api_system_get(struct api_call *c)
{
    const struct api_options *o = &c->api->options;
    const struct srv_pool_use use =
        o->pool ? srv_pool_look(o->pool) : (struct srv_pool_use){.workers = o->config->workers};
    const json_int_t up = (o->clock->monotonic_ms() - c->api->started_ms) / 1000;
    const json_int_t processors = (json_int_t)srv_machine_processors("");
    int64_t jobs[SRV_JOB_STATUS_COUNT] = {0};
    struct snn_error err = {0};

    srv_response_header(c->res, "Cache-Control", "no-store");
    if (srv_store_job_counts(o->store, jobs, &err) != SNN_OK) {
        api_error(c, &err);
        return;
    }
    api_reply(
        c, 200,
        json_pack(
            "{s:s, s:s, s:s, s:I, s:I, s:s, s:o, s:s, s:I, s:o, s:o, s:o, s:I, s:o, s:I, s:o}",
            "object", "system", "version", o->version, "revision", srv_revision(), "started_at",
            (json_int_t)c->api->started_at, "uptime_seconds", up, "instruction_set", snn_isa(),
            "instruction_sets", instruction_sets(), "blas", snn_blas(), "processors", processors,
            "workers", workers(o->config, &use), "memory", memory(o->config, &use), "jobs",
            counts(jobs), "max_queued", (json_int_t)o->config->max_queued, "disk", disk(o->config),
            "schema_version", (json_int_t)srv_migration_count, "database", database(o->store)));
}
