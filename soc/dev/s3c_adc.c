// SPDX-License-Identifier: MIT
//
// ADC and touch screen interface of the S3C2440 (User's Manual, "ADC and Touch Screen"). A
// conversion is over at once; channels read mid-scale and the pen is up. Left out: the pen itself,
// conversion times.
#include "soc/dev/rows.h"

enum { ADCCON = 0x00, ADCTSC = 0x04, ADCDAT0 = 0x0c };
enum { OUT_TC, OUT_ADC };
enum { CON_DONE = BIT(15), CON_READ_START = BIT(1), CON_START = BIT(0), DAT_UP = BIT(15) };

static void convert(struct device *dev)
{
    device_output(dev, OUT_ADC, true);
    device_output(dev, OUT_ADC, false);
}

static void write_con(struct regfile *rf, const struct reg_row *row, unsigned i, uint32_t raw,
                      uint32_t old)
{
    (void)i, (void)old;
    regfile_put(rf, row, 0, (raw & 0x7ffe) | CON_DONE);
    if ((raw & CON_START) && !(raw & CON_READ_START)) {
        convert(device_of(rf));
    }
}

static uint32_t read_dat(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    (void)row;
    if (i == 0 && (regfile_peek(rf, ADCCON) & CON_READ_START)) {
        convert(device_of(rf));
    }
    return DAT_UP | bits(regfile_peek(rf, ADCTSC), 2, 0) << 12 | 0x200;
}

// clang-format off
static const struct reg_row rows[] = {
    {.name = "ADCCON", .offset = ADCCON, .reset = 0x3fc4, .writable = 0x7fff, .write = write_con,
     .doc = "15 done, 14 PRSCEN, [13:6] PRSCVL, [5:3] channel, 2 standby, 1 READ_START, 0 ENABLE_START"},
    RW_MASK(ADCTSC, "ADCTSC", 0x58, 0x1ff), RW_MASK(0x08, "ADCDLY", 0xff, 0xffff),
    {.name = "ADCDAT", .offset = ADCDAT0, .count = 2, .read = read_dat},
    RW_MASK(0x14, "ADCUPDN", 0, 3),
};
// clang-format on
static const struct reg_table table = REG_TABLE("adc", rows, 0x18);
static const struct device_window windows[] = {{.name = "", .regs = &table}};

const struct device_class s3c_adc_class = {
    .name = "s3c-adc",
    .doc = "ADC and touch screen interface, pen up",
    .bytes = sizeof(struct device),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
    .outputs = (const char *const[]){"tc", "adc", NULL},
};
