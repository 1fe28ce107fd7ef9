"""Reading the tensors of a checkpoint file of any common layout, and naming them by their content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from syndr.errors import InputError

# Where training programs put the state of the network within a checkpoint.
_WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "params")


def read_checkpoint(path: str | Path) -> dict[str, torch.Tensor]:
    """Read the tensors of a checkpoint: ``.safetensors``, or else a torch file without pickled objects.

    Raises:
        InputError: When the file is absent, damaged, holds objects other than tensors, or no tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such weights file; give a .pth or .safetensors file")
    try:
        if path.suffix.lower() == ".safetensors":
            state: Any = safetensors.torch.load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # zip, pickle and safetensors errors of many kinds
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"{path}: cannot be read as weights ({type(error).__name__}: {reason}); only tensors are loaded, never "
            "pickled objects: save the network's state_dict with torch.save or safetensors"
        ) from error
    while isinstance(state, Mapping):
        inner = next((state[name] for name in _WRAPPERS if isinstance(state.get(name), Mapping)), None)
        if inner is None:
            break
        state = inner
    if isinstance(state, Mapping):
        tensors = {name: value for name, value in state.items() if isinstance(value, torch.Tensor)}
        if tensors:
            return tensors
    raise InputError(f"{path}: no tensors by name were found in it; save the network's state_dict")


def tensors_hash(tensors: Mapping[str, torch.Tensor]) -> str:
    """Name tensors by their names and content, the same for any order, file layout and device."""
    digest = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        digest.update(f"{name}:{value.dtype}:{tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return f"sha256:{digest.hexdigest()}"
