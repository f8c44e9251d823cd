// SPDX-License-Identifier: MIT
//
// Finds the shared captures beside the repository.
#ifndef TESTS_GPU_MODEL_SHARED_H
#define TESTS_GPU_MODEL_SHARED_H

#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

// Files matching a pattern below the shared folder. False when there are none: then the test prints
// that it is skipped and succeeds, unless CI is set, where missing data is a failure.
static inline bool shared_glob(const char *name, const char *pattern, glob_t *g)
{
    const char *root = getenv("YAMATO_SHARED");
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", root ? root : "../shared", pattern);
    if (glob(path, 0, NULL, g) == 0 && g->gl_pathc) {
        return true;
    }
    printf("SKIP %s: no shared data (0 rows)\n", name);
    if (getenv("CI")) {
        fprintf(stderr, "%s: no shared data at %s, but CI is set\n", name, path);
        exit(1);
    }
    return false;
}

#endif
