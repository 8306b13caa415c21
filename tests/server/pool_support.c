/* SPDX-License-Identifier: MIT */
/* Small jobs for a real pool on a real core. */
#include "tests/server/pool_support.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/support/test.h"

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* ------------------------------------------------------------------------------- the spec -- */

static atomic_long jobs_read, mark;

long marked_at(void)
{
    return atomic_load(&mark);
}

static struct snn_choice choice(const struct snn_registry *r, const char *name)
{
    return snn_choice_of(snn_registry_find(r, name));
}

static double number_of(const char *config, const char *key, double otherwise)
{
    const char *at = strstr(config, key);

    return at ? strtod(at + strlen(key), NULL) : otherwise;
}

enum snn_code scan_spec(const char *config, const struct snn_data_info *data, struct snn_spec *out,
                        struct snn_error *err)
{
    struct snn_spec s = snn_spec_default();
    long n = atomic_fetch_add(&jobs_read, 1) + 1;

    if (strstr(config, "mark"))
        atomic_store(&mark, n);
    if (strcmp(config, "nonsense") == 0)
        return snn_fail_at(err, "/layers", SNN_INVALID, "layers make no sense");
    if (strcmp(config, "starve") == 0)
        return snn_fail(err, SNN_NOMEM, "no memory for the layers");
    s.seed = 7;
    s.time_steps = 3;
    s.n_layers = 2;
    for (size_t i = 0; i < 2; i++) {
        s.layers[i].kind = choice(&snn_layers, "dense");
        s.layers[i].kind.value[0] = i ? (double)data->classes : number_of(config, "units=", 8);
        s.layers[i].neuron = snn_neuron_spec_default();
        snprintf(s.layers[i].name, sizeof s.layers[i].name, "layer%zu", i + 1);
    }
    s.epochs = (size_t)number_of(config, "epochs=", 2);
    s.diagnostics_every = (size_t)number_of(config, "every=", 5);
    s.validation_fraction = 0.1;
    s.optimizer.value[0] = number_of(config, "lr=", s.optimizer.value[0]);
    *out = s;
    return SNN_OK;
}

/* -------------------------------------------------------------------------------- the gate -- */

static atomic_long reads; /* of the clock, by all workers */
static atomic_long gate = LONG_MAX;

static int64_t gated_ms(void)
{
    long now = atomic_fetch_add(&reads, 1) + 1;

    while (now > atomic_load(&gate))
        nap();
    return (int64_t)now * 1000;
}

static int64_t gated_seconds(void)
{
    return 1000000;
}

const struct srv_clock gated_clock = {gated_seconds, gated_ms};

void gate_open(void)
{
    atomic_store(&gate, LONG_MAX);
}

void gate_set(long n)
{
    atomic_store(&gate, atomic_load(&reads) + n);
}

void gate_wait_reached(void)
{
    for (int i = 0; i < 60000 && atomic_load(&reads) <= atomic_load(&gate); i++)
        nap();
    if (atomic_load(&reads) <= atomic_load(&gate))
        fail_msg("no worker came to the gate");
}

static void *move_gate(void *arg)
{
    atomic_bool *drained = arg;

    while (!atomic_load(drained)) {
        atomic_fetch_add(&gate, 1);
        nap();
    }
    return NULL;
}

void drain_at_gate(struct srv_pool *pool)
{
    atomic_bool drained = false;
    pthread_t mover;

    assert_int_equal(pthread_create(&mover, NULL, move_gate, &drained), 0);
    srv_pool_drain(pool);
    atomic_store(&drained, true);
    pthread_join(mover, NULL);
    gate_open();
    srv_pool_free(pool);
}

/* ---------------------------------------------------------------------------------- a pool -- */

struct srv_pool *pool_of(struct place *p)
{
    static unsigned boots;
    static char boot[SRV_ID_SIZE];
    struct srv_pool *pool = NULL;
    struct snn_error err = {0};
    struct srv_pool_options options = {.config = &p->config,
                                       .store = p->store,
                                       .datasets = p->datasets,
                                       .clock = &gated_clock,
                                       .boot_id = boot,
                                       .compile = scan_spec};

    atomic_store(&jobs_read, 0);
    atomic_store(&mark, 0);
    snprintf(boot, sizeof boot, "boot_%u", boots++);
    if (srv_pool_start(&pool, &options, &err) != SNN_OK)
        fail_msg("the pool: %s", err.message);
    return pool;
}

struct id queue(struct place *p, const char *dataset, const char *config, int64_t memory)
{
    struct srv_job job = {.memory_bytes = memory, .threads = 1};
    struct snn_error err = {0};
    struct id id;
    enum snn_code rc;

    job.config = strdup(config);
    assert_non_null(job.config);
    snprintf(job.dataset, sizeof job.dataset, "%s", dataset);
    rc = srv_store_job_create(p->store, &job, 100, &err);
    if (rc != SNN_OK)
        fail_msg("%s", err.message);
    memcpy(id.text, job.id, sizeof id.text);
    srv_job_clear(&job);
    return id;
}

enum srv_job_status status_of(struct place *p, const char *id)
{
    struct srv_job job = {0};
    enum srv_job_status status;

    assert_int_equal(srv_store_job_get(p->store, id, &job, NULL), SNN_OK);
    status = job.status;
    srv_job_clear(&job);
    return status;
}

void wait_status(struct place *p, const char *id, enum srv_job_status wanted)
{
    for (int i = 0; i < 60000 && status_of(p, id) != wanted; i++)
        nap();
    assert_string_equal(srv_job_status_name(status_of(p, id)), srv_job_status_name(wanted));
}

struct srv_job wait_over(struct place *p, const char *id)
{
    struct srv_job job = {0};

    for (int i = 0; i < 60000 && !srv_job_status_terminal(status_of(p, id)); i++)
        nap();
    assert_int_equal(srv_store_job_get(p->store, id, &job, NULL), SNN_OK);
    if (!srv_job_status_terminal(job.status))
        fail_msg("job %s is still %s", id, srv_job_status_name(job.status));
    return job;
}

size_t count_events(struct place *p, const char *id, const char *type)
{
    return count_messages(p, id, type, "");
}

size_t count_messages(struct place *p, const char *id, const char *type, const char *text)
{
    struct srv_event *events = NULL;
    size_t n = 0, count = 0;
    bool more;

    assert_int_equal(srv_store_event_list(p->store, id, 0, 1000, &events, &n, &more, NULL), SNN_OK);
    for (size_t i = 0; i < n; i++)
        count += strcmp(events[i].type, type) == 0 && strstr(events[i].message, text) != NULL;
    free(events);
    return count;
}
