// SPDX-License-Identifier: MIT
//
// The profile's part of the HTML page: what a run's submissions did, where they waited, and for
// whom.
#ifndef CLI_REPORT_PROFILE_H
#define CLI_REPORT_PROFILE_H

#include <stdio.h>

#include "mdev/profile.h"

// Colour of the n-th vGPU, everywhere on the page.
const char *report_colour(unsigned n);
void report_text(FILE *f, const char *s); // escaped
void report_profile(FILE *f, struct profile *p);

// Its parts.
void report_flame(FILE *f, struct profile *p);
void report_works(FILE *f, struct profile *p);
enum { REPORT_WIDTH = 1120, REPORT_LANE = 22 };
void report_svg(FILE *f, unsigned height);               // opens an element REPORT_WIDTH wide
const char *report_time(double ns, char *buf, size_t n); // "1.25 ms"

// Rules for the classes that it uses.
extern const char report_profile_style[];

#endif
