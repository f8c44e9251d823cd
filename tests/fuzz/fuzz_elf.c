// SPDX-License-Identifier: MIT
//
// A program file of `yamato user`: whatever it is, it is loaded or refused.
#include <stdlib.h>
#include <unistd.h>

#include "tests/user/inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char name[] = "/tmp/yamato-fuzz-XXXXXX", *argv[] = {name, NULL}, *envp[] = {NULL};
    struct err err = {0};
    int fd = mkstemp(name);
    if (fd < 0 || write(fd, data, n) != (ssize_t)n) {
        abort();
    }
    close(fd);
    struct inside *r = inside_make("cortex-a9", CPU_ENGINE_INTERPRETER, false);
    load_program(&r->p, argv, envp, &err);
    inside_drop(r);
    unlink(name);
    return 0;
}
