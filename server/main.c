/* SPDX-License-Identifier: MIT */
/*
 * The daemon put together: the one file that sees every layer. Each part is started in the order in
 * which it needs the others, and stopped in the order in which they need it.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "server/aside.h"
#include "server/backup.h"
#include "server/checkpoint.h"
#include "server/keeper.h"
#include "server/log.h"
#include "server/machine.h"
#include "server/notify.h"
#include "server/offline.h"
#include "server/signals.h"
#include "server/version.h"
#include "server/webhook.h"

/* As in sysexits.h. */
#define EXIT_USAGE 64
#define EXIT_CONFIG 78
#define EXIT_SECOND_SIGNAL 130

/* A job under which the daemon died so often, with no new checkpoint in between, is to blame
 * itself. */
#define MAX_ATTEMPTS 5

#define MAX_CONNECTIONS 1024
#define FILES_KEPT 128

/* Wrong tokens from one address: so many at once, then one in so many seconds. */
#define GUESSES 10
#define GUESS_SECONDS 2

struct daemon {
    struct srv_config config;
    char boot_id[SRV_ID_SIZE], server_name[64];
    struct srv_tokens *tokens;
    struct srv_throttle *guesses, *requests;
    struct srv_store *store;
    struct srv_datasets *datasets;
    struct srv_pool *pool;
    struct srv_keeper *keeper;
    struct srv_webhooks *webhooks;
    struct srv_aside *aside;
    struct api *api;
    struct srv_http *http;
};

static int complain(const struct snn_error *err, int status)
{
    fprintf(stderr, "spiked: %s\n", err->message);
    return status;
}

/* ------------------------------------------------------------------------------- starting -- */

/* Without tokens only this machine may reach it. */
static enum snn_code open_door(struct daemon *d, struct snn_error *err)
{
    const struct srv_config *config = &d->config;
    double rate = (double)config->rate_limit;
    enum snn_code rc = srv_tokens_open(&d->tokens, config->tokens, &srv_system_clock, err);

    if (rc == SNN_OK && !srv_tokens_required(d->tokens) && !config->insecure_no_auth &&
        !srv_listen_is_loopback(config->listen))
        rc = snn_fail(err, SNN_INVALID,
                      "listen is \"%s\", which other machines reach, and there is no token: make "
                      "one (spiked token add NAME), or want a loopback address such as "
                      "127.0.0.1:8080 (--insecure-no-auth lets everybody in)",
                      config->listen);
    if (rc == SNN_OK)
        rc = srv_throttle_new(&d->guesses, 1.0 / GUESS_SECONDS, GUESSES, &srv_system_clock, err);
    if (rc == SNN_OK && config->rate_limit)
        rc = srv_throttle_new(&d->requests, rate, rate, &srv_system_clock, err);
    return rc;
}

static enum snn_code open_state(struct daemon *d, struct snn_error *err)
{
    size_t recovered = 0;
    enum snn_code rc;

    srv_id_make(d->boot_id, "boot_");
    rc = srv_store_open(&d->store, d->config.data_dir, &srv_system_clock, err);
    if (rc == SNN_OK)
        rc = srv_store_recover(d->store, d->boot_id, MAX_ATTEMPTS, &recovered, err);
    if (rc == SNN_OK && recovered)
        srv_log(SRV_LOG_warning, "jobs_recovered", "count=%zu", recovered);
    if (rc == SNN_OK)
        rc = srv_checkpoint_sweep(&d->config, d->store, err);
    if (rc == SNN_OK)
        srv_backup_sweep(&d->config);
    if (rc == SNN_OK)
        rc = srv_datasets_new(&d->datasets, &d->config, d->store, err);
    return rc;
}

static enum snn_code start_pool(struct daemon *d, struct snn_error *err)
{
    struct srv_pool_options options = {.config = &d->config,
                                       .store = d->store,
                                       .datasets = d->datasets,
                                       .clock = &srv_system_clock,
                                       .boot_id = d->boot_id,
                                       .compile = api_compile};

    struct srv_keeper_options keeper = {.config = &d->config,
                                        .store = d->store,
                                        .datasets = d->datasets,
                                        .clock = &srv_system_clock};
    enum snn_code rc = srv_pool_start(&d->pool, &options, err);

    keeper.pool = d->pool;
    return rc == SNN_OK ? srv_keeper_start(&d->keeper, &keeper, err) : rc;
}

static enum snn_code start_webhooks(struct daemon *d, struct snn_error *err)
{
    struct srv_webhook_options options = {
        .config = &d->config, .store = d->store, .clock = &srv_system_clock};

    return d->config.webhooks[0] ? srv_webhooks_start(&d->webhooks, &options, err) : SNN_OK;
}

/* A connection may have a file open beside itself; what is kept back is for jobs and the database.
 */
static unsigned connections_for(size_t files)
{
    size_t n = files > 2 * FILES_KEPT ? (files - FILES_KEPT) / 2 : files / 4;

    return (unsigned)(n < MAX_CONNECTIONS ? n : MAX_CONNECTIONS);
}

static enum snn_code start_http(struct daemon *d, struct snn_error *err)
{
    struct api_options api = {.config = &d->config,
                              .store = d->store,
                              .datasets = d->datasets,
                              .pool = d->pool,
                              .aside = d->aside,
                              .clock = &srv_system_clock,
                              .version = srv_version(),
                              .tokens = d->tokens,
                              .guesses = d->guesses,
                              .requests = d->requests};
    struct srv_http_options http = {.listen = d->config.listen,
                                    .threads = 4,
                                    .connections = connections_for(srv_machine_files()),
                                    .per_address = 256,
                                    .timeout_seconds = 30,
                                    .tls_cert = d->config.tls_cert,
                                    .tls_key = d->config.tls_key,
                                    .allow_hosts = d->config.allow_host,
                                    .server_name = d->server_name};
    struct srv_app app;
    enum snn_code rc = api_new(&d->api, &api, err);

    if (rc != SNN_OK)
        return rc;
    snprintf(d->server_name, sizeof d->server_name, "spiked/%s", srv_version());
    app = api_app(d->api);
    rc = srv_http_start(&d->http, &http, &app, err);
    if (rc == SNN_OK) {
        srv_store_listen(d->store, srv_http_news, d->http);
        srv_aside_listen(d->aside, srv_http_news, d->http);
    }
    return rc;
}

static enum snn_code start(struct daemon *d, struct snn_error *err)
{
    enum snn_code rc = open_state(d, err);

    if (rc == SNN_OK)
        rc = start_pool(d, err);
    if (rc == SNN_OK)
        rc = start_webhooks(d, err);
    if (rc == SNN_OK)
        rc = srv_aside_start(&d->aside, err);
    if (rc == SNN_OK)
        rc = start_http(d, err);
    return rc;
}

/* ------------------------------------------------------------------------------- stopping -- */

/* Somebody who asks twice does not want to wait. What is lost is what a crash would lose: nothing
 * accepted, only steps since the last checkpoint. */
static void *exit_at_signal(void *unused)
{
    (void)unused;
    srv_signals_wait(-1);
    _exit(EXIT_SECOND_SIGNAL);
}

static void watch_for_second_signal(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, exit_at_signal, NULL) == 0)
        pthread_detach(thread);
}

static void drain(struct daemon *d)
{
    watch_for_second_signal();
    if (d->api)
        api_drain(d->api);
    if (d->http)
        srv_http_drain(d->http);
    if (d->pool)
        srv_pool_drain(d->pool);
}

/* The store last: all others use it. */
static void stop(struct daemon *d)
{
    if (d->store)
        srv_store_listen(d->store, NULL, NULL);
    if (d->aside)
        srv_aside_listen(d->aside, NULL, NULL);
    srv_http_stop(d->http);
    srv_aside_stop(d->aside);
    srv_keeper_stop(d->keeper);
    srv_webhooks_stop(d->webhooks);
    srv_pool_free(d->pool);
    api_free(d->api);
    srv_datasets_free(d->datasets);
    srv_store_close(d->store);
    srv_throttle_free(d->requests);
    srv_throttle_free(d->guesses);
    srv_tokens_free(d->tokens);
}

/* ---------------------------------------------------------------------------------- serve -- */

static void announce(const struct daemon *d)
{
    printf("spiked listening on %s://%s\n", srv_http_scheme(d->http), srv_http_address(d->http));
    fflush(stdout);
    srv_log(SRV_LOG_info, "listening",
            "address=%s version=%s revision=%s isa=%s blas=%s workers=%zu threads_per_job=%zu",
            srv_http_address(d->http), srv_version(), srv_revision(), snn_isa(), snn_blas(),
            d->config.workers, d->config.threads_per_job);
}

/* More threads than processors are slower than as many, and no job's weights are other ones. */
static void warn_of_threads(const struct srv_config *config)
{
    const size_t processors = srv_machine_processors("");

    if (config->workers * config->threads_per_job > processors)
        srv_log(SRV_LOG_warning, "more_threads_than_processors",
                "workers=%zu threads_per_job=%zu processors=%zu", config->workers,
                config->threads_per_job, processors);
}

/* Until a signal. That the database can be read shows the watchdog more than that we wake. */
static int wait_for_end(struct daemon *d)
{
    int64_t counts[SRV_JOB_STATUS_COUNT];
    int every = srv_notify_watchdog_ms(), signal;

    srv_notify("READY=1");
    while (!(signal = srv_signals_wait(every))) {
        srv_store_job_counts(d->store, counts, NULL);
        srv_notify("WATCHDOG=1");
    }
    srv_notify("STOPPING=1");
    return signal;
}

static int serve(struct daemon *d)
{
    struct snn_error err = {0};
    enum srv_log_level level;
    enum snn_code rc = srv_log_level_parse(&level, d->config.log_level, &err);

    if (rc == SNN_OK)
        rc = open_door(d, &err);
    if (rc == SNN_OK && strcmp(d->config.isa, "auto") != 0)
        rc = snn_isa_select(d->config.isa, &err);
    if (rc != SNN_OK) {
        stop(d);
        return complain(&err, EXIT_CONFIG);
    }
    srv_log_start(level, stderr);
    srv_log_as_json(strcmp(d->config.log_format, "json") == 0);
    rc = srv_signals_start(&err);
    if (rc == SNN_OK)
        rc = start(d, &err);
    if (rc == SNN_OK) {
        int signal;

        announce(d);
        warn_of_threads(&d->config);
        signal = wait_for_end(d);
        srv_log(SRV_LOG_info, "stopping", "signal=%s", sigabbrev_np(signal));
    }
    drain(d);
    stop(d);
    if (rc != SNN_OK)
        return complain(&err, EXIT_FAILURE);
    srv_log(SRV_LOG_info, "stopped", "status=0");
    return EXIT_SUCCESS;
}

/* Whoever starts the daemon without them would have the first files it opens, the lock of the data
 * directory or a client's connection, take their numbers, and get what is printed and logged. */
static bool hold_standard_streams(void)
{
    int fd = open("/dev/null", O_RDWR);

    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = dup(fd);
    return fd >= 0 && close(fd) == 0;
}

/* A message about a flag begins with it; one about a variable or a line of the file does not. */
static int status_of(const struct snn_error *err)
{
    static const char unknown[] = "unknown option";
    bool flag = err->message[0] == '-' || strncmp(err->message, unknown, strlen(unknown)) == 0;

    return flag ? EXIT_USAGE : EXIT_CONFIG;
}

int main(int argc, char *argv[])
{
    static struct daemon d;
    struct srv_offline_call call = {.config = &d.config, .out = stdout};
    const struct srv_offline *command;
    enum srv_config_action action;
    struct snn_error err = {0};
    int words;

    if (!hold_standard_streams())
        return EXIT_FAILURE;
    if (srv_offline_parse(&command, &call, &words, argc, argv, &err) != SNN_OK)
        return complain(&err, EXIT_USAGE);
    /* The word before the options is not looked at: it is the program's name where there is no
     * command. */
    if (srv_config_load(&d.config, &action, argc - words + 1, argv + words - 1, environ, &err) !=
        SNN_OK)
        return complain(&err, status_of(&err));
    if (action == SRV_CONFIG_HELP) {
        srv_config_help(stdout);
        printf("\nCommands, for the data of a daemon on this machine:\n");
        srv_offline_help(stdout);
        return EXIT_SUCCESS;
    }
    if (action == SRV_CONFIG_VERSION) {
        printf("spiked %s (%s) isa=%s blas=%s\n", srv_version(), srv_revision(), snn_isa(),
               snn_blas());
        return EXIT_SUCCESS;
    }
    srv_machine_large_blocks();
    if (!command)
        return serve(&d);
    return command->run(&call, &err) == SNN_OK ? EXIT_SUCCESS : complain(&err, EXIT_FAILURE);
}
