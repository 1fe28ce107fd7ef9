"""CPU and CUDA make the same pictures, within SPEC section 5's gates for float32."""

import pytest
import torch

from syndr.distort import TYPES, distort

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]

DEVICE = "cuda"
LEVELS, SEEDS = [1, 2, 3, 4, 5] * 2, list(range(10))


@pytest.fixture
def images(photograph):
    return torch.cat([photograph(96, 128, seed) for seed in SEEDS])


@pytest.mark.parametrize("number", TYPES)
def test_8bit_pictures_agree(images, number):
    here = distort(images, number, LEVELS, SEEDS)
    there = distort(images.to(DEVICE), number, LEVELS, SEEDS)
    assert there.device.type == DEVICE
    assert (here.int() - there.cpu().int()).abs().max() <= 1


@pytest.mark.parametrize("number", TYPES)
def test_float_pictures_agree(images, number):
    images = 0.03 + 0.9 * images / 255  # no multiples of 1/255, so taken as they are
    here = distort(images, number, LEVELS, SEEDS)
    there = distort(images.to(DEVICE), number, LEVELS, SEEDS)
    assert there.device.type == DEVICE
    assert (here - there.cpu()).abs().max() <= 2e-4


def test_a_picture_does_not_depend_on_its_batch(images):
    types = list(TYPES)
    rows = range(len(types))
    images = images[[row % 10 for row in rows]].to(DEVICE)
    levels = [1 + row % 5 for row in rows]
    together = distort(images, types, levels, rows)
    alone = [distort(images[row : row + 1], types[row], levels[row], [row]) for row in rows]
    assert (together.int() - torch.cat(alone).int()).abs().max() <= 1
