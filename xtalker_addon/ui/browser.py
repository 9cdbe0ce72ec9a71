"""The dataset browser's state: what is open, what is asked for, and the rows that answer it."""

from functools import lru_cache
from pathlib import Path

import bpy

from ..batch.catalogue import ORDERS, Catalogue, Query, find_rendered
from ..core.checks import check_path
from ..core.dataset import LABELS, Clip
from ..core.files import storage
from .choices import FRAME_RATE, chosen_rate
from .preferences import cache_folder, preferences
from .thumbnails import Thumbnails
from .told_apart import told_apart

_ANY = "*"
_VERDICTS = [
    (_ANY, "Any", "Approved, rejected or not decided"),
    ("approved", "Approved", "Only what was approved"),
    ("rejected", "Rejected", "Only what was rejected"),
    ("none", "Not Decided", "Only what nobody has decided on"),
]
_RENDERED = [
    (_ANY, "Any", "With a video or without"),
    ("YES", "Rendered", "Only what has a video in the output folder"),
    ("NO", "Not Rendered", "Only what has no video in the output folder"),
]


class _Open:
    """What is open now. Of no use to a file, so kept beside it: the index itself lies in the cache folder."""

    catalogue: Catalogue | None = None
    rows: list[int] = []
    shown_names: list[str] = []
    ticked: set[str] = set()
    thumbnails: Thumbnails | None = None
    choices: dict[str, list[tuple[str, str, str]]] = {}
    root = ""
    output = ""


def catalogue() -> Catalogue | None:
    """The dataset that is open."""
    return _Open.catalogue


def rows() -> list[int]:
    """Indices into the catalogue of what the list shows."""
    return _Open.rows


def shown_name(row: int) -> str:
    """What tells a row of the list apart from the others."""
    return _Open.shown_names[row]


def longest_name() -> str:
    """The longest of what the rows show."""
    return max(_Open.shown_names, key=len, default="")


def ticked() -> set[str]:
    """Names of the entries that are ticked."""
    return _Open.ticked


def show(found: Catalogue) -> None:
    """Open a dataset."""
    close()
    _Open.catalogue = found
    _Open.choices = {label: _items(found.choices(label), label) for label in LABELS}
    chosen = preferences()
    size, limit = (chosen.thumbnail_size, chosen.cache_megabytes) if chosen else (128, 500)
    _Open.thumbnails = Thumbnails(cache_folder() / "thumbnails", size, limit, redraw_side_bars)
    browser = bpy.context.window_manager.xtalker_browser
    for label in LABELS:
        setattr(browser, label, _ANY)  # whatever was chosen in another dataset
    browser.refill()


def set_root(path: str) -> None:
    """Let the field show a folder that is being opened."""
    _Open.root = bpy.context.window_manager.xtalker_browser.root = path


@bpy.app.handlers.persistent
def show_again(_path: str) -> None:
    """A file that is opened takes the window's state with it; the data set stays open."""
    if _Open.catalogue:
        browser = bpy.context.window_manager.xtalker_browser
        browser.root, browser.output = _Open.root, _Open.output
        browser.refill()


def close() -> None:
    """Let go of the dataset."""
    if _Open.thumbnails:
        _Open.thumbnails.close()
    _Open.catalogue, _Open.thumbnails, _Open.ticked, _Open.choices = None, None, set(), {}
    _Open.rows, _Open.shown_names = [], []


def entry(row: int) -> tuple[str, Clip, Path] | None:
    """Name, clip and place of a row of the list."""
    found = _Open.catalogue
    if found is None or not 0 <= row < len(_Open.rows):
        return None
    index = _Open.rows[row]
    return found.names[index], found.clip(index), found.source(index)


def icon_of(clip: Clip, source: Path) -> int:
    """The clip's thumbnail; 0 where it has none, or not yet."""
    return _Open.thumbnails.icon(source, clip.signature) if _Open.thumbnails else 0


def findings_of(source: Path) -> tuple[tuple[str, str], ...]:
    """Severity and sentence of what a check finds in a sequence, without mere notes; looked at once while it stays."""
    try:
        changed = source.stat().st_mtime_ns if source.exists() else storage.find(source).modified_ns
    except OSError:
        return ()
    return _check(source, changed, chosen_rate(bpy.context.window_manager.xtalker_browser.fps))


@lru_cache(maxsize=256)
def _check(source: Path, _changed: int, fps: float | None) -> tuple[tuple[str, str], ...]:
    return tuple((found.severity, found.text) for found in check_path(source, fps).findings if found.severity != "note")


def redraw_side_bars() -> None:
    """Let every side bar of a 3D view be drawn again."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                for region in area.regions:
                    if region.type == "UI":
                        region.tag_redraw()


def _items(values: list[str], label: str) -> list[tuple[str, str, str]]:
    return [(_ANY, f"Any {label.title()}", ""), *((value, value, "") for value in values)]


def _choices(label: str):
    nothing = _items([], label)
    return lambda _self, _context: _Open.choices.get(label, nothing)


def _refill(self, _context: bpy.types.Context) -> None:
    self.refill()


def _store_note(self, _context: bpy.types.Context) -> None:
    found, here = _Open.catalogue, entry(self.active)
    if found and here and self.note != found.note(here[0]):
        try:
            found.judge(here[0], note=self.note)
        except OSError as error:
            self.note = found.note(here[0])
            self.message = f"{found.review_file}: cannot be written ({error.strerror})"


def _show_active(self, _context: bpy.types.Context) -> None:
    found, here = _Open.catalogue, entry(self.active)
    self.note = found.note(here[0]) if found and here else ""


def _open_root(self, _context: bpy.types.Context) -> None:
    """A folder that is chosen in the window is opened at once."""
    if self.root and self.root != _Open.root and not bpy.app.background:
        bpy.ops.xtalker.index_dataset("INVOKE_DEFAULT")


def _look_at_output(self, _context: bpy.types.Context) -> None:
    _Open.output = self.output
    if _Open.catalogue:
        _Open.catalogue.rendered = find_rendered(Path(bpy.path.abspath(self.output)) if self.output else None)
    self.refill()


class XTALKER_PG_row(bpy.types.PropertyGroup):
    """A row of the list. What it shows is looked up by its place."""


class XTALKER_PG_browser(bpy.types.PropertyGroup):
    root: bpy.props.StringProperty(
        name="Data Set",
        description="Folder of a data set, or of any sequences",
        subtype="DIR_PATH",
        update=_open_root,
    )
    output: bpy.props.StringProperty(
        name="Output",
        description="Where rendered videos go, in one folder a subset",
        subtype="DIR_PATH",
        update=_look_at_output,
    )
    search: bpy.props.StringProperty(
        name="Search",
        description="Words in the name, subset, subject or emotion",
        options={"TEXTEDIT_UPDATE"},
        update=_refill,
    )
    subset: bpy.props.EnumProperty(name="Subset", description="Only this one", items=_choices("subset"), update=_refill)
    subject: bpy.props.EnumProperty(
        name="Subject", description="Only this one", items=_choices("subject"), update=_refill
    )
    emotion: bpy.props.EnumProperty(
        name="Emotion", description="Only this one", items=_choices("emotion"), update=_refill
    )
    min_seconds: bpy.props.FloatProperty(
        name="Shortest (s)", description="Seconds that a sequence lasts at least", min=0.0, update=_refill
    )
    max_seconds: bpy.props.FloatProperty(
        name="Longest (s)",
        description="Seconds that a sequence lasts at most; 0 for any length",
        min=0.0,
        update=_refill,
    )
    fps: bpy.props.FloatProperty(**FRAME_RATE)
    rendered: bpy.props.EnumProperty(name="Videos", description="Rendered or not", items=_RENDERED, update=_refill)
    verdict: bpy.props.EnumProperty(name="Review", description="Decided or not", items=_VERDICTS, update=_refill)
    order: bpy.props.EnumProperty(
        name="Sort by",
        description="Order of the list",
        items=[(order, order.title().replace("Seconds", "Length"), f"By {order}") for order in ORDERS],
        update=_refill,
    )
    descending: bpy.props.BoolProperty(name="Descending", description="Last first", update=_refill)
    swap_along: bpy.props.BoolProperty(
        name="Show on Head",
        description="Next and previous put the sequence on the active head at once",
    )
    rows: bpy.props.CollectionProperty(type=XTALKER_PG_row)
    active: bpy.props.IntProperty(name="Sequence", description="The chosen one", update=_show_active)
    note: bpy.props.StringProperty(name="Note", description="A remark for the review", update=_store_note)
    message: bpy.props.StringProperty()

    def query(self) -> Query:
        """What the fields ask for."""
        values = {label: "" if getattr(self, label) in ("", _ANY) else getattr(self, label) for label in LABELS}
        return Query(
            text=self.search,
            **values,
            min_seconds=self.min_seconds,
            max_seconds=self.max_seconds or None,
            rendered={"YES": True, "NO": False}.get(self.rendered),
            verdict="" if self.verdict == _ANY else self.verdict,
            order=self.order,
            descending=self.descending,
        )

    def refill(self) -> None:
        """Let the list show what the fields ask for. The chosen sequence stays chosen where it is still there."""
        found, chosen = _Open.catalogue, entry(self.active)
        _Open.rows = found.rows(self.query()).tolist() if found else []
        missing = len(_Open.rows) - len(self.rows)
        if missing < 0:
            self.rows.clear()
            missing = len(_Open.rows)
        for _ in range(missing):
            self.rows.add()
        names = [found.names[row] for row in _Open.rows] if found else []
        _Open.shown_names = told_apart(names)
        self.active = names.index(chosen[0]) if chosen and chosen[0] in names else 0


CLASSES = (XTALKER_PG_row, XTALKER_PG_browser)
