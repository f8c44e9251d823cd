// SPDX-License-Identifier: MIT
//
// Threads: locks, atomics of 4 and 8 bytes, thread-local data, many short lives, signals to one
// thread, cancellation, code that one thread writes and another runs, robust and
// priority-inheriting locks, and exit with a thread that waits.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdatomic.h>
#include <semaphore.h>
#include <signal.h>
#include <unistd.h>
#include <string.h>
#include <errno.h>
#include <time.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static long count;
static atomic_long acount;
#if __ARM_ARCH >= 6
static _Atomic unsigned long long a64;
#define ADD64(n) atomic_fetch_add(&a64, n)
#else // the compiler has no 8-byte atomics here: under the lock
static volatile unsigned long long a64;
#define ADD64(n) (pthread_mutex_lock(&m), a64 += (n), pthread_mutex_unlock(&m))
#endif
static __thread int mine;
static sem_t sem;
static pthread_barrier_t bar;
static void *work(void *a)
{
    mine = (int)(long)a;
    for (int i = 0; i < 20000; i++) {
        pthread_mutex_lock(&m);
        count++;
        pthread_mutex_unlock(&m);
        atomic_fetch_add(&acount, 1);
        ADD64(0x100000001ull);
    }
    pthread_barrier_wait(&bar);
    if (mine != (int)(long)a)
        abort();
    sem_post(&sem);
    return (void *)(long)(mine * 2);
}
static void *shorty(void *a)
{
    return a;
}
static volatile sig_atomic_t got;
static pthread_t who;
static void on(int s)
{
    got = s;
    who = pthread_self();
}
static void *sleeper(void *a)
{
    struct timespec ts = {10, 0};
    int r = nanosleep(&ts, NULL);
    printf("sleeper %d %s sig %d self %d\n", r, strerror(errno), (int)got,
           pthread_equal(who, pthread_self()));
    return NULL;
}
static void *canc(void *a)
{
    for (;;)
        pause();
}
static void *jit(void *a)
{
    uint32_t *p = a;
    int bad = 0;
    for (int i = 0; i < 300; i++) {
        int v = i & 255;
        p[0] = 0xe3a00000 | v;
        p[1] = 0xe12fff1e;
        __builtin___clear_cache((char *)p, (char *)(p + 2));
        if (((int (*)(void))p)() != v)
            bad++;
    }
    return (void *)(long)bad;
}
static uint32_t *shared;
static atomic_int step;
static void *runner(void *a)
{
    int bad = 0;
    for (int i = 1; i <= 300; i++) {
        while (atomic_load(&step) < i)
            ;
        if (((int (*)(void))shared)() != (i & 255))
            bad++;
        atomic_store(&step, -i);
    }
    return (void *)(long)bad;
}
int main()
{
    pthread_t t[8];
    sem_init(&sem, 0, 0);
    pthread_barrier_init(&bar, NULL, 8);
    for (long i = 0; i < 8; i++)
        pthread_create(&t[i], NULL, work, (void *)(i + 1));
    for (int i = 0; i < 8; i++)
        sem_wait(&sem);
    long sum = 0;
    for (int i = 0; i < 8; i++) {
        void *r;
        pthread_join(t[i], &r);
        sum += (long)r;
    }
    printf("count %ld %ld %llx sum %ld\n", count, (long)acount, (unsigned long long)a64, sum);
    for (long i = 0; i < 300; i++) {
        pthread_t x;
        void *r;
        pthread_create(&x, NULL, shorty, (void *)i);
        pthread_join(x, &r);
        if ((long)r != i)
            abort();
    }
    printf("300 short\n");
    struct sigaction sa = {.sa_handler = on};
    sigaction(SIGUSR1, &sa, NULL);
    pthread_t x;
    pthread_create(&x, NULL, sleeper, NULL);
    usleep(100000);
    pthread_kill(x, SIGUSR1);
    pthread_join(x, NULL);
    pthread_create(&x, NULL, canc, NULL);
    usleep(50000);
    pthread_cancel(x);
    void *r;
    pthread_join(x, &r);
    printf("cancelled %d\n", r == PTHREAD_CANCELED);
    pthread_t j[4];
    for (int i = 0; i < 4; i++) {
        void *p = mmap(0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        pthread_create(&j[i], NULL, jit, p);
    }
    long bad = 0;
    for (int i = 0; i < 4; i++) {
        pthread_join(j[i], &r);
        bad += (long)r;
    }
    printf("jit bad %ld\n", bad);
    shared = mmap(0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_create(&x, NULL, runner, NULL);
    for (int i = 1; i <= 300; i++) {
        shared[0] = 0xe3a00000 | (i & 255);
        shared[1] = 0xe12fff1e;
        __builtin___clear_cache((char *)shared, (char *)(shared + 2));
        atomic_store(&step, i);
        while (atomic_load(&step) != -i)
            ;
    }
    pthread_join(x, &r);
    printf("cross jit bad %ld\n", (long)r);
    pthread_mutexattr_t ma;
    pthread_mutexattr_init(&ma);
    pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_t rm;
    pthread_mutex_init(&rm, &ma);
    pthread_create(&x, NULL, (void *(*)(void *))pthread_mutex_lock, &rm);
    pthread_join(x, NULL);
    printf("robust %s\n", strerror(pthread_mutex_lock(&rm)));
    pthread_mutexattr_init(&ma);
    pthread_mutexattr_setprotocol(&ma, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&rm, &ma);
    printf("pi %d %d\n", pthread_mutex_lock(&rm), pthread_mutex_unlock(&rm));
    pthread_cond_t c = PTHREAD_COND_INITIALIZER;
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    ts.tv_nsec += 20000000;
    if (ts.tv_nsec >= 1000000000) {
        ts.tv_nsec -= 1000000000;
        ts.tv_sec++;
    }
    pthread_mutex_lock(&m);
    printf("timedwait %s\n", strerror(pthread_cond_timedwait(&c, &m, &ts)));
    fflush(stdout);
    pthread_create(&x, NULL, canc, NULL);
    exit(7);
}
