// SPDX-License-Identifier: MIT
//
// Every recorded command stream on the GL backend. See corpus.h for the rule and options. A host
// without EGL is a failure in CI and a named skip elsewhere.
#include "tests/host-backends/corpus.c"

int main(int argc, char **argv)
{
    struct err err = {0};
    const struct backend_config cfg = {0};
    struct gpu_backend *be = backend_create("gl", &cfg, &err);
    if (!be) {
        printf("SKIP test_gl_corpus: %s\n", err.msg);
        return getenv("CI") ? 1 : 0;
    }
    backend_destroy(be);
    return corpus_main(argc, argv, "gl", NULL);
}
