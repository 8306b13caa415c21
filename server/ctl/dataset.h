/* SPDX-License-Identifier: MIT */
/* What the commands about data sets share. */
#ifndef SPIKED_CTL_DATASET_H
#define SPIKED_CTL_DATASET_H

#include "server/ctl/ctl.h"

/* "/v1/datasets/ID"; USAGE, explained, for what cannot be an id. */
enum ctl_exit ctl_dataset_path(struct ctl *c, struct ctl_text *path, const char *id);

/* All about a data set, a line each. */
void ctl_dataset_add(struct ctl_text *t, const json_t *d);

#endif
