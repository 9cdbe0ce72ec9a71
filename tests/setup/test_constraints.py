"""What `make` installs is pinned, whatever pyproject.toml asks for, on every supported Python."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LINES = [line for line in (ROOT / ".ci" / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# For environments of its own, whose numpy the Makefile names.
APART = {("lint", "numpy")}


def environment(python: str) -> dict[str, str]:
    return {"python_version": python, "python_full_version": f"{python}.1", "sys_platform": "linux", "extra": ""}


def pinned(python: str) -> dict[str, str]:
    pins: dict[str, str] = {}
    for requirement in map(Requirement, LINES):
        if requirement.marker is None or requirement.marker.evaluate(environment(python)):
            assert canonicalize_name(requirement.name) not in pins, f"{requirement.name} is pinned twice"
            pins[canonicalize_name(requirement.name)] = str(requirement.specifier)
    return pins


def asked(python: str) -> list[tuple[str, Requirement]]:
    groups = {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
    found = [(extra, Requirement(text)) for extra, texts in groups.items() for text in texts]
    return [
        (extra, requirement)
        for extra, requirement in found
        if requirement.marker is None or requirement.marker.evaluate(environment(python))
    ]


@pytest.mark.parametrize("python", ["3.11", "3.13"])
def test_all_that_is_asked_for_is_pinned_within_its_bounds(python):
    pins = pinned(python)
    for extra, requirement in asked(python):
        name = canonicalize_name(requirement.name)
        if (extra, name) in APART:
            continue
        assert name in pins, f"{requirement} of {extra or 'the project'}: run make constraints"
        assert requirement.specifier.contains(pins[name].removeprefix("==")), f"{requirement} and {name}{pins[name]}"


def test_every_pin_is_exact():
    assert [line for line in LINES if not re.fullmatch(r"[a-z0-9._-]+==[\w.]+( ; .+)?", line)] == []


def test_the_wheels_of_the_extension_are_the_pinned_ones():
    build = runpy.run_path(str(ROOT / "render_scripts" / "build_extension.py"))
    wanted = build["pinned"](build["REQUIREMENTS"])
    assert set(wanted) <= {line.partition(" ")[0] for line in LINES}
    assert any(re.fullmatch(r"soundfile==[\d.]+", pin) for pin in wanted)
