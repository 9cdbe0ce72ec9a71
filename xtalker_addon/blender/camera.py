"""Cameras: a steady framing of the clip, and the crop that the codes were fitted to."""

from __future__ import annotations

from math import pi
from typing import Literal

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.motion.camera import OrthographicView, crop_view
from .keys import Animation

Depth = Literal["BACK", "FRONT"]
_REFERENCE = "xtalker_reference_image"
_DISTANCE = 2.0  # metres in front of the origin; it changes nothing in an orthographic picture
# Blender draws an orthographic camera's frame as wide as the picture, with a filled triangle above it: both would stand
# before the face in the front view. As far away as Blender allows, behind the head, they hide nothing of it.
_FRAME_DISTANCE = 1000.0  # metres


def build_camera(name: str, view: OrthographicView, aspect: float = 1.0) -> bpy.types.Object:
    """An orthographic camera that looks at the face along Blender's +y and holds `view` in a picture of that aspect."""
    camera = bpy.data.cameras.new(name)
    camera.type = "ORTHO"
    # Blender's scale is the longer side of the picture, the view's height its vertical one.
    camera.ortho_scale = view.height * max(aspect, 1.0)
    camera.clip_start, camera.clip_end = 0.01, 2 * _DISTANCE
    camera.display_size = _FRAME_DISTANCE
    item = bpy.data.objects.new(name, camera)
    item.rotation_euler = (pi / 2, 0.0, 0.0)
    item.location = (view.center[0], -_DISTANCE, view.center[1])
    return item


def key_crop_camera(animation: Animation, item: bpy.types.Object, camera: NDArray[np.floating]) -> None:
    """Follow each frame's crop: camera (T, 3) of scale, tx, ty. Exact in a square picture."""
    codes = np.asarray(camera, np.float64)
    location = np.stack([-codes[:, 1], np.full(len(codes), -_DISTANCE), -codes[:, 2]], axis=1)
    animation.write(item, "location", location, "Crop Camera")
    animation.write(item.data, "ortho_scale", 2.0 / codes[:, 0], "Crop Camera")


def build_crop_camera(name: str, camera: NDArray[np.floating], animation: Animation) -> bpy.types.Object:
    """An orthographic camera keyed to the crop of every frame; standing still for one crop (1, 3)."""
    item = build_camera(name, crop_view(camera[0]))
    if len(camera) > 1:
        key_crop_camera(animation, item, camera)
    return item


def show_reference(item: bpy.types.Object, image: bpy.types.Image, opacity: float = 0.5, depth: Depth = "BACK") -> None:
    """The reference image behind or in front of what the camera sees, over the head in a picture of any aspect."""
    item.data.show_background_images = True
    background = item.data.background_images.new()
    background.image = image
    image[_REFERENCE] = True
    background.alpha = opacity
    background.display_depth = depth
    background.frame_method = "CROP"  # as wide as the picture's longer side, which is what the camera's scale is of


def is_reference(plate: bpy.types.CameraBackgroundImage) -> bool:
    """Whether a camera's background image is a sequence's reference image, not an artist's own."""
    return plate.image is not None and (_REFERENCE in plate.image or plate.image.name.endswith(" Reference"))
