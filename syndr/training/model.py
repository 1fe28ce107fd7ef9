"""The quality model: a backbone and a small regression head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from syndr.errors import InputError
from syndr.images import check_input_size
from syndr.rng import mix
from syndr.training.crops import CROP

if TYPE_CHECKING:
    from syndr.features import Backbone


class Head(nn.Module):
    """Features to scores: standardization, then a linear layer or a perceptron with one hidden layer.

    Attributes:
        dims: Number of features.
        hidden: Width of the hidden layer, or None for a linear head.
        mean: Buffer (dims,) subtracted from the features; zero until :meth:`standardize`.
        scale: Buffer (dims,) dividing them; one until :meth:`standardize`.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, dims: int, hidden: int | None = None, seed: int = 0) -> None:
        """Make a head with Kaiming weights drawn from ``seed`` and zero biases.

        Raises:
            InputError: When ``dims`` or ``hidden`` is not positive.
        """
        super().__init__()
        if dims < 1 or (hidden is not None and hidden < 1):
            raise InputError(f"a head needs at least one feature and one hidden unit, not {dims} and {hidden}")
        self.dims, self.hidden = dims, hidden
        self.register_buffer("mean", torch.zeros(dims))
        self.register_buffer("scale", torch.ones(dims))
        if hidden is None:
            self.layers = nn.Sequential(_linear(dims, 1))
        else:
            self.layers = nn.Sequential(_linear(dims, hidden), nn.ReLU(), _linear(hidden, 1))
        generator = torch.Generator().manual_seed(mix(seed))
        for layer in self._linear_layers():
            nn.init.kaiming_normal_(layer.weight, generator=generator)
            nn.init.zeros_(layer.bias)

    def standardize(self, features: Tensor, quality: Tensor) -> None:
        """Take mean and deviation from features (N, dims), and start at the median quality (N,).

        The median is the best constant under the L1 loss. Deviations are held above a hundredth of their root
        mean square, lest a feature that is all but dead in training explodes on other pictures.
        """
        deviation = features.std(dim=0, correction=0)
        floor = 0.01 * deviation.square().mean().sqrt()
        self.mean.copy_(features.mean(dim=0))
        self.scale.copy_(deviation.clamp_min(float(floor)) if floor > 0 else torch.ones_like(deviation))
        nn.init.constant_(self._linear_layers()[-1].bias, float(quality.median()))

    def standardized(self, features: Tensor) -> Tensor:
        """Give features of shape (..., dims) as the layers expect them."""
        return (features - self.mean) / self.scale

    def forward(self, features: Tensor) -> Tensor:
        """Score features of shape (..., dims); returns shape (...)."""
        # In full precision under autocast too: half would leave no more than a few hundred different scores.
        with torch.autocast(features.device.type, enabled=False):
            scores: Tensor = self.layers(self.standardized(features)).squeeze(-1)
        return scores

    @torch.inference_mode()
    def predict(self, features: npt.ArrayLike | Tensor) -> npt.NDArray[np.float64]:
        """Score images by their features.

        Args:
            features: Shape (N, dims), or (N, C, dims) with C crops per image whose scores are averaged.

        Returns:
            Scores, shape (N,), float64.

        Raises:
            InputError: When the shape does not fit this head.
        """
        values = as_float32(features).to(self.mean.device)
        if values.ndim not in (2, 3) or values.shape[-1] != self.dims:
            raise InputError(
                f"features must have shape (N, {self.dims}) or (N, crops, {self.dims}), not {tuple(values.shape)}"
            )
        scores = self(values)
        if scores.ndim == 2:
            scores = scores.mean(dim=1)
        return scores.double().cpu().numpy()  # type: ignore[no-any-return]

    def _linear_layers(self) -> list[nn.Linear]:
        return [layer for layer in self.layers if isinstance(layer, nn.Linear)]


class IQAModel(nn.Module):
    """A backbone with a head: image to (score, feature), as in the paper (section 4.1).

    Attributes:
        backbone: Maps float images (B, 3, H, W) in [0, 1] to pooled features (B, dims).
        head: Maps these features to scores; linear unless another is given.
        crop: Side in pixels of the crops that it is trained on and scores: the backbone's, until it is trained on
            others.
        input_size: What pictures are brought to before crops are cut (:func:`syndr.images.resize_input`).
    """

    def __init__(self, backbone: Backbone, head: Head | None = None, seed: int = 0, input_size: str = "native") -> None:
        """Join a backbone and a head; a new linear head draws its weights from ``seed``.

        Raises:
            InputError: When the head expects another number of features than the backbone gives, or there is no such
                input size.
        """
        super().__init__()
        check_input_size(input_size)
        self.backbone, self.crop, self.input_size = backbone, backbone.crop, input_size
        self.head = Head(backbone.dims, seed=seed) if head is None else head
        if self.head.dims != backbone.dims:
            raise InputError(f"the head takes {self.head.dims} features; the backbone gives {backbone.dims}")

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Give (score (B,), feature (B, dims)) of float images (B, 3, H, W) in [0, 1], RGB."""
        feature = self.backbone(images)
        return self.head(feature), feature


def crop_of(model: nn.Module) -> int:
    """Give the side of the crops that a model sees unless others are asked for, in pixels."""
    return model.crop if isinstance(model, IQAModel) else CROP


def _linear(inputs: int, outputs: int) -> nn.Linear:
    # Without torch's own initialization, which would draw from the caller's random state.
    layer: nn.Linear = nn.utils.skip_init(nn.Linear, inputs, outputs)  # type: ignore[no-untyped-call]
    return layer


def as_float32(features: npt.ArrayLike | Tensor) -> Tensor:
    """Give features as a float32 tensor; NumPy input is copied, as memory maps may be read-only."""
    if isinstance(features, Tensor):
        return features.detach().float()
    return torch.from_numpy(np.array(features, dtype=np.float32))
