// SPDX-License-Identifier: MIT
//
// A hostile guest at the vGPU: the input is a list of register writes and memory words; between them
// the ring is kicked. Nothing may crash, hang or reach memory outside the guest's grant, where
// canaries stand. The soft backend draws what gets through.
#include <stdio.h>
#include <stdlib.h>

#include "tests/mdev/guest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mdev *mdev; // one engine thread for the process: starting one a run is too slow
    struct guest g;
    size_t at = 0;

    if (!mdev) {
        struct err err = {0};
        const struct mdev_config cfg = {.backend = "soft", .synchronous = true};
        mdev = mdev_create(&cfg, &err);
        if (!mdev) {
            fprintf(stderr, "%s\n", err.msg);
            abort();
        }
    }
    guest_open(&g, mdev, "fuzz");
    while (at + 5 <= size) {
        uint32_t v = get_le32(data + at + 1);
        switch (data[at] & 7) {
        case 0: // a register by number
            guest_write(&g, v >> 16 & 0x7fff, v * 0x10001u);
            break;
        case 1: // a word of the page table
            put_le32(g.ram + PT_OFF + (v & 0xfff) * 4, v >> 12 << 12 | 3);
            guest_write(&g, 0x45, 3);
            break;
        case 2: // kick as a driver does
            guest_put_fence(&g);
            guest_kick(&g);
            break;
        case 3: // call a buffer in the heap
            guest_put_ib(&g, HEAP_VA + (v & 0xffc), v >> 16 & 0xff);
            break;
        case 4: // reset
            guest_init_hw(&g);
            break;
        default: // raw ring words, and the same into the heap
            guest_put(&g, v);
            put_le32(guest_va(&g, HEAP_VA) + (at & 0xffc), v);
        }
        at += 5;
    }
    guest_kick(&g);
    vgpu_wait_idle(g.vgpu, 3000000000ull);
    guest_close(&g);
    return 0;
}
