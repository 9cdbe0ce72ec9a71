"""Runs the tests that depend on ffmpeg with ffmpegs from the package index, each put first on PATH.

usage: test_ffmpegs.py PACKAGE==VERSION ...    packages that hold a program called ffmpeg-something
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = ("tests/batch/test_outputs.py", "tests/batch/test_gallery.py", "tests/render/video/test_writer.py")


def program_of(package: str) -> Path:
    """The folder that holds the package's program under the name `ffmpeg`; installed if it is not there yet."""
    folder = ROOT / "build" / "ffmpegs" / package
    link = folder / "bin" / "ffmpeg"
    if not link.is_file():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade"]
        subprocess.run([*pip, "--target", folder, package], check=True)
        (program,) = (p for p in folder.rglob("ffmpeg*") if p.is_file() and p.stat().st_size > 1 << 20)
        program.chmod(0o755)
        link.parent.mkdir(exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(program)
    return link.parent


def main(packages: list[str]) -> int:
    failed = []
    for package in packages:
        folder = program_of(package)
        version = subprocess.run([folder / "ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout
        print(f"== {package}: {version.splitlines()[0]}", flush=True)
        path = f"{folder}{os.pathsep}{os.environ['PATH']}"
        pytest = [sys.executable, "-m", "pytest", "-q", "--numprocesses", "auto", "--dist", "loadfile", *TESTS]
        if subprocess.run(pytest, cwd=ROOT, env={**os.environ, "PATH": path}).returncode:
            failed.append(package)
    print(f"Failed with {', '.join(failed)}" if failed else f"Passed with {len(packages)} ffmpegs")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
