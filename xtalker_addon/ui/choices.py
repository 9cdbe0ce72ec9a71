"""What can be chosen in several places: for one import, for all, and for a head."""

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
CROPS = [
    ("each", "Each", "The crop of every frame, as the file has it"),
    ("smooth", "Smooth", "The crops of all frames without their jitter; cuts stay"),
    ("steady", "Steady", "One crop for the clip: the median"),
]
