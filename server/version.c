/* SPDX-License-Identifier: MIT */
/* The Makefile names version and revision. */
#include "server/version.h"

#ifndef SPIKED_REVISION
#define SPIKED_REVISION ""
#endif

const char *srv_version(void)
{
    return SPIKED_VERSION;
}

const char *srv_revision(void)
{
    static const char revision[] = SPIKED_REVISION;

    return revision[0] ? revision : "unknown";
}
