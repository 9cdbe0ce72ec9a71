/* Where vertices are seen, and their normals. */

#include "raster.h"

/* What of a surface is shown: its normals in the light's axes, the same as colours, clay lit from the front, depth. */
enum { NORMALS = 0, COLOURED_NORMALS = 1, CLAY = 2, DEPTH = 3 };

INLINE v4f shown(v4f normal, int32_t what) {
    if (what == COLOURED_NORMALS) return normal * 0.5f + 0.5f;
    if (what == CLAY) return splat4(0.62f + 0.3f * (normal.z > 0.0f ? normal.z < 1.0f ? normal.z : 1.0f : 0.0f));
    return normal;
}

INLINE v4f depth_shown(float depth, float nearest, float farthest) {
    float share = (depth - nearest) / (farthest - nearest);
    share = share > 0.0f ? share < 1.0f ? share : 1.0f : 0.0f;
    return splat4(0.06f + 0.92f * (1.0f - share));
}

/* Beyond which plane of what can be seen a place lies: near, far, and a margin around the picture. */
uint32_t xt_outside(v4f clip) {
    float limit = 4194304.0f * clip.w;
    uint32_t beyond = (clip.z < -clip.w) | (clip.z > clip.w) << 1;
    beyond |= (clip.x < -limit) << 2 | (clip.x > limit) << 3 | (clip.y < -limit) << 4 | (clip.y > limit) << 5;
    /* Neither inside nor beyond a plane: not a number. */
    int known = clip.x - clip.x == 0.0f && clip.y - clip.y == 0.0f && clip.z - clip.z == 0.0f && clip.w - clip.w == 0.0f;
    return known ? beyond : 1 << 6;
}

/* Where a vertex that is not outside is seen. */
void xt_project(Vertex *vertex) {
    float w = vertex->clip.w > 1e-12f ? vertex->clip.w : 1e-12f, scale = 1.0f / w;
    float x = vertex->clip.x * scale, y = vertex->clip.y * scale;
    /* An addition that rounds would lose the last bit, so the whole part is taken first. */
    int32_t column = (int32_t)x - (x < 0.0f), row = (int32_t)y - (y < 0.0f);
    vertex->x = column + (x - (float)column >= 0.5f);
    vertex->y = row + (y - (float)row >= 0.5f);
    vertex->depth = vertex->clip.z * scale;
    vertex->values *= scale;
    vertex->values[6] = vertex->depth;
}

/* The vertices of a surface as they are seen. Returns whether all can be; then `depths` are the nearest and the farthest.

   source: for each of `count` vertices the row of positions and normals (rows, 3); null: the same
   uv: (count, 2), or null
   to_picture: (4, 4) by columns, to subsamples times w, z and w. to_light: (3, 3) by columns */
EXPORT int32_t xt_place(const float *positions, const float *normals, const int32_t *source, const float *uv, int32_t count,
                     const float *to_picture, const float *to_light, int32_t what, float nearest, float farthest,
                     Vertex *vertices, float depths[2]) {
    v4f across = *(const v4f_any *)to_picture, up = *(const v4f_any *)(to_picture + 4);
    v4f along = *(const v4f_any *)(to_picture + 8), origin = *(const v4f_any *)(to_picture + 12);
    v4f first = {to_light[0], to_light[1], to_light[2], 0}, second = {to_light[3], to_light[4], to_light[5], 0};
    v4f third = {to_light[6], to_light[7], to_light[8], 0};
    uint32_t outside = 0;
    float least_depth = 1.0f, most_depth = -1.0f;
    for (int32_t i = 0; i < count; i++) {
        int64_t row = 3 * (int64_t)(source ? source[i] : i);
        const float *p = positions + row, *n = normals + row;
        Vertex *vertex = vertices + i;
        vertex->clip = across * p[0] + up * p[1] + along * p[2] + origin;
        v4f value = shown(first * n[0] + second * n[1] + third * n[2], what);
        if (what == DEPTH) value = depth_shown(vertex->clip.z / vertex->clip.w, nearest, farthest);
        float u = uv ? uv[2 * (int64_t)i] : 0.0f, v = uv ? uv[2 * (int64_t)i + 1] : 0.0f;
        vertex->values = (v8f){value.x, value.y, value.z, 1.0f, u, v, 0.0f, 0.0f};
        vertex->outside = xt_outside(vertex->clip);
        if (!vertex->outside) xt_project(vertex);
        outside |= vertex->outside;
        least_depth = vertex->depth < least_depth ? vertex->depth : least_depth;
        most_depth = vertex->depth > most_depth ? vertex->depth : most_depth;
    }
    depths[0] = least_depth, depths[1] = most_depth;
    return !outside;
}

INLINE v4f corner(const float *vertex) { return (v4f){vertex[0], vertex[1], vertex[2], 0.0f}; }

INLINE v4f cross(v4f a, v4f b) {
    return __builtin_shufflevector(a, a, 1, 2, 0, 3) * __builtin_shufflevector(b, b, 2, 0, 1, 3) -
           __builtin_shufflevector(a, a, 2, 0, 1, 3) * __builtin_shufflevector(b, b, 1, 2, 0, 3);
}

/* Normals (meshes, vertices, 3) of positions of that shape and faces (count, 3): unit sums of the triangles' areas, added
   in the triangles' order. sums: memory for those of one mesh. */
EXPORT void xt_normals(const float *positions, int32_t meshes, int32_t vertices, const int32_t *faces, int32_t count,
                       v4f *sums, float *normals) {
    for (; meshes > 0; meshes--, positions += 3 * (int64_t)vertices, normals += 3 * (int64_t)vertices) {
        __builtin_memset(sums, 0, (size_t)vertices * sizeof(v4f));
        for (const int32_t *face = faces; face < faces + 3 * (int64_t)count; face += 3) {
            v4f first = corner(positions + 3 * (int64_t)face[0]);
            v4f area = cross(corner(positions + 3 * (int64_t)face[1]) - first, corner(positions + 3 * (int64_t)face[2]) - first);
            for (int k = 0; k < 3; k++) sums[face[k]] += area;
        }
        for (int32_t i = 0; i < vertices; i++) {
            v4f squares = sums[i] * sums[i];
            float size = __builtin_sqrtf((squares.x + squares.y) + squares.z);
            v4f normal = sums[i] / splat4(size > 1e-20f ? size : 1e-20f);
            for (int k = 0; k < 3; k++) normals[3 * (int64_t)i + k] = normal[k];
        }
    }
}
