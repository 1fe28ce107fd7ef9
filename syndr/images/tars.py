"""Pictures inside ``.tar`` archives (WebDataset's shards), read in place."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from syndr.errors import ImageError, InputError
from syndr.images.listing import IMAGE_SUFFIXES, check_names

_MOST_BYTES = 1 << 31
# The library reads numbers and texts of headers as they come.
_DAMAGED = (tarfile.TarError, OSError, EOFError, ValueError, OverflowError)
_COMPRESSED = (".gz", ".tgz", ".bz2", ".xz", ".zst")


@dataclass(frozen=True)
class Member:
    """A file within an archive: where its bytes lie, or why they cannot be read."""

    archive: Path
    offset: int
    size: int
    problem: str | None = None

    def read(self) -> bytes:
        """Give the bytes.

        Raises:
            ImageError: When the archive has gone or is cut off.
        """
        if self.problem is not None:
            raise ImageError(self.problem)
        if self.size > _MOST_BYTES:
            raise ImageError(f"a file of {self.size} bytes is too large for an image; remove it from the archive")
        try:
            with self.archive.open("rb") as file:
                # No more than there is: a size that is only claimed is not allocated.
                there = max(0, os.fstat(file.fileno()).st_size - self.offset)
                file.seek(self.offset)
                data = file.read(min(self.size, there))
        except OSError as error:
            raise ImageError(f"its archive cannot be read ({error}); restore it") from error
        if len(data) < self.size:
            raise ImageError("its archive is cut off here; copy or download it again")
        return data


def tar_images(archives: Sequence[Path]) -> list[tuple[str, str, Member]]:
    """List the image files in archives, without unpacking them.

    Files are chosen by suffix (``IMAGE_SUFFIXES``) and must be regular; names that begin with a dot are passed over. Of
    several members of one name the last counts, as when unpacking. A damaged archive gives what can be found before
    the damage, and one member more, named as the archive, that cannot be read: so that it is listed as rejected.

    Args:
        archives: Uncompressed ``.tar`` files; a compressed one cannot be read in place.

    Returns:
        Id, path and member of each, in the archives' order. The id is the name within the archive, behind
        the archive's own name where there are several; the path is that of the archive and the name within.

    Raises:
        InputError: When an archive is absent or compressed, or none holds an image.
    """
    found: list[tuple[str, str, Member]] = []
    for archive in archives:
        members = _members(archive)
        prefix = f"{archive.name}/" if len(archives) > 1 else ""
        found += [(f"{prefix}{name}", f"{archive}/{name}", member) for name, member in members.items()]
    check_names("tar", [(image_id, Path(path)) for image_id, path, _ in found])
    if all(member.problem for _, _, member in found):
        problems = [f": {member.problem}" for _, _, member in found[:1]]
        raise InputError(f"{archives[0]}: no image found in the archive{''.join(problems)}")
    return found


def _members(archive: Path) -> dict[str, Member]:
    members: dict[str, Member] = {}
    try:
        with tarfile.open(archive, "r:") as file:
            try:
                for info in _headers(file):
                    name = PurePosixPath(info.name)
                    hidden = any(part.startswith(".") and part != "." for part in name.parts)
                    if info.isreg() and name.suffix.lower() in IMAGE_SUFFIXES and not hidden:
                        problem = "it is stored as a sparse file; pack it again without" if info.issparse() else None
                        members.pop(str(name), None)
                        members[str(name)] = Member(archive, info.offset_data, info.size, problem)
            except _DAMAGED as error:
                reason = f"the archive is damaged or cut off ({error}); what is in it before that is used"
                members[archive.name] = Member(archive, 0, 0, f"{reason}: copy or download it again")
    except FileNotFoundError as error:
        raise InputError(f"{archive}: no such file; correct the path or restore it") from error
    except _DAMAGED as error:
        advice = "decompress it first" if archive.suffix.lower() in _COMPRESSED else "copy or download it again"
        raise InputError(f"{archive}: cannot be read as an uncompressed .tar ({error}); {advice}") from error
    return members


def _headers(file: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Give the headers one after the other; unlike the library's own walk, take no damaged one for the end."""
    end = -1
    for info in file:
        if info.size < 0 or file.offset <= end:  # which leads back: without end
            raise tarfile.ReadError("a member has a negative size")
        end = file.offset
        yield info
        file.members = []  # type: ignore[attr-defined]  # else it keeps every header in memory
    assert file.fileobj is not None
    file.fileobj.seek(file.offset)
    if file.fileobj.read(tarfile.BLOCKSIZE).strip(b"\0"):
        raise tarfile.ReadError(f"the header at byte {file.offset} is damaged")
