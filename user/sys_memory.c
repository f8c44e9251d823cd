// SPDX-License-Identifier: MIT
//
// Memory: maps, advice, code written by the program, System V shared memory and semaphores.
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "user/sys.h"

CALL(mmap2)
{
    return space_map(t->p, t, a[0], a[1], (int)a[2], (int)a[3], (int)a[4], (uint64_t)a[5] * PAGE);
}
CALL(munmap) { return space_unmap(t->p, t, a[0], a[1]); }
CALL(mprotect) { return space_protect(t->p, t, a[0], a[1], (int)a[2]); }
CALL(mremap) { return space_remap(t->p, t, a[0], a[1], a[2], (int)a[3], a[4]); }
CALL(brk) { return space_brk(t->p, t, a[0]); }

// Advice that changes contents, or what a child gets, is passed on; the rest is taken as read.
CALL(madvise)
{
    uint32_t bytes = (a[1] + 0xfff) & ~0xfffu;
    if (a[0] & 0xfff || a[0] >= TASK_END || bytes > TASK_END - a[0]) {
        return -EINVAL;
    }
    for (uint32_t k = 0; k < bytes; k += PAGE) {
        if (!page_ok(t->p, a[0] + k)) {
            return -ENOMEM;
        }
    }
    switch (a[2]) {
    case MADV_DONTNEED: case MADV_FREE: case MADV_REMOVE: case MADV_DONTFORK: case MADV_DOFORK:
    case MADV_WIPEONFORK: case MADV_KEEPONFORK:
        space_written(t, a[0], bytes);
        return result(madvise(t->p->base + a[0], bytes, (int)a[2]));
    default:
        return 0;
    }
}
CALL(msync)
{
    READS(m, a[0], a[1])
    return result(msync((void *)(uintptr_t)m, a[1], (int)a[2]));
}
CALL(ARM_cacheflush)
{
    if (a[1] < a[0] || a[1] > TASK_END || a[2]) {
        return -EINVAL;
    }
    space_written(t, a[0], a[1] - a[0]);
    return 0;
}

// ---- System V ----------------------------------------------------------------------------------------

CALL(shmat)
{
    struct shmid_ds ds;
    if (shmctl((int)a[0], IPC_STAT, &ds) < 0) {
        return -errno;
    }
    uint32_t va = (int)a[2] & SHM_RND ? a[1] & ~0xfffu : a[1];
    return ds.shm_segsz > MMAP_TOP ? -ENOMEM
                                   : space_attach(t->p, t, (int)a[0], va, (uint32_t)ds.shm_segsz,
                                                  (int)a[2]);
}
CALL(shmdt)
{
    // Its length is what the host attached there: pages on from the address that are shared.
    uint32_t n = 0;
    while (page_ok(t->p, a[0] + n) && page_flags(t->p, a[0] + n) & PG_SHARED) {
        n += PAGE;
    }
    if (a[0] & 0xfff || !n || shmdt(t->p->base + a[0]) < 0) {
        return -EINVAL;
    }
    return space_unmap(t->p, t, a[0], n);
}
CALL(shmctl)
{
    struct shmid_ds ds = {0};
    uint32_t cmd = a[1] & ~0x100u;
    if (cmd != IPC_RMID && cmd != IPC_STAT) {
        return -EINVAL;
    }
    int64_t rc = result(shmctl((int)a[0], (int)cmd, &ds));
    if (!rc && cmd == IPC_STAT) {
        WRITES(o, a[2], 84) // struct shmid64_ds
        memset(o, 0, 84);
        put_le32(o, (uint32_t)ds.shm_perm.__key);
        put_le32(o + 4, ds.shm_perm.uid);
        put_le32(o + 8, ds.shm_perm.gid);
        put_le32(o + 12, ds.shm_perm.cuid);
        put_le32(o + 16, ds.shm_perm.cgid);
        put_le32(o + 20, ds.shm_perm.mode);
        put_le32(o + 36, (uint32_t)ds.shm_segsz);
        put_le32(o + 64, (uint32_t)ds.shm_cpid);
        put_le32(o + 68, (uint32_t)ds.shm_lpid);
        put_le32(o + 72, (uint32_t)ds.shm_nattch);
    }
    return rc;
}

static int64_t sem_ops(struct thread *t, const uint32_t *a, bool timed)
{
    struct timespec room, *ts = NULL;
    READS(ops, a[1], (uint64_t)a[2] * 6)
    int64_t rc = timed ? get_time0(t, a[3], true, &room, &ts) : 0;
    return rc ? rc : SAFE(SYS_semtimedop, (int)a[0], ops, a[2], ts);
}
CALL(semop) { return sem_ops(t, a, false); }
CALL(semtimedop)
{
    struct timespec room, *ts;
    READS(ops, a[1], (uint64_t)a[2] * 6)
    int64_t rc = get_time0(t, a[3], false, &room, &ts);
    return rc ? rc : SAFE(SYS_semtimedop, (int)a[0], ops, a[2], ts);
}
CALL(semtimedop_time64) { return sem_ops(t, a, true); }
CALL(semctl)
{
    switch (a[2] & ~0x100u) {
    case IPC_RMID: case GETVAL: case GETPID: case GETNCNT: case GETZCNT: case SETVAL:
        return result(syscall(SYS_semctl, (int)a[0], (int)a[1], (int)(a[2] & ~0x100u), (long)a[3]));
    default:
        return -EINVAL;
    }
}

// A message's kind is a long.
CALL(msgsnd)
{
    struct { long kind; char text[8192]; } m;
    READS(g, a[1], 4 + (uint64_t)a[2])
    if (a[2] > sizeof m.text) {
        return -EINVAL;
    }
    m.kind = (int32_t)get_le32(g);
    memcpy(m.text, g + 4, a[2]);
    return SAFE(SYS_msgsnd, (int)a[0], &m, a[2], (int)a[3]);
}
CALL(msgrcv)
{
    struct { long kind; char text[8192]; } m;
    uint32_t n = a[2] < sizeof m.text ? a[2] : sizeof m.text;
    WRITES(g, a[1], 4 + (uint64_t)n)
    int64_t rc = SAFE(SYS_msgrcv, (int)a[0], &m, n, (long)(int32_t)a[3], (int)a[4]);
    if (rc >= 0) {
        put_le32(g, (uint32_t)m.kind);
        memcpy(g + 4, m.text, (size_t)rc);
    }
    return rc;
}
CALL(msgctl)
{
    return (a[1] & ~0x100u) == IPC_RMID ? result(msgctl((int)a[0], IPC_RMID, NULL)) : -EINVAL;
}
