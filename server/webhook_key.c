/* SPDX-License-Identifier: MIT */
/* What webhooks are signed with. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "server/files.h"
#include "server/webhook_internal.h"

#define KEY_BYTES (SRV_WEBHOOK_KEY / 2)

/* Random digits into a file that only its user can read. */
static enum snn_code make_key(const char *path, struct snn_error *err)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[KEY_BYTES];
    char text[2 * KEY_BYTES + 1];
    int fd;
    bool whole;

    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return srv_fail_io(err, "draw", path);
    for (size_t i = 0; i < KEY_BYTES; i++) {
        text[2 * i] = digits[random[i] >> 4];
        text[2 * i + 1] = digits[random[i] & 15];
    }
    text[2 * KEY_BYTES] = '\n';
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return srv_fail_io(err, "make", path);
    whole = write(fd, text, sizeof text) == (ssize_t)sizeof text && fsync(fd) == 0;
    whole = close(fd) == 0 && whole;
    if (whole)
        return SNN_OK;
    unlink(path);
    return srv_fail_io(err, "write", path);
}

enum snn_code srv_webhook_key(unsigned char key[SRV_WEBHOOK_KEY], const char *dir,
                              struct snn_error *err)
{
    char path[SRV_PATH_SIZE];
    ssize_t got = -1;
    int fd;
    enum snn_code rc = srv_path(path, err, "%s/webhook-key", dir);

    if (rc == SNN_OK && access(path, F_OK) != 0)
        rc = make_key(path, err);
    if (rc != SNN_OK)
        return rc;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        got = read(fd, key, SRV_WEBHOOK_KEY);
        close(fd);
    }
    if (got == SRV_WEBHOOK_KEY)
        return SNN_OK;
    return snn_fail(err, SNN_FORMAT, "%s has %zd bytes, want %d digits", path, got,
                    SRV_WEBHOOK_KEY);
}
