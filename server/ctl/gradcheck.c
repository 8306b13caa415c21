/* SPDX-License-Identifier: MIT */
/* The gradients of a job's network, backwards against forwards. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "server/ctl/ctl.h"
#include "server/ctl/format.h"

static void add_tensor(struct ctl_text *t, const json_t *tensor)
{
    ctl_text_safe(t, ctl_string(tensor, "name"));
    ctl_text_add(
        t, "  %s values, %" PRId64 " directions, error %s%s\n",
        ctl_count(ctl_real(tensor, "count")).s, ctl_integer(tensor, "directions"),
        ctl_number(ctl_real(tensor, "error")).s,
        ctl_real(tensor, "gradient_norm") > 0 ? "" : " (no gradient: is what it hears silent?)");
}

static void add_layer(struct ctl_text *t, const json_t *layer)
{
    const json_t *tensor;
    size_t i;

    json_array_foreach(ctl_at(layer, "tensors"), i, tensor)
    {
        ctl_text_add(t, "  ");
        add_tensor(t, tensor);
    }
}

static void add_verdict(const struct ctl *c, struct ctl_text *t, const json_t *check)
{
    const bool passed = json_is_true(ctl_at(check, "passed"));

    ctl_text_add(t,
                 "%s%s%s: the worst relative error is %s, want at most %s (%s weights, %" PRId64
                 " samples)\n",
                 ctl_color(c, passed ? CTL_GREEN : CTL_RED), passed ? "ok" : "WRONG",
                 ctl_color(c, CTL_PLAIN), ctl_number(ctl_real(check, "error")).s,
                 ctl_number(ctl_real(check, "tolerance")).s, ctl_string(check, "weights"),
                 ctl_integer(check, "samples"));
}

/* A trained job by its id, unless a file has that name. */
static enum ctl_exit ask(struct ctl *c, const char *what, json_t **check)
{
    struct ctl_text path = {0}, body = {0};
    enum ctl_exit rc;

    if (strncmp(what, "job_", 4) == 0 && access(what, F_OK) != 0) {
        rc = ctl_job_path(c, &path, what, "/gradcheck");
        return rc == CTL_OK ? ctl_fetch(c, "POST", &path, check) : rc;
    }
    rc = ctl_read_file(c, what, &body);
    if (rc == CTL_OK)
        rc = ctl_post(c, "/v1/gradcheck", &body, check);
    ctl_text_free(&body);
    return rc;
}

enum ctl_exit ctl_gradcheck(struct ctl *c)
{
    struct ctl_text t = {0};
    json_t *check = NULL;
    const json_t *layer;
    size_t i;
    enum ctl_exit rc = ask(c, ctl_operand(c, 0), &check);

    if (rc == CTL_OK && !c->json) {
        json_array_foreach(ctl_at(check, "layers"), i, layer) add_layer(&t, layer);
        add_verdict(c, &t, check);
        rc = ctl_print(c, &t);
    }
    if (rc == CTL_OK && !json_is_true(ctl_at(check, "passed")))
        rc = CTL_REFUSED;
    json_decref(check);
    return rc;
}
