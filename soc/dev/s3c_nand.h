// SPDX-License-Identifier: MIT
//
// What the NAND controllers of the S3C2410 and S3C2440 share.
#ifndef SOC_DEV_S3C_NAND_H
#define SOC_DEV_S3C_NAND_H

#include "soc/dev/nand_chip.h"

struct device;

// Copies the chip's first 4 KiB into the boot memory, unless property "boot" is 0.
void s3c_nand_boot(struct device *dev, struct nand_chip *chip);

#endif
