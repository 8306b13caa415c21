/* SPDX-License-Identifier: MIT */
/* Temporary file, fsync, rename, fsync of the folder, row: in this order. */
#include "server/checkpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/files.h"
#include "server/log.h"
#include "server/pool.h"

/* Two: should the newest turn out to be damaged there is the one before. */
#define KEPT 2

static enum snn_code job_dir(char path[SRV_PATH_SIZE], const struct srv_config *config,
                             const char *job, struct snn_error *err)
{
    return srv_path(path, err, "%s/jobs/%s", config->data_dir, job);
}

void srv_job_files_remove(const struct srv_config *config, const char *job)
{
    char path[SRV_PATH_SIZE];

    if (job_dir(path, config, job, NULL) == SNN_OK)
        srv_dir_remove(path);
}

/* --------------------------------------------------------------------------------- saving -- */

static enum snn_code make_dirs(char dir[SRV_PATH_SIZE], const struct srv_config *config,
                               const char *job, struct snn_error *err)
{
    char jobs[SRV_PATH_SIZE];
    enum snn_code rc = srv_path(jobs, err, "%s/jobs", config->data_dir);

    if (rc == SNN_OK)
        rc = job_dir(dir, config, job, err);
    if (rc == SNN_OK)
        rc = srv_dir_make(jobs, err);
    return rc == SNN_OK ? srv_dir_make(dir, err) : rc;
}

/* Writes the run to that path, all of it on disk. */
static enum snn_code write_run(const char *path, const struct snn_run *run, int64_t *bytes,
                               struct snn_error *err)
{
    struct snn_error why = {0};
    enum snn_code rc;
    FILE *f = fopen(path, "wbxe");

    if (!f)
        return srv_fail_io(err, "create", path);
    errno = 0;
    rc = snn_run_save(run, f, &why);
    if (rc == SNN_IO && errno) /* the core does not say why it could not write */
        rc = srv_fail_io(err, "write", path);
    else if (rc != SNN_OK)
        (void)snn_fail(err, rc, "%s", why.message);
    if (rc == SNN_OK && (fflush(f) != 0 || fsync(fileno(f)) != 0))
        rc = srv_fail_io(err, "write", path);
    *bytes = (int64_t)ftello(f);
    if (fclose(f) != 0 && rc == SNN_OK)
        rc = srv_fail_io(err, "write", path);
    return rc;
}

/* The files of rows that are gone. */
static void remove_dropped(const struct srv_config *config, char **dropped, size_t n)
{
    char path[SRV_PATH_SIZE];

    for (size_t i = 0; i < n; i++)
        if (srv_path(path, NULL, "%s/%s", config->data_dir, dropped[i]) == SNN_OK)
            unlink(path);
    srv_names_free(dropped, n);
}

static enum snn_code record(struct srv_checkpoint *c, const struct srv_config *config,
                            struct srv_store *store, const char *job, struct snn_error *err)
{
    char **dropped = NULL;
    size_t n = 0;
    enum snn_code rc = srv_store_checkpoint_add(store, job, c, KEPT, &dropped, &n, err);

    if (rc == SNN_OK)
        remove_dropped(config, dropped, n);
    return rc;
}

static bool is_named(const struct srv_checkpoint *rows, size_t n, const char *job, const char *name)
{
    char path[SRV_PATH_SIZE];

    if (srv_path(path, NULL, "jobs/%s/%s", job, name) != SNN_OK)
        return false;
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].path, path) == 0)
            return true;
    return false;
}

/* Takes back a file that was published and could not be recorded: a full disk is not filled further
 * with what no row names. Where the same step was saved before, its row does. */
static void withdraw(struct srv_store *store, const char *job, const char *path)
{
    struct srv_checkpoint *rows = NULL;
    size_t n = 0;
    enum snn_code rc = srv_store_checkpoint_list(store, job, &rows, &n, NULL);

    /* Where there is no telling, the next start sweeps. */
    if (rc == SNN_NOT_FOUND || (rc == SNN_OK && !is_named(rows, n, job, strrchr(path, '/') + 1)))
        unlink(path);
    free(rows);
}

enum snn_code srv_checkpoint_save(struct srv_checkpoint *out, const struct srv_config *config,
                                  struct srv_store *store, const char *job,
                                  const struct snn_run *run, struct snn_error *err)
{
    struct snn_progress p = snn_run_progress(run);
    struct srv_checkpoint c = {.step = (int64_t)p.step, .epoch = (int64_t)p.epoch};
    char dir[SRV_PATH_SIZE], tmp[SRV_PATH_SIZE], path[SRV_PATH_SIZE], unique[SRV_ID_SIZE];
    enum snn_code rc = make_dirs(dir, config, job, err);

    if (rc != SNN_OK)
        return rc;
    srv_id_make(unique, "");
    snprintf(c.path, sizeof c.path, "jobs/%s/step-%zu.ckpt", job, p.step);
    rc = srv_path(path, err, "%s/%s", config->data_dir, c.path);
    if (rc == SNN_OK)
        rc = srv_path(tmp, err, "%s/step-%zu.ckpt.tmp.%s", dir, p.step, unique);
    if (rc != SNN_OK)
        return rc;
    rc = write_run(tmp, run, &c.bytes, err);
    if (rc == SNN_OK)
        rc = snn_digest_file(tmp, c.sha256, err);
    if (rc == SNN_OK && rename(tmp, path) != 0)
        rc = srv_fail_io(err, "rename", tmp);
    if (rc != SNN_OK) {
        unlink(tmp);
        return rc;
    }
    rc = srv_dir_sync(dir, err);
    if (rc == SNN_OK)
        rc = record(&c, config, store, job, err);
    if (rc == SNN_OK)
        *out = c;
    else
        withdraw(store, job, path);
    return rc;
}

/* -------------------------------------------------------------------------------- reading -- */

static enum snn_code verify(char path[SRV_PATH_SIZE], const struct srv_config *config,
                            const struct srv_checkpoint *c, struct snn_error *err)
{
    char found[SNN_SHA256_HEX];
    enum snn_code rc = srv_path(path, err, "%s/%s", config->data_dir, c->path);

    if (rc == SNN_OK)
        rc = snn_digest_file(path, found, err);
    if (rc == SNN_OK && strcmp(found, c->sha256) != 0)
        rc = snn_fail(err, SNN_FORMAT,
                      "step-%lld.ckpt is damaged: SHA-256 is %.16s..., want %.16s...",
                      (long long)c->step, found, c->sha256);
    return rc;
}

enum snn_code srv_checkpoint_load(struct snn_run *run, const struct srv_config *config,
                                  const struct srv_checkpoint *c, struct snn_error *err)
{
    char path[SRV_PATH_SIZE];
    enum snn_code rc = verify(path, config, c, err);

    return rc == SNN_OK ? snn_run_load(run, path, err) : rc;
}

enum snn_code srv_checkpoint_model(char sha256[SNN_SHA256_HEX], const struct srv_config *config,
                                   const struct srv_checkpoint *c, struct snn_error *err)
{
    char path[SRV_PATH_SIZE];
    struct snn_model *model = NULL;
    enum snn_code rc = srv_path(path, err, "%s/%s", config->data_dir, c->path);

    if (rc == SNN_OK)
        rc = snn_model_open(&model, path, SNN_BEST, err);
    if (rc == SNN_OK)
        snn_model_sha256(model, sha256);
    snn_model_free(model);
    return rc;
}

/* ------------------------------------------------------------------------------- sweeping -- */

static void sweep_file(const char *dir, const char *name)
{
    char path[SRV_PATH_SIZE], quoted[256];

    if (srv_path(path, NULL, "%s/%s", dir, name) != SNN_OK)
        return;
    srv_log(SRV_LOG_debug, "file_swept", "name=%s", srv_log_quote(quoted, sizeof quoted, name));
    srv_dir_remove(path); /* a file or a folder */
}

static enum snn_code sweep_job(const struct srv_config *config, struct srv_store *store,
                               const char *job, struct snn_error *err)
{
    struct srv_checkpoint *rows = NULL;
    struct snn_error why = {0};
    char dir[SRV_PATH_SIZE], **names = NULL;
    size_t n_rows = 0, n = 0;
    enum snn_code rc = srv_store_checkpoint_list(store, job, &rows, &n_rows, &why);

    if (rc == SNN_NOT_FOUND) {
        srv_job_files_remove(config, job);
        return SNN_OK;
    }
    if (rc != SNN_OK)
        return snn_fail(err, rc, "%s", why.message);
    rc = job_dir(dir, config, job, err);
    if (rc == SNN_OK)
        rc = srv_dir_list(dir, &names, &n, err);
    for (size_t i = 0; rc == SNN_OK && i < n; i++)
        if (!is_named(rows, n_rows, job, names[i]))
            sweep_file(dir, names[i]);
    srv_names_free(names, n);
    free(rows);
    return rc;
}

enum snn_code srv_checkpoint_sweep(const struct srv_config *config, struct srv_store *store,
                                   struct snn_error *err)
{
    char dir[SRV_PATH_SIZE], **names = NULL;
    size_t n = 0;
    enum snn_code rc = srv_path(dir, err, "%s/jobs", config->data_dir);

    if (rc == SNN_OK)
        rc = srv_dir_list(dir, &names, &n, err);
    for (size_t i = 0; rc == SNN_OK && i < n; i++)
        if (strncmp(names[i], "job_", 4) == 0) /* what is not a job's is not ours */
            rc = sweep_job(config, store, names[i], err);
    srv_names_free(names, n);
    return rc;
}
