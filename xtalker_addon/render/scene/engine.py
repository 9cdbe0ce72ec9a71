"""The review engine in Blender's list of engines: F12, animation renders and the viewport's rendered mode."""

from __future__ import annotations

import atexit
from contextlib import suppress
from typing import Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ...errors import XTalkerError
from ..colours import LINEAR
from ..devices import device_in_blender
from ..drawing import Canvas
from ..gpu.canvas import show
from ..settings import RenderSettings
from .heads import SceneHeads

_BACKGROUND: Final = np.array(RenderSettings().background)


class XTALKER_RE_review(bpy.types.RenderEngine):
    """Shows every surface in the light and the look of its XTalker material, in milliseconds.

    Exact with the Standard view transform; surfaces without such a material are shown in the studio look.
    """

    bl_idname = "XTALKER_REVIEW"
    bl_label = "XTalker Review"
    bl_use_gpu_context = True
    bl_use_preview = False
    bl_use_shading_nodes_custom = False

    def render(self, depsgraph: bpy.types.Depsgraph) -> None:
        """Blender asks for one picture."""
        scene = depsgraph.scene
        scale = scene.render.resolution_percentage / 100
        width, height = int(scene.render.resolution_x * scale), int(scene.render.resolution_y * scale)
        if scene.camera is None:
            self.report({"ERROR"}, "The scene has no camera; add one, or import with a camera")
            return
        camera = scene.camera.evaluated_get(depsgraph)
        projection = camera.calc_matrix_camera(
            depsgraph,
            x=width,
            y=height,
            scale_x=scene.render.pixel_aspect_x,
            scale_y=scene.render.pixel_aspect_y,
        )
        try:
            device = device_in_blender()
            canvas = device.canvas(width, height)
            SceneHeads(device).draw(canvas, depsgraph, projection @ camera.matrix_world.normalized().inverted())
        except XTalkerError as error:
            self.report({"ERROR"}, str(error))
            return
        result = self.begin_result(0, 0, width, height)
        pixels = _scene_linear(canvas.rgba(), scene.render.film_transparent)
        result.layers[0].passes["Combined"].rect.foreach_set(pixels.ravel())
        self.end_result(result)

    def view_update(self, context: bpy.types.Context, depsgraph: bpy.types.Depsgraph) -> None:
        """Everything is read anew when the viewport is drawn."""

    def view_draw(self, context: bpy.types.Context, depsgraph: bpy.types.Depsgraph) -> None:
        """Blender draws a viewport in rendered mode."""
        import gpu

        region, view = context.region, context.region_data
        if not hasattr(self, "_heads"):
            self._heads = SceneHeads(device_in_blender())
        canvas: Canvas | None = getattr(self, "_canvas", None)
        if canvas is None or (canvas.width, canvas.height) != (region.width, region.height):
            canvas = self._canvas = device_in_blender().canvas(region.width, region.height)
        corner = gpu.state.viewport_get()[:2]
        try:
            self._heads.draw(canvas, depsgraph, view.perspective_matrix)
        except XTalkerError as error:
            self.update_stats("", str(error))
        background = None if depsgraph.scene.render.film_transparent else RenderSettings().background
        show(canvas, (corner[0], corner[1]), background)


def _scene_linear(rgba: NDArray[np.uint8], transparent: bool) -> NDArray[np.float32]:
    """(H, W, 4) premultiplied linear values, first row at the bottom, of premultiplied display ones."""
    value = rgba[::-1].astype(np.float32) / 255
    alpha = value[..., 3:]
    if not transparent:
        value[..., :3] += (1 - alpha) * _BACKGROUND
        alpha = np.ones_like(alpha)
    straight = (255 * value[..., :3] / np.maximum(alpha, 1e-4) + 0.5).clip(0, 255).astype(np.uint8)
    return np.concatenate([LINEAR[straight] * alpha, alpha], axis=-1, dtype=np.float32)


def _panels() -> list[type]:
    """Blender's own panels that make sense for every engine."""
    return [
        panel
        for panel in bpy.types.Panel.__subclasses__()
        if "BLENDER_RENDER" in getattr(panel, "COMPAT_ENGINES", ()) and panel.__module__.startswith("bl_ui")
    ]


def register() -> None:
    """Put the engine in Blender's list."""
    bpy.utils.register_class(XTALKER_RE_review)
    for panel in _panels():
        panel.COMPAT_ENGINES.add(XTALKER_RE_review.bl_idname)
    # An engine that is still registered when Python ends keeps Blender 4.5's module from ending.
    atexit.register(_forget)


def unregister() -> None:
    """Take it out again."""
    atexit.unregister(_forget)
    for panel in _panels():
        panel.COMPAT_ENGINES.discard(XTALKER_RE_review.bl_idname)
    _forget()


def _forget() -> None:
    # When Python ends, the Blender program has forgotten its classes; when a script ends it, this has been done before.
    with suppress(RuntimeError):
        bpy.utils.unregister_class(XTALKER_RE_review)
