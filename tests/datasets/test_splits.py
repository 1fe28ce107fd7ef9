from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndr.datasets import SPLITS, part_of, split_by_reference
from syndr.errors import InputError
from syndr.rng import hash_ids
from syndr.samples import Samples


def kadid(references=81, each=3):
    names = [f"I{number:02d}" for number in range(1, references + 1) for _ in range(each)]
    return Samples.from_columns(id=[f"{name}-{row}" for row, name in enumerate(names)], reference=names)


@given(st.integers(2, 60), st.integers(0, 20), st.integers(-(2**63), 2**63), st.floats(0.01, 0.6))
def test_parts_by_the_rule(references, number, seed, share):
    samples = kadid(references)
    tests = max(1, round(share * references))
    if tests == references:
        with pytest.raises(InputError):
            split_by_reference(samples, number, seed=seed, test_share=share)
        return
    found = split_by_reference(samples, number, seed=seed, test_share=share)
    # The rule in plain words: sort the references by their hash, and test on the first.
    names = sorted(set(samples["reference"]))
    in_order = [name for _, name in sorted(zip(hash_ids(names, seed, 4, number).tolist(), names, strict=True))]
    assert set(part_of(found, "test")["reference"]) == set(in_order[:tests])
    assert set(part_of(found, "train")["reference"]) == set(in_order[tests:])


def test_ten_splits_of_eighty_to_twenty():
    samples = kadid()
    parts = [split_by_reference(samples, number)["split"].tolist() for number in range(SPLITS)]
    assert SPLITS == 10
    assert all(Counter(part) == {"train": 65 * 3, "test": 16 * 3} for part in parts)
    assert len({tuple(part) for part in parts}) == 10
    assert split_by_reference(samples, 3)["split"].tolist() == parts[3]
    assert split_by_reference(samples, 3, seed=1)["split"].tolist() != parts[3]


def test_a_split_is_fixed_for_ever():
    found = part_of(split_by_reference(kadid(each=1), 0), "test")["reference"]
    expected = "I07 I09 I13 I15 I19 I21 I24 I26 I28 I29 I48 I52 I53 I58 I74 I79"
    assert sorted(found) == expected.split()


def test_row_order_does_not_matter():
    samples = kadid(20)
    turned = samples.take(np.random.default_rng(0).permutation(len(samples)))
    ours, theirs = (split_by_reference(table, 1) for table in (samples, turned))
    assert theirs.by_id(ours.ids)["split"].tolist() == ours["split"].tolist()


def test_a_picture_without_a_reference_stands_alone():
    samples = Samples.from_columns(id=list("abcde"))
    assert Counter(split_by_reference(samples)["split"]) == {"train": 4, "test": 1}
    some = Samples.from_columns(id=list("abcd"), reference=["r", "r", None, None])
    for number in range(6):
        parts = split_by_reference(some, number)["split"]
        assert parts[0] == parts[1]


def test_unusable_splits():
    with pytest.raises(InputError, match="1 references cannot be split"):
        split_by_reference(kadid(1))
    with pytest.raises(InputError, match="no 'train' part; there are"):
        part_of(Samples.from_columns(id=["a"], split=["test"]), "train")
