"""CPU and CUDA make the same pictures: within SPEC section 5's gates for float32."""

import pytest
import torch

from syndr.distort import TYPES, distort

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]


def pictures(dtype):
    """Ten pictures of smooth shapes with texture, two for each level."""
    generator = torch.Generator().manual_seed(0)
    shapes = torch.rand((10, 3, 6, 8), generator=generator)
    smooth = torch.nn.functional.interpolate(shapes, (96, 128), mode="bicubic")
    images = (smooth + 0.05 * torch.randn((10, 3, 96, 128), generator=generator)).clamp(0, 1)
    return images if dtype.is_floating_point else (images * 255).round().to(dtype)


@pytest.mark.parametrize("number", TYPES)
@pytest.mark.parametrize(("dtype", "gate"), [(torch.float32, 2e-4), (torch.uint8, 1)])
def test_cuda_agrees_with_cpu(number, dtype, gate):
    images = pictures(dtype)
    levels, seeds = [1, 2, 3, 4, 5] * 2, list(range(10))
    here = distort(images, number, levels, seeds)
    there = distort(images.cuda(), number, levels, seeds)
    assert there.is_cuda and there.dtype == dtype
    assert (here.double() - there.cpu().double()).abs().max() <= gate


def test_cuda_does_not_depend_on_the_batch():
    images = pictures(torch.float32).cuda()
    types, levels = [1, 3, 11, 18, 25] * 2, [1, 2, 3, 4, 5] * 2
    together = distort(images, types, levels, list(range(10)))
    alone = [distort(images[row : row + 1], types[row], levels[row], row) for row in range(10)]
    assert (together - torch.cat(alone)).abs().max() <= 2e-4
