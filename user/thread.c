// SPDX-License-Identifier: MIT
//
// Threads: a host thread and a CPU each (clone with CLONE_VM), their end (robust futexes as
// Documentation/locking/robust-futex-ABI.rst says, the clear-tid word), and the stop of all CPUs for
// changes that every one of them must see. A CPU outlives its thread and serves the next one: what it
// has decoded is still true.
#include "user/process.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "cpu/tools.h"
#include "user/tools.h"

enum { HOST_STACK = 1 << 20 };

static long futex(void *at, int op, uint32_t val)
{
    return syscall(SYS_futex, at, op, val, NULL, NULL, 0);
}

// ---- one thread at a time ------------------------------------------------------------------------

void cpu_begin(struct thread *t)
{
    struct process *p = t->p;
    for (;;) {
        atomic_store(&t->in_cpu, 1);
        if (!atomic_load(&p->stopping)) {
            break;
        }
        cpu_end(t);
        // Whoever stops the world holds the lock.
        pthread_mutex_lock(&p->lock);
        pthread_mutex_unlock(&p->lock);
    }
    if (atomic_exchange(&t->stale, false) && !thread_sync(t)) {
        static const char why[] = "yamato user: the CPU did not come through its start-up code\n";
        (void)!write(2, why, sizeof why - 1);
        process_die(p, SIGILL);
    }
}

void cpu_end(struct thread *t)
{
    atomic_store(&t->in_cpu, 0);
    if (atomic_load(&t->p->stopping)) {
        futex(&t->in_cpu, FUTEX_WAKE_PRIVATE, 1);
    }
}

void world_stop(struct process *p, const struct thread *self)
{
    if (p->live <= 1) {
        return;
    }
    atomic_store(&p->stopping, 1);
    for (struct thread *t = p->threads; t; t = t->next) {
        while (t != self && atomic_load(&t->in_cpu)) {
            cpu_request_stop(t->cpu);
            futex(&t->in_cpu, FUTEX_WAIT_PRIVATE, 1);
        }
    }
}

void world_go(struct process *p)
{
    atomic_store(&p->stopping, 0);
}

// ---- life ----------------------------------------------------------------------------------------

static void thread_free(struct thread *t)
{
    cpu_destroy(t->cpu);
    if (t->vectors) {
        munmap(t->vectors, PAGE);
    }
    free(t);
}

struct thread *thread_new(struct process *p, struct err *err)
{
    pthread_mutex_lock(&p->lock);
    for (struct thread *t = p->threads; t; t = t->next) {
        if (!t->live && !t->tid) {
            t->tid = -1; // taken
            pthread_mutex_unlock(&p->lock);
            return t;
        }
    }
    pthread_mutex_unlock(&p->lock);
    struct thread *t = calloc(1, sizeof *t);
    if (!t) {
        err_set(err, -ENOMEM, "out of memory");
        return NULL;
    }
    t->p = p;
    t->tid = -1;
    t->vectors = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (t->vectors == MAP_FAILED) {
        t->vectors = NULL;
        thread_free(t);
        err_set(err, -ENOMEM, "out of memory");
        return NULL;
    }
    if (thread_boot(t, err)) {
        thread_free(t);
        return NULL;
    }
    pthread_mutex_lock(&p->lock);
    t->next = p->threads;
    p->threads = t;
    pthread_mutex_unlock(&p->lock);
    return t;
}

void threads_fini(struct process *p)
{
    while (p->threads) {
        struct thread *t = p->threads;
        p->threads = t->next;
        signal_thread_end(t);
        thread_free(t);
    }
}

// One entry of a robust list: the owner died.
static void robust_word(struct thread *t, uint32_t entry, int32_t off, bool pending)
{
    bool pi = entry & 1;
    uint32_t va = (entry & ~1u) + (uint32_t)off;
    uint8_t *mem = va & 3 ? NULL : space_ptr(t, va, 4, true);
    if (!mem) {
        return;
    }
    uint32_t *w = (uint32_t *)(void *)mem, old = __atomic_load_n(w, __ATOMIC_SEQ_CST);
    if (pending && !pi && !old) {
        futex(w, FUTEX_WAKE, 1);
        return;
    }
    while ((old & FUTEX_TID_MASK) == (uint32_t)t->tid) {
        uint32_t dead = (old & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
        if (__atomic_compare_exchange_n(w, &old, dead, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
            if (!pi && old & FUTEX_WAITERS) {
                futex(w, FUTEX_WAKE, 1);
            }
            return;
        }
    }
}

static void robust_end(struct thread *t)
{
    const uint8_t *head = t->robust ? space_ptr(t, t->robust, 12, false) : NULL;
    if (!head) {
        return;
    }
    int32_t off = (int32_t)get_le32(head + 4);
    uint32_t pending = get_le32(head + 8), entry = get_le32(head);
    for (unsigned k = 0; k < 2048 && (entry & ~1u) != t->robust; k++) {
        const uint8_t *e = space_ptr(t, entry & ~1u, 4, false);
        uint32_t next = e ? get_le32(e) : t->robust;
        if (entry != pending) {
            robust_word(t, entry, off, false);
        }
        entry = next;
    }
    if (pending) {
        robust_word(t, pending, off, true);
    }
}

static void last_deeds(struct thread *t)
{
    struct process *p = t->p;
    robust_end(t);
    uint8_t *word = t->clear_tid && !(t->clear_tid & 3) ? space_ptr(t, t->clear_tid, 4, true) : NULL;
    if (word && p->live > 1) {
        __atomic_store_n((uint32_t *)(void *)word, 0, __ATOMIC_SEQ_CST);
        futex(word, FUTEX_WAKE, 1);
    }
    signal_all_blocked();
    signal_thread_end(t);
}

// What remains is the bookkeeping; the last thread ends the process.
static void unlist(struct thread *t, int status)
{
    struct process *p = t->p;
    pthread_mutex_lock(&p->lock);
    t->live = false;
    t->tid = 0;
    bool last = --p->live == 0;
    pthread_mutex_unlock(&p->lock);
    if (last) {
        process_exit(p, status);
    }
}

void thread_exit(struct thread *t, int status)
{
    bool first = t->tid == getpid();
    last_deeds(t);
    tools_thread_end(t);
    unlist(t, status); // from here on *t may be another thread's
    while (first) {
        pause(); // the process lives on while the others do, under our number
    }
    pthread_exit(NULL);
}

// A thread's number in the program's memory, where other threads look for it.
static void tell_tid(struct thread *t, uint32_t va)
{
    uint8_t *w = va && !(va & 3) ? space_ptr(t, va, 4, true) : NULL;
    if (w) {
        __atomic_store_n((uint32_t *)(void *)w, (uint32_t)t->tid, __ATOMIC_SEQ_CST);
    }
}

struct start {
    struct thread *t;
    uint64_t mask;
    uint32_t child_set, parent_set; // addresses, or 0
    pthread_mutex_t lock;
    pthread_cond_t started;
    pid_t tid; // once it has started
};

static void *thread_main(void *arg)
{
    struct start *s = arg;
    struct thread *t = s->t;
    uint64_t mask = s->mask;
    t->tid = (pid_t)syscall(SYS_gettid);
    tell_tid(t, s->child_set);
    tell_tid(t, s->parent_set);
    signal_thread_begin(t);
    pthread_mutex_lock(&s->lock);
    s->tid = t->tid;
    pthread_cond_signal(&s->started);
    pthread_mutex_unlock(&s->lock); // *s is gone from here on
    signal_set_blocked(t, mask);
    tools_thread(t);
    thread_loop(t);
}

static void copy_state(struct cpu *to, const struct cpu *from)
{
    cpu_set(to, CPU_CPSR, cpu_get(from, CPU_CPSR));
    for (unsigned k = 0; k <= CPU_PC; k++) {
        cpu_set(to, (enum cpu_reg)k, cpu_get(from, (enum cpu_reg)k));
    }
    for (unsigned k = 0; k < 32; k++) {
        cpu_set_d(to, k, cpu_get_d(from, k));
    }
    cpu_set(to, CPU_FPSCR, cpu_get(from, CPU_FPSCR));
    cpu_set(to, CPU_CPSR, cpu_get(from, CPU_CPSR)); // setting the PC left the IT block
}

int64_t thread_spawn(struct thread *t, uint32_t flags, uint32_t sp, uint32_t parent_tid,
                     uint32_t tls, uint32_t child_tid)
{
    struct process *p = t->p;
    struct err err = {0};
    struct thread *n = thread_new(p, &err);
    if (!n) {
        return err.code == -ENOMEM ? -ENOMEM : -EAGAIN;
    }
    n->restart = n->mask_saved = false;
    n->noted = 0;
    n->ready = 0;
    n->alt_sp = n->alt_size = n->alt_flags = 0;
    n->robust = 0;
    n->clear_tid = flags & CLONE_CHILD_CLEARTID ? child_tid : 0;
    n->tls = flags & CLONE_SETTLS ? tls : t->tls;
    n->blocked = ~0ull;
    n->stale = true;
    copy_state(n->cpu, t->cpu);
    cpu_set(n->cpu, CPU_R0, 0);
    if (sp) {
        cpu_set(n->cpu, CPU_SP, sp);
    }
    struct start s = {.t = n, .mask = t->blocked, .lock = PTHREAD_MUTEX_INITIALIZER,
                      .started = PTHREAD_COND_INITIALIZER,
                      .child_set = flags & CLONE_CHILD_SETTID ? child_tid : 0,
                      .parent_set = flags & CLONE_PARENT_SETTID ? parent_tid : 0};
    pthread_mutex_lock(&p->lock);
    n->live = true;
    p->live++;
    pthread_mutex_unlock(&p->lock);
    pthread_attr_t attr;
    pthread_t id;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, HOST_STACK);
    signal_all_blocked();
    int rc = pthread_create(&id, &attr, thread_main, &s);
    pthread_attr_destroy(&attr);
    int64_t tid = -rc;
    if (!rc) {
        pthread_mutex_lock(&s.lock);
        while (!s.tid) {
            pthread_cond_wait(&s.started, &s.lock);
        }
        tid = s.tid;
        pthread_mutex_unlock(&s.lock);
    } else {
        unlist(n, 0);
    }
    signal_host_mask(t->blocked);
    return tid;
}

int threads_forked(struct thread *t)
{
    struct process *p = t->p;
    struct thread **at = &p->threads;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    while (*at) {
        struct thread *o = *at;
        if (o == t) {
            at = &o->next;
        } else {
            *at = o->next;
            thread_free(o);
        }
    }
    p->live = 1;
    atomic_store(&p->stopping, 0);
    t->tid = getpid();
    t->noted = 0;
    t->ready = 0;
    t->robust = 0;
    return cpu_unshare(t->cpu);
}
