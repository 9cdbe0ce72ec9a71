"""What a batch writes besides H.264: other codecs, folders of pictures with their sound, transparency, plates."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest
import soundfile

from tests.batch.conftest import half_written
from tests.data.textures import write_bfm_albedo
from tests.render.video.test_writer import decoded
from xtalker_addon.batch.inspection import Expected, inspect_video
from xtalker_addon.batch.outputs import rendered_in
from xtalker_addon.batch.record import read_record
from xtalker_addon.core.ffmpeg import DISPLAY_FROM_LINEAR
from xtalker_addon.render.settings import RenderSettings
from xtalker_addon.render.video.probe import probe_video
from xtalker_addon.render.video.writer import VideoWriter

pytest.importorskip("bpy", reason="this Python has no Blender module")

from xtalker_addon.render.colours import LINEAR

NAME = "V2-MEAD/M002_happy_2"  # 6 frames
ONE = ("--match", "M002")
RAW_RGB = ("-f", "rawvideo", "-pix_fmt", "rgb24")


def record_of(batch):
    return read_record(batch.output / f"{NAME}.json")


def statuses(batch) -> list[str]:
    entries = json.loads((batch.output / "report.json").read_text())["sequences"]
    return [entry["status"] for entry in entries]


@pytest.mark.parametrize("form", ["png", "exr"])
def test_frames_with_their_sound(batch, form):
    done = batch.run(*ONE, "--frames-out", form, "--frames", "2-5", "--sheet", "4")
    assert done.returncode == 0, done.stdout
    folder = batch.output / NAME
    names = [f"M002_happy_2.000{index}.{form}" for index in (2, 3, 4, 5)]
    assert sorted(path.name for path in folder.iterdir()) == [*names, "M002_happy_2.wav"]
    sound, rate = soundfile.read(folder / "M002_happy_2.wav")
    assert (len(sound) / rate, rate) == (4 / 25, 48000)
    assert (batch.output / f"{NAME}.png").read_bytes().startswith(b"\x89PNG")  # the sheet
    assert (batch.output / "previews" / f"{NAME}.jpg").read_bytes().startswith(b"\xff\xd8")
    record = record_of(batch)
    assert (record.frames, record.size, record.sound, record.video["files"]) == (4, [48, 48], True, 5)
    assert list(rendered_in(batch.output)) == [NAME]
    assert half_written(batch.output) == []


def test_frames_are_made_again_where_one_is_missing_or_changed(batch):
    frames = ("--frames-out", "png")
    batch.run(*ONE, *frames)
    pictures = sorted((batch.output / NAME).glob("*.png"))
    assert batch.run(*ONE, *frames).returncode == 0
    assert statuses(batch) == ["skipped"]
    pictures[3].unlink()
    batch.run(*ONE, *frames)
    assert statuses(batch) == ["done"]
    content = pictures[3].read_bytes()
    pictures[3].write_bytes(content[:-1] + b"x")  # as long as before
    batch.run(*ONE, *frames)
    assert statuses(batch) == ["done"]
    assert pictures[3].read_bytes() == content
    shutil.copytree(batch.output, batch.output.with_name("moved"), copy_function=shutil.copyfile)  # other times
    shutil.rmtree(batch.output)
    batch.output.with_name("moved").rename(batch.output)
    batch.run(*ONE, *frames)
    assert statuses(batch) == ["skipped"]


def test_another_form_takes_the_place_of_the_earlier_one(batch):
    """One sequence has one output, so that nothing stale lies beside it."""
    forms = [
        ((), "M002_happy_2.mp4"),
        (("--codec", "prores"), "M002_happy_2.mov"),
        (("--frames-out", "exr"), "M002_happy_2"),
        (("--frames-out", "png"), "M002_happy_2"),
        (("--codec", "ffv1"), "M002_happy_2.mkv"),
        (("--codec", "h264"), "M002_happy_2.mp4"),
    ]
    for options, name in forms:
        done = batch.run(*ONE, *options)
        assert (done.returncode, statuses(batch)) == (0, ["done"]), done.stdout
        there = {path.name for path in (batch.output / "V2-MEAD").iterdir()}
        assert there == {name, "M002_happy_2.json"}
        assert list(rendered_in(batch.output)) == [NAME]
    assert half_written(batch.output) == []


def test_a_folder_of_other_things_is_left_alone(batch):
    (batch.output / NAME).mkdir(parents=True)
    (batch.output / NAME / "notes.txt").write_text("mine")
    done = batch.run(*ONE, "--frames-out", "png", "--retries", "0")
    assert done.returncode == 3
    assert f"{NAME}: cannot be written (Directory not empty); make way for it." in done.stdout
    assert [path.name for path in (batch.output / NAME).iterdir()] == ["notes.txt"]
    assert half_written(batch.output) == []


COLOURS = [(210, 90, 60), (40, 160, 90), (30, 60, 200), (240, 200, 40), (12, 12, 12), (128, 128, 128)]
FORMS = [("h264", "a.mp4"), ("prores", "a.mov"), ("ffv1", "a.mkv"), ("png", "a"), ("exr", "a")]


@pytest.mark.parametrize(("output", "name"), FORMS)
def test_colours_of_what_is_written_and_of_its_preview(tmp_path, output, name):
    """Flat colours come back within 2 of 255, and within 4 from the preview: JPEG means another matrix than video."""
    picture = np.repeat(np.array(COLOURS, np.uint8), 24, 0)[:, None].repeat(144, 1)
    planes = np.concatenate([np.moveaxis(LINEAR[picture][..., [1, 2, 0]], -1, 0), np.ones((1, 144, 144))])
    frame, pixel_format = (planes.astype(np.float32), "gbrapf32le") if output == "exr" else (picture, "rgb24")
    with VideoWriter(tmp_path / name, (144, 144), 25, 1, output=output, pixel_format=pixel_format) as video:
        video.write(frame)
    strip = tmp_path / "strip.jpg"
    inspect_video(tmp_path / name, Expected(1, 25, False), strip, None, RenderSettings(output=output))
    file = tmp_path / name / f"a.0000.{output}" if output in ("png", "exr") else tmp_path / name
    exactly = f"{DISPLAY_FROM_LINEAR if output == 'exr' else 'null'},scale=flags=accurate_rnd+full_chroma_int"
    shown = decoded(file, "-vf", exactly, *RAW_RGB)
    for seen, off in ((shown, 2), (decoded(strip, *RAW_RGB), 4)):
        middles = seen.reshape(144, 144, 3)[12::24, 72].astype(int)
        assert np.abs(middles - COLOURS).max() <= off


@pytest.mark.parametrize(
    ("options", "place"),
    [
        (("--codec", "prores"), f"{NAME}.mov"),
        (("--codec", "ffv1"), f"{NAME}.mkv"),
        (("--frames-out", "png"), f"{NAME}/M002_happy_2.0000.png"),
        (("--frames-out", "exr"), f"{NAME}/M002_happy_2.0000.exr"),
    ],
)
def test_transparency(batch, options, place):
    """Nothing around the head, the head itself solid; the preview shows it before grey."""
    done = batch.run(*ONE, "--background", "transparent", *options)
    assert done.returncode == 0, done.stdout
    shown = decoded(batch.output / place, "-frames:v", "1", "-map", "0:v:0", "-f", "rawvideo", "-pix_fmt", "rgba")
    shown = shown.reshape(48, 48, 4)
    assert shown[0, 0, 3] == 0
    assert shown[24, 24, 3] == 255
    strip = decoded(batch.output / "previews" / f"{NAME}.jpg", "-f", "rawvideo", "-pix_fmt", "rgb24").reshape(
        144, -1, 3
    )
    assert np.abs(strip[5, 5].astype(int) - 0xED).max() < 4
    head = np.abs(strip[72, 72].astype(int) - 255 * (shown[24, 24, :3] / 255) ** (1 / 2.2 if "exr" in place else 1))
    assert head.max() < 12


def test_backgrounds_and_the_plate(batch):
    image = np.zeros((3, 224, 224), np.float32)
    image[0], image[2, :, 112:] = 0.8, 0.6  # red, and violet on the right
    np.save(batch.input / NAME / "refimg.npy", image)
    red, violet = np.array([204, 0, 0]), np.array([204, 0, 153])
    crop = (*ONE, "--camera", "crop", "--frames-out", "png")

    def picture(*options) -> np.ndarray:
        done = batch.run(*crop, *options)
        assert done.returncode == 0, done.stdout + done.stderr
        first = batch.output / NAME / "M002_happy_2.0000.png"
        return decoded(first, "-f", "rawvideo", "-pix_fmt", "rgb24").reshape(48, 48, 3).astype(int)

    head = picture("--background", "#20402f")
    np.testing.assert_array_equal(head[0, 0], [0x20, 0x40, 0x2F])
    behind = picture("--background", "reference")
    np.testing.assert_array_equal([behind[0, 0], behind[0, -1]], [red, violet])
    assert np.abs(behind[24, 24] - head[24, 24]).max() <= 1  # the head hides it
    before = picture("--background", "#20402f", "--plate", "0.25")
    np.testing.assert_allclose(before[24, 20], 0.75 * head[24, 20] + 0.25 * red, atol=1.01)
    np.testing.assert_allclose(before[0, -1], 0.75 * head[0, -1] + 0.25 * violet, atol=1.01)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--background", "transparent"), "H.264 has no transparency; choose --codec prores or ffv1, --frames-out"),
        (("--background", "blue"), "'blue' is not plain, transparent, reference or a colour such as '#20262e'"),
        (("--codec", "ffv1", "--frames-out", "png"), "--frames-out: not allowed with argument --codec"),
        (("--engine", "review", "--light", "world"), "--light world needs --engine cycles or eevee; review cannot"),
        (("--engine", "workbench", "--light", "lamps"), "--light lamps needs --engine cycles or eevee; workbench"),
        (("--look", "depth"), "--look needs --engine review; cycles cannot do that."),
        (("--layout", "angles"), "--layout needs --engine review"),
        (("--burn-in",), "--burn-in needs --engine review"),
        (("--engine", "workbench", "--skin", "per_frame"), "--skin per_frame needs --engine review, cycles or eevee"),
        (("--plate", "0.5"), "--plate needs --camera crop"),
        (("--engine", "review", "--plate", "0.5"), "--plate needs --layout fit or overlay, or --engine cycles, eevee"),
        (("--engine", "review", "--look", "detail"), "The detail look needs --wrinkles FILE"),
        (("--engine", "review", "--wrinkles", "a.tar"), "--wrinkles needs --look detail or --layout wrinkles"),
        (("--plate", "50"), "'50' is not an opacity from 0 to 1"),
        (("--background", "reference"), "--background reference needs --camera crop"),
        (("--crop", "smooth"), "--crop smooth needs --camera crop"),
    ],
)
def test_what_cannot_be_is_one_sentence(batch, options, sentence):
    done = batch.run(*options)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not batch.output.exists()


def test_a_manifest_says_which_line_cannot_be(batch):
    manifest = batch.input / "list.csv"
    manifest.write_text(f"path,output,backdrop\n{NAME},png,transparent\nV0-GRID,h264,transparent\n")
    done = batch.run("--input", manifest)
    assert done.returncode == 2
    assert "list.csv, line 3: --background transparent: H.264 has no transparency" in done.stderr


def test_pictures_do_not_lie_among_other_outputs(batch):
    (batch.input / "list.csv").write_text(f"path,name\n{NAME},V0-GRID\n")
    done = batch.run("--input", batch.input / "list.csv", batch.input / "V0-GRID", "--frames-out", "png")
    assert done.returncode == 2
    assert "would be rendered into the folder of" in done.stderr


def test_textures_and_wrinkles_are_read_before_anything_is_rendered(batch, tmp_path):
    (tmp_path / "texture.npz").write_bytes(b"nothing")
    done = batch.run("--texture", tmp_path / "texture.npz")
    assert done.returncode == 2
    assert "texture.npz: is no .npz, or a broken one; expected FLAME_albedo_from_BFM.npz or" in done.stderr
    done = batch.run("--wrinkles", tmp_path / "missing.tar")
    assert done.returncode == 2
    assert "missing.tar" in done.stderr
    assert not batch.output.exists()


def test_a_texture_counts_by_its_content(batch, tmp_path):
    texture = tmp_path / "FLAME_albedo_from_BFM.npz"
    write_bfm_albedo(texture, columns=4)
    options = (*ONE, "--texture", texture, "--frames-out", "png", "--frames", "0-1")

    def centre() -> np.ndarray:
        done = batch.run(*options)
        assert done.returncode == 0, done.stdout + done.stderr
        first = batch.output / NAME / "M002_happy_2.0000.png"
        return decoded(first, "-f", "rawvideo", "-pix_fmt", "rgb24").reshape(48, 48, 3)[20:28, 20:28].astype(int)

    textured = centre()
    assert centre() is not None
    assert statuses(batch) == ["skipped"]
    moved = texture.rename(tmp_path / "elsewhere.npz")
    options = (*options[:3], moved, *options[4:])
    centre()
    assert statuses(batch) == ["skipped"]
    write_bfm_albedo(moved, columns=4, seed=1)
    other = centre()
    assert statuses(batch) == ["done"]
    assert np.abs(other - textured).mean() > 5
    assert np.ptp(textured, axis=-1).mean() > 5  # random colours, where the model alone is grey


def test_the_page_is_there_while_the_batch_runs(batch):
    with batch.start("--limit", "5") as process:
        for line in process.stdout:
            if line.startswith("[1/"):
                break
        until = time.monotonic() + 5
        while not (page := batch.output / "index.html").exists() and time.monotonic() < until:
            time.sleep(0.02)
        content = page.read_text()
        assert '"left":4' in content
        process.communicate(timeout=60)
    assert '"left":0' in page.read_text()
    assert half_written(batch.output) == []


def test_a_killed_batch_leaves_no_part_of_a_folder(batch):
    """Killed in the middle of its pictures: what has a name is whole, and the next run goes on."""
    for pause in (0.0, 0.15, 0.3):
        with batch.start("--frames-out", "exr", stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(pause)
            process.send_signal(signal.SIGKILL)
        for name in rendered_in(batch.output):
            record = read_record(batch.output / f"{name}.json")
            assert len(list((batch.output / name).glob("*.exr"))) == record.frames
    done = batch.run("--frames-out", "exr")
    assert done.returncode == 0, done.stdout
    assert len(list(rendered_in(batch.output))) == 6
    assert half_written(batch.output) == []


def test_sizes_of_any_aspect(batch):
    done = batch.run(*ONE, "--size", "96x40")
    assert done.returncode == 0
    info = probe_video(batch.output / f"{NAME}.mp4")
    assert (info.width, info.height, info.colour) == (96, 40, "tv, bt709")
