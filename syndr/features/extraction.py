"""Features of a whole sample table, in spite of bad files and interruptions."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from syndr import __version__
from syndr.cluster import Engine, check_engine
from syndr.errors import InputError, StoreError
from syndr.features.backbones import Backbone
from syndr.features.batches import Computed, Pictures, compute
from syndr.features.forward import Forward, check_precision
from syndr.features.manifest import Manifest
from syndr.features.on_ray import compute_on_ray
from syndr.features.store import DTYPES, FeatureStore
from syndr.features.unfinished import UnfinishedStore
from syndr.folders import is_occupied
from syndr.images.rejected import Rejected
from syndr.progress import Progress, silent
from syndr.samples import Samples

_STAGE = "extract features"
_LIBRARIES = ("torch", "torchvision", "pillow")


def _unwatched(rejected: Rejected) -> None:
    """Take no note of a picture set aside."""


def extract(
    samples: Samples,
    backbone: Backbone,
    out: str | Path,
    batch_size: int = 32,
    crop: int | None = None,
    threads: int | None = None,
    device: str | torch.device = "cpu",
    progress: Progress = silent,
    images: Callable[[int], torch.Tensor] | None = None,
    dtype: str = "float32",
    made_with: Mapping[str, str] | None = None,
    files: Callable[[int], str | bytes | None] | None = None,
    max_rejected: int | None = None,
    watch: Callable[[Rejected], None] = _unwatched,
    hash_files: bool = False,
    precision: str = "float32",
    compile: bool = False,
    engine: Engine = "local",
    address: str | None = None,
) -> FeatureStore:
    """Compute the features of the centre crop of every image and store them.

    Batches are laid over the positions of the table and are always full: a rejected image and the space after
    the last one are black padding. So neither a bad file nor an interruption changes a byte of the other rows.
    An interrupted run (an error, Ctrl-C, a kill, a full disk) is gone on with by calling again with the same
    arguments; when the store is finished already it is opened.

    Args:
        samples: The sample table, with column ``path`` unless ``images`` or ``files`` is given.
        backbone: The network; it is moved to ``device`` and left in the mode it was in.
        out: The store's folder; it appears when everything is done (until then ``<out>.partial``). Files that
            cannot be read are listed in its ``rejected.csv`` with the reason.
        batch_size: Images per forward pass; a setting of the store, as it may move the last bits.
        crop: Side of the centre crop in pixels, by default ``backbone.crop``; smaller images are enlarged
            (``center_crop``).
        threads: Decoding threads of their own, for pictures that are slow to read, as over a network; by default one
            for each core, which on a CPU the forward pass works on too: none then waits while another has its core.
        device: Where the network runs.
        progress: Told the number of table rows done.
        images: Gives the picture of a row number as a uint8 tensor (3, H, W), instead of decoding ``path``;
            called on the decoding threads. An :class:`ImageError` from it sets the row aside.
        dtype: What the features are stored in: ``"float32"`` or ``"float16"``.
        made_with: What the pictures from ``images`` depend on beside the table, by name
            (``syndr.virtual.made_with``); a setting of the store.
        files: Gives the image file of a row number, its path or its bytes, instead of column ``path``, as
            :class:`~syndr.images.PictureSource` does; called on the decoding threads.
        max_rejected: Most images that may be set aside before the run is stopped; by default any number.
        watch: Told each image set aside, those of an interrupted run first.
        hash_files: Whether the index gets the SHA-256 of every file; a setting of the store.
        precision: Number format of the forward pass: ``"float32"``, or autocast to ``"float16"`` or ``"bfloat16"``;
            a setting of the store.
        compile: Whether to compile the network with ``torch.compile``; a setting of the store.
        engine: ``"local"``, or ``"ray"`` for the workers of a Ray cluster: one for each GPU where ``device`` is
            ``"cuda"``, else one for each CPU. They must see the pictures under the same names, and ``images`` and
            ``files`` must be such that Ray can send them. This process alone writes the store, with the same bytes
            on machines of one kind, so that either engine goes on with what the other began.
        address: The Ray cluster's (see :func:`syndr.cluster.connect`).

    Returns:
        The store: one row per image that could be read, in table order.

    Raises:
        InputError: When an argument is not usable, the table is empty, has no paths, or has virtual rows
            without ``images``.
        StoreError: When ``out`` holds something else, a store or an unfinished store with other settings, no
            image at all could be read, more than ``max_rejected`` could not, or the disk is full.
    """
    crop = backbone.crop if crop is None else crop
    _check(samples, images, files, batch_size, crop, dtype)
    check_engine(engine, address)
    check_precision(precision)
    out = Path(out)
    manifest = Manifest(
        backbone=backbone.name,
        weights_id=backbone.weights_id,
        preprocess=f"center_crop={crop} {backbone.preprocess}",
        precision=f"{precision}{' compiled' if compile else ''}",
        batch_size=batch_size,
        hashed=hash_files,
        source=" ".join([samples.content_hash(), *(f"{name}={value}" for name, value in (made_with or {}).items())]),
        versions={"syndr": __version__, **{library: version(library) for library in _LIBRARIES}},
        dims=backbone.dims,
        dtype=dtype,
    )
    forward: dict[str, Any] = {"device": device, "precision": precision, "compile": compile}
    if is_occupied(out):
        finished = _finished(out, manifest)
        progress(_STAGE, len(samples), len(samples))
        return finished
    with UnfinishedStore(out, manifest) as store:
        if store.complete:
            return store.finish(samples)
        for entry in store.rejected:
            watch(entry)
        done = min(store.batches * batch_size, len(samples))
        progress(_STAGE, done, len(samples))
        pictures = Pictures(samples, images, files, crop, hash_files)
        if engine == "ray":
            computed = compute_on_ray(pictures, backbone, done, batch_size, threads, forward, address)
        else:
            computed = _compute(pictures, done, batch_size, threads, Forward(backbone, **forward))
        with closing(computed):
            for batch in computed:
                _check_rejected(store, batch.rejected, max_rejected)
                store.append(batch.features, batch.rejected, batch.facts)
                for entry in batch.rejected:
                    watch(entry)
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


def _compute(
    pictures: Pictures, start: int, batch_size: int, threads: int | None, forward: Forward
) -> Generator[Computed, None, None]:
    with forward:
        yield from compute(pictures, range(start, len(pictures.samples)), batch_size, threads, forward)


def _check_rejected(store: UnfinishedStore, rejected: list[Rejected], most: int | None) -> None:
    """Stop a run that is going wrong, before its last batch counts."""
    count = len(store.rejected) + len(rejected)
    if most is not None and rejected and count > most:
        last = rejected[-1]
        raise StoreError(
            f"stopped: {count} images could not be read, more than the {most} allowed; the last is "
            f"{last.path or last.id}: {last.reason}. What was finished is kept: correct the cause and run it again, or "
            "allow more"
        )


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
    samples: Samples,
    images: Callable[[int], torch.Tensor] | None,
    files: Callable[[int], str | bytes | None] | None,
    batch_size: int,
    crop: int,
    dtype: str,
) -> None:
    if not len(samples):
        raise InputError("extract: the sample table is empty; give at least one image")
    if images is not None and files is not None:
        raise InputError("extract: images= and files= both say where pictures come from; give one of them")
    if images is None and files is None and "path" not in samples:
        raise InputError("extract: the sample table has no column 'path'; add one, or give images=")
    if images is None and files is None and "seed" in samples and samples.table["seed"].null_count < len(samples):
        raise InputError(
            "extract: the sample table has virtual rows (a seed instead of a file); give images= to make them"
        )
    if batch_size < 1 or crop < 1:
        raise InputError(f"extract: batch_size={batch_size} and crop={crop} must be at least 1")
    if dtype not in DTYPES:
        raise InputError(f"extract: dtype={dtype!r} must be one of {', '.join(DTYPES)}")
