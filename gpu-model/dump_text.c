// SPDX-License-Identifier: MIT
//
// The lower half of the stream printer: indentation, memory as words and floats, registers and the
// list of changed registers that follows every draw.
#include <string.h>

#include "base/bits.h"
#include "gpu-model/dump.h"
#include "gpu-model/fields.h"

const char *dump_tabs(unsigned level)
{
    static const char t[] = "\t\t\t\t\t\t\t\t\t";
    return level < sizeof(t) - 2 ? t + sizeof(t) - 2 - level : t;
}

// ---- memory
// -------------------------------------------------------------------------------------------------

// Reads up to n dwords; false when not even the first byte is there. What is missing reads 0.
bool dump_read(struct gpu_dumper *d, uint32_t va, uint32_t *dw, uint32_t n)
{
    memset(dw, 0, 4 * n);
    if (!d->mem) {
        return false;
    }
    for (uint32_t at = 0; at < 4 * n;) {
        size_t got = 0;
        const uint8_t *p = d->mem->ops->span(d->mem, va + at, 4 * n - at, &got);
        if (!p || !got) {
            return at > 0;
        }
        memcpy((uint8_t *)dw + at, p, got);
        at += (uint32_t)got;
    }
    return true;
}

void dump_hex(struct gpu_dumper *d, uint32_t va, const uint32_t *dw, uint32_t n, unsigned level)
{
    bool last_zero = true;
    for (uint32_t i = 0; i < n; i += 8) {
        uint32_t k = n - i < 8 ? n - i : 8, any = i == 0;
        for (uint32_t j = 0; j < k; j++) {
            any |= dw[i + j];
        }
        if (!any && !last_zero) {
            fputs("*\n", d->out);
        }
        last_zero = !any;
        if (!any) {
            continue;
        }
        fprintf(d->out, "%08x:%s%04x:", va + 4 * i, dump_tabs(level), i * 4);
        for (uint32_t j = 0; j < k; j++) {
            fprintf(d->out, " %08x", dw[i + j]);
        }
        fputc('\n', d->out);
    }
}

void dump_floats(struct gpu_dumper *d, uint32_t va, const uint32_t *dw, uint32_t n, unsigned level)
{
    for (uint32_t i = 0; i < n; i++) {
        if (i % 8 == 0) {
            fprintf(d->out, "%08x:%s", va + 4 * i, dump_tabs(level));
        } else {
            fputc(' ', d->out);
        }
        fprintf(d->out, "%8f", (double)f32_from_bits(dw[i]));
        if (i % 8 == 7) {
            fputc('\n', d->out);
        }
    }
    if (n % 8) {
        fputc('\n', d->out);
    }
}

// ---- registers
// ------------------------------------------------------------------------------------------------

const char *dump_reg_name(uint32_t reg, char buf[16])
{
    const struct gpu_reg_info *info = gpu_reg_info(reg);
    if (info && info->reg == reg) {
        return info->name;
    }
    snprintf(buf, 16, "%#x", reg);
    return buf;
}

static void register_value(struct gpu_dumper *d, uint32_t reg, uint32_t value, unsigned level)
{
    const struct gpu_reg_info *info = gpu_reg_info(reg);
    char buf[16];
    fprintf(d->out, "%s%s: ", dump_tabs(level), dump_reg_name(reg, buf));
    if (info && info->reg == reg) {
        fields_print(info->fields, NULL, value, d->out);
    } else {
        fprintf(d->out, "%08x", value);
    }
    fputc('\n', d->out);
    if (reg >= 0x578 && reg <= 0x57f) { // scratch registers: the debug markers of the driver
        const uint32_t *s = &d->value[0x578];
        fprintf(d->out, "%s:%u,%u,%u,%u\n", dump_tabs(level), s[4], s[5], s[6], s[7]);
    }
}

static void register_set(struct gpu_dumper *d, uint32_t reg, uint32_t value)
{
    if (reg < DUMP_REGS) {
        d->value[reg] = value;
        d->written[reg] = d->rewritten[reg] = true;
    }
}

void dump_registers(struct gpu_dumper *d, uint32_t reg, uint32_t step, const uint32_t *dw,
                    uint32_t n, unsigned level)
{
    char buf[16];
    for (uint32_t i = 0; i < n; i++, reg += step) {
        if (d->needs_wfi && (reg < 0x2000 || reg >= 0x2400)) {
            fprintf(d->out, "NEEDS WFI: %s (%x)\n", dump_reg_name(reg, buf), reg);
        }
        register_set(d, reg, dw[i]);
        register_value(d, reg, dw[i], level);
    }
}

void dump_summary(struct gpu_dumper *d, unsigned level)
{
    fprintf(d->out, "%sdraw[%d] register values\n", dump_tabs(level), d->draw_count);
    for (uint32_t r = 0; r < DUMP_REGS; r++) {
        if (!d->rewritten[r]) {
            continue;
        }
        fprintf(d->out, "%c+\t%08x", d->value[r] != d->last[r] ? '!' : ' ', d->value[r]);
        d->last[r] = d->value[r];
        register_value(d, r, d->value[r], level);
    }
    memset(d->rewritten, 0, sizeof(d->rewritten));
    d->draw_count++;
}
