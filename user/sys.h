// SPDX-License-Identifier: MIT
//
// What the files of system calls share: one function a call, found through syscalls.def. `a` holds
// R0-R6. A negative result is a negated errno (the numbers are the same on ARM and x86).
#ifndef USER_SYS_H
#define USER_SYS_H

#include <errno.h>

#include "user/process.h"

#define NOSYS(num, name)
#define SYS(num, name) int64_t sys_##name(struct process *p, const uint32_t *a);
#include "user/syscalls.def"
#undef SYS
#undef NOSYS

#define CALL(name) int64_t sys_##name(struct process *p, const uint32_t *a)

// The result of a host call.
static inline int64_t result(int64_t rc)
{
    return rc < 0 ? -errno : rc;
}

// `var` points at n bytes of the program at va, or the call fails.
#define READS(var, va, n)                                                                          \
    const uint8_t *var = space_ptr(p, (va), (n), false);                                           \
    if (!var) {                                                                                    \
        return -EFAULT;                                                                            \
    }
#define WRITES(var, va, n)                                                                         \
    uint8_t *var = space_ptr(p, (va), (n), true);                                                  \
    if (!var) {                                                                                    \
        return -EFAULT;                                                                            \
    }
// `var` is the host's path for the program's path at va.
#define PATHS(var, va)                                                                             \
    char var##_buf[4096];                                                                          \
    const char *var = space_str(p, (va));                                                          \
    if (!var) {                                                                                    \
        return -EFAULT;                                                                            \
    }                                                                                              \
    var = host_path(p, var, var##_buf, sizeof var##_buf)

static inline int64_t pair(const uint32_t *a)
{
    return (int64_t)((uint64_t)a[1] << 32 | a[0]);
}

#endif
