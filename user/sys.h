// SPDX-License-Identifier: MIT
//
// What the files of system calls share: one function a call, found through syscalls.def. `a` holds
// R0-R6. A negative result is a negated errno (the numbers are the same on ARM and x86).
#ifndef USER_SYS_H
#define USER_SYS_H

#include <errno.h>
#include <sys/syscall.h>
#include <time.h>

#include "user/process.h"

#define CALL(name)                                                                                 \
    int64_t sys_##name(struct thread *t __attribute__((unused)),                                   \
                       const uint32_t *a __attribute__((unused)))

#define NOSYS(num, name)
#define PASS(num, name, again, host, args)
#define SYS(num, name, again) CALL(name);
#include "user/syscalls.def"
#undef SYS
#undef PASS
#undef NOSYS

// The result of a host call through the C library.
static inline int64_t result(int64_t rc)
{
    return rc < 0 ? -errno : rc;
}

// A host call that may wait.
#define SAFE(nr, ...) SAFE_(nr, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define SAFE_(nr, a_, b_, c_, d_, e_, f_, ...)                                                     \
    safe_call(t, nr, (long)(a_), (long)(b_), (long)(c_), (long)(d_), (long)(e_), (long)(f_))

// `var` points at n bytes of the program at va, or the call fails.
#define READS(var, va, n)                                                                          \
    const uint8_t *var = space_ptr(t, (va), (n), false);                                           \
    if (!var) {                                                                                    \
        return -EFAULT;                                                                            \
    }
#define WRITES(var, va, n)                                                                         \
    uint8_t *var = space_ptr(t, (va), (n), true);                                                  \
    if (!var) {                                                                                    \
        return -EFAULT;                                                                            \
    }
// The same, and NULL for address 0.
#define READS0(var, va, n)                                                                         \
    const uint8_t *var = (va) ? space_ptr(t, (va), (n), false) : NULL;                             \
    if ((va) && !var) {                                                                            \
        return -EFAULT;                                                                            \
    }
#define WRITES0(var, va, n)                                                                        \
    uint8_t *var = (va) ? space_ptr(t, (va), (n), true) : NULL;                                    \
    if ((va) && !var) {                                                                            \
        return -EFAULT;                                                                            \
    }
// `var` is the host's path for the program's path at va.
#define PATHS(var, va)                                                                             \
    char var##_buf[4096];                                                                          \
    const char *var = space_str(t, (va));                                                          \
    if (!var) {                                                                                    \
        return -EFAULT;                                                                            \
    }                                                                                              \
    var = host_path(t->p, var, var##_buf, sizeof var##_buf)

static inline int64_t pair(const uint32_t *a)
{
    return (int64_t)((uint64_t)a[1] << 32 | a[0]);
}

// ---- sys_file.c: open flags that differ -------------------------------------------------------------

int open_flags(uint32_t guest);
uint32_t guest_open_flags(uint32_t host);

// ---- sys_time.c -------------------------------------------------------------------------------------

// Times in the program's memory: 4 + 4 bytes, or 8 + 8 when `wide`. 0 or -EFAULT; get_time0 gives *ts
// NULL for address 0.
int64_t get_time(struct thread *t, uint32_t from, bool wide, struct timespec *ts);
int64_t get_time0(struct thread *t, uint32_t from, bool wide, struct timespec *room,
                  struct timespec **ts);
int64_t put_time(struct thread *t, uint32_t to, int64_t s, int64_t sub, bool wide);

// ---- exec.c -----------------------------------------------------------------------------------------

int64_t exec_program(struct thread *t, const char *path, uint32_t argv, uint32_t envp);

#endif
