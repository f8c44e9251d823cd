// SPDX-License-Identifier: MIT
//
// Runs a command and copies its lines, each with the CPU seconds (user and system, all threads) that
// the command has used until it said the line; at its end a line "exit STATUS" with the whole. Input
// is empty. usage: stamp SECONDS COMMAND...   (killed after SECONDS of real time)
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <fcntl.h>
#include <unistd.h>

static double seconds_of(clockid_t clock)
{
    struct timespec t = {0};
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    char line[1024];
    size_t n = 0;
    int fds[2], status = 0;
    struct rusage ru;
    clockid_t clock;
    if (argc < 3 || pipe(fds)) {
        fprintf(stderr, "usage: stamp SECONDS COMMAND...\n");
        return 2;
    }
    double end = seconds_of(CLOCK_MONOTONIC) + atof(argv[1]);
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDONLY);
        dup2(null, 0);
        dup2(fds[1], 1);
        close(fds[0]);
        close(fds[1]);
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    close(fds[1]);
    if (pid < 0 || clock_getcpuclockid(pid, &clock)) {
        return 2;
    }
    for (;;) {
        struct pollfd p = {fds[0], POLLIN, 0};
        double left = end - seconds_of(CLOCK_MONOTONIC);
        char c;
        if (left <= 0 || poll(&p, 1, (int)(left * 1000) + 1) <= 0) {
            fprintf(stderr, "stamp: too slow, killed: %s\n", argv[2]);
            kill(pid, SIGKILL);
            break;
        }
        if (read(fds[0], &c, 1) != 1) {
            break;
        }
        if (c == '\n') {
            line[n] = 0;
            printf("%.4f\t%s\n", seconds_of(clock), line);
            fflush(stdout);
            n = 0;
        } else if (c != '\r' && n < sizeof line - 1) {
            line[n++] = c;
        }
    }
    wait4(pid, &status, 0, &ru);
    printf("%.4f\texit %d\n",
           (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
               (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6,
           WIFEXITED(status) ? WEXITSTATUS(status) : 128);
    return 0;
}
