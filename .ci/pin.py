"""Writes constraints.txt beside it: the exact versions that `make` installs. Needs uv, which nothing else does.

usage: pin.py [--upgrade]     without --upgrade, what is pinned stays as it is where it still fits
       pin.py --oldest FILE   writes the oldest versions that pyproject.toml allows to FILE instead, for Python 3.11
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
PINS = HERE / "constraints.txt"
HEAD = """\
# The exact versions that `make` installs on every supported Python. Written by `make constraints`.
# Not in it: what only torch's CUDA build needs, and NumPy 2 for what runs apart from Blender 4.5 (see the Makefile).
"""
# With numpy as each Blender has it. Blender's long-term releases; torch as there are CPU builds of it; what builds the
# package, with the compiler that pyproject.toml names.
TOGETHER = ("blender", "test", "test-torch", "batch", "evaluate", "hdf5", "verify-torch")
FIXED = "bpy==5.2.*; python_version == '3.13'\ntorch==2.13.0\nsetuptools\nziglang==0.17.*\n"
# In environments of their own, with NumPy 2 on both Pythons.
APART = ("lint",)
ALONE = "body-models>=0.26\n"

BOTH = "python_full_version < '3.12' or python_full_version == '3.13.*'"
CUDA = re.compile(r"(nvidia|cuda|triton)\b")


def resolve(extras: tuple[str, ...], more: str, constraints: str, *options: str) -> list[str]:
    """The lines of a resolution."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--python-version", "3.11", "--no-annotate"]
    command += ["--no-header", "--no-emit-find-links", "--no-emit-index-url", "--no-emit-package", "xtalker", *options]
    command += [word for extra in extras for word in ("--extra", extra)]
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder, "constraints.txt")
        kept.write_text(constraints)
        command += ["--constraint", str(kept), str(HERE.parent / "pyproject.toml"), "-"]
        done = subprocess.run(command, input=more, stdout=subprocess.PIPE, text=True, check=True)
    return [simplified(line) for line in done.stdout.splitlines() if not CUDA.match(line)]


def simplified(line: str) -> str:
    """A line without the marker that all supported Pythons fulfil."""
    line = line.replace(f" ; {BOTH}", "") if line.endswith(BOTH) else line.replace(f"({BOTH}) and ", "")
    return line.replace("python_full_version < '3.12'", "python_full_version == '3.11.*'")


def without_numpy(lines: Iterable[str]) -> list[str]:
    return [line for line in lines if not line.startswith("numpy==")]


def newest(keep: str) -> list[str]:
    """What fits together on every supported Python."""
    together = resolve(TOGETHER, FIXED, keep, "--universal")
    apart = resolve(APART, ALONE, "\n".join(without_numpy(together)), "--universal")
    # flame-pytorch asks for the versions of its time: what it really needs is what smplx needs.
    return sorted({*together, *without_numpy(apart), "flame-pytorch==0.0.1"})


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--oldest"]:
        lines = resolve(TOGETHER, FIXED, "", "--resolution", "lowest-direct")
        Path(arguments[1]).write_text("\n".join([*lines, "flame-pytorch==0.0.1"]) + "\n")
        return
    keep = PINS.read_text() if PINS.is_file() and "--upgrade" not in arguments else ""
    PINS.write_text(HEAD + "\n".join(newest(keep)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
