// SPDX-License-Identifier: MIT
//
// Runs a command that shows glmark2's output (natively, or a guest's console on standard output) and
// writes a row for each scene: how long its frames took on the host and which threads used how much
// processor time meanwhile. A guest's own clock need not be the host's, so only the host's counts.
// Left out: what other processes do for the command (an X server that presents).
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_GROUPS = 32, NAME = 32, LINE = 1024 };

struct group { // threads of one name
    char name[NAME];
    uint64_t ns;
};
struct sample {
    uint64_t wall_ns, cpu_ns;
    unsigned count;
    struct group group[MAX_GROUPS];
};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool read_line(const char *path, char *buf, size_t n)
{
    FILE *f = fopen(path, "re");
    bool ok = f && fgets(buf, (int)n, f);
    if (f) {
        fclose(f);
    }
    if (ok) {
        buf[strcspn(buf, "\n")] = 0;
    }
    return ok;
}

// "llvmpipe-0" and "llvmpipe-1" are one group; blanks would split a column.
static void tidy(char *name)
{
    size_t n = strlen(name);
    while (n && (name[n - 1] == '-' || (name[n - 1] >= '0' && name[n - 1] <= '9'))) {
        name[--n] = 0;
    }
    for (char *c = name; *c; c++) {
        *c = *c == ' ' || *c == '=' ? '_' : *c;
    }
}

static void add(struct sample *s, const char *name, uint64_t ns)
{
    unsigned i = 0;
    while (i < s->count && strcmp(s->group[i].name, name)) {
        i++;
    }
    if (i == MAX_GROUPS) {
        i--;
    } else if (i == s->count) {
        snprintf(s->group[s->count++].name, NAME, "%s", name);
    }
    s->group[i].ns += ns;
    s->cpu_ns += ns;
}

static void take(pid_t pid, struct sample *s)
{
    char path[128], text[128], name[NAME];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    memset(s, 0, sizeof *s);
    s->wall_ns = now_ns();
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        long tid = strtol(e->d_name, NULL, 10);
        if (tid <= 0) {
            continue;
        }
        snprintf(path, sizeof path, "/proc/%d/task/%ld/schedstat", (int)pid, tid);
        if (!read_line(path, text, sizeof text)) {
            continue;
        }
        uint64_t ns = strtoull(text, NULL, 10);
        snprintf(path, sizeof path, "/proc/%d/task/%ld/comm", (int)pid, tid);
        if (!read_line(path, name, sizeof name)) {
            continue;
        }
        tidy(name);
        add(s, tid == pid ? "main" : name, ns);
    }
    if (d) {
        closedir(d);
    }
}

static uint64_t of_group(const struct sample *s, const char *name)
{
    for (unsigned i = 0; i < s->count; i++) {
        if (!strcmp(s->group[i].name, name)) {
            return s->group[i].ns;
        }
    }
    return 0;
}

// scene, frames, frames a second by its own clock, wall ms, CPU ms, of which raster ms, the rest by
// thread
static bool row(FILE *out, const char *line, const struct sample *a, const struct sample *b)
{
    const char *frames = strstr(line, "nframes="), *end = strchr(line, ']');
    const char *fps = strstr(line, " FPS:");
    if (line[0] != '[' || !frames || !end || !fps) {
        return false;
    }
    unsigned long count = strtoul(frames + 8, NULL, 10), rate = strtoul(fps + 5, NULL, 10);
    if (count >= 10 * rate) { // glmark2 ends a scene after ten seconds of its clock
        fprintf(stderr, "gpu: too slow to finish, left out: %s\n", line);
        return false;
    }
    fprintf(out, "%.*s", (int)(end - line - 1), line + 1);
    // the options without the frame count, which comes anywhere among them
    for (const char *o = end + 2; o < fps - 1;) {
        size_t n = strcspn(o, ":");
        if (n && strncmp(o, "nframes=", 8)) {
            fprintf(out, ":%.*s", (int)n, o);
        }
        o += n + 1;
    }
    uint64_t raster = of_group(b, "llvmpipe") - of_group(a, "llvmpipe");
    fprintf(out, "\t%lu\t%lu\t%.3f\t%.3f\t%.3f\t", count, rate,
            (double)(b->wall_ns - a->wall_ns) / 1e6, (double)(b->cpu_ns - a->cpu_ns) / 1e6,
            (double)raster / 1e6);
    for (unsigned i = 0; i < b->count; i++) {
        uint64_t ns = b->group[i].ns - of_group(a, b->group[i].name);
        if (ns > 1000000 && strcmp(b->group[i].name, "llvmpipe")) {
            fprintf(out, "%s=%.3f,", b->group[i].name, (double)ns / 1e6);
        }
    }
    fprintf(out, "\n");
    fflush(out);
    return true;
}

static pid_t start(char **argv, int *console)
{
    int out[2], in[2];
    if (pipe(out) || pipe(in)) {
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0) {
        dup2(in[0], 0); // stays open and silent
        dup2(out[1], 1);
        close(out[0]);
        execvp(argv[0], argv);
        fprintf(stderr, "gpu: cannot run %s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    close(out[1]);
    close(in[0]);
    *console = out[0];
    return pid;
}

int main(int argc, char **argv)
{
    static char line[LINE];
    static struct sample begin, end;
    int console = -1;
    if (argc < 5) {
        fprintf(stderr, "usage: gpu OUT.tsv LOG SECONDS COMMAND...\n");
        return 2;
    }
    FILE *out = fopen(argv[1], "we"), *log = fopen(argv[2], "we");
    uint64_t limit = now_ns() + strtoull(argv[3], NULL, 10) * 1000000000u;
    pid_t pid = out && log ? start(argv + 4, &console) : -1;
    if (pid < 0) {
        fprintf(stderr, "gpu: cannot start: %s\n", strerror(errno));
        return 2;
    }
    size_t len = 0;
    unsigned rows = 0;
    bool score = false;
    while (!score && now_ns() < limit) {
        char buf[512];
        struct pollfd p = {console, POLLIN, 0};
        ssize_t n = poll(&p, 1, 1000) > 0 ? read(console, buf, sizeof buf) : -1;
        if (n == 0) {
            break;
        }
        for (ssize_t i = 0; i < n; i++) {
            fputc(buf[i], log);
            if (buf[i] == '\r') {
                continue;
            }
            if (buf[i] == '\n' || len == LINE - 1) {
                score |= strstr(line, "glmark2 Score") != NULL;
                rows += row(out, line, &begin, &end);
                len = 0;
                line[0] = 0;
                continue;
            }
            line[len++] = buf[i];
            line[len] = 0;
            if (buf[i] != ':' || line[0] != '[') {
                continue;
            }
            if (len > 5 && !strcmp(line + len - 5, " FPS:")) {
                take(pid, &end);
            } else if (!strstr(line, " FPS:")) {
                take(pid, &begin);
            }
        }
        fflush(log);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    fclose(out);
    fclose(log);
    return score && rows ? 0 : 1;
}
