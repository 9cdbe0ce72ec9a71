"""Whatever such a file holds, reading it gives a clip or one sentence, runs nothing, and stays in its folder."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data import layouts
from xtalker_addon.core.formats import find_sequences, read_sequence
from xtalker_addon.errors import SequenceError

SAMPLES = {
    "flame_param": (lambda root: layouts.write_flame_param(root / "clip", 3), "flame_param/00001.npz"),
    "transforms": (lambda root: layouts.write_flame_param(root / "clip", 3), "transforms.json"),
    "LAM": (lambda root: layouts.write_lam_json(root / "clip" / "flame_params.json", 3), "flame_params.json"),
    "EMOCA": (lambda root: layouts.write_emoca_results(root / "clip", 3), "results/000001_000/pose.npy"),
    "DECA": (lambda root: layouts.write_deca_json(root / "clip" / "code.json", 3), "code.json"),
    "IMavatar": (lambda root: layouts.write_imavatar_json(root / "clip" / "flame_params.json", 3), "flame_params.json"),
    "HRAvatar": (
        lambda root: layouts.write_hravatar_json(root / "clip" / "tracked_params.json", 3),
        "tracked_params.json",
    ),
    "nersemble": (lambda root: _in_folder(root, layouts.write_nersemble), "fit.npz"),
    "CAP4D": (lambda root: _in_folder(root, layouts.write_cap4d), "fit.npz"),
    "SHOW": (lambda root: _in_folder(root, layouts.write_show), "fit.npz"),
}


def _in_folder(root: Path, write):
    (root / "clip").mkdir()
    return write(root / "clip" / "fit.npz", 3)


class Watch:
    """What is opened, and whether anything is run or unpickled, while it is on."""

    def __init__(self) -> None:
        self.on, self.opened, self.ran = False, set(), []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, details: tuple) -> None:
        if not self.on:
            return
        if event == "open" and isinstance(details[0], str):
            self.opened.add(details[0])
        elif event in ("exec", "pickle.find_class", "subprocess.Popen", "os.system", "ctypes.dlopen"):
            self.ran.append(event)


WATCH = Watch()


@pytest.fixture(scope="module", params=SAMPLES)
def sample(request, tmp_path_factory):
    write, file = SAMPLES[request.param]
    root = tmp_path_factory.mktemp("fuzz")
    written = write(root)
    if request.param == "transforms":
        shutil.rmtree(root / "clip" / "flame_param")
        layouts.write_flame_param(root / "again", 3)
        (root / "again" / "flame_param").rename(root / "clip" / "flame_param")
        shutil.rmtree(root / "again")
    target = root / "clip" / file
    path = target if request.param == "transforms" else written.path
    read_sequence(path)
    return root, path, target, target.read_bytes()


def read(root: Path, path: Path) -> None:
    WATCH.on, sentence = True, f"{root}"
    try:
        read_sequence(path)
    except SequenceError as error:
        sentence = str(error)
    finally:
        WATCH.on = False
    assert str(root) in sentence
    assert "\n" not in sentence
    assert WATCH.ran == []
    # Python looks for the source of what it cannot parse, under the name "<string>".
    known = (*("<string>", "<unknown>"), *(name for name in WATCH.opened if name.endswith((".py", ".pyc"))))
    outside = {name for name in WATCH.opened if not name.startswith(str(root)) and name not in known}
    assert outside == set()
    WATCH.opened.clear()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_bytes(sample, data):
    root, path, target, good = sample
    start = data.draw(st.integers(0, len(good) - 1))
    junk = data.draw(st.binary(max_size=24))
    cut = data.draw(st.integers(0, 40))
    target.write_bytes(good[:start] + junk + good[start + cut :])
    try:
        read(root, path)
        find_sequences(root)
    finally:
        target.write_bytes(good)


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just(10**400), st.just("../../x.npz")
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
)
KEYS = (
    *("frames", "expr", "shape", "expression", "pose", "file_path", "flame_param_path", "timestep_index", "1", "2.png"),
    *("exp", "expcode", "fps", "translation", "shape_params", "eyelids", "expr0"),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_other_json(tmp_path_factory, data):
    root = tmp_path_factory.getbasetemp() / "json"
    root.mkdir(exist_ok=True)
    record = st.dictionaries(st.sampled_from(KEYS), JSON, max_size=4)
    value = st.one_of(JSON, record, st.lists(record, max_size=3))
    content = data.draw(st.dictionaries(st.sampled_from(KEYS), value, max_size=5))
    path = root / "flame_params.json"
    path.write_text(json.dumps(content))
    read(root, path)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_arrays_of_any_shape_under_known_keys(tmp_path_factory, data):
    root = tmp_path_factory.getbasetemp() / "arrays"
    root.mkdir(exist_ok=True)
    keys = (
        *(
            "expr",
            "expression",
            "rotation",
            "rotation_matrices",
            "scale",
            "rot",
            "tra",
            "neck_rot",
            "eye_rot",
            "frames",
        ),
        *("jaw_rot", "translation", "body_pose", "body_pose_axis", "global_orient", "leye_pose", "reye_pose", "pose"),
        *("eye_rot", "eyelids", "fps", "cam", "shape"),
    )
    shape = st.lists(st.integers(1, 4), max_size=4).map(tuple) | st.sampled_from(
        [(3, 50), (3, 65), (3, 3), (3, 3, 3), (3, 12), (3, 63), (3, 6), (1, 1), (3, 165)]
    )
    kinds = st.sampled_from(["f4", "f8", "i4", "U3", "c8", "?", "M8[s]"])
    chosen = data.draw(st.dictionaries(st.sampled_from(keys), st.tuples(shape, kinds), max_size=7))
    np.savez(root / "a.npz", **{key: np.zeros(size, kind) for key, (size, kind) in chosen.items()})
    read(root, root / "a.npz")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_one_odd_value_amid_good_ones(sample, data):
    root, path, target, good = sample
    if target.suffix != ".json":
        return
    content = node = json.loads(good)
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys[:12]))
        if not isinstance(node[key], (dict, list)) or not node[key] or data.draw(st.booleans()):
            break
        node = node[key]
    if isinstance(node, dict) and data.draw(st.booleans()):
        del node[key]
    else:
        node[key] = data.draw(JSON)
    target.write_text(json.dumps(content))
    try:
        read(root, path)
    finally:
        target.write_bytes(good)
