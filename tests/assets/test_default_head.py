"""The default head is a sound FLAME-layout model, and its named movements do what their names say."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.assets.head_geometry import (
    HEAD_FILE,
    Head,
    Lips,
    components,
    directed_edges,
    eyeball_clearance,
    lid_gaps,
    lip_gaps,
    normals,
    overturned,
    winding,
)

ROOT = Path(__file__).resolve().parents[2]
EYE_RADIUS, IRIS = 0.0143, 0.0117  # metres; the iris is measured across
LIDS_TOUCH, LIPS_TOUCH = 5e-5, 3e-4  # metres: what float16 columns leave, and what nobody sees of soft lips that press
LIPS_PRESS = 5e-4  # metres: what a hundred movements at once may press them; from there on an edge shows through
CLOSING = ("eye_blink", "mouth_close")  # of which less than none is no movement: eyes are opened wide by eye_wide
LOOKS = {f"eyeLook{way}{side}" for way in ("Up", "Down", "In", "Out") for side in ("Left", "Right")}
ARKIT = {
    *(f"{name}{side}" for side in ("Left", "Right") for name in (
        "browDown", "browOuterUp", "cheekSquint", "eyeBlink", "eyeSquint", "eyeWide", "jaw", "mouth", "mouthDimple",
        "mouthFrown", "mouthLowerDown", "mouthPress", "mouthSmile", "mouthStretch", "mouthUpperUp", "noseSneer",
    )),
    *("browInnerUp", "cheekPuff", "jawForward", "mouthClose", "mouthFunnel", "mouthPucker", "mouthRollLower",
      "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "tongueOut"),
}  # fmt: skip


@pytest.fixture(scope="module")
def lips(head: Head) -> Lips:
    return Lips(head)


def test_file_has_flames_layout(head: Head) -> None:
    a = head.arrays
    expected = {
        "v_template": ((5023, 3), "float32"), "f": ((9976, 3), "uint16"), "shapedirs": ((5023, 3, 400), "float16"),
        "posedirs": ((5023, 3, 36), "float16"), "J_regressor": ((5, 5023), "float32"), "weights": ((5023, 5),
            "float32"),
        "kintree_table": ((2, 5), "int32"), "shape_names": ((300,), None), "expression_names": ((100,), None),
        "albedo_mean": ((1024, 1024, 3), "uint8"),
    }  # fmt: skip
    for name, (shape, dtype) in expected.items():
        assert a[name].shape == shape, name
        assert dtype is None or a[name].dtype == dtype, name
    assert a["kintree_table"][0].tolist() == [-1, 0, 1, 1, 1]
    assert a["vt"].dtype == np.float32
    assert a["ft"].shape == (9976, 3)
    assert a["ft"].max() == len(a["vt"]) - 1
    assert str(a["license"]) == "CC0-1.0"
    assert all(np.isfinite(v).all() for v in a.values() if v.dtype.kind == "f")
    assert HEAD_FILE.stat().st_size < 6_000_000


def test_size_and_axes_are_a_heads(head: Head) -> None:
    low, high = head.v.min(0), head.v.max(0)
    np.testing.assert_allclose(high - low, [0.20, 0.31, 0.22], atol=0.03)
    nose = head.region("nose")
    assert head.v[nose, 2].max() == high[2]  # the nose is what reaches furthest out of the face
    left = head.v[head.region("left_eyeball")].mean(0)
    np.testing.assert_allclose(left, [0.0306, 0.020, 0.025], atol=2e-3)  # FLAME's own
    assert head.v[head.region("left_ear"), 0].min() > 0.05


def test_surface_is_oriented_and_open_only_at_the_neck(head: Head) -> None:
    edges = directed_edges(head.f)
    keys = edges[:, 0] * 10_000 + edges[:, 1]
    assert len(np.unique(keys)) == len(keys)  # two triangles never run along an edge in the same direction
    rim = edges[~np.isin(keys, edges[:, 1] * 10_000 + edges[:, 0])]
    assert sorted(rim[:, 0]) == sorted(head.region("boundary"))
    following = dict(rim.tolist())
    walk, at = 0, rim[0, 0]
    while True:
        at, walk = following[at], walk + 1
        if at == rim[0, 0]:
            break
    assert walk == len(rim) == 48
    label = components(head.f, len(head.v))
    assert len(np.unique(label)) == 6  # skin, two rows of teeth, tongue, two eyeballs
    for part in np.unique(label):
        triangles = head.f[label[head.f[:, 0]] == part]
        middle = head.v[label == part].mean(0)
        assert (head.v[triangles[:, 0]] - middle).ravel() @ normals(head.v, triangles).ravel() > 0, (
            "normals point inwards"
        )
    assert (np.linalg.norm(normals(head.v, head.f), axis=1) > 1e-9).all()


def test_no_inside_shows_at_eye_height(head: Head) -> None:
    """Seen from a metre away, the far part of the open edge stays behind the near part, whichever way one looks."""
    rim = head.v[head.region("boundary")] - [0.0, 0.02, -0.065]
    for yaw in np.radians(np.arange(0, 360, 5)):
        depth = 1.0 - rim[:, 0] * np.sin(yaw) - rim[:, 2] * np.cos(yaw)
        x, y = (rim[:, 0] * np.cos(yaw) - rim[:, 2] * np.sin(yaw)) / depth, rim[:, 1] / depth
        ends = np.array([x.argmin(), x.argmax()])
        near = depth <= np.interp(x, x[ends], depth[ends])
        near[ends] = True
        order = np.flatnonzero(near)[np.argsort(x[near])]
        assert (y[~near] > np.interp(x[~near], x[order], y[order])).all(), np.degrees(yaw)


def test_rest_is_symmetric(head: Head) -> None:
    mirrored = head.v * [-1, 1, 1]
    here = {tuple(p) for p in (head.v + 0.0).tolist()}
    assert all(tuple(p) in here for p in (mirrored + 0.0).tolist())
    smile = (
        head.directions[:, :, head.column["mouth_smile_left"]] + head.directions[:, :, head.column["mouth_smile_right"]]
    )
    place = {tuple(np.round(p, 9) + 0.0): i for i, p in enumerate(head.v)}
    twin = np.array([place.get(tuple(np.round(p, 9) + 0.0), -1) for p in mirrored])
    lone = np.flatnonzero(
        (twin >= 0)
        & (np.abs(head.v[:, 0]) > 1e-6)
        & ~np.isin(np.arange(5023), [*head.region("lips"), *head.region("inner_mouth")])
    )
    np.testing.assert_allclose(smile[twin[lone]] * [-1, 1, 1], smile[lone], atol=2e-5)


def test_face_has_no_creases(head: Head) -> None:
    face = np.zeros(5023, bool)
    face[head.region("face")] = True
    for name in ("left_eye_region", "right_eye_region", "lips", "nose"):
        face[head.region(name)] = False
    normal = normals(head.v, head.f)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    owner = {tuple(e): t for t, f in enumerate(head.f) for e in ((f[0], f[1]), (f[1], f[2]), (f[2], f[0]))}
    pairs = np.array([(t, owner[b, a]) for (a, b), t in owner.items() if (b, a) in owner and face[a] and face[b]])
    bend = np.degrees(np.arccos(np.clip((normal[pairs[:, 0]] * normal[pairs[:, 1]]).sum(1), -1, 1)))
    smooth = np.zeros(5023, bool)
    smooth[head.region("forehead")] = True
    open_skin = smooth[head.f[pairs]].all((1, 2))
    assert bend[open_skin].max() < 15  # degrees between neighbouring triangles, which are large there
    assert np.percentile(bend, 99) < 33  # under the nose and the lips
    assert bend.max() < 50


def test_weights_and_joints(head: Head) -> None:
    np.testing.assert_allclose(head.weights.sum(1), 1, atol=1e-6)
    assert (head.weights >= 0).all()
    np.testing.assert_allclose(head.regressor.sum(1), 1, atol=1e-5)
    joints = head.regressor @ head.v
    label = components(head.f, 5023)
    skin = head.f[label[head.f[:, 0]] == label[head.region("face")[0]]]
    rim = head.region("boundary")
    around = rim[np.argsort(np.arctan2(head.v[rim, 0], head.v[rim, 2] + 0.07))]
    cap_centre = head.v[rim].mean(0)
    cap = [(head.v[b], head.v[a], cap_centre) for a, b in zip(around, np.roll(around, -1), strict=True)]
    corners = np.concatenate([head.v[skin], np.array(cap)])
    for joint in joints[:3]:
        assert abs(winding(corners, joint)) > 0.9
    for side, joint in (("left", joints[3]), ("right", joints[4])):
        distance = np.linalg.norm(head.v[head.region(f"{side}_eyeball")] - joint, axis=1)
        np.testing.assert_allclose(distance, EYE_RADIUS, atol=2e-5)


def test_texture_coordinates_do_not_overlap(head: Head) -> None:
    vt, ft = head.arrays["vt"].astype(float), head.arrays["ft"].astype(int)
    assert vt.min() >= 0
    assert vt.max() <= 1
    corners = vt[ft]
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    assert (one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0] > 0).all()
    size = 256
    cover = np.zeros((size, size), int)
    for a, b, c in corners * size:
        low = np.floor(np.minimum(np.minimum(a, b), c)).astype(int)
        high = np.ceil(np.maximum(np.maximum(a, b), c)).astype(int)
        x, y = np.meshgrid(np.arange(low[0], high[0]) + 0.5001, np.arange(low[1], high[1]) + 0.5003)
        det = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        v = ((x - a[0]) * (c[1] - a[1]) - (y - a[1]) * (c[0] - a[0])) / det
        w = ((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])) / det
        inside = (v > 0) & (w > 0) & (v + w < 1)
        np.add.at(cover, (y[inside].astype(int), x[inside].astype(int)), 1)
    assert cover.max() == 1
    assert cover.mean() > 0.8


def arkit(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def test_named_columns_exist_and_matter(head: Head) -> None:
    assert {arkit(name) for name in head.column} >= ARKIT
    assert len(ARKIT | LOOKS | {"jawOpen"}) == 52
    assert {"sex", "age", "weight"} <= set(head.trait)
    reach = np.linalg.norm(head.directions, axis=1).max(0)
    for names, offset in ((head.trait, 0), (head.column, 0)):
        assert len(names) >= 50
        for name, column in names.items():
            assert 0.0003 < reach[column + offset] < 0.018, name
    named = [*head.trait.values(), *head.column.values()]
    assert not np.delete(head.directions, named, axis=2).any()
    assert reach[:50].min() > 0
    assert reach[300:350].min() > 0


def test_movements_go_the_way_their_names_say(head: Head) -> None:
    corner = head.region("upper_seam")[len(head.region("upper_seam")) // 2]
    smile, frown, pucker = (
        head.pose(head.whole(name))[corner] - head.v[corner]
        for name in ("mouth_smile_left", "mouth_frown_left", "mouth_pucker")
    )
    assert smile[0] > 0.0042  # outwards, a sixth of the half mouth: lips that only rise look held up by strings
    assert smile[1] > 0.0075  # upwards
    assert frown[1] < -0.0045
    assert pucker[0] < -0.006
    parted = lip_gaps(head, head.pose(head.code(lips_part=2.0)))
    assert parted.max() > 0.0025
    for name in ("mouth_press_left", "mouth_roll_upper", "mouth_roll_lower"):
        assert np.abs(lip_gaps(head, head.pose(head.code(**{name: 2.0})))).max() < 0.003, name
    wide = lid_gaps(head, head.pose(head.whole("eye_wide_left"))).max()
    assert lid_gaps(head, head.v).max() < IRIS < wide - 0.0015  # white shows above and below: that is fright, or wonder


def test_lips_that_press_or_roll_in_become_thin(head: Head) -> None:
    def red(lip: str, v: np.ndarray) -> float:
        ids = head.region(f"{lip}_lip")
        return np.ptp(v[ids[np.abs(head.v[ids, 0]) < 1e-4], 1])

    pressed = head.pose(head.whole("mouth_press_left") + head.whole("mouth_press_right"))
    for lip in ("upper", "lower"):
        assert red(lip, pressed) < 0.85 * red(lip, head.v), lip
        assert red(lip, head.pose(head.whole(f"mouth_roll_{lip}"))) < 0.8 * red(lip, head.v), lip


def test_chin_goes_sideways_with_the_lower_teeth(head: Head) -> None:
    move = head.pose(head.whole("jaw_left")) - head.v
    chin = np.abs(head.v - [0.0, -0.08, 0.047]).sum(1).argmin()
    teeth = move[head.region("lower_teeth"), 0]
    assert 0.008 < teeth.min() <= teeth.max() < 0.013
    assert abs(move[chin, 0] - teeth.mean()) < 0.002
    assert not move[head.region("upper_teeth")].any()


def sound(head: Head, lips: Lips, v: np.ndarray, touch: float = LIPS_TOUCH) -> str:
    """What is wrong with a face, "" for nothing: lids or lips passed through each other, or skin turned inside out."""
    faults = {
        "triangles overturned": overturned(head, v),
        "mm of lids past each other": round(max(0.0, -lid_gaps(head, v).min() - LIDS_TOUCH) * 1e3, 3),
        "mm of an eyeball through its lids": round(max(0.0, -eyeball_clearance(head, v)) * 1e3, 3),
        "mm of a lip in the other": round(max(0.0, lips.penetration(v) - touch) * 1e3, 3),
    }
    return ", ".join(f"{amount} {what}" for what, amount in faults.items() if amount)


@pytest.mark.parametrize("sigma", [-3.0, 3.0])
def test_named_extremes_stay_sound(head: Head, lips: Lips, sigma: float) -> None:
    for name in [*head.column, *head.trait]:
        if name.startswith(CLOSING) and sigma < 0:
            continue
        assert not sound(head, lips, head.pose(head.code(**{name: sigma}))), name


def test_whole_units_stay_sound(head: Head, lips: Lips) -> None:
    for name in sorted(set(head.column) - {"mouth_close"}):  # that one is for a jaw that is wide open
        if head.amount[name]:
            assert not sound(head, lips, head.pose(head.whole(name)), LIPS_PRESS), name


@pytest.mark.parametrize("name", ["mouth_smile", "nose_sneer"])
def test_a_fold_runs_from_the_nose_past_the_corner_of_the_mouth(head: Head, name: str) -> None:
    """The cheek's slope across the fold is steeper than at rest."""
    v = head.pose(head.whole(f"{name}_left"))
    fold, cheek = (np.abs(head.v[:, :2] - place).sum(1).argmin() for place in ([0.0245, -0.0325], [0.0335, -0.0275]))
    rise = (v - head.v)[cheek, 2] - (v - head.v)[fold, 2]
    assert rise > 0.001


def test_tongue_comes_out_between_the_lips(head: Head) -> None:
    v = head.pose(head.whole("tongue_out"))
    tongue = v[head.region("tongue")]
    assert tongue[:, 2].max() > v[head.region("lower_lip"), 2].max() + 0.008
    between = tongue[np.abs(tongue[:, 2] - v[head.region("lower_seam")[0], 2]) < 0.006]
    assert between[:, 1].max() < v[head.region("upper_seam")[0], 1]
    assert between[np.abs(between[:, 0]) < 0.003, 1].min() > v[head.region("lower_seam")[0], 1] - 0.002


def test_lips_that_are_pushed_into_each_other_are_noticed(head: Head, lips: Lips) -> None:
    v = head.v.copy()
    lip = head.region("lower_lip")
    lip = lip[np.abs(head.v[lip, 0]) < 0.012]  # all but its corners, which hang on the upper lip's
    v[lip] += [0.0, 0.002, 0.0]
    assert 0.001 < lips.penetration(v) < 0.003
    v = head.v.copy()
    v[lip] -= [0.0, 0.002, 0.0]
    assert lips.penetration(v) == 0


def test_blink_closes_the_lids_over_the_eyeball(head: Head) -> None:
    for sigma in (1.0, 2.0, 3.0, 4.0):
        v = head.pose(head.code(eye_blink_left=sigma, eye_blink_right=sigma))
        assert eyeball_clearance(head, v) > 0.0002, sigma
    np.testing.assert_allclose(lid_gaps(head, v), 0, atol=5e-5)
    assert lid_gaps(head, head.v).max() > 0.009


def test_jaw_opens_the_mouth_and_nothing_else(head: Head, lips: Lips) -> None:
    assert np.abs(lip_gaps(head, head.v)).max() < 1e-7  # sealed at rest
    before = 0.0
    assert lips.penetration(head.v) == 0
    for jaw in (0.02, 0.05, 0.1, 0.2, 0.3, 0.4):
        v = head.pose(jaw=jaw)
        gaps = lip_gaps(head, v)
        assert gaps.min() > -1e-5
        assert gaps.max() > before + 0.0015
        before = gaps.max()
        assert before > 0.07 * jaw  # the lip hangs about nine centimetres ahead of the joint
        assert not sound(head, lips, v), jaw
        move = np.linalg.norm(v - head.v, axis=1)
        assert move[head.region("forehead")].max() < 1e-4
        assert move[head.region("left_eyeball")].max() < 1e-4
        assert move[head.region("upper_seam")[:3]].max() < 0.0055  # drawn down a little, as a wide mouth's is
        assert move[head.region("boundary")].max() < 1e-3


def test_mouth_close_hides_the_gap_of_a_slightly_open_jaw(head: Head) -> None:
    assert lip_gaps(head, head.pose(jaw=0.03)).max() > 0.002
    v = head.pose(head.code(mouth_close=3.0), jaw=0.03)
    apart = v[head.region("upper_seam")] - v[head.region("lower_seam")]
    assert np.abs(apart[:, 1]).max() < 2e-4
    assert apart[:, 2].min() > -1e-4  # the lower lip lies behind the upper one


def check_draws(head: Head, lips: Lips, count: int, seed: int) -> None:
    """Random people with random faces, and every one of them sound.

    Each of the used identity and expression columns is drawn normally, to two sigma, all of them at once; what closes
    lids and lips is not less than 0.
    """
    rng = np.random.default_rng(seed)
    least = [0.0 if name.startswith(CLOSING) else -2.0 for name in head.column]
    for i in range(count):
        code = np.zeros(400)
        code[: len(head.trait)] = rng.normal(size=len(head.trait)).clip(-2, 2)
        code[300 : 300 + len(head.column)] = rng.normal(size=len(head.column)).clip(least, 2)
        for jaw in (0.0, rng.uniform(0, 0.4)):
            v = head.pose(code, jaw=jaw)
            assert not sound(head, lips, v, LIPS_PRESS), (i, jaw)
            assert np.abs(v - head.v).max() < 0.08, (i, jaw)


def test_lips_part_in_random_speech(head: Head) -> None:
    rng = np.random.default_rng(2)
    for i in range(40):
        code = np.zeros(400)
        code[300 : 300 + len(head.column)] = rng.uniform(-2, 2, len(head.column))
        assert lip_gaps(head, head.pose(code, jaw=0.1)).mean() > 0, i


def test_random_faces_stay_sound(head: Head, lips: Lips) -> None:
    check_draws(head, lips, 40, seed=4)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_thousand_random_faces_stay_sound(head: Head, lips: Lips, seed: int) -> None:
    check_draws(head, lips, 1000, seed)


def test_eyes_stay_round_whoever_it_is(head: Head) -> None:
    rng = np.random.default_rng(1)
    for _ in range(10):
        code = np.zeros(400)
        code[: len(head.trait)] = rng.normal(size=len(head.trait))
        v = head.pose(code)
        for side in ("left", "right"):
            ball = v[head.region(f"{side}_eyeball")]
            distance = np.linalg.norm(ball - ball.mean(0), axis=1)
            assert np.ptp(distance) < 2e-4
            lids = np.concatenate([head.region(f"{side}_upper_lid"), head.region(f"{side}_lower_lid")])
            assert np.linalg.norm(v[lids] - ball.mean(0), axis=1).min() > distance.mean() + 0.0005


def test_pose_correctives_act(head: Head) -> None:
    assert np.abs(head.correctives).reshape(-1, 4, 9).max((0, 2)).min() > 0.0005
    nod = head.pose(neck=(0.3, 0.0, 0.0))
    assert np.linalg.norm(nod - head.v, axis=1)[head.region("boundary")].max() < 0.004
    assert overturned(head, nod) == 0


def test_albedo_decodes_to_plausible_skin(head: Head) -> None:
    a = head.arrays
    basis, scale = a["albedo_basis"], a["albedo_basis_scale"]
    assert basis.dtype == np.int8
    assert len(basis) == len(scale) == len(a["albedo_names"]) <= 50
    assert 1024 % basis.shape[1] == 0
    red, green, blue = np.moveaxis(a["albedo_mean"][120:840, 120:900].astype(float), -1, 0)
    assert red.mean() > green.mean() > blue.mean()
    for k, name in enumerate(a["albedo_names"]):
        change = basis[k].astype(float) * scale[k] / 127
        assert 0.008 < np.abs(change).max() < 0.3, name


def test_regions_are_where_they_should_be(head: Head) -> None:
    v = head.v
    assert v[head.region("forehead"), 1].min() > v[head.region("nose"), 1].max()
    assert v[head.region("lips"), 1].max() < v[head.region("nose"), 1].min() + 0.004
    assert v[head.region("scalp"), 1].mean() > v[head.region("face"), 1].mean() > v[head.region("neck"), 1].mean()
    assert set(head.region("upper_lip")) | set(head.region("lower_lip")) == set(head.region("lips"))
    assert not set(head.region("face")) & set(head.region("scalp"))


@pytest.mark.slow
def test_building_gives_the_committed_head(head: Head) -> None:
    pytest.importorskip("scipy", reason="the build needs scipy")
    sys.path.insert(0, str(ROOT / "assets" / "source"))
    try:
        from head import pack
        from head.anatomy import Anatomy, MissingAnatomyError
    finally:
        sys.path.pop(0)
    try:
        built = pack.build(Anatomy())
    except MissingAnatomyError as error:
        pytest.skip(str(error))
    assert built.keys() == head.arrays.keys()
    for name, array in built.items():
        if array.dtype.kind == "f":
            np.testing.assert_allclose(array.astype(float), head.arrays[name].astype(float), atol=2e-5, err_msg=name)
        elif array.dtype.kind == "U" or name in ("f", "ft") or name.startswith("region"):
            np.testing.assert_array_equal(array, head.arrays[name], err_msg=name)
