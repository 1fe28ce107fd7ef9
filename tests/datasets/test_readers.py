"""Every database from a folder laid out as it is downloaded, with the published table and with a small one."""

from dataclasses import dataclass
from pathlib import Path

import database_layouts as layouts
import numpy as np
import pytest
from database_tables import numbers, published, small

from syndr.datasets import DATABASES, read_database


@dataclass(frozen=True)
class Case:
    """A label variant of a database: its table, the column of scores, and the best and the worst picture."""

    database: str
    table: str
    column: str
    labels: str
    rows: int
    best: str
    worst: str
    higher: bool = True


CASES = (
    Case("kadid10k", "kadid10k", "dmos_higher_is_better", "mos", 10_125, "I23_03_01", "I02_02_05"),
    Case("live", "live", "dmos_realigned_lower_is_better", "realigned", 779, "jpeg/img57", "wn/img20", False),
    Case("live", "live", "dmos_original_lower_is_better", "original", 779, "jpeg/img57", "gblur/img24", False),
    Case("csiq", "csiq", "dmos_lower_is_better", "dmos", 866, "boston.JPEG.1", "sunsetcolor.jpeg2000.5", False),
    Case("tid2013", "tid2013", "mos_higher_is_better", "mos", 3_000, "I04_17_4", "I09_24_5"),
    Case("livec", "livec", "mos_higher_is_better", "mos", 1_162, "780", "673"),
    Case("koniq10k", "koniq10k", "mos_1_5", "mos-1-5", 10_073, "121123359", "80184044"),
    Case("koniq10k", "koniq10k", "mos_0_100", "mos-0-100", 10_073, "5869585652", "80184044"),
    Case("bid", "bid", "mos_0_5_higher_is_better", "mos", 586, "DatabaseImage0261", "DatabaseImage0212"),
    Case("pipal", "pipal_train", "elo_higher_is_better", "elo", 23_200, "A0084_02_04", "A0243_03_23"),
    Case("spaq", "spaq", "mos_0_100_higher_is_better", "mos", 11_125, "07248", "07338"),
)
NAMES = [f"{case.database}-{case.labels}" for case in CASES]


@pytest.fixture(scope="session")
def laid_out(tmp_path_factory, stand_ins):
    """Lay out a database once for all its variants."""
    made: dict[tuple[str, str], Path] = {}

    def lay_out(case, rows, kind):
        key = (case.database, kind)
        if key not in made:
            made[key] = tmp_path_factory.mktemp(f"{case.database}-{kind}")
            getattr(layouts, case.database)(made[key], rows, stand_ins)
        return made[key]

    return lay_out


def check(case, rows, root):
    """Rows, scores, direction, files and references are the table's."""
    found = read_database(case.database, root, labels=case.labels)
    samples = found.samples
    assert len(samples) == len(rows)
    scores = numbers(rows, case.column)
    parts = rows[0]["image"].count("/") + 1
    score_of = {row["image"].casefold(): score for row, score in zip(rows, scores, strict=True)}
    named = ["/".join(Path(path).parts[-parts:]).casefold() for path in samples["path"]]
    assert samples["score"] == pytest.approx([score_of[name] for name in named], rel=1e-12)
    assert samples["score"].sum() == pytest.approx(scores.sum(), rel=1e-12)
    assert np.corrcoef(samples["quality"], samples["score"])[0, 1] == pytest.approx(1.0 if case.higher else -1.0)
    assert all(Path(path).is_file() for path in samples["path"])
    assert set(samples["database"]) == {case.database}
    if "ref" in rows[0] or "ref_id" in rows[0]:
        assert found.references is not None
        assert len(found.references) == len({row.get("ref", row.get("ref_id")) for row in rows})
        assert set(samples["reference"]) == set(found.references.ids)
        assert all(Path(path).is_file() for path in found.references["path"])
    else:
        assert found.references is None
    return found


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_small_tables(case, laid_out):
    rows = small(case.table)
    check(case, rows, laid_out(case, rows, "small"))


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_published_tables(case, laid_out):
    rows = published(case.table)
    found = check(case, rows, laid_out(case, rows, "published"))
    samples = found.samples
    assert len(samples) == case.rows == DATABASES[case.database].samples
    assert DATABASES[case.database].references == (0 if found.references is None else len(found.references))
    quality = dict(zip(samples.ids, samples["quality"], strict=True))
    assert quality[case.best] == pytest.approx(10.0, abs=1e-12)
    assert quality[case.worst] == pytest.approx(0.0, abs=1e-12)
    assert (min(quality.values()), max(quality.values())) == pytest.approx((0.0, 10.0), abs=1e-12)
    scale = DATABASES[case.database].labels_named(case.labels).scale
    assert scale.observed == (samples["score"].min(), samples["score"].max())


def test_columns_beside_the_scores(laid_out):
    def samples(name):
        case = CASES[NAMES.index(name)]
        return read_database(case.database, laid_out(case, small(case.table), "small"), labels=case.labels).samples

    kadid = samples("kadid10k-mos")
    assert kadid["type"].tolist()[:6] == [1, 1, 1, 1, 1, 25]
    assert kadid["level"].tolist()[:6] == [1, 2, 3, 4, 5, 1]
    assert kadid["var"] == pytest.approx((0.5 + 0.1 * kadid["level"]) ** 2)  # a variance, unlike all others' std
    live = samples("live-realigned")
    assert live.ids[0] == "jp2k/img2"
    assert live["distortion"][0] == "jp2k"
    assert live["std"][0] == pytest.approx(1.02)
    csiq = samples("csiq-dmos")
    assert (csiq.ids[0], csiq["reference"][0], csiq["distortion"][0], csiq["level"][0]) == (
        "1600.AWGN.1",
        "1600",
        "awgn",
        1,
    )
    tid = samples("tid2013-mos")
    assert tid.ids[:2] == ["I01_01_1", "I01_01_2"]  # I01_01_1.bmp and i01_01_2.bmp in the list
    assert (tid["reference"][-1], tid["distortion"][-1], tid["level"][-1]) == ("I25", "24", 5)
    assert tid["std"].tolist()[:2] == pytest.approx([0.1, 0.2])
    koniq = samples("koniq10k-mos-1-5")
    assert koniq["split"].tolist() == ["train", "val", "test"]
    assert samples("bid-mos")["n_grades"].tolist() == [13, 10, 14]
    pipal = samples("pipal-elo")
    assert (pipal["reference"][0], pipal["distortion"][0], pipal["variant"][1]) == ("A0001", "00", "01")


@pytest.mark.parametrize("kind", ["small", "published"])
def test_pipals_subsets(kind, laid_out):
    case = CASES[NAMES.index("pipal-elo")]
    rows = {"small": small, "published": published}[kind](case.table)
    root = laid_out(case, rows, kind)
    counts = {name: len(read_database("PIPAL", root, subset=name).samples) for name in DATABASES["pipal"].subsets}
    assert counts["algorithmic"] + counts["traditional"] == len(rows)
    assert sum(counts[str(number)] for number in range(1, 7)) == counts["algorithmic"]
    if kind == "published":
        assert counts["algorithmic"] == 20_800
        assert [counts[str(number)] for number in range(1, 7)] == [3200, 2000, 4800, 2600, 2800, 5400]


def test_koniqs_official_split():
    rows = published("koniq10k")
    counts = {name: sum(row["official_set"] == name for row in rows) for name in ("training", "validation", "test")}
    assert counts == {"training": 7058, "validation": 1000, "test": 2015}


def test_the_pool(tmp_path, stand_ins):
    layouts.kadis700k(tmp_path, ["white-horse-1244825.png", "cat-542930.png"], stand_ins)
    pool = read_database("kadis", tmp_path).samples
    assert pool.ids == ["white-horse-1244825", "cat-542930"]
    assert pool["dist_type_1"].tolist() == [1, 2]
    assert all(Path(path).is_file() for path in pool["path"])
    assert "quality" not in pool
