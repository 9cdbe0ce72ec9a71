"""A word that settings of a script do not know is refused, not taken for a default."""

from __future__ import annotations

import pytest

from xtalker_addon.errors import UsageError
from xtalker_addon.render.settings import RenderSettings

WRONG = [
    ("engine", "workbnech"),
    ("look", "SH"),
    ("camera", None),
    ("crop", "smoothed"),
    ("device", "cuda"),
    ("skin", 1),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_word_that_settings_do_not_know(name, value):
    with pytest.raises(UsageError, match=f"RenderSettings: {name} is {value!r}; expected one of '"):
        RenderSettings(**{name: value})


def test_what_may_be_left_out(tmp_path):
    assert RenderSettings(look=None, device=None, texture=tmp_path, layout="sh,depth", fps=None).look is None


@pytest.mark.parametrize(("name", "value"), [("camera", "X"), ("look", "nope"), ("crop", "x"), ("identity", "average")])
def test_a_word_that_an_import_does_not_know(name, value):
    pytest.importorskip("bpy", reason="this Python has no Blender module")
    from xtalker_addon.blender.importer import ImportOptions

    with pytest.raises(UsageError, match=f"ImportOptions: {name} is {value!r}; expected one of '"):
        ImportOptions(**{name: value})
