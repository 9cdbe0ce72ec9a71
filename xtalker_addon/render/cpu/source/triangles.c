/* Triangles and lines into samples.

   Corners are rounded to 1/256 of a sample; all that decides whether a sample lies inside is whole numbers. So two
   triangles with a common edge cover each sample along it once: the rule of the top and left edges says which does. */

#include "raster.h"

uint32_t xt_outside(v4f clip);
void xt_project(Vertex *vertex);

/* With AVX, clang makes a masked store of what is chosen between a new and the stored value; those are slow. */
#ifdef __AVX2__
#define FORGET_SOURCE(v) __asm__("" : "+x"(v))
#else
#define FORGET_SOURCE(v)
#endif

enum { SMALL = 1024 * SUBSAMPLES, ROWS_AT_ONCE = 32, EDGE_LIMIT = 1 << 30 };

/* An edge: not negative at samples inside. `at` is its value at the middle of the sample in column 0 and row 0. */
typedef struct {
    int64_t at;
    int32_t dx, dy;
} Edge;

typedef struct {
    void *planes;
    int32_t used, capacity; /* planes; the first one is of no triangle */
    int32_t first;          /* the number of the first plane among those of all surfaces */
    int32_t narrow;
    float inside; /* what a sample of an inside weighs */
    Film film;
} Drawing;

INLINE Edge edge(const Vertex *from, const Vertex *to) {
    int32_t dx = to->x - from->x, dy = to->y - from->y;
    int owned = dy < 0 || (dy == 0 && dx > 0);
    int64_t at = (int64_t)dx * (SUBSAMPLES / 2 - from->y) - (int64_t)dy * (SUBSAMPLES / 2 - from->x) - !owned;
    /* Values at samples differ by whole steps, so the rest below one decides nothing. */
    return (Edge){at >> 8, -dy, dx};
}

INLINE int64_t edge_at(Edge edge, int32_t column, int32_t row) {
    return edge.at + (int64_t)edge.dx * column + (int64_t)edge.dy * row;
}

INLINE v8i across(int64_t at, int32_t dx) {
    int64_t near = at > EDGE_LIMIT ? EDGE_LIMIT : at < -EDGE_LIMIT ? -EDGE_LIMIT : at;
    return splat_i((int32_t)near) + splat_i(dx) * (v8i){0, 1, 2, 3, 4, 5, 6, 7};
}

/* How much of a word a depth is; whole turns of it decide nothing. */
INLINE int32_t word_of(float depth, float scale) {
    float limit = 9.0e18f, words = depth * scale;
    return (int32_t)(uint32_t)(int64_t)(words > limit ? limit : words < -limit ? -limit : words);
}

/* Depths, or the words of packed samples, `count` steps on. */
INLINE v8i stepped(v8i depth, v8i step, int32_t count, int packed) {
    return packed ? depth + step * splat_i(count) : (v8i)((v8f)depth + (v8f)step * splat((float)count));
}

/* What is drawn: a triangle's edges and depths from the sample on at which it begins, its number, and how it is kept. */
typedef struct {
    v8i e0, e1, e2, depth;
    v8i triangle, kept; /* of a word the number's bits, and which are the depth's */
} Front;

INLINE void begin(Front *front, const Edge edges[3], int32_t column, int32_t row) {
    front->e0 = across(edge_at(edges[0], column, row), edges[0].dx);
    front->e1 = across(edge_at(edges[1], column, row), edges[1].dx);
    front->e2 = across(edge_at(edges[2], column, row), edges[2].dx);
}

/* One column of eight samples, `count` rows of it. packed: a constant of each use. */
INLINE void fill_strip(char *place, int32_t count, Front front, v8i dy0, v8i dy1, v8i dy2, v8i depth_dy, int packed) {
    const int64_t size = packed ? sizeof(PackedSamples) : sizeof(Samples);
    for (char *end = place + count * size; place < end; place += size) {
        v8i beyond = front.e0 | front.e1 | front.e2;
        if (packed) {
            PackedSamples *samples = (PackedSamples *)place;
            v8u word = (v8u)((front.depth & front.kept) | front.triangle | beyond >> 31), old = samples->word;
            samples->word = word < old ? word : old;
        } else {
            Samples *samples = (Samples *)place;
            v8f old = samples->depth, depth = (v8f)front.depth;
            v8i old_triangle = samples->triangle, hidden = beyond | (depth > old);
            FORGET_SOURCE(old);
            FORGET_SOURCE(old_triangle);
            samples->depth = hidden < splat_i(0) ? old : depth;
            samples->triangle = hidden < splat_i(0) ? old_triangle : front.triangle;
        }
        front.e0 += dy0;
        front.e1 += dy1;
        front.e2 += dy2;
        front.depth = stepped(front.depth, depth_dy, 1, packed);
    }
}

INLINE void touch(Film *film, int32_t strip, int32_t upper, int32_t lower) {
    int32_t *touched = film->touched + 2 * strip;
    touched[0] = least(touched[0], upper);
    touched[1] = most(touched[1], lower);
}

/* The samples that a triangle may cover, whole numbers of strips and rows. */
typedef struct {
    int32_t strip, last, upper, lower;
    int small; /* its edges' values fit 32 bits wherever it may cover a sample */
} Reach;

/* depth: at the middle of the sample in its first column and row, and what it gains to the right and below. */
INLINE void cover(Film *film, const Edge edges[3], Reach reach, const float depth[3], int32_t number, int packed) {
    int32_t column = STRIP * reach.strip, mask = (1 << film->number_bits) - 1;
    const v8f lanes = {0, 1, 2, 3, 4, 5, 6, 7};
    v8i dx, dy;
    Front front = {.triangle = splat_i(packed ? ~number & mask : number), .kept = splat_i(~mask)};
    if (packed) {
        front.depth = splat_i(word_of(depth[0] - film->nearest, film->scale));
        dx = splat_i(word_of(depth[1], film->scale)), dy = splat_i(word_of(depth[2], film->scale));
        front.depth += dx * (v8i){0, 1, 2, 3, 4, 5, 6, 7};
    } else {
        dx = (v8i)splat(depth[1]), dy = (v8i)splat(depth[2]);
        front.depth = (v8i)(splat(depth[0]) + lanes * (v8f)dx);
    }
    v8i y0 = splat_i(edges[0].dy), y1 = splat_i(edges[1].dy), y2 = splat_i(edges[2].dy);
    const int32_t rows = reach.lower - reach.upper + 1;
    char *place = samples_at(film, reach.strip, reach.upper);
    const int64_t to_next = film->stride * row_size(film);
    begin(&front, edges, column, reach.upper);
    for (int32_t strip = reach.strip; strip <= reach.last; strip++, place += to_next) {
        touch(film, strip, reach.upper, reach.lower);
        if (reach.small) {
            fill_strip(place, rows, front, y0, y1, y2, dy, packed);
            front.e0 += splat_i(STRIP * edges[0].dx);
            front.e1 += splat_i(STRIP * edges[1].dx);
            front.e2 += splat_i(STRIP * edges[2].dx);
        }
        for (int32_t row = reach.upper; row <= reach.lower && !reach.small; row += ROWS_AT_ONCE) {
            Front here = front;
            here.depth = stepped(front.depth, dy, row - reach.upper, packed);
            begin(&here, edges, STRIP * strip, row);
            fill_strip(samples_at(film, strip, row), least(ROWS_AT_ONCE, reach.lower - row + 1), here, y0, y1, y2, dy, packed);
        }
        front.depth = stepped(front.depth, dx, STRIP, packed);
    }
}

/* Corners in the order in which their edges have their insides at the positive side. */
static void fill(Drawing *drawing, const Vertex *a, const Vertex *b, const Vertex *c, int64_t area, int32_t side) {
    Film *film = &drawing->film;
    int32_t x0 = least(a->x, least(b->x, c->x)), x1 = most(a->x, most(b->x, c->x));
    int32_t y0 = least(a->y, least(b->y, c->y)), y1 = most(a->y, most(b->y, c->y));
    int32_t left = most((x0 + SUBSAMPLES / 2 - 1) >> 8, 0), upper = most((y0 + SUBSAMPLES / 2 - 1) >> 8, 0);
    int32_t right = least((x1 - SUBSAMPLES / 2) >> 8, STRIP * film->strips - 1);
    int32_t lower = least((y1 - SUBSAMPLES / 2) >> 8, film->rows - 1);
    if (left > right || upper > lower) return;
    int32_t place = drawing->used++;
    if (place >= drawing->capacity) return; /* the caller sees it by `used` */

    const float sample = 1.0f / SUBSAMPLES;
    float ax = (float)a->x * sample, ay = (float)a->y * sample;
    float bx = (float)(b->x - a->x) * sample, by = (float)(b->y - a->y) * sample;
    float cx = (float)(c->x - a->x) * sample, cy = (float)(c->y - a->y) * sample;
    float scale = 1.0f / ((float)area * (sample * sample));
    float b_dx = cy * scale, b_dy = -cx * scale, c_dx = -by * scale, c_dy = bx * scale;
    float depth_dx = (b->depth - a->depth) * b_dx + (c->depth - a->depth) * c_dx;
    float depth_dy = (b->depth - a->depth) * b_dy + (c->depth - a->depth) * c_dy;
    if (drawing->narrow) {
        NarrowPlane *plane = (NarrowPlane *)drawing->planes + place;
        v4f to_b = b->values.lo - a->values.lo, to_c = c->values.lo - a->values.lo;
        v4f dx = to_b * b_dx + to_c * c_dx, dy = to_b * b_dy + to_c * c_dy, base = a->values.lo - dx * ax - dy * ay;
        if (side == AS_INSIDE) dx = dy = splat4(0.0f), base = (v4f){0, 0, 0, drawing->inside};
        *plane = (NarrowPlane){dx, dy, base};
    } else {
        Plane *plane = (Plane *)drawing->planes + place;
        v8f to_b = b->values - a->values, to_c = c->values - a->values;
        v8f dx = to_b * b_dx + to_c * c_dx, dy = to_b * b_dy + to_c * c_dy, base = a->values - dx * ax - dy * ay;
        if (side == AS_INSIDE) dx = dy = splat(0.0f), base = (v8f){0, 0, 0, drawing->inside, 0, 0, 0, 0};
        *plane = (Plane){dx, dy, base};
    }

    Edge edges[3] = {edge(b, c), edge(c, a), edge(a, b)};
    Reach reach = {left / STRIP, right / STRIP, upper, lower, x1 - x0 < SMALL && y1 - y0 < SMALL};
    float right_of_a = (float)(STRIP * reach.strip) + 0.5f - ax, below_a = (float)upper + 0.5f - ay;
    float depth[3] = {a->depth + depth_dx * right_of_a + depth_dy * below_a, depth_dx, depth_dy};
    if (film->number_bits)
        cover(film, edges, reach, depth, drawing->first + place, 1);
    else
        cover(film, edges, reach, depth, drawing->first + place, 0);
}

INLINE void turn_and_fill(Drawing *drawing, const Vertex *a, const Vertex *b, const Vertex *c, int32_t front, int32_t back) {
    int64_t area = (int64_t)(b->x - a->x) * (c->y - a->y) - (int64_t)(b->y - a->y) * (c->x - a->x);
    /* Rows count down, so an outside, counter-clockwise, has a negative area. */
    if (area < 0 && front) fill(drawing, a, c, b, -area, front);
    if (area > 0 && back) fill(drawing, a, b, c, area, back);
}

/* How far a place is within a plane of those that `xt_outside` knows. */
INLINE float within(v4f clip, int plane) {
    float limit = 4194304.0f * clip.w;
    switch (plane) {
        case 0: return clip.z + clip.w;
        case 1: return clip.w - clip.z;
        case 2: return clip.x + limit;
        case 3: return limit - clip.x;
        case 4: return clip.y + limit;
        default: return limit - clip.y;
    }
}

/* The part of a triangle that can be seen (Sutherland and Hodgman 1974), as a fan. */
static void clip_and_fill(Drawing *drawing, const Vertex *const corners[3], int32_t front, int32_t back) {
    enum { PLANES = 6, MOST = 3 + PLANES };
    Vertex one[MOST + 1], other[MOST + 1], *from = one, *to = other;
    uint32_t beyond = 0;
    int32_t count = 3;
    for (int i = 0; i < 3; i++) {
        beyond |= corners[i]->outside;
        from[i] = *corners[i];
        if (!from[i].outside) from[i].values *= from[i].clip.w;
    }
    for (int plane = 0; plane < PLANES; plane++) {
        if (!(beyond >> plane & 1)) continue;
        int32_t kept = 0;
        for (int32_t i = 0; i < count; i++) {
            const Vertex *a = from + i, *b = from + (i + 1) % count;
            float at_a = within(a->clip, plane), at_b = within(b->clip, plane);
            if (at_a >= 0.0f) to[kept++] = *a;
            if ((at_a >= 0.0f) != (at_b >= 0.0f)) {
                /* From the end that is kept, so that both triangles of an edge are cut in one place. */
                const Vertex *in = at_a >= 0.0f ? a : b, *out = at_a >= 0.0f ? b : a;
                float share = within(in->clip, plane) / (within(in->clip, plane) - within(out->clip, plane));
                to[kept].clip = in->clip + (out->clip - in->clip) * share;
                to[kept++].values = in->values + (out->values - in->values) * share;
            }
            if (kept > MOST) return; /* cannot be of a convex shape */
        }
        Vertex *swapped = from;
        from = to;
        to = swapped;
        count = kept;
    }
    for (int32_t i = 0; i < count; i++) {
        if (xt_outside(from[i].clip) & 1 << 6) return;
        xt_project(from + i);
    }
    for (int32_t i = 2; i < count; i++) turn_and_fill(drawing, from, from + i - 1, from + i, front, back);
}

/* Draws `count` triangles. Returns how many planes are in use then; where that is more than `capacity`, some triangles
   are missing and all must be drawn again with as many.

   faces: (count, 3) vertices. front, back: how a triangle's sides are shown. planes: of this surface; those before
   `used` are taken. first: added to a plane's place to give the number of its triangle. narrow: of the planes.
   inside: what a sample that shows an inside weighs. */
EXPORT int32_t xt_triangles(Film *film, const Vertex *vertices, const int32_t *faces, int32_t count, int32_t front,
                            int32_t back, void *planes, int32_t used, int32_t capacity, int32_t first, int32_t narrow,
                            float inside) {
    Drawing drawing = {planes, used, capacity, first, narrow, inside, *film};
    for (int32_t t = 0; t < count; t++) {
        const Vertex *a = vertices + faces[3 * (int64_t)t], *b = vertices + faces[3 * (int64_t)t + 1];
        const Vertex *c = vertices + faces[3 * (int64_t)t + 2];
        if (__builtin_expect((a->outside | b->outside | c->outside) != 0, 0)) {
            const Vertex *corners[3] = {a, b, c};
            if (!(a->outside & b->outside & c->outside) && !((a->outside | b->outside | c->outside) >> 6))
                clip_and_fill(&drawing, corners, front, back);
        } else {
            turn_and_fill(&drawing, a, b, c, front, back);
        }
    }
    return drawing.used;
}

INLINE void dot(Film *film, int32_t column, int32_t row, float depth, int32_t number) {
    if (column < 0 || row < 0 || column >= STRIP * film->strips || row >= film->rows) return;
    char *place = samples_at(film, column / STRIP, row);
    int lane = column % STRIP;
    if (film->number_bits) {
        uint32_t mask = (1u << film->number_bits) - 1, *word = (uint32_t *)place + lane;
        uint32_t mine = ((uint32_t)word_of(depth - film->nearest, film->scale) & ~mask) | (~(uint32_t)number & mask);
        if (mine < *word) *word = mine;
    } else {
        Samples *samples = (Samples *)place;
        if (depth > ((float *)&samples->depth)[lane]) return;
        ((float *)&samples->depth)[lane] = depth;
        ((int32_t *)&samples->triangle)[lane] = number;
    }
    touch(film, column / STRIP, row, row);
}

/* Draws lines one sample wide, `nearer` in depth than they are, in the colour of the plane of number `triangle`. A line
   that leaves what can be seen is left out. edges: (count, 2) vertices. */
EXPORT void xt_lines(Film *film, const Vertex *vertices, const int32_t *edges, int32_t count, float nearer, int32_t triangle) {
    Film target = *film;
    for (int32_t i = 0; i < count; i++) {
        const Vertex *a = vertices + edges[2 * (int64_t)i], *b = vertices + edges[2 * (int64_t)i + 1];
        if (a->outside | b->outside) continue;
        int32_t dx = b->x - a->x, dy = b->y - a->y;
        int steep = (dy < 0 ? -dy : dy) > (dx < 0 ? -dx : dx);
        int32_t from = steep ? a->y : a->x, along = steep ? dy : dx, side = steep ? a->x : a->y, slope = steep ? dx : dy;
        int32_t low = along < 0 ? from + along : from, high = along < 0 ? from : from + along;
        int32_t last = least((high - SUBSAMPLES / 2) >> 8, (steep ? target.rows : STRIP * target.strips) - 1);
        for (int32_t at = most((low + SUBSAMPLES / 2 - 1) >> 8, 0); at <= last; at++) {
            int32_t gone = SUBSAMPLES * at + SUBSAMPLES / 2 - from;
            int32_t across = (int32_t)(side + (int64_t)slope * gone / along) >> 8;
            float depth = a->depth + (b->depth - a->depth) * ((float)gone / (float)along) - nearer;
            dot(&target, steep ? across : at, steep ? at : across, depth, triangle);
        }
    }
}

/* Makes samples empty, and no strip touched. */
EXPORT void xt_clear(Film *film) {
    __builtin_memset(film->samples, 255, (size_t)film->strips * (size_t)film->stride * sizeof(Samples));
    for (int32_t strip = 0; strip < film->strips; strip++) {
        film->touched[2 * strip] = NEVER;
        film->touched[2 * strip + 1] = -1;
    }
}
