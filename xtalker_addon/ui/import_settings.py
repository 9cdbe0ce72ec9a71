"""What is asked before an import, and where the chosen files lead."""

from pathlib import Path

import bpy

from ..blender.importer import ImportOptions
from ..core.formats import find_sequences, read_sequence
from ..errors import SequenceError

_SPACING = 0.35  # metres between heads that stand side by side
_GROUPS = (
    ("Face", ("model_path", "identity", "full_basis")),
    ("Motion", ("adapt_scene", "arrange")),
    ("Sound", ("use_sound",)),
    ("Light", ("look", "use_world")),
    ("Camera", ("camera", "use_reference")),
)
IDENTITIES = [
    ("mean", "Mean", "One identity: the mean over the clip"),
    ("median", "Median", "One identity: the median over the clip, which ignores outliers"),
    ("first", "First Frame", "One identity: that of the first frame"),
    ("per_frame", "Per Frame", "Keyed in every frame, as the file has it"),
]
LOOKS = [
    ("SH", "Light of the Codes", "Spherical-harmonics light, keyed per frame"),
    ("STUDIO", "Studio", "The grey look of DECA and EMOCA"),
    ("SCENE", "Scene Light", "A skin that the scene's own light falls on"),
]
AUTOMATIC_LOOK = ("AUTO", "Automatic", "The light of the codes where the sequence has it, the studio look otherwise")
CAMERAS = [
    ("FRAMING", "Framing", "A steady camera that holds the head through the clip"),
    ("CROP", "Crop", "The crop that the codes were fitted to, with the reference image behind"),
    ("NONE", "None", "No camera"),
]


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
    identity: bpy.props.EnumProperty(
        name="Identity",
        description="Codes fitted frame by frame wobble; one identity for the clip keeps the face steady",
        items=IDENTITIES,
    )
    full_basis: bpy.props.BoolProperty(
        name="All Shape Keys",
        description="A shape key for every column of the model, not only for those that the sequence has codes for",
    )
    use_sound: bpy.props.BoolProperty(name="Sound", description="Add the sound to the sequencer", default=True)
    adapt_scene: bpy.props.BoolProperty(
        name="Adapt Scene",
        description="Set frame rate, frame range, active camera and the Standard view transform",
        default=True,
    )
    use_start_frame: bpy.props.BoolProperty(
        name="Start Frame", description="Choose the scene frame of the first data frame; the scene's start otherwise"
    )
    start_frame: bpy.props.IntProperty(name="Frame", description="Scene frame of the first data frame", default=1)
    look: bpy.props.EnumProperty(name="Look", description="How the face is shaded", items=[AUTOMATIC_LOOK, *LOOKS])
    use_world: bpy.props.BoolProperty(
        name="Light the Scene", description="Light the whole scene by a world made of the codes' light"
    )
    camera: bpy.props.EnumProperty(name="Camera", description="What camera the sequence gets", items=CAMERAS)
    use_reference: bpy.props.BoolProperty(
        name="Reference Image", description="Show the reference image behind what a crop camera sees", default=True
    )
    arrange: bpy.props.EnumProperty(
        name="Several",
        description="Where several sequences go",
        items=[
            ("SIDE_BY_SIDE", "Side by Side", "Next to each other, all from the same frame on"),
            ("STACKED", "Stacked", "All in the same place, all from the same frame on"),
            ("IN_TURN", "One after Another", "All in the same place, each beginning when the last has ended"),
        ],
    )

    def sources(self) -> list[Path]:
        """The sequences that the chosen files and folders stand for, each once. Raises SequenceError, UsageError."""
        folder = Path(bpy.path.abspath(self.directory)) if self.directory else None
        chosen = [folder / item.name for item in self.files if item.name] if folder else []
        found: list[Path] = []
        for path in chosen or [Path(bpy.path.abspath(self.filepath))]:
            found += (find_sequences(path) if path.is_dir() else None) or [sequence_of(path)]
        return list(dict.fromkeys(found))

    def import_options(self, index: int, free_frame: float | None) -> ImportOptions:
        """For the sequence at `index` of those that are imported; free_frame: the first after the last one's end."""
        start = self.start_frame if self.use_start_frame else None
        if self.arrange == "IN_TURN" and free_frame is not None:
            start = round(free_frame)
        return ImportOptions(
            identity=self.identity,
            start_frame=start,
            adapt_scene=self.adapt_scene,
            sound=self.use_sound,
            look=None if self.look == "AUTO" else self.look,
            world=self.use_world,
            camera=self.camera,
            reference=self.use_reference,
            full_basis=self.full_basis,
            offset=index * _SPACING if self.arrange == "SIDE_BY_SIDE" else 0.0,
        )

    def draw(self, _context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split, layout.use_property_decorate = True, False
        for title, names in _GROUPS:
            header, body = layout.panel(f"xtalker_import_{title.lower()}")
            header.label(text=title)
            if body:
                for name in names:
                    row = body.row()
                    row.enabled = name != "use_reference" or self.camera == "CROP"
                    row.prop(self, name)
                if title == "Motion":
                    row = body.row(heading="Start Frame")
                    row.prop(self, "use_start_frame", text="")
                    value = row.row()
                    value.active = self.use_start_frame
                    value.prop(self, "start_frame", text="")


def sequence_of(path: Path) -> Path:
    """The sequence that a file belongs to: an array or a sound of one stands for it. Raises SequenceError."""
    if path.suffix in {".npy", ".wav", ".pkl"} and (path.parent / "expcode.npy").is_file():
        return path.parent
    if path.suffix != ".wav":
        return path
    for stem in (path.with_suffix(""), path.parent.parent / path.stem):
        try:
            return read_sequence(stem).source
        except SequenceError:
            continue
    raise SequenceError(f"{path}: no FLAME codes belong to this sound; drop a sound that lies in a sequence.")
