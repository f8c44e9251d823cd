// SPDX-License-Identifier: MIT
//
// 4x4 matrices, column after column as the shaders take them, and the two functions of a circle.
#ifndef BM_MAT_H
#define BM_MAT_H

struct mat {
    float c[4][4]; // c[column][row]
};

float bm_sin(float radians);
float bm_cos(float radians);

struct mat mat_identity(void);
struct mat mat_mul(const struct mat *a, const struct mat *b); // a * b: b first
struct mat mat_translate(float x, float y, float z);
struct mat mat_rotate_x(float radians);
struct mat mat_rotate_y(float radians);
// half_height is that of the picture at distance 1; near and far planes are positive.
struct mat mat_perspective(float half_height, float aspect, float near, float far);

#endif
