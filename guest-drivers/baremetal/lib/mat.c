// SPDX-License-Identifier: MIT
//
// Matrices and sine. The sine is a polynomial on a quarter turn, good to about 1e-6: plenty for a
// demo.
#include "mat.h"

float bm_sin(float x)
{
    const float turn = 6.2831853f, half = 3.1415927f;
    float y = x / turn;
    y -= (float)(int)y; // -1..1 turns
    x = y * turn;
    x = x > half ? x - turn : x < -half ? x + turn : x;
    x = x > half / 2 ? half - x : x < -half / 2 ? -half - x : x;
    y = x * x;
    return x * (1 + y * (-1.0f / 6 + y * (1.0f / 120 + y * (-1.0f / 5040 + y * (1.0f / 362880)))));
}

float bm_cos(float x)
{
    return bm_sin(x + 1.5707964f);
}

struct mat mat_identity(void)
{
    return (struct mat){{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}}};
}

struct mat mat_mul(const struct mat *a, const struct mat *b)
{
    struct mat m;
    for (int col = 0; col < 4; col++) {
        for (int row = 0; row < 4; row++) {
            float sum = 0;
            for (int k = 0; k < 4; k++) {
                sum += a->c[k][row] * b->c[col][k];
            }
            m.c[col][row] = sum;
        }
    }
    return m;
}

struct mat mat_translate(float x, float y, float z)
{
    struct mat m = mat_identity();
    m.c[3][0] = x;
    m.c[3][1] = y;
    m.c[3][2] = z;
    return m;
}

struct mat mat_rotate_x(float radians)
{
    struct mat m = mat_identity();
    m.c[1][1] = m.c[2][2] = bm_cos(radians);
    m.c[1][2] = bm_sin(radians);
    m.c[2][1] = -m.c[1][2];
    return m;
}

struct mat mat_rotate_y(float radians)
{
    struct mat m = mat_identity();
    m.c[0][0] = m.c[2][2] = bm_cos(radians);
    m.c[2][0] = bm_sin(radians);
    m.c[0][2] = -m.c[2][0];
    return m;
}

struct mat mat_perspective(float half_height, float aspect, float near, float far)
{
    struct mat m = {{{0}}};
    m.c[0][0] = 1 / (half_height * aspect);
    m.c[1][1] = 1 / half_height;
    m.c[2][2] = (far + near) / (near - far);
    m.c[2][3] = -1;
    m.c[3][2] = 2 * far * near / (near - far);
    return m;
}
