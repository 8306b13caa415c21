/* SPDX-License-Identifier: MIT */
/* The daemon's options: one table gives the flag (--data-dir), the variable (SPIKED_DATA_DIR), the
 * key of the configuration file (data-dir = ...), the default, the range and the help text. Flags
 * beat variables beat the file beat defaults. Unknown flags, SPIKED_ variables and keys are errors
 * that list what there is. */
#ifndef SPIKED_SERVER_CONFIG_H
#define SPIKED_SERVER_CONFIG_H

#include "core/snn.h"

#define SRV_MAX_DATASET_DIRS 16

struct srv_config {
    char listen[128];
    char data_dir[1024];
    char datasets_dirs[SRV_MAX_DATASET_DIRS]
                      [1024]; /* --datasets-dir may be repeated; ':' separates in env */
    size_t n_datasets_dirs;
    size_t workers, threads_per_job; /* 0 threads in the file or flag = the processors there are,
                                        divided by the workers */
    size_t memory_limit;       /* bytes, for all jobs together; 0 in the file or flag = half of the
                                  machine's */
    size_t max_job_seconds;    /* 0 = no limit */
    size_t checkpoint_seconds; /* at least every so often; 30 */
    size_t max_upload_bytes;   /* of one data set file; 4 GiB */
    size_t max_queued;         /* jobs; 10,000 */
    size_t retain_days, retain_jobs, retain_bytes; /* of jobs that are over; 0 = no limit */
    size_t disk_reserve;                           /* bytes that stay free; 64 MiB */
    size_t stall_seconds; /* a job that stands still so long has failed; 0 = never */
    char tokens[1040];    /* the file of tokens; unless given, tokens in the data directory */
    bool tokens_given;
    char tls_cert[1024], tls_key[1024]; /* PEM files; "" = plain HTTP */
    size_t rate_limit;                  /* requests a second of one address; 0 = no limit */
    char allow_host[512];               /* names that a Host may have, divided by commas */
    char log_level[16];
    char log_format[8];    /* text or json */
    char isa[32];          /* auto, or a name as snn_isa's */
    char webhooks[512];    /* hosts that job's ends may be told to, divided by commas; "" = none */
    bool webhooks_local;   /* also at addresses that are not of the Internet at large */
    bool insecure_no_auth; /* allow a listen address that is not loopback */
};

/* What the command line asked for beside options. */
enum srv_config_action { SRV_CONFIG_RUN, SRV_CONFIG_HELP, SRV_CONFIG_VERSION };

/* env: like environ. Sizes take suffixes K M G (powers of 1024). */
enum snn_code srv_config_load(struct srv_config *out, enum srv_config_action *action, int argc,
                              char *const argv[], char *const env[], struct snn_error *err);
/* The help text, a row per option. */
void srv_config_help(FILE *to);

#endif
