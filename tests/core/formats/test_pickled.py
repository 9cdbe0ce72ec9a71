"""Pickles, files of torch.save and arrays known by their width come in as codes, and nothing in them is run."""

from __future__ import annotations

import io
import os
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.model.oracle import plain_flame
from tests.data import pickled
from tests.data.layouts import flame_codes, silence
from xtalker_addon.core.dataset import index_tree
from xtalker_addon.core.files import data_pickle
from xtalker_addon.core.formats import find_sequences, read_sequence
from xtalker_addon.core.model.flame import load_model
from xtalker_addon.core.model.placement import expression_for, translation_for
from xtalker_addon.core.motion.rotation import axis_angle_from_matrix, matrix_from_6d_rows, matrix_from_axis_angle
from xtalker_addon.errors import SequenceError

FRAMES = 9
WRITTEN = {
    "EMOTE": (lambda root: pickled.write_emote(root / "flame_clip.pkl"), 25),
    "gaussian-dejavu": (lambda root: pickled.write_dejavu(root / "clip.npy"), 30),
    "SHOW": (lambda root: pickled.write_show_pickle(root / "clip.pkl"), 30),
    "GAGAvatar_track": (lambda root: pickled.write_gagavatar(root / "video" / "smoothed.pkl"), 25),
    "EHM-Tracker": (lambda root: pickled.write_ehm(root / "video"), 25),
    "ViBES": (lambda root: pickled.write_vibes(root / "clip.npy"), 25),
    "metrical-tracker": (lambda root: pickled.write_tracker_frames(root / "actor" / "checkpoint"), 25),
    "Pixel3DMM": (lambda root: pickled.write_tracker_frames(root / "actor" / "checkpoint", pixel3dmm=True), 25),
}


def assert_codes(clip, codes) -> None:
    for name, expected in codes.items():
        np.testing.assert_allclose(getattr(clip, name), expected, rtol=0, atol=2e-6, err_msg=name)
    assert set(clip.held()) - {"audio", "camera"} <= {*codes, "global_rotation"}


@pytest.mark.parametrize("layout", WRITTEN)
def test_codes_are_those_of_the_file(tmp_path, layout):
    write, fps = WRITTEN[layout]
    written = write(tmp_path)
    (found,) = find_sequences(tmp_path)
    assert found == written.path
    clip = read_sequence(found)
    assert_codes(clip, written.codes)
    assert clip.fps == fps
    (outline,) = index_tree(tmp_path).clips
    assert outline.frames == clip.frames
    assert not outline.problem


@pytest.mark.parametrize("project", pickled.WIDTHS)
@pytest.mark.parametrize("batched", [False, True])
def test_arrays_known_by_their_width(tmp_path, project, batched):
    rows, codes = pickled.rows_of(project)
    np.save(tmp_path / "clip.npy", rows[None] if batched else rows)
    (found,) = find_sequences(tmp_path)
    clip = read_sequence(found)
    assert_codes(clip, codes)
    assert clip.fps == (30 if project == "SingingHead" else 25)
    assert index_tree(tmp_path).clips[0].frames == len(rows)


def test_sound_lies_in_the_folder_of_sounds(tmp_path):
    rows, _ = pickled.rows_of("3DMEAD")
    (tmp_path / "npy").mkdir()
    np.save(tmp_path / "npy" / "M003_001_1_0.npy", rows[None])
    silence(tmp_path / "wav" / "M003_001_1_0.wav", len(rows), 25)
    assert read_sequence(tmp_path / "npy" / "M003_001_1_0.npy").audio == tmp_path / "wav" / "M003_001_1_0.wav"


def test_the_eyes_of_108_columns_turn_about_two_axes_each(tmp_path):
    codes = flame_codes(FRAMES)
    eyes = codes["eyes"]
    rows = (codes["expression"], codes["global_rotation"], codes["jaw"][:, :1], eyes[:, :2], eyes[:, 3:5])
    np.save(tmp_path / "clip.npy", np.concatenate(rows, axis=1))
    clip = read_sequence(tmp_path / "clip.npy")
    eyes[:, [2, 5]] = 0
    assert np.array_equal(clip.eyes, eyes)
    assert np.array_equal(clip.jaw, np.pad(codes["jaw"][:, :1], ((0, 0), (0, 2))))


def test_a_body_in_265_columns_is_known_as_one(tmp_path):
    codes = flame_codes(FRAMES)
    body = np.random.default_rng(1).normal(0, 0.1, (FRAMES, 63)).astype(np.float32)
    root, hands = np.full((FRAMES, 3), np.pi, np.float32), np.zeros((FRAMES, 90), np.float32)
    rows = (codes["jaw"], codes["eyes"], root, body, hands, codes["expression"])
    np.save(tmp_path / "clip.npy", np.concatenate(rows, axis=1))
    clip = read_sequence(tmp_path / "clip.npy")
    expected = {name: codes[name] for name in ("jaw", "eyes", "expression")}
    assert_codes(clip, {**expected, "global_rotation": body[:, 33:36], "neck": body[:, 42:45]})
    assert clip.fps == 30


def test_pieces_of_learning_to_listen_come_one_after_the_other(tmp_path):
    rng = np.random.default_rng(0)
    array = np.concatenate([rng.normal(0, 1, (3, 64, 50)), rng.normal(0, 0.1, (3, 64, 134))], axis=2)
    np.save(tmp_path / "p0_speak_faces_clean_deca.npy", array)
    clip = read_sequence(tmp_path / "p0_speak_faces_clean_deca.npy")
    assert clip.frames == 192
    np.testing.assert_allclose(clip.jaw[64:128], array[1, :, 53:56], atol=1e-6)
    assert any("3 pieces of 64 frames" in text for text in clip.warnings)


@pytest.mark.parametrize("width", [59, 106, 112, 265, 403])
def test_rows_of_something_else_are_refused(tmp_path, width):
    np.save(tmp_path / "clip.npy", np.random.default_rng(0).normal(0, 300, (FRAMES, width)))
    with pytest.raises(SequenceError, match=f"has shape .9, {width}., as"):
        read_sequence(tmp_path / "clip.npy")


def test_six_numbers_are_rows_and_no_columns():
    turns = np.random.default_rng(0).normal(size=(50, 3))
    matrices = matrix_from_axis_angle(turns)
    assert np.abs(matrix_from_6d_rows(matrices[:, :2].reshape(-1, 6)) - matrices).max() < 1e-12
    columns = matrices[:, :, :2].swapaxes(1, 2).reshape(-1, 6)
    assert np.abs(matrix_from_6d_rows(columns) - matrices).max() > 0.1
    scaled = np.concatenate([3 * matrices[:, 0], 2 * matrices[:, 1] + 0.5 * matrices[:, 0]], axis=1)
    assert np.abs(matrix_from_6d_rows(scaled) - matrices).max() < 1e-12
    assert np.abs(matrix_from_axis_angle(axis_angle_from_matrix(matrices)) - matrices).max() < 1e-9


@pytest.mark.parametrize("scaled", [1.0, 5.0])
def test_a_moving_camera_is_a_moving_head(tmp_path, scaled):
    """What GAGAvatar's camera sees, worked out as PyTorch3D does, is what ours sees of the head that moves instead."""
    written = pickled.write_gagavatar(tmp_path / "smoothed.pkl")
    model = load_model()
    clip = read_sequence(written.path)
    codes = pickle.loads(written.path.read_bytes())
    still = np.zeros((clip.frames, 15), np.float32)
    still[:, 6:9], still[:, 9:] = clip.jaw, clip.eyes
    posed = model.evaluate(clip.shape, clip.expression, still).astype(np.float64)
    transforms = np.stack([codes[f"video_{frame}"]["transform_matrix"] for frame in range(clip.frames)]).astype(float)
    seen = scaled * posed @ transforms[:, :, :3] + transforms[:, None, :, 3]
    seen = seen * (-1, 1, -1) / 5  # to FLAME's axes and size
    seen -= (transforms[:, :, 3] * (-1, 1, -1) / 5).mean(0)
    expression = expression_for(model, clip)
    place = translation_for(model, clip, clip.shape, expression)
    shown = model.evaluate(clip.shape, expression, clip.pose(), place)
    distance = np.linalg.norm(shown - seen, axis=-1).max()
    assert distance < 1e-6 if scaled == 5 else distance > 0.01


def test_metrical_trackers_camera_is_a_moving_head(tmp_path):
    """Its frames as torch would read them, put through PyTorch3D's view: rows times R, plus T."""
    written = pickled.write_tracker_frames(tmp_path / "actor" / "checkpoint")
    model = load_model()
    clip = read_sequence(written.path)
    frames = []
    for path in sorted(written.path.glob("*.frame")):
        with zipfile.ZipFile(path) as archive:
            frames.append(pickle.loads(archive.read(f"{path.stem}/data.pkl")))

    def turns(rows):  # Gram-Schmidt on two rows, as PyTorch3D completes them
        first, second = np.asarray(rows, np.float64).reshape(2, 3)
        first = first / np.linalg.norm(first)
        second = second - (first @ second) * first
        second = second / np.linalg.norm(second)
        return np.stack([first, second, np.cross(first, second)])

    def axis_angle(matrix):  # of no half turn
        twice_sine = (matrix - matrix.T)[[2, 0, 1], [1, 2, 0]]
        length = np.linalg.norm(twice_sine)
        return twice_sine / length * np.arctan2(length, np.trace(matrix) - 1)

    seen = []
    for frame in frames:
        flame, camera = frame["flame"], frame["camera"]
        joints = np.concatenate([flame["jaw"], flame["eyes"]], axis=1).reshape(3, 6)
        pose = np.concatenate([np.zeros(6), *(axis_angle(turns(rows)) for rows in joints)])
        expression = np.zeros(len(model.expression_basis))
        expression[: flame["exp"].shape[1]] = flame["exp"][0]
        blinks = [model.expression_names.index(name) for name in ("eye_blink_left", "eye_blink_right")]
        expression[blinks] += flame["eyelids"][0] / np.take(model.expression_amounts, blinks)
        view = plain_flame(model, flame["shape"][0], expression, pose) @ turns(camera["R"]) + camera["t"][0]
        seen.append(view * (-1, 1, -1))  # its x to the left and its z away are FLAME's turned
    place = np.mean([frame["camera"]["t"][0] * (-1, 1, -1) for frame in frames], axis=0)
    expression = expression_for(model, clip)
    moved = translation_for(model, clip, clip.shape, expression)
    found = model.evaluate(clip.shape, expression, clip.pose(), moved)
    assert np.linalg.norm(found - (np.stack(seen) - place), axis=-1).max() < 1e-6


def test_pixel3dmm_heads_turn_about_the_origin(tmp_path):
    written = pickled.write_tracker_frames(tmp_path / "actor" / "checkpoint", pixel3dmm=True)
    model = load_model()
    clip = read_sequence(written.path)
    codes = written.codes
    pose = np.concatenate([np.zeros((clip.frames, 3)), codes["neck"], codes["jaw"], codes["eyes"]], axis=1)
    expression = expression_for(model, clip)
    posed = model.evaluate(clip.shape, expression, pose).astype(np.float64)
    turned = matrix_from_axis_angle(codes["global_rotation"])
    expected = np.einsum("tij,tvj->tvi", turned, posed) + codes["translation"][:, None]
    place = translation_for(model, clip, clip.shape, expression)
    assert np.linalg.norm(model.evaluate(clip.shape, expression, clip.pose(), place) - expected, axis=-1).max() < 1e-6


def test_any_frame_leads_to_its_clip(tmp_path):
    written = pickled.write_tracker_frames(tmp_path / "actor" / "checkpoint")
    assert read_sequence(written.path / "00003.frame").frames == 12


def test_a_frame_that_is_missing_stands_still(tmp_path):
    written = pickled.write_tracker_frames(tmp_path / "actor" / "checkpoint")
    (written.path / "00004.frame").unlink()
    clip = read_sequence(written.path)
    assert clip.frames == 12
    assert np.array_equal(clip.expression[4], clip.expression[3])
    assert any("1 of 12 frames are missing" in text for text in clip.warnings)


class Canary:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("key", ["optimizer", "exp"])
def test_nothing_in_a_pickle_is_run(tmp_path, key):
    codes = flame_codes(FRAMES)
    content = {"exp": codes["expression"], "jaw": codes["jaw"], key: Canary(tmp_path / "made")}
    (tmp_path / "clip.pkl").write_bytes(pickle.dumps(content))
    if key == "exp":
        with pytest.raises(SequenceError):
            read_sequence(tmp_path / "clip.pkl")
    else:
        assert np.array_equal(read_sequence(tmp_path / "clip.pkl").expression, codes["expression"])
    assert not (tmp_path / "made").exists()


def test_a_pickle_of_something_else_is_refused_in_words(tmp_path):
    (tmp_path / "clip.pkl").write_bytes(pickle.dumps({"epoch": 3, "weights": np.zeros((3, 3))}))
    with pytest.raises(SequenceError, match=r"is a pickle without FLAME codes.*found epoch, weights"):
        read_sequence(tmp_path / "clip.pkl")
    assert find_sequences(tmp_path) == []


def test_a_pickle_larger_than_any_clip_is_none(tmp_path, monkeypatch):
    written = pickled.write_emote(tmp_path / "clip.pkl")
    content = written.path.read_bytes()
    monkeypatch.setattr(data_pickle, "_SIZE_LIMIT", 1000)
    assert find_sequences(tmp_path) == []
    with pytest.raises(SequenceError, match="which no clip does"):
        read_sequence(written.path)
    monkeypatch.undo()
    monkeypatch.setattr(data_pickle._DataMachine, "limit", 20)
    assert find_sequences(tmp_path) == []
    monkeypatch.undo()
    written.path.unlink()
    (tmp_path / "cut.pkl").write_bytes(content[:100])
    assert find_sequences(tmp_path) == [tmp_path / "cut.pkl"]


@pytest.mark.parametrize("legacy", [False, True])
def test_a_tensor_of_artalk(tmp_path, legacy):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    rows, codes = pickled.rows_of("ARTalk")
    path = tmp_path / "speech_natural_0_motions.pt"
    torch.save(torch.from_numpy(rows), path, _use_new_zipfile_serialization=not legacy)
    silence(tmp_path / "speech.wav", len(rows), 25)
    (found,) = find_sequences(tmp_path)
    clip = read_sequence(found)
    assert_codes(clip, codes)
    assert clip.audio == tmp_path / "speech.wav"
    assert clip.name == "speech_natural_0"


def test_tensors_in_pickles(tmp_path):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    losses = {"keypoints": torch.tensor(0.5), "step": torch.tensor([3])}
    written = pickled.write_show_pickle(tmp_path / "show.pkl", extra=losses)
    assert_codes(read_sequence(written.path), written.codes)
    codes = flame_codes(FRAMES)
    content = {"exp": torch.from_numpy(codes["expression"])[:, ::2], "jaw": torch.from_numpy(codes["jaw"]).double()}
    (tmp_path / "clip.pkl").write_bytes(pickle.dumps(content))
    clip = read_sequence(tmp_path / "clip.pkl")
    assert np.array_equal(clip.expression, codes["expression"][:, ::2])
    torch.save(content, tmp_path / "clip.pt")
    assert np.array_equal(read_sequence(tmp_path / "clip.pt").jaw, codes["jaw"])


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    root = tmp_path_factory.mktemp("fuzz")
    frames = pickled.write_tracker_frames(root / "a" / "checkpoint", 2).path
    files = [pickled.write_emote(root / "a.pkl", 2).path, pickled.write_gagavatar(root / "b.pkl", 2).path]
    files += [pickled.write_dejavu(root / "c.npy", 2).path, frames / "00000.frame"]
    contents = [(path.suffix, path.read_bytes()) for path in files]
    return lambda: contents  # whose repr is short


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_gives_one_sentence(honest, tmp_path, data):
    suffix, content = honest()[data.draw(st.integers(0, 3))]
    stream = io.BytesIO(content)
    for _ in range(data.draw(st.integers(0, 5))):
        stream.seek(data.draw(st.integers(0, len(content) - 1)))
        stream.write(bytes([data.draw(st.integers(0, 255))]))
    folder = tmp_path / "checkpoint"
    folder.mkdir(exist_ok=True)
    path = folder / f"00000{suffix}"
    for other in folder.iterdir():
        other.unlink()
    path.write_bytes(stream.getvalue()[: data.draw(st.integers(1, len(content)))])
    for found in (path, *find_sequences(folder)):
        try:
            read_sequence(found)
        except SequenceError as fault:
            assert "\n" not in str(fault)  # noqa: PT017  not every damage makes an error
    assert list(folder.iterdir()) == [path]
    assert [place.name for place in tmp_path.iterdir()] == ["checkpoint"]
