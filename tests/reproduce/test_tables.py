"""Every table runs to its end in the smoke setting and is written, the published numbers beside the measured ones."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from syndr.reproduce import TABLES, summary
from syndr.samples import Samples

#: Cells that the fixture measures of each table; of Table 3 two splits, and one run on another database.
CELLS = {"table1": 4, "table2": 2, "table3": 3, "table4": 6, "table5": 2, "table6": 2, "scaling": 2}


@pytest.mark.parametrize("table", TABLES)
def test_every_table_runs_to_its_end(smoke, out, table):
    outcome = smoke(table)
    assert outcome.done == outcome.cells == len(outcome.measured) == CELLS[table]
    page = (out / f"{table}-smoke.md").read_text()
    assert "Unfinished" not in page
    assert "SMOKE RUN, the numbers mean nothing" in page
    with (out / f"{table}-smoke.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["source"] for row in rows} == ({"measured"} if table == "scaling" else {"published", "measured"})
    record = json.loads((out / f"{table}-smoke.json").read_text())
    assert record["runs_done"] == record["runs"] == outcome.cells
    assert len(record["measured"]) == len(outcome.measured)
    for entry in outcome.measured:
        assert entry.metrics["n"] <= 6
        assert np.isfinite(entry.metrics["srcc"])
        assert entry.protocol.endswith("SMOKE")
        assert (Path(entry.run) / "report.html").exists()


def test_published_and_measured_stand_side_by_side(smoke, out):
    smoke("table1")
    lines = (out / "table1-smoke.md").read_text().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    at = {cell[0] + cell[1]: row for row, cell in enumerate(cells)}
    assert cells[0] == ["method", "source", "LIVEC SRCC", "LIVEC PLCC", "BID SRCC", "BID PLCC"]
    assert cells[at["SynDR-IQApublished"]][2:] == ["0.713", "0.714", "0.788", "0.764"]
    assert at["SynDR-IQAmeasured"] == at["SynDR-IQApublished"] + 1
    assert at["DGQA (our baseline)measured"] == at["DGQApublished"] + 1
    assert cells[at["KGANetpublished"]][2:] == ["0.575", "-", "-", "-"]


def test_a_terminal_gets_the_measured_rows_beside_the_published(smoke):
    columns, rows = summary(smoke("table1"))
    assert columns == ["method", "target", "SRCC, published", "measured", "PLCC, published", "measured"]
    assert [row[:2] for row in rows] == [
        [method, target] for method in ("DGQA (our baseline)", "SynDR-IQA") for target in ("LIVEC", "BID")
    ]
    assert (rows[3][2], rows[3][4]) == ("0.788", "0.764")
    assert all(np.isfinite(float(row[cell])) for row in rows for cell in (3, 5))
    ablation = summary(smoke("table4"))[1]
    assert [row[2] for row in ablation] == ["0.6958", "0.6901", "0.6962", "0.7095", "0.7119", "0.7127"]


def test_the_counts_are_those_of_the_paper(smoke):
    counts = {(entry.row, entry.target): entry.counts for entry in smoke("table4").measured}
    assert counts["baseline", "livec"]["originals"] == 2430
    assert counts["baseline", "livec"]["pseudo"] == 0
    assert counts["cd", "livec"]["pseudo"] == 1458  # 81 candidates x 6 types x 3 levels
    assert counts["syndr", "livec"]["pseudo"] == 18 * counts["syndr", "livec"]["selected"]


def test_tables_share_their_runs(smoke):
    of_table_1 = {(entry.row, entry.target): entry.run for entry in smoke("table1").measured}
    of_table_4 = {(entry.row, entry.target): entry.run for entry in smoke("table4").measured}
    assert of_table_4["baseline", "livec"] == of_table_1["baseline", "livec"]
    assert of_table_4["syndr", "livec"] == of_table_1["syndr", "livec"]
    assert of_table_4["cd-sel", "livec"] != of_table_1["syndr", "livec"]


def test_within_a_database_nothing_comes_from_held_out_references(smoke):
    """DDCUp's references and thresholds, and every neighbour of a pseudo-label, are of the training part alone."""
    from syndr.features import FeatureStore

    entries = [entry for entry in smoke("table3").measured if (entry.row, entry.target) == ("syndr", "kadid10k")]
    assert sorted(entry.split for entry in entries) == [0, 1]
    for entry in entries:
        run = Path(entry.run)
        rows = Samples.read(run / "samples.parquet")
        held_out = set(Samples.read(run / "predictions" / "kadid10k.parquet")["reference"])
        original = rows.take(rows["origin"] == "original")
        trained_on = set(original["reference"])
        assert len(trained_on) == 65
        assert len(original) == 65 * 125
        assert held_out
        assert not held_out & trained_on
        assert entry.counts["pseudo"] > 0
        cited = {name for text in rows.take(rows["origin"] == "pseudo")["neighbours"] for name in json.loads(text)}
        assert cited <= trained_on
        chosen = Samples.read(run / "selection.parquet")
        decided = chosen.take(np.isin(chosen["reason"], ["too close to a reference", "too far from a reference"]))
        assert set(decided["other"]) <= trained_on
    stores = (Path(entries[0].run).parent.parent / "features").glob("references-*")
    sizes = sorted(len(FeatureStore.open(store)) for store in stores)
    assert sizes == [65, 65, 81]  # the two splits, and the whole database


def test_scaling_says_what_the_pool_is_too_small_for(smoke):
    outcome = smoke("scaling")
    assert {entry.row for entry in outcome.measured} == {"81", "all-capped"}
    assert "SynDR-IQA, 810 candidates: the pool holds only 90 pictures" in outcome.not_run
    capped = next(entry for entry in outcome.measured if entry.row == "all-capped")
    assert "of 90 candidates (all 90 pictures of the pool)" in capped.protocol
    assert json.loads((Path(capped.run) / "recipe.json").read_text())["select"]["max_selected"] == 81
