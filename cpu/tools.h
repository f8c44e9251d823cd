// SPDX-License-Identifier: MIT
//
// What programs around the CPU need beside running it: fork, and watching what it does. Kept apart from
// cpu.h, which boards use.
#ifndef CPU_TOOLS_H
#define CPU_TOOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu/cpu.h"

// In the child of fork(): makes the CPU independent of the parent's (the translator's code buffer is
// memory that both share). Translated code is forgotten. 0 or -ENOMEM, after which the CPU may only be
// destroyed.
int cpu_unshare(struct cpu *cpu);

#endif
