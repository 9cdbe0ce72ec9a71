"""What is asked before an import, and where the chosen files lead."""

from pathlib import Path

import bpy

from ..blender.importer import ImportOptions
from ..blender.subdivision import MOST_LEVELS
from ..core.files import storage
from ..core.formats import clip_of, find_sequences, read_sequence
from ..core.speech.audio import SUFFIXES
from ..errors import SequenceError
from .choices import AUTOMATIC_LOOK, CAMERAS, CROPS, FRAME_RATE, IDENTITIES, LOOKS, chosen_person, people
from .preferences import cache_folder, current_detail, preferences, preferred_model_path

SPACING = 0.35  # metres between heads that stand side by side
_COMPANIONS = {**dict.fromkeys(SUFFIXES, "sound"), ".txt": "text"}  # that lie beside a sequence's codes
_GROUPS = (
    (
        "Face",
        (
            "model_path",
            "person",
            "identity",
            "skin",
            "use_wrinkles",
            "subdivision",
            "full_basis",
            "use_arkit",
            "use_fit",
            "vertex_folder",
        ),
    ),
    ("Motion", ("fps", "adapt_scene", "arrange")),
    ("Sound", ("use_sound",)),
    ("Light", ("look", "scene_light")),
    ("Camera", ("camera", "crop", "use_reference")),
)


class ImportSettings:
    """Properties that the import operators share."""

    layout: bpy.types.UILayout

    files: bpy.props.CollectionProperty(type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"})
    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"HIDDEN", "SKIP_SAVE"})
    model_path: bpy.props.StringProperty(
        name="Model",
        description="FLAME .pkl, .npz or folder. Empty for the one in the preferences",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    person: bpy.props.EnumProperty(
        name="Person",
        description="Who of the people of XTalker's own head speaks the sequence",
        items=people,
        options={"SKIP_SAVE"},
    )
    identity: bpy.props.EnumProperty(
        name="Identity",
        description="Codes fitted frame by frame wobble; one identity for the clip keeps the face steady",
        items=IDENTITIES,
    )
    subdivision: bpy.props.IntProperty(
        name="Subdivision",
        description="How often the faces are divided, for a rounder outline in large pictures. Comparisons and exports "
        "keep to the model's own vertices",
        min=0,
        max=MOST_LEVELS,
    )
    full_basis: bpy.props.BoolProperty(
        name="All Shape Keys",
        description="A shape key for every column of the model, not only for those that the sequence has codes for",
    )
    use_arkit: bpy.props.BoolProperty(
        name="ARKit Shape Keys",
        description="Shape keys under ARKit's 52 names (jawOpen, eyeBlinkLeft, ...), by which face-capture add-ons "
        "drive the head. The expression is keyed on them: exactly on XTalker's own head, on a FLAME as near as they "
        "come, with further keys that make the rest",
    )
    use_sound: bpy.props.BoolProperty(name="Sound", description="Add the sound to the sequencer", default=True)
    fps: bpy.props.FloatProperty(**FRAME_RATE)
    adapt_scene: bpy.props.BoolProperty(
        name="Adapt New Scene",
        description="Set frame rate, range, camera and the Standard view transform where the scene is empty, new or "
        "holds heads alone. Others are kept, and Adapt Scene in the side bar changes them",
        default=True,
    )
    use_start_frame: bpy.props.BoolProperty(
        name="Start Frame",
        description="Choose where on the timeline the sequence begins; else at the scene's first frame",
    )
    start_frame: bpy.props.IntProperty(
        name="Frame", description="Frame of the timeline at which the sequence begins", default=1
    )
    look: bpy.props.EnumProperty(name="Look", description="How the face is shaded", items=[AUTOMATIC_LOOK, *LOOKS])
    scene_light: bpy.props.EnumProperty(
        name="Light the Scene",
        description="Whether the light of the clip falls on everything in the scene",
        items=[
            ("NONE", "No", "The scene keeps its own light"),
            ("WORLD", "World", "A world that shines as the light of the clip does (spherical harmonics)"),
            ("LAMPS", "Lamps", "A key, a fill and an even light that come near it and can be turned"),
        ],
    )
    skin: bpy.props.EnumProperty(
        name="Skin",
        description="Whether the skin changes with the texture codes of each frame",
        items=[
            ("mean", "Mean", "One skin for the clip, of its mean code"),
            ("per_frame", "Per Frame", "A picture a frame, kept in the cache folder"),
        ],
    )
    use_wrinkles: bpy.props.BoolProperty(
        name="Wrinkles",
        description="Decode the detail codes, a picture a frame. Needs the detail model in the preferences",
    )
    vertex_folder: bpy.props.StringProperty(
        name="Vertices In",
        description="Folder that vertex clips are kept in, from which Blender plays them. Empty for one beside the "
        "saved file",
        subtype="DIR_PATH",
        options={"SKIP_SAVE"},
    )
    use_fit: bpy.props.BoolProperty(
        name="Fit Codes to Vertices",
        description="Make an ordinary head of a vertex clip, with shape keys and bones that can be edited: codes are "
        "found whose face is those vertices, and how far they are apart is told. Takes its time",
    )
    crop: bpy.props.EnumProperty(
        name="Crop of",
        description="What a crop camera follows",
        items=CROPS,
    )
    camera: bpy.props.EnumProperty(name="Camera", description="What camera the sequence gets", items=CAMERAS)
    use_reference: bpy.props.BoolProperty(
        name="Reference Image", description="Show the reference image behind what a crop camera sees", default=True
    )
    arrange: bpy.props.EnumProperty(
        name="Place",
        description="Where sequences go, beside each other and the heads that are there",
        items=[
            ("SIDE_BY_SIDE", "Side by Side", "Next to each other and to other heads, all from the same frame on"),
            ("STACKED", "At the Origin", "All in the same place, where other heads may be, all from the same frame on"),
            ("IN_TURN", "One after Another", "All in one place next to other heads, each when the last has ended"),
        ],
    )

    def sources(self) -> list[Path]:
        """The sequences that the chosen files and folders stand for, each once. Raises SequenceError, UsageError."""
        folder = Path(bpy.path.abspath(self.directory)) if self.directory else None
        chosen = [folder / item.name for item in self.files if item.name] if folder else []
        found: list[Path] = []
        for path in chosen or [Path(bpy.path.abspath(self.filepath))]:
            if path.parent in found:  # another file of a clip that is there; a file a frame may be thousands
                continue
            many = path.is_dir() or storage.folder_of(path) is not None
            found += (find_sequences(path) if many else None) or [sequence_of(path)]
        return list(dict.fromkeys(found))

    def import_options(self, index: int, free_frame: float | None, beside: float) -> ImportOptions:
        """For the sequence at `index` of those that are imported.

        free_frame : the first after the last one's end
        beside : metres to the side where there is room beside other heads
        """
        start = self.start_frame if self.use_start_frame else None
        if self.arrange == "IN_TURN" and free_frame is not None:
            start = round(free_frame)
        return ImportOptions(
            person=chosen_person(self.person) if self._applies("person") else None,
            identity=self.identity,
            start_frame=start,
            adapt_scene=self.adapt_scene,
            sound=self.use_sound,
            look=None if self.look == "AUTO" else self.look,
            world=self.scene_light == "WORLD",
            lamps=self.scene_light == "LAMPS",
            skin=self.skin,
            detail=current_detail() if self.use_wrinkles else None,
            pictures=cache_folder() / "pictures" if self.skin == "per_frame" or self.use_wrinkles else None,
            vertices=vertex_folder(self.vertex_folder),
            crop=self.crop,
            camera=self.camera,
            reference=self.use_reference,
            subdivision=self.subdivision,
            full_basis=self.full_basis,
            arkit=self.use_arkit,
            offset=0.0 if self.arrange == "STACKED" else beside + index * SPACING * (self.arrange == "SIDE_BY_SIDE"),
        )

    def _applies(self, name: str) -> bool:
        """Whether a property has an effect, given the others."""
        if name in ("use_reference", "crop"):
            return self.camera == "CROP"
        if name == "person":
            return not (self.model_path or preferred_model_path())
        chosen = preferences()
        return name != "use_wrinkles" or bool(chosen and chosen.detail_path)

    def draw(self, _context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split, layout.use_property_decorate = True, False
        for title, names in _GROUPS:
            header, body = layout.panel(f"xtalker_import_{title.lower()}")
            header.label(text=title)
            if body:
                for name in names:
                    row = body.row()
                    row.enabled = self._applies(name)
                    row.prop(self, name, **({"placeholder": "As in the preferences"} if name == "model_path" else {}))
                if title == "Motion":
                    row = body.row(heading="Start Frame")
                    row.prop(self, "use_start_frame", text="")
                    value = row.row()
                    value.active = self.use_start_frame
                    value.prop(self, "start_frame", text="")


def vertex_folder(chosen: str = "") -> Path:
    """Where vertices are kept: where the user said, else beside the saved file, else with the caches."""
    if chosen:
        return Path(bpy.path.abspath(chosen))
    return Path(bpy.data.filepath).parent / "vertices" if bpy.data.filepath else cache_folder() / "vertices"


def sequence_of(path: Path) -> Path:
    """The sequence that a file belongs to: as one in its folder, its sound or its text. Raises SequenceError."""
    if path.suffix not in {".npz", ""} and path.name != "vertices.npy" and (path.parent / "expcode.npy").is_file():
        return path.parent
    if path.suffix not in _COMPANIONS:
        return clip_of(path)
    for stem in (path.with_suffix(""), path.parent.parent / path.stem):
        try:
            return read_sequence(stem).source
        except SequenceError:
            continue
    raise SequenceError(f"{path}: no FLAME codes belong to this {_COMPANIONS[path.suffix]}; choose one of a sequence.")
