/* SPDX-License-Identifier: MIT */
#include "api/verdict.h"

#include <math.h>
#include <string.h>

#include "api/call.h"
#include "api/problem.h"
#include "server/verdict.h"

#define JOB_NEURON "/neuron/"

/* A number as people write it: 3, not 3.0, which a whole number's field would refuse. */
static json_t *number(double v)
{
    const bool whole = isfinite(v) && v == floor(v) && fabs(v) < 1e15;

    return whole ? json_integer((json_int_t)v) : api_number(v);
}

static json_t *evidence(const struct srv_finding *f)
{
    json_t *all = json_object();

    for (size_t i = 0; i < f->n_facts; i++) {
        if (json_object_set_new(all, f->facts[i].name, api_number(f->facts[i].value)) != 0) {
            json_decref(all);
            return NULL;
        }
    }
    return all;
}

/* The layer of that name in the config: its own, or layer1, layer2 ... */
static const json_t *find_layer(const json_t *config, const char *name, size_t *index)
{
    const json_t *layers = json_object_get(config, "layers");

    for (*index = 0; *index < json_array_size(layers); ++*index) {
        const json_t *layer = json_array_get(layers, *index);
        const char *own = json_string_value(json_object_get(layer, "name"));
        char by_default[SNN_NAME_SIZE];

        snprintf(by_default, sizeof by_default, "layer%zu", *index + 1);
        if (strcmp(own ? own : by_default, name) == 0)
            return layer;
    }
    return NULL;
}

/* What the job's neuron says is overridden where the layer's own says it too. */
static json_t *pointer(const struct srv_finding *f, const json_t *config)
{
    const size_t n = strlen(JOB_NEURON);
    size_t index;

    if (strncmp(f->pointer, JOB_NEURON, n) == 0 && f->layer[0]) {
        const json_t *layer = find_layer(config, f->layer, &index);

        if (json_object_get(json_object_get(layer, "neuron"), f->pointer + n))
            return json_sprintf("/layers/%zu%s", index, f->pointer);
    }
    return api_text(f->pointer);
}

static json_t *suggestion(const struct srv_finding *f, const json_t *config)
{
    if (f->pointer[0] == '\0')
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:o}", "pointer", pointer(f, config), "from",
                     f->is_word ? api_text(f->was) : number(f->from), "to",
                     f->is_word ? api_text(f->word) : number(f->to), "why", api_text(f->why));
}

static json_t *finding(const struct srv_finding *f, const json_t *config)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "rule", api_text(f->rule), "severity",
                     api_text(f->severity), "layer", api_text_or_null(f->layer), "sentence",
                     api_text(f->sentence), "evidence", evidence(f), "because",
                     api_text_or_null(f->because), "suggestion", suggestion(f, config));
}

static json_t *summary(const json_t *findings)
{
    const json_t *first = json_array_get(findings, 0);

    if (first)
        return json_incref(json_object_get(first, "sentence"));
    return json_sprintf("healthy: none of the %zu rules found anything", snn_rule_count);
}

json_t *api_verdict(const char *text, const json_t *config)
{
    struct srv_finding f;
    json_t *findings;
    int64_t step;

    if (!srv_verdict_step(&text, &step))
        return json_null();
    findings = json_array();
    while (findings && srv_verdict_read(&text, &f)) {
        if (json_array_append_new(findings, finding(&f, config)) != 0) {
            json_decref(findings);
            return NULL;
        }
    }
    return json_pack("{s:b, s:I, s:o, s:o}", "healthy", json_array_size(findings) == 0, "step",
                     (json_int_t)step, "summary", summary(findings), "findings", findings);
}
