"""The distortions as ``torch.nn`` modules, for pipelines made of modules: thin, and without any state to save.

``Distort`` is the whole pipeline of one type and level. Beside it stands one class for the function of each type,
named after it: ``GaussianBlur(sigma=2)`` wraps ``syndr.distort.gaussian_blur``, ``WhiteNoise(variance=0.01)`` wraps
``syndr.distort.white_noise``; ``CLASSES`` has them all by KADID's number. They are made from the registry.
"""

from __future__ import annotations

from collections.abc import Sequence
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, ClassVar

from torch import Tensor, nn

from syndr.distort import arguments
from syndr.distort.batch import distort
from syndr.distort.registry import TYPES, Distortion
from syndr.errors import InputError


class Distort(nn.Module):
    """Distort images as KADID does, stretched before and after; see :func:`syndr.distort.distort`.

    Args:
        type: KADID type.
        level: KADID level 1..5.

    Raises:
        InputError: When there is no such type or level.
    """

    def __init__(self, type: int, level: int) -> None:
        super().__init__()
        self.entry = TYPES[arguments.check_type(arguments.scalar("type", type))]
        self.level = arguments.check_level(arguments.scalar("level", level))

    def forward(
        self, images: Tensor, seed: int | Sequence[int] | Tensor | None = None, ids: Sequence[str] | None = None
    ) -> Tensor:
        """Give the distorted images, as uint8 or float as they came.

        Args:
            images: (B, 3, H, W), RGB, uint8 or float in [0, 1].
            seed: One 64-bit integer per image; one in all for a single image or with ``ids``. Only a stochastic
                type needs it.
            ids: One string per image.

        Raises:
            InputError: As :func:`syndr.distort.distort`, or when a stochastic type is given no seed.
        """
        if seed is None:
            if self.entry.stochastic:
                raise InputError(f"type {self.entry.number} ({self.entry.name}) is random: give a seed for each image")
            seed = [0] * len(images)
        return distort(images, self.entry.number, self.level, seed, ids)

    def extra_repr(self) -> str:
        """Show type, level and the name of the type."""
        return f"type={self.entry.number}, level={self.level}, name={self.entry.name!r}"


class Function(nn.Module):
    """A type's function with its parameter, given by position or by its name; the base of ``CLASSES``.

    It works on images already stretched to [0, 1]. ``forward(images)``, or ``forward(images, draws)`` when the type
    is stochastic, is what the function's own documentation says.
    """

    entry: ClassVar[Distortion]

    def __init__(self, *value: float, **named: float) -> None:
        super().__init__()
        bound = _signature(self.entry).bind(*value, **named)
        self.parameter = bound.arguments[self.entry.parameter]

    def forward(self, images: Tensor, *draws: Tensor) -> Tensor:
        """Call the function."""
        return self.entry.function(images, self.parameter, *draws)

    def extra_repr(self) -> str:
        """Show the parameter."""
        return f"{self.entry.parameter}={self.parameter:g}"


def _signature(entry: Distortion) -> Signature:
    return Signature([Parameter(entry.parameter, Parameter.POSITIONAL_OR_KEYWORD, annotation=float)])


def _class_of(entry: Distortion) -> type[Function]:
    """Make ``GaussianBlur`` of ``gaussian_blur``."""
    wrapped = entry.function.__name__
    name = "".join(word.capitalize() for word in wrapped.split("_"))
    about = f"{entry.name} (KADID's type {entry.number}): wraps :func:`syndr.distort.{wrapped}`."
    members = {"entry": entry, "__doc__": about, "__module__": __name__, "__signature__": _signature(entry)}
    return type(name, (Function,), members)


#: The class of each type, by KADID's number.
CLASSES: dict[int, type[Function]] = {number: _class_of(entry) for number, entry in TYPES.items()}

# As attributes of this module they can be imported by name, and pickled.
globals().update({made.__name__: made for made in CLASSES.values()})

if TYPE_CHECKING:

    def __getattr__(name: str) -> type[Function]:
        """Tell type checkers of the classes."""
