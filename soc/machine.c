// SPDX-License-Identifier: MIT
//
// Makes and destroys machines: board, processor, backends by the board's doors, and the start. The
// loop is in machine_run.c, reports and snapshots in machine_state.c, the monitor in monitor.c.
#include "soc/machine_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/png.h"
#include "soc/vgpu_port.h"

// ---- what the board asks of its host
// -----------------------------------------------------------------

static struct machine *machine_of(struct soc_host *host)
{
    return container_of(host, struct machine, host);
}

static uint64_t host_now(struct soc_host *host)
{
    return machine_now(machine_of(host));
}

static void host_armed(struct soc_host *host, uint64_t when_ns)
{
    struct machine *m = machine_of(host);
    if (m->cpu && when_ns < m->slice_end_ns) {
        cpu_request_stop(m->cpu);
    }
}

static unsigned host_core(struct soc_host *host)
{
    return machine_of(host)->core;
}

void machine_interrupt(struct machine *m)
{
    for (unsigned k = 0; k < m->cpu_count; k++) {
        cpu_request_stop(m->cpus[k]);
    }
}

void machine_turn(struct machine *m, unsigned n)
{
    if (m->core != n) {
        m->rest_insns += cpu_insns(m->cpu) - cpu_insns(m->cpus[n]);
        m->cpu = m->cpus[n];
        m->core = n;
    }
}

static uint32_t host_pc(struct soc_host *host)
{
    struct machine *m = machine_of(host);
    return m->cpu ? cpu_get(m->cpu, CPU_PC) : 0;
}

static void host_ram_written(struct soc_host *host, uint32_t pa, uint64_t bytes)
{
    struct machine *m = machine_of(host);
    if (m->cpu) {
        cpu_ram_written(m->cpu, pa, bytes);
    }
}

static void host_cpu_line(struct soc_host *host, unsigned line, bool level)
{
    struct machine *m = machine_of(host);
    unsigned n = line / CPU_LINE_COUNT;
    if (n >= m->cpu_count) {
        return;
    }
    if (level && n != m->core && cpu_sleeping(m->cpus[n])) {
        cpu_request_stop(m->cpu); // it is awake now and wants its turn
    }
    cpu_set_line(m->cpus[n], (enum cpu_line)(line % CPU_LINE_COUNT), level);
}

static void host_wake(struct soc_host *host)
{
    struct machine *m = machine_of(host);
    uint64_t one = 1;
    machine_interrupt(m);
    if (write(m->wake_fd, &one, sizeof one) < 0) {
        return; // the counter is full: somebody is awake already
    }
}

static void host_power(struct soc_host *host, enum soc_power what, const char *who)
{
    struct machine *m = machine_of(host);
    m->power_who = who;
    if (what == SOC_POWER_OFF) {
        m->off_wanted = true;
    } else {
        m->reset_wanted = true;
    }
    if (m->cpu) {
        cpu_request_stop(m->cpu);
    }
}

static const struct soc_host_ops host_ops = {
    .now = host_now,
    .armed = host_armed,
    .pc = host_pc,
    .ram_written = host_ram_written,
    .cpu_line = host_cpu_line,
    .core = host_core,
    .wake = host_wake,
    .power = host_power,
};

// ---- doors
// -----------------------------------------------------------------------------------------

static void key_quit(void *owner)
{
    machine_stop(owner);
}

void machine_add_io(struct machine *m, struct io_source *src)
{
    if (src) {
        src->next = m->io;
        m->io = src;
    }
}

// The device behind a door of the board's lists; it must have that kind of door.
static struct device *door(struct machine *m, const char *name, bool (*has)(const struct device *),
                           struct err *err)
{
    struct device *dev = soc_device(m->soc, name);
    if (!dev || !has(dev)) {
        err_set(err, -EINVAL, "board %s: '%s' is not a device with such a door", m->board->name,
                name);
        return NULL;
    }
    return dev;
}

static bool has_serial(const struct device *dev)
{
    return dev->cls->attach_serial != NULL;
}

static bool has_disk(const struct device *dev)
{
    return dev->cls->attach_disk != NULL;
}

static bool has_net(const struct device *dev)
{
    return dev->cls->attach_net != NULL;
}

static int open_serials(struct machine *m, struct err *err)
{
    for (unsigned i = 0; i < MACHINE_SERIALS; i++) {
        const char *spec = m->cfg.serials[i];
        struct serial_keys keys = {key_quit, machine_monitor_key, machine_monitor_enter, m};
        struct device *dev;
        int rc;
        if (!m->board->serials || !m->board->serials[i]) {
            if (spec) {
                return err_set(err, -EINVAL, "board %s has only %u serial lines", m->board->name,
                               i);
            }
            break;
        }
        dev = door(m, m->board->serials[i], has_serial, err);
        if (!dev) {
            return -EINVAL;
        }
        m->serials[i] = serial_create(spec ? spec : "null", m->board->serials[i], err);
        if (!m->serials[i]) {
            return -EINVAL;
        }
        serial_set_keys(m->serials[i], &keys);
        machine_add_io(m, serial_io(m->serials[i]));
        rc = dev->cls->attach_serial(dev, m->serials[i], err);
        if (rc) {
            return rc;
        }
    }
    return m->serials[0] ? serial_listen(m->serials[0], machine_heard, m) : 0;
}

static int open_disks(struct machine *m, struct err *err)
{
    for (unsigned i = 0; i < MACHINE_DISKS; i++) {
        struct disk_config cfg = {.path = m->cfg.disks[i], .snapshot = m->cfg.snapshot};
        struct device *dev;
        int rc;
        if (!cfg.path) {
            if (!m->board->disks || !m->board->disks[i]) {
                break;
            }
            continue;
        }
        if (!m->board->disks || !m->board->disks[i]) {
            return err_set(err, -EINVAL, "board %s has only %u places for disks", m->board->name,
                           i);
        }
        dev = door(m, m->board->disks[i], has_disk, err);
        if (!dev) {
            return -EINVAL;
        }
        m->disks[i] = disk_open(&cfg, err);
        rc = m->disks[i] ? dev->cls->attach_disk(dev, m->disks[i], err) : -EINVAL;
        if (rc) {
            return rc;
        }
    }
    return 0;
}

static uint64_t net_now(void *owner)
{
    return machine_now(owner);
}

static int open_nets(struct machine *m, struct err *err)
{
    for (unsigned i = 0; i < MACHINE_NETS && m->board->nets && m->board->nets[i]; i++) {
        struct device *dev = door(m, m->board->nets[i], has_net, err);
        struct netdev_config cfg = {.spec = m->cfg.nets[i] ? m->cfg.nets[i] : "null",
                                    .log = m->cfg.log,
                                    .now = net_now,
                                    .owner = m};
        int rc;
        m->nets[i] = dev ? netdev_create(&cfg, err) : NULL;
        if (!m->nets[i]) {
            return -EINVAL;
        }
        machine_add_io(m, m->nets[i]->io);
        rc = dev->cls->attach_net(dev, m->nets[i], err);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

static int open_gpu(struct machine *m, struct err *err)
{
    struct device *dev = m->board->gpu ? soc_device(m->soc, m->board->gpu) : NULL;
    const char *type = m->cfg.gpu_type;
    int rc;
    if (!m->cfg.mdev && (!type || strncmp(type, VGPU_PORT_REMOTE, strlen(VGPU_PORT_REMOTE)) != 0)) {
        return 0;
    }
    if (!dev || !dev->cls->attach_gpu) {
        return err_set(err, -EINVAL, "board %s has no place for a GPU", m->board->name);
    }
    rc = dev->cls->attach_gpu(dev, m->cfg.mdev, type, machine_name(m), err);
    m->vgpu = rc ? NULL : vgpu_port_vgpu(dev);
    return rc;
}

static int map_memory(struct machine *m, struct cpu *cpu, struct err *err)
{
    for (unsigned i = 0; i < soc_ram_count(m->soc); i++) {
        const struct soc_ram *ram = soc_ram_at(m->soc, i);
        uint64_t span = ram->row->decoded > ram->bytes ? ram->row->decoded : ram->bytes;
        for (uint64_t at = 0; at < span; at += ram->bytes) {
            uint64_t n = span - at < ram->bytes ? span - at : ram->bytes;
            int rc = cpu_map_ram(cpu, ram->row->base + (uint32_t)at, n, ram->host,
                                 ram->row->readonly ? CPU_RAM_READONLY : 0, err);
            if (rc) {
                return rc;
            }
        }
    }
    return 0;
}

static int make_cpus(struct machine *m, struct err *err)
{
    unsigned wanted = m->cfg.cpus ? m->cfg.cpus : 1;
    for (unsigned n = 0; n < wanted; n++) {
        struct cpu_config cfg = {.model = m->cfg.cpu ? m->cfg.cpu : m->board->cpu,
                                 .engine = m->cfg.engine,
                                 .bus = bus_cpu_port(soc_bus(m->soc)),
                                 .log = m->cfg.log,
                                 .index = n,
                                 .midr = m->cfg.cpu ? 0 : m->board->midr,
                                 .cbar = m->board->cbar,
                                 .peer = n ? m->cpus[0] : NULL};
        struct cpu *cpu = cpu_create(&cfg, err);
        int rc;
        if (!cpu) {
            return -EINVAL;
        }
        m->cpus[m->cpu_count++] = cpu;
        m->cpu = m->cpus[0];
        rc = map_memory(m, cpu, err);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

// ---- life
// ------------------------------------------------------------------------------------------

struct machine *machine_create(const struct machine_config *cfg, struct err *err)
{
    struct machine *m = calloc(1, sizeof *m);
    struct soc_config sc;
    if (!m) {
        err_set(err, -ENOMEM, "machine: no memory");
        return NULL;
    }
    m->host.ops = &host_ops;
    m->cfg = *cfg;
    m->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    m->serial_hash = HASH_INIT;
    m->board = cfg->board ? board_find(cfg->board) : NULL;
    if (!m->board) {
        char names[160] = "";
        for (const struct board *const *b = board_list(); *b; b++) {
            strncat(names, " ", sizeof names - strlen(names) - 1);
            strncat(names, (*b)->name, sizeof names - strlen(names) - 1);
        }
        err_set(err, -EINVAL, "unknown board '%s'; there are:%s", cfg->board ? cfg->board : "",
                names);
        goto fail;
    }
    m->mips = cfg->mips ? cfg->mips : m->board->default_mips;
    if (cfg->cpus > (m->board->cpus ? m->board->cpus : 1)) {
        err_set(err, -EINVAL, "board %s has at most %u cores, not %u", m->board->name,
                m->board->cpus ? m->board->cpus : 1, cfg->cpus);
        goto fail;
    }
    sc = (struct soc_config){.ram_bytes = cfg->ram_bytes,
                             .cpus = cfg->cpus,
                             .epoch = cfg->epoch,
                             .overrides = cfg->overrides,
                             .override_count = cfg->override_count,
                             .log = cfg->log,
                             .host = &m->host};
    m->soc = soc_create(m->board, &sc, err);
    if (!m->soc || open_serials(m, err) || open_disks(m, err) || open_nets(m, err) ||
        open_gpu(m, err) || make_cpus(m, err) || soc_realize(m->soc, err) || machine_boot(m, err) ||
        machine_gdb_open(m, err)) {
        goto fail;
    }
    m->paused = cfg->paused && !m->gdb;
    return m;

fail:
    machine_destroy(m);
    return NULL;
}

void machine_destroy(struct machine *m)
{
    if (!m) {
        return;
    }
    machine_gdb_close(m);
    soc_destroy(m->soc);
    for (unsigned i = 0; i < m->cpu_count; i++) {
        cpu_destroy(m->cpus[i]);
    }
    for (unsigned i = 0; i < MACHINE_SERIALS; i++) {
        serial_destroy(m->serials[i]);
    }
    for (unsigned i = 0; i < MACHINE_DISKS; i++) {
        disk_close(m->disks[i]);
    }
    for (unsigned i = 0; i < MACHINE_NETS; i++) {
        netdev_destroy(m->nets[i]);
    }
    if (m->regex_on) {
        regfree(&m->regex);
    }
    if (m->wake_fd >= 0) {
        close(m->wake_fd);
    }
    free(m);
}

static struct disk *boot_disk(struct machine *m)
{
    for (unsigned i = 0; m->board->disks && m->board->disks[i] && i < MACHINE_DISKS; i++) {
        if (m->board->rom_disk && strcmp(m->board->disks[i], m->board->rom_disk) == 0) {
            return m->disks[i];
        }
    }
    return NULL;
}

int machine_boot(struct machine *m, struct err *err)
{
    struct boot_config bc = {m->cfg.kernel, m->cfg.initrd, m->cfg.dtb, m->cfg.append, m->cfg.machine_id};
    struct boot_entry e = {0};
    struct disk *disk = boot_disk(m);
    int rc;

    if (m->cfg.kernel && !m->cfg.boot_rom) {
        rc = boot_straight(m->soc, &bc, &e, err);
    } else if (m->board->rom == BOARD_ROM_IMX && disk) {
        rc = boot_rom_imx(m->soc, disk, &e, err);
    } else if (m->board->rom == BOARD_ROM_MEMORY) {
        rc = 0;
        e.cpsr = 0xd3; // SVC, IRQ and FIQ masked; e.pc is 0
    } else {
        rc = err_set(err, -EINVAL, "board %s: nothing to start; give a kernel or a card image",
                     m->board->name);
    }
    if (rc) {
        return rc;
    }
    for (unsigned n = 0; n < m->cpu_count; n++) {
        struct cpu *cpu = m->cpus[n];
        cpu_reset(cpu);
        cpu_set(cpu, CPU_CPSR, e.cpsr);
        for (unsigned i = 0; i < 4 && n == 0; i++) {
            cpu_set(cpu, (enum cpu_reg)(CPU_R0 + i), e.r[i]);
        }
        if (e.sp && n == 0) {
            cpu_set(cpu, CPU_SP, e.sp);
        }
        cpu_set(cpu, CPU_PC, n ? m->board->secondary_pc : e.pc);
    }
    machine_turn(m, 0);
    m->turn_left = 0;
    m->awake = m->cpu_count;
    return 0;
}

int machine_reset(struct machine *m, struct err *err)
{
    m->reset_wanted = false;
    m->stats.resets++;
    soc_reset(m->soc);
    return machine_boot(m, err);
}

// ---- parts
// -----------------------------------------------------------------------------------------

struct soc *machine_soc(struct machine *m)
{
    return m->soc;
}

struct cpu *machine_cpu(struct machine *m)
{
    return m->cpus[0];
}

struct cpu *machine_core(struct machine *m, unsigned i)
{
    return i < m->cpu_count ? m->cpus[i] : NULL;
}

struct serial *machine_serial(struct machine *m, unsigned i)
{
    return i < MACHINE_SERIALS ? m->serials[i] : NULL;
}

struct vgpu *machine_vgpu(struct machine *m)
{
    return m->vgpu;
}

const char *machine_name(const struct machine *m)
{
    return m->cfg.name ? m->cfg.name : m->board->name;
}

uint64_t machine_now(const struct machine *m)
{
    return m->cpu ? m->base_ns + (machine_insns(m) - m->base_insns) * 1000 / m->mips : m->base_ns;
}

void machine_set_debugger(struct machine *m, machine_debug_fn *fn, void *ctx)
{
    m->debug = fn;
    m->debug_ctx = ctx;
}

void machine_pause(struct machine *m, bool paused)
{
    m->paused = paused;
    machine_interrupt(m);
}

void machine_stop(struct machine *m)
{
    uint64_t one = 1;
    atomic_store(&m->stop, true);
    machine_interrupt(m);
    if (write(m->wake_fd, &one, sizeof one) < 0) {
        return;
    }
}

int machine_screenshot(struct machine *m, unsigned i, struct picture *pic, struct err *err)
{
    unsigned n = 0;
    while (m->board->displays && m->board->displays[n] && n < i) {
        n++;
    }
    if (!m->board->displays || !m->board->displays[n]) {
        return err_set(err, -ENOENT, "board %s has no display %u", m->board->name, i);
    }
    return soc_scanout(m->soc, m->board->displays[n], pic, err);
}

int machine_screendump(struct machine *m, unsigned i, const char *path, struct err *err)
{
    struct picture pic;
    int rc = machine_screenshot(m, i, &pic, err);
    if (!rc) {
        rc = picture_save_png(&pic, path, err);
        picture_fini(&pic);
    }
    return rc;
}
