// SPDX-License-Identifier: MIT
//
// Loaders: kernels, device trees and boot images are placed where they belong, and damaged ones are
// refused by name, never by a crash.
#include "tests/soc/bench.h"

#include <libfdt.h>
#include <unistd.h>
#include <zlib.h>

#include "soc/disk.h"
#include "soc/load.h"

struct desk {
    struct bench b;
    char path[3][32];
    unsigned files;
};

static int open_desk(void **state)
{
    struct desk *d = calloc(1, sizeof *d);
    bench_open(&d->b);
    *state = d;
    return 0;
}

static int close_desk(void **state)
{
    struct desk *d = *state;
    bench_close(&d->b);
    for (unsigned i = 0; i < d->files; i++) {
        unlink(d->path[i]);
    }
    free(d);
    return 0;
}

static const char *file(struct desk *d, const void *data, size_t n)
{
    char *path = d->path[d->files++];
    int fd;
    strcpy(path, "/tmp/yamato-load-XXXXXX");
    fd = mkstemp(path);
    assert_int_equal(write(fd, data, n), n);
    close(fd);
    return path;
}

static void says(const struct err *err, const char *text)
{
    if (!strstr(err->msg, text)) {
        fail_msg("'%s' does not say '%s'", err->msg, text);
    }
}

static uint8_t *zimage(size_t bytes)
{
    uint8_t *z = calloc(1, bytes);
    put_le32(z + 0x24, 0x016f2818);
    put_le32(z + 0x2c, (uint32_t)bytes);
    return z;
}

static size_t small_dtb(uint8_t *out, size_t room)
{
    assert_int_equal(fdt_create(out, (int)room), 0);
    fdt_finish_reservemap(out);
    fdt_begin_node(out, "");
    fdt_property_u32(out, "#address-cells", 1);
    fdt_property_u32(out, "#size-cells", 1);
    fdt_begin_node(out, "memory@0");
    fdt_property_string(out, "device_type", "memory");
    fdt_property_u32(out, "reg", 0);
    fdt_end_node(out);
    fdt_end_node(out);
    assert_int_equal(fdt_finish(out), 0);
    return fdt_totalsize(out);
}

// ---- straight boot
// -------------------------------------------------------------------------------

static void test_straight_boot_places_kernel_tree_and_ramdisk(void **state)
{
    struct desk *d = *state;
    uint8_t *z = zimage(10000), dtb[1024], *tree = malloc(65536);
    struct boot_config cfg = {0};
    struct boot_entry e;
    struct err err = {0};
    int node, len;
    const fdt32_t *reg;
    cfg.kernel = file(d, z, 10000);
    cfg.dtb = file(d, dtb, small_dtb(dtb, sizeof dtb));
    cfg.initrd = file(d, "ramdisk!", 8);
    cfg.append = "console=ttymxc0";
    if (boot_straight(d->b.soc, &cfg, &e, &err)) {
        fail_msg("%s", err.msg);
    }
    assert_int_equal(e.pc, RAM + 0x2000000);
    assert_int_equal(e.cpsr, 0x1d3);
    assert_int_equal(e.r[0], 0);
    assert_int_equal(e.r[1], ~0u);
    assert_int_equal(rd(&d->b, e.pc + 0x24), 0x016f2818);
    soc_dma_read(d->b.soc, e.r[2], tree, 65536);
    assert_int_equal(fdt_check_header(tree), 0);
    node = fdt_path_offset(tree, "/chosen");
    assert_string_equal(fdt_getprop(tree, node, "bootargs", NULL), "console=ttymxc0");
    reg = fdt_getprop(tree, node, "linux,initrd-start", NULL);
    assert_int_equal(rd(&d->b, fdt32_to_cpu(*reg)), 0x646d6172); // "ramd"
    node = fdt_node_offset_by_prop_value(tree, -1, "device_type", "memory", 7);
    reg = fdt_getprop(tree, node, "reg", &len);
    assert_int_equal(len, 16); // both banks
    assert_int_equal(fdt32_to_cpu(reg[0]), 0x70000000);
    assert_int_equal(fdt32_to_cpu(reg[3]), 0x20000000);
    assert_int_equal(rd(&d->b, 0x53fd4014), 0x00888945); // as firmware leaves the clocks
    free(tree);
    free(z);
}

static void refuse_kernel(struct desk *d, const void *data, size_t n, const char *why)
{
    struct boot_config cfg = {.kernel = file(d, data, n)};
    struct boot_entry e;
    struct err err = {0};
    assert_int_not_equal(boot_straight(d->b.soc, &cfg, &e, &err), 0);
    says(&err, why);
    unlink(d->path[--d->files]);
}

static void test_damaged_kernels_are_refused(void **state)
{
    struct desk *d = *state;
    uint8_t *z = zimage(4096), elf[200] = {0x7f, 'E', 'L', 'F', 1, 1, 1},
            u[128] = {0x27, 0x05, 0x19, 0x56};
    struct boot_config cfg = {0};
    struct boot_entry e;
    struct err err = {0};
    refuse_kernel(d, z, 1000, "zImage is truncated: header says 4096 bytes, file has 1000");
    refuse_kernel(d, elf, 40, "ELF header is cut off");
    put_le16(elf + 18, 3);
    refuse_kernel(d, elf, sizeof elf, "not for 32-bit little-endian ARM");
    put_le16(elf + 18, 40);
    put_le32(elf + 28, 0xfffffff0);
    put_le16(elf + 42, 32);
    put_le16(elf + 44, 1);
    refuse_kernel(d, elf, sizeof elf, "program headers");
    put_le32(elf + 28, 52);
    refuse_kernel(d, elf, sizeof elf, "nothing to load");
    put_le32(elf + 52, 1);
    put_le32(elf + 52 + 16, 1000); // more than the file has
    put_le32(elf + 52 + 20, 1000);
    refuse_kernel(d, elf, sizeof elf, "is cut off");
    put_le32(elf + 52 + 16, 16);
    put_le32(elf + 52 + 12, 0x53fbc000); // not memory
    refuse_kernel(d, elf, sizeof elf, "outside the board's memory");
    refuse_kernel(d, u, sizeof u, "header checksum is wrong");
    assert_int_not_equal(boot_straight(d->b.soc, &cfg, &e, &err), 0);
    says(&err, "name a kernel");
    cfg.kernel = "/nonexistent";
    assert_int_not_equal(boot_straight(d->b.soc, &cfg, &e, &err), 0);
    says(&err, "No such file");
    free(z);
}

static void test_damaged_device_trees_are_refused(void **state)
{
    struct desk *d = *state;
    uint8_t dtb[1024], *z = zimage(4096);
    size_t n = small_dtb(dtb, sizeof dtb);
    struct boot_config cfg = {.kernel = file(d, z, 4096)};
    struct boot_entry e;
    struct err err = {0};
    for (size_t cut = 1; cut < n; cut += 7) {
        cfg.dtb = file(d, dtb, cut);
        assert_int_not_equal(boot_straight(d->b.soc, &cfg, &e, &err), 0);
        says(&err, "device tree");
        unlink(d->path[--d->files]);
    }
    free(z);
}

static void test_elf_segments_and_entry(void **state)
{
    struct desk *d = *state;
    uint8_t elf[256] = {0x7f, 'E', 'L', 'F', 1, 1, 1};
    struct boot_config cfg = {0};
    struct boot_entry e;
    struct err err = {0};
    put_le16(elf + 18, 40);
    put_le32(elf + 24, 0xc0008010); // virtual entry
    put_le32(elf + 28, 52);
    put_le16(elf + 42, 32);
    put_le16(elf + 44, 1);
    put_le32(elf + 52, 1);
    put_le32(elf + 56, 128); // offset
    put_le32(elf + 60, 0xc0008000);
    put_le32(elf + 64, RAM + 0x8000);
    put_le32(elf + 68, 64);
    put_le32(elf + 72, 5000);
    put_le32(elf + 128, 0xe1a00000);
    wr(&d->b, RAM + 0x8000 + 4000, 5); // must be zeroed
    cfg.kernel = file(d, elf, sizeof elf);
    if (boot_straight(d->b.soc, &cfg, &e, &err)) {
        fail_msg("%s", err.msg);
    }
    assert_int_equal(e.pc, RAM + 0x8010);
    assert_int_equal(rd(&d->b, RAM + 0x8000), 0xe1a00000);
    assert_int_equal(rd(&d->b, RAM + 0x8000 + 4000), 0);
}

static void test_uimage_goes_to_its_address(void **state)
{
    struct desk *d = *state;
    uint8_t u[128] = {0x27, 0x05, 0x19, 0x56};
    struct boot_config cfg = {0};
    struct boot_entry e;
    struct err err = {0};
    uint32_t crc;
    memset(u + 64, 0x5a, 64);
    u[15] = 64;
    memcpy(u + 16, (const uint8_t[]){0x70, 0, 0x80, 0}, 4);
    memcpy(u + 20, (const uint8_t[]){0x70, 0, 0x80, 0x10}, 4);
    crc = (uint32_t)crc32(0, u + 64, 64);
    for (unsigned i = 0; i < 4; i++) {
        u[24 + i] = (uint8_t)(crc >> (24 - 8 * i));
    }
    crc = (uint32_t)crc32(0, u, 64);
    for (unsigned i = 0; i < 4; i++) {
        u[4 + i] = (uint8_t)(crc >> (24 - 8 * i));
    }
    cfg.kernel = file(d, u, sizeof u);
    if (boot_straight(d->b.soc, &cfg, &e, &err)) {
        fail_msg("%s", err.msg);
    }
    assert_int_equal(e.pc, RAM + 0x8010);
    assert_int_equal(rd(&d->b, RAM + 0x8000), 0x5a5a5a5a);
    u[100] ^= 1;
    refuse_kernel(d, u, sizeof u, "data checksum is wrong");
}

// ---- boot ROM
// ------------------------------------------------------------------------------------

// A card as the i.MX53's ROM reads it: one DCD write, 8 KiB image, entry at 0x77800000.
static void boot_card(uint8_t *img)
{
    static const uint8_t dcd[] = {0xd2, 0,    16,   0x40, 0xcc, 0,    12, 4,
                                  0x53, 0xfa, 0x85, 0x54, 0,    0x30, 0,  0};
    const uint32_t ivt[] = {0x402000d1, 0x77800000, 0, 0x777ff42c, 0x777ff420, 0x777ff400, 0, 0};
    const uint32_t data[] = {0x777ff000, 0x2000, 0};
    memset(img, 0, 16384);
    memcpy(img + 0x400, ivt, sizeof ivt);
    memcpy(img + 0x420, data, sizeof data);
    memcpy(img + 0x42c, dcd, sizeof dcd);
    put_le32(img + 0x1000, 0xea000014);
}

static struct disk *disk_of(const uint8_t *img, size_t n)
{
    struct disk_config cfg = {.bytes = n};
    struct disk *disk = disk_open(&cfg, NULL);
    assert_int_equal(disk_write(disk, 0, img, n), 0);
    return disk;
}

static void test_boot_rom_runs_the_dcd_and_jumps(void **state)
{
    struct desk *d = *state;
    uint8_t img[16384];
    struct boot_entry e;
    struct disk *disk;
    boot_card(img);
    disk = disk_of(img, sizeof img);
    assert_int_equal(boot_rom_imx(d->b.soc, disk, &e, NULL), 0);
    assert_int_equal(e.pc, 0x77800000);
    assert_int_equal(e.cpsr, 0x1d3);
    assert_int_equal(rd(&d->b, 0x77800000), 0xea000014);
    assert_int_equal(rd(&d->b, 0x53fa8554), 0x00300000);
    disk_close(disk);
}

static void refuse_card(struct desk *d, uint8_t *img, size_t n, const char *why)
{
    struct disk *disk = disk_of(img, n);
    struct boot_entry e;
    struct err err = {0};
    assert_int_not_equal(boot_rom_imx(d->b.soc, disk, &e, &err), 0);
    says(&err, why);
    disk_close(disk);
    boot_card(img);
}

static void test_damaged_boot_images_are_refused(void **state)
{
    struct desk *d = *state;
    uint8_t img[16384];
    boot_card(img);
    refuse_card(d, img, 512, "too short for a boot image");
    img[0x400] = 0;
    refuse_card(d, img, sizeof img, "not an image vector table");
    put_le32(img + 0x410, 0x10);
    refuse_card(d, img, sizeof img, "boot data is outside the card");
    put_le32(img + 0x424, 0xffffffff);
    refuse_card(d, img, sizeof img, "make no sense");
    put_le32(img + 0x404, 0x12345678);
    refuse_card(d, img, sizeof img, "entry 0x12345678 is outside");
    img[0x428] = 1;
    refuse_card(d, img, sizeof img, "plug-in");
    img[0x42c] = 0;
    refuse_card(d, img, sizeof img, "no DCD");
    img[0x42d] = 0xff;
    refuse_card(d, img, sizeof img, "DCD of");
    img[0x430] = 0x99;
    refuse_card(d, img, sizeof img, "unknown DCD command 0x99 at offset 0x4");
    img[0x432] = 0xff;
    refuse_card(d, img, sizeof img, "has length");
    put_le32(img + 0x420, 0x4ffff000);
    put_le32(img + 0x414, 0x4ffff400);
    put_le32(img + 0x410, 0x4ffff420);
    put_le32(img + 0x40c, 0x4ffff42c);
    put_le32(img + 0x404, 0x4ffff000);
    refuse_card(d, img, sizeof img, "no memory there");
    put_le32(img + 0x424, 0x100000);
    refuse_card(d, img, sizeof img, "is cut off");
}

// Any flip of any byte of the headers: an answer, never a crash.
static void test_boot_rom_survives_flipped_bytes(void **state)
{
    struct desk *d = *state;
    uint8_t img[16384];
    unsigned refused = 0;
    for (unsigned at = 0x400; at < 0x440; at++) {
        for (unsigned bit_ = 0; bit_ < 8; bit_++) {
            struct disk *disk;
            struct boot_entry e;
            boot_card(img);
            img[at] ^= (uint8_t)(1 << bit_);
            disk = disk_of(img, sizeof img);
            refused += boot_rom_imx(d->b.soc, disk, &e, NULL) != 0;
            disk_close(disk);
        }
    }
    assert_in_range(refused, 64, 511);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_desk, close_desk)
    const struct CMUnitTest tests[] = {
        T(test_straight_boot_places_kernel_tree_and_ramdisk),
        T(test_damaged_kernels_are_refused),
        T(test_damaged_device_trees_are_refused),
        T(test_elf_segments_and_entry),
        T(test_uimage_goes_to_its_address),
        T(test_boot_rom_runs_the_dcd_and_jumps),
        T(test_damaged_boot_images_are_refused),
        T(test_boot_rom_survives_flipped_bytes),
    };
    return cmocka_run_group_tests_name("loaders", tests, NULL, NULL);
}
