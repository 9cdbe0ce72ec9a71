"""Builds the software rasteriser's shared libraries with the clang of the package ziglang, for any platform from any.

usage: build_rasteriser.py [PLATFORM ...]    without one: for this machine; `all`: for each that the extension runs on
       build_rasteriser.py --sanitized FOLDER    for this machine, into FOLDER, so that it stops at undefined behaviour

What is up to date is not built again: a library holds the sum of what made it.
"""

import argparse
import hashlib
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

CPU = Path(__file__).resolve().parent.parent / "xtalker_addon" / "render" / "cpu"
SOURCES = CPU / "source"
LIBRARIES = CPU / "lib"

# As Blender calls its platforms: clang's target, and the suffix of a shared library.
TARGETS = {
    "linux-x64": ("x86_64-linux-gnu.2.28", ".so"),
    "linux-arm64": ("aarch64-linux-gnu.2.28", ".so"),
    "windows-x64": ("x86_64-windows-gnu", ".dll"),
    "windows-arm64": ("aarch64-windows-gnu", ".dll"),
    "macos-x64": ("x86_64-macos.11.0", ".dylib"),
    "macos-arm64": ("aarch64-macos.11.0", ".dylib"),
}
# Nothing is contracted or reordered, so that every library gives the same pictures.
FLAGS = ("-std=c11", "-O3", "-ffp-contract=off", "-fno-math-errno", "-fvisibility=hidden", "-Wall", "-Wextra")
FLAGS += ("-Wno-psabi", "-shared", "-s")
SANITIZED = ("-O1", "-fsanitize=undefined,float-divide-by-zero,float-cast-overflow", "-fsanitize-trap=all")
WIDE = "-mcpu=x86_64+avx2"

SYSTEMS = {"linux": "linux", "win32": "windows", "darwin": "macos"}
PROCESSORS = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Builds the software rasteriser's shared libraries.")
    parser.add_argument("platforms", nargs="*", help=f"all, or some of {', '.join(TARGETS)} (default: this machine's)")
    parser.add_argument(
        "--sanitized", type=Path, metavar="FOLDER", help="stop at undefined behaviour; build into FOLDER"
    )
    options = parser.parse_args(arguments)
    wanted = options.platforms or [this_platform()]
    wanted = list(TARGETS) if wanted == ["all"] else wanted
    unknown = [name for name in wanted if name not in TARGETS]
    if unknown:
        print(f"The rasteriser is not built for {', '.join(unknown)}, but for {', '.join(TARGETS)}.", file=sys.stderr)
        return 2
    try:
        for name in wanted:
            build(name, options.sanitized or LIBRARIES, SANITIZED if options.sanitized else ())
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"The rasteriser cannot be built: {getattr(error, 'stderr', '') or error}", file=sys.stderr)
        return 4
    return 0


def this_platform() -> str:
    """Blender's name of this machine's platform, or one that is not known."""
    machine = platform.machine().lower()
    return f"{SYSTEMS.get(sys.platform, sys.platform)}-{PROCESSORS.get(machine, machine)}"


def build(name: str, folder: Path = LIBRARIES, more: Sequence[str] = ()) -> list[Path]:
    """Builds the libraries of one platform, where they are not up to date: one for any processor, one with AVX2.

    Raises OSError or subprocess.CalledProcessError where clang does not run or does not compile.
    """
    target, suffix = TARGETS[name]
    kinds = {"": ()} | ({"-avx2": (WIDE,)} if name.endswith("-x64") else {})
    flags = ("-target", target, *FLAGS, *(() if "windows" in name else ("-fPIC",)), *more)
    made = []
    for kind, special in kinds.items():
        library = folder / f"raster-{name}{kind}{suffix}"
        compile_library(library, (*flags, *special))
        made.append(library)
    return made


def compile_library(library: Path, flags: Sequence[str]) -> None:
    """Compiles all sources to `library`, which appears complete; not where what made it is the same as now."""
    said = hashlib.sha256(" ".join(flags).encode())
    for source in sorted(SOURCES.iterdir()):
        said.update(source.read_bytes())
    made_of = said.hexdigest()
    if library.is_file() and made_of.encode() in library.read_bytes():
        return
    library.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=library.parent) as folder:
        new = Path(folder, library.name)
        command = [sys.executable, "-m", "ziglang", "cc", *flags, f'-DMADE_OF="{made_of}"', "-o", str(new)]
        sources = sorted(map(str, SOURCES.glob("*.c")))
        subprocess.run([*command, *sources], check=True, capture_output=True, text=True)
        new.replace(library)


if __name__ == "__main__":
    sys.exit(main())
