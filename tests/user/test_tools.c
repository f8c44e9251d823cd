// SPDX-License-Identifier: MIT
//
// Trace, profile, coverage and perf's map of a program: what they say is true of it.
#include "tests/user/rig.h"

#include "cpu/tools.h"

static struct program bare = {"bare", "arm-linux-gnueabi-gcc",
                              "-march=armv4t -marm -nostdlib -ffreestanding", "bare.c", "arm920t", ""};

enum { TEXT = 1 << 20 };

// Runs the program with `cfg` and gives the text of FILE, or NULL where it cannot be built.
static char *with(struct user_config cfg, const char *file)
{
    char *argv[] = {bare.path, NULL}, *envp[] = {NULL};
    int status;
    pid_t pid;
    if (!rig_build(&bare)) {
        return NULL;
    }
    fflush(NULL);
    pid = fork();
    if (!pid) {
        struct err err = {0};
        dup2(open("/dev/null", O_WRONLY), 1);
        cfg.model = "arm920t";
        user_run(&cfg, argv, envp, &err);
        fprintf(stderr, "%s\n", err.msg);
        _exit(98);
    }
    waitpid(pid, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 23);
    char *text = calloc(TEXT, 1);
    if (!strcmp(file, "PID")) {
        char name[40];
        snprintf(name, sizeof name, "/tmp/perf-%d.map", (int)pid);
        FILE *f = fopen(name, "r");
        assert_non_null(f);
        (void)!fread(text, 1, TEXT - 1, f);
        fclose(f);
        unlink(name);
        return text;
    }
    FILE *f = fopen(file, "r");
    assert_non_null(f);
    (void)!fread(text, 1, TEXT - 1, f);
    fclose(f);
    unlink(file);
    return text;
}

static void the_profile_names_the_function(void **state)
{
    char file[100], stacks[120];
    (void)state;
    snprintf(file, sizeof file, "%s.profile", bare.name);
    snprintf(stacks, sizeof stacks, "%s.stacks", file);
    for (int e = 0; e < 2; e++) {
        char *text = with((struct user_config){.profile = file, .engine = (enum cpu_engine)e}, file);
        if (text) {
            assert_non_null(strstr(text, "100.00%"));
            assert_non_null(strstr(text, "  _start\n"));
            assert_int_equal(unlink(stacks), 0);
        }
        free(text);
    }
}

static void coverage_lists_what_ran_and_nothing_else(void **state)
{
    (void)state;
    char *text = with((struct user_config){.coverage = "bare.coverage"}, "bare.coverage");
    if (text) {
        assert_non_null(strstr(text, "\na32.SVC\n"));
        assert_null(strstr(text, "t16."));
        assert_null(strstr(text, "vfp."));
        assert_null(strstr(text, "a32.LDREX"));
    }
    free(text);
}

static void the_trace_has_every_instruction(void **state)
{
    (void)state;
    // The program's loop is long: only where it jumps.
    char *text = with((struct user_config){.trace = "bare.trace", .trace_what = "branches"}, "bare.trace");
    if (text) {
        assert_non_null(strstr(text, " -> "));
    }
    free(text);
}

static void perf_learns_names_of_blocks(void **state)
{
    (void)state;
    char *text = with((struct user_config){.perf = "map", .engine = CPU_ENGINE_TRANSLATOR}, "PID");
    unsigned long at, bytes;
    char name[64];
    if (text) {
        assert_int_equal(sscanf(text, "%lx %lx %63s", &at, &bytes, name), 3);
        assert_true(bytes > 0 && bytes < 1 << 16);
    }
    free(text);
}

static void wrong_words_are_named(void **state)
{
    struct err err = {0};
    char *argv[] = {bare.path, NULL}, *envp[] = {NULL};
    (void)state;
    if (!rig_build(&bare)) {
        return;
    }
    struct user_config cfg = {.model = "arm920t", .trace = "-", .trace_what = "regs,colours"};
    assert_true(user_run(&cfg, argv, envp, &err) < 0);
    assert_non_null(strstr(err.msg, "colours"));
    cfg = (struct user_config){.model = "arm920t", .trace = "/nowhere/at/all"};
    assert_true(user_run(&cfg, argv, envp, &err) < 0);
    assert_non_null(strstr(err.msg, "/nowhere/at/all"));
}

static int clean(void **state)
{
    (void)state;
    rig_clean(&bare, 1);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_profile_names_the_function),
        cmocka_unit_test(coverage_lists_what_ran_and_nothing_else),
        cmocka_unit_test(the_trace_has_every_instruction),
        cmocka_unit_test(perf_learns_names_of_blocks),
        cmocka_unit_test(wrong_words_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
