"""The classifier of distortion types: a backbone and a perceptron over 26 classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from syndr.errors import InputError, StoreError
from syndr.features import build_backbone
from syndr.rng import mix
from syndr.training.tensor_file import read_tensors, write_tensors

if TYPE_CHECKING:
    from syndr.features import Backbone

#: Class 0 is the undistorted picture, classes 1 to 25 are KADID's types.
CLASSES = 26

_KIND = "distortion classifier, version 1"

#: Where each backbone is listened to, and which axes of what is heard there are the picture's. Early stages still know
#: grain, blocks and blur, to which the last one has been taught to be blind.
STAGES: dict[str, tuple[tuple[str, ...], tuple[int, int]]] = {
    "resnet50": (("maxpool", "layer1", "layer2", "layer3"), (2, 3)),
    "swin_t": (("features.0", "features.1", "features.3", "features.5"), (1, 2)),
    "efficientnet_lite0": (("_bn0", "_blocks.0", "_blocks.2", "_blocks.4", "_blocks.7", "_blocks.10"), (2, 3)),
}

# What is farther from the training's mean, in deviations, must not decide alone.
_FARTHEST = 8.0


class TypeClassifier(nn.Module):
    """Maps pictures to one logit for each class.

    Attributes:
        backbone: The network; the means and deviations over the picture of each channel, in each of its stages, are
            the features (B, dims).
        stages: Names of its submodules that are listened to.
        head: Maps standardized features to logits (B, 26): one hidden layer, with dropout.
        mean: Buffer (dims,) subtracted from the features; zero until :meth:`standardize`.
        scale: Buffer (dims,) dividing them; one until :meth:`standardize`.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self, backbone: Backbone, hidden: int = 512, seed: int = 0, stages: Sequence[str] | None = None
    ) -> None:
        """Join a backbone and a new head, its weights drawn from ``seed``.

        Args:
            backbone: The network.
            hidden: Width of the hidden layer.
            seed: Seed of the head's weights.
            stages: For a backbone of one's own: its submodules, whose outputs are (B, C, H, W).

        Raises:
            InputError: When ``hidden`` is not positive, or the stages are not known.
        """
        super().__init__()
        if hidden < 1:
            raise InputError(f"the classifier needs at least one hidden unit, not {hidden}")
        if stages is None and backbone.name not in STAGES:
            raise InputError(f"backbone {backbone.name!r} is not one of {', '.join(STAGES)}; name its stages")
        self.backbone, self.hidden = backbone, hidden
        self.stages, self._axes = STAGES[backbone.name] if stages is None else (tuple(stages), (2, 3))
        self._heard: dict[str, Tensor] = {}
        try:
            for name in self.stages:
                backbone.body.get_submodule(name).register_forward_hook(self._listener(name))
        except AttributeError as error:
            raise InputError(f"backbone {backbone.name!r} has no such stage: {error}") from error
        with torch.inference_mode():
            self.dims = self.features(torch.zeros(1, 3, 64, 64)).shape[1]
        self.register_buffer("mean", torch.zeros(self.dims))
        self.register_buffer("scale", torch.ones(self.dims))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(mix(seed))
            self.head = nn.Sequential(
                nn.Dropout(0.3), nn.Linear(self.dims, hidden), nn.ReLU(), nn.Dropout(0.5), nn.Linear(hidden, CLASSES)
            )

    def _listener(self, name: str) -> Callable[[nn.Module, Any, Tensor], None]:
        def listen(module: nn.Module, inputs: Any, output: Tensor) -> None:
            self._heard[name] = output

        return listen

    def features(self, images: Tensor) -> Tensor:
        """Give the stages' statistics (B, dims) of float images (B, 3, H, W) in [0, 1], RGB."""
        self.backbone(images)
        heard = [self._heard[name] for name in self.stages]
        self._heard.clear()
        means = [output.mean(self._axes) for output in heard]
        # The small number keeps the root's slope finite where a channel is constant.
        deviations = [(output.var(self._axes, correction=0) + 1e-6).sqrt() for output in heard]
        return torch.cat([*means, *deviations], dim=1)

    def standardize(self, features: Tensor) -> None:
        """Take mean and deviation of features (N, dims); deviations are held above a hundredth of their mean square."""
        deviation = features.std(dim=0, correction=0)
        floor = 0.01 * float(deviation.square().mean().sqrt())
        self.mean.copy_(features.mean(dim=0))
        self.scale.copy_(deviation.clamp_min(floor) if floor > 0 else torch.ones_like(deviation))

    def classify(self, features: Tensor) -> Tensor:
        """Give logits (..., 26) of features (..., dims)."""
        logits: Tensor = self.head(((features - self.mean) / self.scale).clamp(-_FARTHEST, _FARTHEST))
        return logits

    def forward(self, images: Tensor) -> Tensor:
        """Give logits (B, 26) of float images (B, 3, H, W) in [0, 1], RGB."""
        return self.classify(self.features(images))


def save_classifier(path: str | Path, model: TypeClassifier, metadata: Mapping[str, Any] | None = None) -> None:
    """Write a classifier to one safetensors file, whole or not at all.

    Raises:
        InputError: When ``metadata`` is not JSON.
    """
    description = {"kind": _KIND, "backbone": model.backbone.name, "hidden": model.hidden}
    write_tensors(path, model.state_dict(), {**description, "metadata": dict(metadata or {})})


def load_classifier(
    path: str | Path,
    device: torch.device | str = "cpu",
    backbone: Backbone | None = None,
    stages: Sequence[str] | None = None,
) -> TypeClassifier:
    """Read a classifier that :func:`save_classifier` wrote, in evaluation mode; nothing is downloaded or unpickled.

    Args:
        path: The file.
        device: Where the classifier should live.
        backbone: The architecture to fill, where it is one of your own; by default it is built by its name.
        stages: Its stages, where it is one of your own.

    Raises:
        StoreError: When the file is absent, damaged, not such a classifier, or of another backbone.
        MissingExtraError: When the backbone needs a package that is not installed.
    """
    tensors, description = read_tensors(path, _KIND)
    try:
        if backbone is None:
            backbone = build_backbone(description["backbone"], weights="random")
        model = TypeClassifier(backbone, description["hidden"], stages=stages)
        model.load_state_dict(tensors)
    except (KeyError, RuntimeError, InputError) as error:
        raise StoreError(
            f"{path}: cannot be loaded into backbone {description.get('backbone')!r}: {error}. "
            "If the backbone is your own, pass it as backbone=, and its stages"
        ) from error
    return model.to(device).eval()
