"""Where the databases are below a root, and what to download where one is missing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from syndr.datasets import Database, check_database, find_database
from syndr.errors import InputError, MissingExtraError


@dataclass(frozen=True)
class Place:
    """A database as it was looked for.

    Attributes:
        database: The database.
        folder: Where it is; None when it is not there, or cannot be read.
        problems: What is wrong with it and what to do; a database that can be read is used all the same.
    """

    database: Database
    folder: Path | None
    problems: tuple[str, ...] = ()


def find_place(name: str, root: Path) -> Place:
    """Look for a database's folder below a root: any folder that has its name, title or an alias.

    Raises:
        InputError: When the root is no folder.
    """
    database = find_database(name)
    if not root.is_dir():
        raise InputError(f"{root} is no folder; root must hold the databases' folders, such as {root / database.name}")
    folder = next((path for path in sorted(root.iterdir()) if path.is_dir() and _is(path.name, database)), None)
    if folder is None:
        return Place(database, None, (_what_to_download(database, root),))
    try:
        check = check_database(name, folder, decode_pictures=False)
    except MissingExtraError as error:
        return Place(database, None, (f"{database.title}: {error}",))
    problems = tuple(f"{database.title}: {problem}" for problem in check.problems)
    return Place(database, None if check.rows is None else folder, problems)


def _is(name: str, database: Database) -> bool:
    try:
        return find_database(name) is database
    except InputError:
        return False


def _what_to_download(database: Database, root: Path) -> str:
    parts = ", ".join(part.path for part in database.parts if not part.optional)
    return (
        f"{database.title} is not below {root}: download it ({database.page}) and unpack it as {root / database.name}, "
        f"which will hold {parts}"
    )
