/* SPDX-License-Identifier: MIT */
/* The kernels of the instruction set that this file is compiled for. */
#include "core/kernel/kernels.h"

#define ENTRY_V(name, parameters, arguments) .run_##name = name,
#define ENTRY_F(type, name, parameters, arguments) .run_##name = name,

const struct snn_kernels snn_kernel_table = {.isa = SNN_KERNEL_ISA, SNN_KERNELS(ENTRY_V, ENTRY_F)};
