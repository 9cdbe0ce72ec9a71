"""Builds the software rasteriser's shared library with the package; all else is said in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).resolve().parent / "render_scripts"))
import build_rasteriser


class BuildWithRasteriser(build_py):
    def run(self) -> None:
        """Without a library XTalker works all the same, and draws with Blender's graphics."""
        platform = build_rasteriser.this_platform()
        if platform in build_rasteriser.TARGETS:
            try:
                build_rasteriser.build(platform)
            except (OSError, subprocess.CalledProcessError) as error:
                print(f"The software rasteriser is left out: {getattr(error, 'stderr', '') or error}", file=sys.stderr)
        super().run()


class WheelOfPlatform(bdist_wheel):
    """The library hangs on the machine, but on no version of Python."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


setup(cmdclass={"build_py": BuildWithRasteriser, "bdist_wheel": WheelOfPlatform})
