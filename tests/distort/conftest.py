"""Pictures like photographs, made here, so that these tests need no data."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

Photograph = Callable[..., torch.Tensor]


def _photograph(height: int = 64, width: int = 64, seed: int = 0, low: int = 0, high: int = 255) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    frequency[0, 0] = np.inf
    shared, *own = rng.standard_normal((4, height, width))
    channels = [np.fft.irfft2(np.fft.rfft2(shared + 0.4 * field) / frequency, (height, width)) for field in own]
    picture = np.stack(channels) / np.std(channels)
    picture[:, height // 3 :, width // 2 :] += 1  # an edge, as an object has
    picture = np.tanh(picture)
    picture = (picture - picture.min()) / (picture.max() - picture.min())
    return torch.from_numpy(np.round(low + (high - low) * picture).astype(np.uint8))[None]


@pytest.fixture(scope="session")
def photograph() -> Photograph:
    """Make a (1, 3, H, W) uint8 picture with a photograph's spectrum that spans exactly low..high."""
    return _photograph


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Pictures as small as these cost threads more time than they save."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
