// SPDX-License-Identifier: MIT
//
// Sharing, measured: one machine mediated beside unmediated, one beside eight, equal and weighted
// shares over time, a lone busy machine among idle ones, what idle ones cost. Rounds alternate,
// ratios are of CPU time where the host is busy with other things. Prints; judges nothing. usage:
// share [SECONDS] [BACKEND...]
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/bits.h"
#include "base/err.h"
#include "mdev/profile.h"
#include "tests/mdev/live/live.h"

enum { VMS = 8, ROUNDS = 7, IDLE = 64, WINDOWS = 400 };

static double seconds = 1.0;

static double cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void nap(double s)
{
    struct timespec ts = {(time_t)s, (long)((s - (double)(time_t)s) * 1e9)};
    nanosleep(&ts, NULL);
}

static struct mdev *mdev_of(const char *backend, bool unmediated)
{
    const struct mdev_config mc = {.backend = backend, .unmediated = unmediated};
    struct err err = {0};
    struct mdev *m = mdev_create(&mc, &err);
    if (!m) {
        printf("%-5s not here: %s\n", backend, err.msg);
    }
    return m;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, unsigned n)
{
    qsort(v, n, sizeof *v, by_value);
    return v[n / 2];
}

static const struct live_scene *scene_for(const char *backend)
{
    static const struct live_scene real = {
        .width = 400, .height = 240, .triangles = 40, .depth = 2};
    static const struct live_scene decode = {
        .width = 400, .height = 240, .triangles = 400, .depth = 2};
    static const struct live_scene large = {
        .width = 640, .height = 400, .triangles = 40, .depth = 3};
    return !strcmp(backend, "null") ? &decode : !strcmp(backend, "gl") ? &large : &real;
}

// Frames a second of CPU of n machines.
static double rate(const char *backend, bool unmediated, bool profiled, unsigned n, double *fps)
{
    struct profile *p = profile_create(0);
    struct mdev *m = mdev_of(backend, unmediated);
    struct live_vm *vm = calloc(n, sizeof *vm);
    uint64_t frames = 0, t;
    double cpu;
    for (unsigned i = 0; i < n; i++) {
        char name[16];
        snprintf(name, sizeof name, "vm%u", i);
        if (!live_open(&vm[i], m, name, scene_for(backend))) {
            exit(2);
        }
    }
    for (unsigned i = 0; i < n; i++) { // caches and translations of the host
        for (unsigned k = 0; k < 3; k++) {
            live_frame(&vm[i], k);
        }
    }
    for (unsigned i = 0; i < n && profiled; i++) {
        vgpu_wait_idle(vm[i].vgpu, 1000000000u);
        profile_attach(p, vm[i].vgpu);
    }
    cpu = cpu_s();
    t = live_ns();
    for (unsigned i = 0; i < n; i++) {
        live_start(&vm[i]);
    }
    nap(seconds);
    for (unsigned i = 0; i < n; i++) {
        atomic_store(&vm[i].stop, true);
    }
    for (unsigned i = 0; i < n; i++) {
        live_stop(&vm[i]);
        frames += atomic_load(&vm[i].frames) + LIVE_AHEAD;
    }
    cpu = cpu_s() - cpu;
    *fps = (double)frames / ((double)(live_ns() - t) / 1e9);
    for (unsigned i = 0; i < n; i++) {
        live_close(&vm[i]);
    }
    free(vm);
    mdev_destroy(m);
    profile_destroy(p);
    return (double)frames / cpu;
}

static void bench_rates(const char *backend)
{
    double direct[ROUNDS], one[ROUNDS], eight[ROUNDS], a[ROUNDS], b[ROUNDS], c[ROUNDS], fps[3],
        unused;
    for (unsigned r = 0; r < ROUNDS; r++) {
        direct[r] = rate(backend, true, false, 1, &fps[0]);
        one[r] = rate(backend, false, false, 1, &fps[1]);
        c[r] = rate(backend, false, true, 1, &unused) / one[r];
        eight[r] = rate(backend, false, false, VMS, &fps[2]);
        a[r] = one[r] / direct[r];
        b[r] = eight[r] / one[r];
    }
    printf("%-5s one machine: %.0f frames a CPU second unmediated, %.0f mediated: %.1f %% (median "
           "of %d)\n",
           backend, median(direct, ROUNDS), median(one, ROUNDS), 100 * median(a, ROUNDS), ROUNDS);
    printf("%-5s one machine with the profile on: %.1f %% of its frames a CPU second\n", backend,
           100 * median(c, ROUNDS));
    printf("%-5s eight machines together: %.1f %% of one machine's frames a CPU second; last round "
           "%.0f, %.0f, "
           "%.0f frames a second\n",
           backend, 100 * median(b, ROUNDS), fps[0], fps[1], fps[2]);
}

static double jain(const double *x, unsigned n)
{
    double s = 0, q = 0;
    for (unsigned i = 0; i < n; i++) {
        s += x[i];
        q += x[i] * x[i];
    }
    return q > 0 ? s * s / (n * q) : 1;
}

static uint64_t engine_ns(struct vgpu *v)
{
    struct vgpu_stats st;
    vgpu_stats(v, &st);
    return st.engine_ns;
}

static void bench_shares(const char *backend, const unsigned *weights, const char *what)
{
    struct mdev *m = mdev_of(backend, false);
    static double got[WINDOWS][VMS];
    struct live_vm *vm = calloc(VMS, sizeof *vm);
    unsigned n = weights ? 4 : VMS, windows = (unsigned)(seconds * 50);
    double tenth[WINDOWS], second[WINDOWS], total[VMS] = {0}, sum = 0, wsum = 0, off = 0;
    uint64_t last[VMS], t;
    windows = windows < WINDOWS ? windows : WINDOWS;
    for (unsigned i = 0; i < n; i++) {
        if (!live_open(&vm[i], m, "vm", scene_for(backend))) {
            exit(2);
        }
        for (unsigned k = 0; k < 3; k++) { // the host compiles programs: nobody's share
            live_frame(&vm[i], k);
        }
        if (weights) {
            vgpu_set_weight(vm[i].vgpu, weights[i]);
        }
    }
    for (unsigned i = 0; i < n; i++) {
        live_start(&vm[i]);
    }
    nap(0.3);
    for (unsigned i = 0; i < n; i++) {
        last[i] = engine_ns(vm[i].vgpu);
    }
    t = live_ns();
    for (unsigned w = 0; w < windows;
         w++) { // windows of the engine's time: the host is others', too
        uint64_t now[VMS], all;
        do {
            nap(0.001);
            all = 0;
            for (unsigned i = 0; i < n; i++) {
                now[i] = engine_ns(vm[i].vgpu);
                all += now[i] - last[i];
            }
        } while (all < 100000000u);
        for (unsigned i = 0; i < n; i++) {
            got[w][i] = (double)(now[i] - last[i]);
            total[i] += got[w][i];
            last[i] = now[i];
        }
        if (live_ns() - t > 30000000000u) {
            windows = w + 1;
        }
    }
    for (unsigned i = 0; i < n; i++) {
        atomic_store(&vm[i].stop, true);
    }
    for (unsigned i = 0; i < n; i++) {
        live_stop(&vm[i]);
        live_close(&vm[i]);
    }
    free(vm);
    mdev_destroy(m);
    if (weights) {
        for (unsigned i = 0; i < n; i++) {
            sum += total[i];
            wsum += weights[i];
        }
        for (unsigned i = 0; i < n; i++) {
            double d = total[i] / sum / (weights[i] / wsum) - 1;
            off = d > off ? d : -d > off ? -d : off;
        }
        printf("%-5s %s: shares %.4f %.4f %.4f %.4f, off by %.2f %% at worst in %.1f s\n", backend,
               what, total[0] / sum, total[1] / sum, total[2] / sum, total[3] / sum, 100 * off,
               (double)windows / 10);
        return;
    }
    for (unsigned w = 0; w < windows; w++) {
        tenth[w] = jain(got[w], n);
    }
    unsigned k = 0;
    for (unsigned w = 0; w + 10 <= windows; w++) {
        double x[VMS] = {0};
        for (unsigned j = 0; j < 10; j++) {
            for (unsigned i = 0; i < n; i++) {
                x[i] += got[w + j][i];
            }
        }
        second[k++] = jain(x, n);
    }
    qsort(tenth, windows, sizeof *tenth, by_value);
    qsort(second, k, sizeof *second, by_value);
    printf("%-5s %s: Jain index in 100 ms: median %.4f, 5th percentile %.4f, worst %.4f; a second: "
           "worst %.4f\n",
           backend, what, tenth[windows / 2], tenth[windows / 20], tenth[0], k ? second[0] : 1);
}

static void bench_lone(void)
{
    struct mdev *m = mdev_of("soft", false);
    struct profile *p = profile_create(0);
    struct profile_sharing *sharing = calloc(1, sizeof *sharing);
    struct live_vm *vm = calloc(IDLE + 1, sizeof *vm);
    static const struct live_scene small = {.width = 64, .height = 64, .triangles = 1, .depth = 1};
    uint64_t t, e;
    double cpu, wall;
    for (unsigned i = 0; i < IDLE - 1; i++) {
        if (!live_open(&vm[i], m, "idle", &small)) {
            exit(2);
        }
        live_frame(&vm[i], 0);
    }
    nap(0.2);
    cpu = cpu_s();
    t = live_ns();
    nap(seconds);
    wall = (double)(live_ns() - t) / 1e9;
    printf("%u idle vGPUs: %.3f %% of a processor\n", IDLE - 1, 100 * (cpu_s() - cpu) / wall);
    if (!live_open(&vm[IDLE - 1], m, "busy", scene_for("soft"))) {
        exit(2);
    }
    profile_attach(p, vm[IDLE - 1].vgpu);
    live_start(&vm[IDLE - 1]);
    nap(0.2);
    e = engine_ns(vm[IDLE - 1].vgpu);
    t = live_ns();
    nap(seconds);
    printf("a lone busy machine among %u idle ones: engine busy %.1f %% of the time", IDLE - 1,
           100 * (double)(engine_ns(vm[IDLE - 1].vgpu) - e) / (double)(live_ns() - t));
    live_stop(&vm[IDLE - 1]);
    profile_share(p, sharing);
    printf(", idle though work was queued %.2f %%\n",
           100 * (double)sharing->bubble_ns / (double)sharing->span_ns);
    for (unsigned i = 0; i < IDLE; i++) {
        live_close(&vm[i]);
    }
    free(vm);
    free(sharing);
    mdev_destroy(m);
    profile_destroy(p);
}

int main(int argc, char **argv)
{
    static const char *const all[] = {"null", "soft", "gl"};
    static const unsigned weights[] = {100, 200, 400, 800};
    const char *const *names = all;
    unsigned n = ARRAY_LEN(all);
    if (argc > 1) {
        seconds = atof(argv[1]);
    }
    if (argc > 2) {
        names = (const char *const *)(argv + 2);
        n = (unsigned)argc - 2;
    }
    for (unsigned i = 0; i < n; i++) {
        struct mdev *m = mdev_of(names[i], false);
        if (!m) {
            continue;
        }
        mdev_destroy(m);
        bench_rates(names[i]);
        bench_shares(names[i], NULL, "eight equal machines");
        bench_shares(names[i], weights, "weights 1:2:4:8");
    }
    bench_lone();
    return 0;
}
