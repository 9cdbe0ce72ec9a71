/* From samples to the pixels of a picture. */

#include "resolve.h"

/* What a pixel becomes of its means, as in the `PixelKind` of the other way to draw. */
enum { SH = 0, STUDIO = 1, VALUE = 2, PHONG = 3 };
/* What becomes of what was there. */
enum { REPLACE = 0, OVER = 1, ADD = 2 };
/* How samples are read. */
enum { PLAIN = 0, WRINKLED = 1, SINGLE = 2 };

/* rows: the shading block. Nine coefficients or five directions; then the tint, the colour of an inside and the opacity,
   the background and how opaque that is. phong: ambient, diffuse, specular, shininess (whole), the camera's distance. */
typedef struct {
    float rows[12][4];
    float phong[5];
    int32_t kind, blend, reading;
} Shading;

/* A picture of RGBA with premultiplied alpha, and its part that is drawn. */
typedef struct {
    uint8_t *pixels;
    int32_t pitch; /* bytes from row to row */
    int32_t x, y, width, height;
} Part;

enum { TINT = 9, INSIDE = 10, BACKGROUND = 11 };

typedef struct {
    v8f coefficients[27]; /* or directions, of which 15 are used */
    v8f tint[3], inside[3], background[4];
    v8f scale; /* of sums over samples to bytes */
    const Shading *shading;
    const Surface *surface;
} Shader;

static void prepare(Shader *shader, const Shading *shading, const Surface *surface) {
    int textured = surface->skin.texels && shading->kind != VALUE && shading->kind != PHONG;
    shader->shading = shading;
    shader->surface = surface;
    shader->scale = splat(shading->rows[INSIDE][3] * 0.25f * 255.0f);
    for (int c = 0; c < 3; c++) {
        float tint = textured ? 1.0f / 255.0f : shading->rows[TINT][c];
        shader->tint[c] = splat(tint);
        shader->inside[c] = splat(shading->rows[INSIDE][c]);
        for (int k = 0; k < 9; k++)
            shader->coefficients[3 * k + c] = splat(shading->rows[k][c] * (shading->kind == SH ? tint : 1.0f));
    }
    for (int c = 0; c < 4; c++) shader->background[c] = splat(shading->rows[BACKGROUND][c]);
}

/* The four colours around a place, mixed. */
INLINE v4f mixed(const Texture *skin, const Spots *spots, int p) {
    const uint8_t *texel = skin->texels + 4 * (int64_t)spots->texel[p];
    v8f above = __builtin_convertvector(*(const v8b_any *)texel, v8f);
    v8f below = __builtin_convertvector(*(const v8b_any *)(texel + 4 * (int64_t)skin->pitch), v8f);
    v8f both = above + (below - above) * spots->lower[p];
    return both.lo + (both.hi - both.lo) * spots->right[p];
}

static inline void texels(const Texture *skin, const Spots *spots, v8f colour[3]) {
    v8f pair[4], of[4];
#pragma unroll
    for (int k = 0; k < 4; k++) {
        v4f near = mixed(skin, spots, k), far = mixed(skin, spots, k + 4);
        pair[k] = __builtin_shufflevector(near, far, 0, 1, 2, 3, 4, 5, 6, 7);
    }
    transpose_pairs(pair, of);
    for (int c = 0; c < 3; c++) colour[c] = of[c];
}

static inline void skin_of(const Texture *skin, const Pixels *pixels, v8f colour[3]) {
    texels(skin, &pixels->skin, colour);
    if (!pixels->has_second) return;
    v8f second[3];
    texels(skin, &pixels->second, second);
    for (int c = 0; c < 3; c++) colour[c] += (second[c] - colour[c]) * pixels->share;
}

INLINE void sh(const Shader *shader, const Pixels *pixels, v8f colour[3]) {
    v8f x = pixels->x, y = pixels->y, z = pixels->z;
    v8f terms[8] = {x, y, z, x * y, x * z, y * z, x * x - y * y, 3.0f * z * z - 1.0f};
    for (int c = 0; c < 3; c++) {
        colour[c] = shader->coefficients[c];
        for (int k = 0; k < 8; k++) colour[c] += shader->coefficients[3 * (k + 1) + c] * terms[k];
    }
}

INLINE v8f studio(const Shader *shader, const Pixels *pixels) {
    v8f lit = splat(0.0f);
    for (int k = 0; k < 5; k++) {
        const v8f *direction = shader->coefficients + 3 * k;
        lit += larger(pixels->x * direction[0] + pixels->y * direction[1] + pixels->z * direction[2], splat(0.0f));
    }
    return lit;
}

INLINE float power(float base, int32_t exponent) {
    float result = 1.0f;
    for (; exponent > 0; exponent--) result *= base;
    return result;
}

/* Of one pixel of the look 3dxtalker, whose middle is at (x, y) of the picture. Rounded down. */
static float phong(const Shading *shading, float nx, float ny, float nz, float x, float y) {
    const float *p = shading->phong, *origin = shading->rows[0];
    float size = __builtin_sqrtf(nx * nx + ny * ny + nz * nz), scale = size > 0.0f ? 1.0f / size : 0.0f;
    nx *= scale, ny *= scale, nz *= scale;
    float cx = -(x - origin[0]) * origin[2], cy = (y - origin[1]) * origin[2], cz = p[4];
    float along = (cx * 2.0f * nz * nx + cy * 2.0f * nz * ny + cz * (2.0f * nz * nz - 1.0f)) /
                  __builtin_sqrtf(cx * cx + cy * cy + cz * cz);
    float shine = nz > 0.0f && along > 0.0f ? power(along, (int32_t)p[3]) : 0.0f;
    float value = 255.0f * (p[0] + p[1] * (nz > 0.0f ? nz : 0.0f) + p[2] * shine) + 1e-3f;
    return (float)(int32_t)(value < 255.0f ? value : 255.0f) / 255.0f;
}

/* The means' colours 0 to 1. kind, textured: constants of each use. */
INLINE void shade(const Shader *shader, const Pixels *pixels, float x, float y, int kind, int textured, v8f colour[3]) {
    if (kind == VALUE) {
        colour[0] = pixels->x, colour[1] = pixels->y, colour[2] = pixels->z;
    } else if (kind == PHONG) {
        v8f value;
        for (int p = 0; p < 8; p++)
            value[p] = phong(shader->shading, pixels->x[p], pixels->y[p], pixels->z[p], x + (float)p + 0.5f, y + 0.5f);
        for (int c = 0; c < 3; c++) colour[c] = value;
    } else {
        v8f skin[3];
        if (textured) skin_of(&shader->surface->skin, pixels, skin);
        if (kind == SH) sh(shader, pixels, colour);
        v8f lit = kind == STUDIO ? studio(shader, pixels) : splat(0.0f);
        for (int c = 0; c < 3; c++) {
            if (kind == STUDIO) colour[c] = lit * shader->tint[c];
            if (textured) colour[c] *= skin[c];
        }
    }
    for (int c = 0; c < 3; c++) colour[c] = limited(colour[c], 0.0f, 1.0f);
}

INLINE v8i byte_of(v8f value) { return as_int(value + splat(0.5f)); }
INLINE v8f channel(v8i pixels, int c) { return as_float(pixels >> 8 * c & splat_i(255)); }

/* Eight pixels onto what is there; colour: red, green, blue, alpha as bytes' values. */
INLINE v8i blended(const v8f colour[4], v8i there, int32_t blend) {
    v8i bytes[4];
    for (int c = 0; c < 4; c++) {
        v8f value = colour[c];
        if (blend == OVER) value += channel(there, c) * (1.0f - colour[3] * (1.0f / 255.0f));
        if (blend == ADD) value = smaller(value + channel(there, c), splat(255.0f));
        bytes[c] = byte_of(value);
    }
    return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | bytes[3] << 24;
}

INLINE void store(uint8_t *out, v8i pixels, int32_t width) {
    if (width >= 8) {
        *(v8i_any *)out = pixels;
    } else {
        for (int p = 0; p < width; p++) __builtin_memcpy(out + 4 * p, (int32_t *)&pixels + p, 4);
    }
}

INLINE v8i load(const uint8_t *from, int32_t width) {
    if (width >= 8) return *(const v8i_any *)from;
    v8i pixels = splat_i(0);
    for (int p = 0; p < width; p++) __builtin_memcpy((int32_t *)&pixels + p, from + 4 * p, 4);
    return pixels;
}

INLINE void shade_rows(const Shader *shader, const Pixels *pixels, int32_t count, uint8_t *out, int32_t pitch,
                       int32_t width, float x, float y, int kind, int textured) {
    int32_t blend = shader->shading->blend;
    float whole = kind == PHONG ? 4.0f : 1.0f;
    for (int32_t k = 0; k < count; k++, pixels++, out += pitch) {
        v8f colour[4], inside = pixels->inside * whole, outside = pixels->outside * whole;
        v8f covered = outside + inside, open = splat(4.0f) - covered;
        shade(shader, pixels, x, y + (float)k, kind, textured, colour);
        for (int c = 0; c < 3; c++)
            colour[c] = (colour[c] * outside + shader->inside[c] * inside + shader->background[c] * open) * shader->scale;
        colour[3] = (covered + shader->background[3] * open) * shader->scale;
        store(out, blended(colour, blend == REPLACE ? splat_i(0) : load(out, width), blend), width);
    }
}

static void shade_any(const Shader *shader, const Pixels *pixels, int32_t count, uint8_t *out, int32_t pitch, int32_t width,
                      float x, float y) {
    int textured = shader->surface->skin.texels != 0;
    switch (shader->shading->kind) {
        case SH:
            if (textured)
                shade_rows(shader, pixels, count, out, pitch, width, x, y, SH, 1);
            else
                shade_rows(shader, pixels, count, out, pitch, width, x, y, SH, 0);
            break;
        case STUDIO:
            if (textured)
                shade_rows(shader, pixels, count, out, pitch, width, x, y, STUDIO, 1);
            else
                shade_rows(shader, pixels, count, out, pitch, width, x, y, STUDIO, 0);
            break;
        case PHONG: shade_rows(shader, pixels, count, out, pitch, width, x, y, PHONG, 0); break;
        default: shade_rows(shader, pixels, count, out, pitch, width, x, y, VALUE, 0);
    }
}

static Resolve *reader(const Surface *surface, const Shading *shading) {
    if (shading->reading == WRINKLED) return xt_resolve_wrinkled;
    if (shading->reading == SINGLE) return xt_resolve_single;
    if (surface->perspective) return xt_resolve_perspective;
    return surface->skin.texels ? xt_resolve_skin : xt_resolve_plain;
}

static void plain_rows(v8i pixels, uint8_t *out, int32_t pitch, int32_t count, int32_t width) {
    for (int32_t k = 0; k < count; k++, out += pitch) store(out, pixels, width);
}

/* Turns the samples into the pixels of a part, and makes them empty if `last`. */
EXPORT void xt_shade(Film *film, const Surface *surface, const Shading *shading, const Part *part, int32_t last) {
    Shader shader;
    Pixels pixels[ROWS_RESOLVED];
    prepare(&shader, shading, surface);
    Resolve *resolved = reader(surface, shading);
    v8f ground[4];
    for (int c = 0; c < 4; c++) ground[c] = shader.background[c] * 4.0f * shader.scale;
    v8i background = blended(ground, splat_i(0), REPLACE);
    Numbers numbers = {.row_size = row_size(film), .flipped = film->number_bits ? -1 : 0};
    numbers.mask = film->number_bits ? (1 << film->number_bits) - 1 : -1;
    size_t place = film->number_bits ? 0 : offsetof(Samples, triangle);
    for (int32_t strip = 0; strip < film->strips; strip += 2) {
        int32_t *touched = film->touched + 2 * strip, column = STRIP * strip;
        int32_t upper = least(touched[0], touched[2]) / 2, end = most(touched[1], touched[3]) / 2 + 1;
        if (upper >= end) upper = end = 0;
        int32_t width = part->width - column / 2;
        uint8_t *out = part->pixels + (int64_t)part->y * part->pitch + 4 * (int64_t)(part->x + column / 2);
        if (shading->blend == REPLACE) {
            plain_rows(background, out, part->pitch, upper, width);
            plain_rows(background, out + (int64_t)end * part->pitch, part->pitch, part->height - end, width);
        }
        for (int32_t row = upper; row < end; row += ROWS_RESOLVED) {
            int32_t count = least(ROWS_RESOLVED, end - row);
            for (int side = 0; side < 2; side++) numbers.strips[side] = samples_at(film, strip + side, 2 * row) + place;
            resolved(surface, &numbers, column, 2 * row, count, pixels);
            shade_any(&shader, pixels, count, out + (int64_t)row * part->pitch, part->pitch, width,
                      (float)(part->x + column / 2), (float)(part->y + row));
            for (int side = 0; side < 2 && last; side++)
                __builtin_memset(samples_at(film, strip + side, 2 * row), 255, (size_t)(2 * count * numbers.row_size));
        }
        if (last) {
            touched[0] = touched[2] = NEVER;
            touched[1] = touched[3] = -1;
        }
    }
}
