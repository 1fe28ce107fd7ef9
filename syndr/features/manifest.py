"""What a feature store was made from and with."""

from __future__ import annotations

import msgspec

#: Raised when the layout of the folder changes; an older reader then refuses instead of misreading.
FORMAT = 1

# What must agree before rows of two runs may stand in one store.
_SETTINGS = ("backbone", "weights_id", "preprocess", "batch_size", "dims", "dtype", "source")


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The record beside the features of a store.

    Attributes:
        backbone: Name of the network, or ``"unknown"`` for features from elsewhere.
        weights_id: Hash of the network's weights.
        preprocess: Everything done to a picture before the network, in one line.
        batch_size: Pictures per forward pass; 0 when unknown.
        source: Hash of the sample table the store was made from (rejected rows included), and of whatever else made
            its pictures.
        versions: Versions of the libraries that took part.
        rows: Number of feature rows; 0 while the store is unfinished.
        dims: Number of feature dimensions.
        dtype: ``"float32"`` or ``"float16"``.
        format: Version of the folder's layout.
    """

    backbone: str = "unknown"
    weights_id: str = "unknown"
    preprocess: str = "unknown"
    batch_size: int = 0
    source: str = "unknown"
    versions: dict[str, str] = {}
    rows: int = 0
    dims: int = 0
    dtype: str = "float32"
    format: int = FORMAT

    def differences(self, other: Manifest, versions: bool = False) -> str:
        """List the settings in which ``other`` differs, as readable text; empty when it may go on with this.

        Args:
            other: The manifest to compare with.
            versions: Whether library versions count as a setting.
        """
        names = (*_SETTINGS, "versions") if versions else _SETTINGS
        return "; ".join(
            f"{_LABELS.get(name, name)} was {getattr(self, name)} and is now {getattr(other, name)}"
            for name in names
            if getattr(self, name) != getattr(other, name)
        )


_LABELS = {"source": "the sample table (hash)", "weights_id": "the weights (hash)"}
