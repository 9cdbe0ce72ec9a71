#include "resolve.h"

/* The places of planes of the eight samples, in bytes; those of other surfaces are of no triangle. */
INLINE v8i planes_of(const Surface *surface, v8i triangles, int32_t size) {
    v8i place = triangles - splat_i(surface->first);
    v8i ours = (place > splat_i(0)) & (place < splat_i(surface->count));
    return (place & ours) * splat_i(size);
}

/* The same of two strips' samples in two rows, the upper one first. */
INLINE void read_places(const Surface *surface, const Numbers *numbers, int32_t row, int32_t size, int32_t places[2][16]) {
    for (int j = 0; j < 2; j++)
        for (int side = 0; side < 2; side++)
            *(v8i *)(places[j] + 8 * side) = planes_of(surface, numbers_of(numbers, side, row + j), size);
}

INLINE const Plane *plane_at(const Surface *surface, int32_t place) {
    return (const Plane *)((const char *)surface->planes + (uint32_t)place);
}

/* Eight vectors of eight values to the values' vectors. */
INLINE void transpose(const v8f in[8], v8f out[8]) {
    v8f firsts[4], lasts[4];
    for (int k = 0; k < 4; k++) {
        firsts[k] = __builtin_shufflevector(in[k], in[k + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        lasts[k] = __builtin_shufflevector(in[k], in[k + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
    transpose_pairs(firsts, out);
    transpose_pairs(lasts, out + 4);
}

/* Sums over four samples become means; `weight`: 1 for each outside, 1/16 for each inside. */
INLINE void set(Pixels *pixels, v8f x, v8f y, v8f z, v8f weight) {
    v8f outside = as_float(as_int(weight));
    v8f scale = splat(1.0f) / larger(outside, splat(1.0f));
    pixels->outside = outside;
    pixels->inside = (weight - outside) * (float)INSIDE_SHARE;
    pixels->x = x * scale;
    pixels->y = y * scale;
    pixels->z = z * scale;
    pixels->has_second = 0;
}

/* What a sample weighs, of the fourth value of its plane: 1 of an outside, -1 of an inside. */
INLINE v8f weighed(v8f value) {
    const v8f others = {1, 1, 1, -1.0f / INSIDE_SHARE, 1, 1, 1, 1};
    return larger(value, value * others);
}

INLINE v8f at(const Plane *plane, float x, float y) { return plane->dx * x + plane->dy * y + plane->base; }

INLINE v8f in_perspective(v8f value) {
    float w = value[3] < 0.0f ? -value[3] : value[3];
    float weight = value[3] > 0.0f ? 1.0f : value[3] < 0.0f ? -1.0f : 0.0f; /* what is counted must be whole */
    value *= 1.0f / (w > 1e-30f ? w : 1e-30f);
    value[3] = weight;
    return value;
}

/* Each edge of a texture is there twice, so that the texels around any place are there. */
INLINE Spots on_texture(const Texture *skin, v8f u, v8f v) {
    v8f x = limited(u * (float)skin->width + splat(0.5f), 0.0f, (float)skin->width + 0.998f);
    v8f y = limited(v * (float)skin->height + splat(0.5f), 0.0f, (float)skin->height + 0.998f);
    v8i column = as_int(x), row = as_int(y);
    return (Spots){row * splat_i(skin->pitch) + column, x - as_float(column), y - as_float(row)};
}

#define REACH 4.0f /* texels within which samples lie together */

/* Where a pixel lies on the skin whose samples may lie apart: those that lie with the first have one place, the rest
   another, of which the pixel shows a share. */
typedef struct {
    float u, v, second_u, second_v, share;
} Places;

static Places two_places(const v8f samples[4], float reach) {
    int first = -1, far = -1, near_count = 0, far_count = 0;
    float sum_u = 0.0f, sum_v = 0.0f;
    for (int k = 0; k < 4; k++) {
        if (samples[k][3] < 0.5f) continue;
        if (first < 0) first = k;
        float du = samples[k][4] - samples[first][4], dv = samples[k][5] - samples[first][5];
        if (du <= reach && du >= -reach && dv <= reach && dv >= -reach) {
            near_count++;
            sum_u += samples[k][4];
            sum_v += samples[k][5];
        } else {
            far_count++;
            if (far < 0) far = k;
        }
    }
    Places found = {0};
    if (near_count) found.u = sum_u / (float)near_count, found.v = sum_v / (float)near_count;
    found.second_u = far < 0 ? found.u : samples[far][4];
    found.second_v = far < 0 ? found.v : samples[far][5];
    found.share = far < 0 ? 0.0f : (float)far_count / (float)(near_count + far_count);
    return found;
}

/* Of eight pixels. */
typedef struct {
    v8f u, v, second_u, second_v, share;
} SkinPlaces;

INLINE void put(SkinPlaces *places, int pixel, Places found) {
    ((float *)&places->u)[pixel] = found.u;
    ((float *)&places->v)[pixel] = found.v;
    ((float *)&places->second_u)[pixel] = found.second_u;
    ((float *)&places->second_v)[pixel] = found.second_v;
    ((float *)&places->share)[pixel] = found.share;
}

static void place_on_skin(const Surface *surface, const SkinPlaces *places, Pixels *pixels) {
    for (int p = 0; p < 8; p++) pixels->has_second |= places->share[p] > 0.0f;
    pixels->share = places->share;
    pixels->skin = on_texture(&surface->skin, places->u, places->v);
    pixels->second = on_texture(&surface->skin, places->second_u, places->second_v);
}

/* The sum of the values of a pixel's samples, (x, y) the first one's middle. */
INLINE v4f sum_of(const Surface *surface, const int32_t upper[2], const int32_t lower[2], float x, float y) {
    const char *planes = surface->planes;
    const NarrowPlane *a = (const NarrowPlane *)(planes + (uint32_t)upper[0]);
    const NarrowPlane *b = (const NarrowPlane *)(planes + (uint32_t)upper[1]);
    const NarrowPlane *c = (const NarrowPlane *)(planes + (uint32_t)lower[0]);
    const NarrowPlane *d = (const NarrowPlane *)(planes + (uint32_t)lower[1]);
    v4f across = (a->dx + c->dx) * x + (b->dx + d->dx) * (x + 1.0f);
    v4f down = (a->dy + b->dy) * y + (c->dy + d->dy) * (y + 1.0f);
    return (a->base + b->base) + (c->base + d->base) + (across + down);
}

void xt_resolve_plain(const Surface *surface, const Numbers *numbers, int32_t column, int32_t row, int32_t count,
                      Pixels *pixels) {
    for (int32_t k = 0; k < count; k++, pixels++) {
        int32_t places[2][16] __attribute__((aligned(32)));
        read_places(surface, numbers, 2 * k, sizeof(NarrowPlane), places);
        float x = (float)column + 0.5f, y = (float)(row + 2 * k) + 0.5f;
        v8f pair[4], of[4];
        for (int p = 0; p < 4; p++) {
            v4f near = sum_of(surface, places[0] + 2 * p, places[1] + 2 * p, x + (float)(2 * p), y);
            v4f far = sum_of(surface, places[0] + 2 * p + 8, places[1] + 2 * p + 8, x + (float)(2 * p + 8), y);
            pair[p] = __builtin_shufflevector(near, far, 0, 1, 2, 3, 4, 5, 6, 7);
        }
        transpose_pairs(pair, of);
        set(pixels, of[0], of[1], of[2], of[3]);
    }
}

/* The four samples of each of a row's pixels. places: of their planes, of the upper and of the lower samples. */
INLINE void samples_of(const Surface *surface, const int32_t places[2][16], int p, float x, float y, int perspective,
                       v8f seen[4]) {
    seen[0] = at(plane_at(surface, places[0][2 * p]), x, y);
    seen[1] = at(plane_at(surface, places[0][2 * p + 1]), x + 1.0f, y);
    seen[2] = at(plane_at(surface, places[1][2 * p]), x, y + 1.0f);
    seen[3] = at(plane_at(surface, places[1][2 * p + 1]), x + 1.0f, y + 1.0f);
    for (int s = 0; perspective && s < 4; s++) seen[s] = weighed(in_perspective(seen[s]));
}

/* A bit for each of eight pixels whose four samples are not all of one triangle. */
INLINE uint32_t mixed_of(const int32_t places[2][16]) {
    v8i apart[2];
    for (int half = 0; half < 2; half++) {
        v8i upper = *(const v8i *)(places[0] + 8 * half), lower = *(const v8i *)(places[1] + 8 * half);
        apart[half] = (upper ^ lower) | (upper ^ __builtin_shufflevector(upper, upper, 1, 0, 3, 2, 5, 4, 7, 6));
    }
    v8i pixels = __builtin_shufflevector(apart[0], apart[1], 0, 2, 4, 6, 8, 10, 12, 14) |
                 __builtin_shufflevector(apart[0], apart[1], 1, 3, 5, 7, 9, 11, 13, 15);
    v8bits bits = __builtin_convertvector(pixels, v8bits);
    uint8_t mask;
    __builtin_memcpy(&mask, &bits, 1);
    return mask;
}

/* Pixels of which some have samples that lie apart, as the spread of the mixed ones says; u, v: the means over their
   samples. */
static void place_apart(const Surface *surface, const int32_t planes[2][16], float x, float y, int perspective,
                        uint32_t mixed, const v8f spread[8], v8f u, v8f v, Pixels *pixels) {
    float reach = REACH / (float)surface->skin.width;
    SkinPlaces places = {u, v, u, v, splat(0.0f)};
    for (; mixed; mixed &= mixed - 1) {
        int p = __builtin_ctz(mixed);
        if (spread[p][4] <= reach && spread[p][5] <= reach) continue;
        v8f samples[4];
        samples_of(surface, planes, p, x + (float)(2 * p), y, perspective, samples);
        put(&places, p, two_places(samples, reach));
    }
    place_on_skin(surface, &places, pixels);
}

/* The rows of two strips. textured, perspective: constants of each use. */
INLINE void resolve(const Surface *surface, const Numbers *numbers, int32_t column, int32_t row, int32_t count,
                    Pixels *pixels, int textured, int perspective) {
    const Texture *skin = &surface->skin;
    float reach = textured ? REACH / (float)skin->width : 0.0f;
    for (int32_t k = 0; k < count; k++, pixels++) {
        int32_t places[2][16] __attribute__((aligned(32)));
        read_places(surface, numbers, 2 * k, sizeof(Plane), places);
        float x = (float)column + 0.5f, y = (float)(row + 2 * k) + 0.5f;
        v8f sums[8], of[8], spread[8], apart = splat(0.0f);
        /* Pixels of one triangle are read once, in their middle. */
        for (int p = 0; p < 8 && !perspective; p++)
            sums[p] = at(plane_at(surface, places[0][2 * p]), x + (float)(2 * p) + 0.5f, y + 0.5f) * 4.0f;
        uint32_t mixed = perspective ? 255 : mixed_of((const int32_t(*)[16])places);
        for (uint32_t rest = mixed; rest; rest &= rest - 1) {
            int p = __builtin_ctz(rest);
            v8f seen[4];
            samples_of(surface, (const int32_t(*)[16])places, p, x + (float)(2 * p), y, perspective, seen);
            sums[p] = (seen[0] + seen[1]) + (seen[2] + seen[3]);
            if (!textured) continue;
            v8f low = smaller(smaller(seen[0], seen[1]), smaller(seen[2], seen[3]));
            v8f high = larger(larger(seen[0], seen[1]), larger(seen[2], seen[3]));
            spread[p] = high - low;
            apart = larger(apart, spread[p]);
        }
        transpose(sums, of);
        set(pixels, of[0], of[1], of[2], of[3]);
        if (!textured) continue;
        v8f scale = splat(1.0f) / larger(pixels->outside, splat(1.0f)), u = of[4] * scale, v = of[5] * scale;
        if (apart[4] > reach || apart[5] > reach)
            place_apart(surface, (const int32_t(*)[16])places, x, y, perspective, mixed, spread, u, v, pixels);
        else
            pixels->skin = on_texture(skin, u, v);
        for (int p = 0; p < 8; p++) {
            const uint8_t *texel = skin->texels + 4 * (int64_t)pixels->skin.texel[p];
            __builtin_prefetch(texel, 0, 3);
            __builtin_prefetch(texel + 4 * (int64_t)skin->pitch, 0, 3);
        }
    }
}

void xt_resolve_skin(const Surface *surface, const Numbers *numbers, int32_t column, int32_t row, int32_t count,
                     Pixels *pixels) {
    resolve(surface, numbers, column, row, count, pixels, 1, 0);
}

void xt_resolve_perspective(const Surface *surface, const Numbers *numbers, int32_t column, int32_t row, int32_t count,
                            Pixels *pixels) {
    if (surface->skin.texels)
        resolve(surface, numbers, column, row, count, pixels, 1, 1);
    else
        resolve(surface, numbers, column, row, count, pixels, 0, 1);
}

/* Planes of eight samples, by value: dx, dy and base of each. */
typedef struct {
    v8f dx[8], dy[8], base[8];
} Planes;

static void gather(const Surface *surface, v8i places, Planes *planes) {
    v8f dx[8], dy[8], base[8];
    for (int k = 0; k < 8; k++) {
        const Plane *plane = plane_at(surface, places[k]);
        dx[k] = plane->dx, dy[k] = plane->dy, base[k] = plane->base;
    }
    transpose(dx, planes->dx);
    transpose(dy, planes->dy);
    transpose(base, planes->base);
}

typedef struct {
    v8f x, y, z;
} Vectors;

INLINE Vectors vectors(v8f x, v8f y, v8f z) { return (Vectors){x, y, z}; }
INLINE Vectors plus(Vectors a, Vectors b, v8f scale) {
    return vectors(a.x + b.x * scale, a.y + b.y * scale, a.z + b.z * scale);
}
INLINE Vectors times(Vectors a, v8f scale) { return vectors(a.x * scale, a.y * scale, a.z * scale); }
INLINE v8f dot(Vectors a, Vectors b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
INLINE Vectors cross(Vectors a, Vectors b) {
    return vectors(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x);
}
INLINE v8f root(v8f v) { return __builtin_elementwise_sqrt(v); }

/* Height, slopes and weight at places of the relief. */
static void relief_at(const Relief *relief, v8f u, v8f v, v8f of[4]) {
    u = limited(u * (float)relief->width + splat(0.5f), 0.0f, (float)relief->width + 0.998f);
    v = limited(v * (float)relief->height + splat(0.5f), 0.0f, (float)relief->height + 0.998f);
    v8i column = as_int(u), row = as_int(v);
    v8f right = u - as_float(column), lower = v - as_float(row), pair[4];
    int64_t pitch = 4 * ((int64_t)relief->width + 2);
    for (int k = 0; k < 4; k++) {
        v4f both[2];
        for (int j = 0; j < 2; j++) {
            int lane = k + 4 * j;
            const float *texel = relief->texels + row[lane] * pitch + 4 * (int64_t)column[lane];
            v4f above = *(const v4f_any *)texel, below = *(const v4f_any *)(texel + pitch);
            v4f above_right = *(const v4f_any *)(texel + 4), below_right = *(const v4f_any *)(texel + pitch + 4);
            above += (above_right - above) * right[lane];
            below += (below_right - below) * right[lane];
            both[j] = above + (below - above) * lower[lane];
        }
        pair[k] = __builtin_shufflevector(both[0], both[1], 0, 1, 2, 3, 4, 5, 6, 7);
    }
    transpose_pairs(pair, of);
}

/* What eight samples of a row show: normals bent by the relief, weights, and places on the skin. */
typedef struct {
    Vectors normal;
    v8f weight, u, v;
} Bent;

/* The surface S of normal n is moved to S + h n; the new normal is the cross product of that point's derivatives. */
static void bend(const Surface *surface, v8i triangles, float column, float row, Bent *out) {
    Planes planes;
    v8f x = splat(column + 0.5f) + (v8f){0, 1, 2, 3, 4, 5, 6, 7}, y = splat(row + 0.5f), value[7];
    gather(surface, planes_of(surface, triangles, sizeof(Plane)), &planes);
    for (int k = 0; k < 7; k++) value[k] = planes.dx[k] * x + planes.dy[k] * y + planes.base[k];
    v8i outside = value[3] > splat(0.0f);
    v8f w = splat(1.0f) / (outside ? value[3] : splat(1.0f));
    v8f now[6], by_x[6], by_y[6]; /* of normals and places on the skin, and by how much they change */
    for (int k = 0; k < 6; k++) {
        now[k] = value[k] * w;
        by_x[k] = (planes.dx[k] - now[k] * planes.dx[3]) * w;
        by_y[k] = (planes.dy[k] - now[k] * planes.dy[3]) * w;
    }
    const float *to_place = surface->relief.to_place;
    v8f across[3], along[3];
    for (int k = 0; k < 3; k++) {
        v8f place = (to_place[k] * x + to_place[4 + k] * y + to_place[8 + k] * value[6] + to_place[12 + k]) * w;
        across[k] = (to_place[k] + to_place[8 + k] * planes.dx[6] - place * planes.dx[3]) * w;
        along[k] = (to_place[4 + k] + to_place[8 + k] * planes.dy[6] - place * planes.dy[3]) * w;
    }
    Vectors normal = vectors(now[0], now[1], now[2]);
    v8f size = splat(1.0f) / larger(root(dot(normal, normal)), splat(1e-12f));
    Vectors n = times(normal, size), n_x = vectors(by_x[0], by_x[1], by_x[2]), n_y = vectors(by_y[0], by_y[1], by_y[2]);
    n_x = times(plus(n_x, n, -dot(n, n_x)), size);
    n_y = times(plus(n_y, n, -dot(n, n_y)), size);
    Vectors s_x = vectors(across[0], across[1], across[2]), s_y = vectors(along[0], along[1], along[2]);
    s_x = plus(s_x, n, -dot(n, s_x));
    s_y = plus(s_y, n, -dot(n, s_y));
    v8f relief[4];
    relief_at(&surface->relief, now[4], now[5], relief);
    Vectors m_x = plus(plus(s_x, n, relief[1] * by_x[4] + relief[2] * by_x[5]), n_x, relief[0]);
    Vectors m_y = plus(plus(s_y, n, relief[1] * by_y[4] + relief[2] * by_y[5]), n_y, relief[0]);
    Vectors bent = cross(m_x, m_y);
    v8f facing = dot(cross(s_x, s_y), n), length = root(dot(bent, bent));
    v8f scale = (facing > splat(0.0f) ? splat(1.0f) : splat(-1.0f)) / larger(length, splat(1e-30f));
    bent = times(bent, scale);
    v8i usable = length > splat(0.0f);
    bent = vectors(usable ? bent.x : n.x, usable ? bent.y : n.y, usable ? bent.z : n.z);
    normal = plus(normal, plus(bent, normal, splat(-1.0f)), relief[3]);
    v8f shown = outside ? splat(1.0f) : splat(0.0f);
    out->normal = times(normal, shown);
    out->weight = outside ? splat(1.0f) : value[3] < splat(0.0f) ? splat(1.0f / INSIDE_SHARE) : splat(0.0f);
    out->u = now[4] * shown;
    out->v = now[5] * shown;
}

/* Of two strips' rows the sums of the pixels' four samples. */
INLINE v8f sum(v8f left_upper, v8f left_lower, v8f right_upper, v8f right_lower) {
    v8f left = left_upper + left_lower, right = right_upper + right_lower;
    v8f even = __builtin_shufflevector(left, right, 0, 2, 4, 6, 8, 10, 12, 14);
    return even + __builtin_shufflevector(left, right, 1, 3, 5, 7, 9, 11, 13, 15);
}
#define SUM(bent, member) sum(bent[0].member, bent[1].member, bent[2].member, bent[3].member)

void xt_resolve_wrinkled(const Surface *surface, const Numbers *numbers, int32_t column, int32_t row, int32_t count,
                         Pixels *pixels) {
    for (int32_t k = 0; k < count; k++, pixels++) {
        Bent bent[4];
        for (int j = 0; j < 4; j++) {
            v8i triangles = numbers_of(numbers, j / 2, 2 * k + j % 2);
            bend(surface, triangles, (float)(column + STRIP * (j / 2)), (float)(row + 2 * k + j % 2), bent + j);
        }
        set(pixels, SUM(bent, normal.x), SUM(bent, normal.y), SUM(bent, normal.z), SUM(bent, weight));
        if (!surface->skin.texels) continue;
        SkinPlaces places;
        for (int p = 0; p < 8; p++) {
            v8f samples[4];
            for (int s = 0; s < 4; s++) {
                const Bent *from = bent + 2 * (p / 4) + s / 2;
                int lane = 2 * (p % 4) + s % 2;
                samples[s] = (v8f){0, 0, 0, from->weight[lane], from->u[lane], from->v[lane], 0, 0};
            }
            put(&places, p, two_places(samples, REACH / (float)surface->skin.width));
        }
        place_on_skin(surface, &places, pixels);
    }
}

/* One sample a pixel, the lower left one: that of `authors_look.at_pixel_middles`. */
void xt_resolve_single(const Surface *surface, const Numbers *numbers, int32_t column, int32_t row, int32_t count,
                       Pixels *pixels) {
    for (int32_t k = 0; k < count; k++, pixels++) {
        v8i near = planes_of(surface, numbers_of(numbers, 0, 2 * k + 1), sizeof(Plane));
        v8i far = planes_of(surface, numbers_of(numbers, 1, 2 * k + 1), sizeof(Plane));
        v8f seen[8], of[8];
        for (int p = 0; p < 8; p++) {
            const Plane *plane = plane_at(surface, p < 4 ? near[2 * p] : far[2 * p - 8]);
            seen[p] = at(plane, (float)(column + 2 * p) + 0.5f, (float)(row + 2 * k + 1) + 0.5f);
        }
        transpose(seen, of);
        set(pixels, of[0], of[1], of[2], of[3]);
    }
}
