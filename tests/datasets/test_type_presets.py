import pytest

from syndr.datasets import TYPE_PRESETS, preset_types
from syndr.errors import InputError

# The released lists, row by row.
LISTS = """
livec 1 3 10 17 18 25
koniq10k 1 3 16 17 18 25
bid 1 3 9 21 23 25
pipal-1 1 2 3 9 17 18 25
pipal-2 1 2 3 9 17 23
pipal-3 1 3 16 17 18 19 25
pipal-4 1 2 3 7 9 10 17 18 25
pipal-5 1 2 3 4 9
pipal-6 1 2 3 9 10 11 12 16 17 18 19 21 22 25
greedy-livec 1 3 9 18 20 25
greedy-koniq10k 1 2 10 17 20 25
"""


def test_presets_are_the_released_lists():
    lists = {f"dgqa-{name}": tuple(map(int, types)) for name, *types in map(str.split, LISTS.strip().splitlines())}
    lists["released-pipal-4"] = tuple(kind for kind in lists["dgqa-pipal-4"] if kind != 2)
    assert lists == TYPE_PRESETS


def test_an_unknown_preset_is_refused():
    with pytest.raises(InputError, match="no preset of types is called 'livec'; there are dgqa-livec, "):
        preset_types("livec")
