"""One writer a layout: 3DXTalker's folder and its array, WebTalk's .npz, GaussianAvatars' folder of frames."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from ..files import storage
from ..model.flame import FlameModel
from ..model.placement import expression_for, translation_for
from ..sequence import Sequence
from ..speech.audio import read_mono

Writer = Callable[[Sequence, Path, FlameModel | None], list[str]]
Floats = NDArray[np.float32]

_RATE: Final = 25.0  # of 3DXTalker's layouts, which do not say it
_EVERYWHERE: Final = ("expression", "shape", "global_rotation", "jaw", "audio")
_WORDS: Final = {
    "global_rotation": "the head's rotation",
    "neck": "the neck",
    "eyes": "the eyes",
    "translation": "the head's translation",
    "eyelids": "the eyelids",
    "scale": "the head's scale",
    "camera": "the camera",
    "light": "the light",
    "texture": "the texture codes",
    "detail": "the detail codes",
    "reference_image": "the reference image",
    "envelope": "the envelope",
    "shape": "the identity",
}
_FLAME_2020: Final = (
    "Codes are copied, not converted: 3DXTalker, WebTalk and most others fit FLAME 2020, whose expression basis is not "
    "that of FLAME 2023."
)
_FLAME_2023: Final = (
    "Codes are copied, not converted: VHAP, GaussianAvatars and LAM decode with FLAME 2023, whose expression basis is "
    "not that of FLAME 2020; decode with the model that the codes were fitted with."
)
_TEETH_VERTICES: Final = 5143  # of VHAP's FLAME: 120 more
_CANONICAL_JAW: Final = (0.3, 0.0, 0.0)
_FOCAL, _SIDE = 2.4, 512  # of the steady camera that is written for GaussianAvatars, in sides of its picture


def write_3dxtalker(sequence: Sequence, out: Path, model: FlameModel | None) -> list[str]:
    """A folder with an array a file; only what the clip holds."""
    _refuse_rate(sequence, out)
    remarks = _missing(sequence, (*_EVERYWHERE, "camera", "light", "texture", "detail", "reference_image", "envelope"))
    arrays = {
        "expcode": _columns(_expression(sequence), 50, "expression", remarks),
        "posecode": _pose(sequence, model),
        "shapecode": _identity(sequence, 100, remarks),
        "texcode": None if sequence.texture is None else _columns(sequence.texture, 50, "texture", remarks),
        "detailcode": sequence.detail,
        "cam": sequence.camera,
        "lightcode": sequence.light,
        "refimg": None if sequence.reference_image is None else sequence.reference_image.transpose(2, 0, 1),
        "envelope": sequence.envelope,
    }
    out.mkdir()
    for name, array in arrays.items():
        if array is not None:
            np.save(out / f"{name}.npy", np.ascontiguousarray(array))
    _write_sound(sequence, out / "audio.wav")
    return [*remarks, _FLAME_2020]


def write_array(sequence: Sequence, out: Path, model: FlameModel | None) -> list[str]:
    """3DXTalker's training array (T, 284), shape 100, expression 50, pose 6, detail 128, and the sound beside it."""
    _refuse_rate(sequence, out)
    remarks = _missing(sequence, (*_EVERYWHERE, "detail"))
    shape = _identity(sequence, 100, remarks)
    parts = (
        np.zeros((sequence.frames, 100), np.float32) if shape is None else shape,
        _columns(_expression(sequence), 50, "expression", remarks),
        _pose(sequence, model),
        np.zeros((sequence.frames, 128), np.float32) if sequence.detail is None else sequence.detail,
    )
    for name, there in (("shape", shape), ("detail", sequence.detail)):
        if there is None:
            remarks.append(f"{sequence.name}: {_WORDS[name]} are not there, and zeros in the array.")
    np.save(out, np.concatenate(parts, axis=1))
    _write_sound(sequence, out.with_suffix(".wav"))
    return [*remarks, _FLAME_2020]


def write_webtalk(sequence: Sequence, out: Path, model: FlameModel | None) -> list[str]:
    """An .npz with exp (T, 100), pose (T, 6), shape (T, 100), the rate, and the sound beside it.

    Neck, eyes and translation go under VHAP's names, which WebTalk's own loader does not look for.
    """
    remarks = _missing(sequence, (*_EVERYWHERE, "neck", "eyes", "translation"))
    shape = _identity(sequence, 100, remarks)
    rate = int(sequence.fps) if sequence.fps == int(sequence.fps) else sequence.fps
    arrays = {
        "exp": _columns(_expression(sequence), 100, "expression", remarks),
        "pose": _pose(sequence, model),
        "shape": None if shape is None else shape.astype(np.float64),
        "neck_pose": sequence.neck,
        "eyes_pose": sequence.eyes,
        "translation": _translation(sequence, model),
    }
    more = [key for key in ("neck_pose", "eyes_pose", "translation") if arrays[key] is not None]
    if more:
        remarks.append(f"{sequence.name}: {', '.join(more)} are in the file; WebTalk's own loader does not read them.")
    there: dict[str, Any] = {key: array for key, array in arrays.items() if array is not None}
    np.savez(out, mocap_frame_rate=np.array(rate), **there)
    _write_sound(sequence, out.with_suffix(".wav"))
    return [*remarks, _FLAME_2020]


def write_gaussian_avatars(sequence: Sequence, out: Path, model: FlameModel | None) -> list[str]:
    """`flame_param/00000.npz` and so on, `canonical_flame_param.npz`, `transforms.json` of a steady camera, sound."""
    remarks = _missing(sequence, (*_EVERYWHERE, "neck", "eyes", "translation"))
    shape = sequence.identity("mean")
    if sequence.shape is not None and sequence.shape.ndim == 2 and (sequence.shape != sequence.shape[0]).any():
        remarks.append(f"{sequence.name}: the identity changes from frame to frame; its mean is in all of them.")
    zeros = np.zeros((sequence.frames, 6), np.float32)
    frames = {
        "translation": _or_zeros(_translation(sequence, model), zeros[:, :3]),
        "rotation": _or_zeros(sequence.global_rotation, zeros[:, :3]),
        "neck_pose": _or_zeros(sequence.neck, zeros[:, :3]),
        "jaw_pose": _or_zeros(sequence.jaw, zeros[:, :3]),
        "eyes_pose": _or_zeros(sequence.eyes, zeros),
        "expr": _columns(_expression(sequence), 100, "expression", remarks),
    }
    steady: dict[str, Any] = {
        "shape": _columns((np.zeros(1, np.float32) if shape is None else shape)[None], 300, "shape", remarks)[0],
        "static_offset": np.zeros((1, _TEETH_VERTICES, 3), np.float32),
    }
    (out / "flame_param").mkdir(parents=True)
    for index in range(sequence.frames):
        path = out / "flame_param" / f"{index:05d}.npz"
        own: dict[str, Any] = {key: array[index : index + 1] for key, array in frames.items()}
        np.savez_compressed(path, **own, **steady)
    rest: dict[str, Any] = {key: np.zeros_like(array[:1]) for key, array in frames.items()}
    rest["jaw_pose"] = np.array([_CANONICAL_JAW])
    np.savez_compressed(out / "canonical_flame_param.npz", **rest, **steady)
    (out / "transforms.json").write_text(json.dumps(_transforms(sequence.frames), indent=1), encoding="utf-8")
    _write_sound(sequence, out / f"{out.name}.wav")
    remarks.append(f"{out.name}: transforms.json has a steady camera and names no pictures, because the clip has none.")
    if sequence.fps != 30:
        remarks.append(f"{out.name}: runs at {sequence.fps:g} frames a second, which the layout does not say.")
    return [*remarks, _FLAME_2023]


WRITERS: Final[Mapping[str, Writer]] = {
    "3dxtalker": write_3dxtalker,
    "webtalk": write_webtalk,
    "gaussianavatars": write_gaussian_avatars,
    "array": write_array,
}


def _missing(sequence: Sequence, written: tuple[str, ...]) -> list[str]:
    """Say what the clip holds and the layout does not; refuse what would be another head."""
    if sequence.scale is not None and np.ptp(sequence.scale) == 0 and sequence.scale[0] == 1:
        written = (*written, "scale")
    lost = [_WORDS[name] for name in sequence.held() if name in _WORDS and name not in written]
    return [f"{sequence.name}: left out, because the layout has no place for it: {', '.join(lost)}."] if lost else []


def _refuse_rate(sequence: Sequence, out: Path) -> None:
    if abs(sequence.fps - _RATE) > 1e-3:
        raise UsageError(
            f"{out.name}: the clip runs at {sequence.fps:g} frames a second, and 3DXTalker's layouts are read at "
            f"{_RATE:g}; write an .npz for WebTalk, which says its rate."
        )


def _expression(sequence: Sequence) -> Floats:
    """Raises UsageError for vertices and for ARKit's units, which no layout of FLAME's codes can hold."""
    if sequence.expression is None:
        raise UsageError(f"{sequence.source}: holds vertices; fit codes to them by `xtalker fit` first.")
    if sequence.column_names:
        raise UsageError(
            f"{sequence.source}: holds ARKit's units, which are no FLAME codes; `xtalker arkit` writes them as a CSV."
        )
    return sequence.expression


def _columns(codes: Floats, width: int, name: str, remarks: list[str]) -> Floats:
    """(T, width) of codes: padded with zeros, or cut, which is said where it changes the face."""
    if codes.shape[1] > width and np.any(codes[:, width:]):
        remarks.append(f"only the first {width} of {codes.shape[1]} columns of the {name} have a place.")
    return np.pad(codes[:, :width], ((0, 0), (0, max(0, width - codes.shape[1]))))


def _identity(sequence: Sequence, width: int, remarks: list[str]) -> Floats | None:
    if sequence.shape is None:
        return None
    shape = sequence.shape if sequence.shape.ndim == 2 else sequence.shape[None]
    return np.broadcast_to(_columns(shape, width, "identity", remarks), (sequence.frames, width))


def _pose(sequence: Sequence, model: FlameModel | None) -> Floats:
    """(T, 6) root and jaw; zeros where the clip holds none."""
    _translation(sequence, model)  # refuses a head that turns about another point
    return sequence.pose()[:, [0, 1, 2, 6, 7, 8]]


def _translation(sequence: Sequence, model: FlameModel | None) -> Floats | None:
    """(T, 3) FLAME's translation. Raises UsageError where it hangs on a model and none is given."""
    if sequence.origin_rotation is None:
        return sequence.translation
    if model is None:
        raise UsageError(
            f"{sequence.name}: the head turns about the origin and FLAME's about its root joint, which hangs on the "
            "model; give the model that the codes were fitted with (--model)."
        )
    return translation_for(model, sequence, sequence.identity("mean"), expression_for(model, sequence))


def _or_zeros(array: Floats | None, zeros: Floats) -> Floats:
    return zeros if array is None else array


def _transforms(frames: int) -> dict[str, object]:
    """VHAP's list of pictures, for one camera a metre before the head."""
    camera = np.eye(4)
    camera[2, 3] = 1.0
    shared = {
        "camera_index": 0,
        "transform_matrix": camera.tolist(),
        "camera_angle_x": 2 * float(np.arctan(0.5 / _FOCAL)),
        "camera_angle_y": 2 * float(np.arctan(0.5 / _FOCAL)),
        "fl_x": _FOCAL * _SIDE,
        "fl_y": _FOCAL * _SIDE,
        "cx": _SIDE / 2,
        "cy": _SIDE / 2,
        "w": _SIDE,
        "h": _SIDE,
    }
    listed = [
        {"timestep_index": index, "flame_param_path": f"flame_param/{index:05d}.npz", **shared}
        for index in range(frames)
    ]
    return {"timestep_indices": list(range(frames)), "camera_indices": [0], "frames": listed}


def _write_sound(sequence: Sequence, out: Path) -> None:
    """The sound as it is where it is a WAV, else its samples, mono, as one. Raises AudioError."""
    if sequence.audio is None:
        return
    if sequence.audio.suffix.lower() == ".wav":
        with storage.open_file(sequence.audio) as file:
            out.write_bytes(file.read())
        return
    soundfile: Any = import_module("soundfile")
    samples, rate = read_mono(sequence.audio)
    soundfile.write(out, samples, rate, subtype="PCM_16")
