"""The report of a run folder: its numbers are the folder's, and what is missing is said."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from report.fake_run import HOSTILE, LOWER, UPPER, picture, write_json, write_run
from report.parsed import assert_self_contained
from report.reading import TITLES, edit_json, only, section, texts

from syndr.evaluation.bootstrap import bootstrap_interval
from syndr.report import (
    Bars,
    Facts,
    Folded,
    Gallery,
    Histogram,
    Plot,
    Table,
    Text,
    Verdict,
    render,
    run_page,
    write_report,
)
from syndr.report.chart import histogram_chart
from syndr.report.distortions import distortion_name
from syndr.report.sections import selection
from syndr.samples import Samples


def test_a_complete_run_is_one_self_contained_file(complete, tmp_path):
    out = tmp_path / "report.html"
    write_report(complete, out)
    html = out.read_text(encoding="utf-8")
    page = assert_self_contained(html)
    assert "http:" not in html
    assert "https:" not in html
    assert [text for text in page.texts if text in TITLES][: len(TITLES)] == TITLES
    assert "was not run" not in html
    assert str(complete.parent) not in html
    write_report(complete, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == out.read_bytes()


def test_the_page_opens_with_how_many_were_dropped_from_where_and_why(complete):
    blocks = section(complete, "In short")
    samples, selection = (Samples.read(complete / name) for name in ("samples.parquet", "selection.parquet"))
    dropped = int((~Samples.read(complete / "clusters.parquet")["kept"]).sum())
    thinned, selected = [block for block in blocks if isinstance(block, Verdict)]
    assert thinned.figure == f"{dropped:,} of {len(samples):,}"
    sizes = pq.read_table(complete / "cluster_sizes.parquet").to_pydict()
    lost = np.array(sizes["size"]) - np.array(sizes["kept"])
    assert f"from {(lost > 0).sum():,} of {len(lost):,} clusters" in thinned.claim
    assert sum(part.number for part in thinned.parts) == len(samples)
    assert [part.number for part in thinned.parts if part.tone == "gone"] == [dropped]
    assert "cosine distance is below 0.1" in thinned.reasons[0]
    losers = only(blocks, Bars)
    assert [value - part for value, part in zip(losers.values, losers.parts, strict=True)] == sorted(lost)[:-7:-1]
    chosen = int((selection["reason"] == "selected").sum())
    assert selected.figure == f"{chosen} of 260"
    assert sum(part.number for part in selected.parts) == 260
    facts = only(blocks, Facts).pairs
    assert facts["SRCC on BID"] == json.loads((complete / "results.json").read_text())["BID"]["srcc"]
    assert facts["Time"] == "1 h 31 min"


def test_the_summary_says_what_the_selection_brought(run):
    made = json.loads((run / "stages" / "synthesize.json").read_text())["summary"]
    said = [block for block in section(run, "In short") if isinstance(block, Verdict)][1].reasons[0]
    assert f"became {made['pseudo']:,} training samples" in said
    assert f"{made['originals']:,} original ones" in said

    edit_json(run / "stages" / "synthesize.json", lambda stage: stage["summary"].update(pseudo=0))
    said = [block for block in section(run, "In short") if isinstance(block, Verdict)][1].reasons[0]
    assert said.startswith("0 pseudo-labelled samples came of it, as none of the selected could be given")
    edit_json(run / "stages" / "select.json", lambda stage: stage["summary"]["counts"].update(selected=0))
    said = [block for block in section(run, "In short") if isinstance(block, Verdict)][1].reasons[0]
    assert "as no candidate was selected" in said
    (run / "stages" / "synthesize.json").unlink()
    assert "was not run" in [block for block in section(run, "In short") if isinstance(block, Verdict)][1].reasons[0]

    edit_json(run / "recipe.json", lambda recipe: recipe["select"].update(enabled=False))
    edit_json(run / "stages" / "select.json", lambda stage: stage.update(summary={"skipped": "DDCUp is off"}))
    assert "select.enabled" in texts(section(run, "In short"))


def test_reasons_have_colours_of_their_own_and_a_test_that_nobody_failed_has_its_row(run):
    counts = {"selected": 3, "too close to a reference": 5, "too far from a reference": 0, "no usable direction": 0}
    edit_json(run / "stages" / "select.json", lambda stage: stage["summary"].update(counts=counts))
    verdict = [block for block in section(run, "In short") if isinstance(block, Verdict)][1]
    assert [part.number for part in verdict.parts] == [3, 5, 0]
    assert len({part.tone for part in verdict.parts}) == 3
    fates = only(section(run, "Selection"), Bars)
    assert (fates.labels, fates.values) == (list(counts)[:3], [3, 5, 0])


def test_overview_has_stages_and_recipe(complete):
    blocks = section(complete, "What was done")
    (recipe,) = [block.pairs for folded in blocks if isinstance(folded, Folded) for block in folded.blocks]
    assert recipe["downsample.distance"] == "0.1"
    assert recipe["train.lr"] == "2e-05"
    assert recipe["labels.levels"] == "1; 3; 5"
    stages = only(blocks, Table, "Stages")
    assert [row[1] for row in stages.rows] == ["1 min 36 s", "0.3 s", "1.2 s", "1 h 25 min", "4 min 00 s"]
    assert "not recorded" in texts(blocks)


def test_recorded_versions_are_shown(run):
    edit_json(run / "stages" / "train.json", lambda stage: stage.update(versions={"torch": "2.11.0"}))
    blocks = section(run, "What was done")
    assert {"torch": "2.11.0"} in [
        block.pairs for folded in blocks if isinstance(folded, Folded) for block in folded.blocks
    ]
    assert "not recorded" not in texts(blocks)


def test_each_threshold_is_drawn_where_it_belongs_with_the_selected(complete):
    blocks = section(complete, "Selection")
    table = Samples.read(complete / "selection.parquet")
    chosen = table["reason"] == "selected"
    nearest = only(blocks, Histogram, "Distance of each candidate to its nearest")
    assert [at for at, _ in nearest.markers] == [LOWER]
    assert [at for at, _ in only(blocks, Histogram, "Distance of each candidate to its farthest").markers] == [UPPER]
    bars = histogram_chart(nearest).columns
    assert sum(bar.count for bar in bars) == 260
    assert [bar.part for bar in bars] == np.histogram(
        table["nearest"][chosen], [*(b.low for b in bars), bars[-1].high]
    )[0].tolist()
    assert LOWER in [bar.low for bar in bars]
    assert sum(bar.part for bar in bars if bar.high <= LOWER) == 0
    fates = only(blocks, Bars)
    assert dict(zip(fates.labels, fates.values, strict=True)) == {
        reason: int((table["reason"] == reason).sum()) for reason in fates.labels
    }
    assert sum(fates.values) == 260


def test_the_candidate_table_is_cut_and_says_so(complete, monkeypatch):
    monkeypatch.setattr(selection, "_TABLE_ROWS", 100)
    candidates = only(section(complete, "Selection"), Table)
    table = Samples.read(complete / "selection.parquet")
    chosen = {name for name, reason in zip(table.ids, table["reason"], strict=True) if reason == "selected"}
    shown = [row[0] for row in candidates.rows]
    assert len(shown) == 100
    assert chosen < set(shown)  # the selected first, then a draw of the others, in the table's order
    assert shown == [name for name in table.ids if name in set(shown)]
    assert "draw of 100 of 260" in candidates.note
    assert {shown[row] for row in candidates.highlighted} == chosen


def test_short_candidate_tables_are_whole(complete):
    candidates = only(section(complete, "Selection"), Table)
    assert [row[0] for row in candidates.rows] == Samples.read(complete / "selection.parquet").ids
    assert "draw" not in candidates.note


def test_thumbnails_are_shown_with_reasons(complete):
    asked = []

    def thumbnails(samples):
        asked.append(samples["path"].tolist())
        return [None if row == 1 else picture("JPEG") for row in range(len(samples))]

    chosen, others = [b for b in section(complete, "Selection", thumbnails=thumbnails) if isinstance(b, Gallery)]
    table = Samples.read(complete / "selection.parquet")
    selected = np.flatnonzero(table["reason"] == "selected")[:24]
    assert table["path"][selected].tolist() in asked
    assert [item.image is None for item in chosen.items] == [row == 1 for row in range(len(selected))]
    assert not any(item.gone or item.mark for item in chosen.items)
    assert len(others.items) == 18
    assert {item.mark for item in others.items} == set(table["reason"]) - {"selected"}
    assert all(item.gone for item in others.items)


def test_no_selected_candidate_is_a_clear_result(run):
    table = Samples.read(run / "selection.parquet")
    table.with_column("reason", ["too close to a reference"] * len(table)).write(run / "selection.parquet")
    counts = {"selected": 0, "too close to a reference": len(table)}
    edit_json(run / "stages" / "select.json", lambda stage: stage["summary"].update(counts=counts))
    warnings = [block for block in section(run, "Selection") if isinstance(block, Text) and block.warning]
    assert len(warnings) == 1
    assert "No candidate was selected" in warnings[0].paragraph


def test_cluster_numbers_add_up(complete):
    blocks = section(complete, "Clusters")
    sizes = pq.read_table(complete / "cluster_sizes.parquet").to_pydict()
    size, kept = np.array(sizes["size"]), np.array(sizes["kept"])
    bars = only(blocks, Bars)
    assert sum(bars.values) == size.sum()
    assert sum(bars.parts) == kept.sum()
    assert bars.labels[:4] == ["single samples", *(f"in clusters of {size}" for size in ("2–5", "6–10", "11–20"))]
    assert bars.values[:4] == bars.parts[:4]
    by_size = only(blocks, Table, "Cluster sizes")
    assert np.sum([row[1:] for row in by_size.rows], axis=0).tolist() == [len(size), len(size), size.sum(), kept.sum()]
    largest = only(blocks, Table, "The largest").rows
    assert [row[1] for row in largest] == sorted(size[size > 1].tolist(), reverse=True)
    assert all(row[1] == row[2] + row[3] for row in largest)
    assert f"{int((kept < size).sum())} clusters; the other" in texts(blocks)


def test_a_thinning_that_dropped_nothing_says_so(run):
    rows = {
        "cluster": [0, 1],
        "size": [1, 2],
        "kept": [1, 2],
        "largest_distance": [0.0, 0.05],
        "label_span": [0.0, 0.5],
    }
    pq.write_table(pa.table(rows), run / "cluster_sizes.parquet")
    blocks = section(run, "Clusters")
    assert "DRCDown dropped nothing" in texts(blocks)
    assert [row[0] for row in only(blocks, Table, "The largest").rows] == ["1"]


def test_one_epoch_makes_no_curve(run):
    lines = (run / "training.csv").read_text().splitlines()
    (run / "training.csv").write_text("\n".join(lines[:2]) + "\n")
    assert not any(isinstance(block, Plot) for block in section(run, "Training"))


def test_cluster_contents_come_from_ids_not_positions(complete):
    largest = only(section(complete, "Clusters"), Table, "The largest")
    cluster = int(largest.rows[0][0])
    members = Samples.read(complete / "clusters.parquet")
    inside = [i for i, c in zip(members.ids, members["cluster"], strict=True) if c == cluster]
    references = [sample_id.split("_")[0] for sample_id in inside]
    counted = sorted((-references.count(name), name) for name in set(references))
    said, distortions = (text.replace("\xa0", " ") for text in largest.rows[0][-2:])
    expected = "; ".join(f"{-number} × {name}" for number, name in counted[:2])
    assert said == expected + (f"; {len(counted) - 2} more" if len(counted) > 2 else "")
    made = [tuple(map(int, sample_id.split("_")[1:])) for sample_id in inside]
    types = [f"{distortion_name(kind)}, level {level}" for kind, level in made]
    number, name = min((-types.count(name), name) for name in types)
    assert distortions.startswith(f"{-number} × {name}; ")


def test_chaining_starts_beyond_two_radii_or_a_span_of_two(run):
    rows = {
        "cluster": [0, 1, 2, 3, 4],
        "size": [9, 8, 7, 6, 5],
        "kept": [9, 8, 7, 6, 5],
        "largest_distance": [0.2, 0.2000001, 0.1, 0.1, 0.0],
        "label_span": [2.0, 0.5, 2.0000001, None, 0.0],
    }
    pq.write_table(pa.table(rows), run / "cluster_sizes.parquet")
    blocks = section(run, "Clusters")
    assert only(blocks, Table, "The largest").highlighted == {1, 2}
    (warning,) = [block.paragraph for block in blocks if isinstance(block, Text) and block.warning]
    assert "when two members are more than 0.2 apart or qualities differ by more than 2" in warning
    assert "here 2 of 5 (40.0%) clusters are" in warning.replace("\xa0", " ")
    rows |= {"largest_distance": [0.1] * 5, "label_span": [1.0] * 5}
    pq.write_table(pa.table(rows), run / "cluster_sizes.parquet")
    blocks = section(run, "Clusters")
    assert not any(block.warning for block in blocks if isinstance(block, Text))
    assert "No cluster is chained" in texts(blocks)


def test_clusters_too_large_to_measure_are_said_to_be_that(run):
    rows = {
        "cluster": [0, 1],
        "size": [5001, 30],
        "kept": [2500, 20],
        "largest_distance": [float("nan"), 0.09],
        "label_span": [0.5, 0.5],
    }
    pq.write_table(pa.table(rows), run / "cluster_sizes.parquet")
    blocks = section(run, "Clusters")
    assert "inside 1 cluster was not measured: more than 5,000 members" in texts(blocks)
    table = only(blocks, Table, "The largest")
    assert "not measured: more than 5,000 members" in table.note
    assert table.highlighted == frozenset()


def test_clusters_that_all_tie_give_way_to_bands_of_size(run):
    rows = {"cluster": [0, 1, 2, 3], "size": [40, 40, 40, 2], "kept": [20, 20, 20, 2]}
    rows |= {"largest_distance": [0.1] * 4, "label_span": [1.0] * 4}
    pq.write_table(pa.table(rows), run / "cluster_sizes.parquet")
    bars = only(section(run, "In short"), Bars)
    assert bars.labels == [f"in clusters of {band}" for band in ("2–5", "6–10", "11–20", "21–40")]
    assert (bars.values, bars.parts) == ([2, 0, 0, 120], [2, 0, 0, 60])


@pytest.mark.parametrize(("rule", "limit"), [("released", 20), ("paper", 40)])
def test_the_rule_is_explained(tmp_path, rule, limit):
    folder = write_run(tmp_path / "run", references=2, downsample={"rule": rule})
    assert f"more than {limit} members keeps half of them, but at least 20" in texts(section(folder, "Clusters"))


def test_labels_before_and_after(complete):
    blocks = section(complete, "Labels")
    samples, members = (Samples.read(complete / name) for name in ("samples.parquet", "clusters.parquet"))
    stays = dict(zip(members.ids, members["kept"], strict=True))
    kept = np.array([stays[sample_id] for sample_id in samples.ids])
    edges = np.linspace(0, 10, 21)
    thinning, pseudo = [block for block in blocks if isinstance(block, Histogram)]
    assert [bar.count for bar in histogram_chart(thinning).columns] == np.histogram(samples["quality"], edges)[
        0
    ].tolist()
    assert [bar.part for bar in histogram_chart(thinning).columns] == np.histogram(samples["quality"][kept], edges)[
        0
    ].tolist()
    assert int(np.sum(pseudo.highlighted)) == int((samples["origin"] == "pseudo").sum())
    numbers = {row[0]: row[1:] for row in only(blocks, Table).rows}
    assert numbers["Kept by thinning"][:2] == (kept.sum(), pytest.approx(samples["quality"][kept].mean()))
    assert numbers["Dropped by thinning"][2] == pytest.approx(samples["quality"][~kept].std())
    assert numbers["Originals"][0] + numbers["Pseudo-labelled"][0] == numbers["All training samples"][0]


def test_the_theorem_is_shown_term_by_term_with_its_caveat(complete):
    blocks = section(complete, "Theorem 1")
    summary = json.loads((complete / "stages" / "train.json").read_text())["summary"]
    before, after = summary["bound_before"], summary["bound_after"]
    assert after["eta"] > before["eta"]
    rows = {row[0].split(",")[0]: row[1:] for row in only(blocks, Table, "The bound").rows}
    assert rows["η"] == (before["eta"], after["eta"], after["eta"] - before["eta"])
    assert rows["n"] == (before["n"], after["n"], after["n"] - before["n"])
    printed, corrected = rows["√(η L / (8 m))"][1], rows["√(η L / (2 m))"][1]
    assert corrected == pytest.approx(2 * printed)
    rest = after["sample_term"] + after["cluster_term"]
    assert rows["Sum with the printed term"][1] == pytest.approx(rest + printed)
    assert rows["Sum with the corrected term"][1] == pytest.approx(rest + corrected)
    said = texts(blocks)
    assert "Removing samples raises η by the theorem's own formula" in said
    assert "does not justify thinning" in said
    assert "thinning raised η" in said
    sizes = pq.read_table(complete / "cluster_sizes.parquet").to_pydict()
    before, after = (np.array(sizes[name]) / np.sum(sizes[name]) for name in ("size", "kept"))
    balance = {row[0]: row[1:] for row in only(blocks, Table, "How evenly").rows}
    chance = balance["Chance that two samples are of one cluster"]
    assert chance[:2] == pytest.approx(((before**2).sum(), (after**2).sum()))
    assert f"worth {1 / chance[0]:,.1f} equally large clusters before thinning and {1 / chance[1]:,.1f} after" in said


def test_training_shows_the_log(complete):
    blocks = section(complete, "Training")
    curve, table = only(blocks, Plot), only(blocks, Table)
    assert curve.joined
    assert curve.from_zero
    assert curve.x == list(range(24))
    assert [row[1] for row in table.rows] == curve.y
    assert table.note == ""


def test_results_show_metrics_intervals_and_points(complete):
    blocks = section(complete, "Results")
    results = json.loads((complete / "results.json").read_text())
    assert [row[:3] for row in only(blocks, Table).rows] == [(t, r["n"], r["srcc"]) for t, r in results.items()]
    bars = only(blocks, Bars)
    bid = Samples.read(complete / "predictions" / "BID.parquet")
    interval = bootstrap_interval(bid["prediction"], bid["quality"], resamples=500)
    assert bars.errors[1] == (interval.low, interval.high)
    assert bars.errors[1][0] < results["BID"]["srcc"] < bars.errors[1][1]
    livec, small = [block for block in blocks if isinstance(block, Plot)]
    assert len(livec.x) == 1000
    assert "1,000 of 1,162 images" in livec.caption
    assert np.array_equal(small.x, bid["quality"])
    assert "586 images" in small.caption


def test_metrics_that_do_not_exist_are_dashes(run):
    nothing = {"srcc": None, "krcc": float("nan"), "plcc": None, "plcc_logistic": None, "rmse": 1.5, "n": 10}
    write_json(run / "results.json", {"FLAT": nothing})
    blocks = section(run, "Results")
    assert not any(isinstance(block, Bars) for block in blocks)
    assert "not in the folder for: FLAT" in texts(blocks)


def test_selection_of_the_epoch_on_the_target_is_called_that(run):
    assert not any(block.warning for block in section(run, "Results") if isinstance(block, Text))
    oracle = {"srcc": 0.9, "krcc": 0.8, "plcc": 0.9, "rmse": 1.0, "n": 586, "protocol": "epoch 3", "epoch": 2}
    edit_json(run / "results.json", lambda results: results["BID"].update(oracle=oracle))
    blocks = section(run, "Results")
    table = only(blocks, Table)
    assert [row[0] for row in table.rows] == ["LIVEC", "BID", "BID, best of all epochs"]
    assert table.highlighted == {2}
    (warning,) = [block for block in blocks if isinstance(block, Text) and block.warning]
    assert "selection on the test set" in warning.paragraph


def test_notes_of_the_metrics_are_passed_on(run):
    edit_json(run / "results.json", lambda results: results["BID"].update(notes=["no logistic fit: flat"]))
    assert "BID: no logistic fit: flat." in texts(section(run, "Results"))


def test_markup_in_ids_and_names_stays_text(tmp_path):
    folder = write_run(tmp_path / "run", references=3, prefix=HOSTILE, pool={"images": HOSTILE})
    page = assert_self_contained(render(run_page(folder, thumbnails=lambda samples: [picture("PNG")] * len(samples))))
    shown = " ".join(HOSTILE.split())
    assert (
        sum(text.startswith(f"{shown}pool-") for text in page.texts) >= 25
    )  # of the table in the page, and the pictures
    assert shown in page.texts
