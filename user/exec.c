// SPDX-License-Identifier: MIT
//
// execve: an ARM program runs under us again with the same options, whether it is named itself or as
// the interpreter of a script; anything else runs natively.
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/sys.h"

enum { ARGS_MAX = 65536, HEAD = 32, SCRIPT_DEPTH = 4, LINE = 256 };

// The strings of a vector of the program, behind the first `room` places of *out. How many, or a
// negative errno. The caller frees *out.
static int64_t strings(struct thread *t, uint32_t va, unsigned room, char ***out)
{
    unsigned n = 0;
    for (; va && n < ARGS_MAX; n++) {
        READS(w, va + 4 * n, 4)
        if (!get_le32(w)) {
            break;
        }
    }
    *out = calloc(room + n + 1, sizeof **out);
    if (!*out || n == ARGS_MAX) {
        return *out ? -E2BIG : -ENOMEM;
    }
    for (unsigned k = 0; k < n; k++) {
        READS(w, va + 4 * k, 4)
        (*out)[room + k] = (char *)(uintptr_t)space_str(t, get_le32(w));
        if (!(*out)[room + k]) {
            return -EFAULT;
        }
    }
    return n;
}

enum kind { KIND_OTHER, KIND_ARM, KIND_SCRIPT };

// What the file is; of a script its first line, without the mark.
static enum kind look_at(const char *path, char line[LINE])
{
    uint8_t head[LINE] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof head - 1);
    if (fd >= 0) {
        close(fd);
    }
    if (n >= 20 && !memcmp(head, ELFMAG "\1\1", 6) && get_le16(head + 18) == EM_ARM) {
        return KIND_ARM;
    }
    if (n > 2 && head[0] == '#' && head[1] == '!') {
        head[2 + strcspn((char *)head + 2, "\n")] = 0;
        snprintf(line, LINE, "%s", (char *)head + 2);
        return KIND_SCRIPT;
    }
    return KIND_OTHER;
}

// Splits a script's first line: the interpreter, and all the rest as one argument or NULL.
static char *split(char *line, char **arg)
{
    char *name = line + strspn(line, " \t"), *end = name + strcspn(name, " \t");
    *arg = NULL;
    if (*end) {
        *end++ = 0;
        end += strspn(end, " \t");
        for (size_t n = strlen(end); n && (end[n - 1] == ' ' || end[n - 1] == '\t');) {
            end[--n] = 0;
        }
        *arg = *end ? end : NULL;
    }
    return *name ? name : NULL;
}

// Our own words before the program; *n counts them.
static void own_words(const struct user_config *c, const char **head, unsigned *n)
{
    const struct {
        const char *option, *value;
    } pairs[] = {{"--cpu", c->model},
                 {"--engine", c->engine == CPU_ENGINE_TRANSLATOR ? "translator" : "interpreter"},
                 {"--root", c->root}, {"--trace", c->trace}, {"--trace-what", c->trace_what},
                 {"--profile", c->profile}, {"--coverage", c->coverage}, {"--perf", c->perf}};
    head[(*n)++] = "yamato";
    head[(*n)++] = "user";
    for (unsigned k = 0; k < ARRAY_LEN(pairs); k++) {
        if (pairs[k].value) {
            head[(*n)++] = pairs[k].option;
            head[(*n)++] = pairs[k].value;
        }
    }
    if (c->strace) {
        head[(*n)++] = "--strace";
    }
    if (c->quiet) {
        head[(*n)++] = "--quiet";
    }
}

static int64_t run_arm(struct thread *t, const char *path, char **argv, int64_t args, char **envp)
{
    const char *head[HEAD];
    unsigned k = 0;
    own_words(t->p->cfg, head, &k);
    if (args > 0) {
        head[k++] = "--argv0";
        head[k++] = argv[HEAD];
    }
    head[k++] = "--";
    head[k++] = path;
    // The program's own argv[0] gives way to our words.
    char **at = argv + HEAD + (args > 0) - k;
    memcpy(at, head, k * sizeof *at);
    signal_host_mask(t->blocked); // it is what the new program starts with
    execve("/proc/self/exe", at, envp);
    return -errno;
}

int64_t exec_program(struct thread *t, const char *path, uint32_t argv_va, uint32_t envp_va)
{
    char **argv = NULL, **envp = NULL, line[SCRIPT_DEPTH][LINE], buf[4096];
    const char *file = proc_is_exe(path) ? t->p->exe : path;
    int64_t rc = strings(t, argv_va, HEAD + 2 * SCRIPT_DEPTH, &argv), args = rc;
    char **first = argv ? argv + 2 * SCRIPT_DEPTH : NULL; // HEAD places stay free before the arguments
    if (rc >= 0) {
        rc = strings(t, envp_va, 0, &envp);
    }
    if (rc >= 0 && access(file, X_OK)) {
        rc = -errno;
    }
    for (unsigned depth = 0; rc >= 0; depth++) {
        enum kind kind = depth < SCRIPT_DEPTH ? look_at(file, line[depth]) : KIND_OTHER;
        char *arg, *name = kind == KIND_SCRIPT ? split(line[depth], &arg) : NULL;
        if (kind == KIND_ARM) {
            rc = run_arm(t, file, first, args, envp);
            break;
        }
        const char *where = name ? host_path(t->p, name, buf, sizeof buf) : NULL;
        if (!where || where == name) {
            // No script, or one for a program of the host's.
            execve(file, first + HEAD, envp);
            rc = -errno;
            break;
        }
        // INTERPRETER [ARGUMENT] FILE and the arguments behind argv[0].
        first[HEAD + (args > 0) - 1] = (char *)(uintptr_t)(depth ? file : path);
        args += args == 0;
        if (arg) {
            first--;
            args++;
            first[HEAD] = arg;
        }
        first--;
        args++;
        first[HEAD] = name;
        file = strdup(where); // this process is replaced, or the call fails: once
        if (!file) {
            rc = -ENOMEM;
        }
    }
    free(argv);
    free(envp);
    return rc;
}
