/* What the parts of the software rasteriser share: vectors of eight, and the records that the binding fills.

   Coordinates are samples of the part of a picture that is drawn, x to the right and y down; a pixel has 2x2 samples.
   Nothing here is contracted or reordered, so that every build gives the same bytes. */

#ifndef XTALKER_RASTER_H
#define XTALKER_RASTER_H

#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif
#define INLINE static inline __attribute__((always_inline))

typedef float v4f __attribute__((ext_vector_type(4)));
typedef float v8f __attribute__((ext_vector_type(8)));
typedef int32_t v4i __attribute__((ext_vector_type(4)));
typedef int32_t v8i __attribute__((ext_vector_type(8)));
typedef uint32_t v8u __attribute__((ext_vector_type(8)));
typedef uint8_t v8b __attribute__((ext_vector_type(8)));
typedef _Bool v8bits __attribute__((ext_vector_type(8)));
/* The same where memory may lie anywhere. */
typedef float v4f_any __attribute__((ext_vector_type(4), aligned(4)));
typedef float v8f_any __attribute__((ext_vector_type(8), aligned(4)));
typedef int32_t v8i_any __attribute__((ext_vector_type(8), aligned(1)));
typedef uint8_t v8b_any __attribute__((ext_vector_type(8), aligned(1)));

enum { SUBSAMPLES = 256, STRIP = 8, INSIDE_SHARE = 16 };
#define NEVER (1 << 30) /* the first row of a strip without any */

/* Eight neighbours of one row of samples, a cache line: normalised depth, and the number of the triangle that is seen.
   Where nothing is, all bits are set, whichever way they are kept. */
typedef struct {
    v8f depth;
    v8i triangle;
} Samples;

/* The same in half of the memory: how far depth is from the nearest to the farthest in the upper bits of a word, and the
   number's complement in the lower ones. The least is seen, of equal depths the last. */
typedef struct {
    v8u word;
} PackedSamples;

/* Samples of one part of a picture, strip after strip of eight columns, each from its first row to its last. */
typedef struct {
    void *samples;
    int32_t *touched; /* for each strip the first and last row that something was drawn in */
    int32_t strips, rows;
    int32_t stride; /* samples from strip to strip, `rows` or more */
    int32_t number_bits; /* of packed samples; 0: they are not */
    float nearest, scale; /* from a depth to a word */
} Film;

/* A vertex as it is seen. `values`: what is interpolated, the third from last being the depth: red, green, blue (or a
   normal), 1, u, v, depth, 0; the first six are divided by w unless it is outside. */
typedef struct {
    v8f values;
    v4f clip; /* x and y in subsamples, times w; z, w */
    int32_t x, y; /* subsamples */
    float depth;
    uint32_t outside; /* a bit for each plane that it lies beyond */
} Vertex;

/* What a triangle shows at the sample in column x and row y: dx (x + 1/2) + dy (y + 1/2) + base. The fourth value is what
   the sample weighs; of an inside, all others are 0. Narrow planes hold the first four values. */
typedef struct {
    v8f dx, dy, base;
} Plane;
typedef struct {
    v4f dx, dy, base;
} NarrowPlane;

/* How the sides of a triangle are shown. */
enum { HIDDEN = 0, AS_OUTSIDE = 1, AS_INSIDE = 2 };

INLINE v4f splat4(float v) { return (v4f){v, v, v, v}; }
INLINE v8f splat(float v) { return (v8f){v, v, v, v, v, v, v, v}; }
INLINE v8i splat_i(int32_t v) { return (v8i){v, v, v, v, v, v, v, v}; }
INLINE v8f smaller(v8f a, v8f b) { return a < b ? a : b; }
INLINE v8f larger(v8f a, v8f b) { return a > b ? a : b; } /* b where a is not a number */
INLINE v8f limited(v8f v, float low, float high) { return smaller(larger(v, splat(low)), splat(high)); }
INLINE v8f as_float(v8i v) { return __builtin_convertvector(v, v8f); }
INLINE v8i as_int(v8f v) { return __builtin_convertvector(v, v8i); }
INLINE int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }
INLINE int32_t most(int32_t a, int32_t b) { return a > b ? a : b; }

/* Bytes of a row of a strip. */
INLINE int64_t row_size(const Film *film) { return film->number_bits ? sizeof(PackedSamples) : sizeof(Samples); }

INLINE char *samples_at(const Film *film, int32_t strip, int32_t row) {
    return (char *)film->samples + ((int64_t)strip * film->stride + row) * row_size(film);
}

#endif
