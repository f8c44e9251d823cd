// SPDX-License-Identifier: MIT
//
// One machine of yamato run; see run_vm.h.
#include "cli/run_vm.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/cli.h"
#include "mdev/profile.h"
#include "mdev/vgpu.h"
#include "soc/board.h"
#include "soc/machine.h"
#include "soc/serial.h"

// "TEXT+SECONDS=>FILE" or "WAIT=>TEXT" into its parts; the caller frees *left.
static const char *split_arrow(const char *arg, char **left)
{
    const char *arrow = strstr(arg, "=>");
    if (!arrow) {
        return NULL;
    }
    *left = strndup(arg, (size_t)(arrow - arg));
    return *left ? arrow + 2 : NULL;
}

// QEMU's -drive file=X,if=sd,format=raw.
static int drive_file(const char *arg, char *path, size_t n, struct err *err)
{
    const char *at = arg;
    path[0] = 0;
    while (*at) {
        size_t len = strcspn(at, ",");
        if (!strncmp(at, "file=", 5) && len > 5) {
            snprintf(path, n, "%.*s", (int)(len - 5), at + 5);
        } else if (!strncmp(at, "format=", 7) && (len != 10 || strncmp(at + 7, "raw", 3) != 0)) {
            return err_set(err, -EINVAL, "--drive: only raw images are read ('%s')", arg);
        }
        at += len + (at[len] == ',');
    }
    return path[0] ? 0 : err_set(err, -EINVAL, "--drive: no file= in '%s'", arg);
}

static int add_typing(struct run_machine *vm, struct err *err)
{
    struct serial *s = machine_serial(vm->machine, 0);
    for (unsigned i = 0; i < vm->opt->typed.count; i++) {
        char *wait = NULL;
        const char *text = split_arrow(vm->opt->typed.items[i], &wait);
        int rc;
        if (!text) {
            return err_set(err, -EINVAL, "--type: '%s' is not WAIT=>TEXT", vm->opt->typed.items[i]);
        }
        rc = serial_script_add(s, wait[0] ? wait : NULL, text, err);
        free(wait);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

static void fill_serials(const struct run_vm *opt, bool lone, struct machine_config *mc)
{
    unsigned n = opt->serials.count < MACHINE_SERIALS ? opt->serials.count : MACHINE_SERIALS;
    for (unsigned i = 0; i < n; i++) {
        mc->serials[i] = opt->serials.items[i];
    }
    if (!n && (opt->nographic || lone)) {
        mc->serials[0] = "mon:stdio";
    }
}

// The vGPU type of a chip given by number; NULL when there is none.
static const char *type_of_chip(uint64_t id)
{
    const struct vgpu_type *type;
    for (unsigned i = 0; (type = vgpu_type_at(i)); i++) {
        if (strtoull(type->profile + 1, NULL, 10) == id) {
            return type->name;
        }
    }
    return NULL;
}

// The default GPU is only for boards that have a place for one.
static bool board_has_no_gpu(const struct run_vm *o)
{
    const struct board *board = board_find(o->board);
    return board && !board->gpu && strcmp(o->gpu, RUN_GPU_DEFAULT) == 0;
}

// "DOOR=FILE" by the board's own names.
static int disk_door(const struct run_vm *o, const char *arg, struct machine_config *mc, struct err *err)
{
    const struct board *board = board_find(o->board);
    const char *eq = strchr(arg, '=');
    for (unsigned i = 0; eq && board && board->disks && board->disks[i] && i < MACHINE_DISKS; i++) {
        if (strlen(board->disks[i]) == (size_t)(eq - arg) && !strncmp(arg, board->disks[i], (size_t)(eq - arg))) {
            mc->disks[i] = eq + 1;
            return 0;
        }
    }
    return err_set(err, -EINVAL, "--disk: '%s' is not DOOR=FILE with a door of board %s", arg, o->board);
}

static int fill_config(struct run_machine *vm, bool lone, struct mdev *mdev,
                       struct machine_config *mc, char *drive, size_t drive_n, struct err *err)
{
    const struct run_vm *o = vm->opt;
    *mc = (struct machine_config){
        .board = o->board, .name = o->name, .cpu = o->cpu,
        // plain numbers are megabytes, as QEMU reads them
        .ram_bytes = o->ram && o->ram < 1u << 16 ? o->ram << 20 : o->ram,
        .cpus = (unsigned)o->cpus, .mips = (unsigned)o->mips, .kernel = o->kernel, .initrd = o->initrd, .dtb = o->dtb,
        .append = o->append, .machine_id = (uint32_t)o->machine_id, .boot_rom = o->boot && !strcmp(o->boot, "rom"),
        .snapshot = o->snapshot, .mdev = strcmp(o->gpu, "none") != 0 ? mdev : NULL,
        .gpu_type = o->gpu, .realtime = o->realtime, .no_reboot = o->no_reboot,
        .paused = o->paused, .gdb = o->gdb_at ? o->gdb_at : o->gdb ? "tcp::1234" : NULL, .log = &vm->log};
    if (mc->mdev && board_has_no_gpu(o)) {
        mc->mdev = NULL;
    }
    mc->engine = o->engine && !strcmp(o->engine, "interpreter") ? CPU_ENGINE_INTERPRETER
                                                                : CPU_ENGINE_TRANSLATOR;
    if (o->gpu_id && !(mc->gpu_type = type_of_chip(o->gpu_id))) {
        return err_set(err, -EINVAL, "no chip %llu (200, 201, 205, 220, 225)",
                       (unsigned long long)o->gpu_id);
    }
    if (o->drives.count > 1 || (o->drives.count && o->sd)) {
        return err_set(err, -EINVAL, "the board has one card: give --sd or one --drive");
    }
    if (o->drives.count) {
        int rc = drive_file(o->drives.items[0], drive, drive_n, err);
        if (rc) {
            return rc;
        }
        mc->disks[0] = drive;
    } else {
        mc->disks[0] = o->sd;
    }
    for (unsigned i = 0; i < o->disks.count; i++) {
        int rc = disk_door(o, o->disks.items[i], mc, err);
        if (rc) {
            return rc;
        }
    }
    fill_serials(o, lone, mc);
    for (unsigned i = 0; i < o->nics.count && i < MACHINE_NETS; i++) {
        mc->nets[i] = strcmp(o->nics.items[i], "none") ? o->nics.items[i] : NULL;
    }
    return 0;
}

int run_vm_open(struct run_machine *vm, const struct run_vm *opt, bool lone, struct mdev *mdev,
                struct profile *profile, struct err *err)
{
    struct machine_config mc;
    char drive[1024];
    struct vgpu *vgpu;
    int rc;

    vm->opt = opt;
    snprintf(vm->name, sizeof vm->name, "%s", opt->name ? opt->name : opt->board);
    log_init(&vm->log, stderr, vm->name);
    if (opt->trace && log_enable(&vm->log, opt->trace, err)) {
        return -EINVAL;
    }
    rc = fill_config(vm, lone, mdev, &mc, drive, sizeof drive, err);
    if (rc) {
        return rc;
    }
    vm->machine = machine_create(&mc, err);
    if (!vm->machine && err->code == -ENOTSUP && !opt->engine) {
        mc.engine = CPU_ENGINE_INTERPRETER; // a host without a translator
        vm->machine = machine_create(&mc, err);
    }
    if (!vm->machine) {
        return err->code ? err->code : -EINVAL;
    }
    vgpu = machine_vgpu(vm->machine);
    if (vgpu && profile) {
        profile_attach(profile, vgpu);
    }
    if (vgpu && opt->weight && vgpu_set_weight(vgpu, (unsigned)opt->weight)) {
        return err_set(err, -EINVAL, "--weight: 1 to 10000");
    }
    if (vgpu && opt->capture && (rc = vgpu_capture(vgpu, opt->capture, err))) {
        return rc;
    }
    if (opt->serial_log && machine_serial(vm->machine, 0) &&
        (rc = serial_log_to(machine_serial(vm->machine, 0), opt->serial_log, err))) {
        return rc;
    }
    if (opt->load && (rc = machine_restore(vm->machine, opt->load, err))) {
        return rc;
    }
    return add_typing(vm, err);
}

static void take_picture(struct run_machine *vm, const char *path)
{
    struct err err = {0};
    if (machine_screendump(vm->machine, 0, path, &err)) {
        log_warn(&vm->log, "no screenshot: %s", err.msg);
        vm->status = EXIT_FAILED;
    } else {
        snprintf(vm->picture, sizeof vm->picture, "%s", path);
        vm->shown = true;
    }
}

// Runs until one of the ends; true while the machine may go on (the awaited thing happened).
static bool run_until(struct run_machine *vm, const char *text, uint64_t more_ns,
                      enum machine_exit *why)
{
    struct machine_limits lim = {
        .guest_ns = vm->opt->guest_seconds * 1000000000u,
        .host_ns = vm->opt->host_seconds * 1000000000u,
        .stop_text = text};
    struct err err = {0};
    if (more_ns) {
        uint64_t end = machine_now(vm->machine) + more_ns;
        if (!lim.guest_ns || end < lim.guest_ns) {
            lim.guest_ns = end;
            *why = machine_run(vm->machine, &lim, &err);
            return *why == MACHINE_EXIT_GUEST_LIMIT;
        }
    }
    *why = machine_run(vm->machine, &lim, &err);
    if (*why == MACHINE_EXIT_ERROR) {
        log_warn(&vm->log, "%s", err.msg);
    }
    return *why == MACHINE_EXIT_MATCH;
}

// The --screenshot-at list, in order. False when the machine ended before.
static bool run_shots(struct run_machine *vm, enum machine_exit *why)
{
    for (unsigned i = 0; i < vm->opt->shots.count; i++) {
        char *when = NULL, *plus;
        const char *path = split_arrow(vm->opt->shots.items[i], &when);
        uint64_t delay = 0;
        bool ok;
        if (!path) {
            log_warn(&vm->log, "--screenshot-at: '%s' is not TEXT+SECONDS=>FILE",
                     vm->opt->shots.items[i]);
            vm->status = EXIT_USAGE;
            return false;
        }
        plus = strrchr(when, '+');
        if (plus && opts_number(plus + 1, &delay)) {
            *plus = 0;
        }
        ok = run_until(vm, when, 0, why);
        if (ok && delay) {
            ok = run_until(vm, NULL, delay * 1000000000u, why);
        }
        free(when);
        if (!ok) {
            vm->status = EXIT_FAILED;
            return false;
        }
        take_picture(vm, path);
    }
    return true;
}

static void note_facts(struct run_machine *vm, enum machine_exit why)
{
    struct machine_stats st;
    FILE *f = fmemopen(vm->facts, sizeof vm->facts, "w");
    machine_stats(vm->machine, &st);
    if (f) {
        fprintf(f,
                "ended: %s\nguest time %.3f s, %" PRIu64 " M instructions, host CPU %.2f s (%.1f M/s), "
                "waited for the GPU %.2f s\n",
                machine_exit_text(why), (double)st.guest_ns / 1e9, st.insns / 1000000,
                (double)st.host_cpu_ns / 1e9,
                st.host_cpu_ns ? (double)st.insns * 1e3 / (double)st.host_cpu_ns : 0,
                (double)st.gpu_wait_ns / 1e9);
        fclose(f);
    }
}

void *run_vm_thread(void *arg)
{
    struct run_machine *vm = arg;
    enum machine_exit why = MACHINE_EXIT_QUIT;

    if (run_shots(vm, &why)) {
        bool matched = run_until(vm, vm->opt->until, 0, &why);
        bool ended = why == MACHINE_EXIT_QUIT || why == MACHINE_EXIT_POWER_OFF ||
                     why == MACHINE_EXIT_RESET;
        if (vm->opt->until ? !matched : !ended && why != MACHINE_EXIT_GUEST_LIMIT) {
            vm->status = EXIT_FAILED;
        }
    }
    log_info(&vm->log, "ended: %s", machine_exit_text(why));
    note_facts(vm, why);
    if (vm->opt->screenshot) {
        take_picture(vm, vm->opt->screenshot);
    }
    if (vm->hash) {
        printf("%s: state %016" PRIx64 "\n", vm->name, machine_hash(vm->machine));
    }
    if (vm->stats) {
        machine_report(vm->machine, stderr);
    }
    if (vm->opt->unclaimed) {
        machine_report_unclaimed(vm->machine, stderr);
    }
    return NULL;
}

void run_vm_report(const struct run_machine *vm, struct report_vm *out)
{
    *out = (struct report_vm){.name = vm->name,
                              .what = vm->opt->append,
                              .picture = vm->shown ? vm->picture : NULL,
                              .reference = vm->opt->reference,
                              .reference_what = "the same program on llvmpipe",
                              .serial = vm->opt->serial_log,
                              .facts = vm->facts};
}

void run_vm_close(struct run_machine *vm)
{
    machine_destroy(vm->machine);
    vm->machine = NULL;
}
