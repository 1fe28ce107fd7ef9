"""The sample table: odd text survives every format, types hold, mistakes are named."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import syndr.samples
from syndr.errors import InputError
from syndr.samples import KNOWN_COLUMNS, Samples

FORMATS = ["parquet", "csv", "jsonl"]

ODD = [
    "plain", "", " leading and trailing ", "comma,separated", 'quote"d', "line\nbreak", "carriage\rreturn", "both\r\n",
    "tab\t", "é 東京 🎉 \u202e", "NA", "nan", "null", "None", "true", "007", "1e3", "-0", "2024-01-01T10:00:00",
    "2024-01-01 10:00:00Z", "12:30:00", "a;b", "\\backslash\\n", "'", "#", "=1+1", "\x01\x7f",
]  # fmt: skip


def round_trip(samples, path):
    samples.write(path)
    return Samples.read(path)


def expected(column, kind):
    """A column's values as a format can hold them: JSON has no NaN and no infinity."""
    values = column.to_pylist()
    if kind != "jsonl":
        return values
    return [None if isinstance(value, float) and not math.isfinite(value) else value for value in values]


@pytest.mark.parametrize("kind", FORMATS)
def test_known_columns_survive(tmp_path, kind):
    count = len(ODD)
    samples = Samples.from_columns(
        id=ODD,
        path=[None, *ODD[1:]],
        reference=ODD[::-1],
        type=[None, *range(1, count)],
        level=[1 + n % 5 for n in range(count)],
        seed=[2**63 - 1, -(2**63), None, 2**53 + 1, *range(count - 4)],
        score=[math.nan, math.inf, -math.inf, None, 0.1 + 0.2, 5e-324, *[n / 7 for n in range(count - 6)]],
        quality=[n / 3 for n in range(count)],
        origin=["original", "", None] * (count // 3),
        split=[None] * count,
    )
    read = round_trip(samples, tmp_path / f"t.{kind}")
    assert read.table.schema.equals(samples.table.schema)
    for name in KNOWN_COLUMNS:
        before, after = expected(samples.table[name], kind), read.table[name].to_pylist()
        assert [repr(value) for value in before] == [repr(value) for value in after], name


@pytest.mark.parametrize("kind", FORMATS)
def test_extra_columns_pass_through(tmp_path, kind):
    samples = Samples.from_columns(
        id=["b", "a"], scene=['sea, "calm"\n', None], votes=[3, None], mean=[1 / 3, -0.0], flag=[True, False]
    ).with_column("empty", [None, None])
    read = round_trip(samples, tmp_path / f"t.{kind}")
    assert read.table.to_pydict() == samples.table.to_pydict()
    assert list(read.table.column_names) == list(samples.table.column_names)


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_extra_texts_that_look_like_something_else_stay_texts(tmp_path, kind):
    samples = Samples.from_columns(id=ODD, note=ODD, day=["2024-01-01"] * len(ODD), zip=["007"] * len(ODD))
    assert round_trip(samples, tmp_path / f"t.{kind}").table.to_pydict() == samples.table.to_pydict()


def test_csv_guesses_the_types_of_extra_columns(tmp_path):
    samples = Samples.from_columns(id=["007", "008"], zip=["007", "008"])
    assert round_trip(samples, tmp_path / "t.csv").table.to_pydict() == {"id": ["007", "008"], "zip": [7, 8]}


# Surrogates are no text, and a NUL byte ends a CSV field's number parsing in other tools but not here.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@pytest.mark.parametrize("kind", FORMATS)
@given(st.lists(st.tuples(TEXT, st.none() | TEXT, st.none() | st.floats()), unique_by=lambda row: row[0], max_size=6))
def test_any_text_survives(tmp_path_factory, kind, rows):
    ids, references, scores = ([row[n] for row in rows] for n in range(3))
    samples = Samples.from_columns(id=ids, reference=references, score=scores)
    read = round_trip(samples, tmp_path_factory.mktemp("t") / f"t.{kind}")
    assert read.ids == ids
    if kind == "jsonl" and not rows:
        return  # no lines, no columns but the id
    assert read.table["reference"].to_pylist() == references
    assert [repr(score) for score in read.table["score"].to_pylist()] == [
        repr(score) for score in expected(samples.table["score"], kind)
    ]


@pytest.mark.parametrize("kind", FORMATS)
def test_no_rows(tmp_path, kind):
    read = round_trip(Samples.from_columns(id=[], score=[]), tmp_path / f"t.{kind}")
    assert len(read) == 0
    assert read.ids == []
    assert read.table["id"].type == pa.string()


def test_bytes_do_not_depend_on_when_they_were_written(tmp_path):
    samples = Samples.from_columns(id=ODD, score=range(len(ODD)))
    for kind in FORMATS:
        samples.write(tmp_path / f"a.{kind}")
        round_trip(samples, tmp_path / f"b.{kind}").write(tmp_path / f"c.{kind}")
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"c.{kind}").read_bytes()


def test_files_made_elsewhere(tmp_path):
    (tmp_path / "numbers.csv").write_text("\ufeffid,score,extra\n1,2,x\n02,,\n")
    read = Samples.read(tmp_path / "numbers.csv")
    assert read.table.to_pydict() == {"id": ["1", "02"], "score": [2.0, None], "extra": ["x", None]}
    (tmp_path / "numbers.jsonl").write_text('{"id": 1, "score": 2}\n{"level": 3, "id": 2}\n')
    assert Samples.read(tmp_path / "numbers.jsonl").table.to_pydict() == {
        "id": ["1", "2"],
        "score": [2.0, None],
        "level": [None, 3],
    }
    dictionary = pa.table(
        {"id": pa.array(["a", "b"]).dictionary_encode(), "path": pa.array(["x", "y"], pa.large_string())}
    )
    assert Samples(dictionary).table.schema == pa.schema([("id", pa.string()), ("path", pa.string())])


def write(path, content):
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", "t.csv: cannot be read as .csv: Empty CSV"),
        ("t.csv", b"id,score\na,1,3\n", "Expected 2 columns, got 3: a,1,3"),
        ("t.csv", b"id,score\na,high\n", "to double: invalid value 'high'"),
        ("t.csv", b"id\n\xff\n", "invalid UTF8"),
        ("t.csv", b"name\na\n", "sample table has no column 'id'; it has name"),
        ("t.csv", b"id,id\na,b\n", "columns occur more than once: id"),
        ("t.csv", b"id,x\na,1\na,2\nb,3\nb,4\n", r"2 ids occur more than once, first \['a', 'b'\]; ids must be unique"),
        ("t.csv", b"id,x\na,1\n,2\n", "1 rows have no id; give every row one"),
        ("t.jsonl", b'{"id": "a"\n', "t.jsonl: cannot be read as .jsonl: JSON parse error"),
        ("t.jsonl", b"null", "t.jsonl: cannot be read as .jsonl: line 1 is no JSON object; write one on each line"),
        ("t.jsonl", b'\xef\xbb\xbf null\n{"id": "a"}\n', "line 1 is no JSON object"),
        ("t.jsonl", b'{"id": "a"}\n\n\t null\n', "line 3 is no JSON object"),
        ("t.jsonl", b'{"id": "a"}\n' * 100_000 + b"\rnull\r" * 300_000, "line 100001 is no JSON object"),
        ("t.jsonl", b'{"id": "a"} null\n', "1 rows have no id"),
        ("t.jsonl", b'{"id": "a", "level": 1.5}\n', "column 'level' must be int64"),
        ("t.parquet", b"PAR1", "t.parquet: cannot be read as .parquet"),
        ("t.txt", b"id\na\n", "t.txt: not a sample table; use one of .parquet, .csv, .jsonl"),
    ],
)
def test_files_that_are_no_sample_table(tmp_path, name, content, message):
    with pytest.raises(InputError, match=message) as caught:
        Samples.read(write(tmp_path / name, content))
    assert str(tmp_path / name) in str(caught.value)


def test_a_damaged_parquet_file_a_folder_and_no_file(tmp_path):
    Samples.from_columns(id=[str(n) for n in range(1000)]).write(tmp_path / "t.parquet")
    good = (tmp_path / "t.parquet").read_bytes()
    for damaged in (good[:100], good[:4] + bytes(len(good) // 4) + good[4 + len(good) // 4 :]):
        with pytest.raises(InputError, match="t.parquet: cannot be read as .parquet"):
            Samples.read(write(tmp_path / "t.parquet", damaged))
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match="folder.csv: cannot be read as .csv"):
        Samples.read(tmp_path / "folder.csv")
    with pytest.raises(InputError, match="none.csv: no such file"):
        Samples.read(tmp_path / "none.csv")


def test_what_a_format_cannot_hold_leaves_the_old_file(tmp_path):
    for name, column, message in (
        ("t.csv", [[1], [2]], "t.csv: cannot be written as .csv: .*list.*Parquet holds any type"),
        ("t.jsonl", [b"x", b"y"], "t.jsonl: cannot be written as .jsonl: .*bytes"),
    ):
        old = write(tmp_path / name, b"old")
        with pytest.raises(InputError, match=message):
            Samples.from_columns(id=["a", "b"], odd=column).write(old)
        assert old.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.csv", "t.jsonl"]
    with pytest.raises(InputError, match="cannot write a sample table of this kind"):
        Samples.from_columns(id=["a"]).write(tmp_path / "t.xlsx")


def test_a_write_that_fails_half_way_leaves_the_old_file(tmp_path, monkeypatch):
    def fail(table, path):
        path.write_text("half")
        raise OSError("no space left on device")

    old = write(tmp_path / "t.csv", b"old")
    monkeypatch.setitem(syndr.samples._WRITERS, ".csv", fail)
    with pytest.raises(OSError, match="no space left"):
        Samples.from_columns(id=["a"]).write(old)
    assert old.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [old]


def test_days_are_written_to_jsonl_as_texts(tmp_path):
    days = pa.array([0, None], pa.date32())
    read = round_trip(Samples.from_columns(id=["a", "b"]).with_column("day", days), tmp_path / "t.jsonl")
    assert read["day"].tolist() == ["1970-01-01", None]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"score": [1.0]}, "sample table has no column 'id'; it has score"),
        ({}, "it has no columns"),
        ({"id": ["a", "b"], "score": [1.0]}, r"columns differ in length: {'id': 2, 'score': 1}"),
        ({"id": ["a"], "level": ["three"]}, "column 'level' must be int64"),
        ({"id": ["a"], "mixed": [object()]}, "column 'mixed' must be of one type"),
        ({"id": ["\udcff"]}, "column 'id' must be string"),
        ({"id": ["a", "a"]}, r"1 ids occur more than once, first \['a'\]"),
        ({"id": ["a", None]}, "1 rows have no id"),
        ({"id": ["a"], "seed": [2**63]}, "column 'seed' must be int64"),
    ],
)
def test_columns_that_make_no_table(columns, message):
    with pytest.raises(InputError, match=message):
        Samples.from_columns(**columns)


@pytest.fixture
def table():
    return Samples.from_columns(id=["c", "a", "b"], score=[3.0, 1.0, 2.0], level=[1, None, 3])


def test_columns(table):
    assert len(table) == 3
    assert "score" in table
    assert "seed" not in table
    np.testing.assert_array_equal(table["score"], [3, 1, 2])
    assert table["id"].tolist() == table.ids == ["c", "a", "b"]
    assert table.row_of == {"c": 0, "a": 1, "b": 2}
    with pytest.raises(InputError, match="sample table has no column 'seed'; it has id, score, level"):
        table["seed"]


def test_rows(table):
    assert table.take([2, 0]).ids == ["b", "c"]
    assert table.take(np.array([True, False, True])).ids == ["c", "b"]
    assert table.take([]).ids == []
    assert table.by_id(["b", "c"])["score"].tolist() == [2, 3]
    assert table.take([2]).table.schema == table.table.schema
    with pytest.raises(InputError, match="ids occur more than once"):
        table.take([1, 1])
    with pytest.raises(InputError, match=r"2 ids are not in the sample table, first \['x', 'y'\]"):
        table.by_id(["a", "x", "y"])
    with pytest.raises(IndexError, match="3 out of bounds"):
        table.take([3])


def test_with_column(table):
    wider = table.with_column("quality", np.array([1, 2, 3])).with_column("score", [0, 0, None])
    assert wider.table.column_names == ["id", "score", "level", "quality"]
    assert wider.table["quality"].type == wider.table["score"].type == pa.float64()
    assert table["score"].tolist() == [3, 1, 2]  # the old table stays
    with pytest.raises(InputError, match="column 'quality' has 2 values for 3 rows"):
        table.with_column("quality", [1, 2])
    with pytest.raises(InputError, match="column 'level' must be int64"):
        table.with_column("level", ["x", "y", "z"])


def test_concat(table):
    both = table.concat(Samples.from_columns(id=["d"], split=["train"]))
    assert both.table.to_pylist()[-1] == {"id": "d", "score": None, "level": None, "split": "train"}
    with pytest.raises(InputError, match=r"ids occur more than once, first \['a'\]"):
        table.concat(table.take([1]))
    with pytest.raises(InputError, match="sample tables do not fit together: .*extra"):
        table.with_column("extra", [1, 2, 3]).concat(Samples.from_columns(id=["d"], extra=["text"]))
