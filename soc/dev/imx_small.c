// SPDX-License-Identifier: MIT
//
// The i.MX53's small system blocks: reset controller, watchdog, secure RTC, fuses. One register
// table each and the one or two effects that software waits for (i.MX53 Reference Manual, chapters
// "SRC", "WDOG", "SRTC", "IIM").
#include <string.h>

#include "base/snapshot.h"
#include "soc/dev/rows.h"
#include "soc/soc.h"

// ---- SRC: system reset controller
// ----------------------------------------------------------------

enum { SRC_SCR = 0x00, SRC_SRSR = 0x08 };

static void write_scr(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    (void)i, (void)old;
    regfile_put(rf, row, 0, raw & ~0x1eu); // software resets of modules are over at once
}

// clang-format off
static const struct reg_row src_rows[] = {
    {.name = "SCR", .offset = SRC_SCR, .reset = 0x520, .writable = ~0u, .write = write_scr,
     .doc = "1 GPU, 2 VPU, 3 IPU, 4 OpenVG reset (self clearing)"},
    RO(0x04, "SBMR", 0),
    {.name = "SRSR", .offset = SRC_SRSR, .reset = 1, .w1c = 0xffff, .doc = "0 power on, 4 watchdog"},
    RO(0x14, "SISR", 0),
    RW(0x18, "SIMR", 0x1f),
};
// clang-format on
static const struct reg_table src_table = REG_TABLE("src", src_rows, 0x1c);
static const struct device_window src_windows[] = {
    {.name = "", .regs = &src_table, .bytes = 0x4000}};

static void src_reset(struct device *dev)
{
    if (soc_reset_is_warm(dev->soc)) {
        regfile_poke(device_regs(dev, 0), SRC_SRSR, 0x10);
    }
}

const struct device_class imx_src_class = {
    .name = "imx-src",
    .doc = "system reset controller",
    .bytes = sizeof(struct device),
    .windows = src_windows,
    .window_count = 1,
    .reset = src_reset,
};

// ---- WDOG
// ----------------------------------------------------------------------------------------

enum { WCR = 0x00, WSR = 0x02, WRSR = 0x04, WICR = 0x06, WMCR = 0x08 };
enum { WCR_WDE = BIT(2), WCR_SRS = BIT(4), WCR_WDA = BIT(5) };
enum { WRSR_SFTW = BIT(0), WRSR_TOUT = BIT(1) };

struct imx_wdog {
    struct device dev;
    struct event timeout, warning;
    uint16_t service; // last word written to WSR
    uint16_t cause;   // what WRSR says after the reset that this watchdog made
};

static void wdog_restart(struct imx_wdog *w)
{
    struct regfile *rf = device_regs(&w->dev, 0);
    uint64_t now = device_now(&w->dev), wt = bits(regfile_peek(rf, WCR), 15, 8);
    uint64_t wict = regfile_peek(rf, WICR) & 0xff, half = 500000000u, end = (wt + 1) * half;
    if (!(regfile_peek(rf, WCR) & WCR_WDE)) {
        return;
    }
    device_arm(&w->dev, &w->timeout, now + end);
    if (regfile_peek(rf, WICR) & BIT(15)) {
        device_arm(&w->dev, &w->warning, now + (wict * half < end ? end - wict * half : 0));
    }
}

static void wdog_expired(struct event *ev, uint64_t now)
{
    struct imx_wdog *w = container_of(ev, struct imx_wdog, timeout);
    (void)now;
    w->cause = WRSR_TOUT;
    soc_power(w->dev.soc, SOC_POWER_RESET, "watchdog timeout");
}

static void wdog_warns(struct event *ev, uint64_t now)
{
    struct imx_wdog *w = container_of(ev, struct imx_wdog, warning);
    struct regfile *rf = device_regs(&w->dev, 0);
    (void)now;
    regfile_poke(rf, WICR, regfile_peek(rf, WICR) | BIT(14));
    device_output(&w->dev, 0, true);
}

static void write_wdog(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                       uint32_t old)
{
    struct imx_wdog *w = container_of(device_of(rf), struct imx_wdog, dev);
    (void)i;
    switch (row->offset) {
    case WCR:
        if (old & WCR_WDE) { // the enable bit cannot be taken back
            regfile_put(rf, row, 0, regfile_get(rf, row, 0) | WCR_WDE);
        }
        if (!(raw & WCR_SRS)) {
            w->cause = WRSR_SFTW;
            regfile_put(rf, row, 0, regfile_get(rf, row, 0) | WCR_SRS);
            soc_power(w->dev.soc, SOC_POWER_RESET, "watchdog software reset");
        } else if (!(raw & WCR_WDA)) {
            soc_power(w->dev.soc, SOC_POWER_RESET, "watchdog output");
        }
        if (!(old & WCR_WDE)) {
            wdog_restart(w);
        }
        break;
    case WSR:
        if (raw == 0xaaaa && w->service == 0x5555) {
            wdog_restart(w);
        }
        w->service = (uint16_t)raw;
        break;
    case WICR:
        if (!(regfile_peek(rf, WICR) & BIT(14))) {
            device_output(&w->dev, 0, false);
        }
        wdog_restart(w);
        break;
    default:
        break;
    }
}

// clang-format off
static const struct reg_row wdog_rows[] = {
    {.name = "WCR", .offset = WCR, .reset = 0x0030, .writable = 0xffbf, .bytes = 2, .write = write_wdog,
     .doc = "[15:8] timeout in half seconds, 2 WDE, 4 SRS, 5 WDA"},
    {.name = "WSR", .offset = WSR, .writable = 0xffff, .bytes = 2, .write = write_wdog},
    {.name = "WRSR", .offset = WRSR, .reset = 0x0010, .bytes = 2},
    {.name = "WICR", .offset = WICR, .reset = 0x0004, .writable = 0x80ff, .w1c = 0x4000, .bytes = 2,
     .write = write_wdog},
    RW16(WMCR, "WMCR", 1),
};
// clang-format on
static const struct reg_table wdog_table = REG_TABLE("wdog", wdog_rows, 0x0a);
static const struct device_window wdog_windows[] = {
    {.name = "", .regs = &wdog_table, .bytes = 0x4000}};

static void wdog_reset(struct device *dev)
{
    struct imx_wdog *w = container_of(dev, struct imx_wdog, dev);
    device_cancel(dev, &w->timeout);
    device_cancel(dev, &w->warning);
    device_output(dev, 0, false);
    if (w->cause && soc_reset_is_warm(dev->soc)) {
        regfile_poke(device_regs(dev, 0), WRSR, w->cause);
    }
    w->cause = 0;
    w->service = 0;
}

static int wdog_realize(struct device *dev, struct err *err)
{
    struct imx_wdog *w = container_of(dev, struct imx_wdog, dev);
    (void)err;
    event_init(&w->timeout, wdog_expired);
    event_init(&w->warning, wdog_warns);
    return 0;
}

static void wdog_save(const struct device *dev, struct snap_writer *s)
{
    const struct imx_wdog *w = container_of(dev, const struct imx_wdog, dev);
    device_save_event(s, &w->timeout);
    device_save_event(s, &w->warning);
}

static int wdog_restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    struct imx_wdog *w = container_of(dev, struct imx_wdog, dev);
    device_restore_event(dev, r, &w->timeout);
    device_restore_event(dev, r, &w->warning);
    return snap_failed(r, err);
}

static const struct snap_field wdog_state[] = {SNAP_FIELD(struct imx_wdog, service),
                                               SNAP_FIELD(struct imx_wdog, cause), SNAP_END};

const struct device_class imx_wdog_class = {
    .name = "imx-wdog",
    .doc = "watchdog",
    .bytes = sizeof(struct imx_wdog),
    .windows = wdog_windows,
    .window_count = 1,
    .outputs = (const char *const[]){"irq", NULL},
    .realize = wdog_realize,
    .reset = wdog_reset,
    .state = wdog_state,
    .save = wdog_save,
    .restore = wdog_restore,
};

// ---- SRTC: seconds counter of the low power section
// ------------------------------------------------

enum { LPSCMR = 0x00, LPSCLR = 0x04, LPCR = 0x10, LPSR = 0x14 };
enum { LPCR_SWR = BIT(0), LPCR_EN = BIT(3), LPSR_READY = BIT(14) | BIT(15) };

struct imx_srtc {
    struct device dev;
    uint64_t offset; // counter value minus machine time, in seconds
};

static uint32_t read_seconds(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    struct imx_srtc *s = container_of(device_of(rf), struct imx_srtc, dev);
    (void)row, (void)i;
    return (uint32_t)(s->offset + device_now(&s->dev) / 1000000000u);
}

static uint32_t read_fraction(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    (void)row, (void)i;
    return (uint32_t)(device_now(device_of(rf)) % 1000000000u * 32768 / 1000000000u) << 17;
}

static void write_seconds(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                          uint32_t old)
{
    struct imx_srtc *s = container_of(device_of(rf), struct imx_srtc, dev);
    (void)row, (void)i, (void)old;
    s->offset = raw - device_now(&s->dev) / 1000000000u;
}

static void write_lpcr(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                       uint32_t old)
{
    (void)i, (void)old;
    regfile_put(rf, row, 0, raw & ~(uint32_t)LPCR_SWR);
}

// clang-format off
static const struct reg_row srtc_rows[] = {
    {.name = "LPSCMR", .offset = LPSCMR, .read = read_seconds, .write = write_seconds},
    {.name = "LPSCLR", .offset = LPSCLR, .read = read_fraction},
    RW(0x08, "LPSAR", ~0u),
    RW(0x0c, "LPSMCR", 0),
    {.name = "LPCR", .offset = LPCR, .reset = LPCR_EN, .writable = ~0u, .write = write_lpcr},
    {.name = "LPSR", .offset = LPSR, .reset = LPSR_READY, .w1c = 0x1fff},
    RW(0x18, "LPPDR", 0),
    RW(0x1c, "LPGR", 0),
    RW_ARRAY(0x20, "HP", 0, 6),
};
// clang-format on
static const struct reg_table srtc_table = REG_TABLE("srtc", srtc_rows, 0x38);
static const struct device_window srtc_windows[] = {
    {.name = "", .regs = &srtc_table, .bytes = 0x4000}};

static int srtc_realize(struct device *dev, struct err *err)
{
    (void)err;
    container_of(dev, struct imx_srtc, dev)->offset = soc_epoch(dev->soc);
    return 0;
}

static const struct snap_field srtc_state[] = {SNAP_FIELD(struct imx_srtc, offset), SNAP_END};

const struct device_class imx_srtc_class = {
    .name = "imx-srtc",
    .doc = "secure real time clock",
    .bytes = sizeof(struct imx_srtc),
    .windows = srtc_windows,
    .window_count = 1,
    .realize = srtc_realize,
    .state = srtc_state,
};

// ---- IIM: fuses
// ------------------------------------------------------------------------------------

// Fuse banks have one byte a word; banks are 0x400 apart.
enum { FUSES = 0x800, FUSE_MAC = 0xc24, FUSE_UID = 0x820 };

// clang-format off
static const struct device_prop iim_props[] = {
    {"silicon", 0},   // SREV
    {"mac_hi", 0},    // first two bytes of the MAC address
    {"mac_lo", 0},    // last four
    {"uid_hi", 0}, {"uid_lo", 0},
    {NULL, 0},
};
static const struct reg_row iim_rows[] = {
    W1C(0x00, "STAT", 0, 0xff),
    RW(0x04, "STATM", 0),
    W1C(0x08, "ERR", 0, 0xff),
    RW(0x0c, "EMASK", 0),
    RW(0x10, "FCTL", 0x30),
    RW(0x14, "UA", 0),
    RW(0x18, "LA", 0),
    RO(0x1c, "SDAT", 0),
    RO(0x20, "PREV", 0),
    RO(0x24, "SREV", 0),
    RW(0x28, "PRG_P", 0),
    RW_ARRAY(0x2c, "SCS", 0, 4),
    RW_ARRAY(0x800, "FUSE0_", 0, 0x20),
    RW_ARRAY(0xc00, "FUSE1_", 0, 0x20),
    RW_ARRAY(0x1000, "FUSE2_", 0, 0x20),
    RW_ARRAY(0x1400, "FUSE3_", 0, 0x20),
    RW_ARRAY(0x1800, "FUSE4_", 0, 0x20),
};
// clang-format on
static const struct reg_table iim_table = REG_TABLE("iim", iim_rows, 0x1880);
static const struct device_window iim_windows[] = {
    {.name = "", .regs = &iim_table, .bytes = 0x4000}};

static void put_fuses(struct device *dev, uint32_t off, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        regfile_poke(device_regs(dev, 0), off + i * 4, v >> (n - 1 - i) * 8 & 0xff);
    }
}

static void iim_reset(struct device *dev)
{
    uint64_t mac = (uint64_t)device_prop(dev, "mac_hi") << 32 | device_prop(dev, "mac_lo");
    uint64_t uid = (uint64_t)device_prop(dev, "uid_hi") << 32 | device_prop(dev, "uid_lo");
    regfile_poke(device_regs(dev, 0), 0x24, device_prop(dev, "silicon"));
    put_fuses(dev, FUSE_MAC, mac, 6);
    put_fuses(dev, FUSE_UID, uid, 8);
}

const struct device_class imx_iim_class = {
    .name = "imx-iim",
    .doc = "fuses",
    .bytes = sizeof(struct device),
    .windows = iim_windows,
    .window_count = 1,
    .props = iim_props,
    .reset = iim_reset,
};
