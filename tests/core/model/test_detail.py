"""The detail decoder is torch's, number by number, and its checkpoint is read without running it."""

from __future__ import annotations

import pickle
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="torch is not installed")

from tests.data.checkpoints import random_generator, save_deca, save_emoca  # noqa: E402
from tests.data.clips import talking_clip  # noqa: E402
from xtalker_addon.core.files.torch_file import TorchFile  # noqa: E402
from xtalker_addon.core.model.detail import (  # noqa: E402
    FIXED_DISPLACEMENT,
    LIMIT,
    MASK,
    load_detail_decoder,
    wrinkle_warnings,
)
from xtalker_addon.core.model.flame import load_model  # noqa: E402
from xtalker_addon.errors import ModelError  # noqa: E402


@pytest.fixture(scope="module")
def network():
    return random_generator()


@pytest.fixture(scope="module")
def codes():
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(0, size, (3, width)) for width, size in ((3, 0.1), (50, 1), (128, 1))], axis=1)


@pytest.fixture(scope="module")
def checkpoint(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("deca") / "deca_model.tar"
    save_deca(network, path)
    return path


def expected(network, codes) -> np.ndarray:
    with torch.no_grad():
        return network(torch.tensor(codes, dtype=torch.float32))[:, 0].numpy()


def test_displacement_is_that_of_torch(network, checkpoint, codes):
    found, wanted = load_detail_decoder(checkpoint).decode(codes), expected(network, codes)
    assert np.abs(found - wanted).max() < 1e-6
    assert np.abs(wanted).max() > 0.2 * LIMIT  # millimetres: the tolerance would see anything wrong
    swapped = load_detail_decoder(checkpoint).decode(codes[:, [2, 1, 0, *range(3, 181)]])
    assert np.abs(swapped - wanted).max() > 1e-5


@pytest.mark.parametrize("kind", ["zip", "legacy", "emoca"])
def test_every_kind_of_checkpoint(network, tmp_path, codes, kind, monkeypatch):
    path = tmp_path / "checkpoint"
    save_emoca(network, path) if kind == "emoca" else save_deca(network, path, legacy=kind == "legacy")
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr(pickle, "Unpickler", None)
    monkeypatch.setattr(pickle, "loads", None)
    decoder = load_detail_decoder(path)
    monkeypatch.undo()
    assert np.abs(decoder.decode(codes) - expected(network, codes)).max() < 1e-6


def test_a_clip_decodes_in_pieces(network, checkpoint):
    rng = np.random.default_rng(2)
    clip = talking_clip(rng, 5, detail=rng.normal(0, 0.5, (5, 128)))
    pieces = list(load_detail_decoder(checkpoint).decode_sequence(clip, chunk=2))
    assert [len(piece) for piece in pieces] == [2, 2, 1]
    wanted = expected(network, np.concatenate([clip.jaw, clip.expression, clip.detail], axis=1))
    assert np.abs(np.concatenate(pieces) - wanted).max() < 1e-6
    with pytest.raises(ModelError, match="no detail codes"):
        next(load_detail_decoder(checkpoint).decode_sequence(talking_clip(rng, 5)))


def test_fixed_displacement_beside_the_checkpoint(network, tmp_path, codes):
    save_deca(network, tmp_path / "deca_model.tar")
    fixed = np.random.default_rng(1).normal(0, 1e-3, (256, 256))
    np.save(tmp_path / FIXED_DISPLACEMENT, fixed)
    found = load_detail_decoder(tmp_path / "deca_model.tar").decode(codes)
    assert np.abs(found - expected(network, codes) - fixed).max() < 1e-6


@pytest.mark.parametrize("size", [256, 512, 200])
def test_the_mask_beside_the_checkpoint_or_the_model(network, tmp_path, codes, size):
    """As DECA: the first channel / 255, by nearest pixels to 256 x 256, times the map before the fixed one is added."""
    (tmp_path / "deca").mkdir()
    (tmp_path / "flame").mkdir()
    save_deca(network, tmp_path / "deca" / "deca_model.tar")
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (size, size, 4), np.uint8)
    fixed = rng.normal(0, 1e-3, (256, 256))
    Image.fromarray(pixels).save(tmp_path / "flame" / MASK)
    np.save(tmp_path / "deca" / FIXED_DISPLACEMENT, fixed)
    mask = torch.nn.functional.interpolate(torch.tensor(pixels[..., 0] / 255)[None, None], [256, 256])[0, 0].numpy()
    wanted = expected(network, codes) * mask + fixed
    decoder = load_detail_decoder(tmp_path / "deca" / "deca_model.tar", tmp_path / "flame")
    assert np.abs(decoder.decode(codes) - wanted).max() < 1e-6
    without = load_detail_decoder(tmp_path / "deca" / "deca_model.tar")
    assert without.mask is None
    assert np.abs(without.decode(codes) - wanted).max() > 1e-4
    assert len({load.fingerprint() for load in (decoder, without)}) == 2
    (tmp_path / "deca" / MASK).write_bytes((tmp_path / "flame" / MASK).read_bytes()[:300])
    with pytest.raises(ModelError, match=MASK):
        load_detail_decoder(tmp_path / "deca" / "deca_model.tar", tmp_path / "flame")


def test_an_absent_mask_is_said(checkpoint, tmp_path):
    clip = talking_clip(np.random.default_rng(0), 3, detail=np.zeros((3, 128)))
    decoder, model = load_detail_decoder(checkpoint), load_model()
    possible, warnings = wrinkle_warnings(decoder, clip, model)
    assert possible
    assert any(MASK in warning and str(checkpoint) in warning for warning in warnings)
    masked = replace(decoder, mask=np.ones((256, 256), np.float32))
    assert not any(MASK in warning for warning in wrinkle_warnings(masked, clip, model)[1])


def test_tensors_of_any_kind_and_layout(tmp_path):
    base = torch.arange(24, dtype=torch.float64).reshape(4, 6)
    tensors = {
        "plain": base,
        "turned": base.t(),
        "part": base[1:, 2:4],
        "half": torch.ones(3, dtype=torch.float16),
        "whole": torch.tensor(7),
        "flags": torch.tensor([True, False]),
        "parameter": torch.nn.Parameter(torch.ones(2, 2)),
        "empty": torch.zeros(0, 3),
    }
    for legacy in (False, True):
        torch.save(tensors, tmp_path / "x.pt", _use_new_zipfile_serialization=not legacy)
        file = TorchFile(tmp_path / "x.pt")
        for name, tensor in tensors.items():
            found = file.read(file.dictionary()[name], name)
            assert found.dtype == tensor.detach().numpy().dtype
            assert np.array_equal(found, tensor.detach().numpy())


class Evil:
    def __reduce__(self):
        return (open, ("run", "w"))


@pytest.mark.parametrize("legacy", [False, True])
def test_nothing_in_a_checkpoint_is_run(network, tmp_path, monkeypatch, legacy):
    monkeypatch.chdir(tmp_path)
    torch.save({"D_detail": network.state_dict(), "x": Evil()}, "evil.tar", _use_new_zipfile_serialization=not legacy)
    load_detail_decoder(tmp_path / "evil.tar")
    assert [p.name for p in tmp_path.iterdir()] == ["evil.tar"]


def test_broken_checkpoints_are_named(network, tmp_path):
    save_deca(network, tmp_path / "whole.tar")
    whole = (tmp_path / "whole.tar").read_bytes()
    save_deca(network, tmp_path / "old.tar", legacy=True)
    old = (tmp_path / "old.tar").read_bytes()
    state = network.state_dict()
    torch.save({"D_detail": {**state, "l1.0.weight": torch.ones(2, 3)}}, tmp_path / "small.tar")
    torch.save({"D_detail": {**state, "l1.0.weight": "text"}}, tmp_path / "text.tar")
    torch.save({"other": 1}, tmp_path / "other.tar")
    (tmp_path / "cut.tar").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "old_cut.tar").write_bytes(old[: len(old) // 2])
    (tmp_path / "pickle.tar").write_bytes(pickle.dumps({"a": 1}))
    (tmp_path / "picture.tar").write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 600)
    with zipfile.ZipFile(tmp_path / "zip.tar", "w") as archive:
        archive.writestr("hello.txt", "x")
    for name in ("small", "text", "other", "cut", "old_cut", "pickle", "picture", "zip", "nowhere"):
        with pytest.raises(ModelError, match=rf"{name}\.tar"):
            load_detail_decoder(tmp_path / f"{name}.tar")
