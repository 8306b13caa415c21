/* SPDX-License-Identifier: MIT */
/* All that a daemon keeps, to a file. */
#include "server/ctl/download.h"
#include "server/ctl/format.h"

#include <string.h>

enum ctl_exit ctl_backup(struct ctl *c)
{
    const char *file = ctl_value(c, "output");
    struct ctl_download d;
    enum ctl_exit rc;

    if (!file || !file[0])
        return ctl_fail(c, CTL_USAGE, "backup wants -o FILE, or -o - for the standard output");
    rc = ctl_download(c, "/v1/backup", file, false, &d);
    if (rc == CTL_OK)
        fprintf(strcmp(file, "-") == 0 ? c->err : c->out, "%s: %s, sha256 %s\n", file,
                ctl_bytes((double)d.bytes).s, d.sha256);
    return rc;
}
