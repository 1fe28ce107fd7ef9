"""What a feature store was made from and with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated

import msgspec

from syndr.errors import StoreError

#: Raised when the layout of the folder changes; an older reader then refuses instead of misreading.
FORMAT = 2

UNKNOWN = "unknown"

# What must agree before rows may stand in one store ...
_KIND = ("backbone", "weights_id", "preprocess", "precision", "dims", "dtype")
# ... and before an extraction may go on with one.
_SETTINGS = (*_KIND, "batch_size", "hashed", "source")


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """One file of feature rows.

    Attributes:
        file: Its name in the store's folder.
        rows: Its number of rows.
        sha256: Hash of the whole file, in hexadecimal.
    """

    file: Annotated[str, msgspec.Meta(pattern=r"^features-\d{5,9}\.npy$")]  # no path: it lies in the store's folder
    rows: Annotated[int, msgspec.Meta(ge=0)]
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The record beside the features of a store.

    Attributes:
        backbone: Name of the network, or ``"unknown"`` for features from elsewhere.
        weights_id: Hash of the network's weights.
        preprocess: Everything done to a picture before the network, in one line.
        precision: Number format of the forward pass (``"float32"``, or that of autocast), and whether compiled.
        batch_size: Pictures per forward pass; 0 when unknown.
        hashed: Whether the index has the content hash of every file.
        source: Hash of the sample table the store was made from (rejected rows included), and of whatever else made
            its pictures.
        versions: Versions of the libraries that took part.
        shards: The files of features, in row order; none while the store is unfinished.
        dims: Number of feature dimensions.
        dtype: ``"float32"`` or ``"float16"``.
        format: Version of the folder's layout.
    """

    backbone: str = UNKNOWN
    weights_id: str = UNKNOWN
    preprocess: str = UNKNOWN
    precision: str = "float32"
    batch_size: int = 0
    hashed: bool = False
    source: str = UNKNOWN
    versions: dict[str, str] = {}
    shards: tuple[Shard, ...] = ()
    dims: int = 0
    dtype: str = "float32"
    format: int = FORMAT

    @property
    def rows(self) -> int:
        """Number of feature rows."""
        return sum(shard.rows for shard in self.shards)

    def differences(self, other: Manifest, versions: bool = False) -> str:
        """List the settings in which ``other`` differs, as readable text; empty when it may go on with this.

        Args:
            other: The manifest to compare with.
            versions: Whether library versions count as a setting.
        """
        return self._differing(other, (*_SETTINGS, "versions") if versions else _SETTINGS)

    def joined(self, other: Manifest, where: str) -> Manifest:
        """Give the manifest of this store's rows followed by those of another; ``shards`` stay this one's.

        Args:
            other: The other's manifest.
            where: What to call the other in an error.

        Raises:
            StoreError: When the two were made with other weights, preprocessing, precision, dims or dtype.
        """
        changed = self._differing(other, _KIND)
        if changed:
            raise StoreError(
                f"{where}: its features cannot stand beside the others: {changed}; extract them again alike"
            )
        return msgspec.structs.replace(
            self,
            batch_size=self.batch_size if self.batch_size == other.batch_size else 0,
            hashed=self.hashed and other.hashed,
            source=_joined_source((self.source, other.source)),
            versions=self.versions if self.versions == other.versions else {},
        )

    def _differing(self, other: Manifest, names: Sequence[str]) -> str:
        return "; ".join(
            f"{_LABELS.get(name, name)} was {getattr(self, name)} and is now {getattr(other, name)}"
            for name in names
            if getattr(self, name) != getattr(other, name)
        )


def _joined_source(sources: Sequence[str]) -> str:
    return f"joined sha256:{hashlib.sha256(' '.join(sources).encode()).hexdigest()}"


_LABELS = {"source": "the sample table (hash)", "weights_id": "the weights (hash)", "hashed": "hashing of the files"}
