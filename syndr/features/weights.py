"""Weights: fitting checkpoints of common layouts to a network, naming them by their content."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from syndr.checkpoint_file import tensors_hash
from syndr.errors import InputError

# Classifiers a checkpoint may hold beside the backbone.
_HEADS = ("fc.", "_fc.", "head.", "heads.", "classifier.", "aux1.", "aux2.", "AuxLogits.")
# Counts the training steps of a batch normalization; old checkpoints lack it and inference ignores it.
_COUNTER = "num_batches_tracked"


def load_weights(body: nn.Module, state: Mapping[str, torch.Tensor], where: str) -> None:
    """Load a state into a network, whatever common prefix its names have (``module.``, ``backbone.body.``).

    Classifiers (``fc``, ``head``, ``heads``, ``classifier``, auxiliary ones) and, where there is a prefix, entries
    without it are left out.

    Args:
        body: The network, without classifier.
        state: Tensors by name.
        where: What the state came from, for messages.

    Raises:
        InputError: When an entry is missing, has another shape, or belongs to no part of the network.
    """
    wanted = {name: value for name, value in body.state_dict().items() if not name.endswith(_COUNTER)}
    prefix = _prefix(state, wanted)
    given = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
    missing = [name for name in wanted if name not in given]
    reshaped = [
        f"{name} {tuple(given[name].shape)} instead of {tuple(value.shape)}"
        for name, value in wanted.items()
        if name in given and given[name].shape != value.shape
    ]
    surplus = [
        name for name in given if name not in wanted and not name.startswith(_HEADS) and not name.endswith(_COUNTER)
    ]
    problems = {"missing": missing, "of another shape": reshaped, "not of this network": surplus}
    found = [f"{len(names)} entries {what}, first {names[:3]}" for what, names in problems.items() if names]
    if found:
        raise InputError(f"{where}: the weights do not fit the backbone: {'; '.join(found)}; choose the other")
    # Not strict, as counters may be missing; everything else was checked above.
    body.load_state_dict({name: given[name] for name in wanted}, strict=False)


def weights_hash(body: nn.Module) -> str:
    """Name weights by their content, the same for any file layout, device and head."""
    return tensors_hash({name: value for name, value in body.state_dict().items() if not name.endswith(_COUNTER)})


def _prefix(state: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor]) -> str:
    """Find the prefix under which most of the wanted names are."""
    anchor = next(iter(wanted))
    ends = [name.removesuffix(anchor) for name in state if name.endswith(anchor)]
    candidates = ["", *(prefix for prefix in ends if prefix.endswith("."))]
    return max(candidates, key=lambda prefix: sum(prefix + name in state for name in wanted))
