"""Sound of every kind that datasets hold is read to its end, whatever its header says."""

from __future__ import annotations

import io
import struct
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.sequences import make_codes, write_wav
from xtalker_addon.core.ffmpeg import find_ffmpeg
from xtalker_addon.core.speech import audio
from xtalker_addon.errors import AudioError, MachineError

SOUND = make_codes(20)[1]
SECONDS = 1.21


def ffmpeg(*arguments: object) -> bytes:
    done = subprocess.run([find_ffmpeg(), "-v", "error", "-nostdin", *map(str, arguments)], capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def encode(rate: int, channels: int, *options: str) -> bytes:
    """A tone as ffmpeg writes it to a pipe, where it cannot go back to fill in the length."""
    return ffmpeg("-f", "lavfi", "-i", f"sine=220:r={rate}:d={SECONDS}", "-ac", channels, *options, "-")


def decoded_seconds(path, rate: int) -> float:
    return len(ffmpeg("-i", path, "-map", "0:a:0", "-ac", 1, "-ar", rate, "-f", "f32le", "-")) / 4 / rate


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
    assert audio.check(path) == audio.AudioInfo(len(SOUND) / 22_050, 22_050, len(SOUND))


# Of each kind the lowest and the highest rate, mono and as many channels as it has.
KINDS = {
    "mp3": (("-c:a", "libmp3lame", "-f", "mp3"), (8_000, 1), (48_000, 2)),
    "mp3 without a length": (
        ("-c:a", "libmp3lame", "-q:a", "4", "-write_xing", "0", "-f", "mp3"),
        (8_000, 1),
        (48_000, 2),
    ),
    "mp3 without tags": (
        ("-q:a", "4", "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3"),
        (24_000, 1),
        (44_100, 2),
    ),
    "m4a": (("-c:a", "aac", "-movflags", "frag_keyframe+empty_moov", "-f", "mp4"), (8_000, 1), (96_000, 6)),
    "aac": (("-c:a", "aac", "-f", "adts"), (8_000, 1), (96_000, 6)),
    "opus": (("-c:a", "libopus", "-f", "ogg"), (8_000, 1), (48_000, 6)),
    "ogg": (("-c:a", "libvorbis", "-f", "ogg"), (8_000, 1), (96_000, 6)),
    "flac": (("-c:a", "flac", "-f", "flac"), (8_000, 1), (96_000, 6)),
    **{
        f"wav {form}": (("-c:a", f"pcm_{form}", "-f", "wav"), (8_000, 1), (96_000, 6))
        for form in ("u8", "s16le", "s24le", "s32le", "f32le", "f64le")
    },
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_sound_is_as_long_as_it_plays(tmp_path, kind):
    options, *forms = KINDS[kind]
    for rate, channels in forms:
        path = tmp_path / f"{rate}.{kind.split()[0]}"
        path.write_bytes(encode(rate, channels, *options))
        info = audio.check(path)
        samples, own_rate = audio.read_mono(path)
        assert abs(info.seconds - decoded_seconds(path, info.sample_rate)) <= 1 / info.sample_rate
        assert (len(samples), own_rate) == (info.samples, info.sample_rate)
        # Heard to the end, once the coder has begun: nothing of it is what happened to be in memory.
        heard = samples[int(0.3 * own_rate) : int(SECONDS * own_rate)]
        loudness = [np.abs(part).max() for part in np.array_split(heard, 10)]
        assert 0.5 * max(loudness) < min(loudness) <= max(loudness) < 0.2
        assert info.seconds == pytest.approx(SECONDS, abs=0.2)


def test_a_length_that_was_never_filled_in(tmp_path):
    """As a recorder leaves it that was killed, and as programs write it to a pipe."""
    whole = encode(16_000, 1, "-f", "wav", "-c:a", "pcm_s16le", "-bitexact")
    at = whole.index(b"data") + 4
    expected = (len(whole) - at - 4) // 2
    for claim in (0, 0xFFFFFFFF, 0x7FFFF000):
        size = struct.pack("<I", claim)
        path = tmp_path / "a.wav"
        path.write_bytes(whole[:4] + size + whole[8:at] + size + whole[at + 4 :])
        assert audio.check(path).samples == expected


def test_two_sounds_in_one_file_are_heard_to_the_end(tmp_path):
    """Speech services answer in pieces, which are put one behind the other."""
    piece = encode(24_000, 1, "-c:a", "libmp3lame", "-f", "mp3")
    (tmp_path / "a.mp3").write_bytes(2 * piece)
    assert audio.check(tmp_path / "a.mp3").seconds == pytest.approx(2 * SECONDS, abs=0.2)


def test_without_ffmpeg(tmp_path, monkeypatch):
    for name, options in (("long", ()), ("guess", ("-write_xing", "0"))):
        target = tmp_path / f"{name}.mp3"
        ffmpeg("-f", "lavfi", "-i", "sine=220:r=24000:d=1.2", "-q:a", "4", *options, target)
    (tmp_path / "a.m4a").write_bytes(encode(24_000, 1, *KINDS["m4a"][0]))

    def none():
        raise MachineError("there is no ffmpeg; install it.")

    monkeypatch.setattr(audio, "find_ffmpeg", none)
    assert audio.check(tmp_path / "long.mp3").seconds == pytest.approx(1.2, abs=0.01)
    for name in ("guess.mp3", "a.m4a"):
        with pytest.raises(AudioError, match=f"{name}: needs ffmpeg to be read, and there is no ffmpeg; install it"):
            audio.check(tmp_path / name)


@pytest.mark.parametrize("data", [b"", b"RIFF", b"\x89PNG\r\n\x1a\n", b"junk" * 50, b"#EXTM3U\n/etc/passwd\n"])
def test_what_is_not_sound_is_said_in_one_sentence(tmp_path, data):
    for read in (audio.check, audio.read_mono):
        for path in (tmp_path / "a.wav", tmp_path / "a.m4a"):
            path.write_bytes(data)
            with pytest.raises(AudioError, match=rf"{path.name}: .*(empty|not a sound|a picture).*[^.]\.$"):
                read(path)
    with pytest.raises(AudioError, match=r"b\.wav: cannot be read"):
        audio.check(tmp_path / "b.wav")


def test_nan_is_refused(tmp_path):
    write_wav(tmp_path / "a.wav", np.where(np.arange(len(SOUND)) == 9000, np.nan, SOUND), subtype="FLOAT")
    for read in (audio.check, audio.read_mono):
        with pytest.raises(AudioError, match="not a number"):
            read(tmp_path / "a.wav")


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text here")
def test_a_name_that_is_no_text(tmp_path):
    folder = tmp_path / "caf\udce9"
    folder.mkdir()
    write_wav(tmp_path / "a.wav", SOUND)
    (tmp_path / "a.wav").rename(folder / "a.wav")
    (folder / "a.m4a").write_bytes(encode(8_000, 1, *KINDS["m4a"][0]))
    assert audio.check(folder / "a.wav").samples == len(SOUND)
    assert audio.check(folder / "a.m4a").seconds == pytest.approx(SECONDS, abs=0.2)


WHOLE = {}
for kind in ("WAV", "FLAC", "OGG"):
    stream = io.BytesIO()
    soundfile.write(stream, SOUND, 16_000, format=kind)
    WHOLE[kind] = stream.getvalue()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
    for read in (lambda: audio.read_mono(path)[0], lambda: audio.check(path)):
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
        audio.check(tmp_path / "a.wav")
