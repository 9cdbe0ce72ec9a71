"""Access to the graphics driver in every Blender, in a window and in background, and what that driver is."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import bpy

from ...blender import compat
from ...errors import MachineError

_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "swiftshader", "lavapipe", "software", "gdi generic")
_NO_GRAPHICS = (
    "this machine has neither a graphics driver nor Mesa's software one; install Mesa, or use --engine cycles."
)
_EGL_SURFACELESS = 0x31DD  # EGL_PLATFORM_SURFACELESS_MESA: drawing without a window system
_INTERFACES = {"OPENGL": "OpenGL", "VULKAN": "Vulkan", "METAL": "Metal"}

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


def device_name() -> str:
    """What draws, as its driver names it, and by which interface; to be called by the work of `with_graphics`."""
    import gpu

    backend = gpu.platform.backend_type_get()
    return f"{gpu.platform.renderer_get()}, {_INTERFACES.get(backend, backend)}"


def renderer_name() -> str:
    """The same from anywhere; '' where this machine has no graphics at all."""
    try:
        return with_graphics(device_name)
    except MachineError:
        return ""


def is_software(renderer: str) -> bool:
    """Whether a driver of this name draws on the processor."""
    return any(word in renderer.lower() for word in _SOFTWARE)


def _may_have_graphics() -> bool:
    """Ask the drivers first that Blender would: in background on Linux it ends the whole process if there is none."""
    if not bpy.app.background or not sys.platform.startswith("linux"):
        return True
    return _has_egl() or (compat.draws_with_vulkan() and _has_vulkan())


def _has_egl() -> bool:
    try:
        egl = ctypes.CDLL("libEGL.so.1")
    except OSError:
        return False
    egl.eglInitialize.argtypes = [ctypes.c_void_p] * 3
    egl.eglGetPlatformDisplay.argtypes = [ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p]
    egl.eglGetPlatformDisplay.restype = egl.eglGetDisplay.restype = ctypes.c_void_p
    displays = (egl.eglGetPlatformDisplay(_EGL_SURFACELESS, None, None), egl.eglGetDisplay(None))
    return any(display and egl.eglInitialize(display, None, None) for display in displays)


class _VulkanInstanceInfo(ctypes.Structure):
    """VkInstanceCreateInfo without layers and extensions (Vulkan specification, section Instances)."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("flags", ctypes.c_uint32),
        ("application", ctypes.c_void_p),
        ("layer_count", ctypes.c_uint32),
        ("layers", ctypes.c_void_p),
        ("extension_count", ctypes.c_uint32),
        ("extensions", ctypes.c_void_p),
    )


def _has_vulkan() -> bool:
    """Whether a Vulkan driver names a device. Blender carries the loader and has it in memory."""
    try:
        vulkan = ctypes.CDLL("libvulkan.so.1")
    except OSError:
        return False
    instance, devices = ctypes.c_void_p(), ctypes.c_uint32()
    if vulkan.vkCreateInstance(ctypes.byref(_VulkanInstanceInfo(type=1)), None, ctypes.byref(instance)):
        return False
    vulkan.vkEnumeratePhysicalDevices(instance, ctypes.byref(devices), None)
    vulkan.vkDestroyInstance(instance, None)
    return devices.value > 0
