"""Training and test parts of one database, by reference image or as its authors published them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from syndr.errors import InputError
from syndr.rng import hash_ids
from syndr.samples import Samples

#: Splits of a within-database experiment: the median over ten is reported (paper, section 4.1).
SPLITS = 10
TEST_SHARE = 0.2

# Another purpose than those of training and evaluation, which are 1 to 3.
_PURPOSE = 4


def split_by_reference(samples: Samples, number: int = 0, *, seed: int = 0, test_share: float = TEST_SHARE) -> Samples:
    """Deal the references to a training and a test part; a picture goes with its reference.

    A reference's place is a fixed hash of (seed, number, reference), so that the table's order does not matter. A
    picture without a reference is one of its own.

    Args:
        samples: The whole database.
        number: Which of the splits, from 0; ``SPLITS`` are usual.
        seed: Seed of the series.
        test_share: The test part's share of the references, rounded, and at least one.

    Returns:
        The table with the column ``split``: "train" or "test".

    Raises:
        InputError: When there are fewer than two references, or the share leaves no part to train on.
    """
    groups = picture_groups(samples)
    names, group_of = np.unique(groups, return_inverse=True)
    tests = max(1, round(test_share * len(names)))
    if len(names) < 2 or not 0 < test_share < 1 or tests == len(names):
        raise InputError(f"{len(names)} references cannot be split with a test share of {test_share:g}")
    order = np.argsort(hash_ids(names.tolist(), seed, _PURPOSE, number), kind="stable")
    part = np.full(len(names), "train", dtype=object)
    part[order[:tests]] = "test"
    return samples.with_column("split", part[group_of])


def picture_groups(samples: Samples) -> npt.NDArray[np.str_]:
    """Give (rows,) what must not be parted: the reference, or the id where there is none."""
    if "reference" not in samples:
        return np.array(samples.ids, dtype=str)
    references = samples["reference"]
    return np.array(
        [name if reference is None else reference for name, reference in zip(samples.ids, references, strict=True)],
        dtype=str,
    )


def part_of(samples: Samples, part: str) -> Samples:
    """Give the rows of one part of a split.

    Raises:
        InputError: When the table has no split, or no row of this part.
    """
    if "split" not in samples:
        raise InputError("there is no official split here: the table has no column 'split'; use a split's number")
    rows = samples.take(samples["split"] == part)
    if len(rows) == 0:
        raise InputError(
            f"the split has no {part!r} part; there are {sorted({str(name) for name in samples['split']})}"
        )
    return rows
