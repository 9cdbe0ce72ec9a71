"""Wrinkles in the review engine: a map of heights over the head's UVs, which bends its normals.

The surface is moved along its normal by the height, S + h n, and its new normal is the cross product of what that
point changes by from pixel to pixel. The flat triangles count as the smooth surface that their normals tell of.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import gpu
import numpy as np
from numpy.typing import NDArray

from ...core.model.detail import DetailDecoder, load_detail_decoder, slopes, wrinkle_warnings
from ...core.model.flame import FlameModel
from ...core.sequence import Sequence
from ...errors import RenderError

# Of a fragment with `surface_place` in metres, `surface_normal`, `surface_uv` and the map `relief` (see `Relief`).
BENT_NORMAL: Final = """
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


def relief_texture(height: NDArray[np.floating], mask: NDArray[np.floating] | None = None) -> gpu.types.GPUTexture:
    """What bends normals, of heights (H, W) in metres whose first row is at v = 1.

    mask : (H, W), 1 where normals are bent and 0 where they stay; None: all are bent
    """
    texels = np.ones((*height.shape, 4), np.float32)
    texels[..., :3] = slopes(np.asarray(height, np.float32))
    if mask is not None:
        texels[..., 3] = mask
    data = gpu.types.Buffer("FLOAT", texels.size, np.ascontiguousarray(texels[::-1]).ravel())
    return gpu.types.GPUTexture(height.shape[::-1], format="RGBA32F", data=data)


class Wrinkles:
    """A clip's wrinkles, decoded frame by frame as they are shown: one map is in memory."""

    def __init__(self, decoder: DetailDecoder, sequence: Sequence) -> None:
        self._decoder, self._codes = decoder, decoder.inputs(sequence)

    def relief(self, index: int) -> gpu.types.GPUTexture:
        """What bends the normals of an array index."""
        return relief_texture(self._decoder.decode(self._codes[index : index + 1])[0], self._decoder.mask)


def wrinkles_of(sequence: Sequence, model: FlameModel, checkpoint: Path | None) -> tuple[Wrinkles | None, list[str]]:
    """A clip's wrinkles on a model by a checkpoint of DECA or EMOCA, and sentences for the user.

    None where the clip or the model can have none. Raises RenderError without a checkpoint, ModelError where it is
    broken.
    """
    if checkpoint is None:
        raise RenderError(
            f"{sequence.source}: the detail look needs DECA's deca_model.tar or EMOCA's checkpoint, and none is named; "
            "name it, or choose another look."
        )
    decoder = _decoder(checkpoint, model.source.parent, checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0)
    possible, warnings = wrinkle_warnings(decoder, sequence, model)
    return Wrinkles(decoder, sequence) if possible else None, warnings


@lru_cache(maxsize=1)
def _decoder(checkpoint: Path, data: Path, _changed: int) -> DetailDecoder:
    """Read once a process: a batch shows many clips with the same one."""
    return load_detail_decoder(checkpoint, data)
