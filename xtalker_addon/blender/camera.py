"""Cameras: a steady framing of the clip, and the crop that the codes were fitted to."""

from __future__ import annotations

from math import pi
from typing import Final, Literal, cast

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.model.clip import Clip
from ..core.model.flame import FlameModel
from ..core.motion.camera import CropMode, OrthographicView, crop_view, steadied
from ..core.sequence import IdentityMode, Sequence
from .keys import Animation

Depth = Literal["BACK", "FRONT"]
_REFERENCE: Final = "xtalker_reference_image"  # on an image that is a sequence's
_CROP: Final = "xtalker_crop"  # on a camera that holds the crops: which of them
_DISTANCE = 2.0  # metres in front of the origin; it changes nothing in an orthographic picture
# Blender draws an orthographic camera's frame as wide as the picture, with a filled triangle above it: both would stand
# before the face in the front view. As far away as Blender allows, behind the head, they hide nothing of it.
_FRAME_DISTANCE = 1000.0  # metres


def build_camera(name: str, view: OrthographicView) -> bpy.types.Object:
    """An orthographic camera that looks at the face along Blender's +y; `view` is as high as the picture."""
    camera = bpy.data.cameras.new(name)
    camera.type = "ORTHO"
    camera.sensor_fit = "VERTICAL"  # else the scale would be of the longer side, and a wide picture would cut the head
    camera.ortho_scale = view.height
    camera.clip_start, camera.clip_end = 0.01, 2 * _DISTANCE
    camera.display_size = _FRAME_DISTANCE
    item = bpy.data.objects.new(name, camera)
    item.rotation_euler = (pi / 2, 0.0, 0.0)
    item.location = (view.center[0], -_DISTANCE, view.center[1])
    return item


def follow_crops(
    animation: Animation, item: bpy.types.Object, camera: NDArray[np.floating], mode: CropMode, cuts: NDArray[np.int64]
) -> None:
    """Hold each frame's crop, as high as the picture, as `mode` says; camera (T, 3) of scale, tx, ty."""
    codes = np.asarray(steadied(camera, mode, cuts), np.float64)
    item[_CROP] = mode
    if len(codes) == 1:
        view = crop_view(codes[0])
        item.location, item.data.ortho_scale = (view.center[0], -_DISTANCE, view.center[1]), view.height
        return
    location = np.stack([-codes[:, 1], np.full(len(codes), -_DISTANCE), -codes[:, 2]], axis=1)
    animation.write(item, "location", location, "Crop Camera")
    animation.write(item.data, "ortho_scale", 2.0 / codes[:, 0], "Crop Camera")


def crop_of(item: bpy.types.Object | None) -> CropMode | None:
    """Which crops a camera holds; None for one that frames the head."""
    return cast("CropMode | None", item.get(_CROP)) if item else None


def forget_crops(item: bpy.types.Object) -> None:
    """It frames the head from now on."""
    item.pop(_CROP, None)


def show_reference(item: bpy.types.Object, image: bpy.types.Image, opacity: float = 0.5, depth: Depth = "BACK") -> None:
    """The reference image behind or in front of what the camera sees, over the head in a picture of any aspect."""
    item.data.show_background_images = True
    background = item.data.background_images.new()
    background.image = image
    image[_REFERENCE] = True
    background.alpha = opacity
    background.display_depth = depth
    _keep_as_high_as_picture(background)


def is_reference(plate: bpy.types.CameraBackgroundImage) -> bool:
    """Whether a camera's background image is a sequence's reference image, not an artist's own."""
    return plate.image is not None and (_REFERENCE in plate.image or plate.image.name.endswith(" Reference"))


def reference_of(item: bpy.types.Object | None) -> bpy.types.CameraBackgroundImage | None:
    """The sequence's reference image on a camera; None where there is none."""
    return next((plate for plate in item.data.background_images if is_reference(plate)), None) if item else None


def _keep_as_high_as_picture(background: bpy.types.CameraBackgroundImage) -> None:
    """As the crop is, in pictures of any size that is chosen later: within a wide one, beyond a high one's sides."""
    methods = bpy.types.CameraBackgroundImage.bl_rna.properties["frame_method"].enum_items
    background.driver_remove("frame_method")  # one that an earlier image in this place has left
    driver = background.driver_add("frame_method").driver
    for name in ("x", "y"):
        variable = driver.variables.new()
        variable.name, variable.type = name, "CONTEXT_PROP"
        target = variable.targets[0]
        target.context_property, target.data_path = "ACTIVE_SCENE", f"render.resolution_{name}"
    fit, crop = methods["FIT"].value, methods["CROP"].value
    driver.expression = f"{fit} + {crop - fit} * (x < y)"


def framing_camera(name: str, sequence: Sequence, model: FlameModel, identity: IdentityMode) -> bpy.types.Object:
    """A steady camera that holds the head through the clip in the scene's picture."""
    render = bpy.context.scene.render
    aspect = render.resolution_x / render.resolution_y
    return build_camera(name, Clip(sequence, model, identity).framing(aspect))
