// SPDX-License-Identifier: MIT
//
// The corpus comparison harness; see corpus.h. Compiled into each backend's corpus test.

#include "tests/host-backends/corpus.h"

#include <dirent.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/png.h"
#include "gpu-model/rd.h"
#include "host-backends/backend.h"

#define TOLERANCE 2
#define EDGE_SHARE 0.005

const char *const corpus_class_names[CORPUS_CLASSES] = {
    "exact", "within 2/255", "edges only", "known", "no reference", "MISMATCH", "ERROR",
};

static const struct known {
    const char *pattern;
    double most;
    bool fine;
    const char *reason;
} known[] = {
#define KNOWN(pattern, most, fine, reason) {pattern, most, fine, reason},
#include "tests/host-backends/corpus_known.def"
#undef KNOWN
    {NULL, 0, false, NULL},
};

static const char *const folders[] = {"a2test", "armhf-debian", "apps", "gl21", "piglit", "hw"};

struct run {
    const struct corpus_options *opt;
    char root[512];
    struct corpus_result *results;
    unsigned count, next;
    pthread_mutex_t lock;
    bool backend_failed;
};

// ---- names ----------------------------------------------------------------------------------

// What fits into CI: one frame size of the small programs on every chip, and the small suites.
static bool in_subset(const char *name)
{
    static const char *const patterns[] = {
        "a2test/*.256x192.default", "piglit/*",          "gl21/*",
        "armhf-debian/*",           "apps/es2*.300x300", "hw/*",
    };
    for (unsigned i = 0; i < ARRAY_LEN(patterns); i++) {
        if (fnmatch(patterns[i], name, 0) == 0) {
            return true;
        }
    }
    return false;
}

// The reference of "folder/NAME.aGPU.WxH.MODE" is "ref/NAME.WxH", "folder/NAME.WxH.fN" or
// "folder/NAME".
static bool find_reference(const struct run *run, const char *name, const char *renderer,
                           char *path, size_t n)
{
    char stem[160], folder[16], tail[32], prefix[160];
    const char *slash = strchr(name, '/');
    snprintf(folder, sizeof(folder), "%.*s", (int)(slash - name), name);
    snprintf(stem, sizeof(stem), "%s", slash + 1);
    char *gpu = strstr(stem, ".a2");
    if (!gpu) {
        return false;
    }
    char *rest = strchr(gpu + 1, '.'); // ".WxH.MODE" or nothing
    snprintf(prefix, sizeof(prefix), "%.*s", (int)(gpu - stem), stem);
    if (rest) {
        char *mode = strchr(rest + 1, '.');
        size_t have = strlen(prefix);
        snprintf(prefix + have, sizeof(prefix) - have, "%.*s",
                 (int)(mode ? mode - rest : (long)strlen(rest)), rest);
    }
    snprintf(tail, sizeof(tail), ".%s.png", renderer);
    bool shared = !strcmp(folder, "a2test") || !strcmp(folder, "armhf-debian");
    char dir_path[640];
    snprintf(dir_path, sizeof(dir_path), "%s/%s", run->root, shared ? "ref" : folder);
    DIR *dir = opendir(dir_path);
    bool found = false;
    for (struct dirent *e; dir && !found && (e = readdir(dir));) {
        size_t len = strlen(e->d_name), pl = strlen(prefix), tl = strlen(tail);
        if (len >= pl + tl && !strncmp(e->d_name, prefix, pl) &&
            !strcmp(e->d_name + len - tl, tail)) {
            // between prefix and tail nothing, or a frame number
            found = len == pl + tl || !strncmp(e->d_name + pl, ".f", 2);
            found = found && (size_t)snprintf(path, n, "%s/%s", dir_path, e->d_name) < n;
        }
    }
    if (dir) {
        closedir(dir);
    }
    return found;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct corpus_result *)a)->name, ((const struct corpus_result *)b)->name);
}

static void list(struct run *run)
{
    for (unsigned f = 0; f < ARRAY_LEN(folders); f++) {
        char path[640];
        snprintf(path, sizeof(path), "%s/%s", run->root, folders[f]);
        DIR *dir = opendir(path);
        for (struct dirent *e; dir && (e = readdir(dir));) {
            size_t len = strlen(e->d_name);
            char name[160];
            if (len < 7 || strcmp(e->d_name + len - 6, ".rd.gz") ||
                (size_t)snprintf(name, sizeof(name), "%s/%.*s", folders[f], (int)(len - 6),
                                 e->d_name) >= sizeof(name)) {
                continue;
            }
            if ((run->opt->filter && !strstr(name, run->opt->filter)) ||
                (!run->opt->everything && !in_subset(name))) {
                continue;
            }
            run->results = realloc(run->results, (run->count + 1) * sizeof(*run->results));
            struct corpus_result *r = &run->results[run->count++];
            memset(r, 0, sizeof(*r));
            memcpy(r->name, name, sizeof(name));
        }
        if (dir) {
            closedir(dir);
        }
    }
    qsort(run->results, run->count, sizeof(*run->results), by_name);
}

// ---- comparing ------------------------------------------------------------------------------

static unsigned delta(const uint8_t *a, const uint8_t *b)
{
    unsigned d = 0;
    for (unsigned c = 0; c < 3; c++) {
        unsigned x = a[c] > b[c] ? a[c] - b[c] : b[c] - a[c];
        d = x > d ? x : d;
    }
    return d;
}

static const uint8_t *at(const struct picture *p, uint32_t x, uint32_t y)
{
    return p->rgba + 4 * ((size_t)y * p->width + x);
}

// A pixel is on an edge when one of the eight around it looks different in either picture.
static bool on_edge(const struct picture *p, uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
    for (uint32_t j = y ? y - 1 : 0; j <= y + 1 && j < h; j++) {
        for (uint32_t i = x ? x - 1 : 0; i <= x + 1 && i < w; i++) {
            if (delta(at(p, i, j), at(p, x, y)) > TOLERANCE) {
                return true;
            }
        }
    }
    return false;
}

struct score {
    uint32_t pixels, differing, off_edge, max_delta;
};

static struct score compare(const struct picture *mine, const struct picture *ref)
{
    struct score s = {0};
    uint32_t w = ref->width, h = ref->height;
    s.pixels = w * h;
    for (uint32_t y = 0; y < h; y++) {
        for (uint32_t x = 0; x < w; x++) {
            unsigned d = delta(at(mine, x, y), at(ref, x, y));
            s.max_delta = d > s.max_delta ? d : s.max_delta;
            if (d > TOLERANCE) {
                s.differing++;
                s.off_edge += !on_edge(ref, x, y, w, h) && !on_edge(mine, x, y, w, h);
            }
        }
    }
    return s;
}

static enum corpus_class classify(const struct score *s)
{
    if (s->max_delta == 0) {
        return CORPUS_EXACT;
    }
    if (s->max_delta <= TOLERANCE) {
        return CORPUS_CLOSE;
    }
    return s->differing <= EDGE_SHARE * s->pixels && s->off_edge == 0 ? CORPUS_EDGES
                                                                      : CORPUS_MISMATCH;
}

// Picture, reference and difference (eight times amplified) side by side.
static void write_png(const struct run *run, const char *name, const struct picture *mine,
                      const struct picture *ref)
{
    struct picture out = {0};
    char path[800], flat[160];
    uint32_t w = ref->width, h = ref->height;
    if (picture_init(&out, 3 * w, h, NULL)) {
        return;
    }
    for (uint32_t y = 0; y < h; y++) {
        for (uint32_t x = 0; x < w; x++) {
            const uint8_t *a = at(mine, x, y), *b = at(ref, x, y);
            uint8_t *o = out.rgba + 4 * ((size_t)y * 3 * w + x);
            for (unsigned c = 0; c < 4; c++) {
                int d = (a[c] > b[c] ? a[c] - b[c] : b[c] - a[c]) * 8;
                o[c] = c == 3 ? 255 : a[c];
                o[4 * w + c] = c == 3 ? 255 : b[c];
                o[8 * w + c] = (uint8_t)(c == 3 || d > 255 ? 255 : d);
            }
        }
    }
    snprintf(flat, sizeof(flat), "%s", name);
    for (char *p = flat; *p; p++) {
        *p = *p == '/' ? '_' : *p;
    }
    snprintf(path, sizeof(path), "%s/%s.png", run->opt->png_dir, flat);
    mkdir(run->opt->png_dir, 0777);
    picture_save_png(&out, path, NULL);
    picture_fini(&out);
}

// Compares with both references and keeps the better verdict.
static void judge(const struct run *run, const char *name, struct corpus_verdict *v,
                  const struct picture *mine, bool fine)
{
    static const char *const renderers[] = {"llvmpipe", "softpipe"};
    struct picture best = {0};
    v->cls = CORPUS_NO_REF;
    for (unsigned i = 0; i < ARRAY_LEN(renderers); i++) {
        struct picture ref = {0};
        char path[800];
        struct err err = {0};
        if (!find_reference(run, name, renderers[i], path, sizeof(path))) {
            continue;
        }
        if (picture_load_png(&ref, path, &err)) {
            snprintf(v->note, sizeof(v->note), "%s", err.msg);
            v->cls = CORPUS_ERROR;
            return;
        }
        if (!mine->rgba || mine->width < ref.width || mine->height < ref.height) {
            snprintf(v->note, sizeof(v->note), "picture is %ux%u, reference %ux%u", mine->width,
                     mine->height, ref.width, ref.height);
            v->cls = CORPUS_MISMATCH;
            v->pixels = v->differing = ref.width * ref.height;
            picture_fini(&ref);
            continue;
        }
        struct score s = compare(mine, &ref);
        if (!best.rgba || s.differing < v->differing ||
            (s.differing == v->differing && s.max_delta < v->max_delta)) {
            v->reference = renderers[i];
            v->pixels = s.pixels;
            v->differing = s.differing;
            v->off_edge = s.off_edge;
            v->max_delta = s.max_delta;
            v->cls = classify(&s);
            picture_fini(&best);
            best = ref;
        } else {
            picture_fini(&ref);
        }
    }
    if (best.rgba && run->opt->png_dir && !fine) {
        write_png(run, name, mine, &best);
    }
    picture_fini(&best);
    for (const struct known *k = known; v->cls == CORPUS_MISMATCH && k->pattern; k++) {
        if (fnmatch(k->pattern, name, 0) == 0 && v->differing <= k->most / 100 * v->pixels &&
            (k->fine || !fine)) {
            v->cls = CORPUS_KNOWN;
            v->reason = k->reason;
        }
    }
}

static void run_one(struct run *run, struct gpu_backend *be, const char *name,
                    struct corpus_verdict *v, bool fine)
{
    struct rd_replay_result res = {0};
    struct err err = {0};
    char path[800];
    const struct rd_replay_config cfg = {.backend = be, .scissor_br_inclusive = true};
    snprintf(path, sizeof(path), "%s/%s.rd.gz", run->root, name);
    v->ran = true;
    v->reference = "";
    v->cls = CORPUS_ERROR;
    if (rd_replay(path, &cfg, &res, &err)) {
        snprintf(v->note, sizeof(v->note), "%s", err.msg);
        return;
    }
    v->ms = (double)res.engine_ns / 1e6;
    snprintf(v->note, sizeof(v->note), "%s", res.error[0] ? res.error : res.surface);
    if (!res.error[0]) {
        judge(run, name, v, &res.pic, fine);
    }
    picture_fini(&res.pic);
}

static struct gpu_backend *backend_for(struct run *run, bool fine)
{
    struct err err = {0};
    const struct backend_config cfg = {.device = run->opt->device, .fine_snap = fine};
    struct gpu_backend *be = backend_create(run->opt->backend, &cfg, &err);
    if (!be || be->ops->bind_thread(be, &err)) {
        fprintf(stderr, "corpus: no backend %s: %s\n", run->opt->backend, err.msg);
        backend_destroy(be);
        pthread_mutex_lock(&run->lock);
        run->backend_failed = true;
        pthread_mutex_unlock(&run->lock);
        return NULL;
    }
    return be;
}

static void *worker(void *arg)
{
    struct run *run = arg;
    bool twice = !strcmp(run->opt->backend, "soft");
    struct gpu_backend *be = backend_for(run, false), *fine = twice ? backend_for(run, true) : NULL;
    while (be && (fine || !twice)) {
        pthread_mutex_lock(&run->lock);
        unsigned i = run->next < run->count ? run->next++ : run->count;
        pthread_mutex_unlock(&run->lock);
        if (i >= run->count) {
            break;
        }
        struct corpus_result *r = &run->results[i];
        run_one(run, be, r->name, &r->run[0], false);
        if (fine) {
            run_one(run, fine, r->name, &r->run[1], true);
        }
    }
    backend_destroy(be);
    backend_destroy(fine);
    return NULL;
}

// ---- reporting ------------------------------------------------------------------------------

static const char *why(const struct corpus_result *r)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct corpus_verdict *v = &r->run[i];
        if (v->ran && (v->reason || v->cls >= CORPUS_MISMATCH)) {
            return v->reason ? v->reason : v->note;
        }
    }
    return "";
}

static void print_markdown(const struct run *run, FILE *out)
{
    fprintf(out,
            "| capture | backend | result | reference | differing | max delta | ms | at 1/256 | "
            "why |\n|---|---|---|---|---:|---:|---:|---|---|\n");
    for (unsigned i = 0; i < run->count; i++) {
        const struct corpus_result *r = &run->results[i];
        const struct corpus_verdict *v = &r->run[0], *f = &r->run[1];
        fprintf(out, "| %s | %s | %s | %s | %u | %u | %.1f | %s | %s |\n", r->name,
                run->opt->backend, corpus_class_names[v->cls], v->reference, v->differing,
                v->max_delta, v->ms, f->ran ? corpus_class_names[f->cls] : "", why(r));
    }
}

static void print_text(const struct run *run)
{
    for (unsigned i = 0; i < run->count; i++) {
        const struct corpus_result *r = &run->results[i];
        const struct corpus_verdict *v = &r->run[0], *f = &r->run[1];
        printf("%-52s %-12s %-8s %6u differ, %5u off edges, max %3u, %7.1f ms", r->name,
               corpus_class_names[v->cls], v->reference, v->differing, v->off_edge, v->max_delta,
               v->ms);
        if (f->ran) {
            printf("; fine: %s %u", corpus_class_names[f->cls], f->differing);
        }
        printf("%s%s\n", *why(r) ? ": " : "", why(r));
    }
}

// One line of counts; true when nothing unexplained was seen.
static bool summary(const struct run *run, unsigned which)
{
    unsigned counts[CORPUS_CLASSES] = {0}, ran = 0;
    double ms = 0;
    for (unsigned i = 0; i < run->count; i++) {
        const struct corpus_verdict *v = &run->results[i].run[which];
        if (v->ran) {
            counts[v->cls]++;
            ms += v->ms;
            ran++;
        }
    }
    if (ran) {
        printf("corpus on %s%s: %u captures:", run->opt->backend, which ? " at 1/256" : "", ran);
        for (unsigned c = 0; c < CORPUS_CLASSES; c++) {
            printf(" %s %u%s", corpus_class_names[c], counts[c], c + 1 < CORPUS_CLASSES ? "," : "");
        }
        printf("; %.1f s in the engine\n", ms / 1000);
    }
    return counts[CORPUS_MISMATCH] + counts[CORPUS_ERROR] == 0;
}

// Rows that explained nothing are said, so that they can be taken out.
static void report_unused(const struct run *run)
{
    for (const struct known *k = known; k->pattern; k++) {
        bool used = false;
        for (unsigned i = 0; i < run->count; i++) {
            used = used || run->results[i].run[0].reason == k->reason ||
                   run->results[i].run[1].reason == k->reason;
        }
        if (!used) {
            printf("corpus_known.def: nothing on %s needs the row %s\n", run->opt->backend,
                   k->pattern);
        }
    }
}

int corpus_run(const struct corpus_options *opt)
{
    struct run run = {.opt = opt, .lock = PTHREAD_MUTEX_INITIALIZER};
    const char *shared = getenv("YAMATO_SHARED");
    struct stat st;
    pthread_t thread[16];
    unsigned jobs = opt->jobs ? opt->jobs < 16 ? opt->jobs : 16 : 1;

    snprintf(run.root, sizeof(run.root), "%s/a2xx-corpus", shared ? shared : "../shared");
    if (stat(run.root, &st)) {
        printf("SKIP corpus on %s: no shared data (0 rows)\n", opt->backend);
        return getenv("CI") ? 2 : 77;
    }
    list(&run);
    if (!run.count) {
        fprintf(stderr, "corpus: no capture matches\n");
        return 2;
    }
    for (unsigned i = 0; i < jobs; i++) {
        if (pthread_create(&thread[i], NULL, worker, &run)) {
            jobs = i;
        }
    }
    for (unsigned i = 0; i < jobs; i++) {
        pthread_join(thread[i], NULL);
    }
    int rc = 2;
    if (!run.backend_failed && jobs) {
        print_text(&run);
        bool ok = summary(&run, 0);
        ok = summary(&run, 1) && ok;
        rc = ok ? 0 : 1;
        if (opt->everything && !opt->filter) {
            report_unused(&run);
        }
        FILE *out = opt->table ? fopen(opt->table, "w") : NULL;
        if (out) {
            print_markdown(&run, out);
            rc = fclose(out) ? 2 : rc;
        }
    }
    free(run.results);
    return rc;
}

int corpus_main(int argc, char **argv, const char *backend, const char *device)
{
    const char *long_run = getenv("YAMATO_LONG");
    struct corpus_options opt = {.backend = backend,
                                 .device = device,
                                 .everything = long_run && *long_run == '1',
                                 .jobs = 2};
    for (int i = 1; i < argc; i++) {
        bool value = i + 1 < argc;
        if (!strcmp(argv[i], "--all")) {
            opt.everything = true;
        } else if (!strcmp(argv[i], "--write-png") && value) {
            opt.png_dir = argv[++i];
        } else if (!strcmp(argv[i], "--table") && value) {
            opt.table = argv[++i];
        } else if (!strcmp(argv[i], "--jobs") && value) {
            opt.jobs = (unsigned)atoi(argv[++i]);
        } else if (argv[i][0] != '-') {
            opt.filter = argv[i];
        } else {
            fprintf(stderr,
                    "usage: %s [--all] [--write-png DIR] [--table FILE] [--jobs N] [FILTER]\n",
                    argv[0]);
            return 2;
        }
    }
    int rc = corpus_run(&opt);
    return rc == 77 ? 0 : rc;
}
