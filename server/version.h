/* SPDX-License-Identifier: MIT */
/* What this build calls itself. */
#ifndef SPIKED_SERVER_VERSION_H
#define SPIKED_SERVER_VERSION_H

/* "0.1.0" */
const char *srv_version(void);
/* The commit it was built from, 12 digits; "unknown" outside a clone. */
const char *srv_revision(void);

#endif
