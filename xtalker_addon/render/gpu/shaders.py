"""The review engine's shaders.

A picture is drawn in two steps. Surfaces are drawn at twice the width and height with what they need for shading
(normals, places on the skin) or with their final value; alpha says what a sample shows: 1 an outside, 32/255 an inside
(whose colour is zero), 0 nothing.
Then each pixel averages its four samples and is shaded once, which equals shading every sample but at edges.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from functools import cache
from typing import Any, Final, Literal, TypeVar

import gpu

from ..shading import PHONG, ROWS, PixelKind

Build = TypeVar("Build", bound=Callable[..., gpu.types.GPUShader])

SurfaceKind = Literal["normals", "normals_places", "wrinkled", "wrinkled_places", "depth", "clay", "lines", "bare"]

TEXTURED: Final = ("sh_albedo", "studio_albedo")
WITH_PLACES: Final = ("normals_places", "wrinkled_places")
WRINKLED: Final = ("wrinkled", "wrinkled_places")
WITH_NORMALS: Final = ("normals", "normals_places", "clay", "bare", *WRINKLED)
WITH_UV: Final = ("normals_places", *WRINKLED)
_DEFINED: Final = {
    "WITH_PLACES": WITH_PLACES,
    "WRINKLED": WRINKLED,
    "WITH_NORMALS": WITH_NORMALS,
    "WITH_UV": WITH_UV,
}

_SURFACE_VERTEX: Final = """
void main() {
  gl_Position = to_clip * vec4(position, 1.0);
#ifdef WITH_NORMALS
  surface_normal = mat3(to_light) * normal;
#endif
#ifdef DEPTH
  surface_depth = gl_Position.z / gl_Position.w;
#endif
#ifdef WITH_UV
  surface_uv = uv;
#endif
#ifdef WRINKLED
  surface_place = mat3(to_light) * position;
#endif
#ifdef LINES
  gl_Position.z -= 2e-4 * gl_Position.w;
#endif
}
"""

# Blender 4.5 samples textures without filtering and cannot be asked for it.
_BILINEAR: Final = """
vec4 bilinear(sampler2D source, vec2 uv) {
  vec2 texel = uv * vec2(textureSize(source, 0)) - 0.5;
  ivec2 corner = ivec2(floor(texel));
  vec2 part = texel - vec2(corner);
  ivec2 last = textureSize(source, 0) - 1;
  ivec2 low = clamp(corner, ivec2(0), last), high = clamp(corner + 1, ivec2(0), last);
  vec4 below = mix(texelFetch(source, low, 0), texelFetch(source, ivec2(high.x, low.y), 0), part.x);
  vec4 above = mix(texelFetch(source, ivec2(low.x, high.y), 0), texelFetch(source, high, 0), part.x);
  return mix(below, above, part.y);
}
"""

# The surface is moved along its normal by the height, S + h n, and its new normal is the cross product of what that
# point changes by from pixel to pixel. The flat triangles count as the smooth surface that their normals tell of.
# Of a fragment with `surface_place` in metres, `surface_normal`, `surface_uv` and the map `relief`.
_BENT_NORMAL: Final = """
vec3 bent_normal() {
  vec4 here = bilinear(relief, surface_uv);
  vec3 n = normalize(surface_normal);
  vec3 across = dFdx(surface_place), up = dFdy(surface_place);
  across -= n * dot(n, across);
  up -= n * dot(n, up);
  vec2 slope = here.yz;
  vec3 moved_across = across + n * dot(slope, dFdx(surface_uv)) + here.x * dFdx(n);
  vec3 moved_up = up + n * dot(slope, dFdy(surface_uv)) + here.x * dFdy(n);
  vec3 bent = cross(moved_across, moved_up) * sign(dot(cross(across, up), n));
  float size = length(bent);
  return mix(surface_normal, size > 0.0 ? bent / size : n, here.w);
}
"""

_SURFACE_FRAGMENT: Final = (
    f"""
#ifdef WRINKLED
{_BILINEAR}
{_BENT_NORMAL}
#endif
"""
    """
void main() {
#if defined(DEPTH)
  float near = 1.0 - clamp((surface_depth - range.x) / (range.y - range.x), 0.0, 1.0);
  vec3 value = vec3(0.06 + 0.92 * near);
#elif defined(CLAY)
  vec3 value = vec3(0.62 + 0.3 * clamp(surface_normal.z, 0.0, 1.0));
#elif defined(LINES)
  vec3 value = vec3(0.16, 0.2, 0.27);
#elif defined(WRINKLED)
  vec3 value = bent_normal() * 0.5 + 0.5;
#else
  vec3 value = surface_normal * 0.5 + 0.5;
#endif
#if defined(LINES) || defined(BARE)
  sample_value = vec4(value, 1.0);
#else
  sample_value = gl_FrontFacing ? vec4(value, 1.0) : vec4(0.0, 0.0, 0.0, 32.0 / 255.0);
#endif
#ifdef WITH_PLACES
  sample_place = surface_uv;
#endif
}
"""
)

_FULL_SCREEN_VERTEX: Final = "void main() { gl_Position = vec4(position, 0.0, 1.0); }"
# Constants come to the fragments as flat inputs: software drivers read a uniform anew for every few pixels.
_PIXEL_VERTEX: Final = f"""
void main() {{
  gl_Position = vec4(position, 0.0, 1.0);
  {" ".join(f"row{index} = shading.row[{index}];" for index in range(ROWS))}
}}
"""

_PIXEL_FRAGMENT: Final = (
    f"""
#ifdef TEXTURED
{_BILINEAR}
#endif
"""
    """
#if defined(SH)
vec3 shade(vec3 n) {
  return row0.rgb + row1.rgb * n.x + row2.rgb * n.y + row3.rgb * n.z
    + row4.rgb * (n.x * n.y) + row5.rgb * (n.x * n.z) + row6.rgb * (n.y * n.z)
    + row7.rgb * (n.x * n.x - n.y * n.y) + row8.rgb * (3.0 * n.z * n.z - 1.0);
}
#elif defined(STUDIO)
vec3 shade(vec3 n) {
  float lit = max(dot(n, row0.xyz), 0.0) + max(dot(n, row1.xyz), 0.0)
    + max(dot(n, row2.xyz), 0.0) + max(dot(n, row3.xyz), 0.0) + max(dot(n, row4.xyz), 0.0);
  return vec3(lit);
}
#endif

#ifdef PHONG
// n: normal; place: of the surface across the picture, in metres from the origin.
float phong(vec3 n, vec2 place) {
  vec3 to_camera = normalize(vec3(0.0, 0.0, CAMERA) - vec3(place, 0.0));
  vec3 mirrored = 2.0 * n.z * n - vec3(0.0, 0.0, 1.0);
  float shine = n.z > 0.0 ? pow(max(dot(to_camera, mirrored), 0.0), SHININESS) : 0.0;
  return AMBIENT + DIFFUSE * max(n.z, 0.0) + SPECULAR * shine;
}
#endif

#ifdef TEXTURED
vec2 one_of(vec4 u, vec4 v, vec4 chosen) {
  return chosen.x > 0.5 ? vec2(u.x, v.x) : chosen.y > 0.5 ? vec2(u.y, v.y) : chosen.z > 0.5 ? vec2(u.z, v.z)
    : vec2(u.w, v.w);
}

// Samples that lie together on the skin share a look-up; across a seam or an edge of the head lie others.
// There is no branch and no loop, because software drivers run both sides of a branch and are slow in loops.
vec3 mean_skin(vec2 middle, vec4 outside, float count) {
  vec4 u = textureGather(places, middle, 0), v = textureGather(places, middle, 1);
  vec2 first = one_of(u, v, outside);
  float reach = 4.0 / float(textureSize(albedo, 0).x);
  vec4 near = outside * step(max(abs(u - first.x), abs(v - first.y)), vec4(reach));
  vec4 far = outside - near;
  vec2 mean = vec2(dot(u, near), dot(v, near)) / max(dot(near, vec4(1.0)), 1.0);
  float apart = dot(far, vec4(1.0)) / count;
  return mix(bilinear(albedo, mean).rgb, bilinear(albedo, one_of(u, v, far)).rgb, apart);
}
#endif

void main() {
  ivec2 pixel = ivec2(gl_FragCoord.xy);
  ivec2 first = 2 * ivec2(pixel.x - corner.x, corner.y - pixel.y);
#ifdef PHONG
  vec4 only = texelFetch(samples, first, 0);
  vec2 place = (gl_FragCoord.xy - row0.xy) * row0.z * vec2(1.0, -1.0);
  float value = (floor(255.0 * phong(normalize(only.rgb * 2.0 - 1.0), place) + 1e-3)) / 255.0;
  colour = row10.a * (only.a > 0.5 ? vec4(vec3(value), 1.0) : row11);
#else
  vec2 middle = vec2(first + 1) / vec2(textureSize(samples, 0));
  vec4 shown = textureGather(samples, middle, 3);
  const vec4 one = vec4(1.0);
  vec4 outsides = step(0.5, shown);
  float outside = dot(outsides, one);
  float inside = dot(step(0.06, shown), one) - outside;
  float count = max(outside, 1.0);
  vec3 mean = vec3(dot(textureGather(samples, middle, 0), one), dot(textureGather(samples, middle, 1), one),
    dot(textureGather(samples, middle, 2), one)) / count;
#if defined(SH) || defined(STUDIO)
#ifdef TEXTURED
  vec3 tint = mean_skin(middle, outsides, count);
#else
  vec3 tint = row9.rgb;
#endif
  mean = clamp(tint * shade(mean * 2.0 - 1.0), 0.0, 1.0);
#endif
  vec3 sum = mean * outside + row10.rgb * inside;
  float covered = outside + inside;
  colour = row10.a * 0.25 * (vec4(sum, covered) + row11 * (4.0 - covered));
#endif
}
"""
)

# BT.709 to video range in NV12's layout: rows of luma, then rows of interleaved chroma, four bytes a texel. Chroma is
# the mean of two pixels across its 2x2 block, which meets every row and every column: thin lines keep their colour.
_NV12_FRAGMENT: Final = """
vec3 at(ivec2 p) { return texelFetch(picture, p, 0).rgb; }

void main() {
  ivec2 texel = ivec2(gl_FragCoord.xy);
  int column = texel.x * 4;
  if (texel.y < height) {
    ivec2 p = ivec2(column, texel.y);
    vec3 luma = vec3(0.2126, 0.7152, 0.0722) * (219.0 / 255.0);
    planes = vec4(dot(at(p), luma), dot(at(p + ivec2(1, 0)), luma), dot(at(p + ivec2(2, 0)), luma),
      dot(at(p + ivec2(3, 0)), luma)) + 16.0 / 255.0;
  } else {
    ivec2 p = ivec2(column, 2 * (texel.y - height));
    vec3 left = 0.5 * (at(p) + at(p + 1));
    vec3 right = 0.5 * (at(p + ivec2(2, 0)) + at(p + ivec2(3, 1)));
    vec3 cb = vec3(-0.2126, -0.7152, 0.9278) / 1.8556 * (224.0 / 255.0);
    vec3 cr = vec3(0.7874, -0.7152, -0.0722) / 1.5748 * (224.0 / 255.0);
    planes = vec4(dot(left, cb), dot(left, cr), dot(right, cb), dot(right, cr)) + 128.0 / 255.0;
  }
}
"""

# Premultiplied display values (IEC 61966-2-1) to premultiplied linear ones, turned upside down.
_LINEAR_FRAGMENT: Final = """
void main() {
  vec4 value = texelFetch(picture, ivec2(gl_FragCoord.x - corner.x, height - 1 - int(gl_FragCoord.y - corner.y)), 0);
  value += (1.0 - value.a) * ground;
  vec3 straight = value.rgb / max(value.a, 1e-4);
  vec3 high = pow((straight + 0.055) / 1.055, vec3(2.4));
  colour = vec4(mix(straight / 12.92, high, step(0.04045, straight)) * value.a, value.a);
}
"""

_IMAGE_FRAGMENT: Final = """
void main() {
  vec2 place = (gl_FragCoord.xy - corner.xy) / corner.zw;
  ivec2 size = textureSize(image, 0);
  vec2 texel = place * vec2(size) - 0.5;
  ivec2 low = clamp(ivec2(floor(texel)), ivec2(0), size - 1), high = min(ivec2(floor(texel)) + 1, size - 1);
  vec2 part = clamp(texel - vec2(low), 0.0, 1.0);
  vec3 upper = mix(texelFetch(image, low, 0).rgb, texelFetch(image, ivec2(high.x, low.y), 0).rgb, part.x);
  vec3 lower = mix(texelFetch(image, ivec2(low.x, high.y), 0).rgb, texelFetch(image, high, 0).rgb, part.x);
  colour = vec4(mix(upper, lower, part.y), 1.0);
}
"""

_FILL_FRAGMENT: Final = "void main() { colour = fill; }"


def _kept(build: Build) -> Build:
    """Each shader is built once, and let go of before Python ends: Blender's driver is gone when Python clears up."""
    kept: Any = cache(build)
    atexit.register(kept.cache_clear)
    return kept


@_kept
def surface_shader(kind: SurfaceKind) -> gpu.types.GPUShader:
    """Vertex inputs position, normal and, where it is at some place on the skin, uv."""
    info = gpu.types.GPUShaderCreateInfo()
    info.define(kind.upper())
    for name, kinds in _DEFINED.items():
        if kind in kinds:
            info.define(name)
    info.vertex_in(0, "VEC3", "position")
    info.vertex_in(1, "VEC3", "normal")
    between = gpu.types.GPUStageInterfaceInfo(f"xtalker_surface_{kind}")
    info.push_constant("MAT4", "to_clip")
    if kind in WITH_NORMALS:
        between.smooth("VEC3", "surface_normal")
        info.push_constant("MAT4", "to_light")
    if kind == "depth":
        between.smooth("FLOAT", "surface_depth")
        info.push_constant("VEC2", "range")
    if kind in WITH_UV:
        info.vertex_in(2, "VEC2", "uv")
        between.smooth("VEC2", "surface_uv")
    if kind in WRINKLED:
        info.sampler(0, "FLOAT_2D", "relief")
        between.smooth("VEC3", "surface_place")
    if kind != "lines":
        info.vertex_out(between)
    info.fragment_out(0, "VEC4", "sample_value")
    if kind in WITH_PLACES:
        info.fragment_out(1, "VEC2", "sample_place")
    return _compiled(info, _SURFACE_VERTEX, _SURFACE_FRAGMENT)


@_kept
def pixel_shader(kind: PixelKind) -> gpu.types.GPUShader:
    """From samples to pixels, first row on top; a full-screen triangle. corner: the pixel of the lower left samples."""
    info = _full_screen("colour")
    if kind != "value":
        info.define(kind.split("_")[0].upper())
    for name, value in PHONG.items() if kind == "phong" else ():
        info.define(name, str(value))
    info.sampler(0, "FLOAT_2D", "samples")
    if kind in TEXTURED:
        info.define("TEXTURED")
        info.sampler(1, "FLOAT_2D", "places")
        info.sampler(2, "FLOAT_2D", "albedo")
    info.typedef_source(f"struct Shading {{ vec4 row[{ROWS}]; }};")
    info.uniform_buf(0, "Shading", "shading")
    between = gpu.types.GPUStageInterfaceInfo(f"xtalker_pixel_{kind}")
    for index in range(ROWS):
        between.flat("VEC4", f"row{index}")
    info.vertex_out(between)
    info.push_constant("IVEC2", "corner")
    return _compiled(info, _PIXEL_VERTEX, _PIXEL_FRAGMENT)


@_kept
def nv12_shader() -> gpu.types.GPUShader:
    """From a picture to the bytes of its NV12 frame, four a texel; a full-screen triangle."""
    info = _full_screen("planes")
    info.sampler(0, "FLOAT_2D", "picture")
    info.push_constant("INT", "height")
    return _compiled(info, _FULL_SCREEN_VERTEX, _NV12_FRAGMENT)


@_kept
def linear_shader() -> gpu.types.GPUShader:
    """From a picture to a viewport whose lower left pixel is `corner`: linear values, first row at the bottom."""
    info = _full_screen("colour")
    info.sampler(0, "FLOAT_2D", "picture")
    info.push_constant("INT", "height")
    info.push_constant("VEC2", "corner")
    info.push_constant("VEC4", "ground")
    return _compiled(info, _FULL_SCREEN_VERTEX, _LINEAR_FRAGMENT)


@_kept
def image_shader() -> gpu.types.GPUShader:
    """An image, its first row on top, stretched over the rectangle `corner` (x, y, width, height in pixels)."""
    info = _full_screen("colour")
    info.sampler(0, "FLOAT_2D", "image")
    info.push_constant("VEC4", "corner")
    return _compiled(info, _FULL_SCREEN_VERTEX, _IMAGE_FRAGMENT)


@_kept
def fill_shader() -> gpu.types.GPUShader:
    """One RGBA colour, `fill`, over flat shapes in clip coordinates."""
    info = _full_screen("colour")
    info.push_constant("VEC4", "fill")
    return _compiled(info, _FULL_SCREEN_VERTEX, _FILL_FRAGMENT)


def _full_screen(output: str) -> gpu.types.GPUShaderCreateInfo:
    info = gpu.types.GPUShaderCreateInfo()
    info.vertex_in(0, "VEC2", "position")
    info.fragment_out(0, "VEC4", output)
    return info


def _compiled(info: gpu.types.GPUShaderCreateInfo, vertex: str, fragment: str) -> gpu.types.GPUShader:
    info.vertex_source(vertex)
    info.fragment_source(fragment)
    return gpu.shader.create_from_info(info)
