"""PNG files of every kind that a mask comes in, and those that are none."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from xtalker_addon.core.files.png import png, read_png
from xtalker_addon.errors import ModelError


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("smooth", [False, True])
def test_read_as_pillow_wrote_it(tmp_path, mode, smooth):
    """Pillow chooses a filter for each row: smooth pictures and noise bring all of them."""
    rng = np.random.default_rng(2)
    channels = len(mode) if mode.isalpha() else 1
    pixels = rng.integers(0, 256, (37, 50, channels))
    if smooth:
        y, x = np.mgrid[0:37, 0:50]
        pixels = 120 + 100 * np.sin(0.1 * x + 0.05 * y * y)[..., None] * np.linspace(0.5, 1, channels)
    pixels = pixels.astype(np.uint8) if mode != "I;16" else (pixels * 250).astype(np.uint16)
    Image.fromarray(pixels[..., 0] if channels == 1 else pixels).save(tmp_path / "a.png")
    found = read_png(tmp_path / "a.png")
    assert found.itemsize == pixels.itemsize
    np.testing.assert_array_equal(found, pixels)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_written_and_read(tmp_path, dtype):
    shape = (9, 14, 3) if dtype == np.uint8 else (9, 14)
    pixels = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape).astype(dtype)
    (tmp_path / "a.png").write_bytes(png(pixels))
    np.testing.assert_array_equal(read_png(tmp_path / "a.png").reshape(shape), pixels)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.png")), pixels)


def test_what_is_no_such_picture_is_named(tmp_path):
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "whole.png")
    whole = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[:45])
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "bits.png").write_bytes(whole[:60] + b"zz" + whole[62:])
    Image.fromarray(np.zeros((8, 8), bool)).save(tmp_path / "black.png")
    Image.fromarray(np.zeros((8, 8), np.uint8)).convert("P").save(tmp_path / "palette.png")
    huge = whole[:16] + (2**31 - 1).to_bytes(4, "big") * 2 + whole[24:]
    (tmp_path / "huge.png").write_bytes(huge)
    for name in ("cut", "text", "empty", "black", "palette", "huge", "nowhere"):
        with pytest.raises(ModelError, match=rf"{name}\.png"):
            read_png(tmp_path / f"{name}.png")
