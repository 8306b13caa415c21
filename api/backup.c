/* SPDX-License-Identifier: MIT */
/* GET /v1/backup: all that the daemon keeps, as of one moment, as an archive. */
#include "server/backup.h"

#include <stdlib.h>
#include <time.h>

#include "api/call.h"

/* A second one at the same time would fill the disk with copies of the database. */
struct open_backup {
    struct api *api;
    struct srv_backup *backup;
    uint64_t sent;
};

static size_t read_backup(void *user, char *to, size_t room, bool late, bool *end)
{
    struct open_backup *o = user;
    size_t n = srv_backup_read(o->backup, to, room);

    (void)late;
    o->sent += n;
    *end = n == 0;
    if (o->sent == srv_backup_size(o->backup))
        atomic_store(&o->api->last_backup_at, o->api->options.clock->wall_seconds());
    return n;
}

static void free_backup(void *user)
{
    struct open_backup *o = user;

    srv_backup_free(o->backup);
    atomic_store(&o->api->backing_up, false);
    free(o);
}

/* Fills the reply, which takes over *o. */
static void answer(struct api_call *c, struct open_backup *o)
{
    time_t now = (time_t)c->api->options.clock->wall_seconds();
    char stamp[32] = "";
    struct tm utc;

    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
    c->res->status = 200;
    c->res->size = (size_t)srv_backup_size(o->backup);
    c->res->stream = (struct srv_stream){o, read_backup, free_backup};
    srv_response_header(c->res, "Content-Type", "application/x-tar");
    srv_response_header(c->res, "Content-Disposition", "attachment; filename=\"spiked-%s.tar\"",
                        stamp);
}

void api_backup(struct api_call *c)
{
    const struct api_options *options = &c->api->options;
    struct open_backup *o;
    struct snn_error err = {0};

    if (atomic_exchange(&c->api->backing_up, true)) {
        srv_response_header(c->res, "Retry-After", "%d", 60);
        api_problem(c, 429, "backup_under_way", "another backup is being made, want one at a time");
        return;
    }
    o = calloc(1, sizeof *o);
    if (o && srv_backup_new(&o->backup, options->config, options->store, &err) == SNN_OK) {
        o->api = c->api;
        answer(c, o);
        return;
    }
    if (!o)
        snn_fail(&err, SNN_NOMEM, "no memory for a backup");
    free(o);
    atomic_store(&c->api->backing_up, false);
    api_error(c, &err);
}
