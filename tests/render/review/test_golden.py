"""Each look against a picture that was looked at and kept.

`python -m tests.render.review.test_golden` draws them anew.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("bpy", reason="this Python has no Blender module")

from tests.data.clips import talking_clip
from tests.data.models import synthetic_model
from tests.data.ridges import Ridges
from tests.render.conftest import needs_rasteriser, painted
from tests.render.review.test_review import pictures
from xtalker_addon.render.gpu.graphics import renderer_name
from xtalker_addon.render.review import detail_look
from xtalker_addon.render.settings import DeviceName, RenderSettings

pytestmark = pytest.mark.skipif(not renderer_name(), reason="this machine has no graphics, not even Mesa's")

GOLDEN = Path(__file__).parent / "golden"
LOOKS = ("sh", "studio", "detail", "albedo", "normal", "depth", "wireframe")
ONE = RenderSettings(size=(96, 96), camera="crop", detail=Path("deca_model.tar"))
MODEL = painted(synthetic_model(30, 40))
# No hole in the egg would be seen from the front: the mouth is cut out, as FLAME's is.
MODEL = replace(
    MODEL,
    **{
        name: getattr(MODEL, name)[
            np.linalg.norm(MODEL.template[MODEL.faces].mean(1) - (0, -0.05, 0.09), axis=1) > 0.02
        ]
        for name in ("faces", "uv_faces")
    },
)
CLIP = talking_clip(
    np.random.default_rng(3), frames=4, jaw=np.full((4, 3), (0.2, 0.0, 0.0)), detail=np.full((4, 128), 0.8)
)
INDEX = 1


def draw(look: str, clip=CLIP, index: int = INDEX, device: DeviceName | None = None) -> np.ndarray:
    with patch.object(detail_look, "_decoder", lambda *_: Ridges()):
        return pictures(clip, MODEL, replace(ONE, look=look, device=device), [index])[0][..., :3].astype(int)


def agrees(picture: np.ndarray, look: str) -> bool:
    """Nearly every pixel within 4 of 255: drivers round edges differently, people would not see it."""
    kept = np.asarray(Image.open(GOLDEN / f"{look}.png").convert("RGB"), int)
    return bool((np.abs(picture - kept).max(-1) <= 4).mean() > 0.99)


@pytest.mark.parametrize("device", ["gpu", pytest.param("cpu", marks=needs_rasteriser)])
@pytest.mark.parametrize("look", LOOKS)
def test_looks_as_it_did(look, device):
    assert agrees(draw(look, device=device), look)


@pytest.mark.parametrize("look", LOOKS)
def test_the_comparison_sees_mistakes(look):
    picture = draw(look)
    assert not agrees(picture[:, ::-1], look)
    assert not agrees(np.roll(picture, 1, axis=0), look)
    assert not agrees(draw(look, index=INDEX + 1), look)
    assert not agrees(draw("sh" if look != "sh" else "studio"), look)


def test_the_comparison_sees_another_light():
    assert not agrees(draw("sh", replace(CLIP, light=CLIP.light * 1.05)), "sh")


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name in LOOKS:
        Image.fromarray(draw(name).astype(np.uint8)).save(GOLDEN / f"{name}.png", optimize=True)
