// SPDX-License-Identifier: MIT
//
// See tools.h.
#include "cpu/tools.h"

#include "cpu/code.h"
#include "cpu/jit/jit.h"

int cpu_unshare(struct cpu *cpu)
{
    if (!cpu->jit) {
        return 0;
    }
    code_flush(cpu);
    return jit_unshare(cpu->jit);
}
