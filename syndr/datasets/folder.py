"""Folders of databases, whose copies differ in upper and lower case and in what is unpacked where."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from syndr.errors import InputError

_ARCHIVES = {".zip", ".rar", ".7z", ".tar", ".gz", ".tgz"}


class Folder:
    """A folder that is listed once, and whose entries are found whatever the case of their names."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def names(self) -> frozenset[str]:
        """The entries' names; empty where there is no such folder.

        Raises:
            InputError: When the folder cannot be listed.
        """
        if not self.path.is_dir():
            return frozenset()
        try:
            return frozenset(entry.name for entry in self.path.iterdir())
        except OSError as error:
            raise InputError(f"{self.path}: cannot be listed ({error.strerror}); check its permissions") from error

    @cached_property
    def _any_case(self) -> dict[str, str]:
        # Sorted backwards: of names that differ in case alone the first in order stays.
        return {name.casefold(): name for name in sorted(self.names, reverse=True)}

    def __contains__(self, name: str) -> bool:
        return name.casefold() in self._any_case

    def file(self, name: str) -> Path:
        """Give an entry's path: of exactly this name, else of another case; of this name too where there is none."""
        return self.path / (name if name in self.names else self._any_case.get(name.casefold(), name))


def find(root: Path, relative: str) -> Path | None:
    """Give the path of a file or folder below the root, whatever the case of its names; None where there is none."""
    path = root
    if (root / relative).exists():
        return root / relative
    for name in relative.split("/"):
        path = Folder(path).file(name)
    return path if path.exists() else None


def locate(root: Path, title: str, *relatives: str) -> Path:
    """Give the first of some places that exists, whatever the case of its names.

    Raises:
        InputError: When there is none; the message says what was looked for, and what is near.
    """
    for relative in relatives:
        path = find(root, relative)
        if path is not None:
            return path
    wanted = " or ".join(relatives[1:])
    raise InputError(
        f"{root / relatives[0]}: not found{f' (nor {wanted})' if wanted else ''}; {near_miss(root, title, relatives)}"
    )


def near_miss(root: Path, title: str, relatives: tuple[str, ...]) -> str:
    """Say where a missing file or folder may be, or what to do."""
    if not root.is_dir():
        return f"{root} is no folder; root must be the unpacked {title} folder"
    for below in sorted(path for path in root.iterdir() if path.is_dir()):
        if any(find(below, relative) for relative in relatives if relative):
            return f"it is in {below}: give that folder as root"
    if any(find(root.parent, relative) for relative in relatives if relative):
        return f"it is in {root.parent}: give that folder as root"
    archives = sorted(path.name for path in root.iterdir() if path.suffix.lower() in _ARCHIVES)
    if archives:
        return f"unpack {', '.join(archives[:3])} first"
    return f"root must be the unpacked {title} folder"
