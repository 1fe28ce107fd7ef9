"""Against the pictures of the official generator, every type at every level."""

import numpy as np
import pytest
import torch
from shared_data import shared

from syndr.distort import TYPES, apply

CASES = [(number, level) for number in TYPES for level in range(1, 6)]
CODEC_TIED = 9


def chw(array):
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(array, -1, -3)))[None]


def psnr(a, b):
    error = (a.double() - b.double()).square().mean().item()
    return float("inf") if error == 0 else 10 * np.log10(255**2 / error)


def check_8bit(own, official, picture, number):
    if number == CODEC_TIED:
        assert psnr(own, official) > 40
        assert psnr(own, picture) == pytest.approx(psnr(official, picture), abs=0.2)
    else:
        assert (own.int() - official.int()).abs().max() <= 1
        assert psnr(own, official) >= 60


@pytest.fixture(scope="module")
def small():
    with np.load(shared("kadid/small_astronaut.npz")) as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(scope="module")
def small_draws():
    return np.load(shared("kadid/small_astronaut_draws.npz"))


@pytest.fixture(scope="module")
def large():
    with np.load(shared("kadid/astronaut_512x384.npz")) as file:
        return {name: file[name] for name in file.files}


def official_draws(file, number, level):
    """The draws of one picture, in the layout that this package gives them."""
    draws = [file[name] for name in sorted(file.files) if name.startswith(f"{number:02d}_{level}/")]
    if not draws:
        return None
    if number == 3:
        return torch.from_numpy(draws[0])[None]
    if number == 19:
        return torch.cat([chw(planes) for planes in draws])[None]
    if number in (20, 23):
        return torch.from_numpy(np.hstack(draws)).view(1, TYPES[number].levels[level - 1], -1)
    return chw(draws[0])


@pytest.mark.parametrize(("number", "level"), CASES)
def test_small_astronaut_with_the_official_draws(small, small_draws, number, level):
    draws = official_draws(small_draws, number, level)
    picture = chw(small["image"])
    official = chw(small["float32"][number - 1, level - 1])
    own = apply(picture.float() / 255, number, level, draws)
    assert own.dtype == torch.float32
    if number != CODEC_TIED:
        assert (own - official).abs().max() <= 2e-4
    check_8bit(apply(picture, number, level, draws), chw(small["uint8"][number - 1, level - 1]), picture, number)


@pytest.mark.parametrize(("number", "level"), [case for case in CASES if case[0] == 3 or not TYPES[case[0]].stochastic])
def test_astronaut_at_kadid_size(large, number, level):
    row = large["types"].tolist().index(number)
    draws = torch.from_numpy(large[f"draw_03_{level}_000_randi"])[None] if number == 3 else None
    picture = chw(large["image"])
    check_8bit(apply(picture, number, level, draws), chw(large["uint8"][row, level - 1]), picture, number)


def test_levels_are_those_of_the_published_table():
    table = np.genfromtxt(
        shared("data/tables/kadid_distortion_parameters.csv"), delimiter=",", dtype=str, skip_header=1
    )
    published = {int(row[0]): tuple(float(value) for value in row[2].split()) for row in table}
    assert {number: entry.levels for number, entry in TYPES.items()} == {number: published[number] for number in TYPES}
