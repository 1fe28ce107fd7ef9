import database_layouts as layouts
import pytest
from database_layouts import StandIns
from database_tables import published, small

from syndr.datasets import DATABASES, read_database
from syndr.samples import Samples


@pytest.fixture
def stand_ins(tmp_path):
    return StandIns(tmp_path / "stand-ins")


def test_list(syndr):
    ended = syndr("datasets")
    assert ended.code == 0
    assert all(database.title.split()[0] in ended.out for database in DATABASES.values())
    listed = syndr("datasets", "--json").json
    assert list(listed) == list(DATABASES)
    assert listed["live"]["labels"][0]["scale"]["observed"] == [-2.640015016409613, 111.7746935263145]


def test_show(syndr):
    shown = syndr("datasets", "show", "KonIQ", "--json").json
    assert "7,058 training" in shown["official_split"]
    text = syndr("datasets", "show", "KonIQ").out
    assert "\nask for it: MMSP group, University of Konstanz: page 'KonIQ-10k IQA Database'\n" in text
    assert syndr("datasets", "show", "ava").code == 2


def test_check_ends_with_1_when_something_is_wrong(syndr, tmp_path, stand_ins):
    layouts.bid(tmp_path / "bid", small("bid"), stand_ins)
    ended = syndr("datasets", "check", "bid", tmp_path / "bid")
    assert ended.code == 1
    assert "3 of 586 pictures" in " ".join(ended.out.split())
    assert "problem: 3 labelled pictures instead of 586" in ended.out
    assert syndr("datasets", "check", "bid", tmp_path / "bid", "--json").json["rows"] == 3


def test_check_of_a_whole_database(syndr, tmp_path, stand_ins):
    layouts.bid(tmp_path / "bid", published("bid"), stand_ins)
    ended = syndr("datasets", "check", "bid", tmp_path / "bid")
    assert ended.code == 0
    assert "586 rows, 0 references, labels from 0.163806 to 4.91975\nwhole\n" in ended.out
    assert "read pictures: 586 done" in ended.err


def test_read(syndr, tmp_path, stand_ins):
    layouts.live(tmp_path / "live", small("live"), stand_ins)
    out = tmp_path / "live.parquet"
    ended = syndr(
        "datasets", "read", "live", tmp_path / "live", "-o", out, "--labels", "original", "--split", 2, "--json"
    )
    assert ended.json == {"table": str(out), "database": "live", "rows": 779, "labels": "original"}
    written = Samples.read(out)
    whole = read_database("live", tmp_path / "live", labels="original").samples
    assert written["quality"].tolist() == whole["quality"].tolist()
    assert set(written["split"]) == {"train", "test"}


@pytest.mark.parametrize("command", ["show", "check", "read"])
def test_help_shows_an_example(syndr, command):
    assert f"syndr datasets {command}" in syndr("datasets", command, "--help").out.split("Example:")[1]
