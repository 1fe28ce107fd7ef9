"""The released index bug, against a plain reading of what the released script does."""

import numpy as np
import pytest

from syndr.errors import InputError
from syndr.samples import Samples
from syndr.training import MisalignedThinner

LEFT_OUT = {"I06", "I07", "I18", "I19", "I53", "I58", "I70"}
TYPES, LEVELS = (1, 3, 9, 21, 23, 25), (1, 2, 3, 4, 5)
CELLS = [(f"I{ref:02d}", kind, level) for ref in range(1, 82) for kind in TYPES for level in LEVELS]


class Keeps:
    """Keeps the ids it was told."""

    def __init__(self, ids=None):
        self.ids = ids

    def fit(self, X, y=None, ids=None, epoch=0):
        assert len(X) == len(y) == len(ids)
        self.shown = list(ids)
        kept = [row for row, name in enumerate(ids) if self.ids is None or name in self.ids]
        self.sample_indices_ = np.array(kept, dtype=np.int64)
        return self


def name_of(cell):
    return f"{cell[0]}_{cell[1]:02d}_{cell[2]:02d}"


def table(order):
    cells = [CELLS[at] for at in order]
    pseudo = ["new_01_01", "new_01_03"]
    return Samples.from_columns(
        id=[*map(name_of, cells), *pseudo],
        reference=[*(cell[0] for cell in cells), "new", "new"],
        type=[*(cell[1] for cell in cells), 1, 1],
        level=[*(cell[2] for cell in cells), 1, 3],
        origin=["original"] * len(cells) + ["pseudo"] * 2,
    )


def fitted(thinner, ids):
    features = np.ones((len(ids), 4), dtype=np.float32)
    kept = thinner.fit(features, np.arange(len(ids), dtype=np.float64), ids=ids, epoch=1).sample_indices_
    assert (np.diff(kept) > 0).all()
    return [ids[row] for row in kept]


def released(keep):
    """Which samples the released script trains on when DRCDown keeps these of the 74 references' samples."""
    list_74 = [name_of(cell) for cell in CELLS if cell[0] not in LEFT_OUT]
    list_81 = [name_of(cell) for cell in CELLS]
    numbers = [number for number, name in enumerate(list_74) if name in keep]
    return [name for name in (list_81[number] for number in numbers) if name[:3] not in LEFT_OUT]


def test_removing_nothing_still_loses_seven_references():
    samples = table(range(len(CELLS)))
    originals = samples.ids[:-2]
    kept = fitted(MisalignedThinner(Keeps(), samples, LEFT_OUT), originals)
    assert len(kept) == 2010
    assert len({name[:3] for name in kept}) == 67
    assert kept == released(set(originals))


def test_decisions_land_on_the_wrong_reference_as_released(rng):
    order = rng.permutation(len(CELLS))
    samples = table(order)  # the table's order does not matter: the lists are ordered by name
    trained = [name_of(cell) for cell in CELLS if cell[0] not in LEFT_OUT]
    keep = set(rng.choice(trained, 1500, replace=False).tolist())
    inner = Keeps(keep)
    kept = fitted(MisalignedThinner(inner, samples, LEFT_OUT), samples.ids[:-2])
    assert sorted(inner.shown) == sorted(trained)  # the left-out references are never compared
    assert sorted(kept) == sorted(released(keep))
    assert len(set(kept) & keep) < 0.75 * len(kept)


def test_pseudo_labelled_and_unreadable_rows():
    samples = table(range(len(CELLS)))
    unreadable = {"I01_01_01", "I75_01_01", "I06_01_01"}
    ids = [name for name in samples.ids if name not in unreadable]
    kept = fitted(MisalignedThinner(Keeps(set()), samples, LEFT_OUT), ids)
    # I01_01_01 keeps its number and is not there itself; that of I75_01_01 is I68_01_01 in the other list.
    assert kept == ["I68_01_01", "new_01_01", "new_01_03"]


def test_what_it_needs_is_said():
    samples = table(range(len(CELLS)))
    with pytest.raises(InputError, match="needs a column 'level'"):
        MisalignedThinner(Keeps(), samples.columns("id", "reference", "type"), LEFT_OUT)
    with pytest.raises(InputError, match="needs ids"):
        MisalignedThinner(Keeps(), samples, LEFT_OUT).fit(np.ones((2, 4), dtype=np.float32))
