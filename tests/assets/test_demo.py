"""The demo sequence: eleven files that agree, and a mouth that says what the sound says."""

from __future__ import annotations

import io
import json
import pickle
import sys
import wave
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from xtalker_addon.core.arkit.units import own_units
from xtalker_addon.core.checks import check_path
from xtalker_addon.core.light.spherical_harmonics import sh_shading
from xtalker_addon.core.model.flame import load_model
from xtalker_addon.core.motion.statistics import expression_std

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "assets" / "demo" / "V0-Demo" / "XTalker_demo"
FRAME = 0.04  # seconds
TOUCHING = 0.0008  # metres between lips that look shut
sys.path.insert(0, str(ROOT / "assets" / "source"))

from demo import speech  # noqa: E402


@pytest.fixture(scope="module")
def demo() -> SimpleNamespace:
    codes = {path.stem: np.load(path, allow_pickle=False) for path in DEMO.glob("*.npy")}
    with wave.open(str(DEMO / "audio.wav")) as file:
        form = (file.getframerate(), file.getnchannels(), file.getsampwidth())
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    table = json.loads((ROOT / "assets" / "demo" / "phonemes.json").read_text(encoding="utf-8"))
    return SimpleNamespace(**codes, sound=sound, form=form, text=table["text"], phones=table["phones"])


@pytest.fixture(scope="module")
def gap(demo: SimpleNamespace) -> np.ndarray:
    """(T,) metres between the lips in the middle half of the mouth, where they are farthest apart."""
    model = load_model()
    pose = np.zeros((len(demo.expcode), 15))
    pose[:, 6:9] = demo.posecode[:, 3:]
    vertices = model.evaluate(demo.shapecode.mean(0), demo.expcode, pose)
    upper, lower = model.regions["upper_seam"], model.regions["lower_seam"]
    middle = np.abs(model.template[upper, 0]) < 0.0125
    return (vertices[:, upper, 1] - vertices[:, lower, 1])[:, middle].max(1)


def level_db(sound: np.ndarray) -> np.ndarray:
    """Level of the high-passed sound, 200 values a second."""
    power = np.convolve(np.diff(sound, prepend=0.0) ** 2, np.hanning(161) / 80, "same")[::80]
    return 10 * np.log10(power + 1e-9)


def closures(demo: SimpleNamespace) -> list[tuple[str, float, float]]:
    return [(p["phone"] + " of " + p["word"], *p["closure"]) for p in demo.phones if "closure" in p]


def test_files_have_the_layout_of_3dxtalker_and_one_length(demo: SimpleNamespace) -> None:
    T = len(demo.expcode)
    assert {path.name for path in DEMO.iterdir()} == {
        *(f"{name}.npy" for name in ("shapecode", "expcode", "posecode", "detailcode", "cam", "lightcode", "texcode")),
        "refimg.npy", "envelope.npy", "audio.wav", "metadata.pkl",
    }  # fmt: skip
    shapes = {"shapecode": (T, 100), "expcode": (T, 50), "posecode": (T, 6), "detailcode": (T, 128), "cam": (T, 3)}
    shapes |= {"lightcode": (T, 9, 3), "texcode": (T, 50)}
    for name, shape in shapes.items():
        array = getattr(demo, name)
        assert (array.shape, array.dtype) == (shape, np.float32), name
        assert np.isfinite(array).all(), name
    assert (demo.refimg.shape, demo.refimg.dtype) == ((3, 224, 224), np.uint8)
    assert demo.form == (16000, 1, 2)
    assert len(demo.sound) == len(demo.envelope) == 640 * T
    assert 8 < T / 25 < 13
    assert sum(path.stat().st_size for path in DEMO.iterdir()) < 1_500_000


def test_metadata_is_six_plain_pickles(demo: SimpleNamespace) -> None:
    class Plain(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> object:
            raise AssertionError(f"metadata.pkl asks for {module}.{name}")

    file = io.BytesIO((DEMO / "metadata.pkl").read_bytes())
    version, videos, facts, _, frame_lists, sounds = (Plain(file).load() for _ in range(6))
    assert file.read() == b""
    assert version == 3
    assert len(videos) == len(facts) == len(frame_lists) == len(sounds) == 1
    assert facts[0]["num_frames"] == len(demo.expcode)


def test_envelope_is_that_of_the_sound(demo: SimpleNamespace) -> None:
    spectrum = np.fft.fft(demo.sound)
    spectrum[1 : len(spectrum) // 2] *= 2
    spectrum[len(spectrum) // 2 + 1 :] = 0
    assert np.allclose(np.abs(np.fft.ifft(spectrum)), demo.envelope, atol=1e-3)


def test_speech_is_there_and_not_clipped(demo: SimpleNamespace) -> None:
    assert 0.5 < np.abs(demo.sound).max() < 0.95
    spoken = np.concatenate([
        demo.sound[int(p["start"] * 16000) : int(p["end"] * 16000)] for p in demo.phones if p["phone"] != "pau"
    ])  # fmt: skip
    rest = demo.sound[: int(0.2 * 16000)]
    assert spoken.std() > 0.05
    assert rest.std() < 0.01 * spoken.std()
    assert {"p", "b", "m", "f", "v", "s", "sh", "th", "w", "uw", "ay"} <= {p["phone"] for p in demo.phones}


def test_sounds_follow_one_another_through_the_whole_clip(demo: SimpleNamespace) -> None:
    starts, ends = (np.array([p[key] for p in demo.phones]) for key in ("start", "end"))
    assert starts[0] == 0
    assert np.array_equal(starts[1:], ends[:-1])
    assert np.all(ends > starts)
    assert ends[-1] == pytest.approx(len(demo.expcode) / 25, abs=1e-3)


def test_table_has_closures_where_the_sound_is_shut_in(demo: SimpleNamespace) -> None:
    level = level_db(demo.sound)
    assert len(closures(demo)) >= 8
    for sound, start, end in closures(demo):
        a, b = int(start * 200), int(end * 200) + 1
        quietest = a - 8 + int(np.argmin(level[a - 8 : b + 8]))
        assert a - 8 < quietest < b + 7, sound  # a minimum, and within a frame of the closure
        drop = 4 if sound.startswith("m") else 12  # dB: a nasal sounds on
        assert level[quietest] < min(level[a - 24 : a].max(), level[b : b + 24].max()) - drop, sound


def test_lips_are_shut_when_p_b_and_m_are(demo: SimpleNamespace, gap: np.ndarray) -> None:
    for sound, start, end in closures(demo):
        inside = np.arange(int(np.ceil(start / FRAME - 1e-6)), int(end / FRAME + 1e-6) + 1)
        assert len(inside), sound
        assert gap[inside].max() < TOUCHING, sound
        # The lips meet and part within a frame of the sound, not earlier and not later.
        first, last = inside[0], inside[-1]
        while gap[first - 1] < TOUCHING:
            first -= 1
        while gap[last + 1] < TOUCHING:
            last += 1
        assert first * FRAME > start - FRAME, sound
        assert last * FRAME < end + FRAME, sound


def test_lips_never_pass_through_each_other(gap: np.ndarray) -> None:
    assert gap.min() > -0.0005


def test_mouth_is_open_in_stressed_open_vowels(demo: SimpleNamespace, gap: np.ndarray) -> None:
    for p in demo.phones:
        if p["phone"] in {"ae", "ah", "ao", "ay", "ey", "aw", "eh"} and p["end"] - p["start"] > 0.1:
            frames = slice(int(p["start"] / FRAME), int(p["end"] / FRAME) + 2)
            assert gap[frames].max() > 0.004, p


def test_jaw_follows_the_envelope_and_never_closes_past_shut(demo: SimpleNamespace) -> None:
    jaw = demo.posecode[:, 3]
    assert jaw.min() >= 0
    assert 0.1 < jaw.max() < 0.25
    assert not demo.posecode[:, 4:].any()
    loudness = demo.envelope.astype(np.float64).reshape(-1, 640).mean(1)
    loudness = np.convolve(loudness, [0.25, 0.5, 0.25], "same")
    assert np.corrcoef(loudness, jaw)[0, 1] > 0.5


def test_codes_have_realistic_size(demo: SimpleNamespace) -> None:
    for name in ("shapecode", "expcode", "detailcode", "texcode"):
        assert np.abs(getattr(demo, name)).max() < 5, name
    assert np.ptp(demo.shapecode, axis=0).max() < 0.2
    assert np.abs(demo.posecode[:, :3]).max() < 0.25
    assert np.abs(np.diff(demo.posecode[:, :3], axis=0)).max() < 0.03
    assert (demo.cam[:, 0] > 7).all()
    assert (demo.cam[:, 0] < 9.5).all()


def test_check_finds_nothing_in_the_demo() -> None:
    assert not check_path(DEMO).findings


def test_no_whole_unit_of_arkit_is_out_of_the_published_range() -> None:
    units = own_units()
    sigmas = 1 / units.amounts / expression_std(len(units.column_names))[units.columns]
    alone = np.array([units.column_names[column] != "mouth_close" for column in units.columns])
    assert sigmas[alone].max() < 8  # the whole mouthClose is for a jaw that is wide open


def test_light_is_positive_everywhere_and_moves_slowly(demo: SimpleNamespace) -> None:
    z = np.linspace(-1, 1, 400)
    turn = np.pi * (1 + 5**0.5) * np.arange(400)
    normals = np.stack([np.sqrt(1 - z * z) * np.cos(turn), np.sqrt(1 - z * z) * np.sin(turn), z], axis=1)
    shading = np.stack([sh_shading(normals, light) for light in demo.lightcode])
    assert shading.min() > 0.1
    seen = shading[:, z > 0]
    assert np.mean((seen > 0.4) & (seen < 1.15)) > 0.9
    assert 2.4 < demo.lightcode[:, 0].mean() < 3.5
    assert np.abs(np.diff(demo.lightcode, axis=0)).max() < 0.03
    assert np.ptp(demo.lightcode[:, 1:4], axis=0).max() > 0.1


def test_reference_image_shows_a_lit_face_before_a_light_ground(demo: SimpleNamespace) -> None:
    picture = demo.refimg.transpose(1, 2, 0).astype(float)
    assert picture[2, 2].min() > 200
    face = picture[90:150, 80:145]
    assert face[..., 0].mean() > face[..., 2].mean() + 15  # skin is warm
    assert 90 < face.mean() < 220
    assert face.std() > 8


def test_missing_synthesiser_is_one_sentence_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "_LIBRARIES", ("libflite-is-not-here.so.1",))
    with pytest.raises(speech.SynthesiserError, match=r"^The demo's speech needs .* apt-get install flite\)\.$"):
        speech.synthesise("Hello.")


def test_committed_demo_is_what_the_committed_head_acts(demo: SimpleNamespace, tmp_path: Path) -> None:
    pytest.importorskip("scipy", reason="the build needs scipy")
    build_demo = pytest.importorskip("build_demo")
    try:
        build_demo.build(tmp_path)
    except speech.SynthesiserError as error:
        pytest.skip(str(error))
    folder = tmp_path / "V0-Demo" / "XTalker_demo"
    if (folder / "audio.wav").read_bytes() != (DEMO / "audio.wav").read_bytes():
        pytest.skip("this flite speaks otherwise than the one that made the demo")
    for name in ("expcode", "posecode", "shapecode", "cam", "lightcode"):
        assert np.allclose(np.load(folder / f"{name}.npy"), getattr(demo, name), atol=1e-3), name
