// SPDX-License-Identifier: MIT
//
// Programs built with the cross compilers run under both engines and, where it is installed, under
// qemu-arm-static: the same text and the same status everywhere. ARMv7 hard-float, ARMv5TE soft-float
// with the kernel's helpers instead of exclusives, and ARMv4T without a C library.
#include "tests/user/rig.h"

#include <elf.h>

#define GNUEABIHF "arm-linux-gnueabihf-gcc"
#define GNUEABI "arm-linux-gnueabi-gcc"

enum { CALLS, THREADS, CALLS_V5, THREADS_V5, BARE_V4, PROGRAMS };

static struct program programs[PROGRAMS] = {
    [CALLS] = {"calls", GNUEABIHF, "", "calls.c -lm", NULL, ""},
    [THREADS] = {"threads", GNUEABIHF, "-pthread", "threads.c", NULL, ""},
    [CALLS_V5] = {"calls5", GNUEABI, "", "calls.c -lm", "arm926", ""},
    [THREADS_V5] = {"threads5", GNUEABI, "-pthread", "threads.c", "arm926", ""},
    [BARE_V4] = {"bare4", GNUEABI, "-march=armv4t -marm -nostdlib -ffreestanding", "bare.c", "arm920t",
                 ""},
};

static void arguments_floats_and_the_environment_arrive(void **state)
{
    (void)state;
    rig_check(&programs[CALLS], "hello", 42, "hello 1.414213562373 35273368289241 blue\n", true);
}

static void files_are_the_hosts(void **state)
{
    (void)state;
    rig_check(&programs[CALLS], "files", 42, "pipe 5 child exit 9\n", true);
}

static void memory_and_fresh_code(void **state)
{
    (void)state;
    rig_check(&programs[CALLS], "memory", 42, "code 1\ncode 2\ncode 3\n", true);
}

static void signals_are_delivered_and_returned_from(void **state)
{
    (void)state;
    rig_check(&programs[CALLS], "signals", 42, "alarm in a loop 1\nalarm in a sleep -1 Interrupted system call\n"
                         "read-only 1 code 2 at 5\nunmapped code 1 at 7\n", true);
}

static void a_crash_is_the_programs_own(void **state)
{
    (void)state;
    rig_check(&programs[CALLS], "crash", 139, "", true);
}


static void children_and_sockets(void **state)
{
    (void)state;
    rig_check(&programs[CALLS], "children", 42, "exec of nothing -1 No such file or directory\n", true);
    rig_check(&programs[CALLS], "sockets", 42, "passed descriptor 4 pipe\n", true);
    rig_check(&programs[CALLS], "events", 42, "epoll 2\n", true);
}

static void masks_queues_and_stacks_of_signals(void **state)
{
    (void)state;
    rig_check(&programs[CALLS], "masks", 42, "queued 3 of 3\n", true);
}

// QEMU 7.2 is no judge here: it hangs where one thread runs code that another writes.
static void threads_share_memory_and_nothing_else(void **state)
{
    (void)state;
    rig_check(&programs[THREADS], "", 7, "count 160000 160000 2710000027100 sum 72\n", false);
    rig_check(&programs[THREADS], "", 7, "sleeper -1 Interrupted system call sig 10 self 1\n"
              "cancelled 1\njit bad 0\ncross jit bad 0\nrobust Owner died\n", false);
}

static void armv5_programs_use_the_kernels_helpers(void **state)
{
    (void)state;
    rig_check(&programs[CALLS_V5], "hello", 42, "hello 1.414213562373 35273368289241 blue\n", true);
    rig_check(&programs[CALLS_V5], "signals", 42, "read-only 1 code 2 at 5\n", true);
    rig_check(&programs[THREADS_V5], "", 7, "count 160000 160000 2710000027100 sum 72\n", false);
}

static void armv4t_programs_run(void **state)
{
    (void)state;
    rig_check(&programs[BARE_V4], "", 23, "armv4t 5000050000\n", false);
}

static void what_is_no_program_is_refused(void **state)
{
    struct user_config cfg = {0};
    struct err err = {0};
    char *argv[] = {"Makefile", NULL}, *envp[] = {NULL};
    (void)state;
    assert_true(user_run(&cfg, argv, envp, &err) < 0);
    assert_non_null(strstr(err.msg, "no 32-bit little-endian ARM program"));
    cfg.model = "z80";
    assert_true(user_run(&cfg, argv, envp, &err) < 0);
    assert_non_null(strstr(err.msg, "no CPU model 'z80'"));
}

static void old_abi_programs_are_refused_by_name(void **state)
{
    struct user_config cfg = {0};
    struct err err = {0};
    char name[100], cmd[300];
    char *argv[] = {name, NULL}, *envp[] = {NULL};
    const uint32_t flags = 0;
    (void)state;
    if (!rig_build(&programs[CALLS])) {
        return;
    }
    snprintf(name, sizeof name, "%s/oabi", rig_dir);
    snprintf(cmd, sizeof cmd, "cp %s %s", programs[CALLS].path, name);
    assert_int_equal(system(cmd), 0);
    int fd = open(name, O_WRONLY);
    assert_int_equal(pwrite(fd, &flags, 4, offsetof(Elf32_Ehdr, e_flags)), 4);
    close(fd);
    assert_true(user_run(&cfg, argv, envp, &err) < 0);
    assert_non_null(strstr(err.msg, "OABI"));
    unlink(name);
}

static int clean(void **state)
{
    (void)state;
    rig_clean(programs, PROGRAMS);
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
        cmocka_unit_test(children_and_sockets),
        cmocka_unit_test(masks_queues_and_stacks_of_signals),
        cmocka_unit_test(threads_share_memory_and_nothing_else),
        cmocka_unit_test(armv5_programs_use_the_kernels_helpers),
        cmocka_unit_test(armv4t_programs_run),
        cmocka_unit_test(what_is_no_program_is_refused),
        cmocka_unit_test(old_abi_programs_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
