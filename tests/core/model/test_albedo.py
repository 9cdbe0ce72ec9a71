"""Texture codes become the albedo that EMOCA means by them, and no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.data.models import synthetic_model
from tests.data.textures import write_bfm_albedo, write_flame_texture
from xtalker_addon.core.model.albedo import Albedo
from xtalker_addon.core.model.albedo_file import BFM, FLAME_TEXTURE, load_albedo
from xtalker_addon.core.model.flame import load_model, save_model
from xtalker_addon.errors import ModelError


@pytest.fixture(scope="module")
def bfm(tmp_path_factory):
    path = tmp_path_factory.mktemp("bfm") / BFM
    write_bfm_albedo(path, 8)
    return path


@pytest.fixture(scope="module")
def flame_texture(tmp_path_factory):
    path = tmp_path_factory.mktemp("flame") / FLAME_TEXTURE
    write_flame_texture(path, 6)
    return path


def decoded_by_torch(mean: np.ndarray, basis: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """(256, 256, 3) RGB by the equations of FLAMETex, in torch."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    flat = torch.tensor(mean.reshape(-1)) + torch.tensor(basis.reshape(mean.size, -1)) @ torch.tensor(codes)
    picture = flat.reshape(1, 512, 512, 3).permute(0, 3, 1, 2)
    picture = torch.nn.functional.interpolate(picture, [256, 256])[:, [2, 1, 0]]
    return picture[0].permute(1, 2, 0).numpy()


def test_codes_mean_what_emoca_means(bfm):
    with np.load(bfm) as file:
        mean, basis = file["MU"], file["PC"]
    codes = np.random.default_rng(1).normal(0, 1, 8)
    expected = decoded_by_torch(mean, basis, codes).clip(0, 1)
    albedo = load_albedo(bfm)
    assert np.abs(albedo.decode(codes) - expected).max() < 1e-6
    assert np.abs(albedo.decode(codes[::-1]) - expected).max() > 0.05
    assert np.abs(albedo.decode() - mean.reshape(512, 512, 3)[::2, ::2, ::-1]).max() < 1e-6


def test_columns_beyond_fifty_and_either_memory_order(tmp_path):
    for fortran in (False, True):
        write_bfm_albedo(tmp_path / f"{fortran}.npz", 51, fortran, seed=3)
    by_row, by_column = (load_albedo(tmp_path / f"{fortran}.npz") for fortran in (False, True))
    assert by_row.basis.shape == (50, 256, 256, 3)
    assert np.array_equal(by_row.basis, by_column.basis)


def test_flame_texture_never_takes_emocas_codes_silently(flame_texture):
    with np.load(flame_texture) as file:
        mean, basis = file["mean"] / 255, file["tex_dir"] / 255
    codes = np.random.default_rng(1).normal(0, 1, 6)
    albedo = load_albedo(flame_texture)
    assert np.array_equal(albedo.decode(codes), albedo.decode())
    assert np.abs(albedo.decode() - mean[::2, ::2, ::-1]).max() < 1e-6
    own = load_albedo(flame_texture, own_codes=True)
    assert np.abs(own.decode(codes) - decoded_by_torch(mean, basis, codes).clip(0, 1)).max() < 1e-6


def flame_model_without_skin(folder):
    model = replace(synthetic_model(identity=20, expression=10), albedo=None)
    save_model(model, folder / "model.npz")
    return model


def test_a_texture_space_beside_the_model_is_its_skin(tmp_path, bfm, flame_texture):
    flame_model_without_skin(tmp_path)
    assert load_model(tmp_path / "model.npz").albedo is None
    (tmp_path / FLAME_TEXTURE).symlink_to(flame_texture)
    assert len(load_model(tmp_path / "model.npz").albedo.basis) == 0
    (tmp_path / BFM).symlink_to(bfm)
    model = load_model(tmp_path / "model.npz")
    assert len(model.albedo.basis) == 8
    codes = np.random.default_rng(1).normal(0, 1, 8)
    save_model(model, tmp_path / "converted.npz")
    (tmp_path / BFM).unlink()
    converted = load_model(tmp_path / "converted.npz")
    assert np.abs(converted.albedo.decode(codes) - model.albedo.decode(codes)).max() < 2 / 255


def test_texture_coordinates_of_flame_texture(tmp_path):
    model = flame_model_without_skin(tmp_path)
    save_model(replace(model, uv=None, uv_faces=None), tmp_path / "model.npz")
    write_flame_texture(
        tmp_path / FLAME_TEXTURE, 1, vt=model.uv.astype(np.float64), ft=model.uv_faces.astype(np.uint32)
    )
    found = load_model(tmp_path / "model.npz")
    assert np.array_equal(found.uv, model.uv)
    assert np.array_equal(found.uv_faces, model.uv_faces)


def test_without_texture_coordinates_it_says_what_is_missing(tmp_path, bfm):
    model = flame_model_without_skin(tmp_path)
    save_model(replace(model, uv=None, uv_faces=None), tmp_path / "model.npz")
    (tmp_path / BFM).symlink_to(bfm)
    with pytest.raises(ModelError, match=r"head_template\.obj"):
        load_model(tmp_path / "model.npz")


@pytest.mark.parametrize(
    "content",
    [
        {"a": np.zeros(3)},
        {"MU": np.zeros(768), "PC": np.zeros((768, 2))},
        {"MU": np.zeros(786432), "PC": np.zeros((1000, 2))},
        {"MU": np.zeros(786432), "PC": np.array([{}], dtype=object)},
    ],
)
def test_broken_texture_spaces_are_named(tmp_path, content):
    np.savez(tmp_path / "x.npz", **content)
    with pytest.raises(ModelError, match=r"x\.npz"):
        load_albedo(tmp_path / "x.npz")
    (tmp_path / "y.npz").write_bytes(b"version https://git-lfs")
    with pytest.raises(ModelError, match=r"y\.npz"):
        load_albedo(tmp_path / "y.npz")


def test_columns_of_few_texels_are_smooth_in_the_whole_picture():
    rng = np.random.default_rng(5)
    basis = rng.normal(0, 0.05, (2, 4, 4, 3)).astype(np.float32)
    albedo = Albedo(np.full((16, 16, 3), 0.5, np.float32), basis, ("a", "b"))
    change = albedo.decode(np.array([1.0, -2.0])) - 0.5
    coarse = basis[0] - 2 * basis[1]
    middles = (np.arange(4) + 0.5) * 4 - 0.5  # between the second and the third texel of each four
    pairs = [change[[int(np.floor(m)), int(np.ceil(m))]].mean(0) for m in middles]
    columns = np.stack([np.stack([row[int(np.floor(m))] + row[int(np.ceil(m))] for m in middles]) / 2 for row in pairs])
    inner = slice(1, 3)
    assert np.abs(columns[inner, inner] - coarse[inner, inner]).max() < 0.25 * np.abs(coarse).max()
    np.testing.assert_allclose(change[0, 0], coarse[0, 0], atol=1e-6)
    np.testing.assert_allclose(change[5, 0], 0.875 * coarse[1, 0] + 0.125 * coarse[0, 0], atol=1e-6)


def test_a_coarser_skin_is_the_mean_of_the_finer_one():
    rng = np.random.default_rng(0)
    mean = rng.uniform(0.3, 0.7, (64, 32, 3)).astype(np.float32)
    albedo = Albedo(mean, rng.normal(0, 0.01, (2, 64, 32, 3)).astype(np.float32), ("a", "b"))
    finer, coarser = albedo.decode([1.0, -1.0]), albedo.coarser(2)
    expected = finer.reshape(16, 4, 8, 4, 3).mean((1, 3))
    np.testing.assert_allclose(coarser.decode([1.0, -1.0]), expected, rtol=0, atol=1e-6)
    assert coarser.names == albedo.names


def test_a_skin_is_halved_as_often_as_that_divides():
    albedo = Albedo(np.zeros((12, 20, 3), np.float32), np.zeros((1, 6, 5, 3), np.float32), ("a",))
    assert albedo.coarser(0).mean.shape == (12, 20, 3)
    assert albedo.coarser(9).mean.shape == (3, 5, 3)
    assert albedo.coarser(9).basis.shape == (1, 3, 5, 3)


def test_text_is_told_to_be_no_texture(tmp_path):
    (tmp_path / "notes.txt").write_text("no texture")
    with pytest.raises(ModelError, match=rf"notes.txt: is no .npz, or a broken one; expected {BFM} or {FLAME_TEXTURE}"):
        load_albedo(tmp_path / "notes.txt")
