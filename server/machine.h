/* SPDX-License-Identifier: MIT */
/* What the machine has to give. */
#ifndef SPIKED_SERVER_MACHINE_H
#define SPIKED_SERVER_MACHINE_H

#include <stddef.h>

/* Bytes of memory this process may use: the machine's, or less where a control group (a container,
 * a systemd unit) or one above it sets memory.max. `root` is put before /proc and /sys: "". 0 when
 * nothing can be told. @thread any */
size_t srv_machine_memory(const char *root);

/* Processors this process may use: those it may run on, or fewer where a control group's cpu.max
 * leaves it less time than they have. At least 1. @thread any */
size_t srv_machine_processors(const char *root);

/* Bytes of memory this process has in use; 0 when it cannot be told. @thread any */
size_t srv_machine_resident(const char *root);

/* Descriptors this process has open; 0 when it cannot be told. @thread any */
size_t srv_machine_open_files(void);

/* Raises the number of files this process may have open as far as it may; how many that are.
 * @thread startup */
size_t srv_machine_files(void);

/* Has large blocks given back to the machine as soon as they are freed. Left to itself the C
 * library takes the first large block that is freed for a hint to keep all later ones, up to 32 MB
 * each, in heaps that they then leave full of holes: a daemon grew by a run's size with every other
 * job.
 * @thread startup */
void srv_machine_large_blocks(void);

#endif
