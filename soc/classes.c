// SPDX-License-Identifier: MIT
//
// The registries of boards and device classes, from soc/boards.def and soc/dev/classes.def.
#include <string.h>

#include "soc/board.h"

#define X(sym) extern const struct device_class sym;
#include "soc/dev/classes.def"
#undef X
#define X(sym) extern const struct board sym;
#include "soc/boards.def"
#undef X

const struct device_class *const *device_classes(void)
{
    static const struct device_class *const all[] = {
#define X(sym) &sym,
#include "soc/dev/classes.def"
#undef X
        NULL};
    return all;
}

const struct board *const *board_list(void)
{
    static const struct board *const all[] = {
#define X(sym) &sym,
#include "soc/boards.def"
#undef X
        NULL};
    return all;
}

const struct device_class *device_class_find(const char *name)
{
    for (const struct device_class *const *c = device_classes(); *c; c++) {
        if (strcmp((*c)->name, name) == 0) {
            return *c;
        }
    }
    return NULL;
}

const struct board *board_find(const char *name)
{
    for (const struct board *const *b = board_list(); *b; b++) {
        if (strcmp((*b)->name, name) == 0) {
            return *b;
        }
    }
    return NULL;
}
