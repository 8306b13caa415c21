/* SPDX-License-Identifier: MIT */
/* The trained model, to a file. */
#include <string.h>

#include "server/ctl/download.h"
#include "server/ctl/format.h"

/* The digest of the model where the file does not tell: that of the job's best weights, from the
 * job; "" where it has none (yet). */
static void find_model(struct ctl *c, char hex[65])
{
    struct ctl_text path = {0};
    struct ctl_reply reply = {0};
    json_t *job = NULL;

    if (ctl_job_path(c, &path, ctl_operand(c, 0), "") == CTL_OK &&
        ctl_client_send(c->client, &(struct ctl_request){.path = ctl_text_of(&path), .seconds = 10},
                        &reply) &&
        reply.status == 200)
        job = json_loadb(ctl_text_of(&reply.body), reply.body.n, 0, NULL);
    snprintf(hex, 65, "%s", ctl_string(job, "model.sha256"));
    json_decref(job);
    ctl_reply_clear(&reply);
    ctl_text_free(&path);
}

/* Two digests: the file's own, and that of the tensors alone, which equal models share. */
static void say_done(struct ctl *c, FILE *to, const char *file, const struct ctl_download *d)
{
    json_t *note;

    if (!c->json) {
        fprintf(to, "%s: %s\nfile sha256   %s\n", file, ctl_bytes((double)d->bytes).s, d->sha256);
        if (d->tensors[0])
            fprintf(to, "model sha256  %s\n", d->tensors);
        return;
    }
    note =
        json_pack("{s:s, s:I, s:s, s:o}", "file", file, "bytes", (json_int_t)d->bytes, "sha256",
                  d->sha256, "model_sha256", d->tensors[0] ? json_string(d->tensors) : json_null());
    if (note && json_dumpf(note, to, JSON_COMPACT) == 0)
        fputc('\n', to);
    json_decref(note);
}

enum ctl_exit ctl_weights(struct ctl *c)
{
    const char *format = ctl_value(c, "format"), *file = ctl_value(c, "output");
    const char *which = ctl_value(c, "checkpoint");
    struct ctl_text path = {0};
    struct ctl_download d;
    enum ctl_exit rc;

    if (!file || !file[0])
        return ctl_fail(c, CTL_USAGE, "weights wants -o FILE, or -o - for the standard output");
    rc = ctl_job_path(c, &path, ctl_operand(c, 0), "/weights");
    if (rc != CTL_OK)
        return rc;
    format = format ? format : "safetensors";
    ctl_query_add(&path, "format", format);
    ctl_query_add(&path, "checkpoint", which);
    ctl_query_add(&path, "allow", ctl_value(c, "approximate") ? "approximate" : NULL);
    if (path.failed)
        rc = ctl_fail(c, CTL_LOCAL, "no memory for the path");
    else
        rc = ctl_download(c, ctl_text_of(&path), file, strcmp(format, "safetensors") == 0, &d);
    if (rc == CTL_OK && !d.tensors[0] && (!which || strcmp(which, "best") == 0))
        find_model(c, d.tensors);
    if (rc == CTL_OK) /* the standard output is to hold nothing but the file */
        say_done(c, strcmp(file, "-") == 0 ? c->err : c->out, file, &d);
    ctl_text_free(&path);
    return rc;
}
