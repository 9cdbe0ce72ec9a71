/* What is drawn flat on a picture of RGBA with premultiplied alpha, and its way to NV12. */

#include "raster.h"

INLINE uint8_t byte_of(float value) { return (uint8_t)(value < 0.0f ? 0.0f : value > 255.0f ? 255.5f : value + 0.5f); }

/* colour: straight red, green, blue and alpha, 0 to 1; share: of it that covers the pixel. */
INLINE void blend(uint8_t *pixel, const float colour[4], float share) {
    float alpha = colour[3] * share;
    for (int c = 0; c < 3; c++) pixel[c] = byte_of(colour[c] * alpha * 255.0f + (float)pixel[c] * (1.0f - alpha));
    pixel[3] = byte_of(alpha * 255.0f + (float)pixel[3] * (1.0f - alpha));
}

/* Blends a colour over the pixels from (left, upper) up to but without (right, lower), which lie in the picture. */
EXPORT void xt_fill(uint8_t *pixels, int32_t pitch, int32_t left, int32_t upper, int32_t right, int32_t lower,
                    const float *colour) {
    uint8_t whole[4] = {0, 0, 0, 0};
    blend(whole, colour, 1.0f);
    for (int32_t row = upper; row < lower; row++) {
        uint8_t *out = pixels + (int64_t)row * pitch + 4 * (int64_t)left;
        for (int32_t column = left; column < right; column++, out += 4) {
            if (colour[3] >= 1.0f)
                __builtin_memcpy(out, whole, 4);
            else
                blend(out, colour, 1.0f);
        }
    }
}

/* The same through a mask (height, width) of coverage, whose corner lies at (x, y); the picture is width x height. */
EXPORT void xt_stamp(uint8_t *pixels, int32_t pitch, int32_t picture_width, int32_t picture_height, const uint8_t *mask,
                     int32_t width, int32_t height, int32_t x, int32_t y, const float *colour) {
    for (int32_t row = most(0, -y); row < least(height, picture_height - y); row++) {
        for (int32_t column = most(0, -x); column < least(width, picture_width - x); column++) {
            uint8_t covered = mask[(int64_t)row * width + column];
            uint8_t *out = pixels + (int64_t)(y + row) * pitch + 4 * (int64_t)(x + column);
            if (covered) blend(out, colour, (float)covered * (1.0f / 255.0f));
        }
    }
}

INLINE double side(const double *a, const double *b, double x, double y) {
    return (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]);
}

/* Blends `count` triangles (count, 3, 2) in pixels of the picture, where pixels' middles lie inside and within the box. */
EXPORT void xt_shape(uint8_t *pixels, int32_t pitch, int32_t left, int32_t upper, int32_t right, int32_t lower,
                     const double *triangles, int32_t count, const float *colour) {
    for (const double *a = triangles; count > 0; count--, a += 6) {
        const double *b = a + 2, *c = a + 4;
        if (side(a, b, c[0], c[1]) < 0.0) b = a + 4, c = a + 2;
        double low = a[1] < b[1] ? a[1] : b[1], high = a[1] > b[1] ? a[1] : b[1];
        double near = a[0] < b[0] ? a[0] : b[0], far = a[0] > b[0] ? a[0] : b[0];
        low = c[1] < low ? c[1] : low, high = c[1] > high ? c[1] : high;
        near = c[0] < near ? c[0] : near, far = c[0] > far ? c[0] : far;
        if (!(high > (double)upper && low < (double)lower && far > (double)left && near < (double)right)) continue;
        int32_t first = low > (double)upper ? (int32_t)low : upper, end = high < (double)lower ? (int32_t)high + 1 : lower;
        int32_t from = near > (double)left ? (int32_t)near : left, to = far < (double)right ? (int32_t)far + 1 : right;
        for (int32_t row = first; row < least(end, lower); row++) {
            for (int32_t column = from; column < least(to, right); column++) {
                double x = column + 0.5, y = row + 0.5;
                if (side(a, b, x, y) < 0.0 || side(b, c, x, y) < 0.0 || side(c, a, x, y) < 0.0) continue;
                blend(pixels + (int64_t)row * pitch + 4 * (int64_t)column, colour, 1.0f);
            }
        }
    }
}

/* Stretches an image (height, width, 4) over the box that begins at (x, y) and is `wide` x `high`; only the pixels from
   (left, upper) up to (right, lower), which lie in the picture, are touched. Bilinear. */
EXPORT void xt_image(uint8_t *pixels, int32_t pitch, int32_t left, int32_t upper, int32_t right, int32_t lower,
                     const uint8_t *image, int32_t width, int32_t height, int32_t x, int32_t y, int32_t wide, int32_t high) {
    for (int32_t row = upper; row < lower; row++) {
        float down = ((float)(row - y) + 0.5f) / (float)high * (float)height - 0.5f;
        down = down > 0.0f ? down < (float)(height - 1) ? down : (float)(height - 1) : 0.0f;
        int32_t above = (int32_t)down, below = least(above + 1, height - 1);
        float lower_share = down - (float)above;
        const uint8_t *first = image + 4 * (int64_t)above * width, *second = image + 4 * (int64_t)below * width;
        uint8_t *out = pixels + (int64_t)row * pitch + 4 * (int64_t)left;
        for (int32_t column = left; column < right; column++, out += 4) {
            float along = ((float)(column - x) + 0.5f) / (float)wide * (float)width - 0.5f;
            along = along > 0.0f ? along < (float)(width - 1) ? along : (float)(width - 1) : 0.0f;
            int32_t near = (int32_t)along, far = least(near + 1, width - 1);
            float share = along - (float)near;
            for (int c = 0; c < 3; c++) {
                float top = (float)first[4 * near + c] + ((float)first[4 * far + c] - (float)first[4 * near + c]) * share;
                float foot = (float)second[4 * near + c] + ((float)second[4 * far + c] - (float)second[4 * near + c]) * share;
                out[c] = byte_of(top + (foot - top) * lower_share);
            }
            out[3] = 255;
        }
    }
}

INLINE v8f channel(v8i pixels, int c) { return as_float(pixels >> 8 * c & splat_i(255)); }
INLINE v8f luma(v8i p) {
    const float scale = 219.0f / 255.0f;
    return channel(p, 0) * (0.2126f * scale) + channel(p, 1) * (0.7152f * scale) + channel(p, 2) * (0.0722f * scale) + 16.5f;
}
INLINE void store_bytes(uint8_t *out, v8f values, int32_t count) {
    v8b bytes = __builtin_convertvector(as_int(values), v8b);
    if (count >= 8)
        *(v8b_any *)out = bytes;
    else
        __builtin_memcpy(out, &bytes, (size_t)count);
}

INLINE v8i load(const uint8_t *from, int32_t count) {
    if (count >= 8) return *(const v8i_any *)from;
    v8i pixels = splat_i(0);
    __builtin_memcpy(&pixels, from, 4 * (size_t)count);
    return pixels;
}

/* BT.709 in video range: rows of luma, then of blue and red chroma in turn. The picture has `rows` rows, an even number,
   of `width` pixels, a multiple of 4; what lies in the box is turned, whose edges are even. Chroma is the mean of two pixels across its 2x2 block. */
EXPORT void xt_nv12(const uint8_t *pixels, int32_t pitch, int32_t width, int32_t rows, int32_t left, int32_t upper,
                    int32_t right, int32_t lower, uint8_t *planes) {
    const float blue = 0.5f / 1.8556f * (224.0f / 255.0f), red = 0.5f / 1.5748f * (224.0f / 255.0f);
    for (int32_t row = upper; row < lower; row += 2) {
        const uint8_t *above = pixels + (int64_t)row * pitch, *below = above + pitch;
        uint8_t *first = planes + (int64_t)row * width, *second = first + width;
        uint8_t *chroma = planes + (int64_t)rows * width + (int64_t)(row / 2) * width;
        for (int32_t column = left; column < right; column += 8) {
            int32_t count = least(8, right - column);
            v8i upper_pixels = load(above + 4 * column, count), lower_pixels = load(below + 4 * column, count);
            store_bytes(first + column, luma(upper_pixels), count);
            store_bytes(second + column, luma(lower_pixels), count);
            v8f sums[3];
            for (int c = 0; c < 3; c++) {
                v8f a = channel(upper_pixels, c), b = channel(lower_pixels, c);
                sums[c] = __builtin_shufflevector(a, a, 0, 0, 2, 2, 4, 4, 6, 6) + __builtin_shufflevector(b, b, 1, 1, 3, 3, 5, 5, 7, 7);
            }
            v8f cb = (sums[0] * -0.2126f + sums[1] * -0.7152f + sums[2] * 0.9278f) * blue;
            v8f cr = (sums[0] * 0.7874f + sums[1] * -0.7152f + sums[2] * -0.0722f) * red;
            store_bytes(chroma + column, __builtin_shufflevector(cb, cr, 0, 8, 2, 10, 4, 12, 6, 14) + 128.5f, count);
        }
    }
}

/* Colours (height, width, 3) 0 to 1, their first row at v = 1, to texels (height + 2, pitch, 4) whose edges are there
   twice and whose first row is at v = 0. */
EXPORT void xt_texture(const float *colours, int32_t height, int32_t width, uint8_t *texels, int32_t pitch) {
    for (int32_t row = 0; row < height + 2; row++) {
        const float *from = colours + 3 * (int64_t)width * (height - 1 - least(most(row - 1, 0), height - 1));
        uint8_t *out = texels + 4 * (int64_t)row * pitch;
        for (int32_t column = 0; column < width + 2; column++, out += 4) {
            const float *colour = from + 3 * (int64_t)least(most(column - 1, 0), width - 1);
            for (int c = 0; c < 3; c++) out[c] = byte_of(colour[c] * 255.0f);
            out[3] = 255;
        }
    }
}
