"""Sound of every kind that datasets hold can be read."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.sequences import make_codes, write_wav
from xtalker_addon.core.speech import audio
from xtalker_addon.errors import AudioError

SOUND = make_codes(20)[1]


@pytest.mark.parametrize(
    ("suffix", "subtype", "tolerance"),
    [(".wav", "PCM_16", 1e-4), (".wav", "FLOAT", 0), (".wav", "PCM_24", 1e-6), (".flac", "PCM_16", 1e-4)],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_read_mono(tmp_path, suffix, subtype, tolerance, channels):
    path = tmp_path / f"sound{suffix}"
    # Two channels whose mean is the sound.
    write_wav(path, SOUND if channels == 1 else np.stack([0.5 * SOUND, 1.5 * SOUND], 1), 22_050, subtype)
    samples, rate = audio.read_mono(path)
    assert (samples.dtype, rate) == (np.float32, 22_050)
    np.testing.assert_allclose(samples, SOUND, rtol=0, atol=tolerance + 1e-7)
    info = audio.probe(path)
    assert info == audio.AudioInfo(len(SOUND) / 22_050, 22_050, channels, len(SOUND))


def test_compressed_sound(tmp_path):
    for path in (tmp_path / "a.ogg", tmp_path / "a.mp3"):
        soundfile.write(path, SOUND, 16_000)
        samples, _ = audio.read_mono(path)
        assert abs(len(samples) - len(SOUND)) <= 2400
        assert audio.probe(path).samples == len(samples)


@pytest.mark.parametrize("data", [b"", b"RIFF", b"\x89PNG\r\n\x1a\n", b"junk" * 50])
def test_what_is_not_sound_is_said_in_one_sentence(tmp_path, data):
    (tmp_path / "a.wav").write_bytes(data)
    for read in (audio.probe, audio.read_mono):
        with pytest.raises(AudioError, match=r"a\.wav: .*(empty|not a sound|a picture).*\.$"):
            read(tmp_path / "a.wav")
    with pytest.raises(AudioError, match=r"b\.wav: cannot be read"):
        audio.probe(tmp_path / "b.wav")


def test_nan_is_refused(tmp_path):
    write_wav(tmp_path / "a.wav", np.where(np.arange(len(SOUND)) == 9000, np.nan, SOUND), subtype="FLOAT")
    with pytest.raises(AudioError, match="not a number"):
        audio.read_mono(tmp_path / "a.wav")
    with pytest.raises(AudioError, match="not a number"):
        audio.check(tmp_path / "a.wav", 1.0)


WHOLE = {}
for kind in ("WAV", "FLAC", "OGG"):
    stream = io.BytesIO()
    soundfile.write(stream, SOUND, 16_000, format=kind)
    WHOLE[kind] = stream.getvalue()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(sorted(WHOLE)),
    st.lists(st.tuples(st.integers(0, 200), st.binary(min_size=1, max_size=4)), max_size=4),
    st.floats(0.1, 1),
)
def test_damaged_sound_is_read_or_refused(tmp_path, kind, patches, part):
    data = bytearray(WHOLE[kind])
    for at, patch in patches:
        data[at : at + len(patch)] = patch
    path = tmp_path / "a.wav"
    path.write_bytes(data[: int(part * len(data))])
    for read in (lambda: audio.read_mono(path)[0], lambda: audio.check(path, 1.0)):
        try:
            found = read()
        except AudioError as error:
            found = str(error)
        assert not isinstance(found, str) or "a.wav" in found
        assert not isinstance(found, np.ndarray) or np.isfinite(found).all()


def test_without_soundfile_the_reason_is_given(tmp_path, monkeypatch):
    write_wav(tmp_path / "a.wav", SOUND)
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(AudioError, match="soundfile is not there"):
        audio.probe(tmp_path / "a.wav")
