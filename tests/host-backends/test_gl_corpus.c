// SPDX-License-Identifier: MIT
//
// Every recorded command stream on the GL backend. See corpus.h for the rule and options.
#include "tests/host-backends/corpus.c"

int main(int argc, char **argv)
{
    return corpus_main(argc, argv, "gl", NULL);
}
