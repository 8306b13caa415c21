/* SPDX-License-Identifier: MIT */
/* GET /v1/datasets/{dataset}/samples: a look at what is in a data set. */
#include <stdlib.h>
#include <string.h>

#include "api/file.h"
#include "api/problem.h"
#include "api/split.h"
#include "api/text.h"

#define MAX_SAMPLES 100
#define DEFAULT_SAMPLES 20
/* Of one sample that has more, the first so many events or values. */
#define MAX_ITEMS 20000

bool api_query_split(struct api_call *c, bool otherwise_test, bool *test)
{
    const char *text = srv_request_query(c->req, "split");

    *test = text ? strcmp(text, "test") == 0 : otherwise_test;
    if (!text || *test || strcmp(text, "train") == 0)
        return true;
    api_refuse_query(c, "split", "unknown_name", "split is \"%.40s\", want train or test", text);
    return false;
}

static void write_sample(FILE *to, const struct snn_sample *s, size_t index, bool first)
{
    const size_t n = s->n < MAX_ITEMS ? s->n : MAX_ITEMS;

    fprintf(to, "%s\n{\"index\":%zu,\"label\":%lu,\"%s\":[", first ? "" : ",", index,
            (unsigned long)s->label, s->times ? "events" : "values");
    for (size_t k = 0; k < n; k++) {
        if (k)
            fputc(',', to);
        if (s->times)
            fprintf(to, "[%lu,%lu]", (unsigned long)s->times[k], (unsigned long)s->units[k]);
        else
            api_text_float(to, s->values[k]);
    }
    fprintf(to, "],\"cut\":%s}", n < s->n ? "true" : "false");
}

/* False with the reply made. */
static bool write_samples(struct api_call *c, FILE *to, const struct snn_data *data, bool test,
                          size_t from, size_t end)
{
    struct snn_error err = {.code = SNN_OK};
    struct snn_sample s = {0};

    for (size_t i = from; i < end; i++) {
        if (snn_data_sample(&s, data, test, i, &err) != SNN_OK) {
            api_error(c, &err);
            return false;
        }
        write_sample(to, &s, i, i == from);
        snn_sample_clear(&s);
    }
    return true;
}

static void reply(struct api_call *c, const struct snn_data *data, bool test, size_t from,
                  size_t limit)
{
    const struct snn_data_info *info = snn_data_describe(data);
    const size_t count = test ? info->test : info->train;
    const size_t end = from >= count ? from : count - from < limit ? count : from + limit;
    FILE *f = api_file_open(c);

    if (!f)
        return;
    fputs("{\"object\":\"samples\",\"dataset\":", f);
    api_text_string(f, c->param[0]);
    fprintf(f, ",\"split\":\"%s\",\"from\":%zu,\"count\":%zu,\"classes\":%zu,\"shape\":[",
            test ? "test" : "train", from, count, info->classes);
    for (size_t i = 0; i < info->rank; i++)
        fprintf(f, "%s%zu", i ? "," : "", info->shape[i]);
    fputs("],\"data\":[", f);
    if (!write_samples(c, f, data, test, from, end)) {
        fclose(f);
        return;
    }
    fprintf(f, "],\"has_more\":%s}\n", end < count ? "true" : "false");
    api_file_reply(c, f, &(struct api_file_form){.content_type = "application/json"});
}

void api_datasets_samples(struct api_call *c)
{
    static const char *const known[] = {"split", "from", "limit", NULL};
    struct srv_datasets *datasets = c->api->options.datasets;
    struct snn_error err = {.code = SNN_OK};
    const struct snn_data *data;
    int64_t from, limit;
    bool test;

    if (!api_query_known(c, known) || !api_query_split(c, false, &test) ||
        !api_query_integer(c, "from", 0, INT64_MAX / 2, 0, &from) ||
        !api_query_integer(c, "limit", 1, MAX_SAMPLES, DEFAULT_SAMPLES, &limit))
        return;
    if (srv_datasets_acquire(datasets, c->param[0], &data, &err) != SNN_OK) {
        api_error(c, &err);
        return;
    }
    reply(c, data, test, (size_t)from, (size_t)limit);
    srv_datasets_release(datasets, data);
}
