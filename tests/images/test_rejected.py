from __future__ import annotations

import csv

from syndr.images import Rejected, write_rejected


def test_columns_and_awkward_names(tmp_path):
    entries = [Rejected("a", "/x/a.png", "truncated; copy it again"), Rejected('new\nline "q", ☃', "", "x,y")]
    path = tmp_path / "sub/rejected.csv"
    write_rejected(path, entries)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [Rejected(**row) for row in rows] == entries
    assert path.read_text(encoding="utf-8").startswith("id,path,reason\n")


def test_none_rejected(tmp_path):
    write_rejected(tmp_path / "rejected.csv", [])
    assert (tmp_path / "rejected.csv").read_bytes() == b"id,path,reason\n"
