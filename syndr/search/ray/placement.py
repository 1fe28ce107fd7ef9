"""Where workers find feature rows: in the file they were mapped from, or once in each node's object store."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from syndr.errors import ClusterError


@dataclass(frozen=True)
class MappedRows:
    """A matrix in a file, as every node maps it for itself.

    Attributes:
        path: The file; under the same name on every node.
        offset: Byte of the first value.
        shape: (rows, dims).
        strides: In bytes.
        dtype: NumPy's description of it.
        size: Bytes of the file, by which another file of the same name is told.
    """

    path: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: str
    size: int


def behind(features: npt.NDArray[Any]) -> MappedRows | None:
    """Give the file that a matrix, or the matrix that it is a view of, is mapped from; None when it is in memory."""
    base: Any = features
    mapped = None
    while isinstance(base, np.ndarray):
        if isinstance(base, np.memmap):
            mapped = base
        base = base.base
    if mapped is None or mapped.filename is None or mapped.mode == "c" or not isinstance(base, mmap.mmap):
        return None
    path = Path(mapped.filename)
    begin = mapped.offset - mapped.offset % mmap.ALLOCATIONGRANULARITY
    offset = begin + _address(features) - _address(np.frombuffer(base, dtype=np.uint8))
    return MappedRows(
        str(path.resolve()), offset, features.shape, features.strides, features.dtype.str, path.stat().st_size
    )


def opened(features: MappedRows | npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Give the matrix on the node that this process runs on, without a copy.

    Raises:
        ClusterError: When the node does not have the file.
    """
    if not isinstance(features, MappedRows):
        return features
    path = Path(features.path)
    if not path.exists() or path.stat().st_size != features.size:
        raise ClusterError(
            f"{path} is not on node {_node()} as it is where the work was started; put it on a file system that all "
            'nodes share, or hand the rows over in memory: RaySearch(place="copy")'
        )
    contents = np.memmap(path, dtype=np.uint8, mode="r")
    return np.ndarray(features.shape, features.dtype, contents, features.offset, features.strides)


def _address(array: npt.NDArray[Any]) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _node() -> str:
    import socket

    return socket.gethostname()
