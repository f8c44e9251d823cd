// SPDX-License-Identifier: MIT
//
// Image processing unit, between its frame engine (imx_ipu.c) and the picture that leaves it
// (imx_ipu_scan.c).
#ifndef SOC_DEV_IMX_IPU_H
#define SOC_DEV_IMX_IPU_H

#include "soc/device.h"

// Windows, in the order of the class.
enum ipu_window {
    IPU_CM,
    IPU_IDMAC,
    IPU_ISP,
    IPU_IC,
    IPU_CSI0,
    IPU_CSI1,
    IPU_DI0,
    IPU_DI1,
    IPU_SMFC,
    IPU_DC,
    IPU_DMFC,
    IPU_VDI,
    IPU_CPMEM,
    IPU_DP,
    IPU_TPM,
    IPU_DC_TEMPLATE,
    IPU_WINDOWS
};

// Common module
enum {
    CM_CONF = 0x000,
    CM_INT_CTRL = 0x03c,
    CM_DISP_GEN = 0x0c4,
    CM_MEM_RST = 0x0dc,
    CM_GPR = 0x0e4,
    CM_DB_MODE_SEL = 0x150,
    CM_INT_STAT = 0x200,
    CM_CUR_BUF = 0x23c,
    CM_BUF0_RDY = 0x268,
    CM_BUF1_RDY = 0x270
};
enum { IDMAC_CHA_EN = 0x004, DC_CH1_CONF = 0x01c, DC_CH5_CONF = 0x05c };
enum { DI_GENERAL = 0x000, DI_BS_CLKGEN0 = 0x004, DI_SW_GEN0_1 = 0x00c, DI_SCR_CONF = 0x170 };
enum { DP_COM_CONF = 0x000, DP_GRAPH_WIND = 0x004, DP_FG_POS = 0x008 };
// IDMAC channels that feed displays
enum { CH_BG = 23, CH_FG = 27, CH_DC = 28 };
enum { IPU_DIS = 2 };

// Is this IDMAC channel on, and which display interface does it end at?
bool ipu_channel_on(struct device *dev, unsigned ch);
unsigned ipu_channel_di(struct device *dev, unsigned ch);
bool ipu_di_on(struct device *dev, unsigned di);

int ipu_scanout(struct device *dev, struct picture *pic, struct err *err);

#endif
