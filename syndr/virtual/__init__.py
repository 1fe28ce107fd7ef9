"""The virtual data set: pictures that are rows of a table until they are needed."""

from syndr.virtual.dataset import VirtualDataset
from syndr.virtual.rows import check_types, made_with, virtual_rows, virtual_types

__all__ = ["VirtualDataset", "check_types", "made_with", "virtual_rows", "virtual_types"]
