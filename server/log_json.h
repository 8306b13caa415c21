/* SPDX-License-Identifier: MIT */
/* A line of the log as JSON. */
#ifndef SPIKED_SERVER_LOG_JSON_H
#define SPIKED_SERVER_LOG_JSON_H

#include <stddef.h>

/* `line`, which is `key=value key="quoted value"` as server/log.h makes it, as an object in
 * out[0..room]; returns its length. What does not fit is left out, whole pairs at a time, so that
 * the object is one in any case. room >= 2. @thread any */
size_t srv_log_json(char *out, size_t room, const char *line);

#endif
