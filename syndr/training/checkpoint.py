"""Trained models as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from syndr.errors import StoreError
from syndr.features import Backbone, build_backbone
from syndr.training.model import Head, IQAModel
from syndr.training.tensor_file import read_description, read_tensors, write_tensors

_KIND = "quality model, version 1"


def save_model(path: str | Path, model: IQAModel, metadata: Mapping[str, Any] | None = None) -> None:
    """Write a trained model to one safetensors file, whole or not at all.

    Args:
        path: The file, by custom ``.safetensors``.
        model: The model; its backbone's weights are saved with it, its architecture by name, and how it sees a picture.
        metadata: Anything JSON can hold, such as the recipe; :func:`read_metadata` gives it back.

    Raises:
        InputError: When ``metadata`` is not JSON.
    """
    description = {
        "kind": _KIND,
        "backbone": model.backbone.name,
        "dims": model.head.dims,
        "hidden": model.head.hidden,
        "crop": model.crop,
        "input_size": model.input_size,
        "metadata": dict(metadata or {}),
    }
    write_tensors(path, model.state_dict(), description)


def read_model(path: str | Path, device: torch.device | str = "cpu", backbone: Backbone | None = None) -> IQAModel:
    """Read a model that :func:`save_model` wrote; nothing is downloaded and nothing is unpickled.

    Args:
        path: The file.
        device: Where the model should live.
        backbone: The architecture to fill with the saved weights; by default it is built by the name the
            file holds, so that only a model with a backbone of one's own needs this.

    Returns:
        The model, in evaluation mode, which gives (score, feature) of crops; :func:`syndr.load_model` gives a metric of
        whole pictures.

    Raises:
        StoreError: When the file is absent, damaged, not such a model, or of another backbone.
        MissingExtraError: When the backbone needs a package that is not installed.
    """
    tensors, description = read_tensors(path, _KIND)
    try:
        _check_head(tensors, description)
        if backbone is None:
            name = description["backbone"]
            if not isinstance(name, str):
                raise TypeError("a name is a text")
            backbone = build_backbone(name, weights="random")
        head = Head(description["dims"], description["hidden"])
        model = IQAModel(backbone, head, input_size=description.get("input_size", "native"))
        model.crop = _crop(description.get("crop", model.crop))
        model.load_state_dict(tensors)
    except (KeyError, TypeError, ValueError, RuntimeError, MemoryError) as error:
        raise StoreError(
            f"{path}: cannot be loaded into backbone {description.get('backbone')!r}: {error}. "
            "If the backbone is your own, pass it as backbone="
        ) from error
    return model.to(device).eval()


def _check_head(tensors: Mapping[str, torch.Tensor], description: Mapping[str, Any]) -> None:
    """Refuse sizes of the head that its tensors do not have, before one of that size is made."""
    dims, hidden = description["dims"], description["hidden"]
    found = tensors["head.mean"].shape, tensors["head.layers.0.weight"].shape
    if found != ((dims,), (1 if hidden is None else hidden, dims)):
        raise ValueError(f"its head is of {dims!r} features and {hidden!r} hidden units, its tensors are not")


def _crop(side: Any) -> int:
    if not isinstance(side, int) or side < 1:
        raise ValueError(f"crops of {side!r} pixels")
    return side


def read_metadata(path: str | Path) -> dict[str, Any]:
    """Give the metadata a model was saved with, without loading its tensors.

    Raises:
        StoreError: As :func:`read_model`.
    """
    metadata: dict[str, Any] = read_description(path, _KIND)["metadata"]
    return metadata
