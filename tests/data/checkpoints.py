"""The detail decoder in torch, written from its description, and checkpoints of it as DECA and EMOCA save them."""

from __future__ import annotations

import collections
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
nn = torch.nn


class Generator(nn.Module):
    """(N, 181) jaw, expression, detail to (N, 1, 256, 256): figure 2 of the paper with DECA's sizes and names."""

    def __init__(self) -> None:
        super().__init__()
        self.l1 = nn.Sequential(nn.Linear(181, 128 * 8 * 8))
        layers = [nn.BatchNorm2d(128)]
        for inputs, outputs in ((128, 128), (128, 64), (64, 64), (64, 32), (32, 16)):
            layers += [
                nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
                nn.Conv2d(inputs, outputs, 3, stride=1, padding=1),
                nn.BatchNorm2d(outputs, 0.8),
                nn.LeakyReLU(0.2),
            ]
        self.conv_blocks = nn.Sequential(*layers, nn.Conv2d(16, 1, 3, stride=1, padding=1), nn.Tanh())

    def forward(self, codes):
        return 0.01 * self.conv_blocks(self.l1(codes).view(-1, 128, 8, 8))


def random_generator(seed: int = 0) -> Generator:
    """Weights and running statistics at random, so that each of them matters."""
    torch.manual_seed(seed)
    network = Generator().eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.3, 2)
            module.weight.data.uniform_(0.7, 1.6)
            module.bias.data.normal_(0, 0.3)
        elif isinstance(module, nn.Conv2d):
            module.weight.data.mul_(1.7)
    return network


def save_deca(network: Generator, path: Path, legacy: bool = False) -> None:
    """As `deca_model.tar` is: state dicts of all parts, and a little more."""
    content = {
        "E_flame": collections.OrderedDict(layer=torch.ones(3)),
        "D_detail": network.state_dict(),
        "opt": {"lr": 1e-4, "betas": (0.9, 0.99)},
        "global_step": 12,
    }
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)


class Callback:
    """Something of a training framework, which is not there when the checkpoint is read."""

    def __init__(self) -> None:
        self.history = [1, 2]


class Settings(dict):
    """Settings in a class of their own, as omegaconf's are."""


def save_emoca(network: Generator, path: Path) -> None:
    """As pytorch-lightning does: one state dict with prefixes, among objects of the training."""
    state = {f"deca.D_detail.{name}": value for name, value in network.state_dict().items()}
    state["deca.E_flame.half"] = torch.ones(4, dtype=torch.float16)
    settings = Settings(batch=4)
    settings.note = "x"
    torch.save(
        {
            "epoch": 3,
            "state_dict": state,
            "hyper_parameters": settings,
            "callbacks": {Callback: Callback()},
            "optimizer_states": [{"state": {0: {"step": torch.tensor(5)}}, "param_groups": [{"params": [0]}]}],
        },
        path,
    )
