// SPDX-License-Identifier: MIT
//
// The set of descriptors of one wait; see hostio.h.
#include "soc/hostio.h"

#include "base/bits.h"

int pollset_add(struct pollset *set, int fd, short events)
{
    if (set->count == ARRAY_LEN(set->fds)) {
        return -1;
    }
    set->fds[set->count] = (struct pollfd){.fd = fd, .events = events};
    return (int)set->count++;
}
