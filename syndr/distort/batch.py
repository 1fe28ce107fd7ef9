"""The whole pipeline around a distortion (SPEC section 2), for mixed batches."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from syndr.distort import arguments
from syndr.distort.random import Stream
from syndr.distort.registry import TYPES, Distortion
from syndr.distort.stretch import round_to_8bit, stretch_input, stretch_output
from syndr.errors import InputError


@torch.no_grad()
def distort(
    images: Tensor,
    type: int | Sequence[int] | Tensor,
    level: int | Sequence[int] | Tensor,
    seed: int | Sequence[int] | Tensor,
    ids: Sequence[str] | None = None,
) -> Tensor:
    """Distort each image by its own type, level and seed.

    A sample's pixels depend on its image, type, level and seed alone, not on the batch around it. A float image
    whose values all lie within 1e-6 of multiples of 1/255 is taken as 8-bit.

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
    seeds = torch.tensor(arguments.per_image_seeds(seed, ids, count), device=images.device)

    groups: dict[tuple[int, int], list[int]] = {}
    for row, key in enumerate(zip(types, levels, strict=True)):
        groups.setdefault(key, []).append(row)
    result = torch.empty_like(images)
    for (number, group_level), rows in groups.items():
        entry = TYPES[number]
        # One image at a time stays in a CPU's cache, and needs no copy; the results are the same bits.
        alone = images.device.type == "cpu" and not entry.threaded
        parts = [slice(row, row + 1) for row in rows] if alone else [torch.tensor(rows, device=images.device)]
        for part in parts:
            stream = Stream(seeds[part], number, group_level)
            draws = None if entry.draw is None else entry.draw(stream, images.shape[2], images.shape[3])
            named = names[part] if isinstance(part, slice) else [names[row] for row in rows]
            result[part] = _run(images[part], entry, group_level, draws, named)
    return result


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
    return _run(images, entry, level, draws, range(len(images)))


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


def _run(images: Tensor, entry: Distortion, level: int, draws: Tensor | None, names: Sequence[int | str]) -> Tensor:
    """Stretch, distort, stretch again, and give the input's dtype back."""
    given = images.dtype if images.is_floating_point() else torch.float32
    stretched = stretch_input(images, torch.promote_types(given, entry.precision), names)
    parameter = entry.levels[level - 1]
    distorted = entry.function(stretched, parameter, *([] if draws is None else [draws]))
    final = stretch_output(distorted)
    return round_to_8bit(final) if images.dtype == torch.uint8 else final.to(images.dtype)
