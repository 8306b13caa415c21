/* SPDX-License-Identifier: MIT */
/*
 * A disk for SQLite that fails when it is told to, and of which a crash takes what was not synced.
 * After disk_install it is the library's default VFS: everything is passed on to the system's own,
 * but for syncs, which are noted and not done.
 *
 * A record notes what happens to a folder's databases. From it the folder is made again as a power
 * failure may have left it at any of its events:
 *
 *     struct disk_record *r = disk_record_start(dir);
 *     ... work on the databases in dir, remembering disk_record_now(r) where something was promised
 *     disk_record_stop(r);
 *     for (size_t at = 0; at < disk_record_now(r); at++)
 *         if (disk_record_settles(r, at))
 *             disk_crash(r, at, DISK_TEARS_512, seed, empty_dir);
 */
#ifndef TESTS_SUPPORT_DISK_H
#define TESTS_SUPPORT_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void disk_install(void);

/* ---------------------------------------------------------------------------------- crashes -- */

struct disk_record;

/* Files whose path begins with dir, from what they hold now. One record at a time is written. */
struct disk_record *disk_record_start(const char *dir);
/* Events so far. @thread any */
size_t disk_record_now(struct disk_record *r);
/* Nothing more is noted; what was can be replayed as often as wanted. */
void disk_record_stop(struct disk_record *r);
void disk_record_free(struct disk_record *r);
/* Whether that event is a sync, or a removal that is as good as one. */
bool disk_record_settles(const struct disk_record *r, size_t event);

/* What a crash does to that which was written and not synced. */
enum disk_loss {
    DISK_LOSES_ALL,
    DISK_KEEPS_ALL,
    DISK_LOSES_LATER, /* the second half of the writes */
    DISK_TEARS_512,   /* each sector of a write is the old one, the new one, or partly either */
    DISK_TEARS_4096,
    DISK_SPOILS, /* as DISK_TEARS_512, or holds anything */
    DISK_LOSSES
};
/* Makes the files in the folder `to` as they may be after a crash just before that event was
 * through. The same seed makes the same files. */
void disk_crash(const struct disk_record *r, size_t event, enum disk_loss loss, uint64_t seed,
                const char *to);

/* --------------------------------------------------------------------------------- failures -- */

#define DISK_FAULTS(X)                                                                             \
    X(open)                                                                                        \
    X(read)                                                                                        \
    X(read_short) /* ends early, as a file that was cut does */                                    \
    X(write)      /* half of it is written */                                                      \
    X(full)       /* the same, for want of room */                                                 \
    X(sync)                                                                                        \
    X(truncate)                                                                                    \
    X(size)                                                                                        \
    X(remove)                                                                                      \
    X(map)    /* of the memory that connections share */                                           \
    X(memory) /* of the library's own */
#define DISK_FAULT_ENUM(name) DISK_##name,
enum disk_fault { DISK_FAULTS(DISK_FAULT_ENUM) DISK_FAULT_COUNT };
#undef DISK_FAULT_ENUM

const char *disk_fault_name(enum disk_fault fault);
/* The n-th call of that kind from now (0 is the next) fails, by whichever thread; with for_good
 * every one after it does too. */
void disk_fail_at(enum disk_fault fault, unsigned long n, bool for_good);
/* Calls of the kind that are still to come before the one that fails; 0 = it has. */
unsigned long disk_fail_left(void);
/* While it is on hold nothing fails and nothing is counted. */
void disk_fail_hold(bool on);
/* Nothing fails any more. True if something did since disk_fail_at. */
bool disk_fail_off(void);

#endif
