"""The Triton kernels, run by Triton's interpreter: test_fused.py starts this file in a process of its own."""

from __future__ import annotations

import pytest
import torch

from syndr.distort import TYPES, distort, fused
from syndr.distort.random import Stream

LEVELS = [1, 3, 2]
SEEDS = [7, -(2**63), 2**40 + 1]
KERNELS = [number for number in TYPES if number not in (6, 7, 9, 10, 15, 17, 18, 22, 25)]


@pytest.fixture(autouse=True)
def _large_programs(monkeypatch):
    """The interpreter's time goes by programs, not by pixels."""
    monkeypatch.setattr(fused, "_PIXELS", 4096)


@pytest.fixture
def both(monkeypatch):
    """Give what a function gives by the native core and by Triton's kernels."""

    def both(function):
        monkeypatch.delenv("SYNDR_DISTORT", raising=False)
        here = function()
        monkeypatch.setenv("SYNDR_DISTORT", "triton")
        return here, function()

    return both


@pytest.mark.parametrize("number", KERNELS)
def test_images_of_several_levels(both, photograph, number):
    images = torch.cat([photograph(48, 51, seed) for seed in range(3)])
    here, there = both(lambda: distort(images, number, LEVELS, SEEDS))
    assert (here.int() - there.int()).abs().max() <= 1
    images = 0.03 + 0.9 * images / 255
    here, there = both(lambda: distort(images, number, LEVELS, SEEDS))
    assert (here - there).abs().max() <= 2e-5


@pytest.mark.parametrize("count", [1, 4, 1030])
def test_draws(both, count):
    def words():
        return torch.cat([Stream(torch.tensor([seed]), 11, level).words(count, 2) for seed, level in ROWS])

    def uniform():
        return torch.cat([Stream(torch.tensor([seed]), 11, level).uniform((count,), 2) for seed, level in ROWS])

    def normal():
        return torch.cat([Stream(torch.tensor([seed]), 11, level).normal((count,), 2) for seed, level in ROWS])

    for function in (words, uniform):
        assert torch.equal(*both(function))
    torch.testing.assert_close(*both(normal), rtol=2e-7, atol=1e-12)
    together = Stream(torch.tensor(SEEDS), 11, torch.tensor(LEVELS))
    assert torch.equal(together.words(count, 2), words())  # both by the kernel, which is still chosen


ROWS = list(zip(SEEDS, LEVELS, strict=True))


@pytest.mark.parametrize("sizes", [(0.0, 0.0), (0.0, 0.7), (0.7, 0.0), (1.9, 1.9), (4.5, 30.0)])
def test_warping_at_the_borders(both, photograph, sizes):
    """Displacements that are nil on one axis move the border's samples on the other."""
    from syndr.distort import jitter

    images = torch.cat([photograph(12, 9, seed) for seed in (1, 2)]).double() / 255
    normal = torch.randn(2, 5, 2, 12, 9, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    normal *= torch.tensor(sizes).view(2, 1, 1)
    here, there = both(lambda: jitter(images, [0.5, 1.0], normal))
    torch.testing.assert_close(here, there, rtol=0, atol=1e-12)
