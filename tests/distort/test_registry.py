"""The registry, and that it names what is public."""

from oracle import kadid as oracle

import syndr.distort
from syndr.distort import TYPES


def test_entries_are_keyed_and_ordered_by_their_numbers():
    assert list(TYPES) == sorted(TYPES)
    assert all(entry.number == number for number, entry in TYPES.items())


def test_levels_equal_the_specifications():
    assert {number: entry.levels for number, entry in TYPES.items()} == oracle.LEVELS


def test_kadid_names_families_and_kinds():
    assert {number: (entry.name, entry.family, entry.stochastic) for number, entry in TYPES.items()} == {
        1: ("Gaussian blur", "blur", False),
        2: ("Lens blur", "blur", False),
        3: ("Motion blur", "blur", True),
        4: ("Color diffusion", "color", False),
        5: ("Color shift", "color", True),
        6: ("Color quantization", "quantizers", False),
        7: ("Color saturation 1", "color", False),
        8: ("Color saturation 2", "color", False),
        9: ("JPEG2000", "compression", False),
        10: ("JPEG", "compression", False),
        11: ("White noise", "noise", True),
        12: ("White noise in color component", "noise", True),
        13: ("Impulse noise", "noise", True),
        14: ("Multiplicative noise", "noise", True),
        15: ("Denoise", "denoising", True),
        16: ("Brighten", "tone", False),
        17: ("Darken", "tone", False),
        18: ("Mean shift", "tone", False),
        19: ("Jitter", "warp", True),
        20: ("Non-eccentricity patch", "spatial", True),
        21: ("Pixelate", "spatial", False),
        22: ("Quantization", "quantizers", False),
        23: ("Color block", "spatial", True),
        24: ("High sharpen", "sharpen", False),
        25: ("Contrast change", "tone", False),
    }


def test_functions_live_in_their_families_and_are_public():
    for entry in TYPES.values():
        assert entry.function.__module__ == f"syndr.distort.{entry.family}"
        assert getattr(syndr.distort, entry.function.__name__) is entry.function
