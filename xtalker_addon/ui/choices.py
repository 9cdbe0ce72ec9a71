"""What can be chosen in several places: for one import, for all, and for a head."""

from functools import cache

from ..core.model.people import named_people

IDENTITIES = [
    ("mean", "Mean", "One identity: the mean over the clip"),
    ("median", "Median", "One identity: the median over the clip, which ignores outliers"),
    ("first", "First Frame", "One identity: that of the first frame"),
    ("per_frame", "Per Frame", "Keyed in every frame, as the file has it"),
]
LOOKS = [
    ("SH", "Light of the Clip", "The light that lies with the codes (spherical harmonics), keyed in every frame"),
    ("STUDIO", "Studio", "The grey look of DECA and EMOCA"),
    ("SCENE", "Scene Light", "A skin that the scene's own light falls on"),
]
AUTOMATIC_LOOK = (
    "AUTO",
    "Automatic",
    "The light of the clip where it has one, a plain light where a person is named, the studio look otherwise",
)
CAMERAS = [
    ("FRAMING", "Framing", "A steady camera that holds the head through the clip"),
    ("CROP", "Crop", "The crop that the codes were fitted to, with the reference image behind"),
    ("NONE", "None", "No camera"),
]
CROPS = [
    ("each", "Each", "The crop of every frame, as the file has it"),
    ("smooth", "Smooth", "The crops of all frames without their jitter; cuts stay"),
    ("steady", "Steady", "One crop for the clip: the median"),
]
VIEWPORTS = [
    ("MATERIAL", "Material Preview", "Blender's preview, in which heads have their look"),
    ("REVIEW", "XTalker Review", "The rendered view of XTalker's own engine, which is the quicker one"),
    ("KEEP", "As It Is", "Leave the viewport alone"),
]
AS_RECORDED = "NONE"
# Of a property for the rate of sequences, wherever one can be given.
FRAME_RATE = {
    "name": "Frame Rate",
    "description": "Frames a second of the data; 0 for what they say themselves, or their sound tells",
    "min": 0.0,
    "max": 1000.0,
    "soft_max": 120.0,
    "precision": 3,
    "step": 100,
}


def chosen_rate(fps: float) -> float | None:
    """The rate that such a property holds, without the error of its single precision; None where none was given."""
    return round(fps, 3) or None


@cache
def _people() -> list[tuple[str, str, str]]:
    sequence = (AS_RECORDED, "As in the Sequence", "Identity and skin that the sequence has codes for")
    return [sequence, *((name, name.title(), "Of XTalker's own head") for name in named_people())]


def people(_self: object, _context: object) -> list[tuple[str, str, str]]:
    """The people of XTalker's own head, for a property. Blender wants the same strings as long as it shows them."""
    return _people()


def chosen_person(identifier: str) -> str | None:
    """Whom such a property holds; None where the sequence says who it is."""
    return None if identifier == AS_RECORDED else identifier
