// SPDX-License-Identifier: MIT
//
// The virtual devices of the Windows CE emulator's board (public interface facts): message transport,
// folder sharing and emulator services, as plain memory that nobody answers. Reading the services'
// pending word clears it.
#include "soc/dev/rows.h"

static uint32_t read_pending(struct regfile *rf, const struct reg_row *row, unsigned i)
{
    uint32_t v = regfile_get(rf, row, i);
    regfile_put(rf, row, i, 0);
    return v;
}

// clang-format off
static const struct reg_row transport_rows[] = { RW_ARRAY(0, "DMATRANSPORT", 0, 0x211c / 4) };
static const struct reg_row sharing_rows[] = { RW_ARRAY(0, "FOLDER", 0, 3) };
static const struct reg_row service_rows[] = {
    RW(0, "MASK", 0), {.name = "PENDING", .offset = 4, .read = read_pending},
};
// clang-format on
static const struct reg_table transport = REG_TABLE("transport", transport_rows, 0x211c);
static const struct reg_table sharing = REG_TABLE("sharing", sharing_rows, 0xc);
static const struct reg_table service = REG_TABLE("service", service_rows, 8);
static const struct device_window windows[] = {
    {.name = "transport", .offset = 0, .regs = &transport},
    {.name = "sharing", .offset = 0x4000, .regs = &sharing},
    {.name = "service", .offset = 0x5000, .regs = &service},
};

const struct device_class ce_virtual_class = {
    .name = "ce-virtual",
    .doc = "virtual devices of the CE emulator's board",
    .bytes = sizeof(struct device),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
};
