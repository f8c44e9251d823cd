// SPDX-License-Identifier: MIT
//
// Straight boot: a kernel, its device tree and initial RAM disk are put into memory as a boot
// loader would, and the CPU starts as Linux's ARM boot protocol says (Documentation/arm/booting):
// MMU off, SVC mode, interrupts masked. What firmware would have set up in the devices is a list of
// stores of the board.
#include <errno.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/log.h"
#include "soc/bus.h"
#include "soc/image_ce.h"
#include "soc/load.h"

enum { CPSR_SVC_MASKED = 0x1d3, FDT_SLACK = 4096, ATAG_BYTES = 1024 };

// ---- device tree
// ---------------------------------------------------------------------------------

static int fdt_check(int rc, const char *name, const char *what, struct err *err)
{
    return rc < 0 ? err_set(err, -EINVAL, "%s: device tree: %s: %s", name, what, fdt_strerror(rc))
                  : rc;
}

static int set_memory(void *fdt, const struct soc *soc, const char *name, struct err *err)
{
    int acells = fdt_address_cells(fdt, 0), scells = fdt_size_cells(fdt, 0), node = -1, rc;
    uint8_t reg[64];
    unsigned n = 0;
    char path[32];

    if (acells < 1 || acells > 2 || scells < 1 || scells > 2) {
        return err_set(err, -EINVAL, "%s: device tree: %d address and %d size cells at the root",
                       name, acells, scells);
    }
    for (unsigned i = 0; i < soc_ram_count(soc); i++) {
        const struct soc_ram *ram = soc_ram_at(soc, i);
        uint64_t v[2] = {ram->row->base, ram->bytes};
        int cells[2] = {acells, scells};
        if (!ram->row->main || n + 16 > sizeof reg) {
            continue;
        }
        for (unsigned k = 0; k < 2; k++) {
            for (int c = cells[k]; c-- > 0; n += 4) {
                fdt32_t word = cpu_to_fdt32((uint32_t)(v[k] >> c * 32));
                memcpy(reg + n, &word, 4);
            }
        }
    }
    // one node says it all; others would say something else
    while ((node = fdt_node_offset_by_prop_value(fdt, -1, "device_type", "memory", 7)) >= 0) {
        rc = fdt_del_node(fdt, node);
        if (rc) {
            return fdt_check(rc, name, "old memory node", err);
        }
    }
    snprintf(path, sizeof path, "memory@%x", soc_ram_at(soc, 0)->row->base);
    node = fdt_add_subnode(fdt, 0, path);
    rc = node < 0 ? node : fdt_setprop_string(fdt, node, "device_type", "memory");
    rc = rc < 0 ? rc : fdt_setprop(fdt, node, "reg", reg, (int)n);
    return fdt_check(rc, name, "memory node", err);
}

static int set_chosen(void *fdt, const char *append, uint32_t initrd, uint32_t bytes,
                      const char *name, struct err *err)
{
    int node = fdt_path_offset(fdt, "/chosen"), rc = 0;
    if (node < 0) {
        node = fdt_add_subnode(fdt, 0, "chosen");
    }
    rc = node < 0 ? node : 0;
    if (!rc && append) {
        rc = fdt_setprop_string(fdt, node, "bootargs", append);
    }
    if (!rc && bytes) {
        rc = fdt_setprop_u32(fdt, node, "linux,initrd-start", initrd);
        rc = rc ? rc : fdt_setprop_u32(fdt, node, "linux,initrd-end", initrd + bytes);
    }
    return fdt_check(rc, name, "/chosen", err);
}

int fdt_prepare(const struct blob *dtb, const struct soc *soc, const char *append, uint32_t initrd,
                uint32_t initrd_bytes, struct blob *out, struct err *err)
{
    size_t room = dtb->bytes + FDT_SLACK + (append ? strlen(append) : 0);
    int rc =
        dtb->bytes >= sizeof(struct fdt_header) ? fdt_check_header(dtb->data) : -FDT_ERR_TRUNCATED;
    memset(out, 0, sizeof *out);
    if (!rc && fdt_totalsize(dtb->data) > dtb->bytes) {
        rc = -FDT_ERR_TRUNCATED;
    }
    rc = rc ? rc : fdt_check_full(dtb->data, dtb->bytes);
    if (rc) {
        return err_set(err, -EINVAL, "%s: not a whole device tree: %s", dtb->name,
                       fdt_strerror(rc));
    }
    out->data = malloc(room);
    if (!out->data) {
        return err_set(err, -ENOMEM, "%s: no memory", dtb->name);
    }
    rc = fdt_check(fdt_open_into(dtb->data, out->data, (int)room), dtb->name, "open", err);
    rc = rc ? rc : set_memory(out->data, soc, dtb->name, err);
    rc = rc ? rc : set_chosen(out->data, append, initrd, initrd_bytes, dtb->name, err);
    if (rc) {
        blob_free(out);
        return rc;
    }
    fdt_pack(out->data);
    out->bytes = fdt_totalsize(out->data);
    out->name = dtb->name;
    return 0;
}

// ---- tag list
// --------------------------------------------------------------------------------------

static uint32_t *tag(uint32_t *at, uint32_t id, uint32_t words)
{
    at[0] = words + 2;
    at[1] = id;
    return at + 2;
}

static int put_tags(struct soc *soc, uint32_t pa, const char *append, uint32_t initrd,
                    uint32_t initrd_bytes, struct err *err)
{
    uint32_t list[ATAG_BYTES / 4 + 300] = {0}, *at = list;
    size_t text = append ? strlen(append) + 1 : 0;
    if (text > ATAG_BYTES) {
        return err_set(err, -EINVAL, "kernel command line is longer than %d bytes", ATAG_BYTES);
    }
    at = tag(at, 0x54410001, 3) + 3; // core: flags, page size, root device
    list[3] = 4096;
    for (unsigned i = 0; i < soc_ram_count(soc) && i < 8; i++) {
        const struct soc_ram *ram = soc_ram_at(soc, i);
        if (ram->row->main) {
            at = tag(at, 0x54410002, 2);
            *at++ = (uint32_t)ram->bytes;
            *at++ = ram->row->base;
        }
    }
    if (initrd_bytes) {
        at = tag(at, 0x54420005, 2);
        *at++ = initrd;
        *at++ = initrd_bytes;
    }
    if (text) {
        at = tag(at, 0x54410009, (uint32_t)(text + 3) / 4);
        memcpy(at, append, text);
        at += (text + 3) / 4;
    }
    at += 2; // none: size 0, id 0
    for (uint32_t *w = list; w < at; w++) {
        put_le32(w, *w);
    }
    return soc_dma_write(soc, pa, list, (size_t)(at - list) * 4)
               ? err_set(err, -EINVAL, "no memory for the tag list at 0x%08x", pa)
               : 0;
}

// ---- straight boot
// ---------------------------------------------------------------------------------

static void apply_pokes(struct soc *soc)
{
    const struct board *b = soc_board(soc);
    for (unsigned i = 0; i < b->poke_count; i++) {
        bus_write(soc_bus(soc), b->pokes[i].pa, 4, b->pokes[i].value);
    }
}

// Offsets of the board, brought into small memories.
static uint32_t offset_in(uint64_t ram, uint32_t wanted, unsigned part, unsigned parts)
{
    uint64_t limit = ram / parts * part & ~0xfffull;
    return wanted < limit ? wanted : (uint32_t)limit;
}

static int place_kernel(struct soc *soc, const struct boot_config *cfg, uint32_t base,
                        uint64_t bytes, struct boot_entry *entry, uint32_t *end, struct err *err)
{
    struct image_info info;
    struct blob kernel;
    uint32_t load = base + offset_in(bytes, soc_board(soc)->kernel_offset, 1, 4);
    int rc = blob_load(&kernel, cfg->kernel, 0, err);
    if (rc) {
        return rc;
    }
    rc = image_inspect(&kernel, &info, err);
    if (!rc && info.kind == IMAGE_UIMAGE && info.load >= base && info.load - base < bytes) {
        load = info.load;
    }
    rc = rc ? rc : image_place(soc, &kernel, &info, load, &entry->pc, err);
    if (!rc && info.kind == IMAGE_CE) {
        ce_arguments(soc, &entry->sp);
    }
    *end = load + info.bytes;
    blob_free(&kernel);
    return rc;
}

int boot_straight(struct soc *soc, const struct boot_config *cfg, struct boot_entry *entry,
                  struct err *err)
{
    const struct board *board = soc_board(soc);
    struct blob initrd = {0}, dtb = {0}, fdt = {0};
    uint64_t bytes;
    uint32_t base = soc_main_ram(soc, &bytes), kernel_end, initrd_at, dtb_at;
    int rc;

    memset(entry, 0, sizeof *entry);
    entry->cpsr = CPSR_SVC_MASKED;
    if (!cfg->kernel) {
        return err_set(err, -EINVAL, "nothing to start: name a kernel");
    }
    if (cfg->initrd && (rc = blob_load(&initrd, cfg->initrd, bytes, err))) {
        return rc;
    }
    if (cfg->dtb && (rc = blob_load(&dtb, cfg->dtb, 1 << 20, err))) {
        goto out;
    }
    rc = place_kernel(soc, cfg, base, bytes, entry, &kernel_end, err);
    if (rc) {
        goto out;
    }
    dtb_at = base + offset_in(bytes, board->dtb_offset, 3, 8);
    initrd_at = base + offset_in(bytes, board->initrd_offset, 1, 2);
    if (initrd.bytes && soc_dma_write(soc, initrd_at, initrd.data, initrd.bytes)) {
        rc = err_set(err, -EINVAL, "%s: %zu bytes do not fit into memory at 0x%08x", cfg->initrd,
                     initrd.bytes, initrd_at);
        goto out;
    }
    if (dtb.data) {
        rc = fdt_prepare(&dtb, soc, cfg->append, initrd_at, (uint32_t)initrd.bytes, &fdt, err);
        if (!rc && soc_dma_write(soc, dtb_at, fdt.data, fdt.bytes)) {
            rc = err_set(err, -EINVAL, "%s: no memory at 0x%08x", cfg->dtb, dtb_at);
        }
        entry->r[1] = ~0u;
        entry->r[2] = dtb_at;
    } else if (board->handoff == BOARD_HANDOFF_ATAGS) {
        rc = put_tags(soc, base + 0x100, cfg->append, initrd_at, (uint32_t)initrd.bytes, err);
        entry->r[1] = cfg->machine_id ? cfg->machine_id : board->machine_id;
        entry->r[2] = base + 0x100;
    }
    apply_pokes(soc);
out:
    blob_free(&initrd);
    blob_free(&dtb);
    blob_free(&fdt);
    return rc;
}
