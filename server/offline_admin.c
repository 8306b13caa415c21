/* SPDX-License-Identifier: MIT */
/* The commands about a data directory that no daemon works on: its lock is taken first. */
#include "server/backup.h"
#include "server/files.h"
#include "server/offline.h"
#include "server/store.h"

#include <string.h>
#include <sys/stat.h>

/* ------------------------------------------------------------------------------------ check -- */

struct check {
    const struct srv_offline_call *call;
    size_t files, problems;
};

static void tell_problem(void *user, const char *text)
{
    struct check *k = user;

    k->problems++;
    fprintf(k->call->out, "%s\n", text);
}

static enum snn_code check_file(void *user, const char *name, int64_t bytes, const char *sha256,
                                struct snn_error *err)
{
    struct check *k = user;
    char path[SRV_PATH_SIZE], hex[SNN_SHA256_HEX] = "", text[700];
    struct snn_error why = {0};
    enum snn_code rc = srv_path(path, err, "%s/%s", k->call->config->data_dir, name);

    if (rc != SNN_OK)
        return rc;
    k->files++;
    if (snn_digest_file(path, hex, &why) != SNN_OK)
        snprintf(text, sizeof text, "%.200s: %s", name, why.message);
    else if (strcmp(hex, sha256) != 0)
        snprintf(text, sizeof text, "%.200s: SHA-256 is %s, want %.64s (%lld bytes)", name, hex,
                 sha256, (long long)bytes);
    else
        return SNN_OK;
    tell_problem(k, text);
    return SNN_OK;
}

/* Of a place where there is something: opening the store would make it. */
static enum snn_code open_store(struct srv_store **out, const struct srv_config *config,
                                struct snn_error *err)
{
    char path[SRV_PATH_SIZE];
    struct stat st;
    enum snn_code rc = srv_path(path, err, "%s/" SRV_BACKUP_DATABASE, config->data_dir);

    if (rc == SNN_OK && stat(path, &st) != 0)
        rc = srv_fail_io(err, "find", path);
    return rc == SNN_OK ? srv_store_open(out, config->data_dir, &srv_system_clock, err) : rc;
}

enum snn_code srv_offline_check(const struct srv_offline_call *call, struct snn_error *err)
{
    struct check k = {.call = call};
    const struct srv_store_files files = {check_file, &k};
    struct srv_store *store = NULL;
    enum snn_code rc = open_store(&store, call->config, err);

    if (rc == SNN_OK)
        rc = srv_store_check(store, &files, tell_problem, &k, err);
    srv_store_close(store);
    if (rc == SNN_OK && k.problems)
        rc = snn_fail(err, SNN_FORMAT, "%zu problems in the database and %zu files", k.problems,
                      k.files);
    if (rc == SNN_OK)
        fprintf(call->out, "the database and %zu files are whole\n", k.files);
    return rc;
}

/* ------------------------------------------------------------------------------------- jobs -- */

enum snn_code srv_offline_requeue(const struct srv_offline_call *call, struct snn_error *err)
{
    struct srv_store *store = NULL;
    struct srv_job job = {0};
    enum snn_code rc = open_store(&store, call->config, err);

    if (rc == SNN_OK)
        rc = srv_store_job_requeue(store, call->operand[0], &job, err);
    if (rc == SNN_OK)
        fprintf(call->out, "%s %s\n", job.id, srv_job_status_name(job.status));
    srv_job_clear(&job);
    srv_store_close(store);
    return rc;
}

enum snn_code srv_offline_fail(const struct srv_offline_call *call, struct snn_error *err)
{
    const char *reason = call->operand[1] ? call->operand[1] : "failed by an administrator";
    struct srv_store *store = NULL;
    struct srv_job job = {0};
    enum snn_code rc = open_store(&store, call->config, err);

    if (rc == SNN_OK && strlen(reason) >= sizeof job.error_message)
        rc = snn_fail(err, SNN_LIMIT, "the reason has %zu bytes, want fewer than %zu",
                      strlen(reason), sizeof job.error_message);
    if (rc == SNN_OK)
        rc = srv_store_job_abandon(store, call->operand[0], reason, &job, err);
    if (rc == SNN_OK)
        fprintf(call->out, "%s %s\n", job.id, srv_job_status_name(job.status));
    srv_job_clear(&job);
    srv_store_close(store);
    return rc;
}

/* ---------------------------------------------------------------------------------- restore -- */

enum snn_code srv_offline_restore(const struct srv_offline_call *call, struct snn_error *err)
{
    size_t n = 0;
    enum snn_code rc = srv_restore(call->config, call->operand[0], &n, err);

    if (rc == SNN_OK)
        fprintf(call->out, "%zu files restored to %s\n", n, call->config->data_dir);
    return rc;
}
