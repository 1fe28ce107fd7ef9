"""A trained model as a metric of pictures, which can stand wherever one of pyiqa's can."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from syndr.errors import InputError
from syndr.evaluation.crops import CropRule, check_rule
from syndr.evaluation.prediction import score
from syndr.features import Backbone
from syndr.images import decode, resize_input
from syndr.training import IQAModel, read_model

# How far rounding may carry a resized or transformed picture out of [0, 1].
_TOLERANCE = 1e-6


class Metric(nn.Module):
    """Pictures to scores: higher is better, on the scale that the model was trained on.

    Its attributes are named and mean what those of ``pyiqa.create_metric`` do.

    Attributes:
        lower_better: Whether a lower score means better quality: False.
        score_range: Lowest and highest label of training, "0, 10"; scores of strange pictures may lie beyond.
        metric_mode: "NR", as no reference picture is needed.
        metric_name: "syndr" and the backbone.
        model: The model, which gives (score, feature) of crops.
    """

    lower_better = False
    score_range = "0, 10"
    metric_mode = "NR"

    def __init__(self, model: IQAModel, crops: CropRule = "corners", batch_size: int = 32) -> None:
        """Take a model as a metric.

        Args:
            model: The model; it is put into evaluation mode.
            crops: Which crops a picture's score is the mean of. Random ones are drawn by a picture's place in
                its batch.
            batch_size: Most crops per forward pass.

        Raises:
            InputError: When there is no such rule.
        """
        super().__init__()
        check_rule(crops)
        self.model, self.crops, self.batch_size = model, crops, batch_size
        self.metric_name = f"syndr-{model.backbone.name}"
        self.eval()

    def forward(self, pictures: Tensor | str | Path) -> Tensor:
        """Score pictures, brought to the input size of the model's training.

        Args:
            pictures: Floating tensor (B, 3, H, W) or (B, 1, H, W), RGB or grey, in [0, 1]; or the path of one picture.

        Returns:
            Scores (B,), float32, on the model's device, without gradients.

        Raises:
            InputError: When the tensor has another shape, dtype or range.
            ImageError: When the file cannot be read.
        """
        device, size = self.model.head.mean.device, self.model.input_size
        if not isinstance(pictures, Tensor):
            pictures = resize_input(decode(pictures), size)[None].float() / 255.0
        if pictures.ndim == 4 and pictures.shape[1] == 1:
            pictures = pictures.expand(-1, 3, -1, -1)
        if pictures.numel():
            low, high = (float(value) for value in torch.aminmax(pictures))
            if not (low >= -_TOLERANCE and high <= 1 + _TOLERANCE):
                raise InputError(f"pictures must lie in [0, 1]; these go from {low:g} to {high:g}: divide bytes by 255")
        pictures = pictures.to(device)
        if size != "native" and pictures.ndim == 4 and len(pictures):
            pictures = torch.stack([resize_input(picture, size) for picture in pictures])
        return score(self.model, pictures, crops=self.crops, batch_size=self.batch_size).float()


def load_model(
    path: str | Path,
    device: torch.device | str = "cpu",
    crops: CropRule = "corners",
    backbone: Backbone | None = None,
) -> Metric:
    """Read a model that ``syndr train`` or :func:`syndr.training.save_model` wrote, as a metric of pictures.

    Args:
        path: The file; nothing is downloaded and nothing is unpickled.
        device: Where it should run.
        crops: Which crops a picture's score is the mean of.
        backbone: The architecture, where it is one of your own.

    Returns:
        A function of pictures that behaves as pyiqa's metrics do: ``metric(tensor)`` or ``metric("photo.jpg")``.

    Raises:
        StoreError: When the file is absent, damaged, not such a model, or of another backbone.
        MissingExtraError: When the backbone needs a package that is not installed.
        InputError: When there is no such crop rule.
    """
    return Metric(read_model(path, device, backbone), crops)
