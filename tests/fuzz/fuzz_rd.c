// SPDX-License-Identifier: MIT
//
// Any bytes as a capture file: opened, replayed without a backend, printed.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gpu-model/rd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("capture", 0);
    if (fd < 0) {
        return 0;
    }
    for (size_t at = 0; at < size;) {
        ssize_t k = write(fd, data + at, size - at);
        if (k <= 0) {
            break;
        }
        at += (size_t)k;
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    FILE *null = fopen("/dev/null", "w");
    struct rd_replay_config cfg = {.dump = size < 65536 ? null : NULL, .stop_submit = 64};
    struct rd_replay_result res;
    rd_replay(path, &cfg, &res, NULL);
    if (null) {
        fclose(null);
    }
    close(fd);
    return 0;
}
