"""Every database that the tables need, below one root: real label tables where they are, stand-in pictures."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import database_layouts as layouts
import pytest
from database_layouts import StandIns
from database_tables import published, small
from pictures import scene
from PIL import Image

from syndr.reproduce import Options, reproduce
from syndr.reproduce.candidates import AUTHORS_CANDIDATES

#: Large tables are cut to some rows: reading them whole in every run would take most of the time.
_REFERENCES_OF_PIPAL, _REFERENCES_OF_TID, _ROWS_OF_KONIQ = 6, 3, 200


class Scenes(StandIns):
    """Pictures that differ, linked under many names; which one is up to ``number_of`` a path."""

    def __init__(self, folder: Path, number_of: Callable[[Path], int]) -> None:
        super().__init__(folder)
        self.number_of = number_of

    def put(self, path: Path) -> None:
        number = self.number_of(path)
        source = self.folder / f"{number}{path.suffix.lower()}"
        if not source.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(scene(number, 48, 64)).save(source)
        layouts.link(source, path)


def _reference(path: Path) -> int:
    """A picture of its own for each reference of KADID-10k: no file may be on both sides of a split."""
    return int(path.stem[1:3])


def kadid_rows():
    """The published table, or one of the same names with scores that fall with the level."""
    try:
        return published("kadid10k")
    except pytest.skip.Exception:
        return [
            {
                "image": f"I{ref:02d}_{kind:02d}_{level:02d}.png",
                "ref": f"I{ref:02d}.png",
                "dmos_higher_is_better": f"{4.93 - 0.9 * (level - 1) - 0.33 * (level == 5):.2f}",
                "std": "0.5",
            }
            for ref in range(1, 82)
            for kind in range(1, 26)
            for level in range(1, 6)
        ]


def _rows(name):
    try:
        rows = published(name)
    except pytest.skip.Exception:
        return small(name)
    if name == "koniq10k":
        return rows[:_ROWS_OF_KONIQ]
    column, count = {
        "pipal_train": ("ref", _REFERENCES_OF_PIPAL),
        "tid2013": ("ref_id", _REFERENCES_OF_TID),
    }.get(name, (None, 0))
    if column is None:
        return rows
    kept = sorted({row[column] for row in rows})[:count]
    return [row for row in rows if row[column] in kept]


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    """All databases but SPAQ; the pool holds the authors' 81 candidates and nine more."""
    made = tmp_path_factory.mktemp("databases")
    pictures = tmp_path_factory.mktemp("stand-ins")
    layouts.kadid10k(made / "kadid10k", kadid_rows(), Scenes(pictures / "kadid", _reference))
    for number, name in enumerate(("livec", "koniq10k", "bid", "pipal", "live", "csiq", "tid2013")):
        # Seven pictures for each database, none of them another database's.
        scenes = Scenes(
            pictures / name, lambda path, first=100 * (number + 1): first + zlib.crc32(path.stem.encode()) % 7
        )
        getattr(layouts, name)(made / name, _rows("pipal_train" if name == "pipal" else name), scenes)
    pool = [*AUTHORS_CANDIDATES, *(f"other-{number}" for number in range(9))]
    layouts.kadis700k(made / "kadis700k", [], StandIns(pictures))
    lines = ["ref_im,dist_type_1,dist_type_2"]
    (made / "kadis700k" / "ref_imgs").mkdir()
    for number, name in enumerate(pool):
        Image.fromarray(scene(1000 + number, 48, 64)).save(made / "kadis700k" / "ref_imgs" / f"{name}.png")
        lines.append(f"{name}.png,1,2")
    (made / "kadis700k" / "kadis700k_ref_imgs.csv").write_text("\n".join(lines) + "\n")
    return made


@pytest.fixture(scope="session")
def out(tmp_path_factory):
    """One folder for all tables: they share runs and features."""
    return tmp_path_factory.mktemp("reproduced")


#: What is measured of each table here: every kind of run, not every run.
CUT = {
    "table1": ("livec", "bid"),
    "table2": ("pipal-4",),
    "table3": ("syndr", "kadid10k", "live"),
    "table4": ("livec",),
    "table5": ("livec",),
    "scaling": ("livec", "81", "810", "all-capped"),
}


@pytest.fixture(scope="session")
def smoke(root, out):
    """Measure a table in the smoke setting; each call once."""
    done = {}

    def measured(table, **options):
        options = {"only": CUT.get(table, ()), **options}
        key = (table, repr(sorted(options.items())))
        if key not in done:
            done[key] = reproduce(table, Options(root=root, out=out, smoke=True, **options))
        return done[key]

    return measured


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """The pictures are too small to share among threads."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
