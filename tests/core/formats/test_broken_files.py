"""Whatever is wrong with a file ends in one sentence that names it; no code of its runs, and memory stays bounded."""

from __future__ import annotations

import io
import os
import pickle
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.models import synthetic_model
from tests.data.sequences import make_codes, write_3dxtalker_folder, write_all_in_one
from xtalker_addon.cli import main
from xtalker_addon.core.formats import find_sequences, read_sequence
from xtalker_addon.core.model.flame import save_model
from xtalker_addon.errors import SequenceError, XTalkerError

T = 12


def refusal(path) -> str:
    with pytest.raises(SequenceError) as caught:
        read_sequence(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert len(message) < 500 + len(str(path))
    return message


def npy(array) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npz(**arrays) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def npy_header(text: str, version: bytes = b"\x01\x00") -> bytes:
    """An .npy file whose header says `text`, followed by 64 bytes."""
    data = text.encode("latin1") + b"\n"
    return b"\x93NUMPY" + version + len(data).to_bytes(2 if version == b"\x01\x00" else 4, "little") + data + b"\0" * 64


class Canary:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


# --- what a file is instead ----------------------------------------------------------------------------------------

ZEROS = np.zeros((T, 50), np.float32)
OTHER_FILES = {
    "Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
    "a pickle, which is never loaded": pickle.dumps({"exp": [1.0]}, 4),
    "a pickle, which is never loaded ": pickle.dumps({"exp": [1.0]}, 0),
    "PyTorch": b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.",
    "a picture": b"\x89PNG\r\n\x1a\n" + b"\0" * 30,
    "a picture ": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "an HDF5 file": b"\x89HDF\r\n\x1a\n" + b"\0" * 30,
    "a MATLAB file": b"MATLAB 5.0 MAT-file",
    "a video": b"\0\0\0 ftypisom",
    "a compressed archive": b"\x1f\x8b\x08\0",
    "a web page": b"\n<!DOCTYPE html><html>",
    "JSON text": b'{"expr": [[0.0]]}',
    "full of zeros": b"\0" * 600,
    "empty": b"",
    "is text": b"something else",
    "of no known kind": bytes(range(32)),
}


@pytest.mark.parametrize("kind", OTHER_FILES)
@pytest.mark.parametrize("name", ["clip.npz", "clip.npy"])
def test_what_a_file_is_instead(tmp_path, kind, name):
    (tmp_path / name).write_bytes(OTHER_FILES[kind])
    message = refusal(tmp_path / name)
    assert kind.strip().replace("a pickle, which is never loaded", "a pickle without FLAME codes") in message
    assert str(tmp_path / name) in message


@pytest.mark.parametrize("kind", [kind for kind in OTHER_FILES if kind not in ("is text", "of no known kind")])
@pytest.mark.parametrize("name", ["expcode.npy", "lightcode.npy"])
def test_what_a_file_of_a_folder_is_instead(tmp_path, kind, name):
    write_3dxtalker_folder(tmp_path / "clip", T)
    (tmp_path / "clip" / name).write_bytes(OTHER_FILES[kind])
    message = refusal(tmp_path / "clip")
    assert kind.strip() in message
    assert str(tmp_path / "clip" / name) in message


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((2, 70110), np.float32), "23,370 vertices of BIWI's mesh"),
        (np.zeros((2, 23370, 3), np.float64), "23,370 vertices of BIWI's mesh"),
        (np.zeros((2, 59315, 3), np.float32), "59,315 vertices of 3DXTalker's detail mesh"),
        (np.full((2, 15069), np.nan, np.float32), "vertices is not finite at frame 0"),
        (np.zeros((2, 5023, 3), "U1"), "vertices holds <U1"),
        (np.zeros((64, 64, 3), np.uint8), "a picture"),
        (np.zeros((T, 53), np.float32), "may be 50 columns of expression and 3 of the jaw; save them apart"),
        (np.zeros((T, 103), np.float32), "may be 100 columns of expression and 3 of the jaw; save them apart"),
        (np.zeros((T, 50), np.float32), "does not say what it holds"),
        (np.zeros((T, 0), np.float32), "holds no numbers"),
        (np.float32(1), "does not say what it holds"),
        (np.array([{"exp": 1}], object), "a pickle without FLAME codes"),
    ],
)
def test_arrays_that_are_no_codes(tmp_path, array, reason):
    (tmp_path / "a.npy").write_bytes(npy(array))
    message = refusal(tmp_path / "a.npy")
    assert reason in message
    assert "a.npy" in message


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"data_mean": ZEROS}, "neither expression codes nor vertices; expected one of the keys exp, expr"),
        ({"fps": np.array(25)}, "found fps"),
        ({"verts": np.zeros((2, 5023, 2))}, "key 'verts': has shape (2, 5023, 2); expected vertices as (T, V, 3)"),
        ({"verts": np.zeros((2, 23370, 3))}, "key 'verts': holds 23,370 vertices of BIWI's mesh"),
        ({"exp": np.array([None], object)}, "key 'exp': holds Python objects"),
        ({"exp": np.array("text")}, "key 'exp': expression has shape ()"),
        ({"exp": np.full((T, 50), "x")}, "key 'exp': expression holds <U1"),
        ({"exp": np.zeros((T, 50), bool)}, "key 'exp': expression holds bool"),
        ({"exp": np.zeros((T, 50), complex)}, "key 'exp': expression holds complex128"),
        ({"exp": np.zeros((T, 50), [("x", "f4")])}, "key 'exp': expression holds"),
        ({"exp": np.zeros(50)}, "key 'exp': expression has shape (50,); expected (T, any)"),
        ({"exp": ZEROS, "pose": np.zeros((T, 18))}, "key 'pose': pose has shape (12, 18)"),
        ({"exp": ZEROS, "pose": np.zeros((T, 156))}, "key 'pose': pose has shape (12, 156)"),
        ({"exp": ZEROS, "jaw": np.zeros((T, 1))}, "key 'jaw': jaw has shape (12, 1); expected (T, 3)"),
        ({"exp": ZEROS, "jaw_pose": np.zeros((T + 1, 3))}, "key 'jaw_pose': jaw has 13 frames"),
        ({"exp": np.zeros((T, 53))}, "which may be 50 columns of expression and 3 of the jaw; save them apart"),
        ({"exp": ZEROS * np.nan}, "key 'exp': expression is not finite at frame 0"),
        ({"exp": np.full((T, 50), 1e300)}, "key 'exp': expression is not finite at frame 0"),
        ({"exp": ZEROS, "leye_pose": np.zeros((T, 3)), "reye_pose": np.zeros((T, 1))}, "key 'leye_pose'"),
    ],
)
def test_npz_with_other_contents(tmp_path, arrays, reason):
    (tmp_path / "a.npz").write_bytes(npz(**arrays))
    message = refusal(tmp_path / "a.npz")
    assert reason in message
    assert str(tmp_path / "a.npz") in message


# --- folders -------------------------------------------------------------------------------------------------------


def test_folder_without_expression_and_missing_path(tmp_path):
    write_3dxtalker_folder(tmp_path / "clip", T, changes={"expcode": None})
    assert "has no expcode.npy" in refusal(tmp_path / "clip")
    assert "has no expcode.npy" in refusal(tmp_path / "clip" / "..")
    assert "does not exist" in refusal(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    assert "empty: holds no talking-head sequence" in refusal(tmp_path / "empty")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_keeps_nobody_waiting(tmp_path):
    os.mkfifo(tmp_path / "clip.npz")
    assert "clip.npz: cannot be read (it is no ordinary file)" in refusal(tmp_path / "clip.npz")
    assert find_sequences(tmp_path) == [tmp_path / "clip.npz"]  # so that reading it says so


@pytest.mark.parametrize(
    ("file", "array", "reason"),
    [
        ("posecode", np.zeros((T - 1, 6)), "has 11 frames and the expression in"),
        ("shapecode", np.zeros((T + 2, 100)), "has 14 frames and the expression in"),
        ("posecode", np.zeros((T, 7)), "pose has shape (12, 7)"),
        ("expcode", np.zeros((0, 50)), "holds no numbers"),
        ("expcode", np.zeros((T, 103)), "which may be 100 columns of expression and 3 of the jaw; save them apart"),
        ("texcode", np.array([{}], object), "Python objects"),
    ],
)
def test_the_file_at_fault_is_named(tmp_path, file, array, reason):
    write_3dxtalker_folder(tmp_path / "clip", T)
    np.save(tmp_path / "clip" / f"{file}.npy", array)
    message = refusal(tmp_path / "clip")
    assert reason in message
    assert message.startswith(str(tmp_path / "clip" / f"{file}.npy"))
    if "frames and" in reason:
        assert str(tmp_path / "clip" / "expcode.npy") in message


@pytest.mark.parametrize(
    ("file", "field", "array", "reason"),
    [
        ("lightcode", "light", np.zeros((T, 9, 4)), "light has shape (12, 9, 4); expected (T, 9, 3)"),
        ("lightcode", "light", np.zeros((T - 2, 9, 3)), "light has 10 frames and the expression in"),
        ("detailcode", "detail", np.zeros((T, 127)), "detail has shape (12, 127); expected (T, 128)"),
        ("cam", "camera", np.full((T, 3), np.inf), "camera is not finite at frame 0"),
        ("texcode", "texture", np.full((T, 50), "x"), "texture holds <U1"),
        ("refimg", "reference_image", np.zeros((224, 224)), "reference_image has shape (224, 224)"),
        ("refimg", "reference_image", np.full((3, 8, 8), np.nan), "reference_image is not finite"),
        ("envelope", "envelope", np.zeros((5, 5)), "envelope has shape (5, 5)"),
    ],
)
def test_an_odd_field_that_moves_nothing_does_not_cost_the_clip(tmp_path, file, field, array, reason):
    written = write_3dxtalker_folder(tmp_path / "clip", T)
    np.save(tmp_path / "clip" / f"{file}.npy", array)
    clip = read_sequence(tmp_path / "clip")
    np.testing.assert_array_equal(clip.expression, written["expcode"])
    (warning,) = clip.warnings
    assert reason in warning
    assert warning.startswith(str(tmp_path / "clip" / f"{file}.npy"))
    assert warning.endswith("The clip comes in without it.")
    held = {
        "expression",
        "shape",
        "global_rotation",
        "jaw",
        "camera",
        "light",
        "texture",
        "detail",
        "envelope",
        "audio",
    }
    assert set(clip.held()) == {*held, "reference_image"} - {field}


def test_none_for_an_odd_field(tmp_path):
    np.savez(tmp_path / "a.npz", exp=ZEROS, light=np.array(None), cam=np.array(None), fps=np.array(None))
    clip = read_sequence(tmp_path / "a.npz")
    assert clip.held() == ("expression",)
    assert sum("Python objects" in warning for warning in clip.warnings) == 2
    assert any("key 'fps': is no number; expected frames a second" in warning for warning in clip.warnings)


def test_wrong_width_under_the_authors_name(tmp_path):
    np.save(tmp_path / "x-AllInOne.npy", np.zeros((T, 285)))
    assert "has shape (12, 285), expected (T, 284)" in refusal(tmp_path / "x-AllInOne.npy")
    write_all_in_one(tmp_path, "y", T)
    (tmp_path / "y-evlp.npy").write_bytes(b"")
    assert "y-evlp.npy: is empty" in refusal(tmp_path / "y-AllInOne.npy")


# --- hostile files -------------------------------------------------------------------------------------------------


def test_no_pickle_is_ever_loaded(tmp_path):
    canary = tmp_path / "canary"
    objects = np.array([Canary(canary)], object)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Canary(canary)))
    with np.errstate(all="ignore"):
        files = {
            "a.npy": npy(objects),
            "b.npz": npz(exp=objects),
            "c.npy": pickle.dumps(Canary(canary)),
            "d.npz": pickle.dumps(Canary(canary), 0),
            "e.npz": stream.getvalue(),
            "f.npz": npz(exp=ZEROS, pose=objects),
        }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        refusal(tmp_path / name)
    (tmp_path / "g.npz").write_bytes(npz(exp=ZEROS, fps=objects, light=objects))
    read_sequence(tmp_path / "g.npz")
    assert "PyTorch" in refusal(tmp_path / "e.npz")
    write_3dxtalker_folder(tmp_path / "clip", T)
    (tmp_path / "clip" / "metadata.pkl").write_bytes(pickle.dumps(Canary(canary)))
    read_sequence(tmp_path / "clip")
    find_sequences(tmp_path)
    assert not canary.exists()


HEADERS = [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 50), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4611686018427387904), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-12, 50), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (" + "9" * 4000 + ", 2), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (" + "9" * 5000 + ",), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': 12, }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': [('x', '|O')], 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '|V0', 'fortran_order': False, 'shape': (1000000000000,), }",
    "{'descr': 'f99', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': ('<f4', (9999999, 999999)), 'fortran_order': False, 'shape': (1,), }",
    "{[]: 1}",
    "(" * 3000,
    "-" * 9000 + "1",
    "__import__('os').mkdir('canary')",
    "{'descr': __import__('os').mkdir('canary'), 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2**60,), }",
    "1if 2else 3",
    "\0",
    "",
    "x" * 60000,
]


@pytest.mark.parametrize("text", HEADERS, ids=range(len(HEADERS)))
@pytest.mark.parametrize("version", [b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x09\x09"])
def test_hostile_headers(tmp_path, monkeypatch, text, version):
    monkeypatch.chdir(tmp_path)
    header = npy_header(text, version)
    (tmp_path / "a.npy").write_bytes(header)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("exp.npy", header)
    tracemalloc.start()
    assert "a.npy" in refusal(tmp_path / "a.npy")
    assert "key 'exp'" in refusal(tmp_path / "a.npz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30e6
    assert not (tmp_path / "canary").exists()


def test_a_header_that_claims_more_than_follows(tmp_path):
    (tmp_path / "a.npy").write_bytes(npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (12, 50), }"))
    claim = "cut short: its header claims the shape (12, 50), 2400 bytes, and 64 bytes follow"
    assert claim in refusal(tmp_path / "a.npy")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.write(tmp_path / "a.npy", "exp.npy")
    assert f"key 'exp': is {claim}" in refusal(tmp_path / "a.npz")


def test_cut_short(tmp_path):
    whole = npy(ZEROS)
    for end in (5, 9, 40, 128, len(whole) - 1):
        (tmp_path / "a-AllInOne.npy").write_bytes(whole[:end])
        message = refusal(tmp_path / "a-AllInOne.npy")
        assert "cut short" in message
    whole = npz(exp=ZEROS)
    for end in (5, 40, len(whole) // 2, len(whole) - 1):
        (tmp_path / "a.npz").write_bytes(whole[:end])
        assert "cut short" in refusal(tmp_path / "a.npz")


def test_damaged_npz_is_noticed(tmp_path):
    whole = bytearray(npz(exp=ZEROS))
    whole[len(whole) // 2] ^= 1
    (tmp_path / "a.npz").write_bytes(whole)
    assert "key 'exp': is not an array, or is broken" in refusal(tmp_path / "a.npz")


def bomb(size: int) -> bytes:
    """An .npz whose exp unpacks to `size` bytes of zeros, with a header that fits them."""
    array = npy_header(f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({size // 50}, 50), }}")[:-64]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("exp.npy", "w") as member:
        member.write(array)
        for _ in range(size >> 20):
            member.write(bytes(1 << 20))
    return stream.getvalue()


def test_zip_bomb_is_refused_unread(tmp_path):
    data = bytearray(bomb(1 << 21))
    # What the archive declares, in its directory and before the member.
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = data.index(signature) + offset
        data[at : at + 4] = (3 << 30).to_bytes(4, "little")
    (tmp_path / "a.npz").write_bytes(data)
    tracemalloc.start()
    assert "key 'exp': unpacks to 3072 MiB" in refusal(tmp_path / "a.npz")
    assert tracemalloc.get_traced_memory()[1] < 10e6
    tracemalloc.stop()


def test_zip_that_holds_more_than_it_declares(tmp_path):
    """The declared size bounds what is unpacked, whatever the compressed data would give."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    stream = packed.compress(bytes(200 << 20)) + packed.flush()
    data = bytearray(bomb(1 << 20))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        info = archive.getinfo("exp.npy")
    start = data.index(b"exp.npy") + len("exp.npy")
    data[start : start + info.compress_size] = stream[: info.compress_size].ljust(info.compress_size, b"\0")
    (tmp_path / "a.npz").write_bytes(data)
    tracemalloc.start()
    refusal(tmp_path / "a.npz")
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressions_that_numpy_does_not_write(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", method) as archive:
        archive.writestr("exp.npy", npy(ZEROS))
    assert "compressed in a way" in refusal(tmp_path / "a.npz")


# --- any bytes -----------------------------------------------------------------------------------------------------

anything = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CODES = make_codes(3)[0]
VALID_NPZ = npz(exp=CODES["expcode"], pose=CODES["posecode"], shape=CODES["shapecode"][0], fps=np.array(25))
VALID_NPY = npy(np.zeros((3, 284), np.float32))
patches = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=4)), max_size=4)


def reads_or_says_why(path, data: bytes) -> None:
    path.write_bytes(data)
    try:
        read_sequence(path)
    except XTalkerError as error:
        message = str(error)
    else:
        message = f"{path.name} reads"
    assert path.name in message
    find_sequences(path.parent)


def patched(data: bytes, changes) -> bytes:
    result = bytearray(data)
    for place, patch in changes:
        at = int(place * len(data))
        result[at : at + len(patch)] = patch
    return bytes(result)


@anything
@given(patches, st.booleans())
def test_mutated_arrays(tmp_path, changes, in_header):
    head = 128
    data = patched(VALID_NPY[:head], changes) + VALID_NPY[head:] if in_header else patched(VALID_NPY, changes)
    reads_or_says_why(tmp_path / "a-AllInOne.npy", data)


@anything
@given(patches, st.integers(0, 10))
def test_mutated_archives(tmp_path, changes, cut):
    data = patched(VALID_NPZ, changes)
    reads_or_says_why(tmp_path / "a.npz", data[: len(data) - cut])


@anything
@given(st.sampled_from([b"", b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"\x80\x04"]), st.binary(max_size=300))
def test_any_bytes(tmp_path, start, data):
    for name in ("a.npz", "a-AllInOne.npy", "a"):
        reads_or_says_why(tmp_path / name, start + data)


header_words = st.sampled_from(
    ["{", "}", "(", ")", ",", ":", "'descr'", "'fortran_order'", "'shape'", "'<f4'", "'|O'", "3", "284", "-1", "True"]
)


@anything
@given(
    st.one_of(
        st.text(max_size=80).map(lambda t: t.encode("latin1", "replace").decode("latin1")),
        st.lists(header_words, max_size=25).map("".join),
    )
)
def test_any_header(tmp_path, text):
    reads_or_says_why(tmp_path / "a-AllInOne.npy", npy_header(text))
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
        archive.writestr("exp.npy", npy_header(text))
    reads_or_says_why(tmp_path / "b.npz", (tmp_path / "b.npz").read_bytes())


keys = st.sampled_from(["exp", "pose", "poses", "shape", "jaw", "fps", "light", "tex", "eyes", "cam"])
shapes = st.lists(st.sampled_from([0, 1, 2, 3, 6, 27, 165]), max_size=4).filter(lambda shape: np.prod(shape) < 1e5)
dtypes = st.sampled_from(["f4", "f8", "i8", "u1", "?", "U3", "c8", "M8[s]"])


@anything
@given(st.dictionaries(keys, st.tuples(shapes, dtypes), max_size=5))
def test_any_shapes_and_types(tmp_path, fields):
    reads_or_says_why(tmp_path / "a.npz", npz(**{key: np.zeros(*field) for key, field in fields.items()}))


# --- files of another purpose --------------------------------------------------------------------------------------


def test_a_face_model_is_told_as_one(tmp_path):
    save_model(synthetic_model(4, 6, identity=3, expression=2), tmp_path / "flame.npz")
    assert refusal(tmp_path / "flame.npz").endswith(
        "flame.npz: is a face model; name it as the model, and a sequence of codes here."
    )
    assert refusal(tmp_path / "flame").endswith("a sequence of codes here.")


def test_a_zip_archive_is_told_as_one(tmp_path):
    for name in ("readme.txt", "V0-GRID/a/expcode.npy", "a.npz"):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr(name, npy(ZEROS))
        assert refusal(tmp_path / "a.zip").endswith("a.zip: is a zip archive, and no .npz of arrays; unpack it first.")


def test_a_file_that_is_none_of_its_kind_is_told_among_good_ones(tmp_path, capsys):
    """By each command that looks through a folder, once."""
    lost = ("empty.npz", "text.npz", "empty.npy", "text.npy", "empty.pkl", "text.pkl", "zeros.npz")
    (tmp_path / "good.npz").write_bytes(npz(exp=ZEROS, fps=np.array(25)))
    (tmp_path / "notes.txt").write_text("no clip")
    for name in lost:
        (tmp_path / name).write_bytes({"empty": b"", "text": b"later", "zeros": bytes(600)}[name.split(".")[0]])
    assert sorted(path.name for path in find_sequences(tmp_path)) == sorted(["good.npz", *lost])
    for command, code in (("check", 3), ("info", 2), ("index", 2)):
        assert main([command, str(tmp_path)]) == code
        told = "".join(capsys.readouterr())
        for name in lost:
            what = {"empty": "is empty", "text": "is text", "zeros": "is full of zeros"}[name.split(".")[0]]
            assert told.count(f"{name}: {what}") == 1, (command, name, told)


def test_of_files_that_are_none_the_empty_are_told_apart(tmp_path):
    for name, content in (("a.json", ""), ("b.json", "later"), ("c.json", "later")):
        (tmp_path / name).write_text(content)
    message = refusal(tmp_path)
    assert "a.json is empty" in message
    assert "each of 2 .json files, as b.json, is text" in message
