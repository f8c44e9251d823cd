// SPDX-License-Identifier: MIT
//
// The image processing unit (IPUv3M) from memory to the 800x480 panel at display interface 0
// (i.MX53 Reference Manual, "IPU"; panel timing of the Seiko 43WVF1G as the open kernel driver sets
// it). One plane: DMA channel 23, through the display processor and display controller channel 5.
// Left out: every other use of the unit, clocks and pads (the board's firmware has set them).
#include "imx53.h"

enum { // register blocks
    CM = IMX53_IPU + 0x06000000,
    IDMAC = IMX53_IPU + 0x06008000,
    DI0 = IMX53_IPU + 0x06040000,
    DC = IMX53_IPU + 0x06058000,
    DMFC = IMX53_IPU + 0x06060000,
    CPMEM = IMX53_IPU + 0x07000000,
    DP = IMX53_IPU + 0x07040000,
    DC_TEMPLATE = IMX53_IPU + 0x07080000,
};
enum {
    IPU_CONF = CM + 0x000,
    IPU_SRM_PRI2 = CM + 0x0a4,
    IPU_DISP_GEN = CM + 0x0c4,
    IPU_MEM_RST = CM + 0x0dc,
    IPU_CHA_DB_MODE_SEL0 = CM + 0x150,
    IPU_CHA_CUR_BUF0 = CM + 0x23c,
    IPU_CHA_BUF0_RDY0 = CM + 0x268,
    IPU_CHA_BUF1_RDY0 = CM + 0x270,
    IDMAC_CHA_EN_1 = IDMAC + 0x004,
    IDMAC_CHA_PRI_1 = IDMAC + 0x014,
    IDMAC_WM_EN_1 = IDMAC + 0x01c,
};
enum { CHANNEL = 23, CHANNEL_BIT = 1 << CHANNEL, WORDS = CPMEM + CHANNEL * 0x40 };
enum { CONF_DP = 1 << 5, CONF_DI0 = 1 << 6, CONF_DC = 1 << 9, CONF_DMFC = 1 << 10 };
enum { DISP_GEN_BASE = 0x00600000, DISP_GEN_DI0_RELEASE = 1 << 24 };

struct row {
    uint32_t pa, value;
};

static void apply(const struct row *rows, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        write32(rows[i].pa, rows[i].value);
    }
}

#define APPLY(rows) apply(rows, sizeof(rows) / sizeof *(rows))

// clang-format off
static const struct row pipeline[] = {
    {DMFC + 0x04, 0x00000050}, // WR_CHAN: none but the display's
    {DMFC + 0x08, 0x202020f6}, // WR_CHAN_DEF
    {DMFC + 0x0c, 0x00005654}, // DP_CHAN: FIFO share and burst of channel 23
    {DMFC + 0x10, 0x2020f6f6}, // DP_CHAN_DEF
    {DMFC + 0x14, 0x00000003}, // GENERAL1: wait for an end of frame
    // microcode of the display controller: what a new line, an end of line and new data do
    {DC_TEMPLATE + 0x08, 0x00008805}, {DC_TEMPLATE + 0x0c, 0x00000380},
    {DC_TEMPLATE + 0x10, 0x00008885}, {DC_TEMPLATE + 0x14, 0x00000380},
    {DC_TEMPLATE + 0x18, 0x00008845}, {DC_TEMPLATE + 0x1c, 0x00000180},
    {DC_TEMPLATE + 0x20, 0x00000000}, {DC_TEMPLATE + 0x24, 0x00000280},
    {DC + 0x60, 0x00000000}, // RL0_CH_5: nothing on a new frame
    {DC + 0x64, 0x02030000}, // RL1_CH_5: end of line 2, new line 3
    {DC + 0x68, 0x00000000},
    {DC + 0x6c, 0x00000302},
    {DC + 0x70, 0x00000000},
    {DC + 0x74, 0x00000101}, // RL4_CH_5: new data 1
    {DC + 0xd4, 0x00000084}, // GEN: channel 5 synchronous
    {DC + 0xe8, PANEL_WIDTH}, // DISP_CONF2 of display 0
    // how 24 bits go to the 24 pins: red, green, blue masks and offsets of map 0
    {DC + 0x108, 0x00000820}, {DC + 0x144, 0x0fff07ff}, {DC + 0x148, 0x000017ff},
    {DC + 0x5c, 0x00000082}, // WR_CH_CONF_5: on, display 0, 24 bits
    {DP + 0x00, 0x00000004}, // COM_CONF: one plane
    {DP + 0x04, 0x00000000}, // GRAPH_WIND_CTRL
    {IPU_SRM_PRI2, 0x00000008}, // take the display processor's settings over now
};

// Waves of the display interface: 1 counts pixels, 2 and 3 are the sync pins, 4 lines, 5 active pixels.
static const struct row timing[] = {
    {DI0 + 0x004, 0x00000060}, // BS_CLKGEN0: unit clock / 6
    {DI0 + 0x008, 0x00060000}, // BS_CLKGEN1: down after half of it
    {DI0 + 0x058, 0x05050300}, // DW_GEN 0: period and pins of the data
    {DI0 + 0x118, 0x000c0000}, // DW_SET: data enable of set 3
    {DI0 + 0x170, 0x0000020a}, // SCR_CONF: 523 lines
    {DI0 + 0x00c, 0x21310000}, {DI0 + 0x030, 0x10000000}, // 1063 pixels a line
    {DI0 + 0x010, 0x21310001}, {DI0 + 0x034, 0x30141000}, // horizontal sync
    {DI0 + 0x014, 0x10520000}, {DI0 + 0x038, 0x30142000}, // vertical sync
    {DI0 + 0x018, 0x0003010b}, {DI0 + 0x03c, 0x08000000}, // first active line
    {DI0 + 0x01c, 0x00010319}, {DI0 + 0x040, 0x0a000000}, // first active pixel
    {DI0 + 0x020, 0x00000000}, {DI0 + 0x044, 0x10000000},
    {DI0 + 0x024, 0x00000000}, {DI0 + 0x048, 0x10000000},
    {DI0 + 0x148, 0x00000000},
    {DI0 + 0x14c, PANEL_HEIGHT << 16},
    {DI0 + 0x150, PANEL_WIDTH},
    {DI0 + 0x154, 0x00000000},
    {DI0 + 0x054, 0x00004002}, // SYNC_AS_GEN: vertical sync is wave 3
    {DI0 + 0x164, 0x00000010}, // POL: data enable active high
    {DI0 + 0x000, 0x00200000}, // GENERAL: clock polarity
};
// clang-format on

// Channel parameters are two words of 160 bits; a field may cross 32-bit borders.
static void put_bits(uint32_t word[10], unsigned half, unsigned lo, unsigned n, uint32_t value)
{
    for (unsigned i = 0; i < n; i++) {
        unsigned bit = lo + i;
        word[half * 5 + bit / 32] |= (value >> i & 1) << bit % 32;
    }
}

static void channel_parameters(uint32_t frame_pa, uint32_t pitch_bytes)
{
    uint32_t word[10] = {0};
    put_bits(word, 0, 107, 3, 0);                 // BPP: 32
    put_bits(word, 0, 125, 13, PANEL_WIDTH - 1);  // FW
    put_bits(word, 0, 138, 12, PANEL_HEIGHT - 1); // FH
    put_bits(word, 1, 0, 29, frame_pa / 8);       // EBA0
    put_bits(word, 1, 29, 29, frame_pa / 8);      // EBA1
    put_bits(word, 1, 78, 7, 15);                 // NPB: 16 pixels a burst
    put_bits(word, 1, 85, 4, 7);                  // PFS: RGB
    put_bits(word, 1, 102, 14, pitch_bytes - 1);  // SL
    for (unsigned i = 0; i < 4; i++) {            // WID: four components of 8 bits
        put_bits(word, 1, 116 + 3 * i, 3, 7);
    }
    put_bits(word, 1, 128, 5, 8); // OFS from the top: red, green, blue, unused
    put_bits(word, 1, 133, 5, 16);
    put_bits(word, 1, 138, 5, 24);
    put_bits(word, 1, 143, 5, 0);
    for (unsigned half = 0; half < 2; half++) {
        for (unsigned i = 0; i < 5; i++) {
            write32(WORDS + half * 0x20 + i * 4, word[half * 5 + i]);
        }
    }
}

void display_init(uint32_t frame_pa, uint32_t pitch_bytes)
{
    write32(IPU_MEM_RST, 0x807fffff);
    while (read32(IPU_MEM_RST) & 0x80000000) {
    }
    write32(IPU_DISP_GEN, DISP_GEN_BASE);
    APPLY(pipeline);
    APPLY(timing);
    channel_parameters(frame_pa, pitch_bytes);
    write32(IDMAC_CHA_PRI_1, CHANNEL_BIT);
    write32(IDMAC_WM_EN_1, CHANNEL_BIT);
    write32(IPU_CHA_DB_MODE_SEL0, CHANNEL_BIT);
    write32(IPU_CHA_CUR_BUF0, CHANNEL_BIT);
    write32(IPU_CONF, CONF_DP);
    write32(IPU_CONF, CONF_DP | CONF_DMFC);
    write32(IPU_CONF, CONF_DP | CONF_DMFC | CONF_DC);
    write32(IDMAC_CHA_EN_1, CHANNEL_BIT);
    write32(IPU_CHA_BUF0_RDY0, CHANNEL_BIT);
    write32(IPU_CONF, CONF_DP | CONF_DMFC | CONF_DC | CONF_DI0);
    write32(IPU_DISP_GEN, DISP_GEN_BASE | DISP_GEN_DI0_RELEASE);
}

// Both buffers get the address; the unit takes it with its next frame.
void display_flip(uint32_t frame_pa, uint32_t pitch_bytes)
{
    uint32_t current = read32(IPU_CHA_CUR_BUF0) & CHANNEL_BIT;
    channel_parameters(frame_pa, pitch_bytes);
    write32(current ? IPU_CHA_BUF0_RDY0 : IPU_CHA_BUF1_RDY0, CHANNEL_BIT);
}
