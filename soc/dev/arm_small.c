// SPDX-License-Identifier: MIT
//
// The quiet and small devices of ARM's development boards: what drivers probe, read back and
// leave. PL031 clock (ARM DDI 0224) without its alarm interrupt; PL050 keyboard and mouse ports
// (DDI 0143) with nothing plugged in; SP805 watchdog (DDI 0270), SP810 controller, PL041 audio
// (DDI 0173), PL341 and PL354 memory controllers as plain storage; L2C-310 cache controller (DDI
// 0246), whose operations are done at once; the two-wire serial control lines; a CompactFlash slot
// and a USB controller without anything behind; NOR flash that reads erased and ignores commands.
#include "base/snapshot.h"
#include "soc/dev/primecell.h"
#include "soc/soc.h"

// ---- PL031
// ---------------------------------------------------------------------------------------

enum { RTC_DR = 0x00, RTC_LR = 0x08 };

struct pl031 {
    struct device dev;
    uint32_t offset; // seconds to add to the machine's calendar
};

static uint32_t seconds(const struct device *dev)
{
    return (uint32_t)(soc_epoch(dev->soc) + device_now(dev) / 1000000000u);
}

static uint32_t rtc_read(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct pl031 *r = container_of(device_of(rf), struct pl031, dev);
    (void)row, (void)i;
    return seconds(&r->dev) + r->offset;
}

static void rtc_write(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    struct pl031 *r = container_of(device_of(rf), struct pl031, dev);
    (void)row, (void)i, (void)old;
    r->offset = raw - seconds(&r->dev);
}

static const struct reg_row pl031_rows[] = {
    {.name = "RTCDR", .offset = RTC_DR, .read = rtc_read},
    RW(0x04, "RTCMR", 0),
    {.name = "RTCLR", .offset = RTC_LR, .writable = ~0u, .write = rtc_write},
    RW_MASK(0x0c, "RTCCR", 1, 1),
    RW_MASK(0x10, "RTCIMSC", 0, 1),
    RO(0x14, "RTCRIS", 0),
    RO(0x18, "RTCMIS", 0),
    {.name = "RTCICR", .offset = 0x1c},
    PRIMECELL_ROWS(0x031, 0x04),
};

static void pl031_reset(struct device *dev)
{
    container_of(dev, struct pl031, dev)->offset = 0;
}

static const struct snap_field pl031_state[] = {SNAP_FIELD(struct pl031, offset), SNAP_END};

// ---- two-wire serial
// -----------------------------------------------------------------------------

enum { LINES = 0x00, LINES_CLEAR = 0x04 };

// Open drains with nobody else on the wires: they read as driven.
static void lines_write(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                        uint32_t old)
{
    (void)i;
    if (row->offset == LINES) {
        regfile_put(rf, row, 0, old | (raw & 3));
    } else {
        regfile_poke(rf, LINES, regfile_peek(rf, LINES) & ~raw);
    }
}

static const struct reg_row i2c_rows[] = {
    {.name = "CONTROL", .offset = LINES, .reset = 3, .writable = 3, .write = lines_write},
    {.name = "CONTROLC", .offset = LINES_CLEAR, .write = lines_write},
};

// ---- tables of storage
// ---------------------------------------------------------------------------

// clang-format off
static const struct reg_row pl050_rows[] = {
    RW_MASK(0x00, "KMICR", 0, 0x3f), RO(0x04, "KMISTAT", 0x43), // sender empty, lines high
    {.name = "KMIDATA", .offset = 0x08}, RW_MASK(0x0c, "KMICLKDIV", 0, 0xf), RO(0x10, "KMIIR", 0),
    PRIMECELL_ROWS(0x050, 0x04)};
static const struct reg_row sp805_rows[] = {
    RW(0x000, "WdogLoad", ~0u), RO(0x004, "WdogValue", ~0u), RW_MASK(0x008, "WdogControl", 0, 3),
    {.name = "WdogIntClr", .offset = 0x00c}, RO(0x010, "WdogRIS", 0), RO(0x014, "WdogMIS", 0),
    RW(0xc00, "WdogLock", 0), PRIMECELL_ROWS(0x805, 0x14)};
static const struct reg_row sp810_rows[] = {
    RW(0x000, "SCCTRL", 9), RW(0x004, "SCSYSSTAT", 0), RW_ARRAY(0x008, "SCIM", 0, 6), RW_ARRAY(0x020, "SCPER", 0, 6),
    PRIMECELL_ROWS(0x810, 0x14)};
static const struct reg_row pl041_rows[] = {
    RW_ARRAY(0x00, "AACIRXCR", 0, 0x5c / 4), RW(0x5c, "AACISLIEN", 0),
    RW(0x70, "AACISLISTAT", 0), RO(0x74, "AACISLFR", 0xa80), RW(0x78, "AACIMAINCR", 0), RW(0x7c, "AACIRESET", 0), RW(0x80, "AACISYNC", 0),
    PRIMECELL_ROWS(0x041, 0x04)};
static const struct reg_row pl341_rows[] = {
    RO(0x000, "memc_status", 1), {.name = "memc_cmd", .offset = 0x004}, {.name = "direct_cmd", .offset = 0x008},
    RW_ARRAY(0x00c, "memory_cfg", 0, 0x1f4 / 4), PRIMECELL_ROWS(0x341, 0x04)};
static const struct reg_row pl354_rows[] = {
    RO(0x000, "memc_status", 0), RO(0x004, "memif_cfg", 0x2a), RW_ARRAY(0x008, "set_cfg", 0, 0x1f8 / 4),
    PRIMECELL_ROWS(0x354, 0x14)};
static const struct reg_row l2c310_rows[] = {
    RO(0x000, "CACHE_ID", 0x410000c8), RO(0x004, "CACHE_TYPE", 0x19080800),
    RW_MASK(0x100, "CTRL", 0, 1), RW(0x104, "AUX_CTRL", 0x02020000), RW(0x108, "TAG_LATENCY", 0), RW(0x10c, "DATA_LATENCY", 0),
    RW(0x200, "EVENT_CNT_CTRL", 0), RW_ARRAY(0x204, "EVENT_CNT_CFG", 0, 2), RW_ARRAY(0x20c, "EVENT_CNT", 0, 2),
    RW(0x214, "INTR_MASK", 0), RO(0x218, "MASKED_INTR", 0), RO(0x21c, "RAW_INTR", 0), {.name = "INTR_CLEAR", .offset = 0x220},
    {.name = "CACHE_SYNC", .offset = 0x730}, {.name = "INV_LINE_PA", .offset = 0x770}, {.name = "INV_WAY", .offset = 0x77c},
    {.name = "CLEAN_LINE_PA", .offset = 0x7b0}, {.name = "CLEAN_LINE_IDX", .offset = 0x7b8}, {.name = "CLEAN_WAY", .offset = 0x7bc},
    {.name = "CLEAN_INV_LINE_PA", .offset = 0x7f0}, {.name = "CLEAN_INV_LINE_IDX", .offset = 0x7f8}, {.name = "CLEAN_INV_WAY", .offset = 0x7fc},
    RW_ARRAY(0x900, "LOCKDOWN", 0, 16), RW(0x950, "LOCKDOWN_LINE", 0), RW(0xc00, "ADDR_FILTER_START", 0), RW(0xc04, "ADDR_FILTER_END", 0),
    RW(0xf40, "DEBUG_CTRL", 0), RW(0xf60, "PREFETCH_CTRL", 0), RW(0xf80, "POWER_CTRL", 0)};
// clang-format on

// ---- windows without registers
// -------------------------------------------------------------------

static bool erased(struct device *dev, uint32_t off, unsigned size, uint64_t *val)
{
    (void)dev, (void)off, (void)size;
    *val = ~0ull;
    return true;
}

static bool zero(struct device *dev, uint32_t off, unsigned size, uint64_t *val)
{
    (void)dev, (void)off, (void)size;
    *val = 0;
    return true;
}

static bool ignored(struct device *dev, uint32_t off, unsigned size, uint64_t val)
{
    (void)dev, (void)off, (void)size, (void)val;
    return true;
}

#define WINDOWS_OF(id)                                                                             \
    static const struct reg_table id##_table = REG_TABLE(#id, id##_rows, PRIMECELL_SPAN);          \
    static const struct device_window id##_windows[] = {WINDOW(id##_table)}
WINDOWS_OF(pl031);
WINDOWS_OF(i2c);
WINDOWS_OF(pl050);
WINDOWS_OF(sp805);
WINDOWS_OF(sp810);
WINDOWS_OF(pl041);
WINDOWS_OF(pl341);
WINDOWS_OF(pl354);
WINDOWS_OF(l2c310);
static const struct device_window flash_windows[] = {
    {.name = "", .bytes = 64 << 20, .read = erased, .write = ignored}};
static const struct device_window cf_windows[] = {
    {.name = "", .bytes = 0x1000, .read = erased, .write = ignored}};
static const struct device_window isp1761_windows[] = {
    {.name = "", .bytes = 0x20000, .read = zero, .write = ignored}};

#define QUIET(id, label, text, windows_)                                                           \
    const struct device_class id##_class = {.name = (label), .doc = (text),                        \
        .bytes = sizeof(struct device), .windows = (windows_), .window_count = ARRAY_LEN(windows_)}
QUIET(versatile_i2c, "versatile-i2c", "two-wire serial lines", i2c_windows);
QUIET(pl050, "pl050", "keyboard and mouse port", pl050_windows);
QUIET(sp805, "sp805", "watchdog", sp805_windows);
QUIET(sp810, "sp810", "system controller", sp810_windows);
QUIET(pl041, "pl041", "audio codec interface", pl041_windows);
QUIET(pl341, "pl341", "dynamic memory controller", pl341_windows);
QUIET(pl354, "pl354", "static memory controller", pl354_windows);
QUIET(l2c310, "l2c-310", "level 2 cache controller", l2c310_windows);
QUIET(erased_flash, "erased-flash", "NOR flash, erased", flash_windows);
QUIET(compact_flash, "compact-flash", "CompactFlash slot, empty", cf_windows);
QUIET(isp1761, "isp1761", "USB controller", isp1761_windows);

const struct device_class pl031_class = {
    .name = "pl031",
    .doc = "calendar clock",
    .bytes = sizeof(struct pl031),
    .windows = pl031_windows,
    .window_count = ARRAY_LEN(pl031_windows),
    .reset = pl031_reset,
    .state = pl031_state,
};
