"""A machine without the system libraries of Blender's module says which, and which packages bring them."""

import runpy
from pathlib import Path

CHECK = runpy.run_path(str(Path(__file__).parents[2] / ".ci" / "check_libraries.py"))

LDD = """\
\tlinux-vdso.so.1 (0x00007f8567bf6000)
\tlibtbb.so.12 => /venv/bpy/lib/libtbb.so.12 (0x00007f8567b81000)
\tlibXi.so.6 => not found
\tlibfoo_bar.so.2.4 => not found
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f854181e000)
\tlibXi.so.6 => not found
\t/lib64/ld-linux-x86-64.so.2 (0x00007f8567bf8000)
"""


def test_every_library_that_ldd_does_not_find_is_named_once():
    assert CHECK["missing_in"](LDD) == {"libXi.so.6", "libfoo_bar.so.2.4"}


def test_the_sentence_names_libraries_and_the_packages_that_are_known():
    assert CHECK["sentence"]({"libXi.so.6", "libEGL.so.1", "libfoo_bar.so.2.4"}) == (
        "Blender's Python module needs system libraries that this machine lacks: libEGL.so.1, libXi.so.6, "
        "libfoo_bar.so.2.4; on Debian or Ubuntu: apt-get install libegl1 libxi6."
    )


def test_no_package_is_guessed():
    assert CHECK["sentence"]({"libfoo_bar.so.2.4"}).endswith("lacks: libfoo_bar.so.2.4.")


def test_a_library_that_is_not_there_does_not_load():
    assert CHECK["loads"]("libc.so.6")
    assert not CHECK["loads"]("libxtalker_has_none.so.1")
