// SPDX-License-Identifier: MIT
//
// A program for the machine under test: each argument names a group of system calls to use; what it
// prints is the same on any Linux.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <sys/xattr.h>
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

static void children(void)
{
    int status;
    char *const none[] = {"nothing", NULL};
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        raise(SIGKILL);
    }
    waitpid(pid, &status, 0);
    printf("killed %d by %d\n", WIFSIGNALED(status), WTERMSIG(status));
    fflush(stdout);
    pid = fork();
    if (!pid) {
        *(volatile int *)4 = 0;
    }
    waitpid(pid, &status, 0);
    printf("crashed %d by %d\n", WIFSIGNALED(status), WTERMSIG(status));
    fflush(stdout);
    pid = vfork();
    if (!pid) {
        _exit(12);
    }
    siginfo_t si;
    memset(&si, 0, sizeof si);
    waitid(P_PID, pid, &si, WEXITED);
    printf("waitid %d %d %d\n", si.si_signo, si.si_code == CLD_EXITED, si.si_status);
    int rc = execve("/nothing/here", none, none);
    printf("exec of nothing %d %s\n", rc, strerror(errno));
    char exe[256] = {0}, cmd[256] = {0};
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    printf("exe ends with calls %d\n", n > 5 && !strncmp(exe + n - 5, "calls", 5));
    int fd = open("/proc/self/cmdline", O_RDONLY);
    n = read(fd, cmd, sizeof cmd - 1);
    printf("cmdline %s\n", n > 0 ? cmd + strlen(cmd) + 1 : "");
    fd = open("/proc/self/maps", O_RDONLY);
    static char maps[65536];
    n = 0;
    for (ssize_t k; (k = read(fd, maps + n, sizeof maps - 1 - n)) > 0;) {
        n += k;
    }
    unsigned long from, to, here = (unsigned long)&status, hits = 0;
    for (char *line = maps; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        hits += sscanf(line, "%lx-%lx rw", &from, &to) == 2 && here >= from && here < to;
    }
    printf("stack in maps %lu\n", hits);
}

static void sockets(void)
{
    int sv[2], p[2];
    char buf[64] = {0}, ctl[64];
    socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
    pipe(p);
    struct iovec iov = {"file", 4};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl,
                       .msg_controllen = CMSG_SPACE(sizeof(int))};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &p[1], sizeof(int));
    printf("sendmsg %zd\n", sendmsg(sv[0], &m, 0));
    iov = (struct iovec){buf, sizeof buf};
    m.msg_controllen = sizeof ctl;
    ssize_t n = recvmsg(sv[1], &m, 0);
    int fd = -1;
    c = CMSG_FIRSTHDR(&m);
    if (c) {
        memcpy(&fd, CMSG_DATA(c), sizeof fd);
    }
    write(fd, "pipe", 4);
    memset(buf, 0, sizeof buf);
    read(p[0], buf, 4);
    printf("passed descriptor %zd %s\n", n, buf);
    int ls = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, peer;
    socklen_t len = sizeof sa;
    setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    printf("bind %d listen %d\n", bind(ls, (void *)&sa, sizeof sa), listen(ls, 4));
    getsockname(ls, (void *)&sa, &len);
    int cs = socket(AF_INET, SOCK_STREAM, 0);
    printf("connect %d\n", connect(cs, (void *)&sa, sizeof sa));
    len = sizeof peer;
    int as = accept4(ls, (void *)&peer, &len, SOCK_NONBLOCK);
    printf("accept %d length %u nonblocking %d\n", as >= 0, len, !!(fcntl(as, F_GETFL) & O_NONBLOCK));
    printf("empty %zd %s\n", recv(as, buf, 1, 0), strerror(errno));
    send(cs, "hello", 5, 0);
    struct pollfd pf = {as, POLLIN, 0};
    printf("poll %d\n", poll(&pf, 1, 1000));
    memset(buf, 0, sizeof buf);
    printf("recv %zd %s\n", recvfrom(as, buf, sizeof buf, 0, NULL, NULL), buf);
    struct timeval tv = {1, 500000}, got;
    len = sizeof got;
    setsockopt(as, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    getsockopt(as, SOL_SOCKET, SO_RCVTIMEO, &got, &len);
    printf("timeout %ld.%06ld\n", (long)got.tv_sec, (long)got.tv_usec);
}

static void events(void)
{
    int ep = epoll_create1(0), ev = eventfd(0, 0), tf = timerfd_create(CLOCK_MONOTONIC, 0), p[2];
    struct itimerspec it = {{0, 0}, {0, 1000000}};
    struct epoll_event e = {EPOLLIN, {.u64 = 0x1122334455667788ull}}, got[4];
    uint64_t one = 1;
    pipe(p);
    epoll_ctl(ep, EPOLL_CTL_ADD, ev, &e);
    e.data.u64 = 2;
    epoll_ctl(ep, EPOLL_CTL_ADD, tf, &e);
    printf("nothing %d\n", epoll_wait(ep, got, 4, 0));
    write(ev, &one, 8);
    timerfd_settime(tf, 0, &it, NULL);
    usleep(20000);
    int n = epoll_wait(ep, got, 4, 1000);
    uint64_t sum = 0;
    for (int k = 0; k < n; k++) {
        sum += got[k].data.u64;
    }
    printf("data %llx\nepoll %d\n", (unsigned long long)sum, n);
    fd_set r;
    FD_ZERO(&r);
    FD_SET(ev, &r);
    FD_SET(p[0], &r);
    struct timeval tv = {1, 0};
    int hit = select((ev > p[0] ? ev : p[0]) + 1, &r, NULL, NULL, &tv);
    printf("select %d\n", hit);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int sf = signalfd(-1, &set, 0);
    kill(getpid(), SIGUSR2);
    struct signalfd_siginfo si;
    n = (int)read(sf, &si, sizeof si);
    printf("signalfd %d %d\n", n, (int)si.ssi_signo);
    char name[] = "/tmp/callsXXXXXX";
    int fd = mkstemp(name);
    struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 10};
    printf("lock %d", fcntl(fd, F_SETLK, &fl));
    printf(" setxattr %d", fsetxattr(fd, "user.a", "bcd", 3, 0));
    char val[8] = {0};
    printf(" %zd %s", fgetxattr(fd, "user.a", val, 8), val);
    struct timespec ts[2] = {{1000, 5}, {2000, 7}};
    struct stat st;
    futimens(fd, ts);
    fstat(fd, &st);
    printf(" times %ld %ld\n", (long)st.st_atim.tv_sec, (long)st.st_mtim.tv_sec);
    unlink(name);
}

static volatile sig_atomic_t order[8], at;
static volatile uintptr_t on_stack;

static void queue(int sig, siginfo_t *si, void *uc)
{
    (void)sig;
    (void)uc;
    order[at++ & 7] = si->si_value.sival_int;
    on_stack = (uintptr_t)&sig;
}

static void masks(void)
{
    static char alt[16384];
    stack_t ss = {.ss_sp = alt, .ss_size = sizeof alt};
    struct sigaction sa = {.sa_sigaction = queue, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigset_t set, none;
    sigaltstack(&ss, NULL);
    sigaction(SIGRTMIN + 1, &sa, NULL);
    sigemptyset(&none);
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int k = 1; k <= 3; k++) {
        sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = k * 11});
    }
    sigset_t pend;
    sigpending(&pend);
    printf("pending %d\n", sigismember(&pend, SIGRTMIN + 1));
    int rc = sigsuspend(&none);
    printf("suspend %d %s\n", rc, strerror(errno));
    while (at < 3) {
        sigsuspend(&none);
    }
    printf("values %d %d %d\n", (int)order[0], (int)order[1], (int)order[2]);
    printf("on its stack %d\n", on_stack - (uintptr_t)alt < sizeof alt);
    printf("queued %d of 3\n", (int)at);
    siginfo_t si;
    struct timespec ts = {1, 0};
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 99});
    rc = sigtimedwait(&set, &si, &ts);
    printf("waited %d value %d\n", rc == SIGRTMIN + 1, si.si_value.sival_int);
    ts.tv_sec = 0;
    rc = sigtimedwait(&set, &si, &ts);
    printf("timeout %d %s\n", rc, strerror(errno));
    // A handler with SA_RESTART in the middle of a read.
    int p[2];
    char c = 0;
    struct itimerval it = {{0, 0}, {0, 20000}};
    struct sigaction sr = {.sa_handler = note, .sa_flags = SA_RESTART};
    pipe(p);
    sigaction(SIGALRM, &sr, NULL);
    fflush(stdout);
    seen = 0;
    pid_t pid = fork();
    if (!pid) {
        usleep(100000);
        write(p[1], "x", 1);
        _exit(0);
    }
    setitimer(ITIMER_REAL, &it, NULL);
    rc = (int)read(p[0], &c, 1);
    printf("restarted read %d %c alarm %d\n", rc, c, seen == SIGALRM);
    sr.sa_flags = 0;
    sigaction(SIGALRM, &sr, NULL);
    setitimer(ITIMER_REAL, &it, NULL);
    rc = (int)read(p[0], &c, 1);
    printf("ended read %d %s\n", rc, strerror(errno));
    waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
    for (int k = 1; k < argc; k++) {
        if (!strcmp(argv[k], "signals")) {
            signals();
        } else if (!strcmp(argv[k], "files")) {
            files();
        } else if (!strcmp(argv[k], "children")) {
            children();
        } else if (!strcmp(argv[k], "sockets")) {
            sockets();
        } else if (!strcmp(argv[k], "events")) {
            events();
        } else if (!strcmp(argv[k], "masks")) {
            masks();
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
