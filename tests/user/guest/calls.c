// SPDX-License-Identifier: MIT
//
// A program for the machine under test: each argument names a group of system calls to use; what it
// prints is the same on any Linux.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile sig_atomic_t seen, code;
static void *volatile where;

static void note(int sig)
{
    seen = sig;
}

static void fault(int sig, siginfo_t *si, void *uc)
{
    (void)uc;
    seen = sig;
    code = si->si_code;
    where = si->si_addr;
    siglongjmp(back, 1);
}

static void signals(void)
{
    struct sigaction sa = {.sa_handler = note}, sf = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO};
    volatile double keep = 1.25;
    sigset_t set, old;
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGALRM, &sa, NULL);
    sigaction(SIGSEGV, &sf, NULL);
    raise(SIGUSR1);
    printf("usr1 %d keep %.2f\n", seen == SIGUSR1, keep);
    seen = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    raise(SIGUSR1);
    printf("blocked %d\n", (int)seen);
    sigprocmask(SIG_SETMASK, &old, NULL);
    printf("unblocked %d\n", seen == SIGUSR1);
    struct itimerval it = {{0, 0}, {0, 20000}};
    setitimer(ITIMER_REAL, &it, NULL);
    seen = 0;
    while (!seen) {
    }
    printf("alarm in a loop %d\n", seen == SIGALRM);
    setitimer(ITIMER_REAL, &it, NULL);
    struct timespec ts = {5, 0};
    int rc = nanosleep(&ts, NULL);
    printf("alarm in a sleep %d %s\n", rc, strerror(errno));
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!sigsetjmp(back, 1)) {
        page[5] = 1;
    }
    printf("read-only %d code %d at %d\n", seen == SIGSEGV, (int)code, (int)((char *)where - page));
    munmap(page, 4096);
    if (!sigsetjmp(back, 1)) {
        printf("%d", page[7]);
    }
    printf("unmapped code %d at %d\n", (int)code, (int)((char *)where - page));
}

static void files(void)
{
    char name[] = "/tmp/callsXXXXXX", buf[32] = {0};
    int fd = mkstemp(name), p[2];
    struct stat st;
    printf("write %zd\n", write(fd, "0123456789", 10));
    printf("seek %lld\n", (long long)lseek(fd, 4, SEEK_SET));
    printf("read %zd %s\n", read(fd, buf, 3), buf);
    fstat(fd, &st);
    printf("size %lld regular %d mode %o\n", (long long)st.st_size, S_ISREG(st.st_mode),
           st.st_mode & 0777);
    char *m = mmap(NULL, 10, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    m[0] = 'x';
    printf("shared %zd %.3s\n", pread(fd, buf, 3, 0), buf);
    printf("flags %x\n", fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_DIRECTORY));
    unlink(name);
    printf("gone %d %s\n", stat(name, &st), strerror(errno));
    printf("bad %zd %s\n", write(1, (void *)8, 4), strerror(errno));
    DIR *d = opendir("/proc/self");
    int n = 0;
    for (struct dirent *e; (e = readdir(d));) {
        n += !strcmp(e->d_name, "maps");
    }
    printf("entries %d\n", n);
    pipe(p);
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        write(p[1], "child", 5);
        _exit(9);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    memset(buf, 0, sizeof buf);
    printf("pipe %zd %s exit %d\n", read(p[0], buf, sizeof buf - 1), buf, WEXITSTATUS(status));
}

static void memory(void)
{
    uint32_t sum = 0;
    char *v[300];
    for (unsigned k = 0; k < 300; k++) {
        v[k] = malloc(k * 977 + 1);
        memset(v[k], (int)k, k * 977 + 1);
    }
    for (unsigned k = 0; k < 300; k++) {
        v[k] = realloc(v[k], k * 2000 + 1);
        sum = sum * 31 + (uint8_t)v[k][k * 977];
        free(v[k]);
    }
    printf("heap %08x\n", sum);
    // Code written, run, and written again.
    uint32_t *code_at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int k = 1; k <= 3; k++) {
        code_at[0] = 0xe3a00000 + (uint32_t)k; // mov r0, #k; bx lr
        code_at[1] = 0xe12fff1e;
        __builtin___clear_cache((char *)code_at, (char *)(code_at + 2));
        printf("code %d\n", ((int (*)(void))code_at)());
    }
}

int main(int argc, char **argv)
{
    for (int k = 1; k < argc; k++) {
        if (!strcmp(argv[k], "signals")) {
            signals();
        } else if (!strcmp(argv[k], "files")) {
            files();
        } else if (!strcmp(argv[k], "memory")) {
            memory();
        } else if (!strcmp(argv[k], "crash")) {
            *(volatile int *)4 = 1;
        } else {
            printf("%s %.12f %lld %s\n", argv[k], sqrt(argc), 123456789012345ll * argc / 7,
                   getenv("COLOUR"));
        }
    }
    return 40 + argc;
}
