"""What can be chosen in several places: for one import, for all, and for a head."""

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
AUTOMATIC_LOOK = ("AUTO", "Automatic", "The light of the clip where it has one, the studio look otherwise")
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
