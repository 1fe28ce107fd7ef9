"""A counter-based random generator, so that a sample's draws depend on its seed, type and level alone.

Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011): ten
rounds that turn a 128-bit counter into four random 32-bit words under a 64-bit key. The key is the sample's
seed; the counter is (block of four elements, number of the draw, type, level). Nothing is stored between
calls, so batch, order, thread and device state cannot matter.

torch has no unsigned arithmetic: words live in int64 tensors, where every operation used here is exact (a
product of two 32-bit words wraps to the right 64 bits), on every device.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from syndr.distort import fused, native
from syndr.distort.cache import pieces

_WORD = (1 << 32) - 1
_ROUNDS = 10
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)

Words = tuple[Tensor, Tensor, Tensor, Tensor]


def philox(counter: Words, key: tuple[Tensor, Tensor]) -> Words:
    """Encrypt counters: Philox4x32-10.

    Args:
        counter: Four int64 tensors of 32-bit words, of shapes that broadcast together.
        key: Two more of them.

    Returns:
        Four int64 tensors of random words in [0, 2**32).
    """
    shape = torch.broadcast_shapes(*(word.shape for word in (*counter, *key)))  # type: ignore[no-untyped-call]
    c0, c1, c2, c3 = (word.expand(shape) for word in counter)
    c0, c2 = c0.clone(), c2.clone()
    k0, k1 = key
    for _ in range(_ROUNDS):
        first, second = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        torch.bitwise_right_shift(second, 32, out=c0).bitwise_xor_(c1).bitwise_xor_(k0).bitwise_and_(_WORD)
        torch.bitwise_right_shift(first, 32, out=c2).bitwise_xor_(c3).bitwise_xor_(k1).bitwise_and_(_WORD)
        # What they have above 32 bits is cut off a round later, when they have been xored into c0 and c2.
        c1, c3 = second, first
        k0, k1 = (k0 + _KEY_STEPS[0]) & _WORD, (k1 + _KEY_STEPS[1]) & _WORD
    return c0, c1.bitwise_and_(_WORD), c2, c3.bitwise_and_(_WORD)


def box_muller(words: Words) -> Words:
    """Turn random 32-bit words into standard normal numbers, each two into two: float64."""
    first, second, third, fourth = (word.double() for word in words)
    return (*_two_normal(first, second), *_two_normal(third, fourth))


def _two_normal(word: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """Give the coordinates of a point at a random distance and angle; the words' memory is used up."""
    radius = word.add_(1).mul_(2.0**-32).log_().mul_(-2).sqrt_()  # the + 1 keeps zero out of the logarithm
    angle = other.mul_(2 * math.pi * 2.0**-32)
    return radius * angle.cos(), radius.mul_(angle.sin_())


@dataclass(frozen=True)
class Stream:
    """The draws of a batch of samples that share a distortion type.

    Attributes:
        seeds: int64 tensor (B,), one seed per sample; draws live on its device.
        type: KADID type.
        level: KADID level, of all samples or int64 (B,).

    Each method takes ``draw``, the number of the draw: two draws of one sample need different numbers.
    """

    seeds: Tensor
    type: int
    level: int | Tensor

    def words(self, count: int, draw: int = 0) -> Tensor:
        """Give ``count`` random 32-bit words per sample: int64 (B, count) in [0, 2**32)."""
        if fused.runs_on(self.seeds.device):
            return fused.draw(self.seeds, self._levels(), (draw, self.type), count, torch.int64)
        return self._numbers(count, draw, torch.int64, lambda words: words)

    def uniform(self, shape: tuple[int, ...], draw: int = 0) -> Tensor:
        """Give uniform numbers in [0, 1), multiples of 2**-32: float64 (B, *shape)."""
        count = math.prod(shape)
        if fused.runs_on(self.seeds.device):
            return fused.draw(self.seeds, self._levels(), (draw, self.type), count, torch.float64).view(-1, *shape)
        if native.runs_on(self.seeds.device) and isinstance(self.level, int):
            return native.draw_uniform(self.seeds, (draw, self.type, self.level), count).view(-1, *shape)
        numbers = self._numbers(count, draw, torch.float64, lambda words: [word.double() * 2.0**-32 for word in words])
        return numbers.reshape(-1, *shape)

    def integers(self, bound: int, shape: tuple[int, ...], draw: int = 0) -> Tensor:
        """Give uniform integers 0..bound-1, each within 2**-32 of its probability: int64 (B, *shape)."""
        return ((self.words(math.prod(shape), draw) * bound) >> 32).reshape(-1, *shape)

    def normal(self, shape: tuple[int, ...], draw: int = 0) -> Tensor:
        """Give standard normal numbers by the Box-Muller transform: float32 (B, *shape), at most 6.7 in size.

        Logarithm, sine and cosine are computed in float64 and rounded once: libraries, devices and the CPU kernel
        differ in the last bits of a float64, which leaves the float32 the same but for a few numbers in a hundred
        million, and those differ by one unit in the last place.
        """
        count = math.prod(shape)
        if fused.runs_on(self.seeds.device):
            return fused.draw(self.seeds, self._levels(), (draw, self.type), count, torch.float32).view(-1, *shape)
        if native.runs_on(self.seeds.device) and isinstance(self.level, int):
            return native.draw_normal(self.seeds, (draw, self.type, self.level), count).view(-1, *shape)
        return self._numbers(count, draw, torch.float32, box_muller).reshape(-1, *shape)

    def _levels(self) -> Tensor:
        return self.level if isinstance(self.level, Tensor) else torch.full_like(self.seeds, self.level)

    def _numbers(self, count: int, draw: int, dtype: torch.dtype, make: Callable[[Words], Iterable[Tensor]]) -> Tensor:
        """Give (B, count) of what ``make`` makes of the four words of each block."""
        device = self.seeds.device
        seeds = self.seeds[:, None]
        key = (seeds & _WORD, (seeds >> 32) & _WORD)
        rest = [torch.tensor([[word]], device=device) for word in (draw, self.type)] + [self._levels()[:, None]]
        blocks = torch.arange(-(-count // 4), device=device)[None]
        numbers = torch.empty((len(seeds), blocks.shape[1], 4), dtype=dtype, device=device)
        for piece in pieces(blocks.shape[1], len(seeds), device):
            words = philox((blocks[:, piece], rest[0], rest[1], rest[2]), key)
            for place, values in zip(numbers[:, piece].unbind(-1), make(words), strict=True):
                place.copy_(values)
        return numbers.flatten(1)[:, :count]
