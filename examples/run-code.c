// SPDX-License-Identifier: MIT
//
// Runs a few instructions on a Cortex-A9 with libyamato-cpu: a function that adds up an array, a store to
// a device of ours, a call of ours, and what happens where no memory is.
//
//     cc run-code.c $(pkg-config --cflags --libs yamato-cpu)
#include <stdio.h>
#include <yamato-cpu.h>

static const uint32_t code[] = {
    0xe3a00000, // mov   r0, #0
    0xe4912004, // ldr   r2, [r1], #4
    0xe0800002, // add   r0, r0, r2
    0xe2533001, // subs  r3, r3, #1
    0x1afffffb, // bne   ldr
    0xe5840000, // str   r0, [r4]       the device
    0xef000001, // svc   #1
    0xe5955000, // ldr   r5, [r5]       nothing there
};

static int store(void *user, struct ycpu *cpu, uint32_t addr, unsigned size, uint32_t val)
{
    (void)user, (void)cpu;
    printf("device: %u bytes at %#x: %u\n", size, addr, val);
    return addr < 0xe0000000; // below there is nothing
}

static int svc(void *user, struct ycpu *cpu, uint32_t number)
{
    (void)user;
    printf("svc %u: r0 = %u after %llu instructions\n", number, ycpu_get(cpu, YCPU_R0),
           (unsigned long long)ycpu_count(cpu));
    return 0;
}

int main(void)
{
    const struct ycpu_hooks hooks = {.store = store, .svc = svc};
    uint32_t numbers[] = {1, 2, 3, 4, 100};
    char text[80];
    struct ycpu *cpu;
    if (ycpu_create("cortex-a9", YCPU_ANY, &cpu) || ycpu_map(cpu, 0x8000, 0x10000, NULL, 0)) {
        return 1;
    }
    ycpu_set_hooks(cpu, &hooks);
    ycpu_write(cpu, 0x8000, code, sizeof code);
    ycpu_write(cpu, 0x9000, numbers, sizeof numbers);
    ycpu_set(cpu, YCPU_R1, 0x9000);
    ycpu_set(cpu, YCPU_R3, sizeof numbers / sizeof numbers[0]);
    ycpu_set(cpu, YCPU_R4, 0xe0000000);
    ycpu_set(cpu, YCPU_R5, 0x40000000);
    ycpu_set(cpu, YCPU_PC, 0x8000);
    enum ycpu_stop why = ycpu_run(cpu, 1000);
    ycpu_disassemble(cpu, ycpu_get(cpu, YCPU_PC), text, sizeof text);
    printf("%s at %#x: %s\n", why == YCPU_ABORT ? "abort" : "?", ycpu_stop_address(cpu), text);
    ycpu_destroy(cpu);
    return 0;
}
