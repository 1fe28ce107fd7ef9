"""The forward pass of an extraction: in full batches, and the fast way for each kind of device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from syndr.errors import InputError
from syndr.features.backbones import Backbone
from syndr.torch_threads import thread_pool

#: Number formats of the forward pass; all but float32 are torch's autocast.
PRECISIONS = ("float32", "float16", "bfloat16")

# On a CPU each core takes a few pictures at a time through the network by itself. Cores that share every operation wait
# for each other at its end, and wait long where one is decoding meanwhile. In larger pieces the activations pass the
# 32 MB above which the C library takes each block from the system and gives it back.
_PIXELS_AT_ONCE = 2 * 224 * 224

Features = npt.NDArray[np.floating]


def check_precision(precision: str) -> None:
    """Raise InputError unless this is one of ``PRECISIONS``."""
    if precision not in PRECISIONS:
        raise InputError(f"extract: precision={precision!r} must be one of {', '.join(PRECISIONS)}")


class Forward:
    """A network on a device, in evaluation mode; a context manager that leaves its mode as it was.

    Memory is laid out channels-last, which convolutions of both CPUs and GPUs like best. On a CPU the network is called
    on several threads at once, as many as torch has, each with one thread of its own: features do not depend on their
    number, and a network of one's own must keep no state between calls.

    Attributes:
        workers: The threads it works on, while it is entered, on a CPU; None elsewhere. They take other work too.
        pinned: Whether pictures should lie in pinned memory.
        ahead: How many batches should be under way, so that the device never waits.

    Args:
        backbone: The network; it is moved to the device.
        device: Where it runs.
        precision: One of ``PRECISIONS``.
        compile: Whether to compile it with ``torch.compile``.

    Raises:
        InputError: When there is no such precision.
    """

    def __init__(self, backbone: Backbone, device: str | torch.device, precision: str, compile: bool) -> None:
        check_precision(precision)
        self._backbone, self._device = backbone, torch.device(device)
        self._precision = precision
        self._network: Callable[[torch.Tensor], torch.Tensor] = torch.compile(backbone) if compile else backbone
        self._stack = ExitStack()
        self._threads = torch.get_num_threads()
        self.workers: ThreadPoolExecutor | None = None
        self.pinned = self._device.type == "cuda"
        self.ahead = 1 + (self._threads // 8 if self._device.type == "cpu" else 0)

    def __enter__(self) -> Forward:
        self._stack.enter_context(_evaluating(self._backbone, self._device))
        if self._device.type == "cpu":
            self.workers = self._stack.enter_context(thread_pool(self._threads, "syndr-forward"))
            self._stack.callback(self.workers.shutdown, cancel_futures=True)
            # Whoever fills the batches meanwhile has no core to itself either.
            self._stack.callback(torch.set_num_threads, self._threads)
            torch.set_num_threads(1)
        return self

    def __exit__(self, *raised: Any) -> None:
        self._stack.close()

    def submit(self, pictures: torch.Tensor) -> Callable[[], Features]:
        """Start the forward pass of a batch.

        Args:
            pictures: uint8 of shape (B, 3, H, W), in pinned memory when ``pinned``; it must not be written to again.

        Returns:
            A function that waits for the features, float32 of shape (B, dims), and gives them; it raises
            :class:`InputError` when the network failed, or gave something else than it declares. The caller can
            prepare the next batch meanwhile.

        Raises:
            InputError: As that function, where the device does not work on threads.
        """
        if self.workers is not None:
            parts = [self.workers.submit(self._features, part) for part in self._parts(pictures)]
            return lambda: torch.cat([part.result() for part in parts]).numpy()
        features = self._features(pictures)
        if not self.pinned:
            return lambda: features.cpu().numpy()
        host = torch.empty(features.shape, pin_memory=True)
        host.copy_(features, non_blocking=True)
        done = torch.cuda.Event()  # type: ignore[no-untyped-call]
        done.record(torch.cuda.current_stream(self._device))

        def wait() -> Features:
            done.synchronize()
            return host.numpy()

        return wait

    def _features(self, pictures: torch.Tensor) -> torch.Tensor:
        """Compute the features of some pictures on the device, and check their shape."""
        try:
            with torch.inference_mode(), self._autocast():
                features = self._network(self._prepared(pictures)).float()
        except (RuntimeError, AssertionError) as error:  # a size it does not take, or memory that is not there
            raise InputError(
                f"backbone {self._backbone.name} failed on {len(pictures)} pictures of {pictures.shape[3]} x "
                f"{pictures.shape[2]} pixels ({str(error).splitlines()[0]}); choose another crop or batch size"
            ) from error
        if features.shape != (len(pictures), self._backbone.dims):
            raise InputError(
                f"backbone {self._backbone.name} gave features of shape {tuple(features.shape)} for {len(pictures)} "
                f"images; it declares {self._backbone.dims} dimensions"
            )
        return features

    @staticmethod
    def _parts(pictures: torch.Tensor) -> tuple[torch.Tensor, ...]:
        at_once = max(1, _PIXELS_AT_ONCE // pictures[0, 0].numel())
        return tuple(pictures[start : start + at_once] for start in range(0, len(pictures), at_once))

    def _prepared(self, pictures: torch.Tensor) -> torch.Tensor:
        there = pictures.to(self._device, non_blocking=self.pinned)
        return there.contiguous(memory_format=torch.channels_last).float() / 255

    def _autocast(self) -> AbstractContextManager[Any]:
        if self._precision == "float32":
            return nullcontext()
        return torch.autocast(self._device.type, getattr(torch, self._precision))


@contextmanager
def channels_last(network: nn.Module) -> Iterator[None]:
    """Hold a network's weights in the layout that convolutions of both CPUs and GPUs like best.

    Afterwards they are contiguous again, which safetensors, for one, asks for; unless they had this layout before, as
    while the network is being trained.
    """
    kernels = [weight for weight in network.parameters() if weight.ndim == 4]
    if all(weight.is_contiguous(memory_format=torch.channels_last) for weight in kernels):
        yield
        return
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    try:
        yield
    finally:
        network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]


@contextmanager
def _evaluating(backbone: Backbone, device: torch.device) -> Iterator[None]:
    """Hold the network on the device in evaluation mode, computing reproducibly and without TF32."""
    modes = [(module, module.training) for module in backbone.modules()]
    backbone.to(device).eval()
    try:
        with (
            channels_last(backbone),
            torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False),
        ):
            yield
    finally:
        for module, mode in modes:
            module.training = mode
