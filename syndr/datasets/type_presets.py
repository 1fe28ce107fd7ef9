"""The distortion types that DGQA's classifier chose for each target database (Li et al.'s released lists).

The authors' SynDR-IQA code uses the same lists but for PIPAL's sub-type 4, from which it leaves out type 2.
"""

from __future__ import annotations

from syndr.errors import InputError

#: Preset -> KADID types.
TYPE_PRESETS: dict[str, tuple[int, ...]] = {
    "dgqa-livec": (1, 3, 10, 17, 18, 25),
    "dgqa-koniq10k": (1, 3, 16, 17, 18, 25),
    "dgqa-bid": (1, 3, 9, 21, 23, 25),
    "dgqa-pipal-1": (1, 2, 3, 9, 17, 18, 25),
    "dgqa-pipal-2": (1, 2, 3, 9, 17, 23),
    "dgqa-pipal-3": (1, 3, 16, 17, 18, 19, 25),
    "dgqa-pipal-4": (1, 2, 3, 7, 9, 10, 17, 18, 25),
    "dgqa-pipal-5": (1, 2, 3, 4, 9),
    "dgqa-pipal-6": (1, 2, 3, 9, 10, 11, 12, 16, 17, 18, 19, 21, 22, 25),
    "released-pipal-4": (1, 3, 7, 9, 10, 17, 18, 25),
    # "More recommended" in DGQA's README, by a criterion that is not released; SynDR-IQA does not use them.
    "dgqa-greedy-livec": (1, 3, 9, 18, 20, 25),
    "dgqa-greedy-koniq10k": (1, 2, 10, 17, 20, 25),
}


def preset_types(name: str) -> tuple[int, ...]:
    """Give the types of a preset; raises InputError with the presets there are."""
    if name not in TYPE_PRESETS:
        raise InputError(f"no preset of types is called {name!r}; there are {', '.join(TYPE_PRESETS)}")
    return TYPE_PRESETS[name]
