/* SPDX-License-Identifier: MIT */
/* Files that must be there after a power failure, and folders to keep them in. @thread any */
#ifndef SPIKED_SERVER_FILES_H
#define SPIKED_SERVER_FILES_H

#include "core/snn.h"

#define SRV_PATH_SIZE 2048

/* path = the formatted text. SNN_LIMIT where it is too long for the system. */
enum snn_code srv_path(char path[SRV_PATH_SIZE], struct snn_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Makes the folder unless it is there, and its entry in the parent durable. Private to the user. */
enum snn_code srv_dir_make(const char *path, struct snn_error *err);
/* What was created, renamed or removed in that folder is so for good. */
enum snn_code srv_dir_sync(const char *path, struct snn_error *err);
/* The folder with all in it; nothing where it is not there. What cannot be removed stays. */
void srv_dir_remove(const char *path);
/* The names in a folder without "." and "..", sorted; malloc'ed array of malloc'ed strings. None
 * where there is no such folder. SNN_IO, SNN_NOMEM. */
enum snn_code srv_dir_list(const char *path, char ***names, size_t *n, struct snn_error *err);
void srv_names_free(char **names, size_t n);

/* snn_fail with SNN_IO, or SNN_FULL where errno says so: "cannot <what> <name of the path>: <the
 * system's reason for errno>". */
enum snn_code srv_fail_io(struct snn_error *err, const char *what, const char *path);

#endif
