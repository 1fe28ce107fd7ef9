"""What is there of a database, what is missing and where it belongs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from syndr.datasets.declaration import Database, Part, Pictures, Tables
from syndr.datasets.folder import Folder, find, near_miss
from syndr.datasets.read import read_database
from syndr.datasets.registry import find_database
from syndr.errors import ImageError, InputError, MissingExtraError
from syndr.images import IMAGE_SUFFIXES, Rejected
from syndr.progress import Progress, silent, track
from syndr.samples import Samples

_SHOWN = 5


@dataclass(frozen=True)
class Found:
    """A part of a database, as it was found.

    Attributes:
        part: What was looked for.
        path: Where it is; None when it is missing.
        state: What was found, in words.
        problem: What is wrong and what to do; None when nothing is.
    """

    part: Part
    path: Path | None
    state: str
    problem: str | None = None


@dataclass(frozen=True)
class Check:
    """What became of a check.

    Attributes:
        database: The database.
        found: Each part.
        rows: Labelled pictures (or candidates) read; None when they cannot be read.
        references: Reference pictures among them.
        labels: Lowest and highest score read; None where there are none.
        unreadable: Pictures that are there and cannot be read.
        problems: Everything that is wrong; empty when the database is whole.
    """

    database: Database
    found: tuple[Found, ...]
    rows: int | None
    references: int
    labels: tuple[float, float] | None
    unreadable: tuple[Rejected, ...]
    problems: tuple[str, ...]


def check_database(
    name: str,
    root: str | Path,
    *,
    labels: str | None = None,
    pictures: str | None = None,
    decode_pictures: bool = True,
    progress: Progress = silent,
) -> Check:
    """Look at a database's folder and say what is wrong with it.

    Args:
        name: Its name or an alias.
        root: Its folder.
        labels: Variant of the scores; the registry's first by default.
        pictures: Variant of the pictures; the registry's first by default.
        decode_pictures: Also read every picture that is there, and compare its size.
        progress: Told of the pictures read.

    Raises:
        InputError: When there is no such database or variant.
        MissingExtraError: When a package for spreadsheets is not installed.
    """
    database, root = find_database(name), Path(root)
    variant = database.pictures_named(pictures)
    needed = {variant.name, database.labels_named(labels).name if database.labels or labels else ""}
    found = tuple(
        _look(part, root, database)
        for part in database.parts
        if not {*part.labels, *part.pictures} or needed & {*part.labels, *part.pictures}
    )
    problems = [each.problem for each in found if each.problem is not None]
    unreadable: list[Rejected] = []
    try:
        tables = read_database(name, root, labels=labels, pictures=pictures)
    except MissingExtraError:
        raise
    except InputError as error:
        if not any(each.path is None and each.problem for each in found):  # a missing part is told once
            problems.append(str(error))
        return Check(database, found, None, 0, None, (), tuple(problems))
    problems += _of_tables(tables, database, labels)
    every = tables.samples if tables.references is None else tables.samples.concat(tables.references)
    there = every.take([row for row, path in enumerate(every["path"]) if Path(path).is_file()])
    problems += _missing(every, there, root, database)
    if decode_pictures:
        problems += _read_pictures(there, variant, unreadable, progress)
    return Check(
        database,
        found,
        len(tables.samples),
        0 if tables.references is None else len(tables.references),
        _score_range(tables.samples),
        tuple(unreadable),
        tuple(problems),
    )


def _score_range(samples: Samples) -> tuple[float, float] | None:
    if "score" not in samples or not len(samples):
        return None
    scores = samples["score"]
    return float(scores.min()), float(scores.max())


def _look(part: Part, root: Path, database: Database) -> Found:
    places = database.places(part.path)
    path = next((there for place in places if (there := find(root, place)) is not None), None)
    if path is None:
        if part.optional:
            return Found(part, None, "not there (optional)")
        hint = near_miss(root, database.title, places)
        return Found(
            part, None, "missing", f"{part.path}: missing ({part.what}); it belongs at {root / part.path}; {hint}"
        )
    state, where = "there", path.relative_to(root).as_posix()
    if where != part.path:
        state = "there, in lower case" if where == part.path.lower() else f"there, as {where}"
    if part.count is None or not path.is_dir():
        return Found(part, path, state)
    count = sum(Path(name).suffix.lower() in IMAGE_SUFFIXES for name in Folder(path).names)
    state += f", {count} of {part.count} pictures"
    elsewhere = where.casefold() in {other.casefold() for other in part.others}
    if elsewhere or count == part.count:  # one folder of all holds more than this part
        return Found(part, path, state)
    return Found(part, path, state, _count_problem(database, part, path, count, root))


def _count_problem(database: Database, part: Part, path: Path, count: int, root: Path) -> str | None:
    """Say what is wrong with a folder's number of pictures; incomplete copies that are known are named."""
    problem = f"{path}: {count} pictures instead of {part.count}"
    if database.name == "livec" and count == database.samples - 1 and "100.bmp" not in Folder(path):
        return f"{problem}; this is the 1161-image mirror without 100.bmp: take it from the authors' own download"
    if database.name == "kadid10k" and count == database.samples:
        if find(root, "ref_imgs") or find(root, "reference_images"):
            return None
        return f"{problem}; the references are not among them: put Ixx.png here, or into ref_imgs/"
    return problem


def _of_tables(tables: Tables, database: Database, labels: str | None) -> Iterator[str]:
    rows = len(tables.samples)
    if rows != database.samples:
        yield f"{rows} labelled pictures instead of {database.samples}: the label file is of another copy, or cut"
    references = 0 if tables.references is None else len(tables.references)
    if references != database.references:
        yield f"{references} references instead of {database.references}"
    if database.labels and rows:
        variant = database.labels_named(labels)
        scores = tables.samples["score"]
        low, high = variant.scale.observed
        rounding = 1e-5 * (high - low)
        if abs(scores.min() - low) > rounding or abs(scores.max() - high) > rounding:
            yield (
                f"labels run from {scores.min():g} to {scores.max():g}; those published as {variant.name!r} run from "
                f"{low:g} to {high:g}: is this another variant, or a part of the table?"
            )


def _missing(every: Samples, there: Samples, root: Path, database: Database) -> Iterator[str]:
    absent = [(name, path) for name, path in zip(every.ids, every["path"], strict=True) if name not in there.row_of]
    if absent:
        first = ", ".join(str(Path(path).relative_to(root)) for _, path in absent[:_SHOWN])
        yield f"{len(absent)} pictures are missing, first {first}; they belong below {root}"


def _read_pictures(there: Samples, variant: Pictures, unreadable: list[Rejected], progress: Progress) -> Iterator[str]:
    from syndr.images import decode, read_ahead

    paths = there["path"].tolist()
    sizes: dict[tuple[int, int], list[str]] = {}
    pictures = read_ahead(paths, decode)
    for name, path, picture in zip(
        there.ids, paths, track(pictures, "read pictures", len(paths), progress), strict=True
    ):
        if isinstance(picture, ImageError):
            unreadable.append(Rejected(name, path, str(picture)))
        else:
            sizes.setdefault((int(picture.shape[2]), int(picture.shape[1])), []).append(path)
    if unreadable:
        yield f"{len(unreadable)} pictures cannot be read, first {unreadable[0].reason}"
    for size, those in sizes.items():
        if variant.size is not None and size != variant.size:
            yield (
                f"{len(those)} pictures have {size[0]} x {size[1]} pixels instead of {variant.size[0]} x "
                f"{variant.size[1]}, first {those[0]}"
            )
