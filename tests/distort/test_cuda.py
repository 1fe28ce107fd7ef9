"""CPU and CUDA make the same pictures, within SPEC section 5's gates for float32."""

import pytest
import torch

from syndr.distort import TYPES, NvImageCodec, distort, set_jpeg_codec
from syndr.distort.random import Stream

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


@pytest.mark.parametrize("as_float", [True, False])
def test_triton_s_kernels_agree_with_torch(images, as_float, monkeypatch):
    types = list(TYPES) * 2
    rows = range(len(types))
    images = images[[row % 10 for row in rows]].to(DEVICE)
    images = 0.03 + 0.9 * images / 255 if as_float else images
    levels = [1 + 3 * row % 5 for row in rows]
    found = distort(images, types, levels, rows)
    monkeypatch.setenv("SYNDR_DISTORT", "torch")
    expected = distort(images, types, levels, rows)
    assert (found.double() - expected.double()).abs().max() <= (2e-4 if as_float else 1)


@pytest.mark.parametrize("count", [1, 4, 1030])
def test_draws_agree(count):
    """Words and uniform numbers are the same bit for bit; normal numbers may differ in the last place."""
    seeds = torch.tensor([7, -(2**63), 2**40 + 1])
    here, there = (Stream(seeds.to(device), 11, torch.tensor([1, 3, 2], device=device)) for device in ("cpu", DEVICE))
    assert torch.equal(there.words(count, 2).cpu(), here.words(count, 2))
    assert torch.equal(there.uniform((count,), 2).cpu(), here.uniform((count,), 2))
    torch.testing.assert_close(there.normal((count,), 2).cpu(), here.normal((count,), 2), rtol=2e-7, atol=1e-12)


def test_a_picture_does_not_depend_on_its_batch(images):
    types = list(TYPES)
    rows = range(len(types))
    images = images[[row % 10 for row in rows]].to(DEVICE)
    levels = [1 + row % 5 for row in rows]
    together = distort(images, types, levels, rows)
    alone = [distort(images[row : row + 1], types[row], levels[row], [row]) for row in rows]
    assert (together.int() - torch.cat(alone).int()).abs().max() <= 1


@pytest.mark.parametrize("level", range(1, 6))
def test_jpeg_on_the_gpu_is_near_the_cpus(images, level, record_property):
    """The same tables, subsampling and upsampling, but other roundings; how near is recorded in dB.

    The bounds are wide: nearer to the CPU's picture than that is to the original, and as far from the original.
    """
    pytest.importorskip("nvidia.nvimgcodec", reason="nvImageCodec is not installed")
    by_cpu = distort(images.to(DEVICE), 10, level, SEEDS)
    set_jpeg_codec(NvImageCodec(), DEVICE)
    try:
        by_gpu = distort(images.to(DEVICE), 10, level, SEEDS)
    finally:
        set_jpeg_codec(None, DEVICE)
    assert by_gpu.device.type == DEVICE and not torch.equal(by_gpu, images.to(DEVICE))

    def psnr(a, b):
        return 10 * (255**2 / (a.double() - b.double()).square().mean()).log10().item()

    here, pictures = by_cpu.cpu(), images
    record_property("psnr_to_cpu_codec_db", psnr(by_gpu.cpu(), here))
    assert psnr(by_gpu.cpu(), here) > psnr(here, pictures) + 6
    assert psnr(by_gpu.cpu(), pictures) == pytest.approx(psnr(here, pictures), abs=0.5)
