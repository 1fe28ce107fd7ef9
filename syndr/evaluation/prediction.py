"""Scores of pictures by a trained model, averaged over crops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from syndr.errors import ImageError, InputError
from syndr.evaluation.crops import CROPS, CropRule, check_rule, cut_crops
from syndr.features.forward import channels_last
from syndr.images import Rejected
from syndr.progress import Progress, silent, track
from syndr.samples import Samples
from syndr.training.crops import ImageSource
from syndr.training.data import as_float, load_batches, rejection
from syndr.training.memory import kept_memory, tidied
from syndr.training.model import crop_of


@dataclass(frozen=True)
class Predictions:
    """Scores of a sample table.

    Attributes:
        scores: float64 (N,) in the table's order, in the units the model was trained on; NaN where the
            picture could not be scored.
        rejected: The pictures that could not be scored, with the reason.
    """

    scores: npt.NDArray[np.float64]
    rejected: tuple[Rejected, ...]

    @property
    def scored(self) -> npt.NDArray[np.bool_]:
        """Mask (N,) of the pictures that have a score: what metrics should be computed on."""
        return ~np.isnan(self.scores)

    def beside(self, samples: Samples) -> Samples:
        """Give the table with a column ``prediction``, null where there is no score, ready to be written."""
        values = [float(score) if good else None for score, good in zip(self.scores, self.scored, strict=True)]
        return samples.with_column("prediction", values)


def predict(
    model: nn.Module,
    samples: Samples,
    images: ImageSource,
    *,
    crops: CropRule = "random",
    crop: int | None = None,
    seed: int = 0,
    batch_size: int = 32,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    progress: Progress = silent,
) -> Predictions:
    """Score every picture of a table: the mean of the model's scores over its crops.

    Args:
        model: Maps float32 images (B, 3, H, W) in [0, 1] to (score (B,), feature). It is moved to ``device``,
            run in evaluation mode and left in the mode it was in.
        samples: The pictures; crops are drawn by their ids.
        images: Gives the picture of a row, uint8 (3, H, W); called on several threads.
        crops: Which crops (:data:`syndr.evaluation.CropRule`).
        crop: Side of a crop in pixels; by default that of training, or 224.
        seed: Seed of random crops.
        batch_size: Most crops per forward pass; it moves scores by no more than rounding.
        device: Where to run the model.
        threads: Threads that load pictures ahead; by default the cores this process may use.
        progress: Told of the pictures scored.

    Returns:
        The scores, and the pictures set aside because they could not be read or got no finite score.

    Raises:
        InputError: When an argument is not usable or the model's scores have another shape than (B,).
    """
    check_rule(crops)
    crop = crop_of(model) if crop is None else crop
    if batch_size < 1 or crop < 1:
        raise InputError(f"batch_size and crop must be at least 1, not {batch_size} and {crop}")
    scores = np.full(len(samples), np.nan)
    rejected: list[Rejected] = []

    def load(row: int) -> Tensor:
        return cut_crops(images(row), crops, samples.ids[row], seed, crop)

    def reject(row: int, error: ImageError) -> None:
        rejected.append(rejection(samples, row, str(error)))

    # Whole pictures differ in shape, so each goes through the model alone.
    group = 1 if crops == "full" else max(1, batch_size // CROPS)
    rows = np.arange(len(samples))
    device = torch.device(device)
    with (
        closing(load_batches(load, rows, group, reject, threads)) as batches,
        _evaluating(model.to(device)),
        channels_last(model),
        kept_memory(device),
    ):
        for batch_rows, pixels in tidied(track(batches, "score", -(-len(rows) // group), progress)):
            if len(batch_rows):
                scores[batch_rows] = _mean_scores(model, as_float(pixels, device), batch_size).cpu().numpy()
            for row in batch_rows[~np.isfinite(scores[batch_rows])].tolist():
                rejected.append(rejection(samples, row, f"the model's score is {scores[row]}"))
                scores[row] = np.nan
    return Predictions(scores, tuple(rejected))


def score(
    model: nn.Module,
    images: Tensor,
    *,
    crops: CropRule = "random",
    crop: int | None = None,
    seed: int = 0,
    ids: Sequence[str] | None = None,
    batch_size: int = 32,
) -> Tensor:
    """Score a batch of pictures in memory: the mean of the model's scores over their crops.

    Args:
        model: As for :func:`predict`; it stays on its device, which must be that of the pictures.
        images: Float (B, 3, H, W), RGB in [0, 1].
        crops: Which crops.
        crop: Side of a crop in pixels; by default that of training, or 224.
        seed: Seed of random crops.
        ids: Ids that decide random crops; the positions in the batch when None.
        batch_size: Most crops per forward pass.

    Returns:
        Scores (B,), float64, on the pictures' device.

    Raises:
        InputError: When the pictures have another shape or dtype, or an argument is not usable.
        ImageError: When the pictures are too elongated to be enlarged to the crop.
    """
    check_rule(crops)
    crop = crop_of(model) if crop is None else crop
    if images.ndim != 4 or images.shape[1] != 3 or not images.is_floating_point():
        raise InputError(
            f"images must be floating of shape (B, 3, H, W) in [0, 1], not {images.dtype} {tuple(images.shape)}"
        )
    if batch_size < 1:
        raise InputError(f"batch_size must be at least 1, not {batch_size}")
    names = [str(position) for position in range(len(images))] if ids is None else list(ids)
    if len(names) != len(images):
        raise InputError(f"{len(names)} ids do not fit {len(images)} images")
    if len(names) == 0:
        return torch.empty(0, dtype=torch.float64, device=images.device)
    cut = [cut_crops(image, crops, name, seed, crop) for image, name in zip(images, names, strict=True)]
    with _evaluating(model), kept_memory(images.device):
        return _mean_scores(model, torch.stack(cut), batch_size)


def _mean_scores(model: nn.Module, crops: Tensor, batch_size: int) -> Tensor:
    """Score float crops (B, C, 3, H, W) in passes of at most ``batch_size``; returns (B,), float64."""
    pictures, count = crops.shape[:2]
    flat = crops.flatten(0, 1)
    parts = []
    for start in range(0, len(flat), batch_size):
        part = flat[start : start + batch_size]
        values, _ = model(part)
        if values.shape != (len(part),):
            raise InputError(f"the model must give scores of shape ({len(part)},), not {tuple(values.shape)}")
        parts.append(values.double())
    return torch.cat(parts).view(pictures, count).mean(dim=1)


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode, without gradients, for a block."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        for module, mode in modes.items():
            module.training = mode
