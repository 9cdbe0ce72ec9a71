"""What a user gets from `VideoWriter`: the frames in true colours, the sound in step, a whole file or none."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from xtalker_addon.core import ffmpeg
from xtalker_addon.core.ffmpeg import find_ffmpeg
from xtalker_addon.errors import MachineError, RenderError
from xtalker_addon.render.video.probe import probe_video
from xtalker_addon.render.video.streams import FORMATS
from xtalker_addon.render.video.writer import VideoWriter

BLOCK = 0.022  # seconds of AAC that belong together; older ffmpegs play the last one to its end
RATE = 16000  # of the generated sounds: what speech datasets hold


def decoded(path: Path, *options: str, dtype: type = np.uint8) -> np.ndarray:
    """One stream of a file as ffmpeg plays it."""
    command = [find_ffmpeg(), "-loglevel", "error", "-i", str(path), *options, "-"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, dtype)


def decoded_planes(path: Path, width: int, height: int) -> list[np.ndarray]:
    """Y, Cb, Cr (T, h, w) exactly as they are stored."""
    raw = decoded(path, "-map", "0:v:0", "-f", "rawvideo").reshape(-1, width * height * 3 // 2)
    sizes = [(height, width), (height // 2, width // 2), (height // 2, width // 2)]
    ends = np.cumsum([h * w for h, w in sizes])
    return [plane.reshape(-1, *size) for plane, size in zip(np.split(raw, ends[:-1], axis=1), sizes, strict=True)]


def bt709(rgb: np.ndarray) -> np.ndarray:
    """Video-range Y, Cb, Cr of RGB 0..255, from the standard's luma weights."""
    r, g, b = np.moveaxis(rgb / 255.0, -1, 0)
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    return np.stack([16 + 219 * y, 128 + 224 * (b - y) / 1.8556, 128 + 224 * (r - y) / 1.5748], -1)


def write_noise(path: Path, seconds: float, channels: int = 1) -> Path:
    samples = np.random.default_rng(0).normal(0, 0.1, (round(seconds * RATE), channels))
    soundfile.write(path, samples, RATE)
    return path


def write_grey(path: Path, frames: int, size: tuple[int, int] = (64, 48), fps: float = 25, **options) -> None:
    with VideoWriter(path, size, fps, frames, **options) as video:
        for index in range(frames):
            video.write(np.full((size[1], size[0], 3), index % 256, np.uint8))


@pytest.mark.parametrize("sound_seconds", [0.5, 2.0, 3.7])
def test_sound_is_as_long_as_the_picture(tmp_path, sound_seconds):
    write_grey(tmp_path / "a.mp4", 50, audio=write_noise(tmp_path / "a.wav", sound_seconds, channels=2))
    info = probe_video(tmp_path / "a.mp4")
    assert (info.frames, info.fps, info.width, info.height) == (50, 25, 64, 48)
    assert info.audio_codec == "aac"
    assert info.audio_rate == 48000
    assert abs(info.audio_seconds - 2.0) < BLOCK
    assert abs(info.seconds - 2.0) < 0.011


def test_sound_may_begin_after_its_end(tmp_path):
    write_grey(tmp_path / "a.mp4", 25, audio=write_noise(tmp_path / "a.wav", 1), audio_offset_seconds=5)
    assert abs(probe_video(tmp_path / "a.mp4").audio_seconds - 1.0) < BLOCK


def test_fractional_rate(tmp_path):
    write_grey(tmp_path / "a.mp4", 48, fps=23.976)
    info = probe_video(tmp_path / "a.mp4")
    assert info.frames == 48
    assert info.fps == pytest.approx(23.98)
    assert not info.has_audio


def test_colours_are_bt709(tmp_path):
    """A file tagged BT.709 whose values were converted with another matrix shows wrong reds and greens."""
    colours = np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (200, 150, 120)], np.uint8)
    with VideoWriter(tmp_path / "a.mp4", (64, 64), 25, len(colours)) as video:
        for colour in colours:
            video.write(np.ascontiguousarray(np.broadcast_to(colour, (64, 64, 3))))
    assert probe_video(tmp_path / "a.mp4").colour == "tv, bt709"
    means = np.stack([plane.mean((1, 2)) for plane in decoded_planes(tmp_path / "a.mp4", 64, 64)], -1)
    np.testing.assert_allclose(means, bt709(colours), atol=1.5)


def test_nv12_frames_are_kept(tmp_path):
    planes = np.concatenate([np.full(80 * 48, 90), np.tile([110, 150], 40 * 24)]).astype(np.uint8)
    with VideoWriter(tmp_path / "a.mp4", (80, 48), 25, 3, pixel_format="nv12", crop=(63, 47)) as video:
        for _ in range(3):
            video.write(planes)
    info = probe_video(tmp_path / "a.mp4")
    assert (info.colour, info.width, info.height) == ("tv, bt709", 64, 48)
    means = [plane.mean() for plane in decoded_planes(tmp_path / "a.mp4", 64, 48)]
    np.testing.assert_allclose(means, [90, 110, 150], atol=1)


def test_odd_sizes_are_padded_not_scaled(tmp_path):
    """The picture keeps its pixels; the new column and row repeat the edge."""
    image = np.zeros((47, 65, 3), np.uint8)
    image[:, ::2] = 200
    with VideoWriter(tmp_path / "a.mp4", (65, 47), 25, 1) as video:
        video.write(image)
    luma = decoded_planes(tmp_path / "a.mp4", 66, 48)[0][0].astype(int)
    assert (luma[:47, 0:64:2] - luma[:47, 1:65:2]).min() > 100
    assert np.abs(luma[:47, 64] - luma[:47, 65]).max() < 12
    assert np.abs(luma[46] - luma[47]).max() < 12


@pytest.mark.parametrize(
    ("output", "pixel_format", "name", "stored"),
    [
        ("prores", "rgb24", "a.mov", "yuv422p10le"),
        ("prores", "rgba", "a.mov", "yuva444p"),
        ("ffv1", "rgb24", "a.mkv", "bgr0"),
        ("ffv1", "rgba", "a.mkv", "bgra"),
    ],
)
def test_editing_and_archive_codecs(tmp_path, output, pixel_format, name, stored):
    channels = len(pixel_format.removesuffix("24"))
    frames = np.random.default_rng(1).integers(0, 256, (5, 48, 64, channels), np.uint8)
    sound = write_noise(tmp_path / "a.wav", 1)
    with VideoWriter(tmp_path / name, (64, 48), 25, 5, audio=sound, output=output, pixel_format=pixel_format) as video:
        for frame in frames:
            video.write(frame)
    info = probe_video(tmp_path / name)
    assert (info.frames, info.audio_codec) == (5, "pcm_s16le")
    assert info.pixel_format.startswith(stored)
    if output == "ffv1":  # lossless: every pixel comes back, alpha too
        back = decoded(tmp_path / name, "-map", "0:v:0", "-f", "rawvideo", "-pix_fmt", pixel_format)
        np.testing.assert_array_equal(back.reshape(frames.shape), frames)


def edge_of_red(video: Path) -> tuple[float, float]:
    """Where the luma and the chroma of a video change from red to blue, in pixels from the left, as its tags say."""
    info = probe_video(video)
    raw = ("-map", "0:v:0", "-f", "rawvideo", "-pix_fmt")
    if info.pixel_format.startswith("yuv422p10"):
        planes = decoded(video, *raw, "yuv422p10le", dtype=np.uint16).astype(float)
        lines, middle = info.height, 0.0  # co-sited with the left one of its pixels, by the format
    else:
        planes = decoded(video, *raw, "yuv420p").astype(float)
        lines = info.height // 2
        located = ["-show_entries", "stream=chroma_location", "-of", "csv=p=0", "-select_streams", "v:0"]
        probe = subprocess.run(["ffprobe", "-v", "error", *located, video], capture_output=True, text=True, check=True)
        middle = {"left": 0.0, "center": 0.5, "unspecified": 0.0}[probe.stdout.strip(",\n ")]
    luma = planes[: info.width * info.height].reshape(info.height, info.width)[info.height // 2]
    size = lines * info.width // 2
    chroma = planes[luma.size * info.height :][:size].reshape(lines, -1)[lines // 2]

    def step(row, positions):
        share = (row - row[-1]) / (row[0] - row[-1])
        return positions[0] + (positions[1] - positions[0]) * (share.sum() - 0.5)

    columns = np.arange(info.width) + 0.5
    return step(luma, columns), step(chroma, columns[::2] + middle)


@pytest.mark.skipif(not shutil.which("ffprobe"), reason="ffprobe is not installed; it reads the tag")
@pytest.mark.parametrize(("output", "name"), [("h264", "a.mp4"), ("prores", "a.mov")])
@pytest.mark.parametrize("edge", [30, 31, 32])
def test_colour_lies_where_the_tags_say(tmp_path, output, name, edge):
    """Half a pixel of difference is a coloured fringe on every edge."""
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:, :edge], picture[:, edge:] = (200, 40, 40), (40, 60, 200)
    with VideoWriter(tmp_path / name, (64, 48), 25, 1, output=output) as video:
        video.write(picture)
    luma, chroma = edge_of_red(tmp_path / name)
    assert abs(luma - edge) < 0.15
    assert abs(chroma - edge) < 0.2


def test_sound_lies_in_the_folder_of_its_pictures(tmp_path):
    """The folder's name may hold what ffmpeg or a suffix would take for something else."""
    folder = tmp_path / "100% d%3d" / "clip.v2 50%"
    write_grey(folder, 30, output="png", first=120, audio=write_noise(tmp_path / "a.wav", 5))
    numbers = [f"{folder.name}.{index:04}.png" for index in range(120, 150)]
    assert sorted(path.name for path in folder.iterdir()) == [*numbers, f"{folder.name}.wav"]
    sound, rate = soundfile.read(folder / f"{folder.name}.wav")
    assert (len(sound), rate) == (30 * 48000 // 25, 48000)
    first = (folder / numbers[0]).read_bytes()
    assert first.startswith(b"\x89PNG")
    assert b"sRGB" in first[:200]
    write_grey(folder, 3, output="png", first=7)  # takes its place, whole
    assert sorted(path.name for path in folder.iterdir()) == [f"{folder.name}.000{n}.png" for n in (7, 8, 9)]
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def flashes_and_clicks(folder: Path, seconds: int, first_frame: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Times at which a video flashes and clicks once a second, as it plays. Written from `first_frame` on."""
    fps, frames = 25, seconds * 25
    clicks = np.zeros(seconds * RATE)
    for second in range(seconds):
        clicks[second * RATE : second * RATE + 32] = 0.9
    soundfile.write(folder / "clicks.wav", clicks, RATE)
    count = frames - first_frame
    white, black = np.full((48, 64, 3), 255, np.uint8), np.zeros((48, 64, 3), np.uint8)
    sound = {"audio": folder / "clicks.wav", "audio_offset_seconds": first_frame / fps}
    with VideoWriter(folder / "clicks.mp4", (64, 48), fps, count, **sound) as video:
        for frame in range(first_frame, frames):
            video.write(black if frame % fps else white)
    assert probe_video(folder / "clicks.mp4").frames == count
    luma = decoded_planes(folder / "clicks.mp4", 64, 48)[0].mean((1, 2))
    audio = decoded(folder / "clicks.mp4", "-map", "0:a:0", "-ac", "1", "-f", "s16le", dtype=np.int16).astype(float)
    loud = np.flatnonzero(np.abs(audio) > 0.3 * np.abs(audio).max())
    starts = loud[np.concatenate([[True], np.diff(loud) > 4800])]
    return np.flatnonzero(luma > 128) / fps, starts / 48000


@pytest.mark.parametrize("seconds", [10, 138])
def test_sound_stays_in_step(tmp_path, seconds):
    flashes, clicks = flashes_and_clicks(tmp_path, seconds)
    assert len(flashes) == len(clicks) == seconds
    np.testing.assert_array_equal(flashes, np.arange(seconds))
    assert np.abs(flashes - clicks).max() < 0.020


def test_a_frame_range_takes_its_own_sound(tmp_path):
    flashes, clicks = flashes_and_clicks(tmp_path, 4, first_frame=10)
    np.testing.assert_allclose(flashes, [0.6, 1.6, 2.6])
    assert np.abs(flashes - clicks).max() < 0.020


def test_compressed_sound_is_as_much_in_step(tmp_path):
    """Sound that was itself encoded with priming samples, as an .m4a, begins where its player begins."""
    flashes_and_clicks(tmp_path, 3)
    again = {"audio": tmp_path / "clicks.mp4", "audio_offset_seconds": 0.0}
    write_grey(tmp_path / "b.mp4", 75, **again)
    audio = decoded(tmp_path / "b.mp4", "-map", "0:a:0", "-ac", "1", "-f", "s16le", dtype=np.int16).astype(float)
    loud = np.flatnonzero(np.abs(audio) > 0.3 * np.abs(audio).max()) / 48000
    assert loud[0] < 0.020
    assert abs(loud[loud > 1.5][0] - 2) < 0.020


def interrupted(path: Path, error: type[BaseException]) -> None:
    with VideoWriter(path, (64, 48), 25, 50) as video:
        video.write(bytes(64 * 48 * 3))
        raise error


def test_an_exception_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path / "a.mp4", KeyboardInterrupt)
    assert list(tmp_path.iterdir()) == []


def test_an_exception_keeps_the_previous_video(tmp_path):
    write_grey(tmp_path / "a.mp4", 5)
    before = (tmp_path / "a.mp4").read_bytes()
    with pytest.raises(ZeroDivisionError):
        interrupted(tmp_path / "a.mp4", ZeroDivisionError)
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]
    assert (tmp_path / "a.mp4").read_bytes() == before


def test_missing_frames_are_an_error(tmp_path):
    with pytest.raises(RenderError, match="1 of 50 frames"), VideoWriter(tmp_path / "a.mp4", (64, 48), 25, 50) as video:
        video.write(bytes(64 * 48 * 3))
    assert list(tmp_path.iterdir()) == []


def test_a_frame_of_the_wrong_size_is_refused(tmp_path):
    with (
        pytest.raises(ValueError, match="expected 9216"),
        VideoWriter(tmp_path / "a.mp4", (64, 48), 25, 1) as video,
    ):
        video.write(bytes(10))


@pytest.mark.parametrize("content", [None, b"this is no sound", b"RIFF"])
def test_broken_sound_is_one_sentence(tmp_path, content):
    sound, folder = tmp_path / "speech.wav", tmp_path / "out"
    if content is not None:
        sound.write_bytes(content)
    with pytest.raises(RenderError) as caught:
        write_grey(folder / "a.mp4", 200, audio=sound)
    assert "speech.wav cannot be read as sound" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(folder.iterdir()) == []


def test_output_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RenderError, match="cannot be made"):
        write_grey(tmp_path / "file" / "a.mp4", 5)


def test_output_name_that_is_taken_by_a_folder(tmp_path):
    (tmp_path / "a.mp4").mkdir()
    with pytest.raises(RenderError, match="cannot be written"):
        write_grey(tmp_path / "a.mp4", 5)
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_read_only_output(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(RenderError, match="Permission denied"):
            write_grey(tmp_path / "a.mp4", 5)
    finally:
        tmp_path.chmod(0o700)


def write_large_frames(path: Path, frames: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    with VideoWriter(path, (640, 480), 25, frames) as video:
        for index in range(frames):
            video.write(np.roll(noise, index, axis=1))


@pytest.mark.skipif(sys.platform != "linux", reason="needs the file size limits of Linux")
def test_full_disk(tmp_path):
    """ffmpeg may write no file beyond 64 KiB: what a quota or a full disk does in the middle of a clip."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    try:
        with pytest.raises(RenderError, match="cannot be encoded") as caught:
            write_large_frames(tmp_path / "a.mp4", 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def stand_in(folder: Path, *lines: str) -> Path:
    """A program `ffmpeg` that answers every question with these lines."""
    program = folder / "ffmpeg"
    program.write_text("#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in lines))
    program.chmod(0o755)
    return program


WITHOUT_X264 = ("Options:", "-fps_mode  set it", " V..... mpeg4  MPEG-4")
TOO_OLD = ("Options:", "-vsync  set it", " V..... libx264  H.264")
WITHOUT_EXR = ("Options:", "-fps_mode  set it", " V..... libx264  H.264")


@pytest.mark.parametrize("lines", [WITHOUT_X264, TOO_OLD, WITHOUT_EXR])
def test_a_system_ffmpeg_that_can_do_less_is_passed_over(tmp_path, monkeypatch, lines):
    program = stand_in(tmp_path, *lines)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_ffmpeg() != str(program)


@pytest.mark.parametrize(
    ("lines", "says"),
    [(WITHOUT_X264, "cannot write H.264 (it lacks libx264)"), (TOO_OLD, "is older than 5.1"), (None, "no ffmpeg")],
)
def test_no_ffmpeg_that_will_do(monkeypatch, tmp_path, lines, says):
    if lines:
        says = f"{stand_in(tmp_path, *lines)} {says}"
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(ffmpeg.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MachineError, match=f"{re.escape(says)}; install ffmpeg 5.1 or later"):
        find_ffmpeg()


@pytest.mark.parametrize(("output", "name"), [("h264", "video.mp4"), ("png", "pictures")])
def test_an_ffmpeg_that_lacks_what_an_output_needs(tmp_path, monkeypatch, output, name):
    lacking = {**FORMATS, output: replace(FORMATS[output], video={"vcodec": "nowhere"})}
    monkeypatch.setattr("xtalker_addon.render.video.writer.FORMATS", lacking)
    with pytest.raises(RenderError, match=r"Unknown encoder 'nowhere' in .*ffmpeg.*; install an ffmpeg that has it"):
        write_grey(tmp_path / name, 3, output=output)


def test_an_ffmpeg_without_exr_is_better_than_none(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(ffmpeg.importlib.util, "find_spec", lambda name: None)
    program = stand_in(tmp_path, *WITHOUT_EXR)
    assert find_ffmpeg() == str(program)


def test_probe_refuses_what_is_no_video(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"nothing")
    with pytest.raises(RenderError, match="not a video"):
        probe_video(tmp_path / "a.mp4")
