"""Wrinkles: DECA's and EMOCA's detail decoder, from the jaw, the expression and the detail codes to a displacement map.

Architecture: Feng et al., "Learning an animatable detailed 3D face model" (DECA, 2021), figure 2 and section 4.2, with
the sizes and names of DECA:decalib/models/decoders.py (Generator), which EMOCA keeps. Written from them in numpy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError
from ..files.png import read_png
from ..files.torch_file import TorchFile
from ..motion.rotation import Floats
from ..sequence import Sequence
from .albedo_file import FLAME_UVS
from .flame import FlameModel

SIZE: Final = 256  # of the map, in FLAME's texture coordinates; the first row is at v = 1
LIMIT: Final = 0.01  # metres; no displacement is larger
_JAW, _EXPRESSION, _DETAIL = 3, 50, 128  # the order of the inputs
INPUTS: Final = _JAW + _EXPRESSION + _DETAIL
# Of DECA's data folder: what is added to every map, and where the decoder's own part of it counts.
FIXED_DISPLACEMENT: Final = "fixed_displacement_256.npy"
MASK: Final = "uv_face_eye_mask.png"

_FIRST: Final = 8  # the side of the smallest map
_CHANNELS: Final = (128, 128, 64, 64, 32, 16)  # into each block of upsampling and convolution, and out of the last
# The layers' places in the network: five blocks of upsampling, convolution, batch norm, leaky rectifier.
_FIRST_NORM: Final = 0
_CONVOLUTIONS: Final = (2, 6, 10, 14, 18)
_LAST: Final = 21
_NORM_EPSILON: Final = 1e-5
_BLOCK_EPSILON: Final = 0.8  # an epsilon this large is what the network was trained with
_SLOPE: Final = 0.2  # of the leaky rectifier below zero
_STRIP: Final = 1 << 21  # numbers of unfolded neighbourhoods at once: they stay in the cache
_BASES: Final = (("D_detail",), ("state_dict",))
_PREFIXES: Final = ("", "deca.D_detail.", "D_detail.")

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class DetailDecoder:
    """The decoder's weights, batch norms folded in.

    first  : (8192, INPUTS) weights and (8192,) bias
    blocks : (out, 9 * in) weights and (out,) bias of each convolution, the last gives the map
    fixed  : (SIZE, SIZE) metres that are added to every map, or None
    mask   : (SIZE, SIZE) from 0 to 1 that every map is multiplied by before: the face with its eyes; None: everywhere
    source : the checkpoint
    """

    first: tuple[Array, Array]
    blocks: tuple[tuple[Array, Array], ...]
    fixed: Array | None = None
    mask: Array | None = None
    source: Path = Path()

    def fingerprint(self) -> tuple[bytes, ...]:
        """What a decoded map depends on besides the codes."""
        extras = (part.tobytes() for part in (self.fixed, self.mask) if part is not None)
        return (*(part.tobytes() for part in self.blocks[-1]), *extras)

    def decode(self, codes: Floats) -> Array:
        """Displacement (T, SIZE, SIZE) along the normal, in metres, of (T, INPUTS) jaw, expression, detail."""
        codes = np.asarray(codes, np.float32)
        maps = np.empty((len(codes), SIZE, SIZE), np.float32)
        for row, start in enumerate(codes @ self.first[0].T + self.first[1]):
            x = start.reshape(_CHANNELS[0], _FIRST, _FIRST)
            for weight, bias in self.blocks[:-1]:
                x = _convolve(_upsample(x), weight, bias)
                np.maximum(x, np.float32(_SLOPE) * x, out=x)
            maps[row] = _convolve(x, *self.blocks[-1])[0]
        np.tanh(maps, out=maps)
        maps *= np.float32(LIMIT)
        if self.mask is not None:
            maps *= self.mask
        return maps if self.fixed is None else maps + self.fixed

    def decode_sequence(self, sequence: Sequence, chunk: int = 8) -> Iterator[Array]:
        """`decode` of a clip in pieces of `chunk` frames. Raises ModelError where it has no detail codes."""
        codes = self.inputs(sequence)
        for start in range(0, sequence.frames, chunk):
            yield self.decode(codes[start : start + chunk])

    def inputs(self, sequence: Sequence) -> Array:
        """(T, INPUTS) of a clip; absent jaw and expression codes are zeros. Raises ModelError without detail codes."""
        if sequence.detail is None or sequence.expression is None:
            raise ModelError(f"{sequence.source}: has no detail codes, so there are no wrinkles to decode.")
        codes = np.zeros((sequence.frames, INPUTS), np.float32)
        expression = sequence.expression[:, :_EXPRESSION]
        codes[:, _JAW : _JAW + expression.shape[1]] = expression
        codes[:, _JAW + _EXPRESSION :] = sequence.detail
        if sequence.jaw is not None:
            codes[:, :_JAW] = sequence.jaw
        return codes


def wrinkle_warnings(decoder: DetailDecoder, sequence: Sequence, model: FlameModel) -> tuple[bool, list[str]]:
    """Whether a clip can have wrinkles on a model, and sentences for the user."""
    lacks_codes = sequence.detail is None or sequence.expression is None
    if lacks_codes or model.uv is None:
        lacks = "the sequence has no detail codes" if lacks_codes else "the model has no UVs"
        return False, [f"{sequence.source}: shows no wrinkles, because {lacks}."]
    warnings: list[str] = []
    if len(model.uv) != FLAME_UVS:
        warnings.append(
            f"{sequence.source}: its wrinkles are in FLAME's texture coordinates, which {model.name} does not have; "
            "they do not lie where they belong."
        )
    if decoder.mask is None:
        warnings.append(
            f"{decoder.source}: {MASK} of DECA's data folder is not beside it, so wrinkles are not kept to the face; "
            "put it there."
        )
    return True, warnings


def slopes(height: Array) -> Array:
    """(H, W, 3) of a map (H, W) whose first row is at v = 1: itself, its change with u and with v (metres a unit)."""
    rows, columns = height.shape
    down, right = np.gradient(height)
    return np.stack([height, right * columns, down * -rows], axis=-1, dtype=np.float32)


def relief_texels(height: NDArray[np.floating], mask: NDArray[np.floating] | None = None) -> Array:
    """(H, W, 4) of a map (H, W) whose first row is at v = 1, turned so that theirs is at v = 0.

    Height and its `slopes`, and how much they bend normals: the mask (H, W), or 1 without one.
    """
    texels = np.ones((*height.shape, 4), np.float32)
    texels[..., :3] = slopes(np.asarray(height, np.float32))
    if mask is not None:
        texels[..., 3] = mask
    return texels[::-1]


def load_detail_decoder(path: Path, data: Path | None = None) -> DetailDecoder:
    """The decoder in `deca_model.tar` or a checkpoint of EMOCA, whose pickle is not run.

    DECA's `fixed_displacement_256.npy` and `uv_face_eye_mask.png`, beside it or in the folder `data` (say, of the face
    model), are read with it. Raises ModelError.
    """
    file = TorchFile(path)
    weights = next((found for keys in _BASES if (found := _decoder_weights(file, file.dictionary(*keys)))), None)
    if weights is None:
        raise ModelError(f"{path}: holds no detail decoder (D_detail); expected deca_model.tar or EMOCA's checkpoint.")
    blocks = [
        _folded(weights, f"conv_blocks.{place}", f"conv_blocks.{place + 1}", _CHANNELS[index : index + 2], path)
        for index, place in enumerate(_CONVOLUTIONS)
    ]
    last = _checked(weights, f"conv_blocks.{_LAST}.weight", (1, _CHANNELS[-1], 3, 3), path)
    blocks.append((_unfolded(last), _checked(weights, f"conv_blocks.{_LAST}.bias", (1,), path)))
    folders = (path.parent, *([data] if data else []))
    fixed, mask = (
        next((folder / name for folder in folders if (folder / name).is_file()), None)
        for name in (FIXED_DISPLACEMENT, MASK)
    )
    return DetailDecoder(
        _first_layer(weights, path), tuple(blocks), fixed and _fixed(fixed), mask and _mask(mask), path
    )


def _decoder_weights(file: TorchFile, found: Mapping[str, object] | None) -> dict[str, Array] | None:
    """Name in the network: numbers."""
    if found is None:
        return None
    prefix = next((p for p in _PREFIXES if f"{p}l1.0.weight" in found), None)
    if prefix is None:
        return None
    names = [name for name in found if name.startswith(prefix) and not name.endswith("num_batches_tracked")]
    return {name.removeprefix(prefix): file.read(found[name], name).astype(np.float32) for name in names}


def _checked(weights: Mapping[str, Array], name: str, shape: tuple[int, ...], path: Path) -> Array:
    if name not in weights or weights[name].shape != shape or not np.isfinite(weights[name]).all():
        found = weights[name].shape if name in weights else "none"
        raise ModelError(f"{path}: D_detail's {name} is {found}; expected {shape}, finite, as in DECA and EMOCA.")
    return weights[name]


def _norm(weights: Mapping[str, Array], name: str, channels: int, epsilon: float, path: Path) -> tuple[Array, Array]:
    """Factor and addend that a batch norm comes to once it is trained."""
    weight, bias, mean, variance = (
        _checked(weights, f"{name}.{part}", (channels,), path).astype(np.float64)
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    factor = weight / np.sqrt(variance + epsilon)
    return factor.astype(np.float32), (bias - mean * factor).astype(np.float32)


def _first_layer(weights: Mapping[str, Array], path: Path) -> tuple[Array, Array]:
    """The linear layer, with the batch norm of the map that it gives."""
    texels = _FIRST * _FIRST
    weight = _checked(weights, "l1.0.weight", (_CHANNELS[0] * texels, INPUTS), path)
    bias = _checked(weights, "l1.0.bias", (_CHANNELS[0] * texels,), path)
    parts = _norm(weights, f"conv_blocks.{_FIRST_NORM}", _CHANNELS[0], _NORM_EPSILON, path)
    factor, addend = (part.repeat(texels) for part in parts)
    return weight * factor[:, None], bias * factor + addend


def _folded(
    weights: Mapping[str, Array], convolution: str, norm: str, channels: tuple[int, ...], path: Path
) -> tuple[Array, Array]:
    """A convolution with the batch norm behind it."""
    inputs, outputs = channels
    weight = _checked(weights, f"{convolution}.weight", (outputs, inputs, 3, 3), path)
    bias = _checked(weights, f"{convolution}.bias", (outputs,), path)
    factor, addend = _norm(weights, norm, outputs, _BLOCK_EPSILON, path)
    return _unfolded(weight) * factor[:, None], bias * factor + addend


def _unfolded(weight: Array) -> Array:
    """(out, 9 * in) of (out, in, 3, 3), in the order of `_convolve`'s neighbourhoods."""
    return np.ascontiguousarray(weight.transpose(0, 2, 3, 1).reshape(len(weight), -1))


def _fixed(path: Path) -> Array:
    try:
        found: NDArray[np.float64] = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read ({error}); get it again or take it away.") from None
    if found.shape != (SIZE, SIZE):
        raise ModelError(f"{path}: has shape {found.shape}; expected ({SIZE}, {SIZE}) metres.")
    return found.astype(np.float32)


def _mask(path: Path) -> Array:
    """The first channel, 0..1; of another size than the maps, its nearest pixels, as DECA resizes it."""
    found = read_png(path)[..., 0]
    rows, columns = (np.arange(SIZE) * side // SIZE for side in found.shape)
    return (found[np.ix_(rows, columns)] / np.float32(np.iinfo(found.dtype).max)).astype(np.float32)


def _upsample(x: Array) -> Array:
    """(C, 2H, 2W) of (C, H, W): bilinear, pixel corners not aligned, edges repeated."""
    for axis in (1, 2):
        before = np.concatenate([x.take([0], axis), x.take(range(x.shape[axis] - 1), axis)], axis)
        after = np.concatenate([x.take(range(1, x.shape[axis]), axis), x.take([-1], axis)], axis)
        near = np.float32(0.75) * x
        pair = np.stack([near + np.float32(0.25) * before, near + np.float32(0.25) * after], axis + 1)
        shape = list(x.shape)
        shape[axis] *= 2
        x = np.asarray(pair.reshape(shape), np.float32)
    return x


def _convolve(x: Array, weight: Array, bias: Array) -> Array:
    """(out, H, W): 3 x 3 neighbourhoods of (in, H, W), zeros around, times (out, 9 * in), plus (out,).

    One matrix product a strip of rows.
    """
    channels, height, width = x.shape
    padded = np.zeros((channels, height + 2, width + 2), np.float32)
    padded[:, 1:-1, 1:-1] = x
    result = np.empty((len(weight), height, width), np.float32)
    rows = max(1, _STRIP // (9 * channels * width))
    for top in range(0, height, rows):
        count = min(rows, height - top)
        patches = np.empty((3, 3, channels, count, width), np.float32)
        for dy in range(3):
            for dx in range(3):
                patches[dy, dx] = padded[:, top + dy : top + dy + count, dx : dx + width]
        strip = weight @ patches.reshape(9 * channels, count * width)
        strip += bias[:, None]
        result[:, top : top + count] = strip.reshape(-1, count, width)
    return result
