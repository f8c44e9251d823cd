// SPDX-License-Identifier: MIT
//
// Cores against each other, inside a Linux guest: four threads count with load/store exclusive, with a
// futex lock around a plain variable, pass a token around a ring, and one core writes code that
// the others run. Says "smp: NAME ok" or what differs. Linked statically, armhf.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { THREADS = 4, ROUNDS = 30000, TURNS = 400 };

static atomic_uint count32;
static atomic_ullong count64;
static atomic_uchar count8;
static unsigned plain;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint token;
static unsigned passed;
static atomic_uint wrong;

static void bind_to(unsigned n)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(n, &set);
    sched_setaffinity(0, sizeof set, &set); // the core may be off: then anywhere
}

static void *count(void *arg)
{
    bind_to((unsigned)(uintptr_t)arg);
    for (unsigned i = 0; i < ROUNDS; i++) {
        atomic_fetch_add(&count32, 3);
        atomic_fetch_add(&count64, 0x100000001ull);
        atomic_fetch_add(&count8, 1);
        pthread_mutex_lock(&lock);
        plain = plain + 1;
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static void *ring(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;
    bind_to(me);
    for (unsigned i = 0; i < TURNS; i++) {
        while (atomic_load(&token) % THREADS != me) {
            sched_yield();
        }
        passed++;
        atomic_fetch_add(&token, 1);
    }
    return NULL;
}

// movw r0, #n; bx lr
static uint32_t *code;
static pthread_barrier_t gate;

static void *run_code(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;
    unsigned (*fn)(void);
    memcpy(&fn, &code, sizeof fn);
    bind_to(me);
    for (unsigned i = 0; i < TURNS; i++) {
        if (i % THREADS == me) {
            code[0] = 0xe3000000u | (i >> 12) << 16 | (i & 0xfff);
            code[1] = 0xe12fff1e;
            __builtin___clear_cache((char *)code, (char *)(code + 2));
        }
        pthread_barrier_wait(&gate);
        if (fn() != i) {
            atomic_fetch_add(&wrong, 1);
        }
        pthread_barrier_wait(&gate);
    }
    return NULL;
}

static void all(void *(*fn)(void *))
{
    pthread_t t[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++) {
        pthread_create(&t[i], NULL, fn, (void *)i);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(t[i], NULL);
    }
}

static int say(const char *name, unsigned long long got, unsigned long long want)
{
    if (got == want) {
        printf("smp: %s ok\n", name);
        return 0;
    }
    printf("smp: %s is %llx, not %llx\n", name, got, want);
    return 1;
}

int main(void)
{
    const unsigned long long n = (unsigned long long)THREADS * ROUNDS;
    int bad = 0;
    all(count);
    bad |= say("words", count32, 3 * n);
    bad |= say("doublewords", count64, 0x100000001ull * n);
    bad |= say("bytes", count8, n & 0xff);
    bad |= say("futex", plain, n);
    all(ring);
    bad |= say("ring", passed, THREADS * TURNS);
    code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED || pthread_barrier_init(&gate, NULL, THREADS)) {
        return 2;
    }
    all(run_code);
    bad |= say("code", wrong, 0);
    return bad;
}
