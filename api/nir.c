/* SPDX-License-Identifier: MIT */
/* weights?format=nir: what NIR cannot say of a network is refused, unless the client allows it. */
#include <string.h>

#include "api/call.h"
#include "api/model.h"
#include "api/problem.h"

static void add_reason(void *user, const char *reason)
{
    json_array_append_new(user, json_string(reason));
}

bool api_model_nir_refused(struct api_call *c, const struct api_model *m)
{
    const char *allow = srv_request_query(c->req, "allow");
    json_t *reasons, *problem;

    if (!m->spec) {
        api_problem(c, 409, "dataset_gone",
                    "the data set of job %s is gone: its network cannot be put together",
                    m->job->id);
        return true;
    }
    if (allow && strcmp(allow, "approximate") != 0) {
        api_refuse_query(c, "allow", "unknown_name", "allow is \"%.40s\", want approximate", allow);
        return true;
    }
    if (allow)
        return false;
    reasons = json_array();
    if (snn_nir_reasons(m->spec, reasons ? add_reason : NULL, reasons) == 0) {
        json_decref(reasons);
        return false;
    }
    problem = api_problem_new(
        c, 422, "not_in_nir",
        "a NIR graph cannot say all of this network; with allow=approximate the exact rules are in "
        "its metadata alone");
    if (problem)
        json_object_set_new(problem, "reasons", reasons);
    else
        json_decref(reasons);
    api_problem_send(c, 422, problem);
    return true;
}

bool api_model_nir(FILE *to, const struct api_model *m)
{
    return snn_nir_write(to, m->model, m->spec, m->info, m->job->config ? m->job->config : "{}",
                         NULL) == SNN_OK;
}
