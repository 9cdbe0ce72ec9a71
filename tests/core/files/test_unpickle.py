"""FLAME's pickles come out as plain arrays, and nothing in a pickle is ever run."""

from __future__ import annotations

import os
import pickle
import pickletools
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data import pickles
from tests.data.sequences import SHARED
from xtalker_addon.core.files.unpickle import load_pickle
from xtalker_addon.errors import ModelError, XTalkerError

EVERY_PROTOCOL = [(p, py2) for p in (0, 1, 2) for py2 in (False, True)] + [(3, False), (4, False), (5, False)]
protocols = pytest.mark.parametrize(("protocol", "python2"), EVERY_PROTOCOL)


@pytest.fixture
def load(tmp_path):
    """Load bytes as a model file called model.pkl."""

    def load_bytes(data: bytes):
        path = tmp_path / "model.pkl"
        path.write_bytes(data)
        return load_pickle(path)

    return load_bytes


def refusal(load, data: bytes) -> str:
    with pytest.raises(ModelError) as caught:
        load(data)
    message = str(caught.value)
    assert "model.pkl" in message
    assert "\n" not in message
    return message


def check_same(found, expected):
    assert type(found) is type(expected)
    assert np.array_equal(found, expected)
    if isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype.newbyteorder("=")
        assert found.shape == expected.shape


# --- what FLAME's files hold ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["flame_layout_chumpy.pkl", "flame_layout_chumpy_select.pkl"])
def test_genuine_python2_chumpy_and_scipy_files(name):
    path = SHARED / name
    if not path.is_file():
        pytest.skip("../shared/data is not there")
    loaded = set(sys.modules)
    model = load_pickle(path)
    assert set(model) == set(pickles.flame_fields())
    assert model["shapedirs"].shape == (162, 3, 400)
    assert model["J_regressor"].shape == (5, 162)
    # The stored joints are those of the template, so the dense regressor is the sparse one.
    assert np.allclose(model["J_regressor"] @ model["v_template"], model["J"], atol=1e-15)
    assert np.allclose(model["weights"].sum(1), 1)
    assert model["kintree_table"][0, 0] == 2**32 - 1
    assert (model["bs_style"], model["bs_type"]) == ("lbs", "lrotmin")
    assert not {"chumpy", "scipy", "scipy.sparse.csc"} & (set(sys.modules) - loaded)


def test_ch_and_select_hold_the_same_model():
    paths = [SHARED / name for name in ("flame_layout_chumpy.pkl", "flame_layout_chumpy_select.pkl")]
    if not all(path.is_file() for path in paths):
        pytest.skip("../shared/data is not there")
    first, second = map(load_pickle, paths)
    for key in first:
        check_same(second[key], first[key])


@protocols
def test_plain_arrays_of_every_protocol(load, protocol, python2):
    fields = pickles.flame_fields()
    model = load(pickles.dumps(fields, protocol, python2))
    assert list(model) == list(fields)
    for key, value in fields.items():
        check_same(model[key], value)


@protocols
@pytest.mark.parametrize("module", ["scipy.sparse.csc", "scipy.sparse._csc"])
def test_sparse_matrix_becomes_dense(load, protocol, python2, module):
    dense = np.where(np.random.default_rng(1).random((5, 40)) < 0.2, 1.5, 0.0)
    state = pickles.csc_state(dense)
    check_same(load(pickles.dump_object(module, "csc_matrix", state, protocol, python2))["field"], dense)


def test_other_sparse_layouts(load):
    dense = np.where(np.random.default_rng(1).random((5, 40)) < 0.2, 1.5, 0.0)
    rows, columns = np.nonzero(dense)
    coo = {"_shape": dense.shape, "row": rows, "col": columns, "data": dense[rows, columns]}
    check_same(load(pickles.dump_object("scipy.sparse.coo", "coo_matrix", coo, 2))["field"], dense)
    new = {"_shape": dense.shape, "coords": (rows, columns), "data": dense[rows, columns]}
    check_same(load(pickles.dump_object("scipy.sparse._coo", "coo_array", new, 2))["field"], dense)
    csr = {**pickles.csc_state(dense.T), "_shape": dense.shape}
    check_same(load(pickles.dump_object("scipy.sparse._csr", "csr_matrix", csr, 2))["field"], dense)


A = np.arange(24.0).reshape(2, 3, 4)
CHUMPY = {
    ("ch", "Ch"): ({"x": A, "_dirty_vars": {"x"}, "_itr": None}, A),
    ("reordering", "Select"): (
        {"a": A, "idxs": np.array([5, 0, 23]), "preferred_shape": (3, 1)},
        A.ravel()[[5, 0, 23]][:, None],
    ),
    ("reordering", "Reshape"): ({"a": A, "newshape": (6, -1)}, A.reshape(6, 4)),
    ("reordering", "transpose"): ({"a": A, "axes": (2, 0, 1)}, A.transpose(2, 0, 1)),
    ("reordering", "swapaxes"): ({"a": A, "axis1": 0, "axis2": 2}, A.swapaxes(0, 2)),
    ("reordering", "AtleastNd"): ({"x": A[0, 0], "ndims": 2}, A[0, :1]),
    ("reordering", "Concatenate"): (
        {"m0": A, "m1": A + 1, "dterms": ["m0", "m1"], "axis": 1},
        np.concatenate([A, A + 1], 1),
    ),
}


@protocols
@pytest.mark.parametrize("name", CHUMPY, ids=lambda name: name[1])
def test_chumpy_object_becomes_its_value(load, protocol, python2, name):
    state, expected = CHUMPY[name]
    check_same(load(pickles.dump_object(f"chumpy.{name[0]}", name[1], state, protocol, python2))["field"], expected)


def test_chumpy_object_of_a_chumpy_object(load):
    with pickles.fake_class("chumpy.ch", "Ch") as ch, pickles.fake_class("chumpy.reordering", "transpose") as transpose:
        inner, outer = ch(), transpose()
        inner.x, outer.a = A, inner
        check_same(load(pickle.dumps(outer, 2)), A.T)


def test_masks_of_text_protocol(load):
    masks = {"lips": np.arange(254), "nose": np.arange(379), "none": np.empty(0, np.int64)}
    for python2 in (False, True):
        found = load(pickles.dumps(masks, 0, python2))
        for key, ids in masks.items():
            check_same(found[key], ids)


def test_big_endian_fortran_scalars_and_sharing(load):
    array = np.asfortranarray(np.arange(6, dtype=">f4").reshape(2, 3))
    found = load(pickle.dumps({"a": array, "b": array, "s": np.float64(2.5), "n": [None, True, (1, "x")]}, 2))
    check_same(found["a"], array.astype("<f4"))
    assert found["a"] is found["b"]
    assert found["s"] == 2.5
    assert found["n"] == [None, True, (1, "x")]


# --- what is refused -----------------------------------------------------------------------------------------------


class Canary:
    def __init__(self, call, *args):
        self.reduced = call, args

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize("protocol", range(6))
def test_code_is_named_and_not_run(load, tmp_path, protocol):
    canary = tmp_path / "canary"
    for data in (
        pickle.dumps(Canary(os.system, f"touch {canary}"), protocol),
        pickle.dumps({"v_template": A, "f": Canary(eval, f"open({str(canary)!r}, 'w')")}, protocol),
        pickle.dumps({"v_template": Canary(exec, "import os")}, protocol),
        pickle.dumps(Canary(getattr, "", "join"), protocol),
    ):
        message = refusal(load, data)
        assert "which is not part of a FLAME model, and was not run" in message
        assert any(name in message for name in ("system", "eval", "exec", "getattr"))
    assert not canary.exists()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "Git LFS pointer"),
        (b"PK\x03\x04whatever", "a zip archive"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (pickle.dumps(A, 2)[:-30], "broken"),
        (pickle.dumps(np.array([{}, 1], object), 2), "Python objects"),
        (b"\x80\x02]q\x00h\x00a.", "contains itself"),
        (b"\x80\x02" + b"]" * 5000 + b"a" * 4999 + b".", "nested"),
        (b"\x80\x02" + b"N0" * 300_000 + b"N.", "more than 500000 operations"),
        (b"\x80\x02Nr\xff\xff\xff\xffh\x00.", "never stored"),
        (b"\x80\x02X\xff\xff\xff\x7fabc.", "broken"),
        (b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7fN\x8d\xff\xff\xff\xff\xff\xff\xff\x7f.", "broken"),
        (b"\x80\x02\x8b\xff\xff\xff\x7f\x01.", "broken"),
        (b"L" + b"9" * 10_000 + b"L\n.", "broken"),
        (b"\x80\x02P1\n.", "operation PERSID"),
        (b"\x80\x02\x82\x01.", "operation EXT1"),
        (b"\x80\x02}]Ns.", "dictionary key of type list"),
        (b"\x80\x02cnumpy\nndarray\n.", "numpy.ndarray itself"),
        (b"\x80\x02cchumpy.ch\nsystem.os\n.", "chumpy.ch.system.os"),
        (b"\x80\x02cchumpy.ch_ops\nadd\n)\x81}b.", "chumpy.ch_ops.add"),
        (b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n)R.", "in a way that is not FLAME's"),
    ],
)
def test_broken_and_hostile_pickles_end_in_one_sentence(load, data, reason):
    assert reason in refusal(load, data)


class Claim:
    def __init__(self, *claim):
        self.claim = claim

    def __reduce__(self):
        shape, dtype, data = self.claim
        return np.zeros(1).__reduce__()[0], (np.ndarray, (0,), b"b"), (1, shape, np.dtype(dtype), False, data)


@pytest.mark.parametrize("shape", [(2**40, 2**20), (10**9,), (-1, -8), (2**63,), (1,) * 40, ("8",), (1.0,)])
def test_array_must_hold_what_it_claims(load, shape):
    tracemalloc.start()
    message = refusal(load, pickle.dumps(Claim(shape, "f8", b"\0" * 8), 2))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "shape" in message
    assert peak < 10e6


def test_small_pickle_cannot_unfold_to_much_memory(load):
    """Sparse matrices of a few bytes, and selections that share one array, stay within a budget."""
    huge = pickles.csc_state(np.eye(3)) | {"_shape": (10**6, 3)}
    many = np.arange(2_000_000)
    with (
        pickles.fake_class("scipy.sparse.csc", "csc_matrix") as csc,
        pickles.fake_class("chumpy.ch", "Select") as select,
    ):
        matrices, selections = [csc() for _ in range(100)], [select() for _ in range(100)]
        for matrix, selection in zip(matrices, selections, strict=True):
            matrix.__dict__.update(huge)
            selection.__dict__.update(a=many, idxs=many)
        bombs = [pickle.dumps(matrices, 2), pickle.dumps(selections, 2)]
    for bomb in bombs:
        tracemalloc.start()
        assert "unfolds to far more data" in refusal(load, bomb)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 300e6


def test_indices_out_of_range_are_refused(load):
    state = pickles.csc_state(np.eye(3))
    for change in (
        {"indices": np.array([0, 1, 7])},
        {"indices": np.array([0, 1, -1])},
        {"indptr": np.array([0, 1, 2, 9])},
    ):
        refusal(load, pickles.dump_object("scipy.sparse.csc", "csc_matrix", state | change, 2))
    select = {"a": A, "idxs": np.array([99])}
    refusal(load, pickles.dump_object("chumpy.reordering", "Select", select, 2))


SMALL = {key: v[..., :2] if np.ndim(v) == 3 else v for key, v in pickles.flame_fields(3).items()}
VALID = [pickles.dumps(SMALL, p, py2) for p, py2 in ((0, True), (2, True), (2, False), (4, False))]
VALID += [pickles.dump_object("scipy.sparse.csc", "csc_matrix", pickles.csc_state(np.eye(4)), 2, True)]
VALID += [
    pickles.dump_object("chumpy.reordering", "Select", CHUMPY["reordering", "Select"][0], p, True) for p in (0, 2)
]
edits = st.lists(st.tuples(st.integers(0, 10**6), st.binary(min_size=1, max_size=6)), max_size=4)
slow_disk = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def loads_or_says_why(load, data: bytes) -> None:
    try:
        load(data)
    except XTalkerError as error:
        message = str(error)
    else:
        message = "model.pkl loads"
    assert "model.pkl" in message


@slow_disk
@given(st.integers(0, len(VALID) - 1), edits, st.integers(0, 200))
def test_mutated_pickles_load_or_say_why_not(load, index, edits, cut):
    data = VALID[index]
    mutated = bytearray(data)
    for position, patch in edits:
        at = position % len(data)
        mutated[at : at + len(patch)] = patch
    loads_or_says_why(load, bytes(mutated[: len(mutated) - cut] if cut < 20 else mutated))


@slow_disk
@given(st.binary(max_size=200))
def test_any_bytes_load_or_say_why_not(load, data):
    loads_or_says_why(load, b"\x80\x02" + data)


OPCODES = [op.code.encode("latin1") for op in pickletools.opcodes]


@slow_disk
@given(st.lists(st.one_of(st.sampled_from(OPCODES), st.binary(max_size=3)), max_size=60))
def test_any_opcodes_load_or_say_why_not(load, parts):
    loads_or_says_why(load, b"\x80\x02" + b"".join(parts) + b".")


def test_missing_file_is_named():
    with pytest.raises(ModelError, match=r"nowhere\.pkl: cannot be read"):
        load_pickle(Path("nowhere.pkl"))
