"""Features of a whole sample table, in spite of bad files and interruptions."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from syndr import __version__
from syndr.errors import ImageError, InputError, StoreError
from syndr.features.backbones import Backbone
from syndr.features.manifest import Manifest
from syndr.features.store import DTYPES, FeatureStore, is_occupied
from syndr.features.unfinished import UnfinishedStore
from syndr.images.ahead import read_ahead
from syndr.images.crops import center_crop
from syndr.images.decoding import decode
from syndr.images.rejected import Rejected
from syndr.progress import Progress, silent
from syndr.samples import Samples

_STAGE = "extract features"
_LIBRARIES = ("torch", "torchvision", "pillow")


def extract(
    samples: Samples,
    backbone: Backbone,
    out: str | Path,
    batch_size: int = 32,
    crop: int = 224,
    threads: int | None = None,
    device: str | torch.device = "cpu",
    progress: Progress = silent,
    images: Callable[[int], torch.Tensor] | None = None,
    dtype: str = "float32",
    made_with: Mapping[str, str] | None = None,
) -> FeatureStore:
    """Compute the features of the centre crop of every image and store them.

    Batches are laid over the positions of the table and are always full: a rejected image and the space after
    the last one are black padding. So neither a bad file nor an interruption changes a byte of the other rows.
    An interrupted run (an error, Ctrl-C, a kill) is gone on with by calling again with the same arguments;
    when the store is finished already it is opened.

    Args:
        samples: The sample table, with column ``path`` unless ``images`` is given.
        backbone: The network; it is moved to ``device`` and left in the mode it was in.
        out: The store's folder; it appears when everything is done (until then ``<out>.partial``). Files that
            cannot be read are listed in its ``rejected.csv`` with the reason.
        batch_size: Images per forward pass; a setting of the store, as it may move the last bits.
        crop: Side of the centre crop in pixels; smaller images are enlarged (``center_crop``).
        threads: Decoding threads; by default the cores this process may use.
        device: Where the network runs.
        progress: Told the number of table rows done.
        images: Gives the picture of a row number as a uint8 tensor (3, H, W), instead of decoding ``path``;
            called on the decoding threads. An :class:`ImageError` from it sets the row aside.
        dtype: ``"float32"`` or ``"float16"``.
        made_with: What the pictures from ``images`` depend on beside the table, by name
            (``syndr.virtual.made_with``); a setting of the store.

    Returns:
        The store: one row per image that could be read, in table order.

    Raises:
        InputError: When an argument is not usable, the table is empty, has no paths, or has virtual rows
            without ``images``.
        StoreError: When ``out`` holds something else, a store or an unfinished store with other settings, or
            no image at all could be read.
    """
    _check(samples, images, batch_size, crop, dtype)
    out = Path(out)
    manifest = Manifest(
        backbone=backbone.name,
        weights_id=backbone.weights_id,
        preprocess=f"center_crop={crop} {backbone.preprocess}",
        batch_size=batch_size,
        source=" ".join([samples.content_hash(), *(f"{name}={value}" for name, value in (made_with or {}).items())]),
        versions={"syndr": __version__, **{library: version(library) for library in _LIBRARIES}},
        dims=backbone.dims,
        dtype=dtype,
    )
    if is_occupied(out):
        finished = _finished(out, manifest)
        progress(_STAGE, len(samples), len(samples))
        return finished
    with UnfinishedStore(out, manifest) as store, _evaluating(backbone, device):
        done = min(store.batches * batch_size, len(samples))
        progress(_STAGE, done, len(samples))
        with closing(_batches(samples, images, done, batch_size, crop, threads)) as batches:
            for batch in batches:
                store.append(_features(backbone, batch.pictures, device)[batch.kept], batch.rejected)
                done = min(done + batch_size, len(samples))
                progress(_STAGE, done, len(samples))
        if len(store.rejected) == len(samples):
            store.discard()
            first = store.rejected[0]
            raise StoreError(
                f"{out}: none of the {len(samples)} images could be read; the first is {first.path or first.id}: "
                f"{first.reason}"
            )
        return store.finish(samples)


@dataclass
class _Batch:
    """A full batch and what is in it."""

    pictures: torch.Tensor  # uint8 (batch_size, 3, crop, crop), black where nothing could be read
    kept: list[int] = field(default_factory=list)  # places in the batch that hold a picture
    rejected: list[Rejected] = field(default_factory=list)


def _batches(
    samples: Samples,
    images: Callable[[int], torch.Tensor] | None,
    start: int,
    batch_size: int,
    crop: int,
    threads: int | None,
) -> Generator[_Batch, None, None]:
    """Give the batches from row ``start`` on, decoding ahead."""
    paths: list[str | None] = list(samples["path"]) if "path" in samples else [None] * len(samples)

    def load(row: int) -> torch.Tensor:
        return _cropped(images(row) if images else _decoded(paths[row]), crop)

    rows = range(start, len(samples))
    with closing(read_ahead(rows, load, threads, ahead=2 * batch_size)) as pictures:
        for first in rows[::batch_size]:
            batch = _Batch(torch.zeros((batch_size, 3, crop, crop), dtype=torch.uint8))
            for place, row in enumerate(rows[first - start : first - start + batch_size]):
                picture = next(pictures)
                if isinstance(picture, ImageError):
                    path = paths[row] or ""
                    reason = str(picture).removeprefix(f"{path}: ")
                    batch.rejected.append(Rejected(samples.ids[row], path, reason))
                else:
                    batch.pictures[place] = picture
                    batch.kept.append(place)
            yield batch


def _decoded(path: str | None) -> torch.Tensor:
    if path is None:
        raise ImageError("the row has no path; give it one or remove the row")
    return decode(path)


def _cropped(picture: torch.Tensor, crop: int) -> torch.Tensor:
    if picture.dtype != torch.uint8 or picture.ndim != 3 or picture.shape[0] != 3:
        raise InputError(
            f"images= must give uint8 pictures of shape (3, H, W), not {picture.dtype} {tuple(picture.shape)}"
        )
    return center_crop(picture, crop)


def _features(backbone: Backbone, pictures: torch.Tensor, device: str | torch.device) -> npt.NDArray[np.floating]:
    features = backbone(pictures.to(device).float() / 255)
    if features.shape != (len(pictures), backbone.dims):
        raise InputError(
            f"backbone {backbone.name} gave features of shape {tuple(features.shape)} for {len(pictures)} images; "
            f"it declares {backbone.dims} dimensions"
        )
    array: npt.NDArray[np.floating] = features.float().cpu().numpy()
    return array


@contextmanager
def _evaluating(backbone: Backbone, device: str | torch.device) -> Iterator[None]:
    """Hold the network on the device in evaluation mode, computing in full float32 and reproducibly."""
    modes = [(module, module.training) for module in backbone.modules()]
    backbone.to(device).eval()
    try:
        with (
            torch.inference_mode(),
            torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False),
        ):
            yield
    finally:
        for module, mode in modes:
            module.training = mode


def _finished(out: Path, manifest: Manifest) -> FeatureStore:
    store = FeatureStore.open(out)
    changed = store.manifest.differences(manifest)
    if changed:
        raise StoreError(
            f"{out}: the features there were made with other settings: {changed}; "
            "choose another folder, or delete that one"
        )
    return store


def _check(
    samples: Samples, images: Callable[[int], torch.Tensor] | None, batch_size: int, crop: int, dtype: str
) -> None:
    if not len(samples):
        raise InputError("extract: the sample table is empty; give at least one image")
    if images is None and "path" not in samples:
        raise InputError("extract: the sample table has no column 'path'; add one, or give images=")
    if images is None and "seed" in samples and samples.table["seed"].null_count < len(samples):
        raise InputError(
            "extract: the sample table has virtual rows (a seed instead of a file); give images= to make them"
        )
    if batch_size < 1 or crop < 1:
        raise InputError(f"extract: batch_size={batch_size} and crop={crop} must be at least 1")
    if dtype not in DTYPES:
        raise InputError(f"extract: dtype={dtype!r} must be one of {', '.join(DTYPES)}")
