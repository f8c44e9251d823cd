// SPDX-License-Identifier: MIT
//
// The cache of decoded instructions, private to this room. A code page belongs to 4 KiB of host
// memory (so aliases share it) and has an array of slots for A32 and one for Thumb. Slots start as
// "decode me". A page remembers in 64-byte granules where it has decoded code; while it has any,
// stores to the page take the slow path, which resets exactly the slots that the store touches.
#ifndef CPU_CODE_H
#define CPU_CODE_H

#include "cpu/state.h"

enum { A32_SLOTS = 1024, T_SLOTS = 2048, GRANULE = 64 };

struct code_page {
    struct code_page *next; // hash chain
    uint8_t *host;
    uint64_t granules;      // bit per 64 bytes: something decoded there
    uint32_t *entry[2];     // [thumb]: the translator's code for each halfword (jit/jit.h)
    struct insn *slots[2];  // [thumb], with a sentinel behind the last; NULL until used
    struct insn straddle[3]; // a 32-bit Thumb instruction that crosses into the next page
};

struct code_cache *code_create(void);
void code_destroy(struct code_cache *code);
// Slots will only have the bodies that prep functions choose: for engines that read them. Without this
// the interpreter gives some slots faster bodies of its own.
void code_plain_slots(struct code_cache *code);
void code_flush(struct cpu *c); // forgets everything; only between instructions
// Forgets everything at the next entry: host memory went away or changed as a whole.
void code_flush_later(struct cpu *c);

// Finds the instruction at c->r[15] in the state c->thumb, c->itstate, and makes its page current.
// Raises a prefetch abort (does not return) when it cannot be fetched.
const struct insn *code_enter(struct cpu *c);

// True when stores to this host page must take the slow path.
bool code_watched(const struct cpu *c, const uint8_t *host_page);

// Memory [host_page + off, + bytes) was written. Returns true when decoded code was dropped.
bool code_written(struct cpu *c, uint8_t *host_page, unsigned off, unsigned bytes);

// Gives the slots of an IT block their ITSTATE, starting with slot `at` of the current Thumb page.
void code_mark_it(struct cpu *c, struct code_page *page, unsigned at, uint8_t it);

// Decodes a slot of the current page; returns the instruction to run.
const struct insn *code_decode(struct cpu *c, struct insn *slot);

// One halfword or word of an instruction through the MMU; a fault is a prefetch abort of the
// instruction at `pc` (mem.c).
uint16_t code_fetch_half(struct cpu *c, uint32_t va, uint32_t pc);
uint32_t code_fetch_word(struct cpu *c, uint32_t va);

// decode.c: fills `i` (off2, it and wide are inputs/outputs) from the encoding.
void decode_insn(struct cpu *c, struct insn *i, uint32_t raw, bool thumb, bool alone);

#endif
