/* SPDX-License-Identifier: MIT */
/* A query parameter that is a list of names: "train_loss,gradient_norm/" + "*", where a last *
 * stands for any end. */
#ifndef SPIKED_API_NAMES_H
#define SPIKED_API_NAMES_H

#include "api/call.h"

#define API_MAX_NAMES 64

struct api_names {
    char *text; /* the items' own memory */
    const char *item[API_MAX_NAMES];
    size_t length[API_MAX_NAMES]; /* without the * */
    bool prefix[API_MAX_NAMES];
    bool found[API_MAX_NAMES]; /* some name matched it */
    size_t n;                  /* 0 = every name matches */
};

/* False with a 422 reply made: an empty item, or more than there may be. Clear it with
 * api_names_clear. */
bool api_names_parse(struct api_call *c, const char *parameter, struct api_names *out);
/* Whether any item matches; remembers which did. */
bool api_names_match(struct api_names *names, const char *name);
/* The items that matched nothing, as an array. */
json_t *api_names_missing(const struct api_names *names);
void api_names_clear(struct api_names *names);

#endif
