// SPDX-License-Identifier: MIT
//
// yamato run: makes the machines and the mediator that they share, runs each machine on a thread of
// its own, and at the end writes pictures, profile and report. What happens inside one machine's
// thread is in run_vm.c.
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cli.h"
#include "cli/report.h"
#include "cli/run_opts.h"
#include "cli/run_vm.h"
#include "mdev/profile.h"
#include "mdev/vgpu.h"
#include "soc/machine.h"
#include "soc/vgpu_port.h"

struct run {
    struct run_config cfg;
    struct mdev *mdev;
    struct profile *profile;
    struct log log; // the mediator's
    struct run_machine vms[RUN_VMS_MAX];
};

static int wants_gpu(const struct run_config *cfg)
{
    for (unsigned i = 0; i < cfg->nvms; i++) {
        if (strcmp(cfg->vms[i].gpu, "none") != 0 &&
            strncmp(cfg->vms[i].gpu, VGPU_PORT_REMOTE, strlen(VGPU_PORT_REMOTE)) != 0) {
            return 1; // a daemon's needs none of ours
        }
    }
    return 0;
}

static int start_mediator(struct run *run, struct err *err)
{
    const struct run_all *all = &run->cfg.all;
    const struct mdev_config mc = {.backend = all->backend,
                                   .gl_device = all->gl_device,
                                   .synchronous = all->deterministic,
                                   .unmediated = all->unmediated,
                                   .scissor_inclusive = all->scissor_inclusive,
                                   .raster_threads = (unsigned)all->raster_threads,
                                   .log = &run->log};
    if (!wants_gpu(&run->cfg)) {
        return 0;
    }
    run->mdev = mdev_create(&mc, err);
    if (!run->mdev) {
        return -1;
    }
    if (all->report || all->profile_json || all->profile_csv || all->profile_trace || all->stats) {
        run->profile = profile_create(0);
    }
    return 0;
}

static int write_outputs(struct run *run)
{
    const struct run_all *all = &run->cfg.all;
    struct err err = {0};
    int status = EXIT_OK;

    if (run->profile) {
        if ((all->profile_json && profile_write_json(run->profile, all->profile_json, &err)) ||
            (all->profile_csv && profile_write_csv(run->profile, all->profile_csv, &err)) ||
            (all->profile_trace && profile_write_trace(run->profile, all->profile_trace, &err))) {
            status = cli_fail("run", &err);
        }
        if (all->stats) {
            profile_print(run->profile, stderr);
        }
    }
    if (all->report) {
        struct report_vm vms[RUN_VMS_MAX];
        const struct report_config rc = {
            .title = "Yamato run",
            .intro = "Unmodified guests on emulated i.MX53 boards, sharing one mediated Adreno 2xx.",
            .vms = vms,
            .nvms = run->cfg.nvms,
            .profile = run->profile};
        for (unsigned i = 0; i < run->cfg.nvms; i++) {
            run_vm_report(&run->vms[i], &vms[i]);
        }
        if (report_write(all->report, &rc, &err)) {
            status = cli_fail("run", &err);
        }
    }
    return status;
}

// SIGINT and SIGTERM end all machines in an orderly way; the handler's thread is this one.
static void *wait_for_signals(void *arg)
{
    struct run *run = arg;
    sigset_t set;
    int sig;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR2); // our own: all machines have ended
    for (;;) {
        if (sigwait(&set, &sig) != 0 || sig == SIGUSR2) {
            return NULL;
        }
        for (unsigned i = 0; i < run->cfg.nvms; i++) {
            if (run->vms[i].machine) {
                machine_stop(run->vms[i].machine);
            }
        }
    }
}

static int run_machines(struct run *run)
{
    pthread_t signals, threads[RUN_VMS_MAX];
    sigset_t set;
    int status = EXIT_OK;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    pthread_create(&signals, NULL, wait_for_signals, run);
    for (unsigned i = 0; i < run->cfg.nvms; i++) {
        pthread_create(&threads[i], NULL, run_vm_thread, &run->vms[i]);
    }
    for (unsigned i = 0; i < run->cfg.nvms; i++) {
        pthread_join(threads[i], NULL);
        if (run->vms[i].status > status) {
            status = run->vms[i].status;
        }
    }
    pthread_kill(signals, SIGUSR2);
    pthread_join(signals, NULL);
    return status;
}

static void finish(struct run *run)
{
    for (unsigned i = 0; i < run->cfg.nvms; i++) {
        run_vm_close(&run->vms[i]);
    }
    mdev_destroy(run->mdev);
    profile_destroy(run->profile);
    free(run);
}

static int run_command(int argc, char **argv)
{
    struct run *run = calloc(1, sizeof *run);
    struct err err = {0};
    int status, outputs;

    if (!run) {
        return EXIT_FAILED;
    }
    if (!run_parse(&run->cfg, argc, argv, &status)) {
        free(run);
        return status;
    }
    if (run->cfg.all.common.trace && !strcmp(run->cfg.all.common.trace, "help")) {
        log_list_channels(stdout);
        free(run);
        return EXIT_OK;
    }
    log_init(&run->log, stderr, "mdev");
    if (start_mediator(run, &err)) {
        finish(run);
        return cli_fail("run", &err);
    }
    for (unsigned i = 0; i < run->cfg.nvms; i++) {
        if (run_vm_open(&run->vms[i], &run->cfg.vms[i], run->cfg.nvms == 1, run->mdev, run->profile,
                        &err)) {
            status = cli_fail("run", &err);
            finish(run);
            return status;
        }
        run->vms[i].stats = run->cfg.all.stats;
        run->vms[i].hash = run->cfg.all.hash;
    }
    status = run_machines(run);
    outputs = write_outputs(run);
    finish(run);
    return outputs > status ? outputs : status;
}

const struct cli_command cmd_run = {"run", "run virtual machines that share one GPU", &run_spec,
                                    run_command};
