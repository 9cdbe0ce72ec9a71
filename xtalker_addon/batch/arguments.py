"""The options of batch rendering, and the settings that they come to."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, get_args

from ..core.command_line import add_fps, add_truth
from ..core.dataset import LABELS
from ..core.motion.camera import CropMode
from ..core.sequence import IdentityMode
from ..render.review.panels import VERSUS
from ..render.settings import VIDEO_SUFFIXES, Camera, DeviceName, Engine, Light, Look, RenderSettings, Skin
from . import options

_ONLY: Final = ("approved", "rejected", "failed")
_DEFAULTS: Final = RenderSettings()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of batch rendering."""
    _which_sequences(parser.add_argument_group("which sequences"))
    _what_they_look_like(parser.add_argument_group("what they look like"))
    _what_is_written(parser.add_argument_group("what is written").add_mutually_exclusive_group())
    _how_it_is_done(parser.add_argument_group("how the work is done"))


def settings_of(arguments: argparse.Namespace) -> RenderSettings:
    """The settings of all sequences."""
    backdrop, background = arguments.background
    return RenderSettings(
        engine=arguments.engine,
        light=arguments.light,
        camera=arguments.camera,
        size=arguments.size,
        fps=arguments.fps,
        frames=arguments.frames,
        samples=arguments.samples,
        look=arguments.look,
        layout=VERSUS if arguments.prediction and arguments.layout == _DEFAULTS.layout else arguments.layout,
        burn_in=arguments.burn_in,
        identity=arguments.identity,
        person=arguments.person,
        crop=arguments.crop,
        texture=arguments.texture,
        subdivision=arguments.subdivision,
        skin=arguments.skin,
        detail=arguments.wrinkles,
        backdrop=backdrop,
        background=background or _DEFAULTS.background,
        plate_opacity=arguments.plate,
        output=arguments.frames_out or arguments.codec,
        sheet=arguments.sheet,
        error_scale_mm=arguments.error_scale,
        allow_software=arguments.allow_software,
        device=arguments.device,
        threads=_threads(arguments),
    )


def _threads(arguments: argparse.Namespace) -> int:
    """Of each encoder: processes side by side have a core each, on which more threads only cost."""
    if arguments.scheduler:
        return 1
    return max(1, (os.cpu_count() or 1) // arguments.jobs) if (arguments.jobs or 1) > 1 else 0


def _which_sequences(what: argparse._ArgumentGroup) -> None:
    what.add_argument("path", nargs="*", type=Path, metavar="PATH", help="sequences, folders, patterns, manifests")
    what.add_argument("--input", nargs="+", type=Path, default=[], metavar="PATH", help="more of them")
    prediction = {"action": "append", "default": [], "metavar": "NAME=DIR"}
    what.add_argument("--prediction", **prediction, help="a model's clips beside those of the input; may be repeated")
    add_truth(what)
    what.add_argument("--output", type=Path, required=True, metavar="DIR", help="for DIR/<subset>/<sequence>")
    what.add_argument("--index", type=Path, metavar="FILE", help="keep the index of the input here (SQLite)")
    for label in LABELS:
        name = {"action": "append", "default": [], "metavar": "NAME"}
        what.add_argument(f"--{label}", **name, help="only this one; may have * and ?")
    what.add_argument("--match", action="append", default=[], metavar="TEXT", help="only names with this; or * and ?")
    add_fps(what)
    what.add_argument("--min-seconds", type=_value(options.seconds), metavar="S")
    what.add_argument("--max-seconds", type=_value(options.seconds), metavar="S")
    what.add_argument("--limit", type=_value(options.count), metavar="N", help="at most so many")
    what.add_argument("--shard", type=_value(options.shard), default=(1, 1), metavar="I/N", help="only the I-th part")
    what.add_argument("--only", choices=_ONLY, help="those that failed before, or that a review approved or rejected")
    what.add_argument("--review", type=Path, metavar="FILE", help="the review that the gallery exported, for --only")


def _what_they_look_like(look: argparse._ArgumentGroup) -> None:
    look.add_argument("--model", type=Path, metavar="FILE", help="FLAME .pkl, .npz or folder; else the default head")
    look.add_argument(
        "--engine", choices=get_args(Engine), default=_DEFAULTS.engine, help="review, quick; others are Blender's own"
    )
    light = {"choices": get_args(Light), "default": _DEFAULTS.light}
    look.add_argument("--light", **light, help="sh: the clip's (spherical harmonics); studio: grey; as world or lamps")
    look.add_argument("--texture", type=_file, metavar="FILE", help="FLAME_albedo_from_BFM.npz or FLAME_texture.npz")
    skin = {"choices": get_args(Skin), "default": _DEFAULTS.skin}
    look.add_argument("--skin", **skin, help="of which texture codes; default: %(default)s")
    look.add_argument("--wrinkles", type=_file, metavar="FILE", help="deca_model.tar or EMOCA's checkpoint")
    identity = {"choices": get_args(IdentityMode), "default": _DEFAULTS.identity}
    look.add_argument("--identity", **identity, help="default: %(default)s")
    look.add_argument("--person", metavar="NAME", help="who of the default head's people speaks: amara, anna, ...")
    look.add_argument("--camera", choices=get_args(Camera), default=_DEFAULTS.camera, help="default: %(default)s")
    crop = {"choices": get_args(CropMode), "default": _DEFAULTS.crop}
    look.add_argument("--crop", **crop, help="what --camera crop follows; default: %(default)s")
    look.add_argument("--look", choices=get_args(Look), help="what the surface shows; else what --light says")
    look.add_argument("--layout", type=_value(options.layout), default=_DEFAULTS.layout, help="panels side by side")
    scale = {"type": _value(options.millimetres), "default": _DEFAULTS.error_scale_mm, "metavar": "MM"}
    look.add_argument("--error-scale", **scale, help="where the colours of --layout versus end; default: %(default)s")
    background = {"type": _value(options.background), "default": ("plain", None), "metavar": "WHAT"}
    look.add_argument("--background", **background, help="plain, transparent, reference or a colour as '#20262e'")
    plate = {"type": _value(options.opacity), "metavar": "OPACITY"}
    look.add_argument("--plate", **plate, help="the reference image in front of the head, 0 to 1")
    burn_in = {"action": argparse.BooleanOptionalAction, "default": _DEFAULTS.burn_in}
    look.add_argument("--burn-in", **burn_in, help="name, timecode, jaw and sound below the picture")
    look.add_argument("--size", type=_value(options.size), default=_DEFAULTS.size, metavar="N|WxH", help="default: 512")
    frames = {"type": _value(options.frames), "metavar": "A-B"}
    look.add_argument("--frames", **frames, help="first and last, or only one; counted from 0")
    samples = {"type": _value(options.count), "default": _DEFAULTS.samples, "metavar": "N"}
    look.add_argument("--samples", **samples, help="of Cycles and EEVEE, a pixel; default: %(default)s")
    subdivision = {"type": _value(options.levels), "default": 0, "metavar": "N"}
    look.add_argument("--subdivision", **subdivision, help="0 to 3: rounder outlines from Cycles and EEVEE; default: 0")
    look.add_argument("--sheet", type=_value(options.count), default=0, metavar="N", help="also N pictures as one PNG")
    look.add_argument("--allow-software", action="store_true", help="let EEVEE draw on the processor")
    drawn = "what draws review videos; default: gpu where there is a card"
    look.add_argument("--device", choices=get_args(DeviceName), help=drawn)
    look.add_argument("--opengl", action="store_true", help="draw by OpenGL where Blender 5.3 would by Vulkan")
    # Read by Cycles itself from the command line; named here so that it is allowed.
    look.add_argument("--cycles-device", metavar="NAME", help="CPU, CUDA, OPTIX, HIP, METAL or ONEAPI")


def _what_is_written(form: argparse._MutuallyExclusiveGroup) -> None:
    codecs = {"choices": tuple(VIDEO_SUFFIXES), "default": _DEFAULTS.output}
    form.add_argument("--codec", **codecs, help="videos: .mp4, .mov or .mkv; default: %(default)s")
    form.add_argument("--frames-out", choices=("png", "exr"), help="numbered pictures and a .wav in place of a video")


def _how_it_is_done(how: argparse._ArgumentGroup) -> None:
    how.add_argument("--dry-run", action="store_true", help="say what would be rendered and what it takes, and stop")
    how.add_argument("--report-only", action="store_true", help="render nothing, write index.html for what is there")
    how.add_argument("--overwrite", action="store_true", help="render again what is there and up to date")
    how.add_argument("--retries", type=_value(_retries), default=1, metavar="N", help="default: %(default)s")
    limit = {"type": _value(options.seconds), "default": 3600.0, "metavar": "SECONDS"}
    how.add_argument("--time-limit", **limit, help="for one sequence; default: an hour")
    how.add_argument("--jobs", type=_value(options.count), metavar="N", help="processes on this machine, through dask")
    how.add_argument("--scheduler", default="", metavar="ADDRESS", help="of a dask scheduler, or its scheduler file")
    how.add_argument("--per-task", type=_value(options.count), default=1, metavar="N", help="sequences in a dask task")
    resource = {"type": _value(options.resource), "action": "append", "default": [], "metavar": "NAME=N"}
    how.add_argument("--resource", **resource, help="what a dask task takes of a worker, as GPU=1")
    how.add_argument("--blender", type=Path, metavar="PROGRAM", help="renders; else the Python that runs this")
    recycle = {"type": _value(options.count), "default": 100, "metavar": "N"}
    how.add_argument("--recycle", **recycle, help="sequences that one Blender renders before another takes its place")
    how.add_argument("--log-json", type=Path, metavar="FILE", help="add a JSON line for each event to this file")


def _file(text: str) -> Path:
    return Path(text).absolute()


def _retries(text: str) -> int:
    return 0 if text == "0" else options.count(text)


def _value(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """A reader of `options` for argparse, which shows the words of one kind of exception only."""

    def convert(text: str) -> Any:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert
