// SPDX-License-Identifier: MIT
//
// Program status registers, modes and banked registers (ARM DDI 0406C B1.3).
#include "cpu/psr.h"

#include "cpu/interp.h"
#include "cpu/mmu.h"
#include "cpu/sysreg.h"

uint32_t psr_get(const struct cpu *c, uint8_t it)
{
    return psr_flags(c) | c->q << PSR_Q | (uint32_t)(it & 3) << 25 | (uint32_t)c->psr_j << PSR_J |
           c->ge << PSR_GE | (uint32_t)(it >> 2) << 10 | (uint32_t)c->psr_e << PSR_E |
           (uint32_t)c->psr_a << PSR_A | (uint32_t)c->psr_i << PSR_I |
           (uint32_t)c->psr_f << PSR_F | (uint32_t)c->thumb << PSR_T | c->mode;
}

enum cpu_bank psr_bank(unsigned mode)
{
    switch (mode) {
    case MODE_FIQ:
        return BANK_FIQ;
    case MODE_IRQ:
        return BANK_IRQ;
    case MODE_SVC:
        return BANK_SVC;
    case MODE_MON:
        return BANK_MON;
    case MODE_ABT:
        return BANK_ABT;
    case MODE_HYP:
        return BANK_HYP;
    case MODE_UND:
        return BANK_UND;
    default:
        return BANK_USR;
    }
}

bool psr_mode_valid(const struct cpu *c, unsigned mode)
{
    switch (mode) {
    case MODE_USR:
    case MODE_FIQ:
    case MODE_IRQ:
    case MODE_SVC:
    case MODE_ABT:
    case MODE_UND:
    case MODE_SYS:
        return true;
    case MODE_MON:
        return ISA_HAS(c->features, SEC);
    default:
        return false;
    }
}

void psr_set_mode(struct cpu *c, unsigned mode)
{
    if (mode == c->mode) {
        return;
    }
    enum cpu_bank from = psr_bank(c->mode), to = psr_bank(mode);
    if (from != to) {
        c->bank_sp[from] = c->r[13];
        c->bank_lr[from] = c->r[14];
        if (from == BANK_FIQ || to == BANK_FIQ) {
            uint32_t *save = from == BANK_FIQ ? c->bank_r8_fiq : c->bank_r8_usr;
            const uint32_t *load = to == BANK_FIQ ? c->bank_r8_fiq : c->bank_r8_usr;
            memcpy(save, &c->r[8], sizeof c->bank_r8_usr);
            memcpy(&c->r[8], load, sizeof c->bank_r8_usr);
        }
        c->r[13] = c->bank_sp[to];
        c->r[14] = c->bank_lr[to];
    }
    bool was_priv = cpu_privileged(c);
    bool monitor = c->mode == MODE_MON || mode == MODE_MON;
    c->mode = (uint8_t)mode;
    if (monitor) {
        sysreg_world_switch(c, mode == MODE_MON || !(c->cp15[CP15_SCR] & SCR_NS));
    }
    if (monitor || was_priv != cpu_privileged(c)) {
        mmu_select(c);
        fp_update(c);
    }
}

void psr_set(struct cpu *c, uint32_t val, uint32_t mask)
{
    if (mask & 0xf0000000) {
        psr_set_flags(c, (psr_flags(c) & ~mask) | (val & mask));
    }
    if (mask & 1u << PSR_Q) {
        c->q = val >> PSR_Q & 1;
    }
    if (mask & 0xf << PSR_GE) {
        c->ge = (c->ge & ~(mask >> PSR_GE)) | (val >> PSR_GE & mask >> PSR_GE & 0xf);
    }
    if (mask & 0x0600fc00) {
        c->itstate = (uint8_t)((val >> 25 & 3) | (val >> 8 & 0xfc));
    }
    if (mask & 1u << PSR_J) {
        c->psr_j = val >> PSR_J & 1 && false; // no Jazelle
    }
    if (mask & 1u << PSR_T) {
        c->thumb = val >> PSR_T & 1 && ISA_HAS(c->features, V4T);
    }
    if (mask & 1u << PSR_A) {
        c->psr_a = val >> PSR_A & 1;
    }
    if (mask & 1u << PSR_I) {
        c->psr_i = val >> PSR_I & 1;
    }
    if (mask & 1u << PSR_F) {
        c->psr_f = val >> PSR_F & 1;
    }
    if (mask & (1u << PSR_I | 1u << PSR_F) && atomic_load(&c->lines)) {
        atomic_fetch_or(&c->attention, ATTN_LINE);
    }
    bool e = mask & 1u << PSR_E ? val >> PSR_E & 1 : c->psr_e;
    if (e != c->psr_e && ISA_HAS(c->features, V6)) {
        c->psr_e = e;
        mmu_select(c);
    }
    if ((mask & 0x1f) == 0x1f && psr_mode_valid(c, val & 0x1f)) {
        psr_set_mode(c, val & 0x1f);
    }
}

uint32_t psr_user_reg(const struct cpu *c, unsigned r)
{
    enum cpu_bank b = psr_bank(c->mode);
    if (r >= 8 && r <= 12 && b == BANK_FIQ) {
        return c->bank_r8_usr[r - 8];
    }
    if (r == 13 && b != BANK_USR) {
        return c->bank_sp[BANK_USR];
    }
    if (r == 14 && b != BANK_USR) {
        return c->bank_lr[BANK_USR];
    }
    return c->r[r];
}

void psr_set_user_reg(struct cpu *c, unsigned r, uint32_t val)
{
    enum cpu_bank b = psr_bank(c->mode);
    if (r >= 8 && r <= 12 && b == BANK_FIQ) {
        c->bank_r8_usr[r - 8] = val;
    } else if (r == 13 && b != BANK_USR) {
        c->bank_sp[BANK_USR] = val;
    } else if (r == 14 && b != BANK_USR) {
        c->bank_lr[BANK_USR] = val;
    } else {
        c->r[r] = val;
    }
}
