/* SPDX-License-Identifier: MIT */
/* JSON pointers (RFC 6901) as names of fields. */
#ifndef SPIKED_API_POINTER_H
#define SPIKED_API_POINTER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Why the text is no pointer to a field ("want it to begin with /"), NULL where it is one. */
const char *api_pointer_wrong(const char *pointer);

/* Whether `inner` is `outer` or lies within it. */
bool api_pointer_within(const char *outer, const char *inner);

/* What messages call the place: the last name of its pointer, with the indices that follow it
 * ("inputs[0][3]" for "/inputs/0/3"); "the body" for "". Cut where `size` (>= 16) is too small. */
const char *api_pointer_name(char *buf, size_t size, const char *pointer);

/* Puts `value` (which stays the caller's too) at that place; objects on the way that are not there
 * are made. False with the reason in `why`: the way leads through what is no object or array, or
 * beyond an array's end, or memory fails. */
bool api_pointer_set(json_t *root, const char *pointer, json_t *value, char *why, size_t size);

#endif
