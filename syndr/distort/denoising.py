"""Denoise (type 15): white noise, and a network against it in each channel.

The official generator calls MATLAB's pretrained DnCNN, whose weights are not public. ``dncnn.safetensors`` beside this
file is a small network of the same kind that stands in for it, trained by ``tests/campaigns/train_denoiser.py`` on
photographs of scikit-image and scikit-learn; :func:`set_dncnn_weights` puts another in its place, such as the authors'
published blind grey one, the stand-in of the specification.

How they compare, levels 1 to 5, in dB (PSNR):

==================================================  =====  =====  =====  =====  =====
to the picture, scikit-learn's china, its middle    23.4   21.6   20.7   18.1   15.9
the same through the authors' network               25.8   22.5   20.8   17.6   15.0
to the picture, the specification's small astronaut 24.3   22.1   21.1   17.7   15.5
the same through the authors' network               25.9   22.8   21.0   17.7   15.0
ours to theirs, the same noise                      29.0   27.6   26.2   24.1   24.0
==================================================  =====  =====  =====  =====  =====

The small network takes more fine texture away at levels 1 and 2, and at level 5 a little more of the grain that theirs
leaves. Both photographs were kept out of its training.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from syndr.distort.dncnn import DnCNN, load_dncnn
from syndr.distort.noise import white_noise

_SHIPPED = Path(__file__).with_name("dncnn.safetensors")
# An environment variable, so that worker processes use what their parent uses, however they are started.
_VARIABLE = "SYNDR_DNCNN_WEIGHTS"


def denoise(images: Tensor, variance: float, normal: Tensor, network: DnCNN | None = None) -> Tensor:
    """Add white noise, and denoise each channel alone (SPEC section 4, type 15).

    On a CPU an image's values are the same bits whatever the batch and the number of threads. On CUDA they are computed
    in full float32 too (no TF32); the tests ask them to lie within 2e-4 of the CPU's.

    Args:
        images: Float tensor (B, 3, H, W) in [0, 1]; not modified.
        variance: Of the noise, >= 0; the shipped network is made for KADID's levels, 0.01 to 0.15.
        normal: Standard normal draws of the images' shape.
        network: The denoiser; by default the one that :func:`set_dncnn_weights` chose.

    Returns:
        Tensor of the same shape and dtype; its values may leave [0, 1].

    Raises:
        InputError: When the draws have another shape, or the chosen weights file is gone or no such network.
    """
    noisy = white_noise(images, variance, normal).contiguous()
    network = (network or _chosen_network()).to(images.device, images.dtype)
    # One channel at a time: convolutions round differently in another batch, and this is also faster on a CPU.
    channels = [network(channel[None, None]) for channel in noisy.flatten(0, 1)]
    return torch.cat(channels).view(images.shape)


def set_dncnn_weights(path: str | Path | None) -> None:
    """Choose the network of type 15 for this process and those it starts from now on.

    The choice is kept in the environment variable ``SYNDR_DNCNN_WEIGHTS``, which may also be set from outside. The
    pixels of type 15 depend on it as well as on the sample: :func:`dncnn_id` names it.

    Args:
        path: A file that :func:`load_dncnn` reads; None for the network that comes with this package.

    Raises:
        InputError: As :func:`load_dncnn`; the choice is then what it was.
    """
    _load_once.cache_clear()
    if path is None:
        os.environ.pop(_VARIABLE, None)
    else:
        _load_once(Path(path).resolve())
        os.environ[_VARIABLE] = str(Path(path).resolve())


@contextmanager
def dncnn_weights(path: str | Path | None) -> Iterator[None]:
    """Use these weights as :func:`set_dncnn_weights` does, and then those from before; None changes nothing."""
    before = os.environ.get(_VARIABLE)
    if path is not None:
        set_dncnn_weights(path)
    try:
        yield
    finally:
        if path is not None:
            set_dncnn_weights(before)


def dncnn_id() -> str:
    """Name the weights of type 15's network by their content.

    Raises:
        InputError: When the file that ``SYNDR_DNCNN_WEIGHTS`` names cannot be used.
    """
    return _chosen_network().id


def _chosen_network() -> DnCNN:
    return _load_once(Path(os.environ.get(_VARIABLE) or _SHIPPED))


@lru_cache(maxsize=1)
def _load_once(path: Path) -> DnCNN:
    return load_dncnn(path)
