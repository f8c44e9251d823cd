// SPDX-License-Identifier: MIT
//
// The validator's rules as a table, for documentation and tests. Private to this room.
#ifndef SHADER_ISA_CHECK_H
#define SHADER_ISA_CHECK_H

#include <stdbool.h>

#include "shader-isa/shader.h"

enum check_id {
#define CHECK(id, name, is_error, doc) CHECK_##id,
#include "shader-isa/check.def"
    CHECK_COUNT
};

struct check_rule {
    const char *name, *doc;
    bool is_error;
};
extern const struct check_rule check_rules[CHECK_COUNT];

#endif
