// SPDX-License-Identifier: MIT
//
// The picture tests: every recorded command stream is replayed on a backend and compared with the
// picture that a reference renderer drew. The rule: exact, or every channel within 2/255 apart from
// edge pixels, of which at most 0.5 % of the picture may differ.
//
// Replays read the window scissor's bottom right corner as inclusive, which is what the reference
// renderers do and the recording driver meant (a faithful device loses the last row and column of
// every scissor; the driver's bug).
//
// On `soft` each capture runs twice: with vertices on the grid that the hardware is told to use
// (1/16 of a pixel), and on 1/256, as host renderers snap them ("fine"). The second run leaves
// hardly any edge pixel differing, which says that the first one's differ for that reason alone.
#ifndef TESTS_HOST_BACKENDS_CORPUS_H
#define TESTS_HOST_BACKENDS_CORPUS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum corpus_class {
    CORPUS_EXACT,    // no channel of any pixel differs
    CORPUS_CLOSE,    // all within 2/255
    CORPUS_EDGES,    // but for at most 0.5 % of the pixels, all of them on edges
    CORPUS_KNOWN,    // differs for a reason that corpus_known.def names
    CORPUS_NO_REF,   // nothing to compare with: replays without being refused
    CORPUS_MISMATCH, // differs
    CORPUS_ERROR,    // unreadable, refused, or no picture
    CORPUS_CLASSES,
};
extern const char *const corpus_class_names[CORPUS_CLASSES];

struct corpus_verdict {
    bool ran;
    enum corpus_class cls;
    const char *reference; // the better one: "llvmpipe", "softpipe", ""
    uint32_t pixels, differing, off_edge;
    uint32_t max_delta;
    double ms;          // host time in engine and backend
    const char *reason; // of CORPUS_KNOWN
    char note[256];     // error text, or what the picture is
};
struct corpus_result {
    char name[160];               // folder/file without ".rd.gz"
    struct corpus_verdict run[2]; // as the registers say; with fine vertex snapping
};

struct corpus_options {
    const char *backend; // "soft", "gl"
    const char *device;  // for gl, or NULL
    bool everything;     // else the subset that fits into CI
    const char *filter;  // substring of the name, or NULL
    const char *png_dir; // write picture | reference | difference there, or NULL
    const char *table;   // write a markdown table there, or NULL
    unsigned jobs;       // threads, 0 = 1
};

// Runs the corpus. 0: every capture passes; 1: some do not (printed); 77: no shared data and not in
// CI; 2: cannot run (backend missing, no capture ran).
int corpus_run(const struct corpus_options *opt);

// A main() for a test program: options from the command line (--all, --write-png DIR, --table FILE,
// --jobs N, FILTER) and the environment (YAMATO_LONG=1).
int corpus_main(int argc, char **argv, const char *backend, const char *device);

#endif
