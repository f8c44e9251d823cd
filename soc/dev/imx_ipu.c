// SPDX-License-Identifier: MIT
//
// IPUv3M of the i.MX53 (Reference Manual, "IPU") as a display controller: register windows, double
// buffering, and a frame engine that raises the end-of-frame and vertical sync interrupts at the
// rate that the display interface's counters and clock say. Left out: camera, image converter,
// rotation, the DC's microcode (its templates are stored), asynchronous displays.
#include "soc/dev/imx_ipu.h"

#include "base/log.h"
#include "base/snapshot.h"
#include "soc/dev/rows.h"

enum { OUT_SYNC, OUT_ERR };
enum { CLK_HSP, CLK_DI0, CLK_DI1 };
enum { INT_WORDS = 15, WORD_DISPLAY = 14 };
enum { DEFAULT_HZ = 60, MIN_HZ = 1, MAX_HZ = 1000 };

struct ipu_frame {
    struct event ev;
    struct imx_ipu *ipu;
    unsigned di;
};

struct imx_ipu {
    struct device dev;
    struct ipu_frame frame[IPU_DIS];
    uint64_t frames;
};

static struct imx_ipu *ipu_of(struct device *dev)
{
    return container_of(dev, struct imx_ipu, dev);
}

static uint32_t cm(struct device *dev, uint32_t off)
{
    return regfile_peek(device_regs(dev, IPU_CM), off);
}

bool ipu_di_on(struct device *dev, unsigned di)
{
    return bit(cm(dev, CM_CONF), 6 + di) && bit(cm(dev, CM_DISP_GEN), 24 + di);
}

bool ipu_channel_on(struct device *dev, unsigned ch)
{
    return regfile_peek(device_regs(dev, IPU_IDMAC), IDMAC_CHA_EN + ch / 32 * 4) >> ch % 32 & 1;
}

unsigned ipu_channel_di(struct device *dev, unsigned ch)
{
    uint32_t conf = regfile_peek(device_regs(dev, IPU_DC), ch == CH_DC ? DC_CH1_CONF : DC_CH5_CONF);
    return bit(conf, 2);
}

// ---- interrupts
// ----------------------------------------------------------------------------------

static void update_irq(struct device *dev)
{
    uint32_t sync = 0, error = 0;
    for (unsigned w = 0; w < INT_WORDS; w++) {
        uint32_t on = cm(dev, CM_INT_STAT + w * 4) & cm(dev, CM_INT_CTRL + w * 4);
        if (w == 4 || w == 5 || w == 8 || w == 9) {
            error |= on;
        } else {
            sync |= on;
        }
    }
    device_output(dev, OUT_SYNC, sync);
    device_output(dev, OUT_ERR, error);
}

static void raise(struct device *dev, unsigned word, uint32_t flags)
{
    struct regfile *rf = device_regs(dev, IPU_CM);
    regfile_poke(rf, CM_INT_STAT + word * 4, cm(dev, CM_INT_STAT + word * 4) | flags);
}

// ---- frames
// --------------------------------------------------------------------------------------

// Nanoseconds of one frame from pixel clock, line and frame length.
static uint64_t frame_ns(struct device *dev, unsigned di)
{
    struct regfile *rf = device_regs(dev, IPU_DI0 + di);
    uint32_t general = regfile_peek(rf, DI_GENERAL), div = regfile_peek(rf, DI_BS_CLKGEN0) & 0xfff;
    uint64_t hz = device_clock_hz(dev, bit(general, 20) ? CLK_DI0 + di : CLK_HSP);
    uint64_t line = bits(regfile_peek(rf, DI_SW_GEN0_1), 30, 19) + 1;
    uint64_t lines = (regfile_peek(rf, DI_SCR_CONF) & 0xfff) + 1, ns;
    hz = div ? hz * 16 / div : hz;
    ns = hz ? line * lines * 1000000000u / hz : 0;
    return ns < 1000000000u / MAX_HZ || ns > 1000000000u / MIN_HZ ? 1000000000u / DEFAULT_HZ : ns;
}

// End of a frame on one channel: the other buffer is shown if software has it ready.
static void end_of_frame(struct device *dev, unsigned ch)
{
    struct regfile *rf = device_regs(dev, IPU_CM);
    uint32_t w = ch / 32 * 4, mask = BIT(ch % 32);
    if (cm(dev, CM_DB_MODE_SEL + w) & mask) {
        bool shown = cm(dev, CM_CUR_BUF + w) & mask;
        uint32_t ready = (shown ? CM_BUF0_RDY : CM_BUF1_RDY) + w;
        if (cm(dev, ready) & mask) {
            regfile_poke(rf, ready, cm(dev, ready) & ~mask);
            regfile_poke(rf, CM_CUR_BUF + w, cm(dev, CM_CUR_BUF + w) ^ mask);
        }
    } else {
        regfile_poke(rf, CM_BUF0_RDY + w, cm(dev, CM_BUF0_RDY + w) & ~mask);
    }
    raise(dev, ch / 32, mask);     // end of frame
    raise(dev, 2 + ch / 32, mask); // new frame acknowledge
}

static void frame(struct event *ev, uint64_t now)
{
    static const uint8_t channels[] = {CH_BG, CH_FG, CH_DC};
    struct ipu_frame *f = container_of(ev, struct ipu_frame, ev);
    struct device *dev = &f->ipu->dev;
    uint32_t display = BIT(14 + f->di); // vertical sync
    f->ipu->frames++;
    for (unsigned i = 0; i < ARRAY_LEN(channels); i++) {
        unsigned ch = channels[i];
        if (ipu_channel_on(dev, ch) && ipu_channel_di(dev, ch) == f->di) {
            end_of_frame(dev, ch);
            display |= ch == CH_DC ? BIT(9) : BIT(2) | BIT(3); // DC frame complete; DP start, end
        }
    }
    raise(dev, WORD_DISPLAY, display);
    update_irq(dev);
    device_arm(dev, ev, now + frame_ns(dev, f->di));
}

static void update_frames(struct device *dev)
{
    struct imx_ipu *p = ipu_of(dev);
    for (unsigned di = 0; di < IPU_DIS; di++) {
        bool on = ipu_di_on(dev, di);
        if (on && !p->frame[di].ev.armed) {
            TRACE(device_log(dev), ipu, "DI%u on, %.3f ms a frame", di,
                  (double)frame_ns(dev, di) / 1e6);
            device_arm(dev, &p->frame[di].ev, device_now(dev) + frame_ns(dev, di));
        } else if (!on && p->frame[di].ev.armed) {
            TRACE(device_log(dev), ipu, "DI%u off", di);
            device_cancel(dev, &p->frame[di].ev);
        }
    }
}

// ---- registers with effects
// ----------------------------------------------------------------------

static void write_cm(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                     uint32_t old)
{
    struct device *dev = device_of(rf);
    switch (row->offset) {
    case CM_MEM_RST:
        regfile_put(rf, row, 0, raw & 0x7fffffff); // done at once
        break;
    case CM_BUF0_RDY:
    case CM_BUF1_RDY: // ones set, or clear while the general purpose register says so
        regfile_put(rf, row, i, cm(dev, CM_GPR) >> 28 ? old & ~raw : old | raw);
        break;
    case CM_CONF:
    case CM_DISP_GEN:
        update_frames(dev);
        break;
    default:
        break;
    }
    update_irq(dev);
}

static uint32_t read_busy(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    (void)rf, (void)row, (void)i;
    return 0; // between frames, always
}

// clang-format off
#define CM_HOOK(off_, name_, n_) \
    {.name = (name_), .offset = (off_), .writable = ~0u, .count = (n_), .write = write_cm}
static const struct reg_row cm_rows[] = {
    {.name = "CONF", .offset = CM_CONF, .writable = ~0u, .write = write_cm,
     .doc = "5 DP, 6 DI0, 7 DI1, 9 DC, 10 DMFC enable"},
    RW_ARRAY(0x004, "SISG", 0, 14),
    CM_HOOK(CM_INT_CTRL, "INT_CTRL", INT_WORDS),
    RW_ARRAY(0x078, "SDMA_EVENT", 0, 10),
    RW_ARRAY(0x0a0, "SRM_PRI", 0, 2),
    RW_ARRAY(0x0a8, "FS_PROC_FLOW", 0, 3),
    RW_ARRAY(0x0b4, "FS_DISP_FLOW", 0, 2),
    RW(0x0bc, "SKIP", 0),
    RW(0x0c0, "DISP_ALT_CONF", 0),
    {.name = "DISP_GEN", .offset = CM_DISP_GEN, .reset = 0x00400000, .writable = ~0u, .write = write_cm,
     .doc = "24 DI0, 25 DI1 counters run"},
    RW_ARRAY(0x0c8, "DISP_ALT", 0, 4),
    RW(0x0d8, "SNOOP", 0),
    {.name = "MEM_RST", .offset = CM_MEM_RST, .writable = ~0u, .write = write_cm},
    RW(0x0e0, "PM", 0x10101010),
    RW(CM_GPR, "GPR", 0),
    RW_ARRAY(CM_DB_MODE_SEL, "CH_DB_MODE_SEL", 0, 2),
    RW_ARRAY(0x168, "ALT_CH_DB_MODE_SEL", 0, 2),
    RW_ARRAY(0x178, "CH_TRB_MODE_SEL", 0, 2),
    {.name = "INT_STAT", .offset = CM_INT_STAT, .w1c = ~0u, .count = INT_WORDS, .write = write_cm},
    {.name = "CUR_BUF", .offset = CM_CUR_BUF, .w1c = ~0u, .count = 2},
    RO_ARRAY(0x244, "ALT_CUR_BUF", 0, 2),
    RO(0x24c, "SRM_STAT", 0),
    RO_ARRAY(0x250, "PROC_TASKS_STAT", 0, 6),
    {.name = "CH_BUF0_RDY", .offset = CM_BUF0_RDY, .count = 2, .write = write_cm},
    {.name = "CH_BUF1_RDY", .offset = CM_BUF1_RDY, .count = 2, .write = write_cm},
    RW_ARRAY(0x278, "ALT_CH_BUF_RDY", 0, 4),
    RW_ARRAY(0x288, "CH_BUF2_RDY", 0, 2),
};
static const struct reg_row idmac_rows[] = {
    RW(0x000, "CONF", 0x0000002f), RW_ARRAY(IDMAC_CHA_EN, "CHA_EN", 0, 2), RW_ARRAY(0x00c, "SEP_ALPHA", 0, 2),
    RW_ARRAY(0x014, "CHA_PRI", 0, 2), RW_ARRAY(0x01c, "WM_EN", 0, 2), RW(0x024, "LOCK_EN1", 0),
    RW_ARRAY(0x028, "SUB_ADDR", 0, 6), RW_ARRAY(0x040, "BNDM_EN", 0, 2), RW_ARRAY(0x048, "SC_CORD", 0, 2),
    {.name = "CHA_BUSY", .offset = 0x100, .count = 2, .read = read_busy},
};
static const struct reg_row isp_rows[] = { RW_ARRAY(0x000, "REG", 0, 0x40) };
static const struct reg_row ic_rows[] = {
    RW(0x000, "CONF", 0), RW_ARRAY(0x004, "RSC", 0, 3), RW_ARRAY(0x010, "CMBP", 0, 2),
    RW_ARRAY(0x018, "IDMAC", 0, 4),
};
static const struct reg_row csi_rows[] = { RW_ARRAY(0x000, "REG", 0, 0x20) };
static const struct reg_row di_rows[] = {
    RW(DI_GENERAL, "GENERAL", 0x00200000), RW_ARRAY(DI_BS_CLKGEN0, "BS_CLKGEN", 0, 2),
    RW_ARRAY(DI_SW_GEN0_1, "SW_GEN0_", 0, 9), RW_ARRAY(0x030, "SW_GEN1_", 0, 9),
    RW(0x054, "SYNC_AS_GEN", 0), RW_ARRAY(0x058, "DW_GEN", 0, 12), RW_ARRAY(0x088, "DW_SET0_", 0, 12),
    RW_ARRAY(0x0b8, "DW_SET1_", 0, 12), RW_ARRAY(0x0e8, "DW_SET2_", 0, 12), RW_ARRAY(0x118, "DW_SET3_", 0, 12),
    RW_ARRAY(0x148, "STP_REP", 0, 5), RW(0x15c, "SER_CONF", 0), RW(0x160, "SSC", 0), RW(0x164, "POL", 0),
    RW_ARRAY(0x168, "AW", 0, 2), RW(DI_SCR_CONF, "SCR_CONF", 0), RO(0x174, "STAT", 0x5),
};
static const struct reg_row smfc_rows[] = { RW(0x000, "MAP", 0), RW(0x004, "WMC", 0), RW(0x008, "BS", 0) };
static const struct reg_row dc_rows[] = {
    RW_ARRAY(0x000, "READ_CH", 0, 7), RW(DC_CH1_CONF, "WR_CH_CONF_1", 0), RW_ARRAY(0x020, "CH1", 0, 5),
    RW_ARRAY(0x034, "CH2", 0, 10), RW(DC_CH5_CONF, "WR_CH_CONF_5", 0), RW_ARRAY(0x060, "CH5", 0, 29),
    RW(0x0d4, "GEN", 0), RW_ARRAY(0x0d8, "DISP_CONF1_", 0, 4), RW_ARRAY(0x0e8, "DISP_CONF2_", 0, 4),
    RW_ARRAY(0x0f8, "DI0_CONF", 0, 4), RW_ARRAY(0x108, "MAP_CONF", 0, 27), RW_ARRAY(0x174, "UGDE", 0, 16),
    RW_ARRAY(0x1b4, "LLA", 0, 5), RO(0x1c8, "STAT", 0x000000a0),
};
static const struct reg_row dmfc_rows[] = {
    RW(0x00, "RD_CHAN", 0), RW(0x04, "WR_CHAN", 0), RW(0x08, "WR_CHAN_DEF", 0x20202020),
    RW(0x0c, "DP_CHAN", 0), RW(0x10, "DP_CHAN_DEF", 0x20202020), RW(0x14, "GENERAL1", 0),
    RW(0x18, "GENERAL2", 0), RW(0x1c, "IC_CTRL", 0), RW_ARRAY(0x20, "WR_CHAN_ALT", 0, 5),
    RO(0x34, "STAT", 0x02fff000), // all FIFOs empty
};
static const struct reg_row vdi_rows[] = { RW_ARRAY(0x000, "REG", 0, 0x10) };
static const struct reg_row cpmem_rows[] = { RW_ARRAY(0x000, "WORD", 0, 80 * 16) };
static const struct reg_row dp_rows[] = {
    RW(DP_COM_CONF, "COM_CONF_SYNC", 0), RW(DP_GRAPH_WIND, "GRAPH_WIND_CTRL_SYNC", 0),
    RW(DP_FG_POS, "FG_POS_SYNC", 0), RW_ARRAY(0x00c, "SYNC", 0, 21),
    RW_ARRAY(0x060, "ASYNC", 0, 46), RW_ARRAY(0x118, "SRM", 0, (0x1000 - 0x118) / 4),
};
static const struct reg_row tpm_rows[] = { RW_ARRAY(0x000, "WORD", 0, 0x4000 / 4) };
static const struct reg_row template_rows[] = { RW_ARRAY(0x000, "WORD", 0, 512) };

static const struct reg_table cm_table = REG_TABLE("ipu", cm_rows, 0x290);
static const struct reg_table idmac_table = REG_TABLE("ipu-idmac", idmac_rows, 0x108);
static const struct reg_table isp_table = REG_TABLE("ipu-isp", isp_rows, 0x100);
static const struct reg_table ic_table = REG_TABLE("ipu-ic", ic_rows, 0x28);
static const struct reg_table csi_table = REG_TABLE("ipu-csi", csi_rows, 0x80);
static const struct reg_table di_table = REG_TABLE("ipu-di", di_rows, 0x178);
static const struct reg_table smfc_table = REG_TABLE("ipu-smfc", smfc_rows, 0xc);
static const struct reg_table dc_table = REG_TABLE("ipu-dc", dc_rows, 0x1cc);
static const struct reg_table dmfc_table = REG_TABLE("ipu-dmfc", dmfc_rows, 0x38);
static const struct reg_table vdi_table = REG_TABLE("ipu-vdi", vdi_rows, 0x40);
static const struct reg_table cpmem_table = REG_TABLE("ipu-cpmem", cpmem_rows, 80 * 64);
static const struct reg_table dp_table = REG_TABLE("ipu-dp", dp_rows, 0x1000);
static const struct reg_table tpm_table = REG_TABLE("ipu-tpm", tpm_rows, 0x4000);
static const struct reg_table template_table = REG_TABLE("ipu-dc-template", template_rows, 0x800);

static const struct device_window windows[] = {
    [IPU_CM]          = {.name = "cm", .offset = 0x06000000, .regs = &cm_table, .bytes = 0x8000},
    [IPU_IDMAC]       = {.name = "idmac", .offset = 0x06008000, .regs = &idmac_table, .bytes = 0x8000},
    [IPU_ISP]         = {.name = "isp", .offset = 0x06010000, .regs = &isp_table, .bytes = 0x8000},
    [IPU_IC]          = {.name = "ic", .offset = 0x06020000, .regs = &ic_table, .bytes = 0x8000},
    [IPU_CSI0]        = {.name = "csi0", .offset = 0x06030000, .regs = &csi_table, .bytes = 0x8000},
    [IPU_CSI1]        = {.name = "csi1", .offset = 0x06038000, .regs = &csi_table, .bytes = 0x8000},
    [IPU_DI0]         = {.name = "di0", .offset = 0x06040000, .regs = &di_table, .bytes = 0x8000},
    [IPU_DI1]         = {.name = "di1", .offset = 0x06048000, .regs = &di_table, .bytes = 0x8000},
    [IPU_SMFC]        = {.name = "smfc", .offset = 0x06050000, .regs = &smfc_table, .bytes = 0x8000},
    [IPU_DC]          = {.name = "dc", .offset = 0x06058000, .regs = &dc_table, .bytes = 0x8000},
    [IPU_DMFC]        = {.name = "dmfc", .offset = 0x06060000, .regs = &dmfc_table, .bytes = 0x8000},
    [IPU_VDI]         = {.name = "vdi", .offset = 0x06068000, .regs = &vdi_table, .bytes = 0x8000},
    [IPU_CPMEM]       = {.name = "cpmem", .offset = 0x07000000, .regs = &cpmem_table, .bytes = 0x20000},
    [IPU_DP]          = {.name = "dp", .offset = 0x07040000, .regs = &dp_table, .bytes = 0x1000},
    [IPU_TPM]         = {.name = "tpm", .offset = 0x07060000, .regs = &tpm_table, .bytes = 0x20000},
    [IPU_DC_TEMPLATE] = {.name = "dc-template", .offset = 0x07080000, .regs = &template_table, .bytes = 0x8000},
};
// clang-format on

static void reset(struct device *dev)
{
    update_frames(dev);
    update_irq(dev);
}

static int realize(struct device *dev, struct err *err)
{
    struct imx_ipu *p = ipu_of(dev);
    (void)err;
    for (unsigned di = 0; di < IPU_DIS; di++) {
        event_init(&p->frame[di].ev, frame);
        p->frame[di].ipu = p;
        p->frame[di].di = di;
    }
    return 0;
}

static void save(const struct device *dev, struct snap_writer *w)
{
    const struct imx_ipu *p = container_of(dev, const struct imx_ipu, dev);
    for (unsigned di = 0; di < IPU_DIS; di++) {
        device_save_event(w, &p->frame[di].ev);
    }
}

static int restore(struct device *dev, struct snap_reader *r, struct err *err)
{
    for (unsigned di = 0; di < IPU_DIS; di++) {
        device_restore_event(dev, r, &ipu_of(dev)->frame[di].ev);
    }
    return snap_failed(r, err);
}

static const struct snap_field state[] = {SNAP_FIELD(struct imx_ipu, frames), SNAP_END};

const struct device_class imx_ipu_class = {
    .name = "imx-ipu",
    .doc = "image processing unit (display)",
    .bytes = sizeof(struct imx_ipu),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"irq_sync", "irq_err", NULL},
    .clock_inputs = (const char *const[]){"hsp", "di0", "di1", NULL},
    .realize = realize,
    .reset = reset,
    .scanout = ipu_scanout,
    .state = state,
    .save = save,
    .restore = restore,
};
