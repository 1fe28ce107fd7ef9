"""ARNIQA's public port of KADID's distortions (Agnolucci et al., WACV 2024), one picture at a time.

It runs from a checkout of the user's own, which SYNDR_ARNIQA names, and as it is: its licence (CC BY-NC 4.0) is not
ours, so that none of it is here. It leaves out the stretches and has levels of its own, which are read from it.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from torch import Tensor

from benchmarks.pictures import photographs

CONTESTANT = "ARNIQA's port, one image at a time"
#: KADID's types by the port's names. It has neither 6 nor 15; the one it adds is not KADID's.
NAMES = {
    1: "gaublur", 2: "lensblur", 3: "motionblur", 4: "colordiff", 5: "colorshift", 7: "colorsat1", 8: "colorsat2",
    9: "jpeg2000", 10: "jpeg", 11: "whitenoise", 12: "whitenoiseCC", 13: "impulsenoise", 14: "multnoise",
    16: "brighten", 17: "darken", 18: "meanshift", 19: "jitter", 20: "noneccpatch", 21: "pixelate",
    22: "quantization", 23: "colorblock", 24: "highsharpen", 25: "lincontrchange",
}  # fmt: skip
#: These write into the picture that they are given, so they get a copy: that is part of their work.
IN_PLACE = frozenset({5, 9, 10, 13, 20, 23})
_ENTRY = Path("utils", "utils_data.py")


class Port:
    """The port in a checkout.

    Args:
        checkout: The repository's folder.

    Attributes:
        failures: What its functions said that fail with the libraries installed here, by KADID's number.

    Raises:
        FileNotFoundError: The folder is no checkout of ARNIQA.
    """

    def __init__(self, checkout: Path) -> None:
        if not (checkout / _ENTRY).is_file():
            raise FileNotFoundError(f"there is no {checkout / _ENTRY}: SYNDR_ARNIQA must name a checkout of ARNIQA")
        sys.path.insert(0, str(checkout))
        try:
            self._code = importlib.import_module(".".join(_ENTRY.with_suffix("").parts))
        finally:
            sys.path.remove(str(checkout))
        self.failures: dict[int, str] = {}
        for number in NAMES:
            try:
                self.distort_all(photographs(1, 128, 128).float() / 255, [number], [1])
            except Exception as error:  # whatever it is: other versions of the libraries break other functions
                self.failures[number] = f"{type(error).__name__}: {error}"

    def distort_all(self, images: Tensor, types: Sequence[int], levels: Sequence[int]) -> list[Tensor]:
        """Distort float32 images (count, 3, height, width) in [0, 1], one after the other."""
        distorted = []
        for image, number, level in zip(images, types, levels, strict=True):
            function = self._code.distortion_functions[NAMES[number]]
            parameter = self._code.distortion_range[NAMES[number]][level - 1]
            mine = image.clone() if number in IN_PLACE else image
            distorted.append(self._code.distort_images(mine, [function], [parameter])[0])
        return distorted


def load() -> Port:
    """Give the port of the checkout that SYNDR_ARNIQA names; skip the test where it names none."""
    checkout = os.environ.get("SYNDR_ARNIQA")
    if not checkout:
        pytest.skip("SYNDR_ARNIQA names no checkout of ARNIQA")
    return Port(Path(checkout).resolve())
