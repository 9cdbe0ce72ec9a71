"""The rasteriser's shared library: which one fits this machine, and its functions with what they take.

Libraries lie in `lib/`, built from `source/` by `render_scripts/build_rasteriser.py`: one for each platform and, on
x86-64, one more for processors with AVX2. They hang on no version of Python.
"""

from __future__ import annotations

import ctypes
import platform
import sys
from ctypes import POINTER, c_float, c_int32, c_void_p
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import MachineError

FOLDER: Final = Path(__file__).parent / "lib"
SUFFIXES: Final = {"linux": ".so", "windows": ".dll", "macos": ".dylib"}
WIDE: Final = "avx2"
_SYSTEMS: Final = {"linux": "linux", "win32": "windows", "darwin": "macos"}
_PROCESSORS: Final = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
_LINE: Final = 64  # bytes of a cache line

# Numbers of the C sources' enumerations.
NORMALS, COLOURED_NORMALS, CLAY, DEPTH = range(4)
HIDDEN, AS_OUTSIDE, AS_INSIDE = range(3)
SH, STUDIO, VALUE, PHONG = range(4)
REPLACE, OVER, ADD = range(3)
PLAIN, WRINKLED, SINGLE = range(3)
STRIP: Final = 8  # columns of samples that are kept together
SUBSAMPLES: Final = 256
FLOATS_OF_SAMPLES, FLOATS_OF_VERTEX = 16, 16
FLOATS_OF_PLANE, FLOATS_OF_NARROW_PLANE = 24, 12
INSIDE_SHARE: Final = 16  # samples that show an inside weigh so much less


class Film(ctypes.Structure):
    """Samples of a part of a picture."""

    _fields_ = (
        ("samples", c_void_p),
        ("touched", c_void_p),
        ("strips", c_int32),
        ("rows", c_int32),
        ("stride", c_int32),
        ("number_bits", c_int32),
        ("nearest", c_float),
        ("scale", c_float),
    )


class Texture(ctypes.Structure):
    _fields_ = (("texels", c_void_p), ("width", c_int32), ("height", c_int32), ("pitch", c_int32))


class Relief(ctypes.Structure):
    _fields_ = (("texels", c_void_p), ("width", c_int32), ("height", c_int32), ("to_place", c_float * 16))


class Surface(ctypes.Structure):
    """What the samples of a surface are read with."""

    _fields_ = (
        ("planes", c_void_p),
        ("first", c_int32),
        ("count", c_int32),
        ("perspective", c_int32),
        ("skin", Texture),
        ("relief", Relief),
    )


class Shading(ctypes.Structure):
    _fields_ = (
        ("rows", c_float * 48),
        ("phong", c_float * 5),
        ("kind", c_int32),
        ("blend", c_int32),
        ("reading", c_int32),
    )


class Part(ctypes.Structure):
    """A part of a picture that is drawn."""

    _fields_ = (
        ("pixels", c_void_p),
        ("pitch", c_int32),
        ("x", c_int32),
        ("y", c_int32),
        ("width", c_int32),
        ("height", c_int32),
    )


_INT, _ARRAY = c_int32, c_void_p
_FUNCTIONS: Final[dict[str, tuple[Any, ...]]] = {
    "place": (*[_ARRAY] * 4, _INT, _ARRAY, _ARRAY, _INT, c_float, c_float, _ARRAY, _ARRAY),
    "normals": (_ARRAY, _INT, _INT, _ARRAY, _INT, _ARRAY, _ARRAY),
    "triangles": (POINTER(Film), _ARRAY, _ARRAY, _INT, _INT, _INT, _ARRAY, _INT, _INT, _INT, _INT, c_float),
    "lines": (POINTER(Film), _ARRAY, _ARRAY, _INT, c_float, _INT),
    "clear": (POINTER(Film),),
    "shade": (POINTER(Film), POINTER(Surface), POINTER(Shading), POINTER(Part), _INT),
    "fill": (_ARRAY, *[_INT] * 5, _ARRAY),
    "stamp": (_ARRAY, *[_INT] * 3, _ARRAY, *[_INT] * 4, _ARRAY),
    "shape": (_ARRAY, *[_INT] * 5, _ARRAY, _INT, _ARRAY),
    "image": (_ARRAY, *[_INT] * 5, _ARRAY, *[_INT] * 6),
    "nv12": (_ARRAY, *[_INT] * 7, _ARRAY),
    "texture": (_ARRAY, _INT, _INT, _ARRAY, _INT),
    "has_avx2": (),
}


class Library:
    """The functions of one shared library, without the `xt_` of their names. Calls let other threads run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        functions = ctypes.CDLL(str(path))
        for name, arguments in _FUNCTIONS.items():
            function = getattr(functions, f"xt_{name}")
            function.argtypes, function.restype = arguments, c_int32
            setattr(self, name, function)

    place: Any
    normals: Any
    triangles: Any
    lines: Any
    clear: Any
    shade: Any
    fill: Any
    stamp: Any
    shape: Any
    image: Any
    nv12: Any
    texture: Any
    has_avx2: Any


def file_name(system: str, processor: str, wide: bool = False) -> str:
    """What the library of a platform is called: linux, windows or macos; x64 or arm64."""
    return f"raster-{system}-{processor}{f'-{WIDE}' if wide else ''}{SUFFIXES[system]}"


def this_platform() -> tuple[str, str]:
    """System and processor of this machine, '' where no library is made for it."""
    return _SYSTEMS.get(sys.platform, ""), _PROCESSORS.get(platform.machine().lower(), "")


@cache
def find_library() -> Library | None:
    """The fastest library that runs here; None where none is built or none fits."""
    system, processor = this_platform()
    if not system or not processor:
        return None
    try:
        library = Library(FOLDER / file_name(system, processor))
        if library.has_avx2() and (FOLDER / file_name(system, processor, wide=True)).is_file():
            library = Library(FOLDER / file_name(system, processor, wide=True))
    except (OSError, AttributeError):  # not there, of another C library, or of other sources
        return None
    return library


def the_library() -> Library:
    """The same. Raises MachineError where there is none."""
    library = find_library()
    if library is None:
        raise MachineError(
            "the software rasteriser is not built for this machine; install XTalker by pip, which builds it, or use "
            "--device gpu."
        )
    return library


def device_name() -> str:
    """What draws, for logs and reports."""
    library = find_library()
    return f"XTalker's rasteriser{', AVX2' if library and WIDE in library.path.name else ''}"


def aligned(shape: int | tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
    """An array, not filled, that begins at a cache line."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.empty(size + _LINE, np.uint8)
    start = -memory.ctypes.data % _LINE
    return memory[start : start + size].view(dtype).reshape(shape)
