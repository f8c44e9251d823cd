// SPDX-License-Identifier: MIT
//
// yamato compare: two pictures by the rule that the tests use: every channel within a tolerance, apart
// from a small part of the pixels (edges).
#include <string.h>

#include "base/png.h"
#include "cli/cli.h"

struct compare_opts {
    uint64_t tolerance, per_mille, right, top, bottom, colours;
};

static const struct opt_row rows[] = {
    {"tolerance", NULL, OPT_UINT, offsetof(struct compare_opts, tolerance), "N",
     "largest channel difference that counts as equal (default 2)", NULL},
    {"edge-per-mille", NULL, OPT_UINT, offsetof(struct compare_opts, per_mille), "N",
     "pixels in a thousand that may differ more (default 5)", NULL},
    {"mask-right", NULL, OPT_UINT, offsetof(struct compare_opts, right), "N", "columns left out", NULL},
    {"mask-top", NULL, OPT_UINT, offsetof(struct compare_opts, top), "N", "rows left out", NULL},
    {"mask-bottom", NULL, OPT_UINT, offsetof(struct compare_opts, bottom), "N", "rows left out", NULL},
    {"min-colours", NULL, OPT_UINT, offsetof(struct compare_opts, colours), "N",
     "fail unless A has at least N colours: an empty panel equals another (at most 1000)", NULL},
    OPTS_END};

static const struct opts_spec spec = {"yamato compare", "[OPTION]... A.png B.png",
                                      "Compares two pictures; exit status 1 when they differ.", NULL,
                                      rows};

// Distinct colours, counted up to COLOURS_MAX.
#define COLOURS_MAX 1000u
static unsigned colours_of(const struct picture *pic)
{
    uint32_t seen[COLOURS_MAX];
    unsigned n = 0;
    for (size_t i = 0; i < (size_t)pic->width * pic->height && n < COLOURS_MAX; i++) {
        uint32_t c = pic->rgba[i * 4] | (uint32_t)pic->rgba[i * 4 + 1] << 8 |
                     (uint32_t)pic->rgba[i * 4 + 2] << 16;
        unsigned k = n;
        while (k && seen[k - 1] != c) {
            k--;
        }
        if (!k) {
            seen[n++] = c;
        }
    }
    return n;
}

static int run(int argc, char **argv)
{
    struct compare_opts o = {.tolerance = 2, .per_mille = 5};
    struct picture a = {0}, b = {0};
    struct picture_diff d;
    struct err err = {0};
    const char *args[2];
    unsigned nargs;
    int status;

    if (!cli_parse(&spec, &o, argc, argv, args, 2, &nargs, &status)) {
        return status;
    }
    if (nargs != 2) {
        err_set(&err, -1, "name two pictures (see yamato compare --help)");
        return cli_fail("compare", &err);
    }
    if (picture_load_png(&a, args[0], &err) || picture_load_png(&b, args[1], &err) ||
        picture_compare(&a, &b, (unsigned)o.tolerance, (unsigned)o.right, (unsigned)o.top,
                        (unsigned)o.bottom, &d, &err)) {
        status = cli_fail("compare", &err);
    } else {
        bool same = d.differing * 1000ull <= d.compared * o.per_mille;
        printf("%s: %u of %u pixels differ by more than %u, largest difference %u\n",
               same ? "same" : "different", d.differing, d.compared, (unsigned)o.tolerance,
               d.max_delta);
        if (colours_of(&a) < o.colours) {
            printf("%s has only %u colours\n", args[0], colours_of(&a));
            same = false;
        }
        status = same ? EXIT_OK : EXIT_FAILED;
    }
    picture_fini(&a);
    picture_fini(&b);
    return status;
}

const struct cli_command cmd_compare = {"compare", "compare two pictures by the tests' rule", &spec,
                                        run};
