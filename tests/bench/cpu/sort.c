// SPDX-License-Identifier: MIT
//
// Quicksort through a function pointer.
#include "kernel.h"

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void sort(uint32_t *v, int lo, int hi, int (*cmp)(const void *, const void *))
{
    while (lo < hi) {
        uint32_t pivot = v[(lo + hi) / 2];
        int i = lo, j = hi;
        while (i <= j) {
            while (cmp(&v[i], &pivot) < 0) {
                i++;
            }
            while (cmp(&v[j], &pivot) > 0) {
                j--;
            }
            if (i <= j) {
                uint32_t t = v[i];
                v[i++] = v[j];
                v[j--] = t;
            }
        }
        sort(v, lo, j, cmp);
        lo = i;
    }
}

static uint32_t work(unsigned n)
{
    static uint32_t v[20000];
    int (*volatile cmp)(const void *, const void *) = compare;
    uint32_t seed = 3, sum = 0;
    for (unsigned r = 0; r < n; r++) {
        for (int i = 0; i < 20000; i++) {
            v[i] = next_random(&seed);
        }
        sort(v, 0, 19999, cmp);
        sum = sum * 33 + v[777];
    }
    return sum;
}
