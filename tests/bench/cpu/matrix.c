// SPDX-License-Identifier: MIT
//
// Matrix products in float and double.
#include "kernel.h"

enum { N = 48 };
static float fa[N][N], fb[N][N], fc[N][N];
static double da[N][N], db[N][N], dc[N][N];

static uint32_t work(unsigned n)
{
    uint32_t sum = 0;
    for (int i = 0; i < N * N; i++) {
        fa[i / N][i % N] = (float)(i % 7), fb[i / N][i % N] = (float)(i % 5);
        da[i / N][i % N] = i % 11, db[i / N][i % N] = i % 3;
    }
    for (unsigned r = 0; r < n * 4; r++) {
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < N; j++) {
                float f = 0;
                double d = 0;
                for (int k = 0; k < N; k++) {
                    f += fa[i][k] * fb[k][j];
                    d += da[i][k] * db[k][j];
                }
                fc[i][j] = f;
                dc[i][j] = d;
            }
        }
        sum = sum * 3 + (uint32_t)fc[r % N][3] + (uint32_t)dc[5][r % N];
    }
    return sum;
}
