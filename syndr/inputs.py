"""Inputs that commands and recipes share, read and checked."""

from __future__ import annotations

from pathlib import Path

from syndr.datasets import QUALITY, LabelScale
from syndr.errors import InputError, require
from syndr.images import read_imagefolder
from syndr.samples import Samples
from syndr.select import SELECTED

_STRETCH = 32


def thumbnails_of(samples: Samples) -> list[bytes | None]:
    """Give a small picture of each sample, made on the fly for virtual rows; None for one that cannot be read."""
    from syndr.errors import ImageError
    from syndr.images import encode_thumbnail
    from syndr.virtual import VirtualDataset

    dataset = VirtualDataset(samples, cache_bytes=1 << 26)
    made: list[bytes | None] = []
    # A stretch is in memory together; what shares a reference is decoded once.
    order = sorted(range(len(samples)), key=lambda row: str(samples.table["path"][row]))
    for start in range(0, len(order), _STRETCH):
        rows = order[start : start + _STRETCH]
        made += [None if isinstance(p, ImageError) else encode_thumbnail(p) for p in dataset.images(rows)]
    place = {row: at for at, row in enumerate(order)}
    return [made[place[row]] for row in range(len(samples))]


def check_device(name: str) -> str:
    """Give a torch device's name back; raises InputError when there is no such device here."""
    if name == "cpu":
        return name
    torch = require("torch", "torch")
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"device {name!r} cannot be used here ({reason}); `syndr doctor` tells what there is"
        ) from error
    return name


def table_or_folder(path: str | Path) -> Samples:
    """Read a sample table, or the pictures of a folder with what imagefolder's metadata file in it says of them.

    Raises:
        InputError: When there is no such file or folder, or it is neither.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; correct the path")
    return read_imagefolder(path) if path.is_dir() else Samples.read(path)


def chosen_ids(path: str | Path) -> list[str]:
    """Read which ids are meant: those selected of a table by select, those kept of one by downsample, else all."""
    chosen = Samples.read(path)
    if "reason" in chosen:
        chosen = chosen.take(chosen["reason"] == SELECTED)
    elif "kept" in chosen:
        chosen = chosen.take(chosen["kept"].astype(bool))
    return chosen.ids


def checked_quality(samples: Samples, name: str) -> None:
    """Refuse a table whose qualities are not on the 0-10 scale."""
    if "quality" not in samples:
        raise InputError(f"{name}: the table needs a column 'quality' (0-10, higher is better)")
    LabelScale(name, QUALITY.declared, QUALITY.observed).quality(samples["quality"], samples.ids)
