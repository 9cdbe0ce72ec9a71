"""What is asked of ffmpeg: how each output is stored, and the streams of pictures and sound that it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Literal

import ffmpeg

from ..settings import Output

PixelFormat = Literal["rgb24", "rgba", "nv12", "gbrapf32le"]

AUDIO_RATE: Final = 48_000  # what video players and editors expect beside H.264
BYTES_PER_PIXEL: Final[Mapping[PixelFormat, Fraction]] = {
    "rgb24": Fraction(3),
    "rgba": Fraction(4),
    "nv12": Fraction(3, 2),
    "gbrapf32le": Fraction(16),
}
TAGS: Final = {"color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709", "color_range": "tv"}

_SRGB: Final = {"color_primaries": "bt709", "color_trc": "iec61966-2-1"}


@dataclass(frozen=True, slots=True)
class Format:
    """How an output is asked for: ffmpeg options, and the pixel formats that it stores without and with alpha."""

    opaque: str
    alpha: str | None
    video: Mapping[str, Any]
    audio: Mapping[str, Any]


_PCM: Final = {"acodec": "pcm_s16le"}
PNG: Final = {"vcodec": "png", "compression_level": 4}
FORMATS: Final[Mapping[Output, Format]] = {
    # A key frame every 12 pictures keeps scrubbing instant; without B-frames the first picture has time 0 even for
    # players that ignore edit lists. A chroma sample is the mean of four pixels, so it lies in their middle
    # (chromaloc 1); players take it for the left one's where nothing is said. One quantiser for all frames makes them
    # equally good, and with it and without the search for cuts and fades (scenecut, weightp) x264 need not look ahead.
    # With plain codes (CAVLC) files are a fifteenth larger, and encoding and playing take a fifth and two fifths less.
    "h264": Format(
        "yuv420p",
        None,
        {
            "vcodec": "libx264",
            "qp": 18,
            "preset": "superfast",
            "g": 12,
            "bf": 0,
            "x264-params": "chromaloc=1:weightp=0:scenecut=0:cabac=0",
            "movflags": "+faststart",
        },
        {"acodec": "aac", "aac_coder": "fast", "audio_bitrate": "160k"},
    ),
    "prores": Format(
        "yuv422p10le", "yuva444p10le", {"vcodec": "prores_ks", "vendor": "apl0", "movflags": "+faststart"}, _PCM
    ),
    "ffv1": Format("bgr0", "bgra", {"vcodec": "ffv1", "level": 3, "slicecrc": 1}, _PCM),
    "png": Format("rgb24", "rgba", PNG, _PCM),
    "exr": Format("gbrapf32le", "gbrapf32le", {"vcodec": "exr", "format:v": "half", "compression": "zip1"}, _PCM),
}


def picture_stream(
    size: tuple[int, int], crop: tuple[int, int], rate: Fraction, output: Output, pixel_format: PixelFormat
) -> Any:
    """The stream of raw frames, cropped, padded and converted."""
    target = FORMATS[output]
    stored = (target.alpha if pixel_format == "rgba" else None) or target.opaque
    stream = ffmpeg.input("pipe:", format="rawvideo", pix_fmt=pixel_format, video_size=size, framerate=str(rate))
    even = (crop[0] + crop[0] % 2, crop[1] + crop[1] % 2) if stored.startswith("yuv") else crop
    kept = (min(even[0], size[0]), min(even[1], size[1]))  # 4:2:0 frames are cropped to even sizes only
    if kept != size:
        stream = stream.filter("crop", *kept, 0, 0)
    if kept != even:
        stream = stream.filter("pad", *even)
        stream = stream.filter("fillborders", right=even[0] - kept[0], bottom=even[1] - kept[1], mode="smear")
    if stored.startswith("yuv"):
        if pixel_format != "nv12":  # which x264 takes as it is
            # In 4:2:2 a chroma sample lies on the left one of its two pixels; in our 4:2:0 in the middle (see FORMATS).
            siting = {"out_h_chr_pos": 0} if stored.startswith("yuv422") else {}
            flags = "bicubic+accurate_rnd"
            stream = stream.filter("scale", out_color_matrix="bt709", out_range="tv", flags=flags, **siting)
            stream = stream.filter("format", stored)
        tags = {"color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709", "range": "tv"}
        return stream.filter("setparams", **tags)
    stream = stream.filter("format", stored)
    return stream.filter("setparams", **_SRGB) if output == "png" else stream


def sound_stream(audio: Path, offset_seconds: float, seconds: Fraction) -> Any:
    """The sound from `offset_seconds` on, exactly `seconds` long, at AUDIO_RATE in one or two channels."""
    samples = round(seconds * AUDIO_RATE)
    return (
        ffmpeg.input(str(audio))
        .audio.filter("aresample", AUDIO_RATE)
        .filter("aformat", channel_layouts="mono|stereo")
        .filter("atrim", start_sample=round(offset_seconds * AUDIO_RATE))
        .filter("asetpts", "PTS-STARTPTS")
        .filter("apad", whole_len=samples)
        .filter("atrim", end_sample=samples)
    )
