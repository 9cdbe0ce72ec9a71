"""Small clips as projects pickle them, or keep them in arrays known by their width; see `layouts`."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.data.layouts import Written, flame_codes
from xtalker_addon.core.motion.rotation import matrix_from_axis_angle

WIDTHS = {
    "ARTalk": (("expression", 100), ("global_rotation", 3), ("jaw", 3)),
    "UniLS": (("expression", 100), ("global_rotation", 3), ("jaw", 3), ("eyes", 6)),
    "SingingHead": (("expression", 50), ("global_rotation", 3), ("neck", 3), ("jaw", 3)),
    "3DMEAD": (("shape", 300), ("expression", 100), ("jaw", 3)),
    "video": (("shape", 100), ("expression", 50), ("jaw", 3), ("global_rotation", 3), ("translation", 3)),
}


def rows_of(project: str, frames: int = 9, seed: int = 0) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(T, n) float32 in a project's order of columns, and the codes."""
    parts = dict(WIDTHS[project])
    codes = flame_codes(frames, seed, parts.get("shape", 300), parts["expression"])
    codes["shape"] = np.repeat(codes["shape"][None], frames, 0)
    codes = {name: codes[name] for name in parts}
    return np.concatenate([codes[name] for name in parts], axis=1), codes


def six_d(axis_angle: np.ndarray) -> np.ndarray:
    """(T, 6) first two rows of the matrices of (T, 3), or (T, 12) of (T, 6): PyTorch3D's."""
    turns = matrix_from_axis_angle(axis_angle.reshape(len(axis_angle), -1, 3))
    return turns[..., :2, :].reshape(len(axis_angle), -1).astype(np.float32)


def write_vibes(path: Path, frames: int = 9) -> Written:
    codes = flame_codes(frames)
    codes = {name: codes[name] for name in ("global_rotation", "jaw", "expression")}
    rows = (six_d(codes["global_rotation"]), six_d(codes["jaw"]), codes["expression"])
    np.save(path, np.concatenate(rows, axis=1))
    return Written(path, path.stem, codes)


def write_emote(path: Path, frames: int = 9) -> Written:
    """EMOTE's `flame_<name>.pkl`."""
    codes = flame_codes(frames, shape=100, expression=50)
    shape = np.repeat(codes["shape"][None], frames, 0)
    content = {"shape": shape, "expression": codes["expression"], "jaw_pose": codes["jaw"]}
    content["global_pose"] = codes["global_rotation"]
    _dump(content, path)
    names = ("expression", "jaw", "global_rotation")
    return Written(path, path.stem, {"shape": shape, **{name: codes[name] for name in names}})


def write_dejavu(path: Path, frames: int = 9) -> Written:
    """gaussian-dejavu: a dictionary in an .npy."""
    codes = flame_codes(frames)
    np.save(path, {"exp": codes["expression"], "jaw": codes["jaw"], "fps": 30}, allow_pickle=True)
    return Written(path, path.stem, {name: codes[name] for name in ("expression", "jaw")})


def write_show_pickle(path: Path, frames: int = 9, extra: object = None) -> Written:
    codes = flame_codes(frames)
    rng = np.random.default_rng(5)
    body = rng.normal(0, 0.1, (frames, 63)).astype(np.float32)
    content = {
        "expression": codes["expression"],
        "jaw_pose": codes["jaw"],
        "betas": rng.normal(size=(1, 300)),
        "global_orient": np.full((frames, 1, 3), [np.pi, 0, 0]),
        "transl": codes["translation"],
        "leye_pose": codes["eyes"][:, :3],
        "reye_pose": codes["eyes"][:, 3:],
        "body_pose_axis": body,
        "left_hand_pose": np.zeros((frames, 12)),
        "right_hand_pose": np.zeros((frames, 12)),
        "camera_transl": np.zeros((frames, 3)),
    }
    if extra is not None:
        content["losses_to_log"] = extra
    _dump(content, path)
    shown = {name: codes[name] for name in ("expression", "jaw", "eyes")}
    return Written(path, path.stem, {**shown, "global_rotation": body[:, 33:36], "neck": body[:, 42:45]})


def write_gagavatar(path: Path, frames: int = 12) -> Written:
    """GAGAvatar_track's `smoothed.pkl`: a dictionary a frame, whose names do not sort as their numbers do."""
    codes = flame_codes(frames)
    rotation = matrix_from_axis_angle(codes["global_rotation"])
    view = np.diag([-1.0, 1.0, -1.0])  # FLAME's axes from a PyTorch3D camera's
    content = {}
    for frame in range(frames):
        moved = 5 * (view @ codes["translation"][frame]) + (0, 0, 12)
        transform = np.concatenate([rotation[frame].T @ view, moved[:, None]], axis=1)
        content[f"video_{frame}"] = {
            "bbox": np.zeros(4, np.float32),
            "shapecode": codes["shape"],
            "expcode": codes["expression"][frame],
            "posecode": np.concatenate([np.zeros(3, np.float32), codes["jaw"][frame]]),
            "eyecode": codes["eyes"][frame],
            "transform_matrix": transform.astype(np.float32),
        }
    _dump(content, path)
    codes["origin_rotation"] = codes["global_rotation"]
    codes["translation"] = codes["translation"] - codes["translation"].mean(0)
    return Written(path, path.stem, {name: codes[name] for name in codes if name != "neck"})


def write_ehm(folder: Path, frames: int = 9) -> Written:
    """EHM-Tracker's `optim_tracking_flame.pkl`, with what all frames share beside it."""
    codes = flame_codes(frames)
    lids = np.linspace(0, 1, 2 * frames).reshape(frames, 2).astype(np.float32)
    content = {}
    for frame in range(frames):
        coefficients = {
            "pose_params": codes["global_rotation"][frame : frame + 1],
            "expression_params": codes["expression"][frame : frame + 1],
            "jaw_params": codes["jaw"][frame : frame + 1],
            "eye_pose_params": codes["eyes"][frame : frame + 1],
            "eyelid_params": lids[frame : frame + 1],
            "cam": np.ones((1, 3), np.float32),
            "camera_RT_params": np.zeros((1, 3, 4), np.float32),
        }
        content[f"frame_{frame:06d}"] = {"flame_coeffs": coefficients, "smplx_coeffs": {"exp": np.zeros((1, 50))}}
    folder.mkdir(parents=True)
    _dump(content, folder / "optim_tracking_flame.pkl")
    _dump({"flame_shape": codes["shape"][None], "smplx_shape": np.zeros((1, 200))}, folder / "id_share_params.pkl")
    names = ("global_rotation", "expression", "jaw", "eyes", "shape")
    return Written(folder / "optim_tracking_flame.pkl", "", {"eyelids": lids, **{name: codes[name] for name in names}})


def write_tracker_frames(folder: Path, frames: int = 12, pixel3dmm: bool = False) -> Written:
    """metrical-tracker's or Pixel3DMM's `checkpoint` folder; torch.save's archive, whose arrays are numpy's."""
    codes = flame_codes(frames)
    lids = np.linspace(0, 1, 2 * frames).reshape(frames, 2).astype(np.float32)
    rotation = matrix_from_axis_angle(codes["global_rotation"])
    view = np.diag([-1.0, 1.0, -1.0])
    folder.mkdir(parents=True)
    for frame in range(frames):
        one = slice(frame, frame + 1)
        flame = {
            "exp": codes["expression"][one],
            "shape": codes["shape"][None],
            "eyes": six_d(codes["eyes"][one]),
            "eyelids": lids[one],
            "jaw": six_d(codes["jaw"][one]),
        }
        if pixel3dmm:
            flame["neck"], flame["R"] = six_d(codes["neck"][one]), six_d(codes["global_rotation"][one])
            flame["R_rotation_matrix"], flame["t"] = rotation[one], codes["translation"][one]
            camera = {"R_base_0": np.eye(3)[None], "t_base_0": np.zeros((1, 3)), "fl": np.ones((1, 1))}
        else:
            flame |= {"tex": np.zeros((1, 140)), "sh": np.zeros((1, 9, 3))}
            rows = (rotation[frame].T @ view)[:2].reshape(1, 6)
            camera = {"R": rows, "t": (view @ codes["translation"][frame] + (0, 0, 1))[None]}
        content = {"flame": flame, "camera": camera, "img_size": np.array([512, 512]), "frame_id": f"{frame:05d}"}
        with zipfile.ZipFile(folder / f"{frame:05d}.frame", "w") as archive:
            archive.writestr(f"{frame:05d}/data.pkl", pickle.dumps(content, 2))
            archive.writestr(f"{frame:05d}/version", "3\n")
    codes["eyelids"], codes["origin_rotation"] = lids, codes["global_rotation"]
    if not pixel3dmm:
        codes["translation"] = codes["translation"] - codes["translation"].mean(0)
        codes.pop("neck")
    return Written(folder, folder.parent.name, codes)


def _dump(content: object, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        pickle.dump(content, file)


def write_safetensors(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """By the format's description: the header's length, the header, the numbers."""
    header, data = {"__metadata__": {"format": "np"}}, b""
    for key, array in arrays.items():
        raw = np.ascontiguousarray(array, "<f4").tobytes()
        header[key] = {"dtype": "F32", "shape": array.shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def write_3dmead(folder: Path, frames: int = 9, hickle: bool = False) -> Written:
    """`shape_pose_cam.hdf5` and `appearance.hdf5`; the first version lay in hickle's groups, with quoted names."""
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    codes = flame_codes(frames)
    shape = np.repeat(codes["shape"][None], frames, 0)
    files = {
        "shape_pose_cam": {
            "shape": shape,
            "exp": codes["expression"],
            "jaw": codes["jaw"],
            "global_pose": codes["global_rotation"],
            "cam": np.tile(np.float32((8, 0, 0)), (frames, 1)),
        },
        "appearance": {
            "tex": np.zeros((frames, 50)),
            "light": np.ones((frames, 9, 3)),
            "detail": np.ones((frames, 128)),
        },
    }
    folder.mkdir(parents=True)
    for name, arrays in files.items():
        with h5py.File(folder / f"{name}.hdf5", "w") as file:
            for key, array in arrays.items():
                file[f"data/'{key}'/data" if hickle else key] = array[None]
    names = ("expression", "jaw", "global_rotation")
    return Written(
        folder / "shape_pose_cam.hdf5", folder.name, {"shape": shape, **{name: codes[name] for name in names}}
    )
