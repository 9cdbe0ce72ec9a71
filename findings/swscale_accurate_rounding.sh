#!/usr/bin/env bash
# Guess: `-sws_flags accurate_rnd` brings RGB that was decoded from 8-bit video nearer to what was encoded, or at least not
#     further away.
# Really: alone it makes flat colours of a BT.709 video worse (off by up to 3 of 255 instead of 2); only together with
#     full_chroma_int do they come back (off by at most 1).
# Versions: imageio-ffmpeg 0.6.0 (ffmpeg 7.0.2), Linux x86_64; 6.0 and 9.0.2 gave the same figures.
# Source: measured.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}
"$python" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet imageio-ffmpeg==0.6.0 numpy==1.26.4 2>/dev/null ||
    "$work/venv/bin/python" -m pip install --quiet imageio-ffmpeg==0.6.0 numpy==2.4.6
"$work/venv/bin/python" - "$work" <<'PY'
import subprocess
import sys

import imageio_ffmpeg
import numpy as np

program = imageio_ffmpeg.get_ffmpeg_exe()
colours = np.array([(210, 90, 60), (40, 160, 90), (30, 60, 200), (240, 200, 40), (12, 12, 12), (128, 128, 128)])
picture = np.repeat(colours.astype(np.uint8), 24, 0)[:, None].repeat(144, 1)
video = f"{sys.argv[1]}/flat.mp4"
raw = ("-f", "rawvideo", "-pix_fmt", "rgb24")
exact = "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int,format=yuv420p"
tags = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"
encode = (program, "-loglevel", "error", *raw, "-s", "144x144", "-i", "-", "-vf", f"{exact},{tags}")
subprocess.run((*encode, "-c:v", "libx264", "-crf", "1", video), input=picture.tobytes(), check=True)


def off(*flags: str) -> int:
    command = (program, "-loglevel", "error", "-i", video, *flags, *raw, "-")
    shown = subprocess.run(command, capture_output=True, check=True).stdout
    middles = np.frombuffer(shown, np.uint8).reshape(144, 144, 3)[12::24, 72]
    return int(np.abs(middles - colours).max())


found = {flags: off(*(("-sws_flags", flags) if flags else ())) for flags in ("", "accurate_rnd", "accurate_rnd+full_chroma_int")}
for flags, levels in found.items():
    print(f"{flags or 'no flags'}: off by {levels} of 255")
assert list(found.values()) == [2, 3, 1]
PY
