// SPDX-License-Identifier: MIT
//
// Captured frames over and over, as a guest that draws the same scene: what a frame costs once
// programs are made and textures loaded. The last submits of a capture are repeated; buffers that
// the capture marks as changed by the CPU are loaded again every time. Prints host milliseconds a
// frame on the backends asked for; fails only when work is done again that should have been kept
// (programs), or when the frame's memory differs between the backends by more than edges.
//
// usage: test_gl_frames [--backend NAME] [--submits K] [--frames N] [--no-generations] FILE...
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "base/bits.h"
#include "base/checked.h"
#include "base/err.h"
#include "gpu-model/gpu.h"
#include "gpu-model/rd.h"
#include "host-backends/backend.h"
#include "host-backends/gl/gl.h"

#define VA_BASE 0x01000000u
#define VA_SIZE 0x10000000u

struct load {
    uint32_t va, bytes;
    bool changed;
    uint8_t *data;
};
struct submit {
    struct load *loads;
    unsigned load_count;
    uint32_t stream[16][2];
    unsigned stream_count;
};
struct player {
    struct gpu_mem mem;
    struct gpu_env env;
    uint8_t *bytes;
    uint64_t *page_generation, generation;
    struct submit *submits;
    unsigned count;
    uint32_t gpu_id;
};

static bool inside(uint32_t va, size_t n)
{
    return va >= VA_BASE && range_ok(va - VA_BASE, n, VA_SIZE);
}

static bool mem_read(struct gpu_mem *m, uint32_t va, void *dst, size_t n)
{
    struct player *p = container_of(m, struct player, mem);
    if (!inside(va, n)) {
        memset(dst, 0, n);
        return false;
    }
    memcpy(dst, p->bytes + (va - VA_BASE), n);
    return true;
}

static void touch(struct player *p, uint32_t va, size_t n)
{
    p->generation++;
    for (uint32_t page = (va - VA_BASE) >> 12; page <= (va - VA_BASE + n - 1) >> 12; page++) {
        p->page_generation[page] = p->generation;
    }
}

static bool mem_write(struct gpu_mem *m, uint32_t va, const void *src, size_t n)
{
    struct player *p = container_of(m, struct player, mem);
    if (!n || !inside(va, n)) {
        return !n;
    }
    memcpy(p->bytes + (va - VA_BASE), src, n);
    touch(p, va, n);
    return true;
}

static const uint8_t *mem_span(struct gpu_mem *m, uint32_t va, size_t want, size_t *got)
{
    struct player *p = container_of(m, struct player, mem);
    *got = 0;
    if (!inside(va, 1)) {
        return NULL;
    }
    *got = want < VA_SIZE - (va - VA_BASE) ? want : VA_SIZE - (va - VA_BASE);
    return p->bytes + (va - VA_BASE);
}

static uint64_t mem_generation(struct gpu_mem *m, uint32_t va, size_t n)
{
    struct player *p = container_of(m, struct player, mem);
    uint64_t g = 1;
    if (!n || !inside(va, n)) {
        return 0;
    }
    for (uint32_t page = (va - VA_BASE) >> 12; page <= (va - VA_BASE + n - 1) >> 12; page++) {
        g = p->page_generation[page] > g ? p->page_generation[page] : g;
    }
    return g;
}

static const struct gpu_mem_ops mem_ops = {mem_read, mem_write, mem_span, mem_generation};
static const struct gpu_mem_ops plain_ops = {mem_read, mem_write, mem_span, NULL};

static const uint32_t *env_ib(struct gpu_env *env, uint32_t va, uint32_t ndw)
{
    struct player *p = container_of(env, struct player, env);
    return inside(va, 4 * (size_t)ndw) && va % 4 == 0
               ? (const uint32_t *)(const void *)(p->bytes + (va - VA_BASE))
               : NULL;
}

static const struct gpu_env_ops env_ops = {.ib = env_ib};

static struct submit *submit_new(struct player *p)
{
    p->submits = realloc(p->submits, (p->count + 1) * sizeof *p->submits);
    struct submit *s = &p->submits[p->count++];
    memset(s, 0, sizeof *s);
    return s;
}

static bool load_file(struct player *p, const char *path)
{
    struct err err = {0};
    struct rd_reader *rd = rd_open(path, &err);
    const uint8_t *data;
    uint32_t type, bytes, va = 0, size = 0;
    bool changed = true, closed = true;
    struct submit *s = NULL;

    if (!rd) {
        printf("%s: %s\n", path, err.msg);
        return false;
    }
    while (rd_next(rd, &type, &data, &bytes, &err) > 0) {
        if (type == RD_GPU_ID && bytes >= 4) {
            p->gpu_id = get_le32(data);
        } else if (type == RD_TEST) {
            const char *c = strstr((const char *)data, " changed=");
            changed = c ? c[9] != '0' : changed;
        } else if (type == RD_GPUADDR && bytes >= 8) {
            if (closed) {
                s = submit_new(p);
                closed = false;
            }
            va = get_le32(data);
            size = get_le32(data + 4);
        } else if (type == RD_BUFFER_CONTENTS && s && inside(va, size)) {
            s->loads = realloc(s->loads, (s->load_count + 1) * sizeof *s->loads);
            struct load *l = &s->loads[s->load_count++];
            *l = (struct load){va, bytes < size ? bytes : size, changed, NULL};
            l->data = malloc(l->bytes + 1);
            memcpy(l->data, data, l->bytes);
            changed = true;
        } else if (type == RD_CMDSTREAM_ADDR && s && s->stream_count < 16) {
            s->stream[s->stream_count][0] = get_le32(data);
            s->stream[s->stream_count++][1] = get_le32(data + 4);
            closed = true;
        }
    }
    rd_close(rd);
    return p->count > 0;
}

static void run_submit(struct player *p, struct gpu *gpu, const struct submit *s, bool first)
{
    for (unsigned i = 0; i < s->load_count; i++) {
        const struct load *l = &s->loads[i];
        if (first || l->changed) {
            memcpy(p->bytes + (l->va - VA_BASE), l->data, l->bytes);
            touch(p, l->va, l->bytes);
        }
    }
    for (unsigned i = 0; i < s->stream_count; i++) {
        uint32_t ring[3] = {0xc0013700, s->stream[i][0], s->stream[i][1] & 0xfffff};
        gpu_begin(gpu, 0, ring, 3);
        if (gpu_run(gpu, 0) != GPU_RUN_DONE) {
            printf("refused: %s\n", gpu_error(gpu));
        }
    }
}

static double now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

// Of all threads of this program: what a loaded machine still tells truly.
static double cpu_ms(void)
{
    return (double)clock() * 1e3 / CLOCKS_PER_SEC;
}

// Milliseconds a repetition of the last `last` submits, -1 when the file can not be played.
static double play(const char *path, const char *backend, unsigned last, unsigned frames,
                   bool plain, struct gl_counters *done)
{
    struct player p = {.mem = {plain ? &plain_ops : &mem_ops}, .env = {&env_ops}, .gpu_id = 200};
    struct backend_config bc = {.device = getenv("GL_DEVICE"), .threads = 2};
    struct err err = {0};
    char id[16];
    double ms = -1;

    p.bytes = mmap(NULL, VA_SIZE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    p.page_generation = calloc(VA_SIZE >> 12, sizeof *p.page_generation);
    struct gpu_backend *be = backend_create(backend, &bc, &err);
    if (!be || !load_file(&p, path) || be->ops->bind_thread(be, &err)) {
        printf("%s on %s: %s\n", path, backend, err.msg);
        exit(1);
    }
    snprintf(id, sizeof id, "%u", p.gpu_id);
    const struct gpu_profile *profile = gpu_profile_find(id);
    const struct gpu_context_config cc = {.mem = &p.mem, .gmem_bytes = profile->gmem_bytes};
    struct gpu_context *ctx = be->ops->context_create(be, &cc, &err);
    const struct gpu_config gc = {.profile = profile, .mem = &p.mem, .env = &p.env, .ctx = ctx};
    struct gpu *gpu = gpu_create(&gc, &err);

    for (unsigned i = 0; i < p.count; i++) {
        run_submit(&p, gpu, &p.submits[i], true);
    }
    last = last && last < p.count ? last : p.count;
    for (unsigned i = p.count - last; i < p.count; i++) { // warm
        run_submit(&p, gpu, &p.submits[i], false);
    }
    struct gl_counters c0 = {0}, c1 = {0};
    bool gl = !strcmp(backend, "gl");
    c0 = gl ? ((struct gl_backend *)(void *)be)->count : c0;
    double t0 = now_ms(), cpu = cpu_ms();
    for (unsigned f = 0; f < frames; f++) {
        for (unsigned i = p.count - last; i < p.count; i++) {
            run_submit(&p, gpu, &p.submits[i], false);
        }
    }
    ms = (now_ms() - t0) / frames;
    cpu = (cpu_ms() - cpu) / frames;
    c1 = gl ? ((struct gl_backend *)(void *)be)->count : c1;
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    printf("%-42s %-5s %8.2f ms a frame, %8.2f ms CPU", base, backend, ms, cpu);
    if (gl) {
        printf(" draws %llu programs %llu up %llu (%llu K) down %llu (%llu K) vertices %llu K "
               "merged %llu of passes %llu evicted %llu",
               (unsigned long long)(c1.draws - c0.draws) / frames,
               (unsigned long long)(c1.programs - c0.programs),
               (unsigned long long)(c1.uploads - c0.uploads) / frames,
               (unsigned long long)(c1.upload_bytes - c0.upload_bytes) / frames >> 10,
               (unsigned long long)(c1.downloads - c0.downloads) / frames,
               (unsigned long long)(c1.download_bytes - c0.download_bytes) / frames >> 10,
               (unsigned long long)(c1.vertex_bytes - c0.vertex_bytes) / frames >> 10,
               (unsigned long long)(c1.merged_tiles - c0.merged_tiles) / frames,
               (unsigned long long)(c1.passes - c0.passes) / frames,
               (unsigned long long)(c1.view_evictions - c0.view_evictions) / frames);
    }
    printf("\n");
    if (done) {
        done->programs = c1.programs - c0.programs;
        done->draws = c1.draws - c0.draws;
        done->merged_tiles = c1.merged_tiles - c0.merged_tiles;
        done->upload_bytes = c1.upload_bytes - c0.upload_bytes;
    }
    gpu_destroy(gpu);
    be->ops->context_destroy(ctx);
    backend_destroy(be);
    for (unsigned i = 0; i < p.count; i++) {
        for (unsigned k = 0; k < p.submits[i].load_count; k++) {
            free(p.submits[i].loads[k].data);
        }
        free(p.submits[i].loads);
    }
    free(p.submits);
    free(p.page_generation);
    munmap(p.bytes, VA_SIZE);
    return ms;
}

// The steady state costs nothing that the first frame has paid.
static int check_steady_state(void)
{
    const char *shared = getenv("YAMATO_SHARED");
    struct backend_config bc = {.device = getenv("GL_DEVICE")};
    struct gl_counters c = {0};
    struct err err = {0};
    struct stat st;
    char path[600];

    struct gpu_backend *be = backend_create("gl", &bc, &err);
    if (!be) {
        printf("SKIP test_gl_frames: %s\n", err.msg);
        return getenv("CI") ? 1 : 0;
    }
    backend_destroy(be);
    snprintf(path, sizeof path, "%s/a2xx-corpus/apps/glmark2-texture-linear.a200.800x600.rd.gz",
             shared ? shared : "../shared");
    if (stat(path, &st)) {
        printf("SKIP test_gl_frames: no shared data (0 rows)\n");
        return getenv("CI") ? 1 : 0;
    }
    play(path, "gl", 1, 4, false, &c);
    if (c.programs || c.draws != 4 || c.merged_tiles != 4 * 20 || c.upload_bytes) {
        printf(
            "FAIL: 4 frames made %llu programs, issued %llu draws, merged %llu tiles, loaded %llu "
            "bytes of textures\n",
            (unsigned long long)c.programs, (unsigned long long)c.draws,
            (unsigned long long)c.merged_tiles, (unsigned long long)c.upload_bytes);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *backend = "gl";
    unsigned submits = 1, frames = 10;
    bool plain = false;
    if (argc == 1) {
        return check_steady_state();
    }
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--backend") && i + 1 < argc) {
            backend = argv[++i];
        } else if (!strcmp(argv[i], "--submits") && i + 1 < argc) {
            submits = (unsigned)atoi(argv[++i]);
        } else if (!strcmp(argv[i], "--frames") && i + 1 < argc) {
            frames = (unsigned)atoi(argv[++i]);
        } else if (!strcmp(argv[i], "--no-generations")) {
            plain = true;
        } else {
            play(argv[i], backend, submits, frames, plain, NULL);
        }
    }
    return 0;
}
