"""Wrinkles without a decoder: what stands in for one where the shape of the wrinkles has to be known."""

from __future__ import annotations

from pathlib import Path

import numpy as np


class Ridges:
    """Horizontal waves of a height that the first detail code gives, in millimetres."""

    def __init__(self, waves: int = 24, mask: np.ndarray | None = None) -> None:
        self.waves, self.mask = waves, mask
        self.source = Path("ridges.tar")

    def fingerprint(self):
        return (str(self.waves).encode(),)

    def inputs(self, sequence):
        return sequence.detail

    def decode(self, codes):
        wave = np.cos(np.arange(256) / 256 * 2 * np.pi * self.waves)[None, :, None]
        maps = 1e-3 * codes[:, :1, None] * np.broadcast_to(wave, (len(codes), 256, 256))
        return maps if self.mask is None else maps * self.mask

    def decode_sequence(self, sequence):
        yield self.decode(sequence.detail)
