/* SPDX-License-Identifier: MIT */
/* The daemon itself. */
#include <inttypes.h>
#include <string.h>

#include "server/ctl/ctl.h"
#include "server/ctl/format.h"

static void add_sets(struct ctl_text *t, const json_t *system)
{
    const char *used = ctl_string(system, "instruction_set");
    const json_t *set;
    size_t i;

    ctl_text_add(t, "%-13s ", "kernels");
    ctl_text_safe(t, used);
    json_array_foreach(ctl_at(system, "instruction_sets"), i, set)
    {
        const char *name = json_string_value(set);

        if (!name || strcmp(name, used) == 0)
            continue;
        ctl_text_add(t, ", or ");
        ctl_text_safe(t, name);
    }
    ctl_text_add(t, "; BLAS ");
    ctl_text_safe(t, ctl_string(system, "blas"));
    ctl_text_add(t, "\n");
}

/* Of each status that has jobs. */
static void add_jobs(struct ctl_text *t, const json_t *system)
{
    const char *separator = "", *status;
    json_t *n;

    ctl_text_add(t, "%-13s ", "jobs");
    json_object_foreach(ctl_at(system, "jobs"), status, n)
    {
        if (json_integer_value(n) == 0)
            continue;
        ctl_text_add(t, "%s%" JSON_INTEGER_FORMAT " ", separator, json_integer_value(n));
        ctl_text_safe(t, status);
        separator = ", ";
    }
    ctl_text_add(t, "%s\n", separator[0] ? "" : "none");
}

static void add_system(struct ctl_text *t, const json_t *system)
{
    ctl_text_add(t, "%-13s ", "spiked");
    ctl_text_safe(t, ctl_string(system, "version"));
    ctl_text_add(t, " (");
    ctl_text_safe(t, ctl_string(system, "revision"));
    ctl_text_add(t, "), up %s, since %s\n", ctl_duration(ctl_real(system, "uptime_seconds")).s,
                 ctl_when(ctl_integer(system, "started_at")).s);
    add_sets(t, system);
    ctl_text_add(t,
                 "%-13s %" PRId64 " of %" PRId64 " busy, %" PRId64 " threads a job, %" PRId64
                 " processors\n",
                 "workers", ctl_integer(system, "workers.busy"),
                 ctl_integer(system, "workers.count"),
                 ctl_integer(system, "workers.threads_per_job"), ctl_integer(system, "processors"));
    ctl_text_add(t, "%-13s %s of %s promised to jobs, %s in use\n", "memory",
                 ctl_bytes(ctl_real(system, "memory.reserved_bytes")).s,
                 ctl_bytes(ctl_real(system, "memory.limit_bytes")).s,
                 ctl_bytes(ctl_real(system, "memory.resident_bytes")).s);
    add_jobs(t, system);
    ctl_text_add(t, "%-13s %s free, %s of them kept free\n", "disk",
                 ctl_bytes(ctl_real(system, "disk.free_bytes")).s,
                 ctl_bytes(ctl_real(system, "disk.reserve_bytes")).s);
    ctl_text_add(t, "%-13s version %" PRId64 "\n", "database",
                 ctl_integer(system, "schema_version"));
}

enum ctl_exit ctl_system(struct ctl *c)
{
    struct ctl_text path = {0}, t = {0};
    json_t *system;
    enum ctl_exit rc;

    ctl_text_add(&path, "/v1/system");
    rc = ctl_fetch(c, "GET", &path, &system);
    if (rc == CTL_OK && !c->json) {
        add_system(&t, system);
        rc = ctl_print(c, &t);
    }
    json_decref(system);
    return rc;
}
