"""Small clips as the projects of this field write them, and what is true of each: names, axes and order as documented.

Every `write_...` returns the codes that the clip holds under the names of `Sequence`, float64, and the path to read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .sequences import smooth_motion, write_wav

Arrays = dict[str, np.ndarray]


@dataclass
class Written:
    """Where a clip was written, what it is called, and its codes."""

    path: Path
    name: str
    codes: Arrays
    extra: Arrays = field(default_factory=dict)


def flame_codes(frames: int, seed: int = 0, shape: int = 300, expression: int = 100) -> Arrays:
    """Codes of a clip with all joints moving and one identity, float32 values."""
    rng = np.random.default_rng(seed)
    widths = {
        "global_rotation": (3, 0.2),
        "neck": (3, 0.1),
        "jaw": (3, 0.1),
        "eyes": (6, 0.1),
        "translation": (3, 0.05),
    }
    codes = {name: smooth_motion(frames, width, rng) * size for name, (width, size) in widths.items()}
    codes["expression"] = smooth_motion(frames, expression, rng)
    codes["shape"] = rng.normal(0, 1, shape)
    return {name: array.astype(np.float32) for name, array in codes.items()}


def silence(path: Path, frames: int, fps: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_wav(path, np.zeros(round(frames / fps * 16_000)))


def _vhap(codes: Arrays) -> Arrays:
    return {
        "translation": codes["translation"],
        "rotation": codes["global_rotation"],
        "neck_pose": codes["neck"],
        "jaw_pose": codes["jaw"],
        "eyes_pose": codes["eyes"],
        "expr": codes["expression"],
    }


def write_flame_param(
    root: Path, frames: int = 12, names=None, sound_fps: float | None = None, cameras: int = 2
) -> Written:
    """VHAP's export: a file a frame below `flame_param`, the canonical pose, and pictures of each camera a moment.

    LAM takes the same, of one camera, and the sound beside.
    """
    codes = flame_codes(frames)
    folder = root / "flame_param"
    folder.mkdir(parents=True)
    for index in range(frames):
        row = {key: array[index : index + 1] for key, array in _vhap(codes).items()}
        offset = np.zeros((1, 53, 3), np.float32)
        name = names[index] if names else f"{index:05d}.npz"
        np.savez(folder / name, shape=codes["shape"], static_offset=offset, **row)
    still = {key: np.zeros_like(array[:1]) for key, array in _vhap(codes).items()}
    still["jaw_pose"] = np.array([[0.3, 0, 0]])
    np.savez(root / "canonical_flame_param.npz", shape=codes["shape"], static_offset=np.zeros((1, 53, 3)), **still)
    pictures = [
        {
            "timestep_index": index,
            "camera_index": camera,
            "file_path": f"images/{index:05d}_{camera:02d}.png",
            "flame_param_path": f"flame_param/{names[index] if names else f'{index:05d}.npz'}",
        }
        for camera in range(cameras)
        for index in range(frames)
    ]
    (root / "transforms.json").write_text(json.dumps({"camera_angle_x": 0.3, "frames": pictures}))
    if sound_fps:
        silence(root / f"{root.name}.wav", frames, sound_fps)
    return Written(folder, root.name, codes)


def write_vhap_tracker(path: Path, frames: int = 12) -> Written:
    """VHAP's tracker: all frames in one archive, with what the fit needed besides."""
    codes = flame_codes(frames)
    np.savez(
        path,
        **_vhap(codes),
        shape=codes["shape"],
        timestep_id=np.array([f"{index:05d}" for index in range(frames)]),
        n_processed_frames=np.array(frames),
        focal_length=np.array([2.0]),
        tex_extra=np.zeros((3, 8, 8), np.float32),
        lights=np.zeros((9, 3), np.float32),
        static_offset=np.zeros((1, 53, 3), np.float32),
        image_size=np.array([512, 512]),
    )
    return Written(path, path.stem, codes)


def write_nha(path: Path, frames: int = 12) -> Written:
    """neural-head-avatars: the tracker's codes, one code of the skin, DECA's light, and the pictures' cameras."""
    codes = flame_codes(frames)
    rng = np.random.default_rng(7)
    codes["light"] = rng.normal(size=(frames, 9, 3)).astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        path,
        **_vhap(codes),
        shape=codes["shape"],
        light=codes["light"],
        texture=rng.normal(size=50).astype(np.float32),
        frame=np.arange(frames),
        view=np.zeros(frames, np.int64),
        n_processed=np.array(frames),
        K=np.tile(np.eye(3), (frames, 1, 1)),
        RT=np.tile(np.eye(4)[:3], (frames, 1, 1)),
    )
    return Written(path, path.parent.name, codes)


def write_trained_avatar(root: Path, frames: int = 12, iterations: int = 600_000, offset: float = 0.0) -> Written:
    """GaussianAvatars: what training made of the tracked codes, beside the avatar's points; offset: of vertices."""
    codes = flame_codes(frames)
    path = root / "point_cloud" / f"iteration_{iterations}" / "flame_param.npz"
    path.parent.mkdir(parents=True)
    static = np.random.default_rng(6).normal(0, 1, (1, 5143, 3)).astype(np.float32) * np.float32(offset)
    dynamic = np.zeros((frames, 5143, 3), np.float32)
    np.savez(path, shape=codes["shape"], static_offset=static, dynamic_offset=dynamic, **_vhap(codes))
    (path.parent / "point_cloud.ply").write_bytes(b"ply\n")
    return Written(path, f"{root.name}_{path.parent.name}", codes, {"offset": static[0]})


def write_lam_json(path: Path, frames: int = 12) -> Written:
    """LAM: expressions as records, and none of the first frame, which is shown with the second's."""
    codes = flame_codes(frames)
    data = {key: array.tolist() for key, array in _vhap(codes).items()}
    data["expr"] = [{f"expr{i}": float(value) for i, value in enumerate(row)} for row in codes["expression"][1:]]
    data["shape"] = codes["shape"].tolist()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))
    codes["expression"][0] = codes["expression"][1]
    return Written(path, path.parent.name, codes)


def write_flame_head_tracker(folder: Path, frames: int = 12) -> Written:
    """flame-head-tracker: names without zeros in front, the head's pose in the camera alone. extra: its cameras."""
    codes = flame_codes(frames)
    cameras = np.concatenate([codes["global_rotation"], codes["translation"] + (0, 0, 1)], axis=1).astype(np.float32)
    folder.mkdir(parents=True)
    for index in range(frames):
        row = {key: codes[name][index : index + 1] for key, name in (("exp", "expression"), ("jaw_pose", "jaw"))}
        row |= {"neck_pose": codes["neck"][index : index + 1], "eye_pose": codes["eyes"][index : index + 1]}
        np.savez(
            folder / f"{index}.npz",
            shape=codes["shape"][None],
            head_pose=np.zeros((1, 3), np.float32),
            tex=np.zeros((1, 50), np.float32),
            light=np.ones((1, 9, 3), np.float32),
            cam=cameras[index : index + 1],
            fov=np.array([20.0]),
            K=np.eye(3)[None],
            img=np.zeros((4, 4, 3), np.uint8),
            parsing=np.zeros((4, 4), np.uint8),
            lmks_68=np.zeros((68, 2)),
            **row,
        )
    del codes["global_rotation"], codes["translation"]
    return Written(folder, folder.name, codes, {"cameras": cameras.astype(np.float64)})


def write_emoca_results(root: Path, frames: int = 12, inferno: bool = False) -> Written:
    """EMOCA's folder a frame, identity fitted anew in each; inferno adds camera and light."""
    codes = flame_codes(frames, shape=100, expression=50)
    rng = np.random.default_rng(1)
    codes["shape"] = (codes["shape"] + 0.1 * rng.normal(size=(frames, 100))).astype(np.float32)
    codes |= {"texture": rng.normal(size=(frames, 50)), "detail": rng.normal(size=(frames, 128))}
    if inferno:
        codes |= {"camera": np.tile((8.0, 0, 0.02), (frames, 1)), "light": rng.normal(size=(frames, 9, 3))}
    for index in range(frames):
        folder = root / "results" / f"{index:06d}_000"
        folder.mkdir(parents=True)
        pose = np.concatenate([codes["global_rotation"][index], codes["jaw"][index]])
        files = {"shape": codes["shape"][index], "exp": codes["expression"][index], "pose": pose}
        files |= {"tex": codes["texture"][index], "detail": codes["detail"][index]}
        if inferno:
            files |= {"cam": codes["camera"][index], "lightcode": codes["light"][index]}
        for name, array in files.items():
            np.save(folder / f"{name}.npy", array.astype(np.float32))
        (folder / "geometry_detail.png").write_bytes(b"\x89PNG\r\n")
    for name in ("neck", "eyes", "translation"):
        del codes[name]
    return Written(root / "results", root.name, codes)


def write_deca_json(path: Path, frames: int = 12) -> Written:
    """DECA's codes as IMavatar's preparation writes them: records that count from 1, batches of one."""
    codes = flame_codes(frames, shape=100, expression=50)
    codes["camera"] = np.tile(np.float32((8.0, 0, 0.02)), (frames, 1))
    data = {
        str(index + 1): {
            "shape": [codes["shape"].tolist()],
            "exp": [codes["expression"][index].tolist()],
            "pose": [np.concatenate([codes["global_rotation"][index], codes["jaw"][index]]).tolist()],
            "cam": [codes["camera"][index].tolist()],
        }
        for index in range(frames)
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))
    for name in ("neck", "eyes", "translation"):
        del codes[name]
    return Written(path, path.parent.name, codes)


def _full_pose(codes: Arrays) -> np.ndarray:
    return np.concatenate([codes[name] for name in ("global_rotation", "neck", "jaw", "eyes")], axis=1)


def write_imavatar_json(path: Path, frames: int = 12) -> Written:
    """IMavatar, PointAvatar: a list of frames by their pictures, all five joints in one pose."""
    codes = flame_codes(frames, shape=100, expression=50)
    pose = _full_pose(codes)
    data = {
        "frames": [
            {
                "file_path": f"./image/{index + 1}",
                "world_mat": np.eye(4)[:3].tolist(),
                "expression": codes["expression"][index].tolist(),
                "pose": pose[index].tolist(),
                "bbox": [0, 0, 1, 1],
                "flame_keypoints": [[0, 0]] * 68,
            }
            for index in range(frames)
        ],
        "shape_params": codes["shape"].tolist(),
        "intrinsics": [-10, 10, 0.5, 0.5],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))
    del codes["translation"]
    return Written(path, path.parent.name, codes)


def write_hravatar_json(path: Path, frames: int = 12) -> Written:
    """HRAvatar: records by the names of their pictures, with eyelids."""
    codes = flame_codes(frames, shape=100, expression=50)
    codes["eyelids"] = np.abs(smooth_motion(frames, 2, np.random.default_rng(2))).astype(np.float32)
    pose = _full_pose(codes)
    data = {
        f"{index}.png": {
            "fullposecode": pose[index].tolist(),
            "expcode": codes["expression"][index].tolist(),
            "eyelids": codes["eyelids"][index].tolist(),
            "translation": codes["translation"][index].tolist(),
        }
        for index in range(frames)
    }
    data |= {"shapecode": codes["shape"].tolist(), "intrinsics": [1, 1, 0, 0], "world_mat": np.eye(4)[:3].tolist()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))
    return Written(path, path.parent.name, codes)


def euler_xyz(angles: np.ndarray) -> np.ndarray:
    """(T, 3, 3) of turns about z, then y, then x: Rx Ry Rz, each matrix written out."""
    zero, one = np.zeros(len(angles)), np.ones(len(angles))
    (sx, sy, sz), (cx, cy, cz) = np.sin(angles).T, np.cos(angles).T
    x = np.stack([one, zero, zero, zero, cx, -sx, zero, sx, cx], 1).reshape(-1, 3, 3)
    y = np.stack([cy, zero, sy, zero, one, zero, -sy, zero, cy], 1).reshape(-1, 3, 3)
    z = np.stack([cz, -sz, zero, sz, cz, zero, zero, zero, one], 1).reshape(-1, 3, 3)
    return x @ y @ z


def write_nersemble(path: Path, frames: int = 12, matrices: bool = True) -> Written:
    """nersemble-benchmark: Euler angles, and the same as matrices; turned, enlarged and moved about the origin."""
    codes = flame_codes(frames)
    angles = smooth_motion(frames, 3, np.random.default_rng(3)) * 0.5
    turn = euler_xyz(angles)
    arrays = {
        "shape": codes["shape"][None],
        "expression": codes["expression"],
        "rotation": angles.astype(np.float32),
        "translation": codes["translation"],
        "jaw": codes["jaw"],
        "neck": codes["neck"],
        "eyes": codes["eyes"],
        "scale": np.array([[1.2]], np.float32),
        "frames": np.arange(frames),
    }
    if matrices:
        arrays["rotation_matrices"] = turn
    np.savez(path, **arrays)
    return Written(path, path.stem, codes, {"turn": turn, "scale": np.full(frames, 1.2)})


def write_cap4d(path: Path, frames: int = 12, fps: float = 24.0) -> Written:
    """CAP4D: 64 expressions and a blink; a turn about the origin over one of the root joint; one turn for both eyes."""
    codes = flame_codes(frames, shape=150, expression=64)
    codes["eyes"] = np.tile(codes["eyes"][:, :3], (1, 2))
    rng = np.random.default_rng(4)
    codes["eyelids"] = np.repeat(np.abs(smooth_motion(frames, 1, rng)), 2, axis=1).astype(np.float32)
    outer = (smooth_motion(frames, 3, rng) * 0.4).astype(np.float32)
    np.savez(
        path,
        shape=codes["shape"],
        expr=np.concatenate([codes["expression"], codes["eyelids"][:, :1]], axis=1),
        rot=outer,
        tra=codes["translation"],
        neck_rot=codes["neck"],
        eye_rot=codes["eyes"][:, :3],
        jaw_rot=codes["jaw"],
        fx=np.array([[1.0]]),
        fy=np.array([[1.0]]),
        cx=np.array([[0.5]]),
        cy=np.array([[0.5]]),
        extr=np.eye(4)[None],
        fps=np.array(fps),
        resolutions=np.array([[512, 512]]),
    )
    return Written(path, path.stem, codes, {"outer": outer})


def write_show(path: Path, frames: int = 12) -> Written:
    """SHOW's body in SMPL-X, its pelvis turned upside down as a camera sees it."""
    codes = flame_codes(frames)
    rng = np.random.default_rng(5)
    body = smooth_motion(frames, 63, rng) * 0.1
    codes["global_rotation"], codes["neck"] = body[:, 33:36], body[:, 42:45]
    np.savez(
        path,
        expression=codes["expression"],
        jaw_pose=codes["jaw"],
        betas=codes["shape"][None],
        global_orient=np.tile((np.pi, 0.0, 0.0), (frames, 1, 1)),
        transl=codes["translation"],
        leye_pose=codes["eyes"][:, :3],
        reye_pose=codes["eyes"][:, 3:],
        body_pose_axis=body,
        left_hand_pose=np.zeros((frames, 12)),
        right_hand_pose=np.zeros((frames, 12)),
        camera_transl=np.zeros((1, 3)),
    )
    del codes["shape"], codes["translation"]
    return Written(path, path.stem, codes)
