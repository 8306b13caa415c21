/* SPDX-License-Identifier: MIT */
/*
 * The threads of a run. One that is late is not waited for: whoever is there takes the parts of the
 * work, one after the other, and only a part that was taken has to be done. Between two works a
 * thread looks for the next one for some microseconds, as steps follow each other closely, and then
 * sleeps, so that a processor with other things to do is not kept from them.
 */
#ifndef SPIKED_CORE_TRAIN_TEAM_H
#define SPIKED_CORE_TRAIN_TEAM_H

#include "core/snn.h"

struct snn_team;

/* `threads` in all, with the caller's; the others inherit its priority. */
enum snn_code snn_team_start(struct snn_team **out, size_t threads, struct snn_error *err);
/* What such a team takes, but for the stacks of its threads. */
size_t snn_team_bytes(size_t threads);
/* Accepts NULL. */
void snn_team_stop(struct snn_team *team);

/* Calls part(user, i, thread) once for each i below n, in any order, and returns when all are done:
 * what they wrote is then seen by the caller. thread is below the team's number, and no two parts
 * with the same one run at a time. From one thread at a time. */
void snn_team_do(struct snn_team *team, size_t n, void (*part)(void *user, size_t i, size_t thread),
                 void *user);

#endif
