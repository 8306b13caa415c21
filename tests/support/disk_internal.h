/* SPDX-License-Identifier: MIT */
/* What the VFS tells the record. */
#ifndef TESTS_SUPPORT_DISK_INTERNAL_H
#define TESTS_SUPPORT_DISK_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* entries: the folder was synced, so that what was made and removed in it is so for good. */
enum disk_op {
    DISK_OP_create,
    DISK_OP_write,
    DISK_OP_truncate,
    DISK_OP_sync,
    DISK_OP_delete,
    DISK_OP_entries
};

/* Notes what is about to be done to the file of that path; nothing where it is not a recorded one.
 * `at` is the offset or the new size; of a delete, whether it is synced. @thread any */
void disk_note(enum disk_op op, const char *path, int64_t at, const void *bytes, size_t n);

#endif
