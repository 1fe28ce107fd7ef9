"""The rows of a virtual data set, and what its pictures depend on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

import numpy as np
import pyarrow.compute as pc

from syndr.errors import InputError
from syndr.rng import sample_seeds
from syndr.samples import Samples


def virtual_rows(references: Samples, types: Sequence[int], levels: Sequence[int], dataset_seed: int = 0) -> Samples:
    """Lay out the virtual data set: every reference with every type and level.

    Args:
        references: Table with ``id`` and ``path``.
        types: KADID distortion types.
        levels: KADID levels.
        dataset_seed: From it and the reference's id comes each sample's seed.

    Returns:
        Columns ``id`` (reference without its image suffix, then ``_tt_ll`` as KADID names its files), ``path`` (of the
        reference), ``reference``, ``type``, ``level``, ``seed``; reference by reference, then types, then levels.
    """
    cells = [(int(t), int(level)) for t in types for level in levels]
    stems = _stems(references.ids)
    count = len(cells)
    return Samples.from_columns(
        id=[f"{stem}_{t:02d}_{level:02d}" for stem in stems for t, level in cells],
        path=np.repeat(references["path"], count),
        reference=np.repeat(np.array(references.ids, dtype=object), count),
        type=[t for t, _ in cells] * len(references),
        level=[level for _, level in cells] * len(references),
        seed=np.repeat(sample_seeds(dataset_seed, references.ids), count),
    )


_IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"}


def _stems(ids: Sequence[str]) -> list[str]:
    """Ids without their image suffix, except where two would then be the same."""
    stems = [
        str(path.with_suffix("")) if path.suffix.lower() in _IMAGE_SUFFIXES else name
        for name, path in ((name, PurePosixPath(name)) for name in ids)
    ]
    count = Counter(stems)
    return [stem if count[stem] == 1 else name for stem, name in zip(stems, ids, strict=True)]


def check_types(types: Iterable[int]) -> None:
    """Raise InputError unless every type is one that can be synthesized."""
    from syndr.distort import TYPES

    unknown = sorted({int(kind) for kind in types} - set(TYPES))
    if unknown:
        raise InputError(
            f"distortion types {', '.join(map(str, unknown))} cannot be synthesized; "
            f"there are {', '.join(map(str, sorted(TYPES)))}"
        )


def made_with(types: Iterable[int]) -> dict[str, str]:
    """Name what the pictures of these types depend on beside their rows: type 15's network, by its weights.

    Raises:
        InputError: When the weights file that was chosen for it cannot be used.
    """
    if 15 not in types:
        return {}
    from syndr.distort import dncnn_id

    return {"dncnn": dncnn_id()}


def virtual_types(samples: Samples) -> set[int]:
    """Give the distortion types of a table's virtual rows."""
    if "seed" not in samples or "type" not in samples:
        return set()
    return set(samples.table.filter(pc.field("seed").is_valid())["type"].unique().to_pylist())
