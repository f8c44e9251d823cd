// SPDX-License-Identifier: MIT
//
// The CPU models of models.def by name.
#include "cpu/models.h"

#include <stddef.h>
#include <string.h>

#include "cpu/sysreg.h"

static const struct cpu_model models[] = {
#define MODEL(id, label, ...) {.name = label, __VA_ARGS__},
#include "cpu/models.def"
#undef MODEL
};

const char *const model_names[] = {
#define MODEL(id, label, ...) label,
#include "cpu/models.def"
#undef MODEL
    NULL,
};

const struct cpu_model *model_find(const char *name)
{
    for (size_t k = 0; name && k < ARRAY_LEN(models); k++) {
        if (!strcmp(models[k].name, name)) {
            return &models[k];
        }
    }
    return NULL;
}
