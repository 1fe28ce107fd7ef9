"""One safetensors file: tensors, with a JSON description in its header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from syndr.errors import InputError, StoreError
from syndr.files import atomic_path

# One key, because safetensors writes several in no fixed order, and equal content should be equal bytes.
_KEY = "syndr"


def write_tensors(path: str | Path, tensors: Mapping[str, Tensor], description: Mapping[str, Any]) -> None:
    """Write tensors and their description, whole or not at all.

    Raises:
        InputError: When the description is not JSON.
    """
    try:
        text = json.dumps(description, sort_keys=True)
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: the metadata cannot be written as JSON: {error}") from error
    # Clones, because safetensors refuses tensors that share memory, as tied weights do.
    own = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
    with atomic_path(path) as temporary:
        # Not save_file, which puts a new file that only its owner may read in the place of the one it is given.
        temporary.write_bytes(save(own, metadata={_KEY: text}))


def read_tensors(path: str | Path, kind: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a whole file.

    Args:
        path: The file.
        kind: What the description's ``kind`` must be.

    Returns:
        The tensors, on the CPU, and the description.

    Raises:
        StoreError: When the file is absent, damaged, or of another kind.
    """
    description = read_description(path, kind)
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, description  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError, RuntimeError) as error:
        raise StoreError(f"{path}: its tensors cannot be read ({error}); write it again") from error


def read_description(path: str | Path, kind: str) -> dict[str, Any]:
    """Read the description alone; arguments and errors as :func:`read_tensors`."""
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
    except FileNotFoundError as error:
        raise StoreError(f"{path}: no such file") from error
    except (SafetensorError, OSError) as error:
        raise StoreError(f"{path}: not a readable safetensors file ({error}); write it again") from error
    try:
        description: dict[str, Any] = json.loads(header[_KEY])
        found = description["kind"]
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise StoreError(f"{path}: a safetensors file, but not one that syndr wrote") from error
    if found != kind:
        raise StoreError(f"{path}: holds {found!r} where {kind!r} is needed")
    return description
