/* SPDX-License-Identifier: MIT */
/* Lists by cursor: ?limit=20&after=<id>&order=desc gives
 * {"object":"list","data":[...],"first_id","last_id","has_more"}.
 */
#ifndef SPIKED_API_PAGE_H
#define SPIKED_API_PAGE_H

#include "api/call.h"

struct api_page {
    size_t limit;      /* 1..100, 20 unless asked for */
    const char *after; /* borrowed from the request; NULL = from the start */
    bool ascending;    /* ?order=asc; newest first otherwise */
};

/* Reads limit, after and order. False with the reply made. */
bool api_page_query(struct api_call *c, struct api_page *out);

/* The list object, NULL where memory fails. Steals `data`, an array of objects with an "id". */
json_t *api_page_list(json_t *data, bool has_more);

#endif
