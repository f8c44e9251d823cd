// SPDX-License-Identifier: MIT
//
// What an image file is, as a JSON object: format, what it holds, which board and processor it wants,
// how to start it.
#ifndef CLI_IMAGE_FACTS_H
#define CLI_IMAGE_FACTS_H

#include <jansson.h>
#include <stdio.h>

#include "soc/load.h"

struct err;

// Owned by the caller; NULL when the file is damaged (named in *err).
json_t *image_facts(const struct blob *b, struct err *err);
// For people: every member a line, lists indented.
void image_facts_print(const json_t *facts, FILE *out);

#endif
