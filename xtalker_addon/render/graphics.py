"""Which graphics driver draws: a real GPU, or software that EEVEE is too slow on."""

from __future__ import annotations

import bpy

_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "swiftshader", "lavapipe", "software", "gdi generic")


class _Probe(bpy.types.RenderEngine):
    """Asks inside a render, where every Blender has a graphics context even in background."""

    bl_idname = "XTALKER_PROBE"
    bl_label = "XTalker Graphics Probe"
    bl_use_gpu_context = True
    seen = ""

    def render(self, _depsgraph: bpy.types.Depsgraph) -> None:
        import gpu

        type(self).seen = gpu.platform.renderer_get()


def renderer_name() -> str:
    """The graphics driver's name for its device; '' where this machine has no graphics at all."""
    bpy.utils.register_class(_Probe)
    scene = bpy.data.scenes.new("Graphics Probe")
    try:
        scene.render.engine = _Probe.bl_idname
        scene.render.resolution_x = scene.render.resolution_y = 4
        camera = bpy.data.cameras.new("Graphics Probe")
        scene.camera = bpy.data.objects.new("Graphics Probe", camera)
        bpy.ops.render.render(scene=scene.name)
        return _Probe.seen
    finally:
        if scene.camera:
            bpy.data.cameras.remove(scene.camera.data)
        bpy.data.scenes.remove(scene)
        bpy.utils.unregister_class(_Probe)


def is_software(renderer: str) -> bool:
    """Whether a driver of this name draws on the processor."""
    return any(word in renderer.lower() for word in _SOFTWARE)
