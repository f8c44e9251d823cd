// SPDX-License-Identifier: MIT
//
// SD cards behind the i.MX53's host controller as U-Boot (simple DMA, polling) and Linux (ADMA2)
// use them, programmed I/O, missing and read-only cards; disk images and their overlay.
#include "tests/soc/bench.h"

#include <fcntl.h>
#include <unistd.h>

#include "soc/disk.h"

enum { SD = 0x50004000, BLOCKS = 2048 };
enum { CC = 1, TC = 2, DINT = 8, BWR = 16, BRR = 32, CTOE = 1 << 16, DTOE = 1 << 20 };
#define DMAE (1u << 28)

struct card {
    struct bench b;
    struct disk *disk;
};

static void put_card(struct card *c, struct disk *disk)
{
    struct device *dev;
    bench_make(&c->b, "imx53-qsb", 0);
    dev = soc_device(c->b.soc, "esdhc1");
    c->disk = disk;
    if (disk) {
        assert_int_equal(dev->cls->attach_disk(dev, disk, NULL), 0);
    }
    bench_start(&c->b);
}

static int open_card(void **state)
{
    struct card *c = calloc(1, sizeof *c);
    struct disk_config cfg = {.bytes = BLOCKS * 512};
    uint8_t block[512];
    put_card(c, disk_open(&cfg, NULL));
    for (unsigned i = 0; i < BLOCKS; i++) {
        memset(block, (int)i & 0xff, sizeof block);
        put_le32(block, i);
        disk_write(c->disk, i * 512u, block, sizeof block);
    }
    *state = c;
    return 0;
}

static int close_card(void **state)
{
    struct card *c = *state;
    bench_close(&c->b);
    disk_close(c->disk);
    free(c);
    return 0;
}

// One command, polled; returns IRQSTAT and clears it.
static uint32_t cmd(struct card *c, uint32_t xfertyp, uint32_t arg)
{
    uint32_t stat;
    wr(&c->b, SD + 0x30, ~0u);
    wr(&c->b, SD + 0x08, arg);
    wr(&c->b, SD + 0x0c, xfertyp);
    stat = rd(&c->b, SD + 0x30);
    wr(&c->b, SD + 0x30, stat);
    return stat;
}

// Identification as every driver does it.
static void identify(struct card *c)
{
    wr(&c->b, SD + 0x2c, 0x01000000 | 0xf);
    assert_int_equal(rd(&c->b, SD + 0x2c) & 0x01000000, 0);
    assert_int_equal(rd(&c->b, SD + 0x34), 0x117f013f);
    assert_int_equal(cmd(c, 0x00000000, 0), CC);
    assert_int_equal(cmd(c, 0x081a0000, 0x1aa), CC);
    assert_int_equal(rd(&c->b, SD + 0x10), 0x1aa);
    assert_int_equal(cmd(c, 0x371a0000, 0), CC);
    assert_int_equal(cmd(c, 0x29020000, 0x40360000), CC);
    assert_int_equal(rd(&c->b, SD + 0x10) >> 30, 3); // powered up, high capacity
    assert_int_equal(cmd(c, 0x02090000, 0), CC);
    assert_int_equal(cmd(c, 0x031a0000, 0), CC);
    assert_int_equal(rd(&c->b, SD + 0x10) >> 16, 0x4567);
    assert_int_equal(cmd(c, 0x09090000, 0x45670000), CC);
    assert_int_equal(cmd(c, 0x071b0000, 0x45670000) & CC, CC);
}

static void test_card_identifies_and_tells_its_size(void **state)
{
    struct card *c = *state;
    uint32_t csize;
    identify(c);
    cmd(c, 0x071b0000, 0); // deselect, then read the CSD again
    cmd(c, 0x09090000, 0x45670000);
    csize = (rd(&c->b, SD + 0x14) >> 8 | rd(&c->b, SD + 0x18) << 24) & 0x3fffff;
    assert_int_equal(csize, BLOCKS * 512 / (512 * 1024) - 1);
    assert_int_equal(rd(&c->b, SD + 0x24), 0xff8f0088);
    assert_int_equal(rd(&c->b, 0x53f8c008) & BIT(13), 0); // card detect pin
}

static void test_simple_dma_reads_blocks(void **state)
{
    struct card *c = *state;
    uint32_t stat;
    identify(c);
    wr(&c->b, SD + 0x00, RAM);
    wr(&c->b, SD + 0x04, 4 << 16 | 512);
    stat = cmd(c, 0x123a0033, 100); // CMD18, block count, DMA
    assert_int_equal(stat & (CC | TC | DINT), CC | TC | DINT);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(rd(&c->b, RAM + i * 512), 100 + i);
    }
    stat = cmd(c, 0x0cdb0000, 0); // CMD12 has no data: no transfer complete
    assert_int_equal(stat, CC);
    assert_int_equal(rd(&c->b, SD + 0x04), 512); // count is used up
}

static void test_adma2_scatters_and_gathers(void **state)
{
    struct card *c = *state;
    uint32_t table[][2] = {{512u << 16 | 0x21, RAM + 0x1000},
                           {0x31, RAM + 0x40}, // link
                           {0, 0}};
    uint32_t more[][2] = {{1024u << 16 | 0x21, RAM + 0x3000}, {512u << 16 | 0x23, RAM + 0x5000}};
    uint32_t stat;
    identify(c);
    soc_dma_write(c->b.soc, RAM, table, sizeof table);
    soc_dma_write(c->b.soc, RAM + 0x40, more, sizeof more);
    wr(&c->b, SD + 0x28, 0x222); // ADMA2
    wr(&c->b, SD + 0x58, RAM);
    wr(&c->b, SD + 0x04, 4 << 16 | 512);
    stat = cmd(c, 0x123a0037, 7); // with auto CMD12
    assert_int_equal(stat & (CC | TC), CC | TC);
    assert_int_equal(rd(&c->b, RAM + 0x1000), 7);
    assert_int_equal(rd(&c->b, RAM + 0x3200), 9);
    assert_int_equal(rd(&c->b, RAM + 0x5000), 10);
    // and back to other blocks
    wr(&c->b, SD + 0x58, RAM);
    wr(&c->b, SD + 0x04, 4 << 16 | 512);
    stat = cmd(c, 0x193a0027, 1000);
    assert_int_equal(stat & (CC | TC), CC | TC);
    uint8_t block[4];
    disk_read(c->disk, 1003 * 512, block, 4);
    assert_int_equal(get_le32(block), 10);
}

static void test_wild_adma_tables_end(void **state)
{
    struct card *c = *state;
    uint32_t loop[2] = {0x31, RAM}; // links to itself
    identify(c);
    soc_dma_write(c->b.soc, RAM, loop, sizeof loop);
    wr(&c->b, SD + 0x28, 0x222);
    wr(&c->b, SD + 0x58, RAM);
    wr(&c->b, SD + 0x04, 1 << 16 | 512);
    assert_int_equal(cmd(c, 0x113a0013, 0) & (DMAE | TC), DMAE);
    wr(&c->b, SD + 0x58, 0x50000000); // not memory
    assert_int_equal(cmd(c, 0x113a0013, 0) & (DMAE | TC), DMAE);
}

static void test_programmed_io(void **state)
{
    struct card *c = *state;
    uint32_t stat;
    identify(c);
    wr(&c->b, SD + 0x04, 2 << 16 | 512);
    stat = cmd(c, 0x123a0032, 20); // no DMA
    assert_int_equal(stat & (CC | BRR | TC), CC | BRR);
    for (unsigned i = 0; i < 256; i++) {
        uint32_t v = rd(&c->b, SD + 0x20);
        assert_int_equal(rd(&c->b, SD + 0x30) & TC, i == 255 ? TC : 0);
        if (i % 128 == 0) {
            assert_int_equal(v, 20 + i / 128);
        }
    }
    wr(&c->b, SD + 0x04, 1 << 16 | 512);
    stat = cmd(c, 0x183a0000, 30);
    assert_int_equal(stat & (CC | BWR), CC | BWR);
    for (unsigned i = 0; i < 128; i++) {
        wr(&c->b, SD + 0x20, 0xcafe0000 + i);
    }
    assert_int_equal(rd(&c->b, SD + 0x30) & TC, TC);
    uint8_t block[8];
    disk_read(c->disk, 30 * 512, block, 8);
    assert_int_equal(get_le32(block + 4), 0xcafe0001);
}

static void test_registers_of_the_card(void **state)
{
    struct card *c = *state;
    identify(c);
    wr(&c->b, SD + 0x00, RAM);
    wr(&c->b, SD + 0x04, 1 << 16 | 8);
    cmd(c, 0x371a0000, 0x45670000);
    assert_int_equal(cmd(c, 0x333a0011, 0) & (CC | TC), CC | TC); // SCR
    assert_int_equal(rd(&c->b, RAM) & 0xffff, 0x3502);
    wr(&c->b, SD + 0x00, RAM);
    wr(&c->b, SD + 0x04, 1 << 16 | 64);
    assert_int_equal(cmd(c, 0x063a0011, 0x80fffff1) & (CC | TC), CC | TC); // high speed
    assert_int_equal(rd(&c->b, RAM + 16) & 0xf, 1);
    assert_int_equal(cmd(c, 0x341a0000, 0) & CTOE, CTOE); // SDIO: silence
}

static void test_reading_past_the_end_reports(void **state)
{
    struct card *c = *state;
    identify(c);
    wr(&c->b, SD + 0x00, RAM);
    wr(&c->b, SD + 0x04, 1 << 16 | 512);
    assert_int_equal(cmd(c, 0x113a0011, BLOCKS) & (DTOE | TC), DTOE);
    assert_int_equal(rd(&c->b, SD + 0x10) >> 31, 1);
}

static void test_no_card_times_out(void **state)
{
    struct card c = {0};
    (void)state;
    put_card(&c, NULL);
    assert_int_equal(cmd(&c, 0x081a0000, 0x1aa), CTOE);
    assert_int_equal(rd(&c.b, SD + 0x24), 0xff800088);
    bench_close(&c.b);
}

static void test_read_only_card_keeps_its_data(void **state)
{
    struct card c = {0};
    char path[] = "/tmp/yamato-sd-XXXXXX";
    int fd = mkstemp(path);
    struct disk_config cfg = {.path = path, .readonly = true};
    (void)state;
    assert_int_equal(ftruncate(fd, 1 << 20), 0);
    put_card(&c, disk_open(&cfg, NULL));
    identify(&c);
    assert_int_equal(rd(&c.b, SD + 0x24) & BIT(19), 0);
    wr(&c.b, SD + 0x00, RAM);
    wr(&c.b, SD + 0x04, 1 << 16 | 512);
    wr(&c.b, RAM, 0x1234);
    cmd(&c, 0x183a0001, 0);
    bench_close(&c.b);
    disk_close(c.disk);
    uint32_t first = 1;
    assert_int_equal(pread(fd, &first, 4, 0), 4);
    assert_int_equal(first, 0);
    close(fd);
    unlink(path);
}

// ---- images
// --------------------------------------------------------------------------------------

static int image(char *path, size_t bytes)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
    return fd;
}

static void test_overlay_leaves_the_file_alone(void **state)
{
    char path[] = "/tmp/yamato-disk-XXXXXX";
    int fd = image(path, 1 << 20);
    struct disk_config cfg = {.path = path, .snapshot = true};
    struct disk *a = disk_open(&cfg, NULL), *b = disk_open(&cfg, NULL);
    uint8_t in[3000], out[3000] = {0};
    (void)state;
    memset(in, 0xa5, sizeof in);
    assert_int_equal(disk_write(a, 65536 - 1000, in, sizeof in), 0);
    assert_int_equal(disk_read(a, 65536 - 1000, out, sizeof out), 0);
    assert_memory_equal(in, out, sizeof in);
    assert_int_equal(disk_read(b, 65536 - 1000, out, sizeof out), 0);
    assert_int_equal(out[0], 0);
    assert_int_equal(pread(fd, out, sizeof out, 65536 - 1000), sizeof out);
    assert_int_equal(out[0], 0);
    assert_int_equal(disk_read(a, (1 << 20) - 1, out, 2), -22);
    assert_int_equal(disk_write(a, UINT64_MAX - 1, in, 8), -22);
    disk_close(a);
    disk_close(b);
    close(fd);
    unlink(path);
}

static void refuse(const char *path, const char *why)
{
    struct disk_config cfg = {.path = path, .snapshot = true};
    struct err err = {0};
    assert_null(disk_open(&cfg, &err));
    if (!strstr(err.msg, why)) {
        fail_msg("'%s' does not say '%s'", err.msg, why);
    }
}

static void test_damaged_images_are_refused_by_name(void **state)
{
    char path[] = "/tmp/yamato-disk-XXXXXX";
    int fd = image(path, 1 << 20);
    uint8_t mbr[512] = {0};
    (void)state;
    mbr[446 + 4] = 0x83;
    put_le32(mbr + 446 + 8, 1024);
    put_le32(mbr + 446 + 12, 4096);
    mbr[510] = 0x55;
    mbr[511] = 0xaa;
    assert_int_equal(pwrite(fd, mbr, 512, 0), 512);
    refuse(path, "truncated: partition 1 ends at byte 2621440, file has 1048576");
    assert_int_equal(ftruncate(fd, 1000), 0);
    refuse(path, "not a whole number of 512-byte sectors");
    refuse("/tmp", "not a disk image");
    refuse("/nonexistent/disk", "No such file");
    close(fd);
    unlink(path);
}

static void test_a_written_image_is_locked(void **state)
{
    char path[] = "/tmp/yamato-disk-XXXXXX";
    int fd = image(path, 1 << 20);
    struct disk_config cfg = {.path = path};
    struct err err = {0};
    struct disk *a = disk_open(&cfg, NULL);
    uint32_t v = 7, got = 0;
    (void)state;
    assert_null(disk_open(&cfg, &err));
    assert_int_equal(err.code, -16);
    assert_int_equal(disk_write(a, 512, &v, 4), 0);
    disk_close(a);
    assert_int_equal(pread(fd, &got, 4, 512), 4);
    assert_int_equal(got, 7);
    close(fd);
    unlink(path);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_card, close_card)
    const struct CMUnitTest tests[] = {
        T(test_card_identifies_and_tells_its_size),
        T(test_simple_dma_reads_blocks),
        T(test_adma2_scatters_and_gathers),
        T(test_wild_adma_tables_end),
        T(test_programmed_io),
        T(test_registers_of_the_card),
        T(test_reading_past_the_end_reports),
        cmocka_unit_test(test_no_card_times_out),
        cmocka_unit_test(test_read_only_card_keeps_its_data),
        cmocka_unit_test(test_overlay_leaves_the_file_alone),
        cmocka_unit_test(test_damaged_images_are_refused_by_name),
        cmocka_unit_test(test_a_written_image_is_locked),
    };
    return cmocka_run_group_tests_name("SD cards and disks", tests, NULL, NULL);
}
