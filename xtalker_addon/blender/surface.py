"""What lies on a head's surface, decoded from a clip's codes: skin and wrinkles, for the clip or for every frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.files.picture_cache import picture_file, picture_folder
from ..core.model.albedo import Albedo
from ..core.model.detail import DetailDecoder, wrinkle_warnings
from ..core.model.displacements import displacement_folder, grey_from_height
from ..core.model.flame import FlameModel
from ..core.sequence import Sequence
from .steps import Steps, beside, finish


@dataclass(frozen=True, slots=True)
class Picture:
    """An image for a head's UVs; frames: how many it has, 1 for a still. start: the scene frame of the first."""

    image: bpy.types.Image
    frames: int = 1
    start: int = 1

    def put_on(self, node: bpy.types.Node) -> None:
        """Show it in an Image Texture node, in step with the scene."""
        node.image = self.image
        if self.frames > 1:
            user = node.image_user
            user.frame_start, user.frame_duration, user.frame_offset = self.start, self.frames, 0
            user.use_auto_refresh = True


def still(name: str, rgb: NDArray[np.floating], deep: bool = False) -> bpy.types.Image:
    """A packed image from (H, W, 3) values in 0..1, first row on top; deep: in floating point."""
    height, width = rgb.shape[:2]
    image = bpy.data.images.new(name, width, height, alpha=False, float_buffer=deep)
    pixels = np.ones((height, width, 4), np.float32)
    pixels[..., :3] = np.asarray(rgb, np.float32)[::-1]
    image.pixels.foreach_set(pixels.ravel())
    image.pack()
    return image


def skin(sequence: Sequence, model: FlameModel, warnings: list[str]) -> Picture | None:
    """The model's skin, of the clip's mean code."""
    return finish(skin_steps(sequence, model, None, 1, warnings))


def skin_steps(
    sequence: Sequence,
    model: FlameModel,
    cache: Path | None,
    start: int,
    warnings: list[str],
    shares: tuple[float, float] = (0.0, 1.0),
) -> Steps[Picture | None]:
    """The model's skin: of the clip's mean code, or of every frame's code where there is a folder to keep them in.

    shares : of the whole work that are done before and after
    """
    albedo = model.albedo
    if albedo is None:
        return None
    codes = sequence.texture
    if codes is not None and not len(albedo.basis):
        warnings.append(
            f"{sequence.source}: its texture codes mean nothing in FLAME_texture.npz, so the skin is that file's mean; "
            "put FLAME_albedo_from_BFM.npz beside the model."
        )
        codes = None
    name = f"{sequence.name} Albedo"
    if codes is None or cache is None:
        picture = Picture(still(name, albedo.decode(None if codes is None else codes.mean(0))))
    else:
        content = (b"albedo, interpolated", codes.tobytes(), albedo.mean.tobytes(), albedo.basis[:, ::8, ::8].tobytes())
        folder = yield from beside(
            lambda watch: picture_folder(
                cache,
                f"{sequence.name}-skin",
                content,
                len(codes),
                lambda: _skins(albedo, codes),
                watch,
            ),
            *shares,
        )
        picture = Picture(_load(name, folder), len(codes), start)
    # The values are display-referred: they are multiplied as they are, and decoded once at the end.
    picture.image.colorspace_settings.name = "Non-Color"
    return picture


def wrinkle_steps(
    sequence: Sequence,
    model: FlameModel,
    decoder: DetailDecoder | None,
    cache: Path | None,
    start: int,
    warnings: list[str],
    shares: tuple[float, float] = (0.0, 1.0),
) -> Steps[Picture | None]:
    """Displacement along the normal as grey: 0.5 is none, 0 and 1 are -HEIGHT_RANGE and HEIGHT_RANGE metres.

    Of every frame where there is a folder to keep them in, else of the clip's mean codes.
    shares : of the whole work that are done before and after
    """
    if decoder is None:
        return None
    possible, remarks = wrinkle_warnings(decoder, sequence, model)
    warnings += remarks
    if not possible:
        return None
    name = f"{sequence.name} Displacement"
    if cache is None:
        codes = decoder.inputs(sequence).mean(0, keepdims=True)
        height = decoder.decode(codes)[0]
        picture = Picture(still(name, grey_from_height(height)[..., None].repeat(3, -1), deep=True))
    else:
        folder = yield from beside(lambda watch: displacement_folder(decoder, sequence, cache, watch), *shares)
        picture = Picture(_load(name, folder), sequence.frames, start)
    picture.image.colorspace_settings.name = "Non-Color"
    return picture


def _skins(albedo: Albedo, codes: NDArray[np.floating]) -> Iterator[NDArray[np.uint8]]:
    for code in codes:
        yield np.round(255 * albedo.decode(code)).astype(np.uint8)


def _load(name: str, folder: Path) -> bpy.types.Image:
    image = bpy.data.images.load(str(picture_file(folder)))
    image.name, image.source = name, "SEQUENCE"
    return image
