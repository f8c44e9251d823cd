// SPDX-License-Identifier: MIT
//
// libyamato-cpu: ARM processors (ARMv4T to ARMv7-A, with Thumb, VFP and Advanced SIMD) as a library.
// A CPU has a flat 32-bit address space in which the caller places memory; what lies outside goes to
// callbacks. It runs for a number of instructions, interpreted or translated to the host's code, with the
// same results either way, the instruction count included.
//
//     struct ycpu *cpu;
//     if (ycpu_create("cortex-a9", YCPU_ANY, &cpu)) ...
//     ycpu_map(cpu, 0x8000, 0x10000, NULL, 0);
//     ycpu_write(cpu, 0x8000, code, sizeof code);
//     ycpu_set(cpu, YCPU_PC, 0x8000);
//     while (ycpu_run(cpu, 1000000) == YCPU_BUDGET) ...
//     ycpu_destroy(cpu);
//
// Ownership: the library owns what ycpu_create returns and memory that ycpu_map was asked to provide;
// memory and hooks that the caller passes are borrowed until they are unmapped, replaced, or the CPU is
// destroyed. Threads: one CPU belongs to one thread at a time; only ycpu_stop may be called from others.
// Two CPUs never share anything but memory that the caller mapped into both.
// Errors: functions that can fail return 0 or a negated errno; ycpu_error has the words. A NULL CPU, a bad
// register or a bad address is an error or a value of 0, never a crash.
//
// The last MiB, from 0xfff00000, is the library's.
#ifndef YAMATO_CPU_H
#define YAMATO_CPU_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define YCPU_API __attribute__((visibility("default")))
#define YCPU_VERSION 1

struct ycpu;

// ---- life --------------------------------------------------------------------------------------------

enum ycpu_engine {
    YCPU_ANY,         // the translator where the host can, else the interpreter
    YCPU_INTERPRETER,
    YCPU_TRANSLATOR,  // -ENOTSUP where the host cannot
};

// The version that the library was built as: YCPU_VERSION.
YCPU_API int ycpu_version(void);
// Names of the models, ended by NULL; the first is the oldest.
YCPU_API const char *const *ycpu_models(void);
// A CPU in system mode, ARM state, all registers 0, coprocessors on. Sets *out, to NULL on failure:
// -EINVAL no such model (or an argument is NULL), -ENOTSUP no translator here, -ENOMEM.
YCPU_API int ycpu_create(const char *model, enum ycpu_engine engine, struct ycpu **out);
// NULL is accepted.
YCPU_API void ycpu_destroy(struct ycpu *cpu);
// Words for the last error of this CPU; "" before the first. Valid until the next call.
YCPU_API const char *ycpu_error(const struct ycpu *cpu);

// ---- memory ------------------------------------------------------------------------------------------

enum { YCPU_READONLY = 1 }; // stores go to the store hook

// Puts memory at [addr, addr + bytes): the caller's `host`, or memory of the library's, zeroed, when
// `host` is NULL. Multiples of 4096 only. -EINVAL (misaligned, overlapping, too many, in the last MiB),
// -ENOMEM.
YCPU_API int ycpu_map(struct ycpu *cpu, uint32_t addr, uint64_t bytes, void *host, unsigned flags);
// Takes away memory as it was mapped. -ENOENT when there is none like that.
YCPU_API int ycpu_unmap(struct ycpu *cpu, uint32_t addr, uint64_t bytes);
// Copies from or to mapped memory; code that is there is decoded anew. Returns the bytes copied before the
// first address that is not mapped.
YCPU_API size_t ycpu_read(struct ycpu *cpu, uint32_t addr, void *data, size_t n);
YCPU_API size_t ycpu_write(struct ycpu *cpu, uint32_t addr, const void *data, size_t n);
// The caller wrote to mapped memory by itself, and there may be code.
YCPU_API void ycpu_changed(struct ycpu *cpu, uint32_t addr, uint64_t n);

// ---- hooks -------------------------------------------------------------------------------------------

// Each may be NULL. `user` is the caller's. Hooks may read and set registers and memory of `cpu`, but
// not run or destroy it.
struct ycpu_hooks {
    void *user;
    // A load or store where no memory is: `size` 1, 2 or 4 bytes, naturally aligned. Nonzero: nothing is there,
    // the access aborts.
    int (*load)(void *user, struct ycpu *cpu, uint32_t addr, unsigned size, uint32_t *val);
    int (*store)(void *user, struct ycpu *cpu, uint32_t addr, unsigned size, uint32_t val);
    // SVC with its number; the PC is behind it. Nonzero ends the run (YCPU_SVC).
    int (*svc)(void *user, struct ycpu *cpu, uint32_t number);
    // An undefined instruction; the PC is at it and must be changed, or the run be ended by nonzero
    // (YCPU_UNDEFINED).
    int (*undefined)(void *user, struct ycpu *cpu, uint32_t pc);
    // A load or store (`write`) or fetch (`addr` is the PC) that found nothing; the PC is at the instruction,
    // as above (YCPU_ABORT).
    int (*abort)(void *user, struct ycpu *cpu, uint32_t addr, int write, int fetch);
};

// Copies *hooks; NULL: none. Without a hook the run ends.
YCPU_API void ycpu_set_hooks(struct ycpu *cpu, const struct ycpu_hooks *hooks);

// ---- running -----------------------------------------------------------------------------------------

enum ycpu_stop {
    YCPU_BUDGET,    // all instructions asked for ran
    YCPU_SVC,       // behind an SVC
    YCPU_UNDEFINED, // at an undefined instruction, BKPT included
    YCPU_ABORT,     // at an instruction that found no memory; ycpu_stop_address tells where
    YCPU_WAIT,      // behind a WFI
    YCPU_STOPPED,   // ycpu_stop
    YCPU_BAD,       // `cpu` is NULL
};

// Runs at most max_insns instructions.
YCPU_API enum ycpu_stop ycpu_run(struct ycpu *cpu, uint64_t max_insns);
// The current or next run ends soon with YCPU_STOPPED. From any thread, or a hook.
YCPU_API void ycpu_stop(struct ycpu *cpu);
// Instructions run since creation.
YCPU_API uint64_t ycpu_count(const struct ycpu *cpu);
// The address of the last YCPU_ABORT, the number of the last YCPU_SVC.
YCPU_API uint32_t ycpu_stop_address(const struct ycpu *cpu);

// ---- state -------------------------------------------------------------------------------------------

enum ycpu_reg {
    YCPU_R0, YCPU_R1, YCPU_R2, YCPU_R3, YCPU_R4, YCPU_R5, YCPU_R6, YCPU_R7, YCPU_R8, YCPU_R9, YCPU_R10,
    YCPU_R11, YCPU_R12, YCPU_SP, YCPU_LR, YCPU_PC,
    YCPU_CPSR, YCPU_FPSCR,
    YCPU_REGS
};

// 0 for what is no register.
YCPU_API uint32_t ycpu_get(const struct ycpu *cpu, enum ycpu_reg reg);
// Setting the PC takes bit 0 as the instruction set: 1 Thumb, 0 ARM. -EINVAL.
YCPU_API int ycpu_set(struct ycpu *cpu, enum ycpu_reg reg, uint32_t val);
// D0 to D31 of VFP and Advanced SIMD.
YCPU_API uint64_t ycpu_get_d(const struct ycpu *cpu, unsigned n);
YCPU_API int ycpu_set_d(struct ycpu *cpu, unsigned n, uint64_t val);

// ---- text --------------------------------------------------------------------------------------------

// The instruction at `addr`, as the CPU's present instruction set reads it, as UAL text, always
// terminated. Returns its bytes (2 or 4), 0 when nothing is mapped there.
YCPU_API int ycpu_disassemble(struct ycpu *cpu, uint32_t addr, char *text, size_t n);

#ifdef __cplusplus
}
#endif

#endif
