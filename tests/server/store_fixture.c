/* SPDX-License-Identifier: MIT */
#include "tests/server/store_fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

_Atomic int64_t fixture_now = 1700000000;

static int64_t fake_seconds(void)
{
    return fixture_now;
}

static int64_t fake_ms(void)
{
    return fixture_now * 1000;
}

const struct srv_clock fixture_clock = {fake_seconds, fake_ms};

static struct srv_store *open_in(const char *dir)
{
    struct srv_store *store = NULL;
    struct snn_error err = {0};

    assert_ok(srv_store_open(&store, dir, &fixture_clock, &err), err);
    return store;
}

int fixture_open(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    fixture_now = 1700000000;
    f->dir = tmpdir_create();
    f->store = open_in(f->dir);
    *state = f;
    return 0;
}

int fixture_close(void **state)
{
    struct fixture *f = *state;

    srv_store_close(f->store);
    tmpdir_remove(f->dir);
    free(f);
    return 0;
}

void fixture_reopen(struct fixture *f)
{
    srv_store_close(f->store);
    f->store = NULL;
    f->store = open_in(f->dir);
}

struct srv_job fixture_job(const char *name)
{
    struct srv_job job = {.seed = 7,
                          .memory_bytes = 1000,
                          .threads = 1,
                          .epochs = 10,
                          .steps = 100,
                          .samples_per_second = -1,
                          .eta_seconds = -1,
                          .dataset = "builtin:digits"};

    snprintf(job.name, sizeof job.name, "%s", name);
#define NOT_KNOWN(metric) job.metrics.metric = (double)NAN;
    SNN_METRICS(NOT_KNOWN)
#undef NOT_KNOWN
    job.config = strdup("{\"layers\":[]}");
    assert_non_null(job.config);
    return job;
}

void fixture_create(struct fixture *f, int64_t priority, int64_t memory_bytes, char id[SRV_ID_SIZE])
{
    struct srv_job job = fixture_job("test");
    struct snn_error err = {0};

    job.priority = priority;
    job.memory_bytes = memory_bytes;
    assert_ok(srv_store_job_create(f->store, &job, 1000, &err), err);
    memcpy(id, job.id, SRV_ID_SIZE);
    srv_job_clear(&job);
}

struct srv_job fixture_get(struct fixture *f, const char *id)
{
    struct srv_job job = {0};
    struct snn_error err = {0};

    assert_ok(srv_store_job_get(f->store, id, &job, &err), err);
    return job;
}

enum srv_job_status fixture_status(struct fixture *f, const char *id)
{
    struct srv_job job = fixture_get(f, id);

    srv_job_clear(&job);
    return job.status;
}

struct srv_job fixture_claim(struct fixture *f, const char *boot_id)
{
    struct srv_job job = {0};
    struct snn_error err = {0};
    bool found = false;

    assert_ok(srv_store_job_claim(f->store, boot_id, INT64_MAX, &job, &found, &err), err);
    assert_true(found);
    srv_job_clear(&job);
    return job;
}

void fixture_events(struct fixture *f, const char *id, char *buf, size_t size)
{
    struct srv_event *events = NULL;
    struct snn_error err = {0};
    bool more = false;
    size_t n = 0, used = 0;

    assert_ok(srv_store_event_list(f->store, id, 0, 1000, &events, &n, &more, &err), err);
    buf[0] = '\0';
    for (size_t i = 0; i < n && used < size; i++) {
        assert_int_equal(events[i].seq, i + 1);
        used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? " " : "", events[i].type);
    }
    free(events);
}

int64_t fixture_number(struct fixture *f, const char *sql)
{
    struct snn_error err = {0};
    struct srv_conn *c = NULL;
    struct srv_query q;
    int64_t number = 0;

    assert_ok(srv_store_read(f->store, &c, &err), err);
    srv_query_once(&q, c, sql, &err);
    if (srv_next(&q))
        number = srv_get_int(&q);
    assert_ok(srv_done(&q), err);
    srv_store_unread(f->store, c);
    return number;
}
