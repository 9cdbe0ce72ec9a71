"""Names the system libraries that Blender's module needs and this machine lacks, before anything tries to import it."""

import ctypes
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

# What Debian and Ubuntu call the packages that hold them.
DEBIAN_PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libICE.so.6": "libice6",
    "libSM.so.6": "libsm6",
    "libX11.so.6": "libx11-6",
    "libXext.so.6": "libxext6",
    "libXfixes.so.3": "libxfixes3",
    "libXi.so.6": "libxi6",
    "libXrender.so.1": "libxrender1",
    "libXxf86vm.so.1": "libxxf86vm1",
    "libgomp.so.1": "libgomp1",
    "libstdc++.so.6": "libstdc++6",
    "libxkbcommon.so.0": "libxkbcommon0",
}


def missing_in(ldd_output: str) -> set[str]:
    """Returns the libraries that `ldd` reports as not found."""
    return set(re.findall(r"^\s*(\S+) => not found", ldd_output, flags=re.MULTILINE))


def loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def sentence(missing: set[str]) -> str:
    """Says what is missing and how to get it."""
    message = f"Blender's Python module needs system libraries that this machine lacks: {', '.join(sorted(missing))}"
    packages = sorted({DEBIAN_PACKAGES[library] for library in missing if library in DEBIAN_PACKAGES})
    return f"{message}; on Debian or Ubuntu: apt-get install {' '.join(packages)}." if packages else f"{message}."


def main() -> int:
    if sys.platform != "linux":
        return 0
    spec = importlib.util.find_spec("bpy")
    if spec is None or spec.origin is None:
        print("Blender's Python module (bpy) is not installed for this Python.", file=sys.stderr)
        return 1
    ldd = subprocess.run(["ldd", Path(spec.origin)], capture_output=True, text=True, check=False)
    missing = missing_in(ldd.stdout)
    if not loads("libEGL.so.1"):  # opened by Blender itself when it draws without a screen
        missing.add("libEGL.so.1")
    if missing:
        print(sentence(missing), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
