"""The grey DnCNN of type 15: its arithmetic and its files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from syndr.checkpoint_file import read_checkpoint, tensors_hash
from syndr.errors import InputError


@dataclass(frozen=True)
class DnCNN:
    """A grey denoiser (Zhang et al., "Beyond a Gaussian denoiser", IEEE TIP 2017), batch normalization folded in.

    Attributes:
        layers: Weight (out, in, k, k) and bias (out) of each convolution; a ReLU follows all but the last, which
            gives the noise.
    """

    layers: tuple[tuple[Tensor, Tensor], ...]

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor], where: str) -> DnCNN:
        """Take the convolutions in the order of the numbers in their names (``model.0.weight``, ``model.0.bias``, ...).

        Raises:
            InputError: When they are not such a network; the message begins with ``where``.
        """
        names = sorted((name.removesuffix(".weight") for name in state if name.endswith(".weight")), key=_numbers)
        surplus = [name for name in state if name.removesuffix(".weight").removesuffix(".bias") not in names]
        if surplus or len(names) < 2:
            found = f"it holds {surplus[:3]}" if surplus else f"it holds {len(names)} of them"
            raise InputError(
                f"{where}: not a DnCNN of two or more convolutions with weight and bias: {found}; fold batch "
                "normalization into the convolutions first"
            )
        if len({tuple(_numbers(name)) for name in names}) < len(names):
            raise InputError(
                f"{where}: the names do not number the layers, first {names[:3]}; name them model.0, model.2, ... in "
                "the order of the network"
            )
        channels = 1
        layers = []
        for number, name in enumerate(names, start=1):
            weight = state[f"{name}.weight"]
            outputs = 1 if number == len(names) else len(weight)
            if weight.ndim != 4 or weight.shape != (outputs, channels, *[weight.shape[-1] | 1] * 2):
                raise InputError(
                    f"{where}: {name}.weight has the shape {tuple(weight.shape)}; a grey DnCNN needs {outputs} x "
                    f"{channels} x k x k there, k odd"
                )
            bias = state.get(f"{name}.bias", weight.new_zeros(outputs))
            if bias.shape != (outputs,):
                raise InputError(f"{where}: {name}.bias has the shape {tuple(bias.shape)} instead of ({outputs},)")
            layers.append((weight, bias))
            channels = outputs
        return cls(tuple(layers))

    @property
    def id(self) -> str:
        """Name the weights by their content, the same for any file layout."""
        weights = {f"{number}.weight": weight for number, (weight, _) in enumerate(self.layers)}
        biases = {f"{number}.bias": bias for number, (_, bias) in enumerate(self.layers)}
        return tensors_hash(weights | biases)

    def to(self, device: torch.device, dtype: torch.dtype) -> DnCNN:
        """Give the same network on a device, in a dtype."""
        # Channels last is the faster layout of convolutions on a CPU, and no worse elsewhere.
        return DnCNN(
            tuple(
                (weight.to(device, dtype, memory_format=torch.channels_last), bias.to(device, dtype))
                for weight, bias in self.layers
            )
        )

    def __call__(self, noisy: Tensor) -> Tensor:
        """Denoise grey images (B, 1, H, W) of the network's device and dtype."""
        values = noisy
        for number, (weight, bias) in enumerate(self.layers, start=1):
            values = _convolution(values, weight, bias)
            if number < len(self.layers):
                values = values.relu_()
        return noisy - values


def load_dncnn(path: str | Path) -> DnCNN:
    """Read a grey DnCNN, with batch normalization folded in, from a weights file.

    Args:
        path: ``.safetensors``, or a torch file of tensors alone (``.pth``); any number of layers and channels. The
            authors' published blind grey network (20 layers of 64 channels) has this form.

    Raises:
        InputError: When the file cannot be read, or holds something else.
    """
    return DnCNN.from_state(read_checkpoint(path), str(path))


def _convolution(values: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    half = weight.shape[-1] // 2
    if values.is_cuda and torch.version.cuda:
        # conv2d would compute in TF32, 1e-3 off, or pick its algorithm, as the process happens to be set.
        exact = torch.cudnn_convolution(
            values, weight, (half, half), (1, 1), (1, 1), 1, benchmark=False, deterministic=True, allow_tf32=False
        )
        return exact.add_(bias[:, None, None])
    return functional.conv2d(values, weight, bias, padding=half)


def _numbers(name: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", name)]
