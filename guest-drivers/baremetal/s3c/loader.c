/* SPDX-License-Identifier: MIT
 *
 * First-stage loader of the mini2440, at most 4 KiB: from NAND it is what the boot hardware copies into
 * the boot memory; from NOR it runs in place. Reads the table behind itself, then kernel and initial
 * RAM disk (from NAND with the controller's ECC, correcting single bits), writes an ATAG list and
 * starts the kernel as Linux's ARM boot protocol says. Left out: bad blocks, compressed images.
 */
#include "s3c.h"

#define SDRAM   0x30000000u
#define KERNEL  (SDRAM + 0x8000)
#define INITRD  (SDRAM + 0x02000000)
#define TAGS    (SDRAM + 0x100)
#define SCRATCH ((uint8_t *)(SDRAM + 0x03200000))

static void put(const char *s)
{
    for (; *s; s++) {
        while (!(REG32(UART0 + 0x10) & 2)) {
        }
        REG8(UART0 + 0x20) = (uint8_t)*s;
    }
}

static void put_hex(uint32_t v)
{
    char text[9];
    for (int i = 0; i < 8; i++, v <<= 4) {
        text[i] = "0123456789abcdef"[v >> 28];
    }
    text[8] = 0;
    put(text);
}

static void __attribute__((noreturn)) stop(const char *why, uint32_t v)
{
    put(why);
    put_hex(v);
    put("\r\n");
    for (;;) {
    }
}

static void pins(void)
{
    REG32(GPIO + 0x10) = 0x295551; /* LEDs out, buzzer off */
    REG32(GPIO + 0x14) = 0x1c0;    /* LED1 on */
    REG32(GPIO + 0x70) = 0x0016faaa;
    REG32(UART0) = 3;
    REG32(UART0 + 4) = 0x245;
    REG32(UART0 + 8) = 1;
    REG32(UART0 + 0x28) = 0x1a; /* 115200 of 50.6 MHz */
}

/* ---- NAND */
static uint32_t page_bytes, chunk, spare_at;

static void wait_ready(void)
{
    while (!(REG32(NFSTAT) & 1)) {
    }
}

static void nand_init(void)
{
    uint32_t pins_seen;
    REG32(NFCONF) = 0x1230;
    REG32(NFCONT) = 0x63; /* enabled, not selected, ECC locked */
    pins_seen = REG32(NFCONF);
    page_bytes = pins_seen & 8 ? 2048 : 512;
    chunk = pins_seen & 8 ? 256 : 512;
    spare_at = pins_seen & 8 ? 40 : 0; /* where Linux keeps the codes */
    REG32(NFCONT) = 0x61;
    REG8(NFCMD) = 0xff;
    wait_ready();
    REG32(NFCONT) = 0x63;
}

/* One bit is wrong where all pairs of parities differ in exactly one. */
static int correct(uint8_t *data, uint32_t diff)
{
    uint32_t byte = 0, n = 0;
    diff &= 0xffffff;
    if (!diff || !(diff & (diff - 1))) {
        return 0;
    }
    if (((diff ^ diff >> 1) & 0x555555) != 0x555555) {
        return -1;
    }
    for (int i = 0; i < 8; i++) {
        byte |= (diff >> (i * 2 + 1) & 1) << i;
    }
    byte |= (diff >> 17 & 1) << 8;
    for (int i = 0; i < 3; i++) {
        n |= (diff >> (19 + i * 2) & 1) << i;
    }
    data[byte] ^= (uint8_t)(1u << n);
    return 1;
}

static void nand_page(uint32_t page, uint8_t *to)
{
    uint32_t codes[8], stored;
    uint8_t spare[64];
    int big = page_bytes == 2048;
    REG32(NFCONT) = 0x41; /* selected, main ECC open */
    REG8(NFCMD) = 0;
    REG8(NFADDR) = 0;
    if (big) {
        REG8(NFADDR) = 0;
    }
    REG8(NFADDR) = (uint8_t)page;
    REG8(NFADDR) = (uint8_t)(page >> 8);
    if (!big || (REG32(NFCONF) & 2)) {
        REG8(NFADDR) = (uint8_t)(page >> 16);
    }
    if (big) {
        REG8(NFCMD) = 0x30;
    }
    wait_ready();
    for (uint32_t at = 0, n = 0; at < page_bytes; at += chunk, n++) {
        REG32(NFCONT) = 0x51; /* begin a code */
        for (uint32_t i = 0; i < chunk; i += 4) {
            *(uint32_t *)(to + at + i) = REG32(NFDATA);
        }
        codes[n] = REG32(NFMECC0);
    }
    REG32(NFCONT) = 0x61;
    for (uint32_t i = 0; i < page_bytes / 32; i++) {
        spare[i] = REG8(NFDATA);
    }
    REG32(NFCONT) = 0x63;
    for (uint32_t at = 0, n = 0; at < page_bytes; at += chunk, n++) {
        const uint8_t *c = spare + spare_at + n * 3;
        stored = (uint32_t)(c[0] | c[1] << 8 | c[2] << 16);
        if (stored != 0xffffff && correct(to + at, stored ^ codes[n]) < 0) {
            stop("loader: page is beyond repair: ", page);
        }
    }
}

static void nand_read(uint32_t from, uint32_t bytes, uint8_t *to)
{
    for (uint32_t done = 0; done < bytes; done += page_bytes) {
        nand_page((from + done) / page_bytes, to + done);
    }
}

/* ---- the list for the kernel */
static uint32_t *tag(uint32_t *at, uint32_t id, uint32_t words)
{
    at[0] = words + 2;
    at[1] = id;
    return at + 2;
}

static void tags(const struct boot_table *t)
{
    uint32_t *at = tag((uint32_t *)TAGS, 0x54410001, 0);
    const uint32_t *text = (const uint32_t *)t->text;
    at = tag(at, 0x54410002, 2);
    *at++ = 64 << 20;
    *at++ = SDRAM;
    if (t->initrd_bytes) {
        at = tag(at, 0x54420005, 2);
        *at++ = INITRD;
        *at++ = t->initrd_bytes;
    }
    at = tag(at, 0x54410009, BOOT_TEXT / 4);
    for (int i = 0; i < BOOT_TEXT / 4; i++) {
        *at++ = text[i];
    }
    at[0] = at[1] = 0;
}

/* In NAND the table stands at its page; in NOR it can be read where it is. NOR begins with this code
 * and continues past the boot memory's 4 KiB; with NAND nothing answers there. */
void __attribute__((noreturn)) loader(void)
{
    struct boot_table *t = (struct boot_table *)SCRATCH;
    const struct boot_table *nor = (const struct boot_table *)BOOT_TABLE;
    int from_nor = nor->magic == BOOT_MAGIC;
    pins();
    put("loader: ");
    if (from_nor) {
        put("NOR\r\n");
        t = (struct boot_table *)nor;
    } else {
        nand_init();
        put(page_bytes == 512 ? "NAND, 512 bytes a page\r\n" : "NAND, 2048 bytes a page\r\n");
        nand_read(BOOT_TABLE, sizeof *t, SCRATCH);
    }
    if (t->magic != BOOT_MAGIC) {
        stop("loader: no table: ", t->magic);
    }
    if (from_nor) {
        for (uint32_t i = 0; i < t->kernel_bytes; i += 4) {
            *(uint32_t *)(KERNEL + i) = *(const uint32_t *)(t->kernel + i);
        }
        for (uint32_t i = 0; i < t->initrd_bytes; i += 4) {
            *(uint32_t *)(INITRD + i) = *(const uint32_t *)(t->initrd + i);
        }
    } else {
        nand_read(t->kernel, t->kernel_bytes, (uint8_t *)KERNEL);
        nand_read(t->initrd, t->initrd_bytes, (uint8_t *)INITRD);
        REG32(NFCONT) = 3; /* Linux's driver expects the controller to be on */
    }
    tags(t);
    put("loader: starting the kernel\r\n");
    ((void (*)(uint32_t, uint32_t, uint32_t))KERNEL)(0, t->machine, TAGS);
    stop("loader: the kernel came back", 0);
}
