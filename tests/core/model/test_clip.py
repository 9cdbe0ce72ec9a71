"""Codes and vertices of one face are the same moving mesh; vertices of another mesh are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.data.models import synthetic_model
from xtalker_addon.core.model.clip import Clip
from xtalker_addon.core.model.flame import load_model
from xtalker_addon.core.model.normals import VertexNormals
from xtalker_addon.core.sequence import Sequence
from xtalker_addon.errors import ModelError, SequenceError

T = 40


@pytest.fixture(scope="module")
def head():
    return load_model()


@pytest.fixture(scope="module")
def codes():
    rng = np.random.default_rng(0)
    pose = rng.normal(0, 0.15, (4, T, 3))
    return Sequence(
        "clip", Path("clip"), 25.0, rng.normal(0, 1.5, (T, 50)), shape=rng.normal(0, 1, 100), global_rotation=pose[0],
        neck=pose[1], jaw=np.abs(pose[2]), translation=pose[3],
    )  # fmt: skip


def of_vertices(vertices):
    return Sequence("clip", Path("clip.npy"), 25.0, vertices=vertices)


def test_vertices_are_the_mesh_of_their_codes(head, codes):
    expected = np.concatenate(list(Clip(codes, head).vertices()))
    clip = Clip(of_vertices(expected), head)
    np.testing.assert_array_equal(np.concatenate(list(clip.vertices(chunk=7))), expected)
    rows = np.array([3, 4, 30])
    normals_of = VertexNormals(head.faces, head.vertex_count)
    meshes = (Clip(sequence, head).meshes(rows, normals_of) for sequence in (of_vertices(expected), codes))
    for mine, codes_mesh in zip(*meshes, strict=True):
        assert mine[0] == codes_mesh[0]
        np.testing.assert_allclose(mine[1], codes_mesh[1], atol=1e-7)
        np.testing.assert_allclose(mine[2], codes_mesh[2], atol=1e-4)
    assert clip.framing(1.0).height == pytest.approx(Clip(codes, head).framing(1.0).height)


def test_teeth_behind_flames_vertices_are_left_out(head):
    mesh = np.repeat(np.concatenate([head.template, np.ones((120, 3), np.float32)])[None], 2, 0)
    (found,) = Clip(of_vertices(mesh), head).vertices()
    np.testing.assert_array_equal(found[1], head.template)


@pytest.mark.parametrize(
    ("vertices", "reason"),
    [
        (lambda template: template[:-1], "has 5,022 vertices and the model .* has 5,023"),
        (lambda template: template[::-1], "not in the order of the model"),
        (
            lambda template: 0.001 * np.random.default_rng(0).normal(size=template.shape),
            "not in the order of the model",
        ),
        (lambda template: np.zeros_like(template), "not in the order of the model"),
        (lambda template: 1000 * template, "1e\\+03 times as large as the model's; expected metres"),
    ],
)
def test_vertices_of_another_mesh_are_refused(head, vertices, reason):
    """As many vertices in another order would show a face that is none."""
    with pytest.raises(ModelError, match=reason):
        Clip(of_vertices(np.repeat(vertices(head.template)[None], 3, 0)), head)


def test_flames_order_is_not_the_default_heads(head):
    """Both have 5,023 vertices; FLAME's are stood for by another mesh of as many."""
    with pytest.raises(ModelError, match="not in the order of the model"):
        Clip(of_vertices(np.roll(head.template, 700, 0)[None]), head)


def test_faces_of_all_kinds_are_taken(head):
    """Whatever a face does, it is told from the vertices of another mesh: identities, wide mouths, bent necks."""
    rng = np.random.default_rng(1)
    n = 60
    pose = rng.normal(0, 0.5, (n, 15)).clip(-0.9, 0.9)
    meshes = head.evaluate(rng.normal(0, 1.5, (n, 300)), rng.normal(0, 2, (n, 100)), pose, rng.normal(0, 1, (n, 3)))
    for mesh in meshes:
        Clip(of_vertices(mesh[None]), head)


def test_a_clip_has_codes_or_vertices():
    mesh = np.zeros((2, 5, 3), np.float32)
    with pytest.raises(SequenceError, match="neither expression codes nor vertices"):
        Sequence("clip", Path("clip"), 25.0)
    with pytest.raises(SequenceError, match="both expression codes and vertices"):
        Sequence("clip", Path("clip"), 25.0, np.zeros((2, 5)), mesh)
    with pytest.raises(SequenceError, match="light has 3 frames and the vertices"):
        Sequence("clip", Path("clip"), 25.0, vertices=mesh, light=np.zeros((3, 9, 3)))
    mesh = np.zeros((3000, 700, 3), np.float32)
    mesh[2500, 6, 2] = np.inf
    with pytest.raises(SequenceError, match="vertices is not finite at frame 2500") as error:
        Sequence("clip", Path("clip"), 25.0, vertices=mesh)
    assert (error.value.kind, error.value.frame) == ("not_finite", 2500)


def test_other_models(codes):
    model = synthetic_model()
    mesh = np.concatenate(list(Clip(codes, model).vertices()))
    np.testing.assert_array_equal(next(Clip(of_vertices(mesh), model).vertices(chunk=T)), mesh)
