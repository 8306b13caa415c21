/* SPDX-License-Identifier: MIT */
#ifndef SPIKED_SERVER_STORE_BEFORE_H
#define SPIKED_SERVER_STORE_BEFORE_H

#include "core/snn.h"

struct sqlite3;

/* Where this program's migrations are about to change the database at `path`: copies it to
 * PATH.before-NNNN, NNNN being the first of them, durably, and removes such a copy of before. Fails
 * where it cannot be copied: then nothing may be changed. @thread startup */
enum snn_code srv_store_before(struct sqlite3 *db, const char *path, struct snn_error *err);

#endif
