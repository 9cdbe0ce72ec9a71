"""Rendering sequences of the browser: a batch in a process of its own, watched from the side bar."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import bpy

from ..batch.catalogue import Catalogue, find_rendered
from ..batch.outputs import place_of
from ..batch.review_state import Review, write_reviews
from ..blender.material import look_of
from ..blender.swap import crop_mode
from . import browser
from .browser_operators import EntryOperator
from .browser_panel import DatasetPanel
from .head_operators import active_head
from .preferences import PACKAGE, cache_folder, preferences, preferred_model_path
from .texts import write_lines

_LIGHTS = {"SH": "sh", "STUDIO": "studio", "SCENE": "world"}
_BLENDERS_OWN = re.compile(r"\d\d:\d\d\.\d{3} |Blender ")  # lines of its log, and what it says when it ends
_SHOWN = (("VIDEO", "Video", "PLAY"), ("FOLDER", "Folder", "FILE_FOLDER"), ("GALLERY", "Gallery", "URL"))
_EVERY_SECONDS = 0.5
_STOP_SECONDS = 10.0
_RUN = "import sys; from {package}.cli import render_main; sys.exit(render_main(sys.argv[sys.argv.index('--') + 1:]))"


class _Batch:
    """The batch that is running, and what it last said."""

    process: subprocess.Popen[str] | None = None
    folder: tempfile.TemporaryDirectory[str] | None = None
    line = ""


def is_running() -> bool:
    """Whether a batch is at work."""
    return _Batch.process is not None and _Batch.process.poll() is None


def start(arguments: list[str], review: Review | None) -> None:
    """Render in another process what `arguments` of the batch say; `review`: just this one."""
    stop()
    _Batch.folder = tempfile.TemporaryDirectory(prefix="xtalker-")
    folder = Path(_Batch.folder.name)
    if review:
        write_reviews([review], folder / "review.json")
        arguments = [*arguments, "--review", str(folder / "review.json")]
    program = bpy.app.binary_path
    blender = [program, "-b", "-noaudio", "--python-exit-code", "9", "--python-expr"]
    python = blender if program else [sys.executable, "-c"]
    command = [*python, _RUN.format(package=PACKAGE), "--", *arguments]
    with (folder / "log").open("w", encoding="utf-8") as log:
        _Batch.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, text=True
        )
    _Batch.line = "Starting"
    bpy.app.timers.register(_watch, first_interval=_EVERY_SECONDS)


def stop() -> None:
    """End the batch that is running; what it has finished stays."""
    if bpy.app.timers.is_registered(_watch):
        bpy.app.timers.unregister(_watch)
    if _Batch.process and _Batch.process.poll() is None:
        _Batch.process.terminate()
        try:
            _Batch.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            _Batch.process.kill()
            _Batch.process.wait()
    _Batch.process = None
    if _Batch.folder:
        _Batch.folder.cleanup()
    _Batch.folder = None


def _watch() -> float | None:
    """Blender calls this while the batch runs, and once after."""
    if _Batch.folder is None:
        return None
    lines = (Path(_Batch.folder.name) / "log").read_text("utf-8", "replace").split("\n")
    said = [line.strip() for line in lines if line.strip() and not _BLENDERS_OWN.match(line)]
    _Batch.line = said[-1] if said else _Batch.line
    browser.redraw_side_bars()
    if is_running():
        return _EVERY_SECONDS
    found, state = browser.catalogue(), bpy.context.window_manager.xtalker_browser
    if found and state.output:
        found.rendered = find_rendered(Path(bpy.path.abspath(state.output)))
        state.refill()
    return None


class XTALKER_OT_render_entries(EntryOperator, bpy.types.Operator):
    """Render to the output folder with the active head's look and camera, in a process beside this Blender"""

    bl_idname = "xtalker.render_entries"
    bl_label = "Render"

    approved: bpy.props.BoolProperty(options={"SKIP_SAVE"})

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        which = "everything that is approved" if properties.approved else "the chosen sequence"
        return f"Render {which} with the active head's look and camera, in a process beside this Blender"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not super().poll(context):
            return False
        if not context.window_manager.xtalker_browser.output:
            cls.poll_message_set("Choose the output folder first")
        elif is_running():
            cls.poll_message_set("A batch is running: wait for it, or stop it")
        else:
            return True
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        found, state = browser.catalogue(), context.window_manager.xtalker_browser
        here = browser.entry(state.active)
        if found is None or here is None:
            return {"CANCELLED"}
        if self.approved and not any(review.verdict == "approved" for review in found.reviews.values()):
            self.report({"ERROR"}, "Nothing is approved yet; approve sequences first")
            return {"CANCELLED"}
        output = Path(bpy.path.abspath(state.output))
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self.report({"ERROR"}, f"{output}: cannot be made ({error.strerror}); choose another output folder")
            return {"CANCELLED"}
        arguments = batch_arguments(context, found, output)
        if self.approved:
            start([*arguments, "--review", str(found.review_file)], None)
        else:
            start(arguments, Review(here[0], "approved"))
        return {"FINISHED"}


def batch_arguments(context: bpy.types.Context, found: Catalogue, output: Path) -> list[str]:
    """Arguments of the batch: what the active head, or else the preferences, say about look and camera."""
    head, chosen = active_head(context), preferences()
    look = look_of(head.material) if head else chosen.look if chosen else None
    crop = crop_mode(head) if head else "each" if chosen and chosen.camera == "CROP" else None
    model = preferred_model_path()
    return [
        *("--input", str(found.dataset.root)),
        *("--output", str(output)),
        *("--index", str(cache_folder() / "index.sqlite")),
        *("--light", _LIGHTS.get(look or "", "sh")),
        *(("--engine", "cycles") if look == "SCENE" else ()),  # a skin in the scene's light
        *(("--camera", "crop", "--crop", crop) if crop else ("--camera", "fixed")),
        *(("--model", bpy.path.abspath(model)) if model else ()),
        *(("--person", head.person) if head and head.person and not model else ()),
        *(("--fps", f"{state.fps:g}") if (state := context.window_manager.xtalker_browser).fps else ()),
        *("--only", "approved"),
    ]


class XTALKER_OT_stop_render(bpy.types.Operator):
    """Stop the batch; what it has finished stays, and the next one goes on from there"""

    bl_idname = "xtalker.stop_render"
    bl_label = "Stop"
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        stop()
        return {"FINISHED"}


class XTALKER_PT_render(DatasetPanel, bpy.types.Panel):
    bl_label = "Render"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout, state = self.layout, context.window_manager.xtalker_browser
        layout.prop(state, "output")
        row = layout.row(align=True)
        row.operator("xtalker.render_entries", text="Render This", icon="RENDER_ANIMATION").approved = False
        row.operator("xtalker.render_entries", text="Render Approved").approved = True
        if _Batch.line:
            write_lines(context, layout, _Batch.line, "INFO")
        if is_running():
            layout.operator("xtalker.stop_render", icon="CANCEL")
        row = layout.row(align=True)
        for what, title, icon in _SHOWN:
            button = row.row(align=True)
            button.enabled = _place(context, what) is not None
            button.operator("xtalker.open_output", text=title, icon=icon).what = what


def _place(context: bpy.types.Context, what: str) -> Path | None:
    """Where the video of the chosen sequence, its folder, or the gallery of all of them lies; None where it is not."""
    state = context.window_manager.xtalker_browser
    output, here = Path(bpy.path.abspath(state.output)), browser.entry(state.active)
    if not state.output:
        return None
    if what == "GALLERY":
        return output / "index.html" if (output / "index.html").is_file() else None
    video = place_of(output, here[0]) if here else None
    return video.parent if video and what == "FOLDER" else video


class XTALKER_OT_open_output(bpy.types.Operator):
    """Open what was rendered"""

    bl_idname = "xtalker.open_output"
    bl_label = "Open"
    bl_options = {"INTERNAL"}

    what: bpy.props.EnumProperty(items=[(what, title, "") for what, title, _ in _SHOWN])

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        return str(_place(context, properties.what) or "Nothing of this sequence has been rendered yet")

    def execute(self, context: bpy.types.Context) -> set[str]:
        place = _place(context, self.what)
        if place is None:
            self.report({"ERROR"}, "It is not there: render the sequence first, or choose the folder that has it")
            return {"CANCELLED"}
        if self.what == "GALLERY":
            return bpy.ops.wm.url_open(url=place.as_uri())
        return bpy.ops.wm.path_open(filepath=str(place))


CLASSES = (XTALKER_OT_render_entries, XTALKER_OT_stop_render, XTALKER_OT_open_output, XTALKER_PT_render)
