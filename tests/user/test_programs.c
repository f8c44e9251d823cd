// SPDX-License-Identifier: MIT
//
// A program built with the cross compiler runs under both engines and, where it is installed, under
// qemu-arm-static: the same text and the same status everywhere.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "user/user.h"

#define CC "arm-linux-gnueabihf-gcc"
#define QEMU "qemu-arm-static"

enum runner { INTERPRETER, TRANSLATOR, OTHER };

static char dir[] = "/tmp/yamato-user-XXXXXX";
static char prog[64];

static bool have(const char *tool)
{
    char cmd[128];
    snprintf(cmd, sizeof cmd, "command -v %s >/dev/null 2>&1", tool);
    return !system(cmd);
}

// False, after saying so, when there is no cross compiler; a failure where all must be there.
static bool build(void)
{
    char cmd[256];
    if (prog[0]) {
        return true;
    }
    if (!have(CC)) {
        if (getenv("CI")) {
            fail_msg("%s is not installed", CC);
        }
        printf("SKIP user: no " CC " (4 rows)\n");
        return false;
    }
    assert_non_null(mkdtemp(dir));
    snprintf(prog, sizeof prog, "%s/calls", dir);
    snprintf(cmd, sizeof cmd, CC " -static -O2 -w -o %s tests/user/guest/calls.c -lm", prog);
    assert_int_equal(system(cmd), 0);
    return true;
}

static int run(enum runner how, const char *arg, char *out, size_t n)
{
    int fd[2], status;
    char *argv[] = {prog, (char *)(uintptr_t)arg, NULL}, *envp[] = {"COLOUR=blue", NULL};
    char *other[] = {QEMU, prog, (char *)(uintptr_t)arg, NULL};
    assert_int_equal(pipe(fd), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (!pid) {
        struct user_config cfg = {.engine = how == TRANSLATOR ? CPU_ENGINE_TRANSLATOR
                                                              : CPU_ENGINE_INTERPRETER};
        struct err err = {0};
        dup2(fd[1], 1);
        close(fd[0]);
        close(fd[1]);
        alarm(20);
        if (how == OTHER) {
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

static void check(const char *arg, int want_status, const char *want)
{
    char out[4096], other[4096];
    if (!build()) {
        return;
    }
    for (int how = INTERPRETER; how <= TRANSLATOR; how++) {
        int status = run((enum runner)how, arg, out, sizeof out);
        if (!strstr(out, want)) {
            fail_msg("%s: no \"%s\" in:\n%s", arg, want, out);
        }
        assert_int_equal(status, want_status);
        if (have(QEMU)) {
            assert_int_equal(run(OTHER, arg, other, sizeof other), want_status);
            assert_string_equal(out, other);
        }
    }
}

static void arguments_floats_and_the_environment_arrive(void **state)
{
    (void)state;
    check("hello", 42, "hello 1.414213562373 35273368289241 blue\n");
}

static void files_are_the_hosts(void **state)
{
    (void)state;
    check("files", 42, "pipe 5 child exit 9\n");
}

static void memory_and_fresh_code(void **state)
{
    (void)state;
    check("memory", 42, "code 1\ncode 2\ncode 3\n");
}

static void signals_are_delivered_and_returned_from(void **state)
{
    (void)state;
    check("signals", 42, "alarm in a loop 1\nalarm in a sleep -1 Interrupted system call\n"
                         "read-only 1 code 2 at 5\nunmapped code 1 at 7\n");
}

static void a_crash_is_the_programs_own(void **state)
{
    (void)state;
    check("crash", 139, "");
}

static void what_is_no_program_is_refused(void **state)
{
    struct user_config cfg = {0};
    struct err err = {0};
    char *argv[] = {"Makefile", NULL}, *envp[] = {NULL};
    (void)state;
    assert_true(user_run(&cfg, argv, envp, &err) < 0);
    assert_non_null(strstr(err.msg, "no 32-bit little-endian ARM program"));
}

static int remove_dir(void **state)
{
    (void)state;
    if (prog[0]) {
        unlink(prog);
        rmdir(dir);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_floats_and_the_environment_arrive),
        cmocka_unit_test(files_are_the_hosts),
        cmocka_unit_test(memory_and_fresh_code),
        cmocka_unit_test(signals_are_delivered_and_returned_from),
        cmocka_unit_test(a_crash_is_the_programs_own),
        cmocka_unit_test(what_is_no_program_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, remove_dir);
}
