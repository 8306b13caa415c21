/* SPDX-License-Identifier: MIT */
/* Refusals that need more than api_problem of call.h: members of their own, a query parameter. */
#ifndef SPIKED_API_PROBLEM_H
#define SPIKED_API_PROBLEM_H

#include "api/call.h"

/* A problem's members {type,title,status,detail,instance,code,request_id}, for the caller to add to
 * and send; NULL where memory fails. */
json_t *api_problem_new(const struct api_call *c, int status, const char *code, const char *detail);
/* Fills c->res; steals `problem`. NULL gives an empty 500. */
void api_problem_send(struct api_call *c, int status, json_t *problem);

/* 422 about a query parameter: errors:[{"parameter":name,...}]. */
void api_refuse_query(struct api_call *c, const char *name, const char *code, const char *format,
                      ...) __attribute__((format(printf, 4, 5)));

/* A JSON string of text that may hold anything: where it is not UTF-8, its bytes beyond ASCII
 * become
 * '?'. NULL means no memory. */
json_t *api_text(const char *text);
/* The same; null for "". */
json_t *api_text_or_null(const char *text);

#endif
