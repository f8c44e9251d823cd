// SPDX-License-Identifier: MIT
//
// What a machine tells about itself, and its snapshots: sections "machine", "cpu", "gpu" and those
// of the board (soc_state.c).
#include "soc/machine_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/snapshot.h"
#include "mdev/vgpu.h"

enum { MACHINE_VERSION = 3 };

void machine_stats(const struct machine *m, struct machine_stats *out)
{
    *out = m->stats;
    if (m->running) {
        out->host_ns += host_now_ns() - m->run_host_ns;
        out->host_cpu_ns += host_cpu_now_ns() - m->run_cpu_ns;
    }
    out->guest_ns = machine_now(m);
    out->insns = machine_insns(m);
}

const struct machine_marker *machine_markers(const struct machine *m, unsigned *count)
{
    *count = m->marker_count;
    return m->markers;
}

static void add_counters(const struct cpu *cpu, struct cpu_counters *sum)
{
    struct cpu_counters c;
    cpu_counters(cpu, &c);
    sum->irqs += c.irqs;
    sum->data_aborts += c.data_aborts;
    sum->prefetch_aborts += c.prefetch_aborts;
    sum->undefs += c.undefs;
    sum->tlb_misses += c.tlb_misses;
    sum->mmio_reads += c.mmio_reads;
    sum->mmio_writes += c.mmio_writes;
}

void machine_report(struct machine *m, FILE *out)
{
    struct machine_stats s;
    struct cpu_counters c = {0};
    machine_stats(m, &s);
    for (unsigned n = 0; n < m->cpu_count; n++) {
        add_counters(m->cpus[n], &c);
    }
    fprintf(out,
            "%s: guest %.3f s (%.3f s skipped), %" PRIu64 " instructions, host %.3f s, CPU %.3f s, "
            "%.1f MIPS\n",
            machine_name(m), (double)s.guest_ns / 1e9, (double)s.skipped_ns / 1e9, s.insns,
            (double)s.host_ns / 1e9, (double)s.host_cpu_ns / 1e9,
            s.host_cpu_ns ? (double)s.insns * 1e3 / (double)s.host_cpu_ns : 0.0);
    fprintf(out,
            "irqs %" PRIu64 ", aborts %" PRIu64 "+%" PRIu64 ", undefined %" PRIu64
            ", TLB misses %" PRIu64 ", register reads %" PRIu64 ", writes %" PRIu64
            ", waits %" PRIu64 ", resets %" PRIu64 ", waited for GPU %.3f s\n",
            c.irqs, c.data_aborts, c.prefetch_aborts, c.undefs, c.tlb_misses, c.mmio_reads,
            c.mmio_writes, s.idles, s.resets, (double)s.gpu_wait_ns / 1e9);
    for (unsigned i = 0; i < m->marker_count; i++) {
        const struct machine_marker *k = &m->markers[i];
        if (k->seen) {
            fprintf(out, "'%s': guest %.3f s, %" PRIu64 " instructions, host %.3f s, CPU %.3f s\n",
                    k->text, (double)k->guest_ns / 1e9, k->insns, (double)k->host_ns / 1e9,
                    (double)k->host_cpu_ns / 1e9);
        } else {
            fprintf(out, "'%s': not seen\n", k->text);
        }
    }
}

void machine_report_unclaimed(struct machine *m, FILE *out)
{
    bus_unclaimed_report(soc_bus(m->soc), out);
}

uint64_t machine_hash(const struct machine *m)
{
    uint64_t now = machine_now(m), h = m->serial_hash;
    h = hash_bytes(h, &now, sizeof now);
    for (unsigned n = 0; n < m->cpu_count; n++) {
        uint64_t cpu = cpu_state_hash(m->cpus[n]);
        h = hash_bytes(h, &cpu, sizeof cpu);
    }
    return h;
}

// ---- snapshots
// -----------------------------------------------------------------------------------------

int machine_save(struct machine *m, const char *path, struct err *err)
{
    struct snap_writer *w = snap_writer_create();
    int rc = 0;
    if (!w) {
        return err_set(err, -ENOMEM, "snapshot: no memory");
    }
    snap_begin(w, "machine", MACHINE_VERSION);
    snap_put_u64(w, hash_bytes(HASH_INIT, m->board->name, strlen(m->board->name)));
    snap_put_u64(w, m->base_ns); // time exactly as it is counted
    snap_put_u64(w, machine_insns(m) - m->base_insns);
    snap_put_u32(w, m->mips);
    snap_put_u64(w, m->serial_hash);
    snap_put_u32(w, m->cpu_count);
    snap_put_u32(w, m->core);
    snap_put_u64(w, m->turn_left);
    snap_put_u32(w, m->awake);
    snap_end(w);
    for (unsigned n = 0; n < m->cpu_count; n++) {
        cpu_save(m->cpus[n], w);
    }
    if (m->vgpu) {
        rc = vgpu_wait_idle(m->vgpu, 10000000000u) ? vgpu_save(m->vgpu, w, err)
                                                   : err_set(err, -EBUSY, "snapshot: GPU is busy");
    }
    if (!rc) {
        soc_save(m->soc, w);
        rc = snap_save(w, path, err);
    }
    snap_writer_destroy(w);
    return rc;
}

static int restore_parts(struct machine *m, struct snap_reader *r, struct err *err)
{
    uint32_t version, mips, cores, core;
    uint64_t board, base_ns, insns;
    int rc = snap_open(r, "machine", &version, err);
    if (rc) {
        return rc;
    }
    board = snap_get_u64(r);
    base_ns = snap_get_u64(r);
    insns = snap_get_u64(r);
    mips = snap_get_u32(r);
    m->serial_hash = snap_get_u64(r);
    cores = snap_get_u32(r);
    core = snap_get_u32(r);
    m->turn_left = snap_get_u64(r);
    m->awake = snap_get_u32(r);
    if (version != MACHINE_VERSION) {
        return err_set(err, -EINVAL, "snapshot: section machine has version %u, not %u", version,
                       MACHINE_VERSION);
    }
    if (board != hash_bytes(HASH_INIT, m->board->name, strlen(m->board->name))) {
        return err_set(err, -EINVAL, "snapshot: is not of board %s", m->board->name);
    }
    if (!mips || !cores || core >= cores) {
        return err_set(err, -EINVAL, "snapshot: section machine is not whole");
    }
    if (cores != m->cpu_count) {
        return err_set(err, -EINVAL, "snapshot: is of a machine with %u cores, not %u", cores,
                       m->cpu_count);
    }
    m->rest_insns = 0;
    for (unsigned n = 0; n < cores; n++) {
        rc = cpu_restore(m->cpus[n], r, err);
        if (rc) {
            return rc;
        }
        m->rest_insns += n == core ? 0 : cpu_insns(m->cpus[n]);
    }
    m->core = core;
    m->cpu = m->cpus[core];
    m->mips = mips;
    m->base_ns = base_ns;
    m->base_insns = machine_insns(m) - insns;
    soc_events(m->soc)->now_ns = machine_now(m);
    if (m->vgpu) {
        rc = vgpu_restore(m->vgpu, r, err);
    }
    return rc ? rc : soc_restore(m->soc, r, err);
}

int machine_restore(struct machine *m, const char *path, struct err *err)
{
    struct blob b;
    struct snap_reader *r;
    int rc = blob_load(&b, path, 8ull << 30, err);
    if (rc) {
        return rc;
    }
    r = snap_reader_create(b.data, b.bytes, err);
    rc = r ? restore_parts(m, r, err) : -EINVAL;
    snap_reader_destroy(r);
    blob_free(&b);
    if (!rc) { // decoded code is of the old memory
        for (unsigned i = 0; i < soc_ram_count(m->soc); i++) {
            const struct soc_ram *ram = soc_ram_at(m->soc, i);
            cpu_ram_written(m->cpu, ram->row->base, ram->bytes);
        }
    }
    return rc;
}
