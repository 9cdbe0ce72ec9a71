"""What an earlier build takes, in a process of its own: python _earlier_rival.py CHECKOUT OUT.mp4.

Prints seconds a frame, grey and with skin in SH light; the clip is that build's own of `tests.bench.review`.
"""

import sys
from dataclasses import replace
from pathlib import Path

checkout, out = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
sys.path.insert(0, str(checkout))

from tests.bench.review import SIZE, load_model, render_review, speech_clip  # noqa: E402  of the checkout
from xtalker_addon.render.settings import RenderSettings  # noqa: E402

clip, model = speech_clip(out.parent), load_model()
for head in (replace(model, albedo=None), model):
    results = [render_review(clip, head, RenderSettings(size=(SIZE, SIZE), look="sh"), out) for _ in range(2)]
    print(min(result.seconds / result.frames for result in results))
