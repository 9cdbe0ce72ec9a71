"""Values as people write them, on the command line and in manifests alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, cast, get_args

from ..core.formats.frame_rate import rate_in
from ..core.motion.camera import CropMode
from ..core.sequence import IdentityMode
from ..errors import RenderError
from ..render.review.panels import panel_names
from ..render.settings import Backdrop, Camera, Engine, Light, Look, Output, Skin


def count(text: str) -> int:
    """A number of at least 1. This and its fellows raise ValueError with words for the user."""
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def levels(text: str) -> int:
    """How often faces are divided, from 0 to 3."""
    if text not in ("0", "1", "2", "3"):
        raise ValueError(f"{text!r} is not a whole number from 0 to 3")
    return int(text)


def seconds(text: str) -> float:
    """A length of time in seconds, above 0."""
    if not re.fullmatch(r"\d+\.?\d*|\.\d+", text) or not float(text):
        raise ValueError(f"{text!r} is not a number of seconds above 0")
    return float(text)


def millimetres(text: str) -> float:
    """A distance in millimetres, above 0."""
    if not re.fullmatch(r"\d+\.?\d*|\.\d+", text) or not float(text):
        raise ValueError(f"{text!r} is not a number of millimetres above 0")
    return float(text)


def size(text: str) -> tuple[int, int]:
    """Width and height in pixels from '512' or '640x360'."""
    match = re.fullmatch(r"(\d+)(?:x(\d+))?", text)
    width, height = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not (16 <= width <= 8192 and 16 <= height <= 8192):
        raise ValueError(f"{text!r} is not a size such as 512 or 640x360, from 16 to 8192 pixels")
    return width, height


def frames(text: str) -> tuple[int, int]:
    """First and last frame from '0-99', or from '5', which is 5 alone."""
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if first > last:
        raise ValueError(f"{text!r} is not a range such as 0-99, or one frame such as 5")
    return first, last


def background(text: str) -> tuple[Backdrop, tuple[float, float, float] | None]:
    """What is behind the head, from 'transparent', 'reference', 'plain' or a colour as '#20262e'."""
    if text in get_args(Backdrop):
        return cast("Backdrop", text), None
    digits = re.fullmatch(r"#?([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})", text)
    if not digits:
        raise ValueError(f"{text!r} is not plain, transparent, reference or a colour such as '#20262e'")
    red, green, blue = (int(pair, 16) / 255 for pair in digits.groups())
    return "plain", (red, green, blue)


def opacity(text: str) -> float:
    """From 0, nothing to be seen, to 1, nothing behind to be seen."""
    if not re.fullmatch(r"0?\.\d+|[01](\.0*)?", text):
        raise ValueError(f"{text!r} is not an opacity from 0 to 1, such as 0.5")
    return float(text)


def shard(text: str) -> tuple[int, int]:
    """I and N from 'I/N'."""
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise ValueError(f"{text!r} is not a part such as 3/64")
    return int(match[1]), int(match[2])


def resource(text: str) -> tuple[str, float]:
    """Name and amount from 'GPU=1'."""
    name, _, amount = text.partition("=")
    if not name or not re.fullmatch(r"\d+(\.\d+)?", amount):
        raise ValueError(f"{text!r} is not a resource such as GPU=1")
    return name, float(amount)


def choice(choices: tuple[str, ...]) -> Callable[[str], str]:
    """A reader that takes one of `choices`."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"{text!r} is not one of {', '.join(choices)}")
        return text

    return read


def layout(text: str) -> str:
    """A preset, or panels with commas between."""
    try:
        panel_names(text)
    except RenderError as error:
        raise ValueError(str(error)) from None
    return text


# Settings that a manifest may give each sequence, by their names in RenderSettings.
PER_SEQUENCE: Final[Mapping[str, Callable[[str], Any]]] = {
    "engine": choice(get_args(Engine)),
    "light": choice(get_args(Light)),
    "camera": choice(get_args(Camera)),
    "look": choice(get_args(Look)),
    "layout": layout,
    "size": size,
    "fps": rate_in,
    "frames": frames,
    "samples": count,
    "subdivision": levels,
    "identity": choice(get_args(IdentityMode)),
    "person": str,
    "crop": choice(get_args(CropMode)),
    "skin": choice(get_args(Skin)),
    "backdrop": choice(get_args(Backdrop)),
    "output": choice(get_args(Output)),
}
