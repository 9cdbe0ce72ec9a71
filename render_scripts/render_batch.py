"""Render talking-head sequences to videos, in a Blender program or on the bpy wheel.

blender -b --python-exit-code 9 -P render_scripts/render_batch.py -- DIR --output DIR
python render_scripts/render_batch.py DIR --output DIR
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from xtalker_addon.cli import render_main

if __name__ == "__main__":
    if "--" not in sys.argv:
        sys.exit(render_main(sys.argv[1:]))
    code = render_main(sys.argv[sys.argv.index("--") + 1 :])
    # A Blender program takes SystemExit for a failed script and ends with a code of its own.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
