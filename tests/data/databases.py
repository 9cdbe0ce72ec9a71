"""LMDB databases as DiffPoseTalk's scripts and UniLS' training write them, by the library itself."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import numpy as np
import pytest

from .layouts import Arrays, Written, flame_codes
from .sequences import speech

PIECE = 100  # frames in a record of TFHP


def write_database(folder: Path, records: dict[str, bytes]) -> Path:
    lmdb = pytest.importorskip("lmdb", reason="lmdb is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    with lmdb.open(str(folder), map_size=1 << 30) as database, database.begin(write=True) as transaction:
        for key, value in records.items():
            transaction.put(key.encode(), value)
    (folder / "lock.mdb").unlink()
    return folder


def tfhp_records(clips: dict[str, int]) -> tuple[dict[str, bytes], dict[str, Arrays]]:
    """Records of clips `<person>/<video>` with so many frames, and their codes and 16-bit sound."""
    import soundfile

    records, truth = {"metadata": pickle.dumps({"seg_len": PIECE}, pickle.HIGHEST_PROTOCOL)}, {}
    for seed, (name, frames) in enumerate(clips.items()):
        codes = flame_codes(frames, seed, shape=100, expression=50)
        shape = np.repeat(codes["shape"][None], frames, 0)
        pose = np.concatenate([codes["global_rotation"], codes["jaw"]], axis=1)
        sound = (speech(frames, np.random.default_rng(seed))[0] * 20000).astype(np.int16)[: 640 * frames]
        sound = np.pad(sound, (0, 640 * frames - len(sound)))
        records[f"{name}/metadata"] = pickle.dumps({"n_frames": frames}, pickle.HIGHEST_PROTOCOL)
        for index in range(-(-frames // PIECE)):
            rows = slice(index * PIECE, (index + 1) * PIECE)
            flac = io.BytesIO()
            soundfile.write(flac, sound[640 * rows.start : 640 * rows.stop], 16000, "PCM_16", format="FLAC")
            coef = {"shape": shape[rows], "exp": codes["expression"][rows], "pose": pose[rows]}
            piece = {"audio": flac.getvalue(), "coef": coef}
            records[f"{name}/{index:03d}"] = pickle.dumps(piece, pickle.HIGHEST_PROTOCOL)
        names = ("expression", "global_rotation", "jaw")
        truth[name] = {name: codes[name] for name in names} | {"shape": codes["shape"], "sound": sound}
    return records, truth


def write_tfhp(folder: Path, clips: dict[str, int] | None = None) -> dict[str, Arrays]:
    records, truth = tfhp_records(clips or {"TH_00000/000": 230, "TH_00000/001": 100, "RD_Radio1/012": 41})
    write_database(folder, records)
    (folder / "keys.txt").write_text("\n".join(truth))
    return truth


def write_unils(folder: Path, names: tuple[str, ...] = ("V00_S0039_I0001_P0062", "V00.S0039.P0063")) -> list[Written]:
    records, written = {}, []
    for seed, name in enumerate(names):
        codes = flame_codes(50, seed)
        parts = ("expression", "global_rotation", "jaw", "eyes")
        sound = np.sin(np.arange(50 * 640) * (0.05 + 0.01 * seed)).astype(np.float32) * 0.3
        rows = np.concatenate([codes[part] for part in parts], axis=1)
        file = io.BytesIO()
        np.savez(file, motioncode=rows, audio=sound, speech_mask=np.ones(50, bool))
        records[name] = file.getvalue()
        written.append(Written(folder / name, name, {part: codes[part] for part in parts}, {"sound": sound}))
    write_database(folder, records)
    return written
