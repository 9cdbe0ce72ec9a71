"""Access to the graphics driver in every Blender, in a window and in background, and what that driver is."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import bpy

from ..errors import MachineError

_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "swiftshader", "lavapipe", "software", "gdi generic")
_NO_GRAPHICS = (
    "this machine has neither a graphics driver nor Mesa's software one; install Mesa, or use --engine cycles."
)
_EGL_SURFACELESS = 0x31DD  # EGL_PLATFORM_SURFACELESS_MESA: drawing without a window system

T = TypeVar("T")


class _Job(bpy.types.RenderEngine):
    """Does the work inside a render, where every Blender has a graphics context even in background.

    Blender 5 has gpu.init() for that, 4.5 has not; this way serves both.
    """

    bl_idname = "XTALKER_JOB"
    bl_label = "XTalker Job"
    bl_use_gpu_context = True
    work: Callable[..., Any]
    result: Any = None
    error: BaseException | None = None

    def render(self, _depsgraph: bpy.types.Depsgraph) -> None:
        job = type(self)
        try:
            job.result = job.work()
        except BaseException as error:
            job.error = error


def with_graphics(work: Callable[[], T]) -> T:
    """The result of `work`, called where the `gpu` module can draw. Exceptions come through.

    Raises MachineError where this machine has no graphics at all.
    """
    if not _may_have_graphics():
        raise MachineError(_NO_GRAPHICS)
    job = type("_CurrentJob", (_Job,), {"work": staticmethod(work)})
    # A class that is still registered when Python ends keeps Blender 4.5's module from ending.
    bpy.utils.register_class(job)
    scene = bpy.data.scenes.new("XTalker Job")
    try:
        scene.render.engine = job.bl_idname
        scene.render.resolution_x = scene.render.resolution_y = 4
        camera = bpy.data.cameras.new("XTalker Job")
        scene.camera = bpy.data.objects.new("XTalker Job", camera)
        bpy.ops.render.render(scene=scene.name)
    except RuntimeError as error:
        raise MachineError(f"Blender cannot draw here ({error}); use --engine cycles.") from error
    finally:
        if scene.camera:
            bpy.data.cameras.remove(scene.camera.data)
        bpy.data.scenes.remove(scene)
        bpy.utils.unregister_class(job)
    if job.error is not None:
        raise job.error
    return job.result


def renderer_name() -> str:
    """The graphics driver's name for its device; '' where this machine has no graphics at all."""

    def ask() -> str:
        import gpu

        return gpu.platform.renderer_get()

    try:
        return with_graphics(ask)
    except MachineError:
        return ""


def is_software(renderer: str) -> bool:
    """Whether a driver of this name draws on the processor."""
    return any(word in renderer.lower() for word in _SOFTWARE)


def _may_have_graphics() -> bool:
    """Ask EGL first where Blender would: in background on Linux it ends the whole process when there is no driver."""
    if not bpy.app.background or not sys.platform.startswith("linux"):
        return True
    try:
        egl = ctypes.CDLL("libEGL.so.1")
    except OSError:
        return False
    egl.eglInitialize.argtypes = [ctypes.c_void_p] * 3
    egl.eglGetPlatformDisplay.argtypes = [ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p]
    egl.eglGetPlatformDisplay.restype = egl.eglGetDisplay.restype = ctypes.c_void_p
    displays = (egl.eglGetPlatformDisplay(_EGL_SURFACELESS, None, None), egl.eglGetDisplay(None))
    return any(display and egl.eglInitialize(display, None, None) for display in displays)
