"""A KADID-like set made from photographs: windows x types x levels, with a proxy for the opinion scores."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import rankdata

from syndr.demo.photos import Photo
from syndr.distort import distort
from syndr.errors import require
from syndr.evaluation import cut_crops
from syndr.features import Backbone
from syndr.features.forward import Forward
from syndr.files import atomic_path
from syndr.images import center_crop
from syndr.progress import Progress, track
from syndr.samples import Samples
from syndr.virtual import virtual_rows

#: One or two types of each family, so that the demo stays within minutes.
TYPES = (1, 3, 9, 10, 11, 18, 21, 25)
LEVELS = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class KadidLike:
    """The set, with the features a head is trained on.

    Attributes:
        samples: One row per distorted picture: virtual rows with ``quality``.
        features: (rows, crops, dims) float32 of each picture's fixed crops.
        references: One row per window: ``id`` and ``photo``.
        reference_features: (windows, dims) float32 of each window's centre crop.
        windows: The windows' pixels, (3, 384, 512) uint8.
    """

    samples: Samples
    features: npt.NDArray[np.float32]
    references: Samples
    reference_features: npt.NDArray[np.float32]
    windows: list[torch.Tensor]

    def photo_of(self, references: Iterable[str]) -> npt.NDArray[np.object_]:
        """Give the photograph that each of these windows was cut from."""
        photo = dict(zip(self.references.ids, self.references["photo"], strict=True))
        return np.array([photo[name] for name in references], dtype=object)


def make_kadid_like(
    photos: Sequence[Photo],
    backbone: Backbone,
    types: Sequence[int],
    seed: int,
    cache: Path,
    progress: Progress,
    clock: Callable[[str], Any],
) -> KadidLike:
    """Distort, label and describe every window.

    The labels are MDSI against the undistorted window (Nafchi et al. 2016, by piq), ranked over the whole set and
    mapped to 0-10, higher is better, without noise. What is made of a window is kept in ``cache``, so that an
    interrupted run goes on where it stopped.

    Args:
        photos: The photographs.
        backbone: Frozen network.
        types: KADID types; all five levels of each are made.
        seed: Seed of the virtual data set.
        cache: Folder for finished windows.
        progress: Told about the windows done.
        clock: Context manager factory that times a stage by name.
    """
    references, windows = references_of(photos)
    rows = virtual_rows(references, types, LEVELS, seed)
    seeds = rows["seed"].reshape(len(windows), -1)
    cells = list(zip(rows["type"], rows["level"], strict=True))[: seeds.shape[1]]
    made = [
        _cached(cache, backbone, name, picture, cells, row, clock)
        for name, picture, row in track(
            zip(references.ids, windows, seeds, strict=True), "distort, label, extract", len(windows), progress
        )
    ]
    quality = quality_by_rank(np.concatenate([part["mdsi"] for part in made]))
    return KadidLike(
        samples=rows.with_column("quality", quality).with_column("origin", ["original"] * len(rows)),
        features=np.concatenate([part["features"] for part in made]),
        references=references,
        reference_features=np.stack([part["reference"] for part in made]),
        windows=windows,
    )


def references_of(photos: Iterable[Photo]) -> tuple[Samples, list[torch.Tensor]]:
    """Give the photographs' windows as a table with ``id``, an empty ``path`` and ``photo``, and their pixels."""
    windows = [
        (f"{photo.name}-{number}", photo.name, picture)
        for photo in photos
        for number, picture in enumerate(photo.windows, start=1)
    ]
    references = Samples.from_columns(
        id=[name for name, _, _ in windows], path=[None] * len(windows), photo=[photo for _, photo, _ in windows]
    )
    return references, [picture for _, _, picture in windows]


def mdsi(clean: torch.Tensor, pictures: torch.Tensor) -> npt.NDArray[np.float64]:
    """Compute MDSI (Nafchi et al. 2016, by piq) of pictures (B, 3, H, W) against their reference (3, H, W), both uint8.

    Returns:
        Shape (B,); lower is better.
    """
    piq = require("piq", "demo")
    shown = pictures.float() / 255
    reference = (clean.float() / 255).expand_as(shown)
    values: torch.Tensor = piq.mdsi(reference, shown, data_range=1.0, reduction="none")
    return values.double().cpu().numpy()  # type: ignore[no-any-return]


def quality_by_rank(mdsi: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Give ranks of MDSI as labels from 0 to 10, higher is better."""
    return (rankdata(-mdsi) - 1) / (len(mdsi) - 1) * 10  # type: ignore[no-any-return]


def _cached(
    cache: Path,
    backbone: Backbone,
    name: str,
    picture: torch.Tensor,
    cells: list[tuple[int, int]],
    seeds: npt.NDArray[np.int64],
    clock: Callable[[str], Any],
) -> dict[str, npt.NDArray[Any]]:
    key = hashlib.sha256(picture.numpy().tobytes())
    key.update(
        repr(
            (name, backbone.name, backbone.dims, backbone.weights_id, backbone.preprocess, cells, seeds.tolist())
        ).encode()
    )
    path = cache / f"{key.hexdigest()[:24]}.npz"
    if path.exists():
        try:
            with np.load(path, allow_pickle=False) as kept:
                return {part: kept[part] for part in ("mdsi", "features", "reference")}
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            path.unlink()  # damaged: make it again
    made = _describe(backbone, name, picture, cells, seeds, clock)
    with atomic_path(path) as temporary:
        np.savez(temporary, **made)  # type: ignore[arg-type]
    return made


@torch.inference_mode()
def _describe(
    backbone: Backbone,
    name: str,
    picture: torch.Tensor,
    cells: list[tuple[int, int]],
    seeds: npt.NDArray[np.int64],
    clock: Callable[[str], Any],
) -> dict[str, npt.NDArray[Any]]:
    features, labels = [], []
    for kind in dict(cells):  # a type at a time, which bounds the memory
        at = [row for row, cell in enumerate(cells) if cell[0] == kind]
        with clock("distort"):
            pictures = distort(
                picture.expand(len(at), -1, -1, -1),
                kind,
                [cells[row][1] for row in at],
                [int(seeds[row]) for row in at],
            )
        with clock("label (MDSI)"):
            labels.append(mdsi(picture, pictures))
        with clock("extract"):
            crops = torch.stack([cut_crops(each, "corners", name) for each in pictures])
            features.append(_features(backbone, crops.flatten(0, 1)).reshape(*crops.shape[:2], -1))
    with clock("extract"):
        reference = _features(backbone, center_crop(picture)[None])[0]
    return {"mdsi": np.concatenate(labels), "features": np.concatenate(features), "reference": reference}


def _features(backbone: Backbone, pictures: torch.Tensor) -> npt.NDArray[np.floating]:
    with Forward(backbone, "cpu", "float32", compile=False) as forward:
        return forward.submit(pictures)()
