/* Between samples and pixels: what eight neighbouring pixels of a row show, before they are shaded. */

#ifndef XTALKER_RESOLVE_H
#define XTALKER_RESOLVE_H

#include "raster.h"

/* Places on a texture: for each the upper left of the four texels around it, and how far it is right of and below that. */
typedef struct {
    v8i texel;
    v8f right, lower;
} Spots;

/* x, y, z: means of the values over the samples that show an outside. outside, inside: how many of four do so.
   skin: where they lie on it; for some pixels there is a second place, which has the given share. */
typedef struct {
    v8f x, y, z, outside, inside;
    Spots skin, second;
    v8f share;
    int32_t has_second;
} Pixels;

typedef struct {
    const uint8_t *texels; /* (height + 2, pitch, 4): each edge is there twice */
    int32_t width, height, pitch;
} Texture;

typedef struct {
    const float *texels; /* (height + 2, width + 2, 4): height in metres, its slopes along u and v, how much it counts */
    int32_t width, height;
    float to_place[16]; /* by columns, from subsamples, depth and 1 to metres in the light's axes, times w */
} Relief;

/* What the samples of a surface are read with. */
typedef struct {
    const void *planes; /* narrow ones where it has no skin, is not wrinkled and not in perspective */
    int32_t first, count; /* numbers of its triangles: above `first`, `count` with the one of no triangle */
    int32_t perspective;
    Texture skin; /* without texels: none */
    Relief relief;
} Surface;

enum { ROWS_RESOLVED = 16 };

INLINE v8f shuffled(v8f a, v8f b, int high) {
    return high ? __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
                : __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13);
}

/* Four vectors, each the values of pixels k and k + 4, to the values' vectors. */
INLINE void transpose_pairs(const v8f pair[4], v8f out[4]) {
    v8f t0 = shuffled(pair[0], pair[1], 0), t1 = shuffled(pair[0], pair[1], 1);
    v8f t2 = shuffled(pair[2], pair[3], 0), t3 = shuffled(pair[2], pair[3], 1);
    out[0] = __builtin_shufflevector(t0, t2, 0, 1, 8, 9, 4, 5, 12, 13);
    out[1] = __builtin_shufflevector(t0, t2, 2, 3, 10, 11, 6, 7, 14, 15);
    out[2] = __builtin_shufflevector(t1, t3, 0, 1, 8, 9, 4, 5, 12, 13);
    out[3] = __builtin_shufflevector(t1, t3, 2, 3, 10, 11, 6, 7, 14, 15);
}

/* Numbers of triangles as two strips' samples hold them, from the upper row that is read on. */
typedef struct {
    const char *strips[2];
    int64_t row_size; /* in bytes */
    int32_t flipped, mask;
} Numbers;

INLINE v8i numbers_of(const Numbers *numbers, int side, int32_t row) {
    v8i held = *(const v8i *)(numbers->strips[side] + row * numbers->row_size);
    return (held ^ splat_i(numbers->flipped)) & splat_i(numbers->mask);
}

/* Resolves `count` rows of pixels, ROWS_RESOLVED at most. */
typedef void Resolve(const Surface *surface, const Numbers *numbers, int32_t column, int32_t row, int32_t count,
                     Pixels *pixels);

Resolve xt_resolve_plain, xt_resolve_skin, xt_resolve_perspective, xt_resolve_wrinkled, xt_resolve_single;

#endif
