"""Takes of Live Link Face by menu, drop and browser, and the button that writes one."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.data.unit_tables import face, write_table
from xtalker_addon.blender.head import head_of, heads_in
from xtalker_addon.blender.material import look_of
from xtalker_addon.core.formats import read_sequence
from xtalker_addon.ui.import_operator import XTALKER_FH_sequence


@pytest.fixture
def take(tmp_path):
    return write_table(tmp_path / "take.csv", face(np.random.default_rng(0), 6))


def import_take(take, **options):
    return bpy.ops.xtalker.import_sequence(directory=str(take.parent), files=[{"name": take.name}], **options)


def test_a_take_comes_in_by_the_menu_and_goes_out_by_the_button(tmp_path, take, capfd):
    assert import_take(take, use_arkit=True) == {"FINISHED"}
    (rig,) = heads_in(bpy.context.scene)
    assert bpy.context.scene.render.fps == 60
    said = capfd.readouterr().out
    assert "not to judge data" not in said  # XTalker's own head is the right one
    assert "phone" not in said
    bpy.context.view_layer.objects.active = rig
    out = tmp_path / "out"
    assert bpy.ops.xtalker.export_head(filepath=str(out), kind="ARKIT") == {"FINISHED"}
    back, clip = read_sequence(tmp_path / "out.csv"), read_sequence(take)
    np.testing.assert_allclose(back.expression, clip.expression, atol=1e-3)


def test_a_take_has_no_light_and_is_grey_until_somebody_is_named(take, capfd):
    assert import_take(take) == {"FINISHED"}
    (rig,) = heads_in(bpy.context.scene)
    bpy.context.view_layer.objects.active = rig
    head = head_of(rig, bpy.context.scene)
    assert look_of(head.material) == "STUDIO"
    assert bpy.ops.xtalker.set_person(person="mei") == {"FINISHED"}
    assert look_of(head.material) == "SH"
    rig.xtalker.look = "STUDIO"  # the artist's own choice stays
    assert bpy.ops.xtalker.set_identity(identity="first") == {"FINISHED"}
    assert look_of(head.material) == "STUDIO"
    assert bpy.ops.xtalker.set_person(person="anna") == {"FINISHED"}
    assert bpy.ops.xtalker.set_person(person="NONE") == {"FINISHED"}
    assert look_of(head.material) == "STUDIO"
    assert import_take(take, person="mei") == {"FINISHED"}
    assert look_of(head_of(heads_in(bpy.context.scene)[-1], bpy.context.scene).material) == "SH"
    assert "shown in a plain light from the front" in capfd.readouterr().out


def test_tables_can_be_dropped(take):
    assert ".csv" in XTALKER_FH_sequence.bl_file_extensions.split(";")


def test_on_another_model_a_take_is_refused_in_a_sentence(take, model_file, capfd):
    with pytest.raises(RuntimeError, match="XTalker's own head"):
        import_take(take, model_path=str(model_file))
    assert not heads_in(bpy.context.scene)
