"""What lies in the default head's mouth stays in it, and shows where it should."""

from __future__ import annotations

import numpy as np
import pytest

from tests.assets.head_geometry import Head, components, winding


def test_teeth_stay_behind_the_lips(head: Head) -> None:
    moves = [
        {},
        {"mouth_funnel": -2.0},
        {"mouth_press_left": 2.0},
        {"mouth_roll_upper": 2.0},
        {"mouth_pucker": -2.0},
        {"age": 2.0},
    ]
    hidden = np.concatenate([head.region("inner_mouth"), head.region("eye_sockets")])
    skin = np.setdiff1d(np.concatenate([head.region("face"), head.region("upper_lip")]), hidden)
    skin = skin[(np.abs(head.v[skin, 0]) < 0.02) & (head.v[skin, 1] < -0.031) & (head.v[skin, 1] > -0.048)]
    teeth = head.region("upper_teeth")
    teeth = teeth[(np.abs(head.v[teeth, 0]) < 0.012) & (head.v[teeth, 1] > -0.046)]
    for move in moves:
        v = head.pose(head.code(**move))
        before = skin[np.linalg.norm(v[teeth, None, :2] - v[skin, :2], axis=2).argmin(1)]
        assert (v[before, 2] - v[teeth, 2]).min() > 0.001, move


def in_flesh(head: Head, v: np.ndarray, ids: np.ndarray) -> list[int]:
    """Those of the vertices that lie in the head's flesh: neither in the mouth nor outside."""
    label = components(head.f, len(v))
    skin = v[head.f[label[head.f[:, 0]] == label[head.region("face")[0]]]]
    return [int(i) for i in ids if winding(skin, v[i]) > 0.5]


def mouth_parts(head: Head) -> np.ndarray:
    return np.concatenate([head.region(name) for name in ("upper_teeth", "lower_teeth", "tongue")])


@pytest.mark.parametrize("jaw", [0.0, 0.12, 0.4])
def test_teeth_and_tongue_lie_in_the_mouth(head: Head, jaw: float) -> None:
    assert not in_flesh(head, head.pose(jaw=jaw), mouth_parts(head))


@pytest.mark.parametrize("sigma", [-2.0, 2.0])
def test_teeth_and_tongue_lie_in_the_mouth_whatever_the_face_does(head: Head, sigma: float) -> None:
    moves = [
        "mouth_smile_left", "mouth_frown_left", "mouth_stretch_left", "mouth_dimple_left", "cheek_puff",
        "mouth_press_left", "mouth_pucker", "mouth_funnel", "mouth_roll_upper", "mouth_roll_lower", "mouth_left",
        "jaw_forward", "jaw_left", "sex", "weight", "age", "african", "asian", "mouth_width", "mouth_forward",
        "head_width",
    ]  # fmt: skip
    for move in moves:
        assert not in_flesh(head, head.pose(head.code(**{move: sigma})), mouth_parts(head)[::4]), move


def test_teeth_that_poke_through_are_noticed(head: Head) -> None:
    v = head.v.copy()
    v[head.region("upper_teeth")] *= [1.5, 1, 1]
    assert in_flesh(head, v, head.region("upper_teeth"))
    v = head.v.copy()
    v[head.region("lower_teeth")] += [0, 0, 0.012]
    assert in_flesh(head, v, head.region("lower_teeth"))


def test_teeth_reach_back_along_the_cheeks(head: Head) -> None:
    upper, lower = (head.v[head.region(f"{row}_teeth")] for row in ("upper", "lower"))
    corner = head.v[head.region("upper_seam")[12]]
    for teeth in (upper, lower):
        assert teeth[:, 2].min() < corner[2] - 0.03
        assert teeth[:, 0].max() > corner[0]
    upper_front, lower_front = (teeth[np.abs(teeth[:, 0]) < 0.006] for teeth in (upper, lower))
    assert 0.001 < lower_front[:, 1].max() - upper_front[:, 1].min() < 0.003
    assert lower_front[:, 2].max() < upper_front[:, 2].max() - 0.001


def test_tongue_lies_between_the_teeth(head: Head) -> None:
    lower, tongue = head.region("lower_teeth"), head.region("tongue")
    rows = [head.f[np.isin(head.f[:, 0], head.region(f"{row}_teeth"))] for row in ("upper", "lower")]
    for jaw in (0.0, 0.12, 0.4):
        v = head.pose(jaw=jaw)
        assert not any(winding(v[row], p) > 0.5 for row in rows for p in v[tongue])
        ahead = v[lower[v[lower, 2] > v[lower, 2].max() - 0.004]]
        assert v[tongue, 2].max() < ahead[:, 2].max() - 0.004
        assert v[tongue, 1].max() > ahead[:, 1].max() + 0.001  # it shows over them in an open mouth
