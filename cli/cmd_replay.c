// SPDX-License-Identifier: MIT
//
// yamato replay: runs a captured freedreno command stream on a backend and writes the picture, or
// prints it decoded.
#include <inttypes.h>
#include <string.h>

#include "cli/cli.h"
#include "gpu-model/rd.h"
#include "host-backends/backend.h"
#include "base/log.h"

struct replay_opts {
    const char *backend, *out, *chip, *trace, *device, *compare;
    bool dump, inclusive, stats, exact;
    uint64_t submits, tolerance;
};

static const struct opt_row rows[] = {
    {"backend", NULL, OPT_STRING, offsetof(struct replay_opts, backend), "NAME",
     "where draws run (default soft)", "soft|gl|null"},
    {"out", "o", OPT_STRING, offsetof(struct replay_opts, out), "X.png",
     "write the last resolved surface as a PNG", NULL},
    {"compare", NULL, OPT_STRING, offsetof(struct replay_opts, compare), "REF.png",
     "compare the picture with a reference; exit status 1 when they differ", NULL},
    {"tolerance", NULL, OPT_UINT, offsetof(struct replay_opts, tolerance), "N",
     "largest channel difference that --compare accepts (default 2)", NULL},
    {"dump", NULL, OPT_FLAG, offsetof(struct replay_opts, dump), NULL,
     "print the stream decoded, packet by packet, instead of drawing", NULL},
    {"chip", NULL, OPT_STRING, offsetof(struct replay_opts, chip), "NAME",
     "chip profile instead of the capture's (a200, a201, a205, a220, a225)", NULL},
    {"scissor-inclusive", NULL, OPT_FLAG, offsetof(struct replay_opts, inclusive), NULL,
     "read the window scissor's bottom right as inclusive: undoes a driver bug for comparisons", NULL},
    {"submits", NULL, OPT_UINT, offsetof(struct replay_opts, submits), "N",
     "stop after N submissions", NULL},
    {"stats", NULL, OPT_FLAG, offsetof(struct replay_opts, stats), NULL,
     "print counts and the time spent in the engine", NULL},
    {"exact", NULL, OPT_FLAG, offsetof(struct replay_opts, exact), NULL,
     "gl: exact shader arithmetic (slower)", NULL},
    {"gl-device", NULL, OPT_STRING, offsetof(struct replay_opts, device), "DEV",
     "gl: which EGL device (llvmpipe, gpu, or a render node's path)", NULL},
    {"trace", NULL, OPT_STRING, offsetof(struct replay_opts, trace), "CH,...",
     "trace channels (pm4, draw, shader, gl, ...)", NULL},
    OPTS_END};

static const struct opts_spec spec = {
    "yamato replay", "[OPTION]... FILE.rd[.gz]",
    "Replays a captured Adreno 2xx command stream (freedreno .rd) on a host backend.",
    "Examples:\n"
    "  yamato replay --out tri.png tri.rd.gz\n"
    "  yamato replay --backend gl --stats --out cube.png cube.rd.gz\n"
    "  yamato replay --dump tri.rd.gz | less",
    rows};

static void print_stats(const struct rd_replay_result *res)
{
    fprintf(stderr,
            "a%u: %u submits, %" PRIu64 " packets, %" PRIu64 " draws (%" PRIu64
            " skipped), %" PRIu64 " resolves, %" PRIu64 " fills, engine %.3f ms\n",
            res->gpu_id, res->submits, res->counters.packets, res->counters.draws,
            res->counters.skipped_draws, res->counters.resolves, res->counters.fills,
            (double)res->engine_ns / 1e6);
}

static int compare(const struct replay_opts *o, const struct picture *pic)
{
    struct picture ref;
    struct picture_diff d;
    struct err err = {0};
    unsigned tol = o->tolerance ? (unsigned)o->tolerance : 2;
    int rc;

    if (picture_load_png(&ref, o->compare, &err)) {
        return cli_fail("replay", &err);
    }
    rc = picture_compare(pic, &ref, tol, 0, 0, 0, &d, &err);
    picture_fini(&ref);
    if (rc) {
        return cli_fail("replay", &err);
    }
    printf("%u of %u pixels differ by more than %u (largest difference %u)\n", d.differing,
           d.compared, tol, d.max_delta);
    return d.differing ? EXIT_FAILED : EXIT_OK;
}

static int finish(const struct replay_opts *o, struct rd_replay_result *res)
{
    struct err err = {0};
    int status = EXIT_OK;

    if (res->error[0]) {
        fprintf(stderr, "yamato replay: refused: %s\n", res->error);
        status = EXIT_FAILED;
    }
    if (o->stats) {
        print_stats(res);
    }
    if (o->out || o->compare) {
        if (!res->pic.rgba) {
            err_set(&err, -1, "the capture resolves no picture");
            status = cli_fail("replay", &err);
        } else {
            if (o->out && picture_save_png(&res->pic, o->out, &err)) {
                status = cli_fail("replay", &err);
            } else if (o->out) {
                fprintf(stderr, "%s: %s\n", o->out, res->surface);
            }
            if (o->compare) {
                int differs = compare(o, &res->pic);
                status = differs ? differs : status;
            }
        }
    }
    picture_fini(&res->pic);
    return status;
}

static int run(int argc, char **argv)
{
    struct replay_opts o = {.backend = "soft"};
    struct rd_replay_result res;
    struct rd_replay_config cfg = {0};
    struct err err = {0};
    struct log log;
    const char *args[1];
    unsigned nargs;
    int status;

    if (!cli_parse(&spec, &o, argc, argv, args, 1, &nargs, &status)) {
        return status;
    }
    if (nargs != 1) {
        err_set(&err, -1, "name one capture (see yamato replay --help)");
        return cli_fail("replay", &err);
    }
    log_init(&log, stderr, "replay");
    if (o.trace && log_enable(&log, o.trace, &err)) {
        return cli_fail("replay", &err);
    }
    if (o.chip && !(cfg.profile = gpu_profile_find(o.chip))) {
        err_set(&err, -1, "no chip '%s' (a200, a201, a205, a220, a225)", o.chip);
        return cli_fail("replay", &err);
    }
    cfg.dump = o.dump ? stdout : NULL;
    cfg.log = &log;
    cfg.scissor_br_inclusive = o.inclusive;
    cfg.stop_submit = (unsigned)o.submits;
    if (!o.dump) {
        const struct backend_config bc = {.log = &log, .device = o.device, .exact = o.exact};
        cfg.backend = backend_create(o.backend, &bc, &err);
        if (!cfg.backend) {
            return cli_fail("replay", &err);
        }
        if (cfg.backend->ops->bind_thread && cfg.backend->ops->bind_thread(cfg.backend, &err)) {
            backend_destroy(cfg.backend);
            return cli_fail("replay", &err);
        }
    }
    memset(&res, 0, sizeof res);
    if (rd_replay(args[0], &cfg, &res, &err)) {
        picture_fini(&res.pic);
        status = cli_fail("replay", &err);
    } else {
        status = finish(&o, &res);
    }
    backend_destroy(cfg.backend);
    return status;
}

const struct cli_command cmd_replay = {
    "replay", "run a captured command stream on a backend, write its picture", &spec, run};
