"""What is written into a program's input arrives, whole and in order, however slowly it is read."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from xtalker_addon.render.video.pipe import InputPipe

READ_SLOWLY = """
import hashlib, os, random, time
seen, rng = hashlib.sha256(), random.Random(0)
while data := os.read(0, rng.choice([100, 70_000, 3_000_000])):
    seen.update(data)
    time.sleep(rng.choice([0, 0, 0.002]))
print(seen.hexdigest())
"""


def sent_and_read(sizes: list[int]) -> tuple[str, str]:
    """Hashes of what was written in pieces of these sizes, each from a buffer that is overwritten, and of what came."""
    rng, sent = np.random.default_rng(0), hashlib.sha256()
    with subprocess.Popen([sys.executable, "-c", READ_SLOWLY], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        pipe = InputPipe(reader.stdin)
        for size in sizes:
            piece = rng.integers(0, 256, size, np.uint8)
            sent.update(piece)
            pipe.write(memoryview(piece))
        pipe.close()
        read = reader.communicate()[0].decode().strip()
    return sent.hexdigest(), read


SIZES = {
    "small": [1, 4095, 4096, 4097, *[6144] * 600],
    "frames": [393_216] * 30,
    "large": [9_000_001, 1 << 20, (1 << 20) + 1, 5],
}


@pytest.mark.parametrize("name", SIZES)
def test_all_bytes_arrive(name):
    sent, read = sent_and_read(SIZES[name])
    assert read == sent


@pytest.mark.skipif(not hasattr(os, "splice"), reason="this system cannot lend pages")
def test_a_system_that_cannot_lend_pages_copies_them(monkeypatch):
    def refuse(*_args, **_more):
        raise OSError(errno.EINVAL, "refused")

    monkeypatch.setattr(os, "splice", refuse)
    sent, read = sent_and_read(SIZES["frames"])
    assert read == sent


def test_a_reader_that_is_gone_is_told():
    with subprocess.Popen([sys.executable, "-c", "pass"], stdin=subprocess.PIPE) as reader:
        pipe = InputPipe(reader.stdin)
        reader.wait()
        with pytest.raises(OSError, match=r"Broken pipe|Invalid argument"):
            for _ in range(9):
                pipe.write(memoryview(bytes(393_216)))
        pipe.close()
