"""Architectures by name: torchvision's classification networks and timm's."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torchvision
from torch import nn

from syndr.errors import InputError, require

Channels = tuple[float, float, float]
Tensors = Mapping[str, torch.Tensor]

#: The centre crop of a network that takes pictures of any size.
CROP = 224
#: Stands before a name to mean timm's network where torchvision has one of that name too.
TIMM = "timm/"

# These two take ImageNet's normalization and undo it, when they are told that their weights are torchvision's. Their
# auxiliary classifiers would give scores of classes beside the features in training.
_OPTIONS: dict[str, dict[str, Any]] = {
    name: {"transform_input": True, "init_weights": False, "aux_logits": False}
    for name in ("googlenet", "inception_v3")
}


@dataclass(frozen=True)
class Architecture:
    """How to make a backbone.

    Attributes:
        mean: Channel means of its normalization.
        std: Channel deviations of its normalization.
        make: Makes the network without its classifier, freshly initialized; gives it with its number of features.
        pretrained: Gives the weights of its ImageNet training.
        crop: Side of the pictures it is given by default.
    """

    mean: Channels
    std: Channels
    make: Callable[[], tuple[nn.Module, int]]
    pretrained: Callable[[], Tensors]
    crop: int = CROP


def find_architecture(name: str) -> Architecture | None:
    """Look a name up among torchvision's classification networks, and then among timm's if that is installed.

    Raises:
        MissingExtraError: When the name begins with ``timm/`` and timm is not installed.
        InputError: When timm's network of that name gives no single row of features for a picture.
    """
    if name in torchvision.models.list_models(module=torchvision.models):
        return _torchvision(name)
    if name.startswith(TIMM):
        timm = require("timm", "timm")
    else:
        try:
            timm = importlib.import_module("timm")
        except ImportError:
            return None
    name = name.removeprefix(TIMM)
    return _timm(timm, name) if timm.is_model(name) else None


def _torchvision(name: str) -> Architecture:
    weights = next(iter(torchvision.models.get_model_weights(name)))
    transforms = weights.transforms()
    options = dict(_OPTIONS.get(name, {}))
    crop = CROP
    if name.startswith("vit_"):  # its position embedding fits one size
        crop = options["image_size"] = weights.meta["min_size"][0]

    def make() -> tuple[nn.Module, int]:
        network = torchvision.models.get_model(name, weights=None, **options)
        return network, _remove_classifier(network)

    return Architecture(tuple(transforms.mean), tuple(transforms.std), make, lambda: _download(weights), crop)


def _remove_classifier(network: nn.Module) -> int:
    """Take away the layer that maps to classes: the last linear one, or (SqueezeNet) the last convolution.

    Returns:
        The number of features that went into it.
    """
    layers = list(network.named_modules())
    linear = [(path, layer, layer.in_features) for path, layer in layers if isinstance(layer, nn.Linear)]
    convolution = [(path, layer, layer.in_channels) for path, layer in layers if isinstance(layer, nn.Conv2d)]
    path, _, features = (linear or convolution)[-1]
    parent, _, child = path.rpartition(".")
    setattr(network.get_submodule(parent), child, nn.Identity())
    return features


def _download(weights: torchvision.models.WeightsEnum) -> Tensors:
    try:
        state: Tensors = weights.get_state_dict(progress=False, check_hash=True, weights_only=True)
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"the ImageNet weights cannot be downloaded ({error}); fetch {weights.url} on another machine and "
            "give the file as weights, or use efficientnet_lite0, whose weights need no network"
        ) from error
    return state


def _timm(timm: Any, name: str) -> Architecture:
    config = timm.get_pretrained_cfg(name)
    crop = int(config.input_size[-1]) if config.fixed_input_size else CROP

    def make() -> tuple[nn.Module, int]:
        network: nn.Module = timm.create_model(name, pretrained=False, num_classes=0)
        with torch.inference_mode():
            shape = network.eval()(torch.zeros(1, 3, crop, crop)).shape
        if len(shape) != 2:
            raise InputError(f"timm's {name} gives {tuple(shape)} for a picture, not a row of features; choose another")
        return network, shape[1]

    def pretrained() -> Tensors:
        try:
            state: Tensors = timm.create_model(name, pretrained=True, num_classes=0).state_dict()
        except (OSError, RuntimeError, ValueError) as error:
            raise InputError(
                f"timm's weights of {name} cannot be had ({error}); fetch them on another machine and give the file "
                "as weights, or use efficientnet_lite0, whose weights need no network"
            ) from error
        return state

    return Architecture(tuple(config.mean), tuple(config.std), make, pretrained, crop)
