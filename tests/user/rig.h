// SPDX-License-Identifier: MIT
//
// Builds guest programs with the cross compilers and runs them under either engine or qemu-arm-static,
// each in a child process, with the output caught.
#ifndef TESTS_USER_RIG_H
#define TESTS_USER_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "user/user.h"

#define QEMU "qemu-arm-static"

enum runner { INTERPRETER, TRANSLATOR, OTHER };

struct program {
    const char *name, *cc, *flags, *source;
    const char *model; // NULL: the default
    char path[80];
};

static char rig_dir[] = "/tmp/yamato-user-XXXXXX";

static inline bool rig_have(const char *tool)
{
    char cmd[128];
    snprintf(cmd, sizeof cmd, "command -v %s >/dev/null 2>&1", tool);
    return !system(cmd);
}

// False, after saying so, when there is no cross compiler; a failure where all must be there.
static inline bool rig_build(struct program *p)
{
    char cmd[400];
    if (p->path[0]) {
        return true;
    }
    if (!rig_have(p->cc)) {
        if (getenv("CI")) {
            fail_msg("%s is not installed", p->cc);
        }
        printf("SKIP user: no %s (1 row)\n", p->cc);
        return false;
    }
    if (rig_dir[sizeof rig_dir - 2] == 'X') {
        assert_non_null(mkdtemp(rig_dir));
    }
    snprintf(p->path, sizeof p->path, "%s/%s", rig_dir, p->name);
    snprintf(cmd, sizeof cmd, "%s -static -O2 -w %s -o %s tests/user/guest/%s", p->cc, p->flags,
             p->path, p->source);
    assert_int_equal(system(cmd), 0);
    return true;
}

// Standard output of the program in out[n]; its status as a shell would see it.
static inline int rig_run(enum runner how, const struct program *p, const char *arg, char *out, size_t n)
{
    int fd[2], status;
    char *path = (char *)(uintptr_t)p->path;
    char *argv[] = {path, (char *)(uintptr_t)arg, NULL}, *envp[] = {"COLOUR=blue", NULL};
    char *other[] = {QEMU, path, (char *)(uintptr_t)arg, NULL};
    assert_int_equal(pipe(fd), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (!pid) {
        struct user_config cfg = {.model = p->model,
                                  .engine = how == TRANSLATOR ? CPU_ENGINE_TRANSLATOR
                                                              : CPU_ENGINE_INTERPRETER};
        struct err err = {0};
        dup2(fd[1], 1);
        close(fd[0]);
        close(fd[1]);
        alarm(120);
        if (how == OTHER) {
            dup2(open("/dev/null", O_WRONLY), 2);
            execvpe(QEMU, other, envp);
            _exit(99);
        }
        user_run(&cfg, argv, envp, &err);
        fprintf(stderr, "%s\n", err.msg);
        _exit(98);
    }
    close(fd[1]);
    size_t len = 0;
    for (ssize_t k; len < n - 1 && (k = read(fd[0], out + len, n - 1 - len)) > 0;) {
        len += (size_t)k;
    }
    out[len] = 0;
    close(fd[0]);
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Under both engines: the status, and the text contained in the output; under qemu the same output.
static inline void rig_check(struct program *p, const char *arg, int want_status, const char *want,
                             bool qemu)
{
    char out[8192], other[8192];
    if (!rig_build(p)) {
        return;
    }
    for (int how = INTERPRETER; how <= TRANSLATOR; how++) {
        int status = rig_run((enum runner)how, p, arg, out, sizeof out);
        if (!strstr(out, want)) {
            fail_msg("%s: no \"%s\" in:\n%s", arg, want, out);
        }
        assert_int_equal(status, want_status);
    }
    if (qemu && rig_have(QEMU)) {
        assert_int_equal(rig_run(OTHER, p, arg, other, sizeof other), want_status);
        assert_string_equal(out, other);
    }
}

static inline void rig_clean(struct program *p, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        if (p[k].path[0]) {
            unlink(p[k].path);
        }
    }
    if (rig_dir[sizeof rig_dir - 2] != 'X') {
        rmdir(rig_dir);
    }
}

#endif
