"""The whole pipeline around a distortion (SPEC section 2), for mixed batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from syndr.distort import arguments, fused
from syndr.distort.parameters import Parameter, PerImage
from syndr.distort.random import Stream
from syndr.distort.registry import TYPES, Distortion
from syndr.distort.stretch import Range, measure, settle_into, stretch
from syndr.distort.workers import each
from syndr.errors import InputError

Key = TypeVar("Key")


@torch.no_grad()
def distort(
    images: Tensor,
    type: int | Sequence[int] | Tensor,
    level: int | Sequence[int] | Tensor,
    seed: int | Sequence[int] | Tensor,
    ids: Sequence[str] | None = None,
) -> Tensor:
    """Distort each image by its own type, level and seed.

    A sample's pixels depend on its image, type, level and seed alone, not on the batch around it; and for type 15 on
    the network chosen. A float image whose values all lie within 1e-6 of multiples of 1/255 is taken as 8-bit. The
    tests ask devices to agree within 2e-4, and within 1 of 255 after rounding, the gates of the specification.

    Args:
        images: (B, 3, H, W), RGB, uint8 or float in [0, 1], on any device; never modified.
        type: KADID type (a key of ``TYPES``), for all images or one per image.
        level: KADID level 1..5, for all images or one per image.
        seed: One 64-bit integer per image, signed or unsigned. A single integer is allowed for a single image,
            or together with ``ids``: then each image's seed is ``syndr.rng.sample_seeds(seed, ids)``.
        ids: One string per image; errors name images by them.

    Returns:
        New tensor of the same shape, dtype and device: uint8 rounded as KADID's files are, or float in [0, 1]
        before that rounding.

    Raises:
        InputError: When an argument has the wrong kind, shape or range, or an image is constant, holds NaN or
            leaves [0, 1]; the message names the image by its index or id.
    """
    arguments.check_images(images)
    count = len(images)
    if ids is not None:
        arguments.check_ids(ids, count)
    names = range(count) if ids is None else ids
    types = [arguments.check_type(number) for number in arguments.per_image("type", type, count)]
    levels = [arguments.check_level(number) for number in arguments.per_image("level", level, count)]
    seeds = arguments.per_image_seeds(seed, ids, count)

    result = _room_for(images)

    def one(row: int) -> None:
        entry, place = TYPES[types[row]], slice(row, row + 1)
        draws = _drawn(entry, torch.tensor(seeds[place]), levels[row], images)
        stretched = _stretched(images[place], measure(images[place], [names[row]]), entry)
        settle_into(_distorted(stretched, entry, entry.levels[levels[row] - 1], draws), result[place])

    if _one_by_one(images):
        each(one, range(count))
    elif count:
        with torch.autocast(images.device.type, enabled=False):
            _all_at_once(images, types, levels, seeds, names, result)
    return result


def _all_at_once(
    images: Tensor, types: list[int], levels: list[int], seeds: list[int], names: Sequence[int | str], result: Tensor
) -> None:
    """Distort images into ``result`` by as few and as large operations as there can be.

    The device is waited for once, to learn whether every image may be stretched, and once more where type 3 needs its
    angles, as early as can be; all that is sent there goes with the first.
    """
    rows = sorted(range(len(types)), key=lambda row: (-TYPES[types[row]].precision.itemsize, types[row], levels[row]))
    words = [rows, [seeds[row] for row in rows], [levels[row] for row in rows]]
    where, own_seeds, own_levels = fused.on_device(np.array(words, np.int64), images.device)
    places = own_levels - 1
    given = images.index_select(0, where)
    span = measure(given, [names[row] for row in rows])
    out = torch.empty_like(given)
    for _, together in _parts(rows, lambda row: TYPES[types[row]].precision):
        stretched = _stretched(given[together], span[together], TYPES[types[rows[together.start]]])
        distorted = []
        for (number, level), part in _parts(rows[together], lambda row: _group(types[row], levels[row])):
            entry, own = TYPES[number], slice(together.start + part.start, together.start + part.stop)
            draws = _drawn(entry, own_seeds[own], own_levels[own] if level is None else level, images)
            parameter = (
                PerImage(entry.levels, [levels[row] - 1 for row in rows[own]], places[own])
                if level is None
                else entry.levels[level - 1]
            )
            distorted.append(_distorted(stretched[part], entry, parameter, draws))
        settle_into(distorted[0] if len(distorted) == 1 else torch.cat(distorted), out[together])
    result.index_copy_(0, where, out)


@torch.no_grad()
def apply(images: Tensor, type: int, level: int, draws: Tensor | None = None) -> Tensor:
    """Distort all images by one type and level, with the random draws given.

    Args:
        images: (B, 3, H, W), RGB, uint8 or float in [0, 1], on any device; never modified.
        type: KADID type.
        level: KADID level 1..5.
        draws: What ``draw`` gives for this type; None for a deterministic type.

    Returns:
        New tensor of the same shape, dtype and device, as of ``distort``.

    Raises:
        InputError: As for ``distort``, or when draws are missing, superfluous or of the wrong shape.
    """
    arguments.check_images(images)
    entry = TYPES[arguments.check_type(arguments.scalar("type", type))]
    level = arguments.check_level(arguments.scalar("level", level))
    if entry.stochastic != (draws is not None):
        raise InputError(f"type {type} ({entry.name}) {'needs' if entry.stochastic else 'takes no'} draws")
    if draws is not None and len(draws) != len(images):
        raise InputError(f"type {type} ({entry.name}): {len(images)} images need as many draws; got {len(draws)}")
    result = _room_for(images)

    def make(part: slice) -> None:
        stretched = _stretched(images[part], measure(images[part], range(len(images))[part]), entry)
        parameter = entry.levels[level - 1]
        settle_into(_distorted(stretched, entry, parameter, None if draws is None else draws[part]), result[part])

    if _one_by_one(images):
        each(make, [slice(row, row + 1) for row in range(len(images))])
    else:
        with torch.autocast(images.device.type, enabled=False):
            make(slice(None))
    return result


def draw(type: int, level: int, seeds: Sequence[int] | Tensor, height: int, width: int) -> Tensor | None:
    """Make the random draws that ``distort`` makes for these seeds.

    Args:
        type: KADID type.
        level: KADID level 1..5.
        seeds: One 64-bit integer per image; when it is a tensor, the draws are made on its device.
        height: Of the images, in pixels.
        width: Of the images, in pixels.

    Returns:
        What the type's ``Distortion.draw`` documents, one row per image. Type 3: angles in degrees, int64 (B,). Type
        5: two uniform numbers, float64 (B, 2). Types 11, 12 and 15: standard normal numbers, float32 (B, 3, H, W).
        Types 13 and 14: uniform numbers, float64 (B, 3, H, W). Type 19: standard normal numbers, float32 (B, 5, 2, H,
        W). Types 20 and 23: uniform numbers, float64 (B, 100, 4) and (B, 10, 5). None for a deterministic type.

    Raises:
        InputError: When the type, the level or a seed is not valid.
    """
    entry = TYPES[arguments.check_type(arguments.scalar("type", type))]
    level = arguments.check_level(arguments.scalar("level", level))
    words = arguments.per_image_seeds(seeds, None, len(seeds))
    device = seeds.device if isinstance(seeds, Tensor) else None
    stream = Stream(torch.tensor(words, device=device), entry.number, level)
    return None if entry.draw is None else entry.draw(stream, height, width)


def _one_by_one(images: Tensor) -> bool:
    """On a CPU, one image at a time stays in its cache; a GPU gets as few and as large operations as there can be."""
    return images.device.type == "cpu" and not fused.runs_on(images.device)


def _stretched(images: Tensor, span: Range, entry: Distortion) -> Tensor:
    given = images.dtype if images.is_floating_point() else torch.float32
    return stretch(images, span, torch.promote_types(given, entry.precision))


def _parts(rows: Sequence[int], key: Callable[[int], Key]) -> Iterator[tuple[Key, slice]]:
    """Give the runs of rows that share a key, and where each lies."""
    start = 0
    for shared, run in groupby(rows, key):
        stop = start + len(list(run))
        yield shared, slice(start, stop)
        start = stop


def _group(number: int, level: int) -> tuple[int, int | None]:
    """Give what is distorted by one call: images of one type, and of one level where its function takes only that."""
    return number, None if TYPES[number].mixes else level


def _drawn(entry: Distortion, seeds: Tensor, level: int | Tensor, images: Tensor) -> Tensor | None:
    return None if entry.draw is None else entry.draw(Stream(seeds, entry.number, level), *images.shape[2:])


def _distorted(stretched: Tensor, entry: Distortion, parameter: Parameter, draws: Tensor | None) -> Tensor:
    return entry.function(stretched, parameter, *([] if draws is None else [draws]))


def _room_for(images: Tensor) -> Tensor:
    """Give an empty tensor like these images.

    On a CPU the memory comes through NumPy, which asks the system for huge pages: to fault a large result in by small
    ones takes longer than some of the distortions.
    """
    if images.device.type != "cpu" or images.dtype == torch.bfloat16:  # which NumPy does not know
        return torch.empty_like(images, memory_format=torch.contiguous_format)
    dtype = torch.empty(0, dtype=images.dtype).numpy().dtype
    return torch.from_numpy(np.empty(images.shape, dtype))
