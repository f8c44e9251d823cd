// SPDX-License-Identifier: MIT
//
// Kernels, device trees and boot images as a user may hand them over: the first byte picks the
// loader, the rest is the file. Whatever it is, it is loaded or refused.
#include <stdlib.h>
#include <string.h>

#include "soc/disk.h"
#include "soc/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct soc *board(void)
{
    static struct soc *soc; // one board for all inputs: making it costs more than a run
    if (!soc) {
        struct soc_config cfg = {.ram_bytes = 16 << 20};
        soc = soc_create(board_find("imx53-qsb"), &cfg, NULL);
        if (!soc || soc_realize(soc, NULL)) {
            abort();
        }
    }
    return soc;
}

static void kernel(const uint8_t *data, size_t n)
{
    struct blob b = {.data = malloc(n), .bytes = n, .name = "kernel"};
    struct image_info info;
    uint32_t entry;
    memcpy(b.data, data, n);
    if (!image_inspect(&b, &info, NULL)) {
        image_place(board(), &b, &info, 0x70008000, &entry, NULL);
    }
    free(b.data);
}

static void tree(const uint8_t *data, size_t n)
{
    struct blob b = {.data = malloc(n), .bytes = n, .name = "tree"}, out;
    memcpy(b.data, data, n);
    if (!fdt_prepare(&b, board(), "console=ttymxc0", 0x78000000, 4096, &out, NULL)) {
        blob_free(&out);
    }
    free(b.data);
}

static void card(const uint8_t *data, size_t n)
{
    size_t bytes = (n + 511) / 512 * 512;
    struct disk_config cfg = {.bytes = bytes + 8192};
    struct disk *disk = disk_open(&cfg, NULL);
    struct boot_entry entry;
    if (disk) {
        disk_write(disk, 0x400, data, n < 7168 ? n : 7168);
        boot_rom_imx(board(), disk, &entry, NULL);
        disk_close(disk);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 2) {
        return 0;
    }
    switch (data[0] % 3) {
    case 0:
        kernel(data + 1, n - 1);
        break;
    case 1:
        tree(data + 1, n - 1);
        break;
    default:
        card(data + 1, n - 1);
        break;
    }
    return 0;
}
