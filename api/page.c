/* SPDX-License-Identifier: MIT */
/* Cursors and list objects. */
#include "api/page.h"

#include "api/problem.h"

bool api_page_query(struct api_call *c, struct api_page *out)
{
    int64_t limit = 20;
    bool ascending;

    if (!api_query_integer(c, "limit", 1, 100, limit, &limit) ||
        !api_query_order(c, false, &ascending))
        return false;
    *out = (struct api_page){
        .limit = (size_t)limit,
        .after = srv_request_query(c->req, "after"),
        .ascending = ascending,
    };
    return true;
}

/* A new reference to the id of the i-th object, null where there is none. */
static json_t *id_at(const json_t *data, size_t i)
{
    json_t *id = json_object_get(json_array_get(data, i), "id");

    return id ? json_incref(id) : json_null();
}

json_t *api_page_list(json_t *data, bool has_more)
{
    size_t n = json_array_size(data);

    if (!data)
        return NULL;
    return json_pack("{s:s, s:o, s:o, s:o, s:b}", "object", "list", "first_id", id_at(data, 0),
                     "last_id", n ? id_at(data, n - 1) : json_null(), "data", data, "has_more",
                     has_more);
}
